//! Servers that have no subscription for a node: it is read in turn.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "tests fail by panicking; the site is shared with other tests"
)]

mod site;

use connector::SourceState;
use plant::Practice;
use site::{Site, until};
use tagstore::GapReason;
use ua_pki::SecurityPolicy;
use ua_server::Limits;

const POLICY: SecurityPolicy = SecurityPolicy::Basic256Sha256;

fn practice(limits: Limits) -> Practice {
    Practice { limits: Some(limits), ..Practice::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_that_has_no_subscriptions_is_read_in_turn() {
    let mut limits = Limits::default();
    limits.subscriptions = 0;
    let site = Site::to_practise(POLICY, practice(limits)).await;
    site.append("[[source.events]]\nname = \"alarms\"\n");
    let handle = site.start().await;
    site.until_counters_pass(site.reached() + 20).await;
    let status = site.until_state(SourceState::Flowing).await;
    assert!(status.streams > 5 && status.streams_polled == status.streams, "{status:?}");
    // events cannot be read in turn
    assert_eq!(status.streams_refused, 1);
    assert!(status.refused_example.unwrap().contains("BadTooManySubscriptions"));
    drop(handle);
    let killed_at = site.reached();

    let handle = site.start().await;
    site.until_counters_pass(killed_at + 40).await;
    handle.stop().await.unwrap();
    let gaps = site.gaps();
    let down: Vec<_> = gaps.iter().filter(|gap| gap.reason == GapReason::ConnectorDown).collect();
    assert_eq!(down.len(), 1, "the time in which nobody read: {gaps:?}");
    assert!(down[0].stream.is_none() && down[0].from < down[0].to, "{down:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_the_server_has_no_room_for_are_read_in_turn_beside_the_others() {
    let mut limits = Limits::default();
    limits.items = 8;
    let mut site = Site::to_practise(POLICY, practice(limits)).await;
    let handle = site.start().await;
    site.until_counters_pass(20).await;
    let status = site.until_state(SourceState::Flowing).await;
    assert_eq!(status.streams - status.streams_polled, 8, "{status:?}");
    assert!(status.streams_polled > 0, "{status:?}");

    site.stop_plant().await;
    site.until_state(SourceState::Unreachable).await;
    site.start_plant(&[POLICY]).await;
    until("values flow again", || site.status().filter(|s| s.reconnects > 0)).await;
    // polled values flow before the subscription has spoken, and the gap ends with its first word
    let is_told = || site.gaps().iter().any(|gap| gap.reason == GapReason::ServerRestart).then_some(());
    until("the restart is on the ledger", is_told).await;
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_read_in_turn_where_the_administrator_wants_it() {
    let site = Site::new(POLICY).await;
    site.set("polling = \"always\"");
    let handle = site.start().await;
    site.until_counters_pass(20).await;
    let status = site.until_state(SourceState::Flowing).await;
    assert_eq!(status.streams_polled, status.streams, "{status:?}");

    // what never changes is kept once
    let reader = site.reader();
    let room = reader.streams().unwrap().into_iter().find(|s| s.name.ends_with("RoomTemperature")).unwrap();
    let samples = reader.query(&tagstore::StreamQuery::new(room.id, 100)).unwrap();
    assert_eq!(samples.len(), 1, "{samples:?}");
    handle.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_age_of_every_stream_is_known_also_after_a_restart() {
    let site = Site::new(POLICY).await;
    let handle = site.start().await;
    site.until_counters_pass(20).await;
    handle.stop().await.unwrap();
    let reader = site.reader();
    let streams = reader.streams().unwrap();
    let last = |name: &str| {
        let id = streams.iter().find(|stream| stream.name.ends_with(name)).unwrap().id;
        (id, connector::last_values(&site.reader(), site::SOURCE).unwrap()[&id])
    };
    let (id, counter) = last("Counter0001");
    let newest = reader.query(&tagstore::StreamQuery::new(id, usize::MAX)).unwrap().pop().unwrap();
    assert_eq!((counter.time, counter.status), (newest.time(), newest.status));
    let (_, room) = last("RoomTemperature");
    assert!(room.time < counter.time, "a sensor that froze grows old");

    // the server continues the subscription: what did not change does not come again
    let handle = site.start().await;
    site.until_counters_pass(site.reached() + 20).await;
    handle.stop().await.unwrap();
    assert_eq!(last("RoomTemperature").1, room);
    assert!(last("Counter0001").1.time > counter.time);
}

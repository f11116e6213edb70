//! What is known of a server's nodes: kept on disk, and brought up to date while values flow.
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

use std::path::PathBuf;

use connector::selection::{Progress, review};
use connector::{Event, EventKind, SourceState, sources};
use plant::Practice;
use site::{SOURCE, Site, assert_nothing_missing, until};
use tokio::sync::broadcast::Receiver;
use ua_client::types::NodeId;
use ua_pki::SecurityPolicy;

const POLICY: SecurityPolicy = SecurityPolicy::Basic256Sha256;
const COUNTERS: &str = "[[source.rule]]\ninclude = [\"**/Counter*\"]\n";

fn counter(number: usize) -> NodeId {
    NodeId::new(2, format!("Counter{number:04}"))
}

/// A site that collects the counters, one of which the plant hides.
async fn site_without(number: usize, settings: &str) -> Site {
    let practice = Practice::default();
    practice.trouble.hide(counter(number));
    let site = Site::to_practise(POLICY, practice).await;
    let path = site.config().path().to_owned();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}{settings}{COUNTERS}")).unwrap();
    site
}

fn names(site: &Site) -> Vec<String> {
    let mut names: Vec<String> =
        site.reader().streams().unwrap().into_iter().map(|stream| stream.name).collect();
    names.sort();
    names
}

fn snapshot(site: &Site) -> PathBuf {
    site.config().storage.data.join("address-space").join(format!("{SOURCE}.jsonl.zst"))
}

/// The next change of the nodes that was told: nodes that came, went and changed, and whether they wait.
async fn next_change(events: &mut Receiver<Event>) -> (usize, usize, usize, bool) {
    let waiting = async {
        loop {
            if let EventKind::NodesChanged { added, gone, changed, waiting, .. } =
                events.recv().await.unwrap().kind
            {
                return (added, gone, changed, waiting);
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_come_are_collected_and_nodes_that_go_are_told_while_the_others_flow() {
    let site = site_without(3, "").await;
    let handle = site.start().await;
    let mut events = handle.subscribe();
    site.until_state(SourceState::Flowing).await;
    assert_eq!(names(&site).len(), 4);

    site.practice.trouble.show(&counter(3));
    site.practice.trouble.tell_model_change();
    assert_eq!(next_change(&mut events).await, (1, 0, 0, false));
    let third = || site.counters().get(4).map(Vec::len);
    until("the new node delivers", || third().filter(|values| *values > 3)).await;

    site.practice.trouble.hide(counter(2));
    site.practice.trouble.tell_model_change();
    assert_eq!(next_change(&mut events).await, (0, 1, 0, false));
    let reached = site.reached();
    site.until_counters_pass(reached + 5).await;
    handle.stop().await.unwrap();
    assert_eq!(names(&site).len(), 5);
    assert_nothing_missing(&site.counters());
    assert!(site.gaps().is_empty(), "{:?}", site.gaps());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_started_anew_and_renumbered_is_collected_at_once_and_browsed_again() {
    let mut site = site_without(3, "").await;
    let handle = site.start().await;
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    let before = site.reader().streams().unwrap();
    assert!(snapshot(&site).exists());

    site.stop_plant().await;
    site.practice = Practice { namespaces_before: vec!["urn:in:front".to_owned()], ..Practice::default() };
    site.start_plant(&[POLICY]).await;
    let handle = site.start().await;
    let mut events = handle.subscribe();
    assert_eq!(next_change(&mut events).await, (1, 0, 0, false), "the third counter, and no other node");
    until("the new node is known", || (names(&site).len() == 5).then_some(())).await;
    handle.stop().await.unwrap();
    let after = site.reader().streams().unwrap();
    for stream in before {
        assert!(after.iter().any(|other| (other.id, &other.key) == (stream.id, &stream.key)), "{stream:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_nodes_wait_to_be_accepted_where_somebody_wants_to_see_them_first() {
    let site = site_without(3, "[source.address_space]\nnew_nodes = \"review\"\n").await;
    let handle = site.start().await;
    let mut events = handle.subscribe();
    site.until_state(SourceState::Flowing).await;
    site.practice.trouble.show(&counter(3));
    site.practice.trouble.tell_model_change();
    assert_eq!(next_change(&mut events).await, (1, 0, 0, true));
    assert_eq!(names(&site).len(), 4);
    until("the status says that it waits", || site.status().filter(|status| status.nodes_waiting == 1)).await;

    let config = site.config();
    let source = config.source(SOURCE).unwrap();
    let login = sources::login(source).unwrap();
    let (store, identity) = (site.our_store(), site.identity.clone());
    let opened = sources::open_as(source, login, &store, identity, "review").await.unwrap();
    let (data, uri) = (&config.storage.data, &opened.server_application_uri);
    let found = review(&opened.session, source, uri, data, &Progress::default()).await.unwrap().unwrap();
    opened.session.close().await.unwrap();
    assert_eq!(found.counts(), (1, 0, 0));
    let node = found.added().next().unwrap();
    assert_eq!(
        (node.node.as_str(), node.path.as_str()),
        ("nsu=urn:lockgate:plant:model;s=Counter0003", "Plant/Counters/Counter0003")
    );
    let streams = found.streams();
    assert_eq!(streams.added, ["line1.Plant.Counters.Counter0003"]);
    assert!(streams.gone.is_empty() && streams.renamed.is_empty(), "{streams:?}");
    found.accept(data).await.unwrap();

    let third = || site.counters().get(4).map(Vec::len);
    until("the accepted node delivers", || third().filter(|values| *values > 3)).await;
    until("nothing waits any more", || site.status().filter(|status| status.nodes_waiting == 0)).await;
    handle.stop().await.unwrap();
    assert_nothing_missing(&site.counters());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_damaged_is_made_anew() {
    let site = site_without(3, "").await;
    let handle = site.start().await;
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    std::fs::write(snapshot(&site), b"no snapshot").unwrap();
    let handle = site.start().await;
    until("the snapshot is a good one again", || {
        (std::fs::metadata(snapshot(&site)).unwrap().len() > 100).then_some(())
    })
    .await;
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    assert_eq!(names(&site).len(), 4);
}

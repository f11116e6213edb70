//! Another configuration while the connector runs: what is different changes, everything else goes on, nothing is lost.
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

use std::time::Duration;

use connector::config::{ConfigPart, Plan, PlannedAction};
use connector::{Config, EventKind, Handle, RUNNING_FILE, SourceState};
use plant::{Limits, Practice};
use site::{Site, assert_nothing_missing, until};
use ua_pki::SecurityPolicy;

/// The configuration with one text in place of another, loaded.
fn edited(site: &Site, from: &str, to: &str) -> Config {
    let path = site.config().path().to_owned();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from} is not in\n{text}");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    Config::load(&path).unwrap()
}

fn told(plan: &Plan) -> Vec<String> {
    let settings = |change: &connector::config::Change| -> Vec<String> {
        change.settings.iter().map(ToString::to_string).collect()
    };
    plan.changes
        .iter()
        .map(|change| format!("{} {}: {}", change.part, change.action, settings(change).join("; ")))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_restarts_with_its_new_settings_and_misses_nothing() {
    let site = Site::new(SecurityPolicy::Basic256Sha256).await;
    let mut handle = site.start().await;
    site.until_counters_pass(5).await;
    let new = edited(&site, "mode = ", "stream_name = \"{name} of {source}\"\nmode = ");
    let running = std::fs::read_to_string(new.storage.data.join(RUNNING_FILE)).unwrap();
    let planned = Plan::since(&running, &new).unwrap();
    let done = handle.reload(new).await.unwrap();
    assert_eq!(done, planned, "what was announced was done");
    assert_eq!(told(&done), ["source line1 restarts: stream_name: \"{name} of {source}\" is new"]);
    let reached = site.reached();
    site.until_counters_pass(reached + 5).await;
    assert!(handle.reload(site.config()).await.unwrap().is_empty(), "the same again changes nothing");
    handle.stop().await.unwrap();
    assert!(site.gaps().is_empty(), "{:?}", site.gaps());
    assert_nothing_missing(&site.counters());
    assert!(site.reader().streams().unwrap().iter().any(|stream| stream.name == "Counter0001 of line1"));
}

/// A site whose server lets one session have so many subscriptions; one is for news about its nodes.
async fn with_room_for(subscriptions: usize) -> Site {
    let mut limits = Limits::default();
    limits.subscriptions_per_session = subscriptions;
    let practice = Practice { limits: Some(limits), ..Practice::default() };
    Site::to_practise(SecurityPolicy::Basic256Sha256, practice).await
}

/// Does what the file says now and waits until its settings are those of the subscriptions.
async fn resubscribe(handle: &mut Handle, new: Config) {
    let mut events = handle.subscribe();
    handle.reload(new).await.unwrap();
    let taken = async { while !matches!(events.recv().await.unwrap().kind, EventKind::Resubscribed) {} };
    tokio::time::timeout(Duration::from_secs(90), taken).await.expect("the new subscriptions deliver");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_need_new_subscriptions_take_their_place_without_a_moment_in_between() {
    // what was replaced is deleted, or there is no room for the next
    let site = with_room_for(3).await;
    let mut handle = site.start().await;
    site.until_counters_pass(5).await;
    resubscribe(&mut handle, edited(&site, "mode = ", "queue_size = 77\nmode = ")).await;
    resubscribe(&mut handle, edited(&site, "queue_size = 77", "queue_size = 78")).await;
    resubscribe(&mut handle, edited(&site, "queue_size = 78", "queue_size = 79")).await;
    let reached = site.reached();
    site.until_counters_pass(reached + 5).await;
    handle.stop().await.unwrap();
    assert!(site.gaps().is_empty(), "{:?}", site.gaps());
    assert_nothing_missing(&site.counters());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_without_room_for_both_costs_an_interval_and_that_is_on_the_ledger() {
    let site = with_room_for(2).await;
    let mut handle = site.start().await;
    site.until_counters_pass(5).await;
    handle.reload(edited(&site, "mode = ", "queue_size = 77\nmode = ")).await.unwrap();
    until("the new subscriptions deliver", || site.gaps().pop()).await;
    let reached = site.reached();
    site.until_counters_pass(reached + 5).await;
    handle.stop().await.unwrap();
    let [gap] = &site.gaps()[..] else { panic!("{:?}", site.gaps()) };
    assert!(gap.detail.contains("no room"), "{gap:?}");
    assert!(gap.from < gap.to, "{gap:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_that_ends_before_the_new_subscriptions_deliver_misses_nothing_either() {
    let site = Site::new(SecurityPolicy::Basic256Sha256).await;
    let mut handle = site.start().await;
    site.until_counters_pass(5).await;
    handle.reload(edited(&site, "mode = ", "queue_size = 77\nmode = ")).await.unwrap();
    drop(handle);
    let handle = site.start().await;
    let reached = site.reached();
    site.until_counters_pass(reached + 20).await;
    handle.stop().await.unwrap();
    assert!(site.gaps().is_empty(), "{:?}", site.gaps());
    assert_nothing_missing(&site.counters());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_that_is_not_wanted_any_more_ends_and_the_others_miss_nothing() {
    let site = Site::new(SecurityPolicy::Basic256Sha256).await;
    let mut handle = site.start().await;
    site.until_counters_pass(5).await;
    site.append("[[source.rule]]\nexclude = [\"**/Counter0003\"]\n");
    resubscribe(&mut handle, site.config()).await;
    let last = |site: &Site| site.counters()[2].last().copied().unwrap();
    let others = |site: &Site| [0, 1, 3, 4].map(|counter| site.counters()[counter].last().copied().unwrap());
    let passed = last(&site) + 10;
    until("the others go on", || others(&site).iter().all(|last| *last > passed).then_some(())).await;
    let ended = last(&site);
    until("they go on further", || others(&site).iter().all(|last| *last > ended + 20).then_some(())).await;
    handle.stop().await.unwrap();
    assert_eq!(last(&site), ended);
    assert!(site.gaps().is_empty(), "{:?}", site.gaps());
    assert_nothing_missing(&site.counters());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_with_which_nothing_is_picked_end_what_was_collected_and_say_so() {
    let site = Site::new(SecurityPolicy::Basic256Sha256).await;
    let mut handle = site.start().await;
    site.until_counters_pass(5).await;
    let before = std::fs::read_to_string(site.config().path()).unwrap();
    site.append("[[source.rule]]\nexclude = [\"**\"]\n");
    handle.reload(site.config()).await.unwrap();
    until("it says so", || {
        let status = site.status()?;
        status.detail.is_some_and(|detail| detail.contains("pick none")).then_some(())
    })
    .await;
    std::fs::write(site.config().path(), before).unwrap();
    handle.reload(site.config()).await.unwrap();
    let reached = site.reached();
    site.until_counters_pass(reached + 5).await;
    handle.stop().await.unwrap();
    let [gap] = &site.gaps()[..] else { panic!("{:?}", site.gaps()) };
    assert_eq!(gap.detail, "the settings of the source were changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sources_and_sinks_come_and_go_while_the_others_deliver() {
    let site = Site::new(SecurityPolicy::Basic256Sha256).await;
    let mut handle = site.start().await;
    site.until_counters_pass(3).await;
    let sink = "[[sink]]\nname = \"files\"\nkind = \"file\"\nfolder = \"out\"\nevery = \"1s\"\n\n[[source]]";
    let done = handle.reload(edited(&site, "[[source]]", sink)).await.unwrap();
    assert_eq!(told(&done), ["sink files starts: "]);
    let out = site.config().path().with_file_name("out");
    let delivered = || {
        std::fs::read_dir(&out).ok()?.flatten().find(|f| f.path().extension().is_some_and(|e| e == "jsonl"))
    };
    until("the new sink delivers", delivered).await;

    let text = std::fs::read_to_string(site.config().path()).unwrap();
    let source = text.split("[[source]]").nth(1).unwrap();
    let second = format!("[[source]]{}", source.replace("\"line1\"", "\"line2\""));
    std::fs::write(
        site.config().path(),
        format!("{}\n{second}", text.replace(sink.trim_end_matches("[[source]]"), "")),
    )
    .unwrap();
    let done = handle.reload(site.config()).await.unwrap();
    assert_eq!(told(&done), ["source line2 starts: ", "sink files stops; what was collected stays: "]);
    let state = |name: &str| {
        let all = site.reader().source_statuses().unwrap();
        let json = all.into_iter().find(|status| status.source == name)?.json;
        connector::SourceStatus::from_json(&json).map(|status| status.state)
    };
    until("the second source flows", || state("line2").filter(|state| *state == SourceState::Flowing)).await;
    // both collect from one server, and each has its own streams
    let counters = |name: &str| site.counters_of(|source| source == name).len();
    assert_eq!((counters("line1"), counters("line2")), (5, 5));

    std::fs::write(site.config().path(), text.replace(sink.trim_end_matches("[[source]]"), "")).unwrap();
    let done = handle.reload(site.config()).await.unwrap();
    assert_eq!(done.changes.len(), 1);
    assert_eq!(done.changes[0].part, ConfigPart::Source("line2".to_owned()));
    assert_eq!(done.changes[0].action, PlannedAction::Stop);
    until("it has stopped", || state("line2").filter(|state| *state == SourceState::Stopped)).await;
    let ended = tokio::time::timeout(Duration::from_millis(1), handle.ended()).await;
    assert!(ended.is_err(), "no part is missed that was told to end: {ended:?}");
    let first = || site.counters_of(|source| source == "line1");
    let last = || first().iter().map(|values| *values.last().unwrap()).min().unwrap();
    let reached = last();
    until("the first source goes on", || (last() > reached + 3).then_some(())).await;
    handle.stop().await.unwrap();
    assert_nothing_missing(&site.counters());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_work_changes_nothing() {
    let site = Site::new(SecurityPolicy::Basic256Sha256).await;
    let mut handle = site.start().await;
    site.until_state(SourceState::Flowing).await;
    let before = std::fs::read_to_string(site.config().path()).unwrap();
    let secret = site.secret().strip_prefix(site.config().folder()).unwrap().display().to_string();
    let new = edited(&site, &secret, "not-there");
    assert!(handle.reload(new).await.is_err());
    std::fs::write(site.config().path(), &before).unwrap();
    // a file stands where the sink wants its folder
    std::fs::write(site.config().path().with_file_name("taken"), "").unwrap();
    let sink = "[[sink]]\nname = \"files\"\nkind = \"file\"\nfolder = \"taken/out\"\n\n[[source]]";
    let refused = handle.reload(edited(&site, "[[source]]", sink)).await;
    assert!(refused.is_err(), "{refused:?}");
    std::fs::write(site.config().path(), &before).unwrap();
    assert!(handle.reload(site.config()).await.unwrap().is_empty());
    let reached = site.reached();
    site.until_counters_pass(reached + 3).await;
    handle.stop().await.unwrap();
    assert_nothing_missing(&site.counters());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_holds_from_the_next_start_on_is_told_and_left() {
    let site = Site::new(SecurityPolicy::Basic256Sha256).await;
    let mut handle = site.start().await;
    site.until_state(SourceState::Flowing).await;
    let done =
        handle.reload(edited(&site, "seal_every = \"1m\"", "seal_every = \"2m\" # later")).await.unwrap();
    handle.stop().await.unwrap();
    assert_eq!(
        told(&done),
        ["[storage] holds from the next start of lockgate on: seal_every: \"1m\" becomes \"2m\""]
    );
}

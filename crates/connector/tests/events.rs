//! Alarms and events: asked for by rule, kept beside the values, each once, whatever happens on the way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "tests fail by panicking; the site is shared with other tests"
)]

mod site;

use std::sync::Arc;
use std::time::Duration;

use connector::alarms::{EventRecord, EventRule};
use connector::{Config, EventKind, SourceState, Stopped};
use plant::EVENT_PERIOD;
use site::{Ahead, Site, until};
use tagstore::{FillState, GapReason, OwnedSample, OwnedValue, StreamQuery};
use ua_pki::SecurityPolicy;

const POLICY: SecurityPolicy = SecurityPolicy::Basic256Sha256;

fn rule(name: &str, types: &[&str]) -> EventRule {
    let types = types.iter().map(|name| (*name).to_owned()).collect();
    EventRule { name: name.to_owned(), types, ..EventRule::default() }
}

/// A site whose source has these rules, as they come back from the file.
async fn site(rules: Vec<EventRule>) -> Site {
    let site = Site::new(POLICY).await;
    let mut config = site.config();
    let mut source = config.sources[0].clone();
    source.events = rules.clone();
    config.remove_source(site::SOURCE).unwrap();
    config.add_source(&source).unwrap();
    config.save().unwrap();
    let read = Config::load(config.path()).unwrap().sources.remove(0);
    assert_eq!(read.events, rules);
    site
}

/// Everything that happened, as the store gives it.
fn events(site: &Site, name: &str) -> Vec<(OwnedSample, EventRecord)> {
    let reader = site.reader();
    let Ok(stream) = reader.find_stream(name) else { return Vec::new() };
    assert!(stream.is_of_events());
    let samples = reader.query(&StreamQuery::new(stream.id, usize::MAX)).unwrap();
    let record = |sample: &OwnedSample| match &sample.value {
        OwnedValue::Event(text) => EventRecord::read(text).unwrap(),
        other => panic!("no event: {other:?}"),
    };
    samples.into_iter().map(|sample| (sample.clone(), record(&sample))).collect()
}

async fn until_events(site: &Site, name: &str, count: usize) {
    until(&format!("{count} events of {name}"), || (events(site, name).len() >= count).then_some(())).await;
}

/// Which of the plant's events these are, each held against the truth.
fn numbers(site: &Site, events: &[(OwnedSample, EventRecord)]) -> Vec<i64> {
    let plant = site.plant.as_ref().unwrap();
    let number = |(sample, record): &(OwnedSample, EventRecord)| {
        let k = (sample.source_time.ticks() - plant.started()) / EVENT_PERIOD;
        let truth = plant.signals().event(k).unwrap();
        let id: String = truth.id.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sample.source_time.ticks(), truth.time);
        assert_eq!(record.event_id.as_deref(), Some(id.as_str()));
        assert_eq!((record.severity, record.message.clone()), (Some(truth.severity), Some(truth.message)));
        assert_eq!(record.source_name.as_deref(), Some("Filler1"));
        assert_eq!(
            record.source_node.as_deref(),
            Some("nsu=urn:lockgate:plant:model;s=Plant.Filling.Line1.Filler1")
        );
        let type_name = if k % 2 == 0 { "BatchEventType" } else { "BaseEventType" };
        assert_eq!(record.type_name.as_deref(), Some(type_name));
        let batch = record.fields.get("BatchNumber").map(|field| field["Value"].to_string());
        assert_eq!(batch, (k % 2 == 0).then(|| format!("\"{k}\"")), "{record:?}");
        assert_eq!(record.condition, None);
        assert!(!record.refresh);
        k
    };
    events.iter().map(number).collect()
}

fn is_whole(numbers: &[i64], step: i64) -> bool {
    numbers.windows(2).all(|pair| pair[1] == pair[0] + step)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_kept_once_with_its_fields_also_when_we_are_killed() {
    let severe = EventRule { min_severity: Some(901), ..rule("severe", &[]) };
    let elsewhere = EventRule { sources: vec!["Mixer*".parse().unwrap()], ..rule("mixers", &[]) };
    let site = site(vec![rule("events", &[]), rule("batches", &["BatchEventType"]), severe, elsewhere]).await;
    let handle = site.start().await;
    until_events(&site, "line1.events", 2).await;
    drop(handle);
    let handle = site.start().await;
    until_events(&site, "line1.events", 5).await;
    until_events(&site, "line1.batches", 2).await;
    let status = site.until_state(SourceState::Flowing).await;
    assert_eq!(status.streams_refused, 0, "{status:?}");
    assert_eq!(handle.stop().await.unwrap(), Stopped::Drained);

    let all = numbers(&site, &events(&site, "line1.events"));
    assert!(is_whole(&all, 1), "{all:?}");
    let batches = numbers(&site, &events(&site, "line1.batches"));
    assert!(is_whole(&batches, 2) && batches.iter().all(|k| k % 2 == 0), "{batches:?}");
    assert!(events(&site, "line1.severe").is_empty(), "nothing is so severe");
    assert!(events(&site, "line1.mixers").is_empty(), "nothing comes from there");
    assert!(site.gaps().is_empty(), "{:?}", site.gaps());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_go_on_when_the_settings_of_their_source_or_of_their_rule_are_others() {
    let site = site(vec![rule("events", &[])]).await;
    let mut handle = site.start().await;
    until_events(&site, "line1.events", 1).await;
    let mut happening = handle.subscribe();
    let mut config = site.config();
    let mut source = config.sources[0].clone();
    // with this type come other fields
    source.events[0].types = vec!["BatchEventType".to_owned(), "BaseEventType".to_owned()];
    source.publishing_interval = Duration::from_millis(50);
    config.remove_source(site::SOURCE).unwrap();
    config.add_source(&source).unwrap();
    config.save().unwrap();
    handle.reload(site.config()).await.unwrap();
    let taken = async { while !matches!(happening.recv().await.unwrap().kind, EventKind::Resubscribed) {} };
    tokio::time::timeout(Duration::from_secs(90), taken).await.unwrap();
    let before = events(&site, "line1.events").len();
    until_events(&site, "line1.events", before + 2).await;
    handle.stop().await.unwrap();
    let all = numbers(&site, &events(&site, "line1.events"));
    assert!(is_whole(&all, 1), "{all:?}");
    assert!(site.gaps().is_empty(), "{:?}", site.gaps());
}

/// What was received and never became durable is sent again, and must be understood by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_never_became_durable_are_fetched_again() {
    let site = site(vec![rule("events", &[])]).await;
    let clock = Arc::new(Ahead::default());
    let handle = site.start_by(&clock).await;
    until_events(&site, "line1.events", 1).await;
    let lock = rusqlite::Connection::open(site.config().storage.data.join(tagstore::JOURNAL_FILE)).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = events(&site, "line1.events").len();
    // time in which two events happen and none can become durable
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(events(&site, "line1.events").len(), before);
    let killed = tokio::task::spawn_blocking(move || drop(handle));
    until("every source has ended", || (Arc::strong_count(&clock) == 1).then_some(())).await;
    lock.execute_batch("ROLLBACK").unwrap();
    drop(lock);
    killed.await.unwrap();

    let handle = site.start().await;
    until_events(&site, "line1.events", before + 4).await;
    handle.stop().await.unwrap();
    let all = numbers(&site, &events(&site, "line1.events"));
    assert!(is_whole(&all, 1), "{all:?}");
    assert!(site.gaps().is_empty(), "{:?}", site.gaps());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_a_restarted_server_did_not_keep_are_a_gap_that_stays() {
    let mut site = site(vec![rule("events", &[])]).await;
    let handle = site.start().await;
    until_events(&site, "line1.events", 1).await;
    site.stop_plant().await;
    site.until_state(SourceState::Unreachable).await;
    let before = events(&site, "line1.events").len();
    site.start_plant(&[POLICY]).await;
    until_events(&site, "line1.events", before + 2).await;
    let stream = site.reader().find_stream("line1.events").unwrap().id;
    let gap = until("the gap of the events is judged", || {
        let mut gaps = site.gaps().into_iter();
        gaps.find(|gap| gap.stream == Some(stream) && gap.repair.state != FillState::Open)
    })
    .await;
    handle.stop().await.unwrap();
    assert_eq!((gap.reason, gap.repair.state), (GapReason::ServerRestart, FillState::Unfillable));
    assert!(gap.detail.contains("not read from history"), "{gap:?}");
    assert!(gap.from < gap.to);
    assert!(site.gaps().iter().any(|gap| gap.stream.is_none()), "the values have one of their own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_that_the_server_does_not_have_is_named_and_harms_nothing_else() {
    let nobody = EventRule { notifier: "nsu=urn:nobody;s=Boiler".to_owned(), ..rule("nobody", &[]) };
    let site = site(vec![rule("alarms", &["BoilerAlarmType"]), nobody, rule("events", &[])]).await;
    let handle = site.start().await;
    until_events(&site, "line1.events", 1).await;
    let status = until("two rules are refused", || site.status().filter(|s| s.streams_refused == 2)).await;
    let example = status.refused_example.unwrap();
    assert_eq!(example, "events `alarms`: the server has no type of events BoilerAlarmType");
    handle.stop().await.unwrap();
}

#[test]
fn a_rule_that_makes_no_sense_is_refused_with_its_line() {
    let source = "[application]\nuri = \"urn:a:b\"\n[[source]]\nname = \"a\"\nurl = \"opc.tcp://a\"\n\
                  policy = \"Basic256Sha256\"\nmode = \"Sign\"\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lockgate.toml");
    let problems = |events: &str| {
        std::fs::write(&path, format!("{source}{events}")).unwrap();
        Config::load(&path).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(problems("[[source.events]]\n"), "");
    for (events, said) in [
        ("[[source.events]]\nmin_severty = 500\n", "did you mean `min_severity`?"),
        ("[[source.events]]\nmin_severity = 1001\n", "must lie between 1 and 1000"),
        ("[[source.events]]\nnotifier = \"ns=2;s=Boiler\"\n", "notifier"),
        ("[[source.events]]\n[[source.events]]\n", "two streams of events of this source are named `events`"),
        ("[[source.events]]\nsources = [\"Boiler[1\"]\n", "no pattern"),
        ("events = \"all\"\n", "write it as [[source.events]]"),
    ] {
        let told = problems(events);
        assert!(told.contains(said), "{events}: {told}");
    }
}

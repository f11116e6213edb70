//! Rules decide which variables are collected, and how.
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

use connector::{Config, SourceState};
use site::{Site, until};
use ua_pki::SecurityPolicy;

/// A site whose source has these rules.
async fn site_with(rules: &str) -> Site {
    let site = Site::new(SecurityPolicy::Basic256Sha256).await;
    set_rules(&site, rules);
    site
}

fn set_rules(site: &Site, rules: &str) {
    let path = site.config().path().to_owned();
    let text = std::fs::read_to_string(&path).unwrap();
    let before = text.split("[[source.rule]]").next().unwrap().to_owned();
    std::fs::write(&path, before + rules).unwrap();
    Config::load(&path).unwrap();
}

fn names(site: &Site) -> Vec<String> {
    site.reader().streams().unwrap().into_iter().map(|stream| stream.name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_the_rules_pick_becomes_a_stream() {
    let site = site_with(
        "[[source.rule]]\nexclude = [\"**/Counter0002\"]\n\n[[source.rule]]\ninclude = [\"**/Counter*\"]\n",
    )
    .await;
    let handle = site.start().await;
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    let names = names(&site);
    assert_eq!(names.len(), 4);
    assert!(names.iter().all(|name| name.contains("Counter") && !name.contains("Counter0002")), "{names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn type_data_type_and_namespace_decide_too() {
    let site = site_with(
        "[[source.rule]]\ninclude = [\"**\"]\ntype_definition = [\"AnalogUnitRangeType\"]\ndata_type = [\"Double\"]\n",
    )
    .await;
    let handle = site.start().await;
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    let streams = site.reader().streams().unwrap();
    assert!(streams.len() > 3, "{streams:?}");
    assert!(streams.iter().all(|stream| stream.data_type.as_deref() == Some("Double")), "{streams:?}");
    let names = names(&site);
    assert!(names.contains(&"line1.Plant.Mixing.Line1.Mixer1.RoomTemperature".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("Counter")), "{names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_rules_hold_after_the_next_start() {
    let site = site_with("[[source.rule]]\ninclude = [\"**/Counter0001\"]\n").await;
    let handle = site.start().await;
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    assert_eq!(names(&site), ["line1.Plant.Counters.Counter0001"]);

    set_rules(&site, "[[source.rule]]\ninclude = [\"**/Counter0002\"]\n");
    let handle = site.start().await;
    let second = || site.counters().get(1).map(Vec::len);
    until("the other counter delivers", || second().filter(|values| *values > 3)).await;
    let status = site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    assert_eq!(status.streams, 1);
    assert_eq!(names(&site).len(), 2, "the first one's past stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_that_pick_nothing_say_so() {
    let site = site_with("[[source.rule]]\ninclude = [\"Plnat/**\"]\n").await;
    let handle = site.start().await;
    let said =
        || site.status().and_then(|status| status.detail).filter(|detail| detail.contains("none of the"));
    let detail = until("the status says it", said).await;
    handle.stop().await.unwrap();
    assert!(detail.contains("the rules of the source pick none of the 16 variables"), "{detail}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_called_as_the_template_says_and_a_new_template_only_renames_them() {
    let rule = "[[source.rule]]\ninclude = [\"**/Counter0001\", \"**/RoomTemperature\"]\n";
    let site = site_with(rule).await;
    let handle = site.start().await;
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    let before = site.reader().streams().unwrap();

    let named = "stream_name = \"OPC UA.{source}.{namespace}.{identifier}\"\n\
                 namespaces = { plant = \"urn:lockgate:plant:model\" }\n";
    set_rules(&site, &format!("[[source.rule]]\n{}", rule.trim_start_matches("[[source.rule]]\n")));
    let path = site.config().path().to_owned();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("[[source.rule]]", &format!("{named}\n[[source.rule]]"))).unwrap();
    let handle = site.start().await;
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    let after = site.reader().streams().unwrap();
    let identity = |streams: &[tagstore::StreamInfo]| {
        let mut all: Vec<_> = streams.iter().map(|stream| (stream.id, stream.key.clone())).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(identity(&after), identity(&before), "the same streams");
    let counter = after.iter().find(|stream| stream.name.ends_with("Counter0001")).unwrap();
    assert!(counter.name.starts_with("OPC UA.line1.plant."), "{}", counter.name);
    assert!(!after.iter().any(|stream| stream.name.starts_with("line1.")), "{after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_ranges_and_states_come_with_the_streams() {
    let site = Site::new(SecurityPolicy::Basic256Sha256).await;
    let handle = site.start().await;
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    let streams = site.reader().streams().unwrap();
    let of = |name: &str| streams.iter().find(|stream| stream.name.ends_with(name)).unwrap();
    let room = of(".Mixer1.RoomTemperature");
    assert_eq!(room.unit.as_deref(), Some("°C"));
    assert!(room.range.is_some_and(|range| range.low < range.high), "{room:?}");
    let states = |name: &str| -> Vec<(i64, String)> {
        of(name).states.iter().map(|state| (state.value, state.name.clone())).collect()
    };
    assert_eq!(states(".Filler1.Running"), [(0, "stopped".to_owned()), (1, "running".to_owned())]);
    let machine = states(".Mixer1.State");
    assert!(
        machine.len() > 2
            && machine.iter().map(|(value, _)| *value).eq(0..i64::try_from(machine.len()).unwrap()),
        "{machine:?}"
    );
    assert!(of("Counter0001").states.is_empty() && of("Counter0001").unit.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_rule_says_about_publishing_holds_for_its_nodes_alone() {
    let site = site_with(
        "[[source.rule]]\ninclude = [\"**/Counter0001\"]\naccess_level = [\"CurrentRead\", \"HistoryRead\"]\n\
         publishing_interval = \"2s\"\n\n[[source.rule]]\ninclude = [\"**/Counter*\"]\naccess_level = [\"CurrentWrite\"]\n\n\
         [[source.rule]]\ninclude = [\"**/Counter0002\"]\n",
    )
    .await;
    let handle = site.start().await;
    site.until_counters_pass(site.reached() + 120).await;
    handle.stop().await.unwrap();
    // nothing of the plant can be written
    assert_eq!(names(&site), ["line1.Plant.Counters.Counter0001", "line1.Plant.Counters.Counter0002"]);
    let counters = site.counters();
    site::assert_nothing_missing(&counters);
    let reader = site.reader();
    let deliveries = |name: &str| {
        let stream = reader.find_stream(name).unwrap();
        let samples = reader.query(&tagstore::StreamQuery::new(stream.id, usize::MAX)).unwrap();
        let received: std::collections::BTreeSet<_> =
            samples.iter().map(|sample| sample.receive_time).collect();
        (samples.len(), received.len())
    };
    let (slow, fast) = (deliveries("Counter0001"), deliveries("Counter0002"));
    assert!(slow.0 > 100 && fast.0 > 100, "{slow:?} {fast:?}");
    assert!(slow.1 * 4 < fast.1, "values and deliveries, slow and fast: {slow:?} {fast:?}");
}

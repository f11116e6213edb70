//! History: the plant's is a function of time, so what must come back is known.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plant::{HistoryTrouble, Limits, Practice, Trouble};
use ua_client::types::VariableId;
use ua_client::{
    Bounds, DataValueRef, Error, HistoryPages, HistoryRange, HistoryVisitor, NodeHistory, NodeId,
    ProcessedHistory, RawHistory, Session, ValueRef, aggregate, explain_history_status, status_name,
};

use crate::site::Site;

const SECOND: i64 = 10_000_000;
/// A belt that changes its speed every five seconds, in five levels; the plant has thirty days of it.
const PERIOD: i64 = 5 * SECOND;
const LEVELS: [f64; 5] = [0.0, 25.0, 50.0, 75.0, 100.0];

fn speed() -> NodeId {
    NodeId::new(2, "Plant.Filling.Line1.Filler1.Speed")
}

#[derive(Default)]
struct Values {
    now: usize,
    /// Node, source time, value, status.
    all: Vec<(usize, i64, f64, u32)>,
}

impl HistoryVisitor for Values {
    fn begin_node(&mut self, node: usize, _: u32, _: Option<&[u8]>) {
        self.now = node;
    }
    fn value(&mut self, value: &DataValueRef<'_>) {
        let number = match value.value {
            ValueRef::Double(number) => number,
            ValueRef::Int32(number) => number.into(),
            _ => f64::NAN,
        };
        self.all.push((self.now, value.source_timestamp, number, value.status));
    }
    fn unsupported(&mut self, type_id: u32) {
        panic!("unexpected data of type {type_id}");
    }
    fn end_node(&mut self, _: usize) {}
}

impl Values {
    fn times(&self) -> Vec<i64> {
        self.all.iter().map(|value| value.1).collect()
    }
}

/// Reads to the end; gives the last state of each node and the number of pages.
async fn read_all(mut pages: HistoryPages, values: &mut Values, nodes: usize) -> (Vec<NodeHistory>, usize) {
    let mut states = vec![NodeHistory::More; nodes];
    let mut count = 0;
    while let Some(page) = pages.next_page(values).await.unwrap() {
        count += 1;
        assert!(count < 10_000, "it never ends");
        for node in page.nodes {
            assert_eq!(states[node.node], NodeHistory::More, "nothing comes behind the end");
            states[node.node] = node.state;
        }
    }
    (states, count)
}

/// A plant that sends few values at a time.
async fn small_pages(values: usize) -> Site {
    narrow(values, 10, 10).await
}

/// The same with few places to remember where it stopped, and few nodes in one request.
async fn narrow(values: usize, points: usize, nodes: usize) -> Site {
    let mut limits = Limits::default();
    limits.history_values = values;
    limits.continuation_points = points;
    limits.history_nodes = nodes;
    Site::start_to_practise(Practice { limits: Some(limits), ..Practice::default() }).await
}

/// A stretch before the plant's start with `steps` changes of speed, none of them at its ends.
fn stretch(site: &Site, steps: i64) -> HistoryRange {
    let begin = site.plant.started() - steps * PERIOD + 1;
    HistoryRange::between(begin - SECOND, begin - SECOND + steps * PERIOD)
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_values_come_complete_and_in_order_over_many_pages() {
    let site = small_pages(7).await;
    let session = site.connect().await;
    let pages = session.history_raw(vec![speed()], RawHistory::new(stretch(&site, 100))).unwrap();
    let mut values = Values::default();
    let (states, count) = read_all(pages, &mut values, 1).await;
    assert_eq!((states, count), (vec![NodeHistory::Complete], 15));
    assert_eq!(values.all.len(), 100);
    for (_, time, value, status) in &values.all {
        let k = (time - site.plant.started()) / PERIOD;
        assert_eq!((time - site.plant.started()) % PERIOD, 0);
        assert_eq!((*value, *status), (LEVELS[usize::try_from(k.rem_euclid(5)).unwrap()], 0));
    }
    assert!(values.times().is_sorted_by(|a, b| b - a == PERIOD));
}

#[tokio::test(flavor = "multi_thread")]
async fn newest_first_brings_the_same_values_the_other_way_round() {
    let site = small_pages(7).await;
    let session = site.connect().await;
    let range = stretch(&site, 50);
    let mut there = Values::default();
    read_all(session.history_raw(vec![speed()], RawHistory::new(range)).unwrap(), &mut there, 1).await;
    let mut back = Values::default();
    let pages = session.history_raw(vec![speed()], RawHistory::new(range.newest_first())).unwrap();
    read_all(pages, &mut back, 1).await;
    back.all.reverse();
    assert_eq!(there.times(), back.times());
    assert_eq!(there.all.len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_values_ends_the_reading_and_frees_the_place_on_the_server() {
    let site = narrow(4, 1, 10).await;
    let session = site.connect().await;
    for _ in 0..3 {
        let raw = RawHistory { at_most: Some(6), ..RawHistory::new(stretch(&site, 100).newest_first()) };
        let mut values = Values::default();
        let (states, _) = read_all(session.history_raw(vec![speed()], raw).unwrap(), &mut values, 1).await;
        assert_eq!(states, [NodeHistory::Enough]);
        assert_eq!(values.all.len(), 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_are_the_nearest_values_outside() {
    let site = Site::start().await;
    let session = site.connect().await;
    let range = stretch(&site, 10);
    let raw = RawHistory { bounds: Bounds::With, ..RawHistory::new(range) };
    let mut values = Values::default();
    read_all(session.history_raw(vec![speed()], raw).unwrap(), &mut values, 1).await;
    let times = values.times();
    assert_eq!(times.len(), 12);
    assert!(times[0] < range.from() && times[11] > range.to());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_history_harms_no_other() {
    let site = small_pages(7).await;
    let session = site.connect().await;
    let nodes = vec![
        speed(),
        NodeId::from(VariableId::Server_ServerStatus_CurrentTime),
        NodeId::new(2, "no such node"),
        NodeId::new(2, "Plant.Mixing.Line1.Mixer1.Temperature"),
    ];
    let raw = RawHistory::new(stretch(&site, 20));
    let mut values = Values::default();
    let (states, _) = read_all(session.history_raw(nodes, raw).unwrap(), &mut values, 4).await;
    assert_eq!((states[0], states[3]), (NodeHistory::Complete, NodeHistory::Complete));
    let NodeHistory::Refused { status } = states[1] else { panic!("{:?}", states[1]) };
    assert_eq!(status_name(status), "BadHistoryOperationUnsupported");
    assert!(explain_history_status(status).is_some());
    assert!(matches!(states[2], NodeHistory::Refused { .. }));
    let of = |node| values.all.iter().filter(|value| value.0 == node).count();
    assert_eq!((of(0), of(1), of(2), of(3)), (20, 0, 0, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_hardly_any_room_is_read_to_the_end_all_the_same() {
    let site = narrow(3, 1, 2).await;
    let session = site.connect().await;
    assert_eq!(session.operation_limits().max_nodes_per_history_read_data, 2);
    let nodes = vec![speed(); 5];
    let mut values = Values::default();
    let pages = session.history_raw(nodes, RawHistory::new(stretch(&site, 10))).unwrap();
    let (states, _) = read_all(pages, &mut values, 5).await;
    assert_eq!(states, [NodeHistory::Complete; 5]);
    assert_eq!(values.all.len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_is_dropped_gives_its_place_back() {
    let site = narrow(3, 1, 10).await;
    let session = site.connect().await;
    let begin = || session.history_raw(vec![speed()], RawHistory::new(stretch(&site, 10))).unwrap();
    let first = async |pages: &mut HistoryPages| {
        let page = pages.next_page(&mut Values::default()).await.unwrap().unwrap();
        page.nodes[0].state
    };
    let mut closed = begin();
    assert_eq!(first(&mut closed).await, NodeHistory::More);
    assert!(matches!(first(&mut begin()).await, NodeHistory::Refused { .. }), "there is one place only");
    closed.close().await.unwrap();
    let mut dropped = begin();
    assert_eq!(first(&mut dropped).await, NodeHistory::More);
    drop(dropped);
    let deadline = Instant::now() + Duration::from_secs(10);
    while first(&mut begin()).await != NodeHistory::More {
        assert!(Instant::now() < deadline, "the place is never given back");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_at_given_times_are_recorded_or_interpolated_and_say_which() {
    let site = Site::start().await;
    let session = site.connect().await;
    let step = site.plant.started() - 4 * PERIOD;
    // -4 is level 25, -3 is level 50
    let times = [step, step + PERIOD / 2, site.plant.started() - 40 * 86_400 * SECOND];
    let mut values = Values::default();
    let (states, _) =
        read_all(session.history_at_times(vec![speed()], &times).unwrap(), &mut values, 1).await;
    assert_eq!(states, [NodeHistory::Complete]);
    let found: Vec<_> = values.all.iter().map(|value| (value.1, value.2, value.3)).collect();
    assert_eq!(found[..2], [(times[0], 25.0, 0), (times[1], 37.5, 0x0402)]);
    assert_eq!(status_name(found[2].2), "BadNoData");
}

async fn processed(session: &Session, range: HistoryRange, name: &str) -> Vec<(i64, f64, u32)> {
    let request = ProcessedHistory::new(range, Duration::from_secs(25), aggregate(name).unwrap());
    let mut values = Values::default();
    let pages = session.history_processed(vec![speed()], &request).unwrap();
    let (states, _) = read_all(pages, &mut values, 1).await;
    assert_eq!(states, [NodeHistory::Complete], "{name}");
    values.all.iter().map(|value| (value.1, value.2, value.3)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregates_are_computed_for_each_interval() {
    let site = small_pages(3).await;
    let session = site.connect().await;
    // whole turns of the five levels
    let begin = site.plant.started() - 10 * 5 * PERIOD;
    let range = HistoryRange::between(begin, site.plant.started());
    for (name, expected, status) in [
        ("Average", 50.0, 0x0401),
        ("Minimum", 0.0, 0x0401),
        ("Maximum", 100.0, 0x0401),
        ("Count", 5.0, 0x0401),
        ("Start", 0.0, 0),
        ("End", 100.0, 0),
        ("Interpolative", 0.0, 0),
    ] {
        let found = processed(&session, range, name).await;
        assert_eq!(found.len(), 10, "{name}");
        assert!(found.iter().all(|value| (value.1, value.2) == (expected, status)), "{name}: {found:?}");
        if name != "End" {
            assert_eq!(found[3].0, begin + 3 * 5 * PERIOD, "{name}");
        }
    }
    let back = processed(&session, range.newest_first(), "Count").await;
    assert_eq!((back.len(), back[0].0), (10, site.plant.started()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_that_the_server_does_not_compute_is_refused_by_name() {
    let site = Site::start().await;
    let session = site.connect().await;
    let request =
        ProcessedHistory::new(stretch(&site, 10), Duration::from_secs(5), aggregate("Total2").unwrap());
    let mut pages = session.history_processed(vec![speed()], &request).unwrap();
    let page = pages.next_page(&mut Values::default()).await.unwrap().unwrap();
    let NodeHistory::Refused { status } = page.nodes[0].state else { panic!("{page:?}") };
    assert_eq!(status_name(status), "BadAggregateNotSupported");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_comes_to_an_end_is_given_up() {
    let trouble = Arc::new(Trouble::default());
    let site =
        Site::start_to_practise(Practice { trouble: Arc::clone(&trouble), ..Practice::default() }).await;
    let session = site.connect().await;
    let raw = RawHistory::new(stretch(&site, 10));
    for (how, state) in [
        (HistoryTrouble::Repeating, NodeHistory::Circles),
        (HistoryTrouble::Empty, NodeHistory::Circles),
        (HistoryTrouble::None, NodeHistory::Complete),
    ] {
        trouble.set_history(how);
        for order in [raw, RawHistory { range: raw.range.newest_first(), ..raw }] {
            let pages = session.history_raw(vec![speed()], order).unwrap();
            let (states, count) = read_all(pages, &mut Values::default(), 1).await;
            assert_eq!(states, [state], "{how:?}");
            assert!(count < 30, "{how:?}: {count} pages");
        }
    }
    trouble.set_history(HistoryTrouble::Refused);
    let mut pages = session.history_raw(vec![speed()], raw).unwrap();
    let page = pages.next_page(&mut Values::default()).await.unwrap().unwrap();
    assert!(matches!(page.nodes[0].state, NodeHistory::Refused { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cuts_pages_without_a_word_is_read_on_from_the_last_time() {
    let trouble = Arc::new(Trouble::default());
    let site =
        Site::start_to_practise(Practice { trouble: Arc::clone(&trouble), ..Practice::default() }).await;
    trouble.set_history(HistoryTrouble::Forgetful);
    let session = site.connect().await;
    let raw = RawHistory { page_size: 7, ..RawHistory::new(stretch(&site, 50)) };
    for range in [raw.range, raw.range.newest_first()] {
        let mut values = Values::default();
        let pages = session.history_raw(vec![speed()], RawHistory { range, ..raw }).unwrap();
        assert_eq!(read_all(pages, &mut values, 1).await.0, [NodeHistory::Complete]);
        let mut times = values.times();
        times.sort_unstable();
        assert_eq!(times.len(), 50);
        assert!(times.is_sorted_by(|a, b| b - a == PERIOD), "each value once");
    }
    let mut values = Values::default();
    let few = RawHistory { at_most: Some(20), ..raw };
    let (states, _) = read_all(session.history_raw(vec![speed()], few).unwrap(), &mut values, 1).await;
    assert_eq!((states, values.all.len()), (vec![NodeHistory::Enough], 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_is_none_is_our_own_mistake() {
    let site = Site::start().await;
    let session = site.connect().await;
    for range in [HistoryRange::between(20, 10), HistoryRange::between(0, 10)] {
        let error = session.history_raw(vec![speed()], RawHistory::new(range)).unwrap_err();
        assert!(matches!(error, Error::InvalidRequest(_)), "{error:?}");
    }
    assert!(session.history_at_times(vec![speed()], &[]).is_err());
}

//! HC-27, HC-30, HC-36 for history: one node's trouble is its own, and no server reads on for ever.

use ua_client::types::{
    ByteString, DataValue, DateTime, ExtensionObject, HistoryData, HistoryEvent, HistoryEventFieldList,
    HistoryReadRequest, HistoryReadResponse, HistoryReadResult, StatusCode, Variant,
};
use ua_client::{
    DataValueRef, Error, EventHistory, EventSelection, HistoryPages, HistoryRange, HistoryVisitor,
    NodeHistory, NodeId, RawHistory, Session, ValueRef,
};

use crate::server::*;

const BEGIN: i64 = 133_000_000_000_000_000;

fn serving(answer: impl Fn(&HistoryReadRequest) -> Vec<u8> + Send + Sync + 'static) -> Script {
    Script {
        service: Box::new(move |kind, body, honest| match kind {
            HISTORY_READ => Act::Answer(answer(&decode(body))),
            _ => honest.map_or(Act::Nothing, Act::Answer),
        }),
        ..Script::honest()
    }
}

fn values(times: impl IntoIterator<Item = i64>, point: &[u8]) -> HistoryReadResult {
    let values = times.into_iter().map(|time| DataValue {
        value: Some(Variant::Double(1.0)),
        source_timestamp: Some(DateTime::from(BEGIN + time)),
        ..Default::default()
    });
    HistoryReadResult {
        status_code: StatusCode::Good,
        continuation_point: ByteString::from(point.to_vec()),
        history_data: ExtensionObject::from_message(HistoryData { data_values: Some(values.collect()) }),
    }
}

fn answer(results: Vec<HistoryReadResult>) -> Vec<u8> {
    encode(&HistoryReadResponse { results: Some(results), ..Default::default() })
}

#[derive(Default)]
struct Count(Vec<usize>, usize);

impl HistoryVisitor for Count {
    fn begin_node(&mut self, node: usize, _: u32, _: Option<&[u8]>) {
        self.1 = node;
    }
    fn value(&mut self, _: &DataValueRef<'_>) {
        self.0.resize(self.0.len().max(self.1 + 1), 0);
        self.0[self.1] += 1;
    }
    fn unsupported(&mut self, _: u32) {}
    fn end_node(&mut self, _: usize) {}
}

fn begin(session: &Session, nodes: u32) -> HistoryPages {
    let nodes = (0..nodes).map(|id| NodeId::new(1, id)).collect();
    let raw = RawHistory::new(HistoryRange::between(BEGIN, BEGIN + 1_000_000));
    session.history_raw(nodes, raw).unwrap()
}

async fn read(session: &Session, nodes: u32) -> (Vec<NodeHistory>, Vec<usize>) {
    let mut pages = begin(session, nodes);
    let mut seen = Count(vec![0; nodes as usize], 0);
    let mut states = vec![NodeHistory::More; nodes as usize];
    while let Some(page) = pages.next_page(&mut seen).await.unwrap() {
        page.nodes.iter().for_each(|node| states[node.node] = node.state);
    }
    (states, seen.0)
}

fn has_thirteen(request: &HistoryReadRequest) -> bool {
    request.nodes_to_read.iter().flatten().any(|node| node.node_id == NodeId::new(1, 13))
}

#[tokio::test]
async fn history_that_cannot_be_read_spoils_one_node() {
    let script = serving(|request| {
        let nodes = request.nodes_to_read.as_ref().unwrap().len();
        let mut body = answer((0..nodes).map(|_| values([1, 2, 3], b"")).collect());
        if has_thirteen(request) {
            // the body of the thirteenth node's data says that it holds text of a gigabyte
            let place = request.nodes_to_read.iter().flatten().position(|n| n.node_id == NodeId::new(1, 13));
            let single = answer(vec![values([1, 2, 3], b"")]).len() - answer(vec![]).len();
            let first_value = answer(vec![]).len() - 4 + single * place.unwrap() + 4 + 4 + 4 + 1 + 4 + 4;
            body[first_value..first_value + 6].copy_from_slice(&[1, 12, 0, 0, 0, 0x40]);
        }
        body
    });
    let rogue = script.start().await;
    let session = rogue.connect().await.unwrap();
    let (states, seen) = read(&session, 25).await;
    for (node, state) in states.iter().enumerate() {
        let expected = if node == 13 { NodeHistory::Unreadable } else { NodeHistory::Complete };
        assert_eq!(*state, expected, "{node}");
        assert_eq!(seen[node], if node == 13 { 0 } else { 3 }, "{node}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_the_whole_request_because_of_one_node_is_asked_for_the_others() {
    let script = serving(|request| match has_thirteen(request) {
        true => fault(0x8072_0000),
        false => answer(request.nodes_to_read.iter().flatten().map(|_| values([1], b"")).collect()),
    });
    let rogue = script.start().await;
    let session = rogue.connect().await.unwrap();
    let (states, seen) = read(&session, 25).await;
    assert_eq!(states[13], NodeHistory::Refused { status: 0x8072_0000 });
    assert_eq!(states.iter().filter(|state| **state == NodeHistory::Complete).count(), 24);
    assert_eq!(seen.iter().sum::<usize>(), 24);
}

#[tokio::test]
async fn a_server_without_the_service_says_so_once() {
    let rogue = serving(|_| fault(0x800B_0000)).start().await;
    let session = rogue.connect().await.unwrap();
    let error = begin(&session, 25).next_page(&mut Count::default()).await.unwrap_err();
    assert!(matches!(error, Error::Service { status: 0x800B_0000, .. }), "{error:?}");
    assert_eq!(rogue.saw(HISTORY_READ), 1);
}

#[tokio::test]
async fn too_many_nodes_teach_the_limit() {
    let script = serving(|request| match request.nodes_to_read.as_ref().unwrap().len() {
        count @ 0..=3 => answer((0..count).map(|_| values([1], b"")).collect()),
        _ => fault(0x8010_0000),
    });
    let rogue = script.start().await;
    let session = rogue.connect().await.unwrap();
    assert_eq!(read(&session, 20).await.0, [NodeHistory::Complete; 20]);
    let asked = rogue.saw(HISTORY_READ);
    assert_eq!(read(&session, 20).await.0, [NodeHistory::Complete; 20]);
    assert_eq!(rogue.saw(HISTORY_READ) - asked, 7, "the limit is remembered");
}

#[tokio::test]
async fn results_that_are_more_or_fewer_than_the_questions_are_an_error() {
    for count in [0, 2, 5] {
        let rogue = serving(move |_| answer((0..count).map(|_| values([1], b"")).collect())).start().await;
        let session = rogue.connect().await.unwrap();
        let error = begin(&session, 3).next_page(&mut Count::default()).await.unwrap_err();
        assert!(matches!(error, Error::UnexpectedResponse { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn promises_without_end_are_given_up_and_given_back() {
    // the last time that was sent goes in the continuation point
    let sent = |request: &HistoryReadRequest| {
        let node = &request.nodes_to_read.as_ref().unwrap()[0];
        i64::from(node.continuation_point.as_ref().first().copied().unwrap_or(0))
    };
    type Next = fn(i64) -> Vec<i64>;
    let ways: [(&str, Next); 4] = [
        ("turn and turn about", |last| if last == 1 { vec![5, 6] } else { vec![1, 2, 3] }),
        ("beyond the end", |last| vec![2_000_000 + last, 2_000_001 + last]),
        ("back to the beginning", |last| vec![last % 7, last % 7 + 1]),
        ("nothing", |_| vec![]),
    ];
    for (name, next) in ways {
        let script = serving(move |request| {
            if request.release_continuation_points {
                return answer(vec![HistoryReadResult::default()]);
            }
            let last = sent(request);
            answer(vec![values(next(last), &[u8::try_from((last + 1) % 250).unwrap()])])
        });
        let rogue = script.start().await;
        let session = rogue.connect().await.unwrap();
        assert_eq!(read(&session, 1).await.0, [NodeHistory::Circles], "{name}");
        assert!(rogue.saw(HISTORY_READ) < 50, "{name}");
    }
}

/// One page of events, each with an id and a message.
fn events(ids: impl IntoIterator<Item = u32>, point: &[u8]) -> HistoryReadResult {
    let events = ids.into_iter().map(|id| HistoryEventFieldList {
        event_fields: Some(vec![Variant::UInt32(id), Variant::from("pump on")]),
    });
    HistoryReadResult {
        continuation_point: ByteString::from(point.to_vec()),
        history_data: ExtensionObject::from_message(HistoryEvent { events: Some(events.collect()) }),
        ..Default::default()
    }
}

#[derive(Default)]
struct Ids(Vec<u32>);

impl HistoryVisitor for Ids {
    fn begin_node(&mut self, _: usize, _: u32, _: Option<&[u8]>) {}
    fn value(&mut self, _: &DataValueRef<'_>) {
        panic!("events have no values");
    }
    fn event(&mut self, fields: &[ValueRef<'_>]) {
        let [ValueRef::UInt32(id), ValueRef::String("pump on")] = fields else { panic!("{fields:?}") };
        self.0.push(*id);
    }
    fn unsupported(&mut self, type_id: u32) {
        panic!("{type_id}");
    }
    fn end_node(&mut self, _: usize) {}
}

async fn read_events(session: &Session) -> (NodeHistory, Vec<u32>) {
    let range = HistoryRange::between(BEGIN, BEGIN + 1_000_000);
    let history = EventHistory::new(range, EventSelection::base().filter());
    let mut pages = session.history_events(vec![NodeId::new(1, 1)], &history).unwrap();
    let (mut state, mut ids) = (NodeHistory::More, Ids::default());
    while let Some(page) = pages.next_page(&mut ids).await.unwrap() {
        state = page.nodes[0].state;
    }
    (state, ids.0)
}

#[tokio::test]
async fn recorded_events_come_page_by_page_in_the_order_of_the_server() {
    let script = serving(|request| {
        let node = &request.nodes_to_read.as_ref().unwrap()[0];
        match node.continuation_point.as_ref() {
            [] => answer(vec![events([1, 2, 3], b"a")]),
            b"a" => answer(vec![events([], b"b")]),
            _ => answer(vec![events([4], b"")]),
        }
    });
    let rogue = script.start().await;
    let session = rogue.connect().await.unwrap();
    assert_eq!(read_events(&session).await, (NodeHistory::Complete, vec![1, 2, 3, 4]));
}

#[tokio::test]
async fn events_that_come_again_and_again_are_given_up() {
    let script = serving(|request| match request.release_continuation_points {
        true => answer(vec![HistoryReadResult::default()]),
        false => answer(vec![events([1, 2, 3], b"more")]),
    });
    let rogue = script.start().await;
    let session = rogue.connect().await.unwrap();
    assert_eq!(read_events(&session).await.0, NodeHistory::Circles);
    assert!(rogue.saw(HISTORY_READ) < 10);
}

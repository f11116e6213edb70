//! HC-27 to HC-39: what a session survives, and what it never does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ua_client::types::{
    BrowseNextRequest, BrowseNextResponse, BrowseRequest, BrowseResponse, BrowseResult, ByteString,
    DataChangeNotification, DataValue, ExtensionObject, MonitoredItemNotification, NotificationMessage,
    PublishRequest, PublishResponse, ReadRequest, ReadResponse, ReferenceDescription, RepublishResponse,
    StatusCode, TransferResult, TransferSubscriptionsResponse, Variant,
};
use ua_client::{
    AckToken, AttributeId, BrowseFilter, DataValueRef, Error, Missing, NodeId, NotificationVisitor,
    SubscriptionWatch, ValueRef,
};

use crate::server::*;

fn questions(count: u32) -> Vec<(NodeId, AttributeId)> {
    (0..count).map(|id| (NodeId::new(1, id), AttributeId::Value)).collect()
}

fn serving(service: impl Fn(u32, &[u8]) -> Option<Act> + Send + Sync + 'static) -> Script {
    Script {
        service: Box::new(move |kind, body, honest| {
            service(kind, body).unwrap_or_else(|| honest.map_or(Act::Nothing, Act::Answer))
        }),
        ..Script::honest()
    }
}

/// Spoils the answer to reads of the node 1:666 and answers other reads as it should.
fn spoiling(spoilt: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Script {
    serving(move |kind, body| {
        if kind != READ {
            return None;
        }
        let request: ReadRequest = decode(body);
        let nodes = request.nodes_to_read.unwrap();
        let results = nodes.iter().map(|_| DataValue::value_only(Variant::UInt32(5))).collect();
        let mut answer = encode(&ReadResponse { results: Some(results), ..Default::default() });
        if nodes.iter().any(|node| node.node_id == NodeId::new(1, 666)) {
            spoilt(&mut answer);
        }
        Some(Act::Answer(answer))
    })
}

/// A read response with one result whose bytes are given.
fn read_response_with(result: &[u8]) -> Vec<u8> {
    let mut body = encode(&ReadResponse { results: Some(vec![]), ..Default::default() });
    body.truncate(body.len() - 8);
    body.extend(1_i32.to_le_bytes());
    body.extend(result);
    body.extend((-1_i32).to_le_bytes());
    body
}

#[tokio::test]
async fn one_unreadable_value_harms_one_node() {
    let script = spoiling(|answer| answer.truncate(answer.len() - 6));
    let rogue = script.start().await;
    let session = rogue.connect().await.unwrap();
    let mut nodes = questions(100);
    nodes[37].0 = NodeId::new(1, 666);
    let values = session.read(&nodes).await.unwrap();
    let bad: Vec<usize> = (0..100).filter(|i| values[*i].status.is_some_and(|code| code.is_bad())).collect();
    assert_eq!(bad, [37]);
    assert_eq!(values[37].status, Some(StatusCode::BadDecodingError));
    assert_eq!(session.read(&questions(1)).await.unwrap()[0].value, Some(Variant::UInt32(5)));
}

#[tokio::test]
async fn values_that_lie_about_their_size_or_nest_without_end_fail_alone() {
    let lies: [Vec<u8>; 5] = [
        // arrays of 2 147 483 647, -2 and 4 294 967 294 numbers, with no bytes behind them
        [&[1, 0x87][..], &i32::MAX.to_le_bytes()].concat(),
        [&[1, 0x87][..], &(-2_i32).to_le_bytes()].concat(),
        [&[1, 0x8C][..], &0x7FFF_FFFE_u32.to_le_bytes(), b"abcdefghij"].concat(),
        // a text of a gigabyte
        [&[1, 0x0C][..], &0x4000_0000_u32.to_le_bytes()].concat(),
        // variants in variants, ten thousand deep
        [&[1][..], &[0x98, 1, 0, 0, 0].repeat(10_000)].concat(),
    ];
    for lie in lies {
        let rogue = spoiling(move |answer| *answer = read_response_with(&lie)).start().await;
        let session = rogue.connect().await.unwrap();
        let values = session.read(&[(NodeId::new(1, 666), AttributeId::Value)]).await.unwrap();
        assert_eq!(values[0].status, Some(StatusCode::BadDecodingError));
        assert_eq!(session.read(&questions(3)).await.unwrap().len(), 3, "the connection lives on");
    }
}

#[tokio::test]
async fn an_answer_of_another_kind_or_count_is_an_error_and_not_the_end() {
    for spoilt in [
        |answer: &mut Vec<u8>| *answer = encode(&BrowseResponse::default()),
        |answer: &mut Vec<u8>| *answer = encode(&ReadResponse::default()),
    ] {
        let rogue = spoiling(spoilt).start().await;
        let session = rogue.connect().await.unwrap();
        let answer = session.read(&[(NodeId::new(1, 666), AttributeId::Value)]).await;
        assert!(matches!(answer, Err(Error::UnexpectedResponse { service: "Read", .. })), "{answer:?}");
        assert_eq!(session.read(&questions(3)).await.unwrap().len(), 3);
    }
}

#[tokio::test]
async fn a_server_that_takes_fewer_nodes_than_it_says_is_learned_from() {
    let largest = Arc::new(AtomicUsize::new(0));
    let largest_seen = Arc::clone(&largest);
    let script = serving(move |kind, body| {
        let request: ReadRequest = (kind == READ).then(|| decode(body))?;
        let count = request.nodes_to_read.unwrap().len();
        if count > 100 {
            return Some(Act::Answer(fault(0x8010_0000)));
        }
        largest_seen.fetch_max(count, Ordering::SeqCst);
        None
    });
    let rogue = script.start().await;
    let session = rogue.connect().await.unwrap();
    assert_eq!(session.read(&questions(900)).await.unwrap().len(), 900);
    let asked = rogue.saw(READ);
    assert_eq!(session.read(&questions(900)).await.unwrap().len(), 900);
    assert!(largest.load(Ordering::SeqCst) > 50, "not smaller than needed");
    assert!(rogue.saw(READ) - asked <= 18, "the limit is remembered");
}

#[tokio::test]
async fn no_request_is_larger_than_the_server_takes() {
    let largest = Arc::new(AtomicUsize::new(0));
    let largest_seen = Arc::clone(&largest);
    let mut script = serving(move |kind, body| {
        if kind == READ {
            largest_seen.fetch_max(body.len(), Ordering::SeqCst);
        }
        None
    });
    script.created = Box::new(|response| response.max_request_message_size = 9000);
    let session = script.start().await.connect().await.unwrap();
    assert_eq!(session.read(&questions(1000)).await.unwrap().len(), 1000);
    assert!((4000..=9000).contains(&largest.load(Ordering::SeqCst)), "{largest:?}");
}

#[tokio::test]
async fn a_missing_answer_is_a_timeout_of_that_request_only() {
    let script = serving(|kind, body| {
        let request: ReadRequest = (kind == READ).then(|| decode(body))?;
        (request.nodes_to_read?[0].node_id == NodeId::new(1, 666)).then_some(Act::Nothing)
    });
    let rogue = script.start().await;
    let session = rogue.connect().await.unwrap();
    let begun = Instant::now();
    let answer = session.read(&[(NodeId::new(1, 666), AttributeId::Value)]).await;
    assert!(matches!(answer, Err(Error::Timeout { what: "Read", after: REQUEST_TIMEOUT })), "{answer:?}");
    assert!(begun.elapsed() >= REQUEST_TIMEOUT);
    assert_eq!(session.read(&questions(3)).await.unwrap().len(), 3);
}

/// The channel has room for 1024 unanswered requests, and a full one would refuse everything for ever.
#[tokio::test]
async fn a_server_that_owes_hundreds_of_answers_is_left() {
    let silent = serving(|kind, body| {
        let request: ReadRequest = (kind == READ).then(|| decode(body))?;
        (request.nodes_to_read?[0].node_id == NodeId::new(1, 666)).then_some(Act::Nothing)
    });
    let session = silent.start().await.connect().await.unwrap();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..300 {
        let session = session.clone();
        asking.spawn(async move { session.read(&[(NodeId::new(1, 666), AttributeId::Value)]).await });
    }
    let end = session.closed().await;
    assert!(matches!(end, Error::Unanswered { requests: 257..=300 }), "{end:?}");
    while let Some(answer) = asking.join_next().await {
        let answer = answer.unwrap();
        assert!(matches!(answer, Err(Error::Timeout { .. } | Error::Unanswered { .. })), "{answer:?}");
    }
    assert!(matches!(session.read(&questions(1)).await, Err(Error::Unanswered { .. })));
}

#[tokio::test]
async fn a_connection_that_breaks_tells_everybody_who_waits() {
    let script = serving(|kind, body| {
        let request: ReadRequest = (kind == READ).then(|| decode(body))?;
        (request.nodes_to_read?[0].node_id == NodeId::new(1, 666)).then_some(Act::HangUp)
    });
    let session = script.start().await.connect().await.unwrap();
    let end = session.clone();
    let waiting = tokio::spawn(async move { end.closed().await });
    let answer = session.read(&[(NodeId::new(1, 666), AttributeId::Value)]).await;
    assert!(matches!(answer, Err(Error::ConnectionLost { .. })), "{answer:?}");
    assert!(matches!(waiting.await.unwrap(), Error::ConnectionLost { .. }));
    assert!(matches!(session.read(&questions(1)).await, Err(Error::ConnectionLost { .. })));
}

#[tokio::test]
async fn a_session_moves_to_a_new_connection_after_a_cut() {
    let script = serving(|kind, body| {
        let request: ReadRequest = (kind == READ).then(|| decode(body))?;
        (request.nodes_to_read?[0].node_id == NodeId::new(1, 666)).then_some(Act::HangUp)
    });
    let rogue = script.start().await;
    let session = rogue.connect().await.unwrap();
    session.read(&[(NodeId::new(1, 666), AttributeId::Value)]).await.expect_err("the cut");
    session.resume().await.unwrap();
    assert_eq!(session.read(&questions(3)).await.unwrap().len(), 3);
    assert_eq!((rogue.saw(CREATE_SESSION), rogue.saw(ACTIVATE_SESSION)), (1, 2));
}

fn references(count: usize) -> Option<Vec<ReferenceDescription>> {
    Some(vec![ReferenceDescription::default(); count])
}

#[tokio::test]
async fn continuation_points_are_followed_to_their_end() {
    let script = serving(|kind, body| match kind {
        BROWSE => {
            let request: BrowseRequest = decode(body);
            let results = request.nodes_to_browse?.into_iter().map(|_| BrowseResult {
                continuation_point: ByteString::from(vec![3]),
                references: references(2),
                ..Default::default()
            });
            Some(Act::Answer(encode(&BrowseResponse {
                results: Some(results.collect()),
                ..Default::default()
            })))
        }
        BROWSE_NEXT => {
            let request: BrowseNextRequest = decode(body);
            let results = request.continuation_points?.into_iter().map(|point| BrowseResult {
                continuation_point: match point.as_ref() {
                    [1] => ByteString::null(),
                    left => ByteString::from(vec![left[0] - 1]),
                },
                references: references(1),
                ..Default::default()
            });
            Some(Act::Answer(encode(&BrowseNextResponse {
                results: Some(results.collect()),
                ..Default::default()
            })))
        }
        _ => None,
    });
    let session = script.start().await.connect().await.unwrap();
    let nodes = [NodeId::new(1, 1), NodeId::new(1, 2)];
    let found = session.browse(&nodes, &BrowseFilter::default()).await.unwrap();
    assert_eq!(found.iter().map(|found| found.as_ref().unwrap().len()).collect::<Vec<_>>(), [5, 5]);
}

#[tokio::test]
async fn references_without_end_fail_the_node_and_the_continuation_point_is_given_back() {
    let released = Arc::new(AtomicUsize::new(0));
    let gave_back = Arc::clone(&released);
    let endless = BrowseResult {
        continuation_point: ByteString::from(vec![1]),
        references: references(10),
        ..Default::default()
    };
    let script = serving(move |kind, body| match kind {
        BROWSE => {
            let results = Some(vec![endless.clone()]);
            Some(Act::Answer(encode(&BrowseResponse { results, ..Default::default() })))
        }
        BROWSE_NEXT => {
            let request: BrowseNextRequest = decode(body);
            gave_back.fetch_add(usize::from(request.release_continuation_points), Ordering::SeqCst);
            let results = Some(vec![endless.clone()]);
            Some(Act::Answer(encode(&BrowseNextResponse { results, ..Default::default() })))
        }
        _ => None,
    });
    let session = script.start().await.connect().await.unwrap();
    let filter = BrowseFilter { max_references_per_node: 1000, ..Default::default() };
    let found = session.browse(&[NodeId::new(1, 1)], &filter).await.unwrap();
    assert_eq!(found, [Err(StatusCode::BadEncodingLimitsExceeded.bits())]);
    assert_eq!(released.load(Ordering::SeqCst), 1);
}

/// A message with one value, which is its own number.
fn message(sequence_number: u32) -> NotificationMessage {
    let item = MonitoredItemNotification {
        client_handle: 1,
        value: DataValue::value_only(Variant::UInt32(sequence_number)),
    };
    let change = DataChangeNotification { monitored_items: Some(vec![item]), diagnostic_infos: None };
    NotificationMessage {
        sequence_number,
        notification_data: Some(vec![ExtensionObject::from_message(change)]),
        ..Default::default()
    }
}

fn publish_response(notification_message: NotificationMessage) -> Act {
    Act::Answer(encode(&PublishResponse { subscription_id: 9, notification_message, ..Default::default() }))
}

/// Answers publish requests with these messages, one each, and keeps the acknowledgements it got.
fn publishing(numbers: Vec<u32>, acknowledged: Arc<Mutex<Vec<u32>>>) -> Script {
    let numbers = Mutex::new(numbers.into_iter());
    serving(move |kind, body| {
        let request: PublishRequest = (kind == PUBLISH).then(|| decode(body))?;
        let acknowledgements = request.subscription_acknowledgements.into_iter().flatten();
        acknowledged.lock().unwrap().extend(acknowledgements.map(|ack| ack.sequence_number));
        Some(numbers.lock().unwrap().next().map_or(Act::Nothing, |number| publish_response(message(number))))
    })
}

const WATCH: SubscriptionWatch =
    SubscriptionWatch { id: 9, keep_alive: Duration::from_secs(60), last_sequence: Some(0) };

#[derive(Default)]
struct Values(Vec<u32>);

impl NotificationVisitor for Values {
    fn data_change(&mut self, _: u32, value: &DataValueRef<'_>) {
        if let ValueRef::UInt32(number) = value.value {
            self.0.push(number);
        }
    }
    fn status_change(&mut self, _: u32) {}
    fn unsupported(&mut self, _: u32) {}
}

#[tokio::test]
async fn nothing_is_acknowledged_unless_the_caller_says_so() {
    let acknowledged = Arc::default();
    let rogue = publishing(vec![1, 2, 3, 4], Arc::clone(&acknowledged)).start().await;
    let session = rogue.connect().await.unwrap();
    session.start_publishing(&[WATCH], 1).await.unwrap();
    let first = session.next_publish().await.unwrap();
    session.next_publish().await.unwrap();
    session.acknowledge(first.token());
    session.next_publish().await.unwrap();
    session.next_publish().await.unwrap();
    session.close().await.unwrap();
    assert_eq!(*acknowledged.lock().unwrap(), [1], "only what the caller named");
}

#[tokio::test]
async fn values_come_in_order_and_holes_are_named() {
    let rogue = publishing(vec![1, 2, 5, 6, 6], Arc::default()).start().await;
    let session = rogue.connect().await.unwrap();
    session.start_publishing(&[WATCH], 3).await.unwrap();
    let mut values = Values::default();
    let mut missing = Vec::new();
    let mut repeated = Vec::new();
    for _ in 0..5 {
        let delivery = session.next_publish().await.unwrap();
        delivery.walk(&mut values).unwrap();
        missing.extend(delivery.missing());
        repeated.push(delivery.is_repeated());
    }
    assert_eq!(values.0, [1, 2, 5, 6, 6]);
    assert_eq!(missing, [Missing { first: 3, last: 4 }]);
    assert_eq!(repeated, [false, false, false, false, true]);
}

#[tokio::test]
async fn the_wanted_number_of_publish_requests_is_kept_at_the_server() {
    let rogue = publishing(vec![1, 2], Arc::default()).start().await;
    let session = rogue.connect().await.unwrap();
    session.start_publishing(&[WATCH], 4).await.unwrap();
    session.next_publish().await.unwrap();
    session.next_publish().await.unwrap();
    // Any answer shows that the server has read everything before it.
    session.read(&questions(1)).await.unwrap();
    assert_eq!(rogue.saw(PUBLISH), 2 + 4);
}

#[tokio::test]
async fn a_server_that_takes_fewer_publish_requests_is_believed() {
    let count = AtomicUsize::new(0);
    let script = serving(move |kind, _| {
        (kind == PUBLISH).then(|| match count.fetch_add(1, Ordering::SeqCst) {
            0 => Act::Answer(fault(0x8078_0000)),
            1 => publish_response(message(1)),
            _ => Act::Nothing,
        })
    });
    let session = script.start().await.connect().await.unwrap();
    session.start_publishing(&[WATCH], 3).await.unwrap();
    assert_eq!(session.next_publish().await.unwrap().summary().sequence_number, 1);
}

#[tokio::test]
async fn a_silent_subscription_is_reported() {
    let rogue = publishing(vec![], Arc::default()).start().await;
    let session = rogue.connect().await.unwrap();
    let watch = SubscriptionWatch { keep_alive: Duration::from_millis(1), ..WATCH };
    session.start_publishing(&[watch], 1).await.unwrap();
    let end = session.next_publish().await;
    assert!(matches!(end, Err(Error::PublishSilent { subscription_id: 9, .. })), "{end:?}");
}

#[tokio::test]
async fn a_wait_that_is_given_up_while_the_session_moves_by_itself_loses_nothing() {
    const TRANSFER: u32 = 841;
    // the subscription was taken over, and speaks only to a session that was activated once more
    let (activations, moving) = (Arc::new(AtomicUsize::new(0)), Arc::new(tokio::sync::Notify::new()));
    let (seen, reached) = (Arc::clone(&activations), Arc::clone(&moving));
    let script = serving(move |kind, _| match kind {
        TRANSFER => Some(Act::Answer(encode(&TransferSubscriptionsResponse {
            results: Some(vec![TransferResult::default()]),
            ..Default::default()
        }))),
        ACTIVATE_SESSION => {
            if seen.fetch_add(1, Ordering::SeqCst) == 1 {
                reached.notify_one();
            }
            None
        }
        PUBLISH if activations.load(Ordering::SeqCst) == 2 => Some(publish_response(message(1))),
        PUBLISH => Some(Act::Nothing),
        _ => None,
    });
    let rogue = script.start().await;
    let session = rogue.connect().await.unwrap();
    session.transfer_subscriptions(&[9]).await.unwrap();
    let watch = SubscriptionWatch { keep_alive: Duration::from_millis(1), ..WATCH };
    session.start_publishing(&[watch], 1).await.unwrap();
    // the server has the request that moves the session, and its answer finds nobody who waits
    tokio::select! {
        biased;
        () = moving.notified() => {}
        early = session.next_publish() => panic!("{early:?}"),
    }
    let delivery = session.next_publish().await.unwrap();
    assert_eq!(delivery.summary().sequence_number, 1);
    assert_eq!((rogue.saw(CREATE_SESSION), rogue.saw(ACTIVATE_SESSION)), (1, 2));
    assert_eq!(session.read(&questions(1)).await.unwrap().len(), 1, "and the session is whole");
}

#[tokio::test]
async fn a_republished_message_with_another_number_is_not_believed() {
    let script = serving(|kind, _| {
        let response = RepublishResponse { notification_message: message(4), ..Default::default() };
        (kind == REPUBLISH).then(|| Act::Answer(encode(&response)))
    });
    let session = script.start().await.connect().await.unwrap();
    let mut values = Values::default();
    let right = session.republish(9, 4).await.unwrap();
    right.walk(&mut values).unwrap();
    assert_eq!((values.0, right.token()), (vec![4], AckToken::new(9, 4)));
    let wrong = session.republish(9, 3).await;
    assert!(matches!(wrong, Err(Error::Service { status: 0x807B_0000, .. })), "{wrong:?}");
}

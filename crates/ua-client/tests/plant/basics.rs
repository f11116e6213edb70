//! Reading, browsing and subscribing: counters that step by one show every lost value.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plant::Practice;
use ua_client::types::{NodeClass, ObjectId};
use ua_client::{
    AttributeId, BrowseFilter, DataValueRef, Error, ItemRequest, Login, NodeId, NotificationVisitor, Session,
    SubscriptionInfo, SubscriptionRequest, SubscriptionWatch, ValueRef, connect,
};
use ua_pki::Store;

use crate::site::{COUNTERS, PERIOD, Site, identity};

/// All variables below Objects whose name begins with `Counter`.
async fn counters(session: &Session) -> Vec<NodeId> {
    let mut found = Vec::new();
    let mut level = vec![NodeId::from(ObjectId::ObjectsFolder)];
    for _ in 0..8 {
        let browsed = session.browse(&level, &BrowseFilter::default()).await.unwrap();
        let references: Vec<_> = browsed.into_iter().flat_map(Result::unwrap).collect();
        let is_counter = |name: &str| name.starts_with("Counter0");
        found.extend(
            references
                .iter()
                .filter(|r| r.node_class == NodeClass::Variable && is_counter(r.browse_name.name.as_ref()))
                .map(|r| r.node_id.node_id.clone()),
        );
        level = references.into_iter().map(|r| r.node_id.node_id).filter(|node| node.namespace > 1).collect();
    }
    found.sort_by_key(ToString::to_string);
    found.dedup();
    assert_eq!(found.len(), COUNTERS);
    found
}

pub async fn subscribe(session: &Session) -> SubscriptionInfo {
    let request = SubscriptionRequest {
        publishing_interval: Duration::from_millis(100),
        lifetime_count: 300,
        keep_alive_count: 20,
        max_notifications_per_publish: 0,
        priority: 0,
    };
    let info = session.create_subscription(request).await.unwrap();
    let items: Vec<ItemRequest> = (0_u32..)
        .zip(counters(session).await)
        .map(|(client_handle, node)| ItemRequest {
            node,
            client_handle,
            sampling_interval: PERIOD / 5,
            queue_size: 1000,
            discard_oldest: true,
        })
        .collect();
    for made in session.create_monitored_items(info.id, &items).await.unwrap() {
        made.unwrap();
    }
    info
}

/// Every value of every counter, in the order of arrival.
#[derive(Default)]
pub struct Seen(BTreeMap<u32, Vec<i64>>);

impl NotificationVisitor for Seen {
    fn data_change(&mut self, client_handle: u32, value: &DataValueRef<'_>) {
        let ValueRef::Int64(value) = value.value else { panic!("a counter has the value {value:?}") };
        self.0.entry(client_handle).or_default().push(value);
    }
    fn status_change(&mut self, status: u32) {
        panic!("the subscription changed its status to {status:#X}");
    }
    fn unsupported(&mut self, type_id: u32) {
        panic!("unexpected data of type {type_id}");
    }
}

impl Seen {
    /// No counter may have skipped or repeated a value.
    pub fn assert_complete(&self, at_least: usize) {
        assert_eq!(self.0.len(), COUNTERS);
        for (handle, values) in &self.0 {
            assert!(values.len() >= at_least, "counter {handle} has only {} values", values.len());
            assert!(values.is_sorted_by(|a, b| *b == a + 1), "counter {handle} has a hole: {values:?}");
        }
    }
}

async fn collect(session: &Session, seen: &mut Seen, time: Duration) -> u32 {
    let begun = Instant::now();
    let mut last = 0;
    while begun.elapsed() < time {
        let delivery = session.next_publish().await.unwrap();
        assert_eq!((delivery.missing(), delivery.is_repeated()), (None, false));
        let summary = delivery.walk(seen).unwrap();
        assert!(summary.results.iter().all(|result| *result == 0), "{:?}", summary.results);
        if !summary.keep_alive {
            last = summary.sequence_number;
        }
        session.acknowledge(delivery.token());
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn values_arrive_complete_and_in_order() {
    let site = Site::start().await;
    let session = site.connect().await;
    let info = subscribe(&session).await;
    session.start_publishing(&[SubscriptionWatch::from(&info)], 3).await.unwrap();
    let mut seen = Seen::default();
    collect(&session, &mut seen, Duration::from_secs(2)).await;
    seen.assert_complete(20);
    session.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_process_takes_a_subscription_over_without_losing_a_value() {
    let site = Site::start().await;
    let first = site.connect().await;
    let info = subscribe(&first).await;
    first.start_publishing(&[SubscriptionWatch::from(&info)], 3).await.unwrap();
    let mut seen = Seen::default();
    let stored = collect(&first, &mut seen, Duration::from_secs(1)).await;
    // These are delivered, but their receiver dies before it has stored them.
    for _ in 0..3 {
        first.next_publish().await.unwrap().walk(&mut Seen::default()).unwrap();
    }
    drop(first);

    let second = site.connect().await;
    let transferred = second.transfer_subscriptions(&[info.id]).await.unwrap();
    let available = transferred[0].clone().expect("the same user takes it over");
    let mut last = stored;
    for sequence_number in available {
        let message = second.republish(info.id, sequence_number).await.unwrap();
        if sequence_number > stored {
            message.walk(&mut seen).unwrap();
            last = last.max(sequence_number);
        }
        second.acknowledge(message.token());
    }
    let watch = SubscriptionWatch { last_sequence: Some(last), ..SubscriptionWatch::from(&info) };
    second.start_publishing(&[watch], 3).await.unwrap();
    collect(&second, &mut seen, Duration::from_secs(1)).await;
    seen.assert_complete(30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_moves_to_another_connection_loses_no_value() {
    let site = Site::start().await;
    let session = site.connect().await;
    let info = subscribe(&session).await;
    session.start_publishing(&[SubscriptionWatch::from(&info)], 3).await.unwrap();
    let mut seen = Seen::default();
    collect(&session, &mut seen, Duration::from_secs(1)).await;
    session.resume().await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(1) {
        let delivery = session.next_publish().await.unwrap();
        for sequence_number in delivery.missing().into_iter().flat_map(|missing| missing.numbers()) {
            session.republish(info.id, sequence_number).await.unwrap().walk(&mut seen).unwrap();
        }
        delivery.walk(&mut seen).unwrap();
        session.acknowledge(delivery.token());
    }
    seen.assert_complete(30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_a_refused_login() {
    let site = Site::start().await;
    let error = connect(site.request("wrong").await).await.expect_err("the password is wrong");
    assert!(matches!(error, Error::LoginRefused { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_a_certificate_is_let_in_once_the_server_trusts_that_user() {
    let folder = tempfile::tempdir().unwrap();
    let user_certificates = Some(folder.path().to_owned());
    let site = Site::start_to_practise(Practice { user_certificates, ..Practice::default() }).await;
    let user = identity("person", "urn:localhost:person");
    let mut request = site.request("").await;
    request.login = Login::Certificate { user: Arc::clone(&user) };
    let error = connect(request.clone()).await.expect_err("nobody knows this user");
    assert!(matches!(error, Error::LoginRefused { .. }), "{error:?}");
    let users = Store::open(folder.path()).unwrap();
    let thumbprint = user.certificate().thumbprint().to_string();
    users.accept(&thumbprint.parse().unwrap()).expect("the server kept the user's certificate");
    let session = connect(request).await.expect("trusted now");
    // and again on another channel, with another nonce to sign
    session.resume().await.unwrap();
    session.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_trust_us_yet_lets_us_in_once_it_does() {
    let site = Site::start().await;
    let store = Store::open(site.server.path()).unwrap();
    let us = site.own.certificate().thumbprint().to_string().parse().unwrap();
    store.remove(&us).unwrap();
    let request = site.request("secret").await;
    let error = connect(request.clone()).await.expect_err("it does not know us");
    assert!(error.server_does_not_trust_us(), "{error:?}");
    store.accept(&us).expect("the server kept our certificate for its administrator");
    connect(request).await.expect("trusted now");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_below_objects_can_be_browsed_and_read() {
    let site = Site::start().await;
    let session = site.connect().await;
    let namespaces = session.namespaces().await.unwrap();
    assert_eq!(namespaces.uri(0), Some(ua_client::UA_NAMESPACE));
    let nodes = counters(&session).await;
    let questions: Vec<_> = nodes.iter().map(|node| (node.clone(), AttributeId::Value)).collect();
    for value in session.read(&questions).await.unwrap() {
        assert!(value.value.is_some() && value.source_timestamp.is_some(), "{value:?}");
    }
    let nothing = session.read(&[(NodeId::new(2, "no such node"), AttributeId::Value)]).await.unwrap();
    assert!(nothing[0].status.is_some_and(|code| code.is_bad()));
    let nowhere = session.browse(&[NodeId::new(2, "no such node")], &BrowseFilter::default()).await.unwrap();
    assert!(nowhere[0].is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_are_not_kept_come_in_order_and_as_those_that_are() {
    const MANY: usize = 25_000;
    let site = Site::start().await;
    let session = site.connect().await;
    let nodes = counters(&session).await;
    // names do not change between two readings
    let named = nodes.iter().cycle().map(|node| (node.clone(), AttributeId::BrowseName));
    let mut questions: Vec<_> = named.take(MANY).collect();
    questions.push((NodeId::new(2, "no such node"), AttributeId::Value));
    let kept = session.read(&questions).await.unwrap();
    let mut handed = Vec::new();
    session
        .read_each(&questions, |place, value| handed.push((place, ua_client::to_data_value(value).unwrap())))
        .await
        .unwrap();
    assert_eq!(handed.len(), MANY + 1);
    for (expected, ((place, value), kept)) in handed.iter().zip(&kept).enumerate() {
        assert_eq!((*place, &value.value), (expected, &kept.value));
    }
    assert!(handed[MANY].1.status.is_some_and(|code| code.is_bad()));
}

//! The engine over simulated time.

use std::sync::Arc;

use opcua_types::{
    BinaryDecodable, ContextOwned, DataChangeNotification, MonitoringMode, NodeId, PublishResponse,
    ServiceFault, StatusChangeNotification, StatusCode, Variant,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::{
    TICKS_PER_MS,
    access::{Grant, Identity, Login, Role},
    address_space::test_index,
    events::Event,
    limits::Limits,
    values::{Sample, Slot, Ticks, Value},
    wire::Stamps,
};

const ME: SessionKey = SessionKey(1);
const SOMEBODY: SessionKey = SessionKey(2);

/// Every slot shows the millisecond it is asked for, so that each sample is a change.
struct Milliseconds;

impl EventSampler for Milliseconds {
    fn events(&self, _: Ticks, _: Ticks, _: &mut dyn FnMut(&Event)) {}

    fn may_receive(&self, _: Grant, _: &Event) -> bool {
        true
    }
}

impl Sampler for Milliseconds {
    fn live(&self, slots: &[Slot], at: Ticks, visit: &mut dyn FnMut(usize, Sample)) {
        for index in 0..slots.len() {
            visit(index, Sample::good(Value::Int64(at / TICKS_PER_MS), at));
        }
    }

    fn polled(&self, _: Grant, _watched: Watched, at: Ticks) -> Sample {
        Sample::good(Value::Int64(at / TICKS_PER_MS), at)
    }

    /// Observers may read.
    fn denied(&self, grant: Grant, _: Watched) -> Option<StatusCode> {
        (!grant.roles.contains(Role::Observer)).then_some(StatusCode::BadUserAccessDenied)
    }
}

struct Rig {
    engine: Engine,
    now: Ticks,
    to: UnboundedSender<Answer>,
    from: UnboundedReceiver<Answer>,
    requests: u32,
}

enum Said {
    Values { sequence: u32, values: Vec<i64>, more: bool, available: Vec<u32> },
    KeepAlive { sequence: u32 },
    Status(StatusCode),
    Fault(StatusCode),
}

impl Rig {
    /// The status of each value that waits in the queue of the first item.
    fn queued(&self, subscription: u32) -> Vec<u32> {
        let item = self.engine.item(ME, subscription, 1).unwrap();
        item.queue.iter().map(|queued| queued.sample.status).collect()
    }

    fn new(limits: Limits) -> Self {
        let (to, from) = unbounded_channel();
        Self { engine: Engine::new(limits, 1), now: 1_000_000 * TICKS_PER_MS, to, from, requests: 0 }
    }

    fn subscribe(&mut self, keep_alive_count: u32, lifetime_count: u32, max_notifications: u32) -> u32 {
        let interval = 100 * TICKS_PER_MS;
        let settings = SubscriptionSettings {
            interval,
            lifetime_count,
            keep_alive_count,
            max_notifications,
            priority: 0,
        };
        self.engine.create_subscription(ME, owner("me"), settings, self.now).unwrap()
    }

    fn watch(&mut self, subscription: u32, interval_ms: Ticks, queue_size: u32) -> u32 {
        let new = NewItem {
            watched: Watched { node: test_index(0), attribute: 13 },
            feed: Feed::Live(Slot(0)),
            settings: ItemSettings {
                client_handle: 1,
                interval: interval_ms * TICKS_PER_MS,
                queue_size,
                discard_oldest: true,
                filter: ChangeFilter::STATUS_VALUE,
                stamps: Stamps { source: true, server: true },
            },
            mode: MonitoringMode::Reporting,
        };
        self.engine.create_item(ME, subscription, new, self.now, &Milliseconds).unwrap()
    }

    fn publish(&mut self, session: SessionKey, acknowledgements: Vec<Acknowledgement>) {
        self.requests += 1;
        let reply = Reply {
            channel: 1,
            request_id: self.requests,
            request_handle: self.requests,
            to: self.to.clone(),
        };
        let request = PublishRequest { reply, expires: 0, acknowledgements };
        self.engine.publish(session, request, self.now);
    }

    /// Lets time pass, always to the next deadline of the engine.
    fn pass(&mut self, ms: Ticks) {
        let end = self.now + ms * TICKS_PER_MS;
        while let Some(next) = self.engine.poll_timeout().filter(|next| *next <= end) {
            assert!(next >= self.now, "a deadline in the past is a busy loop");
            self.now = next;
            self.engine.handle_timeout(next, &Milliseconds);
        }
        self.now = end;
    }

    fn heard(&mut self) -> Option<Said> {
        let answer = self.from.try_recv().ok()?;
        let context = ContextOwned::default();
        let context = context.context();
        let mut rest = answer.body.as_slice();
        let id = NodeId::decode(&mut rest, &context).unwrap();
        if id == NodeId::new(0, 397_u32) {
            let fault = ServiceFault::decode(&mut rest, &context).unwrap();
            return Some(Said::Fault(fault.response_header.service_result));
        }
        let response = PublishResponse::decode(&mut rest, &context).unwrap();
        assert!(rest.is_empty());
        let sequence = response.notification_message.sequence_number;
        let Some(data) = response.notification_message.notification_data.unwrap_or_default().pop() else {
            return Some(Said::KeepAlive { sequence });
        };
        if let Some(change) = data.inner_as::<StatusChangeNotification>() {
            return Some(Said::Status(change.status));
        }
        let items = data.inner_as::<DataChangeNotification>().unwrap().monitored_items.clone().unwrap();
        let number = |value: Option<Variant>| match value {
            Some(Variant::Int64(number)) => number,
            other => panic!("{other:?}"),
        };
        Some(Said::Values {
            sequence,
            values: items.into_iter().map(|item| number(item.value.value)).collect(),
            more: response.more_notifications,
            available: response.available_sequence_numbers.unwrap_or_default(),
        })
    }

    fn values(&mut self) -> (u32, Vec<i64>) {
        match self.heard() {
            Some(Said::Values { sequence, values, .. }) => (sequence, values),
            Some(Said::KeepAlive { .. }) => panic!("a keep-alive"),
            Some(Said::Status(status) | Said::Fault(status)) => panic!("{status}"),
            None => panic!("silence"),
        }
    }
}

fn grant(roles: impl IntoIterator<Item = Role>) -> Grant {
    Grant { roles: roles.into_iter().collect(), mode: ua_channel::MessageSecurityMode::SignAndEncrypt }
}

fn owner(user: &str) -> Owner {
    let login = Login::Password(user.into());
    Owner {
        user: Some(Arc::from(user)),
        application: Some([1; 32]),
        identity: Arc::new(Identity { login, application: None }),
        grant: grant([Role::Observer]),
    }
}

#[test]
fn a_server_that_was_held_up_asks_for_the_instants_it_missed() {
    let mut rig = Rig::new(Limits::default());
    let subscription = rig.subscribe(10, 1000, 1000);
    rig.watch(subscription, 10, 1000);
    rig.publish(ME, vec![]);
    // two seconds in which the process got no time
    rig.now += 2_000 * TICKS_PER_MS;
    rig.engine.handle_timeout(rig.now, &Milliseconds);
    let (_, values) = rig.values();
    assert_eq!(values, (0..=200).map(|step| 1_000_000 + step * 10).collect::<Vec<_>>());
}

#[test]
fn a_silent_subscription_speaks_first_after_one_interval_and_then_at_its_keep_alive() {
    let mut rig = Rig::new(Limits::default());
    rig.subscribe(5, 1000, 1000);
    for _ in 0..3 {
        rig.publish(ME, vec![]);
    }
    rig.pass(99);
    assert!(rig.heard().is_none());
    rig.pass(1);
    assert!(matches!(rig.heard(), Some(Said::KeepAlive { sequence: 1 })));
    rig.pass(499);
    assert!(rig.heard().is_none());
    rig.pass(1);
    assert!(matches!(rig.heard(), Some(Said::KeepAlive { sequence: 1 })));
}

#[test]
fn a_message_takes_no_more_than_was_asked_for_and_says_that_there_is_more() {
    let mut rig = Rig::new(Limits::default());
    let subscription = rig.subscribe(10, 1000, 4);
    rig.watch(subscription, 10, 1000);
    rig.pass(95);
    rig.publish(ME, vec![]);
    rig.publish(ME, vec![]);
    rig.publish(ME, vec![]);
    rig.pass(5);
    let mut all = Vec::new();
    for expected in [(1, true), (2, true), (3, false)] {
        let Some(Said::Values { sequence, values, more, available }) = rig.heard() else {
            panic!("no values")
        };
        assert_eq!((sequence, more), expected);
        assert_eq!(available, (1..=sequence).collect::<Vec<_>>());
        all.extend(values);
    }
    assert_eq!(all, (0..=10).map(|step| 1_000_000 + step * 10).collect::<Vec<_>>());
}

#[test]
fn a_message_can_be_fetched_again_until_it_is_acknowledged() {
    let mut rig = Rig::new(Limits::default());
    let subscription = rig.subscribe(10, 1000, 1000);
    rig.watch(subscription, 50, 10);
    rig.publish(ME, vec![]);
    rig.pass(100);
    let (sequence, _) = rig.values();
    assert!(rig.engine.republish(ME, subscription, sequence, rig.now, 1).is_ok());
    rig.publish(ME, vec![Acknowledgement { subscription, sequence }]);
    let gone = rig.engine.republish(ME, subscription, sequence, rig.now, 1);
    assert_eq!(gone, Err(StatusCode::BadMessageNotAvailable));
}

#[test]
fn nobody_else_can_fetch_acknowledge_or_delete_what_is_not_theirs() {
    let mut rig = Rig::new(Limits::default());
    let subscription = rig.subscribe(10, 1000, 1000);
    rig.watch(subscription, 50, 10);
    rig.publish(ME, vec![]);
    rig.pass(100);
    let (sequence, _) = rig.values();
    let foreign = rig.engine.republish(SOMEBODY, subscription, sequence, rig.now, 1);
    assert_eq!(foreign, Err(StatusCode::BadSubscriptionIdInvalid));
    rig.publish(SOMEBODY, vec![Acknowledgement { subscription, sequence }]);
    assert_eq!(
        rig.engine.delete_subscription(SOMEBODY, subscription, rig.now),
        StatusCode::BadSubscriptionIdInvalid
    );
    let refused =
        rig.engine.transfer(SOMEBODY, &owner("somebody"), subscription, false, &Milliseconds, rig.now);
    assert_eq!(refused, Err(StatusCode::BadUserAccessDenied));
    let unsecured = Owner { application: None, ..owner("me") };
    let refused = rig.engine.transfer(SOMEBODY, &unsecured, subscription, false, &Milliseconds, rig.now);
    assert_eq!(refused, Err(StatusCode::BadUserAccessDenied));
    assert!(rig.engine.republish(ME, subscription, sequence, rig.now, 1).is_ok());
}

#[test]
fn a_subscription_that_is_taken_over_goes_on_where_it_was_and_tells_its_old_session() {
    let mut rig = Rig::new(Limits::default());
    let subscription = rig.subscribe(10, 1000, 1000);
    rig.watch(subscription, 50, 1000);
    rig.publish(ME, vec![]);
    rig.pass(100);
    let (sequence, mut values) = rig.values();
    rig.publish(ME, vec![]);
    let available =
        rig.engine.transfer(SOMEBODY, &owner("me"), subscription, false, &Milliseconds, rig.now).unwrap();
    assert_eq!(available, [sequence]);
    assert!(matches!(rig.heard(), Some(Said::Status(StatusCode::GoodSubscriptionTransferred))));
    rig.pass(1_000);
    rig.publish(SOMEBODY, vec![]);
    let (next, rest) = rig.values();
    assert_eq!(next, sequence + 1);
    values.extend(rest);
    assert_eq!(values, (0..=22).map(|step| 1_000_000 + step * 50).collect::<Vec<_>>());
}

#[test]
fn a_subscription_without_a_session_lives_for_its_lifetime_and_not_longer() {
    let mut rig = Rig::new(Limits::default());
    let subscription = rig.subscribe(1, 10, 1000);
    rig.engine.leave(ME, Ending::Keep, rig.now);
    rig.pass(950);
    assert!(rig.engine.transfer(SOMEBODY, &owner("me"), subscription, false, &Milliseconds, rig.now).is_ok());
    rig.engine.leave(SOMEBODY, Ending::Keep, rig.now);
    rig.pass(1_050);
    let gone = rig.engine.transfer(SOMEBODY, &owner("me"), subscription, false, &Milliseconds, rig.now);
    assert_eq!(gone, Err(StatusCode::BadSubscriptionIdInvalid));
    assert!(rig.engine.poll_timeout().is_none());
}

#[test]
fn a_session_that_stops_asking_is_told_that_its_subscription_ended() {
    let mut rig = Rig::new(Limits::default());
    rig.subscribe(1, 3, 1000);
    rig.pass(1_000);
    rig.publish(ME, vec![]);
    assert!(matches!(rig.heard(), Some(Said::Status(StatusCode::BadTimeout))));
    rig.publish(ME, vec![]);
    assert!(matches!(rig.heard(), Some(Said::Fault(StatusCode::BadNoSubscription))));
}

#[test]
fn too_many_publish_requests_push_out_the_oldest() {
    let mut rig = Rig::new(Limits::default());
    rig.subscribe(10, 1000, 1000);
    for _ in 0..21 {
        rig.publish(ME, vec![]);
    }
    assert!(matches!(rig.heard(), Some(Said::Fault(StatusCode::BadTooManyPublishRequests))));
    assert!(rig.heard().is_none());
}

#[test]
fn what_one_subscription_queues_is_bounded_and_every_item_keeps_its_newest_value() {
    let mut rig = Rig::new(Limits { queued_per_subscription: 50, ..Limits::default() });
    let subscription = rig.subscribe(10, 1000, 1000);
    for _ in 0..20 {
        rig.watch(subscription, 10, 1000);
    }
    rig.pass(1_000);
    rig.publish(ME, vec![]);
    let (_, values) = rig.values();
    assert!((20..=50).contains(&values.len()), "{}", values.len());
    assert_eq!(values.iter().filter(|value| **value == 1_001_000).count(), 20);
}

#[test]
fn removed_and_changed_items_leave_the_others_sampled() {
    let mut rig = Rig::new(Limits::default());
    let subscription = rig.subscribe(10, 1000, 1000);
    let items: Vec<_> = (0..5).map(|_| rig.watch(subscription, 50, 10)).collect();
    assert_eq!(rig.engine.delete_item(ME, subscription, items[0]), StatusCode::Good);
    assert_eq!(rig.engine.delete_item(ME, subscription, items[0]), StatusCode::BadMonitoredItemIdInvalid);
    let disabled = MonitoringMode::Disabled;
    rig.engine.set_item_mode(ME, subscription, items[4], disabled, rig.now, &Milliseconds);
    let slower = ItemSettings {
        interval: 100 * TICKS_PER_MS,
        ..rig.engine.item(ME, subscription, items[1]).unwrap().settings.clone()
    };
    rig.engine.modify_item(ME, subscription, items[1], slower, rig.now);
    rig.publish(ME, vec![]);
    rig.pass(100);
    let (_, values) = rig.values();
    // three live items show the present at once; two of them also after 50 and 100 ms, the slower one after 100 ms
    let count = |value| values.iter().filter(|seen| **seen == value).count();
    assert_eq!([count(1_000_000), count(1_000_050), count(1_000_100)], [3, 2, 3]);
}

#[test]
fn items_created_and_deleted_over_and_over_leave_nothing_behind() {
    let mut rig = Rig::new(Limits::default());
    let subscription = rig.subscribe(10, 1000, 1000);
    rig.watch(subscription, 50, 10);
    for _ in 0..20_000 {
        let item = rig.watch(subscription, 50, 10);
        assert_eq!(rig.engine.delete_item(ME, subscription, item), StatusCode::Good);
    }
    assert!(rig.engine.subscriptions[&subscription].items.line() < 2_000);
}

#[test]
fn who_loses_the_right_to_a_node_is_told_so_once_and_gets_no_value_more_until_it_is_given_back() {
    let mut rig = Rig::new(Limits::default());
    let subscription = rig.subscribe(10, 1000, 1000);
    rig.watch(subscription, 50, 10);
    rig.publish(ME, vec![]);
    rig.pass(100);
    assert!(!rig.values().1.is_empty());
    rig.pass(50);
    rig.engine.reassess(rig.now, &Milliseconds, &|_| grant([Role::Anonymous]));
    assert_eq!(rig.queued(subscription), [StatusCode::BadUserAccessDenied.bits()]);
    rig.pass(500);
    assert_eq!(rig.queued(subscription), [StatusCode::BadUserAccessDenied.bits()]);
    rig.engine.reassess(rig.now, &Milliseconds, &|_| grant([Role::Observer]));
    rig.pass(100);
    assert_eq!(rig.queued(subscription), [StatusCode::BadUserAccessDenied.bits(), 0, 0, 0]);
}

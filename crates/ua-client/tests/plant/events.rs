//! Events as they come, filtered as asked, and the calls that fetch what was missed.

use std::time::Duration;

use plant::EVENT_PERIOD;
use ua_client::types::{DataChangeTrigger, ObjectId, ObjectTypeId, QualifiedName};
use ua_client::{
    DataFilter, DataValueRef, DeadBand, Error, EventField, EventItemRequest, EventSelection, ItemRequest,
    NodeId, NotificationVisitor, Session, SubscriptionInfo, SubscriptionRequest, SubscriptionWatch, ValueRef,
    status_name, to_variant,
};

use crate::site::Site;

async fn subscription(session: &Session) -> SubscriptionInfo {
    let request = SubscriptionRequest {
        publishing_interval: Duration::from_millis(100),
        lifetime_count: 300,
        keep_alive_count: 20,
        max_notifications_per_publish: 0,
        priority: 0,
    };
    session.create_subscription(request).await.unwrap()
}

fn watching(client_handle: u32, selection: EventSelection) -> EventItemRequest {
    EventItemRequest {
        notifier: ObjectId::Server.into(),
        client_handle,
        selection,
        queue_size: 100,
        discard_oldest: true,
    }
}

/// Fields as texts, by client handle; and values.
#[derive(Default)]
struct Seen {
    events: Vec<(u32, Vec<String>, Vec<i64>)>,
    values: Vec<(u32, f64)>,
}

impl NotificationVisitor for Seen {
    fn data_change(&mut self, client_handle: u32, value: &DataValueRef<'_>) {
        let ValueRef::Double(value) = value.value else { return };
        self.values.push((client_handle, value));
    }
    fn status_change(&mut self, status: u32) {
        panic!("{}", status_name(status));
    }
    fn event(&mut self, client_handle: u32, fields: &[ValueRef<'_>]) {
        let texts = fields.iter().map(|field| to_variant(field).unwrap().to_string()).collect();
        let numbers = fields
            .iter()
            .map(|field| match field {
                ValueRef::DateTime(number) | ValueRef::Int64(number) => *number,
                ValueRef::UInt16(number) => i64::from(*number),
                _ => -1,
            })
            .collect();
        self.events.push((client_handle, texts, numbers));
    }
    fn unsupported(&mut self, type_id: u32) {
        panic!("unexpected data of type {type_id}");
    }
}

async fn collect(session: &Session, seen: &mut Seen, enough: impl Fn(&Seen) -> bool) {
    let waiting = async {
        while !enough(seen) {
            let delivery = session.next_publish().await.unwrap();
            delivery.walk(seen).unwrap();
            session.acknowledge(delivery.token());
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("nothing comes");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_complete_with_the_fields_that_were_selected() {
    let site = Site::start().await;
    let session = site.connect().await;
    let batch_type = NodeId::new(2, "BatchEventType");
    let number =
        EventField { event_type: batch_type.clone(), path: vec![QualifiedName::new(2, "BatchNumber")] };
    let unknown = EventField { path: vec![QualifiedName::new(2, "Nonsense")], ..number.clone() };
    let selection = EventSelection::base().with_field(number).with_field(unknown);
    let info = subscription(&session).await;
    let items = [
        watching(1, selection.clone()),
        watching(2, selection.clone().only_of_type(batch_type)),
        watching(
            3,
            selection.clone().only_of_type(ObjectTypeId::BaseEventType.into()).severity_at_least(901),
        ),
    ];
    let made = session.create_event_items(info.id, &items).await.unwrap();
    assert_eq!(made[0].clone().unwrap().unknown_fields.len(), 1, "{made:?}");
    assert_eq!(made[0].clone().unwrap().unknown_fields[0].0, 9);
    session.start_publishing(&[SubscriptionWatch::from(&info)], 3).await.unwrap();
    let mut seen = Seen::default();
    collect(&session, &mut seen, |seen| seen.events.len() >= 6).await;
    let of = |handle: u32| seen.events.iter().filter(move |event| event.0 == handle);
    let names = selection.names();
    let place = |name: &str| names.iter().position(|known| known == name).unwrap();
    let ks: Vec<i64> =
        of(1).map(|event| (event.2[place("Time")] - site.plant.started()) / EVENT_PERIOD).collect();
    assert!(ks.is_sorted_by(|a, b| *b == a + 1), "{ks:?}");
    for (k, (_, texts, numbers)) in ks.iter().zip(of(1)) {
        let truth = site.plant.signals().event(*k).unwrap();
        assert_eq!(numbers[place("Time")], truth.time);
        assert_eq!(numbers[place("Severity")], i64::from(truth.severity));
        assert_eq!(texts[place("SourceName")], "Filler1");
        assert!(texts[place("Message")].contains(&truth.message), "{texts:?}");
        assert_eq!(numbers[8], if k % 2 == 0 { *k } else { -1 });
    }
    assert!(of(2).all(|event| event.2[8] > 0), "only batches");
    assert_eq!(of(3).count(), 0, "nothing is so severe");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_a_type_of_events_are_its_own_and_those_of_its_ancestors() {
    let site = Site::start().await;
    let session = site.connect().await;
    let fields = session.event_fields(&NodeId::new(2, "BatchEventType")).await.unwrap();
    let selection = EventSelection::of_fields(fields);
    let names = selection.names();
    assert_eq!(names.len(), 9, "{names:?}");
    assert!(names.contains(&"Severity".to_owned()));
    assert_eq!(names[8], "BatchNumber");
    let info = subscription(&session).await;
    let made = session.create_event_items(info.id, &[watching(1, selection)]).await.unwrap();
    assert_eq!(made[0].clone().unwrap().unknown_fields, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_tells_of_no_events_is_refused_alone() {
    let site = Site::start().await;
    let session = site.connect().await;
    let info = subscription(&session).await;
    let mute = EventItemRequest { notifier: NodeId::new(2, "Plant"), ..watching(1, EventSelection::base()) };
    let made =
        session.create_event_items(info.id, &[mute, watching(2, EventSelection::base())]).await.unwrap();
    assert!(made[0].is_err() && made[1].is_ok(), "{made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_can_be_asked_for_again() {
    let site = Site::start().await;
    let session = site.connect().await;
    let info = subscription(&session).await;
    let stuck = ItemRequest {
        node: NodeId::new(2, "Plant.Mixing.Line1.Mixer1.RoomTemperature"),
        client_handle: 77,
        sampling_interval: Duration::from_millis(100),
        queue_size: 10,
        discard_oldest: true,
    };
    let value = session.create_monitored_items(info.id, &[stuck]).await.unwrap()[0].unwrap();
    let event = session.create_event_items(info.id, &[watching(78, EventSelection::base())]).await.unwrap();
    let event = event[0].clone().unwrap();
    let known = session.monitored_items(info.id).await.unwrap();
    assert_eq!(known.items, [(value.id, 77), (event.item.id, 78)]);
    session.start_publishing(&[SubscriptionWatch::from(&info)], 3).await.unwrap();
    let mut seen = Seen::default();
    collect(&session, &mut seen, |seen| seen.values.len() == 1).await;
    session.resend_data(info.id).await.unwrap();
    collect(&session, &mut seen, |seen| seen.values.len() == 2).await;
    assert_eq!(seen.values, [(77, 21.5), (77, 21.5)], "a sensor that froze says the same again");
    session.condition_refresh(info.id).await.unwrap();
    session.condition_refresh_item(info.id, event.item.id).await.unwrap();
    let error = session.monitored_items(info.id + 1).await.unwrap_err();
    assert!(matches!(error, Error::Service { service: "Call", .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_band_holds_small_changes_back() {
    let site = Site::start().await;
    let session = site.connect().await;
    let info = subscription(&session).await;
    let item = |name: &str, client_handle| ItemRequest {
        node: NodeId::new(2, format!("Plant.Mixing.Line1.Mixer1.{name}")),
        client_handle,
        sampling_interval: Duration::from_millis(200),
        queue_size: 100,
        discard_oldest: true,
    };
    // it trembles by less than one around two
    let still = DataFilter { dead_band: DeadBand::Absolute(5.0), ..DataFilter::default() };
    let made = session.create_filtered_items(info.id, &[item("Vibration", 1)], still).await.unwrap();
    made[0].unwrap();
    let every = DataFilter { trigger: DataChangeTrigger::StatusValueTimestamp, ..DataFilter::default() };
    session.create_filtered_items(info.id, &[item("Vibration", 2)], every).await.unwrap()[0].unwrap();
    let percent = DataFilter { dead_band: DeadBand::Percent(1.0), ..DataFilter::default() };
    let refused = session.create_filtered_items(info.id, &[item("Vibration", 3)], percent).await.unwrap();
    assert_eq!(status_name(refused[0].unwrap_err()), "BadMonitoredItemFilterUnsupported");
    session.start_publishing(&[SubscriptionWatch::from(&info)], 3).await.unwrap();
    let mut seen = Seen::default();
    collect(&session, &mut seen, |seen| seen.values.iter().filter(|value| value.0 == 2).count() >= 5).await;
    assert_eq!(seen.values.iter().filter(|value| value.0 == 1).count(), 1);
}

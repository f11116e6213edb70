//! What comes for an event item: an event, an event that came before, or a sign of the server about its own sending.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use tagstore::Timestamp;
use ua_channel::ValueRef;
use ua_client::types::ObjectTypeId;
use ua_client::{Namespaces, Variant, to_variant};

use super::record::{EventRecord, Happened};
use super::rule::EventRule;
use super::watch::WatchedEvents;
use crate::selection::PathPattern;

/// The event items of a source, by subscription and handle, and what came last of each stream. Outlives a connection.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    namespaces: Namespaces,
    type_names: BTreeMap<String, String>,
    items: HashMap<(u32, u32), Item>,
    recent: HashMap<u32, Recent>,
}

#[derive(Debug)]
struct Item {
    fields: Vec<String>,
    types: Option<HashSet<String>>,
    min_severity: u16,
    sources: Vec<PathPattern>,
    /// Between the begin and the end of a list of conditions.
    refreshing: bool,
}

/// What something that came is.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Of an item that we never made.
    Foreign,
    /// Not wanted, or here already.
    PassedOver,
    /// About the server's own sending.
    Sign(Sign),
    Event(Box<Happened>),
}

/// What a server says about its own sending (Part 5 §6.4.28, Part 9 §5.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It cannot say what changed: conditions have to be asked for.
    RefreshRequired,
    /// Events were lost in its queue.
    Overflow(Timestamp),
}

impl Alarms {
    /// From now on these items are known, on a server with this namespace table and these types.
    pub(crate) fn prepare(
        &mut self,
        namespaces: Namespaces,
        type_names: BTreeMap<String, String>,
        watched: &[WatchedEvents],
        rules: &[EventRule],
    ) {
        (self.namespaces, self.type_names) = (namespaces, type_names);
        self.items.clear();
        for watched in watched {
            let rule = rules.iter().find(|rule| rule.name == watched.rule);
            let item = Item {
                fields: watched.fields.clone(),
                types: watched.types.as_ref().map(|types| types.iter().cloned().collect()),
                min_severity: rule.and_then(|rule| rule.min_severity).unwrap_or_default(),
                sources: rule.map(|rule| rule.sources.clone()).unwrap_or_default(),
                refreshing: false,
            };
            self.items.insert((watched.subscription, watched.stream), item);
        }
    }

    /// Of the items that are known, only these go on.
    pub(crate) fn keep_only(&mut self, watched: &[WatchedEvents]) {
        let is_one = |(subscription, stream): &(u32, u32)| {
            watched.iter().any(|watched| (watched.subscription, watched.stream) == (*subscription, *stream))
        };
        self.items.retain(|item, _| is_one(item));
    }

    /// Whether it is known what came last of a stream.
    pub(crate) fn remembers(&self, stream: u32) -> bool {
        self.recent.contains_key(&stream)
    }

    /// What came last of a stream.
    pub(crate) fn remember(&mut self, stream: u32, recent: Recent) {
        self.recent.insert(stream, recent);
    }

    /// Takes what came for an item, by subscription and handle.
    pub(crate) fn take(&mut self, item: (u32, u32), fields: &[ValueRef<'_>]) -> Taken {
        let (_, handle) = item;
        let Some(item) = self.items.get_mut(&item) else { return Taken::Foreign };
        // what cannot be read is absent; the rest of the event is worth keeping
        let values: Vec<Variant> =
            fields.iter().map(|field| to_variant(field).unwrap_or(Variant::Empty)).collect();
        let mut happened = Happened::of(&values, &item.fields, &self.namespaces);
        let is = |of: ObjectTypeId| matches!(values.get(1), Some(Variant::NodeId(id)) if **id == of);
        for (sign, refreshing) in
            [(ObjectTypeId::RefreshStartEventType, true), (ObjectTypeId::RefreshEndEventType, false)]
        {
            if is(sign) {
                item.refreshing = refreshing;
                return Taken::PassedOver;
            }
        }
        if is(ObjectTypeId::RefreshRequiredEventType) {
            return Taken::Sign(Sign::RefreshRequired);
        }
        if is(ObjectTypeId::EventQueueOverflowEventType) {
            return Taken::Sign(Sign::Overflow(happened.time));
        }
        if !item.wants(&happened.record, &self.type_names)
            || !self.recent.entry(handle).or_default().is_new(&happened.record, happened.time)
        {
            return Taken::PassedOver;
        }
        let name = happened.record.event_type.as_ref().and_then(|id| self.type_names.get(id));
        happened.record.type_name = name.cloned();
        happened.record.refresh = item.refreshing;
        Taken::Event(Box::new(happened))
    }
}

impl Item {
    /// The server sorts out most of it; this is for those that do not, and for what no server can be asked.
    fn wants(&self, record: &EventRecord, known: &BTreeMap<String, String>) -> bool {
        let of_type = match (&self.types, &record.event_type) {
            (Some(types), Some(id)) => types.contains(id) || !known.contains_key(id),
            _ => true,
        };
        let severe = record.severity.is_none_or(|severity| severity >= self.min_severity);
        let name = record.source_name.as_deref().unwrap_or_default();
        let of_source = self.sources.is_empty() || self.sources.iter().any(|pattern| pattern.matches(name));
        of_type && severe && of_source
    }
}

/// The events that came last of one stream, so that what is listed again is not stored again.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    known: HashSet<(String, Timestamp)>,
    order: VecDeque<(String, Timestamp)>,
}

impl Recent {
    /// Whether an event did not come before; from now on it has. One without an identity is always new.
    pub(crate) fn is_new(&mut self, record: &EventRecord, time: Timestamp) -> bool {
        let Some(id) = &record.event_id else { return true };
        let key = (id.clone(), time);
        if !self.known.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// Events of a stream whose identity is remembered; of a list of conditions, those that are older come twice to a sink, and
/// are still given once by a query.
pub(crate) const REMEMBERED: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::super::fields::FIXED;
    use super::*;

    const HANDLE: u32 = 7;

    fn alarms(rule: EventRule) -> Alarms {
        let watched = WatchedEvents {
            rule: rule.name.clone(),
            stream: HANDLE,
            subscription: 1,
            fields: vec!["Batch".to_owned(), "Batch".to_owned()],
            types: Some(vec!["i=2915".to_owned()]),
        };
        let names = [("i=2915", "AlarmConditionType"), ("i=2052", "AuditEventType")];
        let names = names.map(|(id, name)| (id.to_owned(), name.to_owned()));
        let mut alarms = Alarms::default();
        alarms.prepare(Namespaces::default(), names.into(), &[watched], &[rule]);
        alarms
    }

    /// An alarm as it comes: its identity, its type, when it happened, and the first of two further fields.
    fn come(alarms: &mut Alarms, id: u8, event_type: u32, ticks: i64) -> Taken {
        let mut fields = vec![ValueRef::Null; FIXED.len() + 2];
        let id = [id];
        // a node id of the namespace of the standard, as four bytes
        let [_, _, high, low] = event_type.to_be_bytes();
        let event_type = [1, 0, low, high];
        fields[0] = ValueRef::ByteString(&id);
        fields[1] = ValueRef::Encoded { builtin_type: 17, bytes: &event_type };
        fields[3] = ValueRef::String("Boiler1");
        fields[4] = ValueRef::DateTime(ticks);
        fields[6] = ValueRef::LocalizedText { locale: "en", text: "too hot" };
        fields[7] = ValueRef::UInt16(700);
        fields[13] = ValueRef::Boolean(true);
        fields[FIXED.len()] = ValueRef::Int32(5);
        alarms.take((1, HANDLE), &fields)
    }

    fn record(taken: Taken) -> EventRecord {
        match taken {
            Taken::Event(happened) => happened.record,
            other => panic!("no event: {other:?}"),
        }
    }

    #[test]
    fn what_a_list_of_conditions_repeats_is_passed_over_and_what_is_new_in_it_is_marked() {
        let mut alarms = alarms(EventRule::default());
        let first = record(come(&mut alarms, 1, 2915, 100));
        assert_eq!(first.type_name.as_deref(), Some("AlarmConditionType"));
        assert_eq!(first.condition.clone().unwrap().active, Some(true));
        assert_eq!(first.fields["Batch"]["Value"], 5);
        assert!(!first.refresh && first.text().starts_with(r#"{"event_id":"01","#), "{}", first.text());

        assert!(matches!(come(&mut alarms, 9, 2787, 200), Taken::PassedOver), "the list begins");
        assert!(matches!(come(&mut alarms, 1, 2915, 100), Taken::PassedOver), "it is here already");
        assert!(record(come(&mut alarms, 2, 2915, 50)).refresh, "it stood before we came");
        assert!(matches!(come(&mut alarms, 9, 2788, 200), Taken::PassedOver), "the list ends");
        assert!(!record(come(&mut alarms, 1, 2915, 300)).refresh, "a server that counts its events anew");
    }

    #[test]
    fn signs_of_the_server_are_no_events() {
        let mut alarms = alarms(EventRule::default());
        assert!(matches!(come(&mut alarms, 1, 2789, 100), Taken::Sign(Sign::RefreshRequired)));
        let overflow = Sign::Overflow(Timestamp::from_ticks(100));
        assert!(matches!(come(&mut alarms, 1, 3035, 100), Taken::Sign(sign) if sign == overflow));
        assert!(matches!(alarms.take((1, 8), &[]), Taken::Foreign));
    }

    #[test]
    fn what_the_server_does_not_sort_out_is_sorted_out_here() {
        let mut all = alarms(EventRule::default());
        assert!(matches!(come(&mut all, 1, 2052, 100), Taken::PassedOver), "a type that nobody wants");
        assert!(
            record(come(&mut all, 1, 9999, 100)).type_name.is_none(),
            "a type that came later may be wanted"
        );
        let mut severe = alarms(EventRule { min_severity: Some(701), ..EventRule::default() });
        assert!(matches!(come(&mut severe, 1, 2915, 100), Taken::PassedOver));
        let elsewhere = vec!["Mixer*".parse().unwrap()];
        let mut mixers = alarms(EventRule { sources: elsewhere, ..EventRule::default() });
        assert!(matches!(come(&mut mixers, 1, 2915, 100), Taken::PassedOver));
    }
}

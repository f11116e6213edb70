//! The monitored item of a rule.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tagstore::{EVENTS, NewStream, StreamId};
use ua_client::{
    EventField, EventItemRequest, EventSelection, EventType, Namespaces, NodeId, Session, status_name,
};

use super::fields::{fixed, further, with_subtypes};
use super::rule::EventRule;
use crate::config::SourceConfig;
use crate::error::Error;
use crate::naming::NodeAddress;

/// A rule's item as it was made. It is saved with the subscriptions, so that the next process understands what comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WatchedEvents {
    /// The rule, by its name.
    pub(crate) rule: String,
    pub(crate) stream: u32,
    pub(crate) subscription: u32,
    /// What stands behind the fixed fields.
    pub(crate) fields: Vec<String>,
    /// The types that were wanted and those derived from them; `None`: all.
    pub(crate) types: Option<Vec<String>>,
}

/// The stream of a rule. Its identity is the names of source and rule, at this server: what the rule takes may change.
pub(crate) fn stream_of(source: &SourceConfig, rule: &EventRule, server_application_uri: &str) -> NewStream {
    NewStream {
        // no key of a variable has this form
        key: format!("{server_application_uri}|events|{}|{}", source.name, rule.name),
        name: format!("{}.{}", source.name, rule.name),
        source: source.name.as_str().to_owned(),
        data_type: Some(EVENTS.to_owned()),
        description: Some(format!("alarms and events of {}", rule.notifier)),
        ..NewStream::default()
    }
}

/// The name of each type.
pub(crate) fn type_names(types: &[EventType], namespaces: &Namespaces) -> BTreeMap<String, String> {
    let name = |found: &EventType| (namespaces.express(&found.node), found.name.name.as_ref().to_owned());
    types.iter().map(name).collect()
}

/// What a rule asks of a server with these types.
struct Wish {
    notifier: NodeId,
    types: Vec<NodeId>,
    /// The types and those derived from them; `None`: all.
    accepted: Option<Vec<usize>>,
    further: Vec<EventField>,
    truncated: bool,
}

impl Wish {
    /// # Errors
    /// What the server does not have, in words.
    fn of(rule: &EventRule, types: &[EventType], namespaces: &Namespaces) -> Result<Self, String> {
        let uris = namespaces.uris();
        let missing = |what: &str, text: &str| format!("the server has no {what} {text}");
        let notifier = rule.notifier.parse::<NodeAddress>().ok();
        let notifier = notifier.and_then(|address| address.node_id(uris));
        let notifier = notifier.ok_or_else(|| missing("notifier", &rule.notifier))?;
        let (mut wanted, mut places) = (Vec::new(), Vec::new());
        for text in &rule.types {
            let by_id = text.parse::<NodeAddress>().ok().and_then(|address| address.node_id(uris));
            let place = types.iter().position(|known| {
                by_id.as_ref().map_or_else(|| known.name.name.as_ref() == text, |id| known.node == *id)
            });
            let found = place.and_then(|place| types.get(place)).map(|found| found.node.clone());
            wanted.push(found.or(by_id).ok_or_else(|| missing("type of events", text))?);
            places.extend(place);
        }
        // a type that the server does not show, but may know: what is derived from it is the server's secret, too
        let all_shown = places.len() == wanted.len();
        let accepted = (!wanted.is_empty() && all_shown).then(|| with_subtypes(types, &places));
        let (further, truncated) = further(types, &places);
        Ok(Self { notifier, types: wanted, accepted, further, truncated })
    }

    /// What is asked for, one after the other, until the server takes it: not every server knows every field, and some
    /// refuse any condition. What it does not sort out is sorted out here.
    fn selections(&self, rule: &EventRule) -> Vec<(EventSelection, usize)> {
        let all: Vec<EventField> = fixed().into_iter().chain(self.further.iter().cloned()).collect();
        let mut selections: Vec<(EventSelection, usize)> = Vec::new();
        for (fields, further) in [(all, self.further.len()), (fixed(), 0)] {
            let plain = EventSelection::of_fields(fields);
            let sorted = plain.clone().only_of_types(self.types.clone());
            let sorted = match rule.min_severity {
                Some(severity) => sorted.severity_at_least(severity),
                None => sorted,
            };
            for selection in [sorted, plain] {
                if selections.iter().all(|(known, _)| *known != selection) {
                    selections.push((selection, further));
                }
            }
        }
        selections
    }

    fn names(&self) -> Vec<String> {
        let name = |field: &EventField| {
            let names: Vec<&str> = field.path.iter().map(|name| name.name.as_ref()).collect();
            names.join("/")
        };
        self.further.iter().map(name).collect()
    }
}

/// Makes the item of a rule in a subscription; the inner error is why the server does not let us have it.
///
/// # Errors
/// [`Error::Client`] when the connection ends.
pub(crate) async fn watch(
    session: &Session,
    rule: &EventRule,
    (types, namespaces): (&[EventType], &Namespaces),
    stream: StreamId,
    subscription: u32,
) -> Result<Result<WatchedEvents, String>, Error> {
    let wish = match Wish::of(rule, types, namespaces) {
        Ok(wish) => wish,
        Err(missing) => return Ok(Err(missing)),
    };
    if wish.truncated {
        tracing::warn!(rule = rule.name, "these types of events have more fields than are asked for");
    }
    let mut refusal = None;
    for (selection, further) in wish.selections(rule) {
        let request = EventItemRequest {
            notifier: wish.notifier.clone(),
            client_handle: stream.get(),
            selection,
            queue_size: rule.queue_size,
            discard_oldest: true,
        };
        let status = match session.create_event_items(subscription, &[request]).await?.pop() {
            Some(Ok(info)) => {
                let (wanted, granted) = (rule.queue_size, info.item.revised_queue_size);
                if granted < wanted {
                    tracing::info!(
                        rule = rule.name,
                        wanted,
                        granted,
                        "the server keeps fewer events than asked"
                    );
                }
                let express = |place: &usize| types.get(*place).map(|found| namespaces.express(&found.node));
                return Ok(Ok(WatchedEvents {
                    rule: rule.name.clone(),
                    stream: stream.get(),
                    subscription,
                    fields: wish.names().into_iter().take(further).collect(),
                    types: wish.accepted.map(|all| all.iter().filter_map(express).collect()),
                }));
            }
            Some(Err(status)) => status,
            None => continue,
        };
        tracing::debug!(rule = rule.name, status = status_name(status), "asking for less");
        refusal.get_or_insert(status);
    }
    Ok(Err(refusal.map_or_else(|| "no answer".to_owned(), |status| status_name(status).to_owned())))
}

/// Asks for the conditions that hold already. A server without conditions has no such method, which is no harm.
///
/// # Errors
/// [`Error::Client`] when the connection ends.
pub(crate) async fn refresh(session: &Session, subscription: u32) -> Result<(), Error> {
    match session.condition_refresh(subscription).await {
        Ok(()) => tracing::debug!(subscription, "the server lists the conditions that hold"),
        Err(ua_client::Error::Service { status, .. }) => {
            let status = status_name(status);
            tracing::info!(status, "the server does not list the conditions that hold already");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// What a rule would get of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The name of the stream.
    pub name: String,
    /// The node that tells of the events.
    pub notifier: String,
    /// Why nothing comes, in words.
    pub problem: Option<String>,
    /// The types of events that fit and that the server shows, by browse name.
    pub types: Vec<String>,
    /// The fields beside those that every event and every condition has.
    pub fields: Vec<String>,
}

/// What the rules of a source would get of its server; nothing is subscribed.
///
/// # Errors
/// [`Error::Client`].
pub async fn offers(session: &Session, source: &SourceConfig) -> Result<Vec<Offer>, Error> {
    if source.events.is_empty() {
        return Ok(Vec::new());
    }
    let namespaces = session.namespaces().await?;
    let types = session.event_types().await?;
    let mut offers = Vec::with_capacity(source.events.len());
    for rule in &source.events {
        let (name, notifier) = (format!("{}.{}", source.name, rule.name), rule.notifier.clone());
        let name_of = |place: usize| types.get(place).map(|found| found.name.name.as_ref().to_owned());
        offers.push(match Wish::of(rule, &types, &namespaces) {
            Err(problem) => {
                Offer { name, notifier, problem: Some(problem), types: Vec::new(), fields: Vec::new() }
            }
            Ok(wish) => {
                let fields = wish.names();
                let accepted = wish.accepted.unwrap_or_else(|| (0..types.len()).collect());
                let types = accepted.into_iter().filter_map(name_of).collect();
                Offer { name, notifier, problem: None, types, fields }
            }
        });
    }
    Ok(offers)
}

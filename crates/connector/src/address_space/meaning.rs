//! What a variable's numbers mean: unit, range and the names of states (Part 8 §5.3, Part 3 §5.6.2 and §8.39).
//!
//! The walk has met the properties already, so knowing their values costs one read of each and no browse. The names of
//! an enumeration are asked of its data type, once for each type.

use std::collections::HashMap;

use tagstore::{ValueRange, ValueState};
use ua_client::types::{EUInformation, EnumDefinition, EnumValueType, ExtensionObject, Range};
use ua_client::{AttributeId, DataValue, ReferenceRef, Session, Variant};

use super::browse::uri_of;
use super::space::{Details, Identity, Place, Space};
use crate::error::Error;
use crate::naming::{NodeAddress, printable};

/// A property that says what its variable's numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Property {
    EngineeringUnits,
    EuRange,
    EnumStrings,
    EnumValues,
    TrueState,
    FalseState,
}

impl Property {
    /// The property of this browse name in OPC UA's own namespace.
    pub(super) fn named(namespace: u16, name: &str) -> Option<Self> {
        match (namespace, name) {
            (0, "EngineeringUnits") => Some(Self::EngineeringUnits),
            (0, "EURange") => Some(Self::EuRange),
            (0, "EnumStrings") => Some(Self::EnumStrings),
            (0, "EnumValues") => Some(Self::EnumValues),
            (0, "TrueState") => Some(Self::TrueState),
            (0, "FalseState") => Some(Self::FalseState),
            _ => None,
        }
    }
}

/// The properties of variables, as a walk met them.
#[derive(Debug, Default)]
pub(super) struct Properties {
    /// Only to keep which nodes they are.
    nodes: Option<Space>,
    all: Vec<(Place, Property, Identity)>,
}

impl Properties {
    /// Whether a walk has met them; a variable without an entry has none then.
    pub(super) fn are_known(&self) -> bool {
        self.nodes.is_some()
    }

    /// Takes note of a property of a variable.
    pub(super) fn note(&mut self, variable: Place, reference: &ReferenceRef<'_>, namespaces: &[String]) {
        let nodes = self.nodes.get_or_insert_with(Space::new);
        let Some(property) = Property::of(reference) else { return };
        let many =
            self.all.iter().rev().take(MAX_PROPERTIES).filter(|(known, ..)| *known == variable).count();
        let node = &reference.node_id.node_id;
        if many < MAX_PROPERTIES
            && let Some(uri) = uri_of(node.namespace, namespaces)
            && let Some(identity) = nodes.note(uri, node.identifier)
        {
            self.all.push((variable, property, identity));
        }
    }

    /// To be found by their variable.
    pub(super) fn sort(&mut self) {
        self.nodes.get_or_insert_with(Space::new);
        self.all.sort_by_key(|(variable, ..)| *variable);
    }

    fn of(&self, variable: Place) -> &[(Place, Property, Identity)] {
        let begin = self.all.partition_point(|(known, ..)| *known < variable);
        let rest = self.all.get(begin..).unwrap_or_default();
        rest.get(..rest.partition_point(|(known, ..)| *known == variable)).unwrap_or_default()
    }
}

/// Reads what numbers mean, and each enumeration once.
#[derive(Debug, Default)]
pub(super) struct Meanings {
    enumerations: HashMap<String, Vec<ValueState>>,
}

impl Meanings {
    /// Adds what the properties and the data type of each variable say.
    ///
    /// # Errors
    /// [`Error::Client`] when the connection ends.
    pub(super) async fn add(
        &mut self,
        session: &Session,
        properties: &Properties,
        variables: &mut [(Place, Details)],
        namespaces: &[String],
    ) -> Result<(), Error> {
        let mut asked = Vec::new();
        if let Some(nodes) = &properties.nodes {
            let numbers = nodes.numbers(namespaces);
            for (index, (place, _)) in variables.iter().enumerate() {
                let of = properties.of(*place).iter();
                asked.extend(of.filter_map(|(_, property, node)| {
                    Some((index, *property, nodes.noted(*node, &numbers)?))
                }));
            }
        }
        let questions: Vec<_> = asked.iter().map(|(_, _, node)| (node.clone(), AttributeId::Value)).collect();
        for ((index, property, _), answer) in asked.iter().zip(session.read(&questions).await?) {
            if let Some((_, details)) = variables.get_mut(*index) {
                details.add(*property, answer);
            }
        }
        self.learn(session, properties, variables, namespaces).await?;
        for (place, details) in variables.iter_mut() {
            if properties.of(*place).is_empty()
                && let Some(states) = details.data_type.as_ref().and_then(|id| self.enumerations.get(id))
            {
                details.states.clone_from(states);
            }
        }
        Ok(())
    }

    /// Asks for the enumerations that were not asked for yet.
    async fn learn(
        &mut self,
        session: &Session,
        properties: &Properties,
        variables: &[(Place, Details)],
        namespaces: &[String],
    ) -> Result<(), Error> {
        let mut types = Vec::new();
        for (place, details) in variables {
            // what is built in has a name, what is a server's own an address
            if let Some(id) = details.data_type.as_ref().filter(|id| id.starts_with("nsu="))
                && properties.of(*place).is_empty()
                && !self.enumerations.contains_key(id)
                && let Some(node) =
                    id.parse().ok().and_then(|address: NodeAddress| address.node_id(namespaces))
            {
                self.enumerations.insert(id.clone(), Vec::new());
                types.push((id.clone(), node));
            }
        }
        let questions: Vec<_> =
            types.iter().map(|(_, node)| (node.clone(), AttributeId::DataTypeDefinition)).collect();
        for ((id, _), answer) in types.into_iter().zip(session.read(&questions).await?) {
            self.enumerations.insert(id, enumeration(answer));
        }
        Ok(())
    }
}

impl Details {
    fn add(&mut self, property: Property, answer: DataValue) {
        let Some(value) = answer.value else { return };
        match (property, value) {
            (Property::EngineeringUnits, Variant::ExtensionObject(object)) => self.unit = unit(&object),
            (Property::EuRange, Variant::ExtensionObject(object)) => self.range = range(&object),
            (Property::EnumStrings, Variant::Array(array)) => {
                let names = array.values.into_iter().take(MAX_STATES).zip(0..);
                self.states = names.filter_map(|(name, value)| state(value, &name)).collect();
            }
            (Property::EnumValues, Variant::Array(array)) => {
                let values = array.values.iter().take(MAX_STATES);
                self.states = values.filter_map(enum_value).collect();
            }
            (Property::FalseState, name) => self.states.splice(0..0, state(0, &name)).for_each(drop),
            (Property::TrueState, name) => self.states.extend(state(1, &name)),
            _ => {}
        }
    }
}

fn unit(object: &ExtensionObject) -> Option<String> {
    let unit = object.inner_as::<EUInformation>()?;
    let names = [&unit.display_name, &unit.description];
    let said = names.into_iter().map(|name| name.text.as_ref()).find(|name| !name.is_empty());
    said.map(printable)
}

/// The range, if it is one: servers that have none send zeros.
fn range(object: &ExtensionObject) -> Option<ValueRange> {
    let Range { low, high } = *object.inner_as::<Range>()?;
    (low.is_finite() && high.is_finite() && low < high).then_some(ValueRange { low, high })
}

fn state(value: i64, name: &Variant) -> Option<ValueState> {
    match name {
        Variant::LocalizedText(name) => Some(ValueState { value, name: printable(name.text.as_ref()) }),
        _ => None,
    }
}

fn enum_value(value: &Variant) -> Option<ValueState> {
    let Variant::ExtensionObject(object) = value else { return None };
    let EnumValueType { value, display_name, .. } = object.inner_as::<EnumValueType>()?;
    Some(ValueState { value: *value, name: printable(display_name.text.as_ref()) })
}

fn enumeration(answer: DataValue) -> Vec<ValueState> {
    let Some(Variant::ExtensionObject(object)) = answer.value else { return Vec::new() };
    let fields = object.inner_as::<EnumDefinition>().and_then(|definition| definition.fields.as_deref());
    let fields = fields.unwrap_or_default().iter().take(MAX_STATES);
    fields.map(|field| ValueState { value: field.value, name: printable(field.name.as_ref()) }).collect()
}

/// More names than any machine has states.
const MAX_STATES: usize = 1000;
/// More properties of the kinds that are noted than any variable has.
const MAX_PROPERTIES: usize = 8;

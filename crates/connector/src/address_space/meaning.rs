//! What a variable's numbers mean: unit, range and the names of states (Part 8 §5.3, Part 3 §5.6.2 and §8.39).
//!
//! The walk has met the properties already, so knowing their values costs one read of each and no browse. The names of
//! an enumeration are asked of its data type, once for each type.

use std::collections::HashMap;

use tagstore::{ValueRange, ValueState};
use ua_client::types::{EUInformation, EnumDefinition, EnumValueType, ExtensionObject, Range};
use ua_client::{AttributeId, DataValue, NodeId, Session, Variant};

use crate::error::Error;
use crate::naming::printable;

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

/// What a variable's numbers mean, as far as its server says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Meaning {
    pub(crate) unit: Option<String>,
    pub(crate) range: Option<ValueRange>,
    pub(crate) states: Vec<ValueState>,
}

/// Reads what the properties of each variable say, in order.
///
/// # Errors
/// [`Error::Client`] when the connection ends.
pub(crate) async fn meanings<'a>(
    session: &Session,
    variables: impl ExactSizeIterator<Item = (&'a [(Property, NodeId)], Option<&'a NodeId>)>,
) -> Result<Vec<Meaning>, Error> {
    let mut meanings = vec![Meaning::default(); variables.len()];
    let mut asked = Vec::new();
    let mut enumerations: HashMap<&NodeId, Vec<usize>> = HashMap::new();
    for (place, (properties, data_type)) in variables.enumerate() {
        asked.extend(properties.iter().map(|(property, node)| (place, *property, node)));
        if properties.is_empty()
            && let Some(data_type) = data_type
        {
            enumerations.entry(data_type).or_default().push(place);
        }
    }
    for part in asked.chunks(NODES_AT_ONCE) {
        let questions: Vec<_> =
            part.iter().map(|(_, _, node)| ((*node).clone(), AttributeId::Value)).collect();
        for ((place, property, _), answer) in part.iter().zip(session.read(&questions).await?) {
            if let Some(meaning) = meanings.get_mut(*place) {
                meaning.add(*property, answer);
            }
        }
    }
    let types: Vec<_> = enumerations.into_iter().collect();
    for part in types.chunks(NODES_AT_ONCE) {
        let questions: Vec<_> =
            part.iter().map(|(id, _)| ((*id).clone(), AttributeId::DataTypeDefinition)).collect();
        for ((_, places), answer) in part.iter().zip(session.read(&questions).await?) {
            let states = enumeration(answer);
            for place in places {
                if let Some(meaning) = meanings.get_mut(*place) {
                    meaning.states.clone_from(&states);
                }
            }
        }
    }
    Ok(meanings)
}

impl Meaning {
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
const NODES_AT_ONCE: usize = 1000;

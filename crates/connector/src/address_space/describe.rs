//! What variables are: data type, description, and what their numbers mean.

use ua_client::{AttributeId, DataValue, NodeId, Session, Variant};

use super::browse::{Known, note_properties};
use super::meaning::Meanings;
use super::progress::Progress;
use super::space::{Details, Numbers, Place};
use crate::error::Error;
use crate::naming::{NodeAddress, printable};

/// Reads the attributes of variables, which rules may ask for. What the server does not show stays absent.
///
/// # Errors
/// [`Error::Client`] when the connection ends.
pub(crate) async fn read_attributes(
    session: &Session,
    known: &mut Known,
    places: &[Place],
    namespaces: &[String],
) -> Result<(), Error> {
    let numbers = known.space.numbers(namespaces);
    for part in places.chunks(NODES_AT_ONCE) {
        for (place, details) in attributes(session, known, part, &numbers, namespaces).await? {
            known.space.describe(place, &details);
        }
    }
    Ok(())
}

/// Reads all that there is to know about variables.
///
/// # Errors
/// [`Error::Client`] when the connection ends.
pub(crate) async fn describe(
    session: &Session,
    known: &mut Known,
    places: &[Place],
    namespaces: &[String],
    progress: &Progress,
) -> Result<(), Error> {
    let numbers = known.space.numbers(namespaces);
    let mut meanings = Meanings::default();
    progress.will_describe(places.len());
    for part in places.chunks(NODES_AT_ONCE) {
        let mut described = attributes(session, known, part, &numbers, namespaces).await?;
        let noted;
        let properties = if known.properties.are_known() {
            &known.properties
        } else {
            noted = note_properties(session, &known.space, part, &numbers, namespaces).await?;
            &noted
        };
        meanings.add(session, properties, &mut described, namespaces).await?;
        for (place, details) in described {
            known.space.describe(place, &Details { is_whole: true, ..details });
        }
        progress.described(part.len());
    }
    Ok(())
}

async fn attributes(
    session: &Session,
    known: &Known,
    places: &[Place],
    numbers: &Numbers,
    namespaces: &[String],
) -> Result<Vec<(Place, Details)>, Error> {
    let there: Vec<(Place, NodeId)> =
        places.iter().filter_map(|place| Some((*place, known.space.node_id(*place, numbers)?))).collect();
    let questions: Vec<_> = there
        .iter()
        .flat_map(|(_, node)| ATTRIBUTES.iter().map(|attribute| (node.clone(), *attribute)))
        .collect();
    let answers = session.read(&questions).await?;
    let answers = answers.chunks(ATTRIBUTES.len());
    Ok(there
        .iter()
        .zip(answers)
        .map(|((place, _), answer)| (*place, understand(answer, namespaces)))
        .collect())
}

fn understand(answer: &[DataValue], namespaces: &[String]) -> Details {
    let [data_type, rank, description, historizing, access] = answer else { return Details::default() };
    let data_type = match &data_type.value {
        Some(Variant::NodeId(id)) => type_name(id, namespaces),
        _ => None,
    };
    let description = match &description.value {
        Some(Variant::LocalizedText(text)) if !text.text.is_empty() => Some(printable(text.text.as_ref())),
        _ => None,
    };
    Details {
        data_type,
        value_rank: match rank.value {
            Some(Variant::Int32(rank)) => rank,
            _ => SCALAR,
        },
        description,
        historizing: matches!(historizing.value, Some(Variant::Boolean(true))),
        access_level: match access.value {
            Some(Variant::Byte(access)) => access,
            _ => 0,
        },
        ..Details::default()
    }
}

fn type_name(id: &NodeId, namespaces: &[String]) -> Option<String> {
    match id.as_data_type_id() {
        Ok(known) => Some(format!("{known:?}")),
        Err(_) => NodeAddress::of(id, namespaces).map(|address| address.to_string()),
    }
}

/// A data type as people read it: with `[]` behind it for arrays.
pub(crate) fn shown_type(data_type: &str, value_rank: i32) -> Option<String> {
    let name = (!data_type.is_empty()).then(|| printable(data_type))?;
    Some(if value_rank >= 0 { format!("{name}[]") } else { name })
}

const ATTRIBUTES: [AttributeId; 5] = [
    AttributeId::DataType,
    AttributeId::ValueRank,
    AttributeId::Description,
    AttributeId::Historizing,
    AttributeId::AccessLevel,
];
const SCALAR: i32 = -1;
const NODES_AT_ONCE: usize = 2000;

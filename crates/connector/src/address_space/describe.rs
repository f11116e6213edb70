//! What a variable is: its data type and its description.

use ua_client::{AttributeId, DataValue, NodeId, Session, Variant};

use crate::error::Error;
use crate::naming::{NodeAddress, printable};

/// What the server says about a variable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Description {
    /// `Double`, `Int32[]` for arrays, or the data type's node for what is not built in.
    pub(crate) data_type: Option<String>,
    /// The data type's node, where it is not built in: it may be an enumeration.
    pub(crate) own_type: Option<NodeId>,
    pub(crate) description: Option<String>,
    /// Whether the server keeps the past of its value; `false` if it was not asked.
    pub(crate) historizing: bool,
}

/// Describes every node, in order, and whether its past is kept only if that is asked for. What the server does not show
/// stays absent.
///
/// # Errors
/// [`Error::Client`] when the connection ends.
pub(crate) async fn describe(
    session: &Session,
    nodes: &[NodeId],
    namespaces: &[String],
    with_history: bool,
) -> Result<Vec<Description>, Error> {
    let [basic @ .., _] = &ATTRIBUTES;
    let attributes = if with_history { ATTRIBUTES.as_slice() } else { basic };
    let mut descriptions = Vec::with_capacity(nodes.len());
    for part in nodes.chunks(NODES_AT_ONCE) {
        let questions: Vec<_> = part
            .iter()
            .flat_map(|node| attributes.iter().map(|attribute| (node.clone(), *attribute)))
            .collect();
        let answers = session.read(&questions).await?;
        descriptions.extend(answers.chunks(attributes.len()).map(|answer| understand(answer, namespaces)));
    }
    descriptions.resize_with(nodes.len(), Description::default);
    Ok(descriptions)
}

fn understand(answer: &[DataValue], namespaces: &[String]) -> Description {
    let [data_type, rank, description, history @ ..] = answer else { return Description::default() };
    let id = match &data_type.value {
        Some(Variant::NodeId(id)) => Some(id.as_ref()),
        _ => None,
    };
    let data_type = id.and_then(|id| type_name(id, namespaces));
    let is_array = matches!(rank.value, Some(Variant::Int32(rank)) if rank >= 0);
    let description = match &description.value {
        Some(Variant::LocalizedText(text)) if !text.text.is_empty() => Some(printable(text.text.as_ref())),
        _ => None,
    };
    Description {
        data_type: data_type.map(|name| if is_array { format!("{name}[]") } else { name }),
        own_type: id.filter(|id| id.namespace != 0).cloned(),
        description,
        historizing: matches!(history, [DataValue { value: Some(Variant::Boolean(true)), .. }]),
    }
}

fn type_name(id: &NodeId, namespaces: &[String]) -> Option<String> {
    match id.as_data_type_id() {
        Ok(known) => Some(format!("{known:?}")),
        Err(_) => NodeAddress::of(id, namespaces).map(|address| printable(&address.to_string())),
    }
}

/// The last one costs a question more and is asked for only by rules.
const ATTRIBUTES: [AttributeId; 4] =
    [AttributeId::DataType, AttributeId::ValueRank, AttributeId::Description, AttributeId::Historizing];
const NODES_AT_ONCE: usize = 500;

//! What values mean, as far as the server says: structures are opened, numbers of enumerations get their names.

use std::collections::HashMap;

use ua_client::{AttributeId, DataValue, Error, NodeId, Session, Variant};

use crate::view::content::Content;

/// The data types of nodes whose values a number alone does not explain.
#[derive(Debug, Default)]
pub(super) struct Meaning {
    data_types: HashMap<NodeId, NodeId>,
}

impl Meaning {
    /// Asks for the data types of variables. A node without one means what its value says.
    pub(super) async fn of<'n>(
        session: &Session,
        nodes: impl IntoIterator<Item = &'n NodeId>,
    ) -> Result<Self, Error> {
        let questions: Vec<_> = nodes.into_iter().map(|node| (node.clone(), AttributeId::DataType)).collect();
        let answers = session.read(&questions).await?;
        let known = questions.into_iter().zip(answers).filter_map(|((node, _), answer)| match answer.value {
            Some(Variant::NodeId(data_type)) if !is_builtin(&data_type) => Some((node, *data_type)),
            _ => None,
        });
        Ok(Self { data_types: known.collect() })
    }

    /// Opens a value of a node's `Value` attribute.
    pub(super) async fn open(
        &self,
        session: &Session,
        node: &NodeId,
        value: &DataValue,
    ) -> Result<Content, Error> {
        open(session, value.value.as_ref(), self.data_types.get(node)).await
    }
}

/// Opens any value; `data_type` is what its variable says it is.
pub(super) async fn open(
    session: &Session,
    value: Option<&Variant>,
    data_type: Option<&NodeId>,
) -> Result<Content, Error> {
    match value {
        None | Some(Variant::Empty) => Ok(Content::default()),
        Some(value) if data_type.is_some() || has_structures(value) => {
            Ok(Content::of(value, &session.decode(value, data_type).await?))
        }
        Some(value) => Ok(Content::plain(value)),
    }
}

fn has_structures(value: &Variant) -> bool {
    match value {
        Variant::ExtensionObject(_) | Variant::Variant(_) => true,
        Variant::Array(array) => array.values.iter().any(has_structures),
        _ => false,
    }
}

/// Built-in types and the abstract ones above them (Part 6 §5.1.2): nothing to be learned about their values.
fn is_builtin(data_type: &NodeId) -> bool {
    data_type.namespace == 0 && data_type.as_u32().is_some_and(|id| id <= 28)
}

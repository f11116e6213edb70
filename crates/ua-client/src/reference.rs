//! From a reference read in place to one that can be kept.

use opcua_types::{
    ByteString, ExpandedNodeId, Guid, LocalizedText, NodeClass, NodeId, QualifiedName, UAString,
};
use ua_channel::{ExpandedNodeIdRef, IdentifierRef, NodeIdRef, ReferenceRef};

use crate::browse::Reference;

/// A node id that can be kept.
#[must_use]
pub fn to_node_id(id: &NodeIdRef<'_>) -> NodeId {
    match id.identifier {
        IdentifierRef::Numeric(number) => NodeId::new(id.namespace, number),
        IdentifierRef::String(text) => NodeId::new(id.namespace, text),
        IdentifierRef::Guid(bytes) => NodeId::new(id.namespace, Guid::from_bytes(bytes)),
        IdentifierRef::Opaque(bytes) => NodeId::new(id.namespace, ByteString::from(bytes)),
    }
}

/// A reference that can be kept. A node class that the standard does not have counts as none.
pub(crate) fn owned(reference: &ReferenceRef<'_>) -> Reference {
    let (namespace_index, name) = reference.browse_name;
    let (locale, text) = reference.display_name;
    Reference {
        reference_type_id: to_node_id(&reference.reference_type),
        is_forward: reference.is_forward,
        node_id: expanded(&reference.node_id),
        browse_name: QualifiedName { namespace_index, name: string(name) },
        display_name: LocalizedText { locale: string(locale), text: string(text) },
        node_class: NodeClass::try_from(reference.node_class).unwrap_or(NodeClass::Unspecified),
        type_definition: expanded(&reference.type_definition),
    }
}

fn expanded(id: &ExpandedNodeIdRef<'_>) -> ExpandedNodeId {
    ExpandedNodeId {
        node_id: to_node_id(&id.node_id),
        namespace_uri: string(id.namespace_uri),
        server_index: id.server_index,
    }
}

fn string(text: Option<&str>) -> UAString {
    text.map_or_else(UAString::null, UAString::from)
}

#[cfg(test)]
mod tests {
    use opcua_types::{BinaryDecodable, BinaryEncodable, BrowseResponse, BrowseResult, ContextOwned};
    use ua_channel::{BrowseVisitor, BrowsedRef, walk_browse_response};

    use super::*;

    #[derive(Default)]
    struct Kept(Vec<Reference>);

    impl BrowseVisitor for Kept {
        fn begin_node(&mut self, _: usize, _: &BrowsedRef<'_>) {}
        fn reference(&mut self, reference: &ReferenceRef<'_>) {
            self.0.push(owned(reference));
        }
    }

    fn every_form() -> Vec<Reference> {
        let guid = "72962B91-FA75-4AE6-8D28-B404DC7DAF63".parse::<Guid>().unwrap();
        let ids = [
            NodeId::new(0, 7_u32),
            NodeId::new(3, 700_u32),
            NodeId::new(300, 70_000_u32),
            NodeId::new(2, "Öl"),
            NodeId::new(2, guid),
            NodeId::new(2, ByteString::from(vec![1, 2])),
        ];
        let forms = ids.into_iter().map(|id| Reference {
            reference_type_id: NodeId::new(0, 47_u32),
            is_forward: true,
            node_id: ExpandedNodeId { node_id: id.clone(), ..Default::default() },
            browse_name: QualifiedName::new(2, "n"),
            display_name: LocalizedText::new("de", "Name"),
            node_class: NodeClass::Variable,
            type_definition: id.into(),
        });
        let far = ExpandedNodeId {
            node_id: NodeId::new(0, 5_u32),
            namespace_uri: "urn:far".into(),
            server_index: 3,
        };
        let plain = Reference { node_id: far, ..Reference::default() };
        forms.chain([plain]).collect()
    }

    #[test]
    fn a_reference_kept_is_what_the_wire_library_reads() {
        let references = every_form();
        let result = BrowseResult { references: Some(references.clone()), ..Default::default() };
        let response = BrowseResponse { results: Some(vec![result]), ..Default::default() };
        let owned = ContextOwned::default();
        let context = owned.context();
        let mut body = vec![1, 0, 18, 2];
        response.encode(&mut body, &context).unwrap();
        let mut kept = Kept::default();
        assert_eq!(walk_browse_response(&body, &mut kept).unwrap().results, 1);
        let theirs = BrowseResponse::decode(&mut &body[4..], &context).unwrap();
        let theirs = theirs.results.unwrap().remove(0).references.unwrap();
        assert_eq!(kept.0, theirs);
        assert_eq!(kept.0, references);
        for len in 0..body.len() {
            walk_browse_response(&body[..len], &mut ()).unwrap_err();
        }
    }
}

//! HC-35 over the wire: a server that explains its types with malice.

use std::time::Duration;

use ua_client::types::type_loader::ByteStringBody;
use ua_client::types::{
    AttributeId, BrowseRequest, BrowseResponse, BrowseResult, ByteString, DataValue, ExpandedNodeId,
    ExtensionObject, QualifiedName, ReadRequest, ReadResponse, ReferenceDescription, StructureDefinition,
    StructureField, Variant,
};
use ua_client::{Decoded, NodeId};

use crate::server::*;

/// Every type is a structure with two fields of the next type, and every node is the encoding of a type.
fn endless(request: &ReadRequest) -> Vec<u8> {
    let answer = |node: &NodeId, attribute: u32| {
        let Some(number) = node.as_u32().filter(|_| node.namespace == 1) else { return Variant::Empty };
        let field = |name: &str| StructureField {
            name: name.into(),
            data_type: NodeId::new(1, number + 1),
            value_rank: -1,
            ..Default::default()
        };
        match AttributeId::from_u32(attribute) {
            Ok(AttributeId::BrowseName) => Variant::from(QualifiedName::new(1, format!("T{number}"))),
            Ok(AttributeId::DataTypeDefinition) => {
                let fields = Some(vec![field("a"), field("b")]);
                Variant::from(ExtensionObject::from_message(StructureDefinition {
                    fields,
                    ..Default::default()
                }))
            }
            _ => Variant::Empty,
        }
    };
    let results = request.nodes_to_read.iter().flatten().map(|read| DataValue {
        value: Some(answer(&read.node_id, read.attribute_id)),
        ..Default::default()
    });
    encode(&ReadResponse { results: Some(results.collect()), ..Default::default() })
}

fn everything_encodes(request: &BrowseRequest) -> Vec<u8> {
    let results = request.nodes_to_browse.iter().flatten().map(|browse| BrowseResult {
        references: Some(vec![ReferenceDescription {
            node_id: ExpandedNodeId::from(browse.node_id.clone()),
            ..Default::default()
        }]),
        ..Default::default()
    });
    encode(&BrowseResponse { results: Some(results.collect()), ..Default::default() })
}

#[tokio::test]
async fn types_without_end_are_given_up_and_the_value_stays_as_it_came() {
    let script = Script {
        service: Box::new(|kind, body, honest| match kind {
            READ => Act::Answer(endless(&decode(body))),
            BROWSE => Act::Answer(everything_encodes(&decode(body))),
            _ => honest.map_or(Act::Nothing, Act::Answer),
        }),
        ..Script::honest()
    };
    let rogue = script.start().await;
    let session = rogue.connect().await.unwrap();
    let body = ByteStringBody::new(ByteString::from(vec![1, 2, 3]), NodeId::new(1, 1));
    let value = Variant::from(ExtensionObject::from_message(body));
    let decoding = session.decode(&value, None);
    let decoded =
        tokio::time::timeout(Duration::from_secs(60), decoding).await.expect("it never ends").unwrap();
    let Decoded::Encoded { bytes, .. } = decoded else { panic!("{decoded:?}") };
    assert_eq!(bytes, [1, 2, 3]);
    assert!(rogue.saw(READ) < 1_000, "{} reads", rogue.saw(READ));
}

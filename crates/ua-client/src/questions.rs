//! A read request over borrowed node ids (Part 4 §5.11.2): nothing is copied to ask about a thousand nodes.

use std::io::Write;

use opcua_types::{
    AttributeId, BinaryEncodable, Context, DataTypeId, EncodingResult, Error, MessageInfo, NodeId, ObjectId,
    ReadRequest, RequestHeader, TimestampsToReturn,
};

/// What follows the attribute of each question: no index range, no data encoding (a QualifiedName), both null.
const WHOLE_VALUE: [u8; 10] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
/// Oldest value we take, in milliseconds: 0 asks the server for the newest it can get.
const MAX_AGE: f64 = 0.0;

/// Asks for attributes with both times, whole values.
pub(crate) struct ReadQuestions<'a> {
    header: RequestHeader,
    nodes: &'a [(NodeId, AttributeId)],
}

impl<'a> ReadQuestions<'a> {
    pub(crate) fn about(nodes: &'a [(NodeId, AttributeId)]) -> Self {
        Self { header: RequestHeader::default(), nodes }
    }

    pub(crate) fn header_mut(&mut self) -> &mut RequestHeader {
        &mut self.header
    }
}

impl BinaryEncodable for ReadQuestions<'_> {
    fn byte_len(&self, context: &Context<'_>) -> usize {
        let of_each = size_of::<u32>() + WHOLE_VALUE.len();
        let nodes: usize = self.nodes.iter().map(|(node, _)| node.byte_len(context) + of_each).sum();
        self.header.byte_len(context) + size_of::<f64>() + 2 * size_of::<i32>() + nodes
    }

    fn encode<S: Write + ?Sized>(&self, stream: &mut S, context: &Context<'_>) -> EncodingResult<()> {
        self.header.encode(stream, context)?;
        MAX_AGE.encode(stream, context)?;
        TimestampsToReturn::Both.encode(stream, context)?;
        i32::try_from(self.nodes.len()).map_err(Error::encoding)?.encode(stream, context)?;
        for (node, attribute) in self.nodes {
            node.encode(stream, context)?;
            let mut rest = [0; 4 + WHOLE_VALUE.len()];
            let (number, whole) = rest.split_at_mut(4);
            number.copy_from_slice(&number_of(*attribute).to_le_bytes());
            whole.copy_from_slice(&WHOLE_VALUE);
            stream.write_all(&rest)?;
        }
        Ok(())
    }
}

#[expect(clippy::as_conversions, reason = "the library gives the numbers of Part 6 Annex A.1 no other way")]
fn number_of(attribute: AttributeId) -> u32 {
    attribute as u32
}

impl MessageInfo for ReadQuestions<'_> {
    fn type_id(&self) -> ObjectId {
        ReadRequest::default().type_id()
    }

    fn json_type_id(&self) -> ObjectId {
        ReadRequest::default().json_type_id()
    }

    fn xml_type_id(&self) -> ObjectId {
        ReadRequest::default().xml_type_id()
    }

    fn data_type_id(&self) -> DataTypeId {
        ReadRequest::default().data_type_id()
    }
}

#[cfg(test)]
mod tests {
    use opcua_types::{ByteString, ContextOwned, Guid, ReadValueId};

    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_request_that_owns_its_nodes() {
        let nodes = [
            (NodeId::new(0, 2258_u32), AttributeId::Value),
            (NodeId::new(0, 7_u32), AttributeId::DisplayName),
            (NodeId::new(700, 70_000_u32), AttributeId::DataType),
            (NodeId::new(2, "Line 1.Füllstand"), AttributeId::Value),
            (NodeId::new(3, Guid::new()), AttributeId::AccessLevel),
            (NodeId::new(4, ByteString::from(vec![0, 1, 255])), AttributeId::Value),
        ];
        let header = RequestHeader { request_handle: 77, timeout_hint: 5000, ..Default::default() };
        let owned = ReadRequest {
            request_header: header.clone(),
            timestamps_to_return: TimestampsToReturn::Both,
            nodes_to_read: Some(
                nodes.iter().map(|(node, attribute)| ReadValueId::new(node.clone(), *attribute)).collect(),
            ),
            ..Default::default()
        };
        let context = ContextOwned::default();
        let mut questions = ReadQuestions::about(&nodes);
        *questions.header_mut() = header;
        let bytes = questions.encode_to_vec(&context.context());
        assert_eq!(bytes, owned.encode_to_vec(&context.context()));
        assert_eq!(questions.byte_len(&context.context()), bytes.len());
    }
}

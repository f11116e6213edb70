//! The library that decodes OPC UA's types, and how far it is trusted with bytes from the network.
//!
//! **For**: client and server, which both read extension objects (Part 6 §5.2.2.15) of peers that have proven nothing yet.
//!
//! **Promises**: a few bytes never make the decoder take much memory. The library's limits hold for texts, byte strings and
//! arrays; here are the two places that they do not reach: the length of an extension object's body, and `Argument`,
//! whose value rank decides how far its dimensions are filled up.
//!
//! **Must never**: know a service, a session or a socket.
//!
//! Not reached: an extension object with an XML body reserves as much address space as it claims to be long, up to 2 GiB.
//! The memory is not touched, and the decoding fails as soon as the bytes are not there.

use std::io::Read;

use opcua_types::type_loader::FallbackTypeLoader;
use opcua_types::{
    Context, ContextOwned, DataTypeId, DecodingOptions, DynEncodable, EncodingResult, Error,
    GeneratedTypeLoader, NamespaceMap, NodeId, ObjectId, TypeLoader, TypeLoaderCollection,
};

/// A context for decoding one message: with these options, and with no extension object longer than `longest` bytes, the
/// length of the message.
#[must_use]
pub fn bounded_context(options: DecodingOptions, longest: usize) -> ContextOwned {
    let mut loaders = TypeLoaderCollection::new_empty();
    loaders.add_type_loader(Bounded { longest });
    ContextOwned::new(NamespaceMap::new(), loaders, options)
}

/// The library's own loaders behind our limits.
struct Bounded {
    longest: usize,
}

impl TypeLoader for Bounded {
    fn load_from_binary(
        &self,
        node_id: &NodeId,
        stream: &mut dyn Read,
        context: &Context<'_>,
        length: Option<usize>,
    ) -> Option<EncodingResult<Box<dyn DynEncodable>>> {
        if let Some(length) = length.filter(|length| *length > self.longest) {
            let detail =
                format!("an extension object of {length} bytes in a message of {} bytes", self.longest);
            return Some(Err(Error::decoding(detail)));
        }
        let known = if is_argument(node_id) {
            None
        } else {
            GeneratedTypeLoader.load_from_binary(node_id, stream, context, length)
        };
        known.or_else(|| FallbackTypeLoader.load_from_binary(node_id, stream, context, length))
    }
}

/// Kept as the bytes they are: the library would fill up the dimensions of an argument to its rank, whatever that is.
fn is_argument(node_id: &NodeId) -> bool {
    *node_id == ObjectId::Argument_Encoding_DefaultBinary || *node_id == DataTypeId::Argument
}

#[cfg(test)]
mod tests {
    use opcua_types::type_loader::ByteStringBody;
    use opcua_types::{Argument, BinaryDecodable, BinaryEncodable, ExtensionObject, Range};

    use super::*;

    fn decode(bytes: &[u8], longest: usize) -> EncodingResult<ExtensionObject> {
        let owned = bounded_context(DecodingOptions::default(), longest);
        ExtensionObject::decode(&mut &bytes[..], &owned.context())
    }

    fn encoded(object: &ExtensionObject) -> Vec<u8> {
        let owned = ContextOwned::default();
        let mut bytes = Vec::new();
        BinaryEncodable::encode(object, &mut bytes, &owned.context()).unwrap();
        bytes
    }

    #[test]
    fn an_argument_of_any_rank_takes_no_more_memory_than_its_bytes() {
        let argument = Argument { value_rank: 1, array_dimensions: Some(vec![7]), ..Argument::default() };
        let mut bytes = encoded(&ExtensionObject::from_message(argument));
        // name, data type and rank come first
        let rank = bytes.windows(8).position(|four| four == [1, 0, 0, 0, 1, 0, 0, 0]).unwrap();
        bytes[rank..rank + 4].copy_from_slice(&i32::MAX.to_le_bytes());
        let object = decode(&bytes, bytes.len()).unwrap();
        let kept = object.inner_as::<ByteStringBody>().unwrap();
        assert!(kept.raw_body().len() < bytes.len());
    }

    #[test]
    fn a_body_that_claims_to_be_longer_than_the_message_is_refused_before_memory_is_taken() {
        for id in [0_u8, 99] {
            let mut bytes = vec![0, id, 1];
            bytes.extend(i32::MAX.to_le_bytes());
            let error = decode(&bytes, bytes.len()).unwrap_err();
            assert!(error.to_string().contains("2147483647 bytes in a message of 7 bytes"), "{error}");
        }
    }

    #[test]
    fn other_types_are_decoded_as_ever_and_unknown_ones_kept_as_bytes() {
        let range = encoded(&ExtensionObject::from_message(Range { low: 1.0, high: 2.0 }));
        let object = decode(&range, range.len()).unwrap();
        assert_eq!(object.inner_as::<Range>(), Some(&Range { low: 1.0, high: 2.0 }));
        let unknown = [1, 2, 57, 48, 1, 2, 0, 0, 0, 0xAB, 0xCD];
        let object = decode(&unknown, unknown.len()).unwrap();
        assert_eq!(object.inner_as::<ByteStringBody>().unwrap().raw_body().as_ref(), [0xAB, 0xCD]);
    }
}

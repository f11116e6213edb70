//! Streams as nodes of the server that is connected.

use tagstore::{StreamId, StreamInfo};
use ua_client::NodeId;

use crate::naming::NodeAddress;

/// A stream whose history is to be read.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) stream: StreamId,
    pub(super) name: String,
    pub(super) node: NodeId,
}

/// The stream as a node of the server with this URI and namespace table; `None` for a stream of another server, or of a
/// namespace that the server no longer has.
pub(super) fn target(stream: StreamInfo, server: &str, namespaces: &[String]) -> Option<Target> {
    // where two servers are copies of one another, the key of the second says whose it is
    let own = format!("{}|", stream.source);
    let key = stream.key.strip_prefix(&own).unwrap_or(&stream.key);
    let place = key.strip_prefix(server)?.strip_prefix("|nsu=")?;
    // a URI may hold any sign: the table says where it ends
    let node = std::iter::once(ua_client::UA_NAMESPACE)
        .chain(namespaces.iter().map(String::as_str))
        .find_map(|uri| {
            let identifier = place.strip_prefix(uri)?.strip_prefix(';')?;
            format!("nsu={uri};{identifier}").parse::<NodeAddress>().ok()?.node_id(namespaces)
        })?;
    Some(Target { stream: stream.id, name: stream.name, node })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(key: &str) -> StreamInfo {
        StreamInfo {
            id: StreamId::new(3),
            key: key.to_owned(),
            name: "line1.Level".to_owned(),
            source: "line1".to_owned(),
            data_type: None,
            unit: None,
            range: None,
            states: Vec::new(),
            description: None,
        }
    }

    #[test]
    fn a_stream_is_found_under_the_number_that_its_namespace_has_now() {
        let namespaces = ["http://opcfoundation.org/UA/", "urn:plc", "urn:model"].map(str::to_owned);
        let node = |key| target(stream(key), "urn:plc", &namespaces).map(|target| target.node);
        assert_eq!(node("urn:plc|nsu=urn:model;s=Level"), Some(NodeId::new(2, "Level")));
        assert_eq!(node("urn:plc|nsu=http://opcfoundation.org/UA/;i=2258"), Some(NodeId::new(0, 2258_u32)));
        assert_eq!(node("line1|urn:plc|nsu=urn:model;s=Level"), Some(NodeId::new(2, "Level")));
        assert_eq!(node("urn:other|nsu=urn:model;s=Level"), None);
        assert_eq!(node("urn:plc|nsu=urn:gone;s=Level"), None);
    }
}

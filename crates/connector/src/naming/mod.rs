//! Names: what a stream is (its identity), what it is called, and how a node is written in the configuration.
//!
//! A stream's identity is `<server application URI>|nsu=<namespace URI>;<identifier>`. It holds no namespace index,
//! because servers renumber their namespace table, and no name, because people rename things.
//! Its name follows a template, `{source}.{path}` if nobody says otherwise, and is only there for people.

mod template;

use std::fmt;
use std::str::FromStr;

use opcua_types::{Identifier, NodeId};
use ua_client::IdentifierRef;

use crate::error::Error;
pub use template::{NameTemplate, NamespaceAliases, NodeNames};

/// A node named for good: by namespace URI, never by index. Written `i=85` or `nsu=urn:plant;s=Line1.Speed`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeAddress {
    namespace_uri: String,
    identifier: Identifier,
}

impl NodeAddress {
    /// The address of a node as a server with this namespace table numbers it; `None` when its index is not in the
    /// table.
    pub fn of(node: &NodeId, namespaces: &[String]) -> Option<Self> {
        let namespace_uri = match node.namespace {
            0 => UA_NAMESPACE.to_owned(),
            index => namespaces.get(usize::from(index))?.clone(),
        };
        Some(Self { namespace_uri, identifier: node.identifier.clone() })
    }

    pub(crate) fn from_parts(namespace_uri: String, identifier: Identifier) -> Self {
        Self { namespace_uri, identifier }
    }

    /// The identifier, as it is on the wire.
    pub(crate) fn identifier_ref(&self) -> IdentifierRef<'_> {
        match &self.identifier {
            Identifier::Numeric(number) => IdentifierRef::Numeric(*number),
            Identifier::String(text) => IdentifierRef::String(text.as_ref()),
            Identifier::Guid(guid) => IdentifierRef::Guid(guid.to_bytes()),
            Identifier::ByteString(bytes) => IdentifierRef::Opaque(bytes.as_ref()),
        }
    }

    /// The node id on a server with this namespace table; `None` when the table does not have the namespace.
    pub fn node_id(&self, namespaces: &[String]) -> Option<NodeId> {
        let index = if self.namespace_uri == UA_NAMESPACE {
            0
        } else {
            namespaces.iter().position(|uri| *uri == self.namespace_uri)?
        };
        Some(NodeId { namespace: u16::try_from(index).ok()?, identifier: self.identifier.clone() })
    }

    /// The identifier part alone, as in `s=Line1.Speed`.
    pub fn identifier_text(&self) -> String {
        match &self.identifier {
            Identifier::Numeric(number) => format!("i={number}"),
            Identifier::String(text) => format!("s={}", text.as_ref()),
            Identifier::Guid(guid) => format!("g={guid}"),
            Identifier::ByteString(bytes) => format!("b={}", bytes.as_base64()),
        }
    }

    /// The identifier alone, without its kind.
    pub fn identifier(&self) -> String {
        let text = self.identifier_text();
        text.split_once('=').map_or_else(String::new, |(_, identifier)| identifier.to_owned())
    }

    /// The namespace's URI.
    pub fn namespace_uri(&self) -> &str {
        &self.namespace_uri
    }

    /// The identity of the stream of this node's values.
    pub fn stream_key(&self, server_application_uri: &str) -> String {
        format!("{server_application_uri}|nsu={};{}", self.namespace_uri, self.identifier_text())
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace_uri != UA_NAMESPACE {
            write!(f, "nsu={};", self.namespace_uri)?;
        }
        f.write_str(&self.identifier_text())
    }
}

impl FromStr for NodeAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::NodeAddress { text: text.to_owned() };
        let (namespace_uri, identifier) = match text.strip_prefix("nsu=") {
            Some(rest) => rest.split_once(';').ok_or_else(wrong)?,
            None => (UA_NAMESPACE, text),
        };
        let kind = identifier.get(..2).ok_or_else(wrong)?;
        if namespace_uri.is_empty() || !["i=", "s=", "g=", "b="].contains(&kind) {
            return Err(wrong());
        }
        let identifier = identifier.parse().map_err(|()| wrong())?;
        Ok(Self { namespace_uri: namespace_uri.to_owned(), identifier })
    }
}

/// The nearest of `known` to `name`, if it is near enough to be what was meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Text from a server, safe to print: control characters, line breaks and the signs that turn the direction of
/// writing become `_`, and it is cut at `MAX_TEXT` characters.
pub fn printable(text: &str) -> String {
    text.chars()
        .take(MAX_TEXT)
        .map(|c| if c.is_control() || DIRECTION_SIGNS.contains(&c) { '_' } else { c })
        .collect()
}

const UA_NAMESPACE: &str = "http://opcfoundation.org/UA/";
const MAX_TEXT: usize = 256;
const DIRECTION_SIGNS: [char; 11] = [
    '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
    '\u{2067}', '\u{2068}', '\u{2069}',
];

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> NodeAddress {
        text.parse().unwrap()
    }

    #[test]
    fn identity_survives_a_namespace_table_that_moves() {
        let before = ["http://opcfoundation.org/UA/".to_owned(), "urn:a".to_owned(), "urn:plant".to_owned()];
        let after = ["http://opcfoundation.org/UA/".to_owned(), "urn:plant".to_owned(), "urn:a".to_owned()];
        let old = NodeAddress::of(&NodeId::new(2, "Speed"), &before).unwrap();
        let new = NodeAddress::of(&NodeId::new(1, "Speed"), &after).unwrap();
        assert_eq!(old.stream_key("urn:server"), new.stream_key("urn:server"));
        assert_eq!(old.stream_key("urn:server"), "urn:server|nsu=urn:plant;s=Speed");
        assert_eq!(old.node_id(&after), Some(NodeId::new(1, "Speed")));
    }

    #[test]
    fn address_reads_back_what_it_prints() {
        for text in [
            "i=85",
            "nsu=urn:plant;s=Line1;x=2",
            "nsu=urn:p;g=72962b91-fa75-4ae6-8d28-b404dc7daf63",
            "nsu=u;b=AQI=",
        ] {
            assert_eq!(address(text).to_string(), text);
        }
    }

    #[test]
    fn address_by_namespace_index_is_refused() {
        for text in ["ns=2;s=Speed", "", "x=1", "i=", "nsu=;i=1", "nsu=urn:p", "é"] {
            assert!(text.parse::<NodeAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn index_outside_the_namespace_table_has_no_address() {
        assert_eq!(NodeAddress::of(&NodeId::new(7, 1_u32), &["urn:x".to_owned()]), None);
    }

    #[test]
    fn hostile_browse_names_cannot_move_the_cursor_or_turn_the_text() {
        assert_eq!(printable("a\u{1b}[2Jb\nc\u{202e}d"), "a_[2Jb_c_d");
        assert_eq!(printable(&"x".repeat(1000)).len(), 256);
    }

    #[test]
    fn suggestion_is_near_or_absent() {
        assert_eq!(nearest("ulr", ["url", "user"]), Some("url"));
        assert_eq!(
            nearest("sampling_intervall", ["publishing_interval", "sampling_interval"]),
            Some("sampling_interval")
        );
        assert_eq!(nearest("zebra", ["url", "user"]), None);
    }
}

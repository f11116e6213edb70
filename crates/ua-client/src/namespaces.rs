//! A server's namespace table: which URI each index stands for (Part 3 §5.2.2, Part 5 §6.3.1).

use opcua_types::{NodeId, QualifiedName};

/// The namespace of OPC UA itself, index 0 on every server.
pub const UA_NAMESPACE: &str = "http://opcfoundation.org/UA/";

/// The namespace table of one server at one time.
///
/// Indexes are the server's and may change when it restarts; URIs stay. Keep nodes by URI
/// ([`Namespaces::express`]) and look the index up in each session ([`NodeAddress`](crate::NodeAddress)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    uris: Vec<String>,
}

impl Namespaces {
    /// The table as the server gave it: the URI of each index.
    #[must_use]
    pub fn new(uris: Vec<String>) -> Self {
        Self { uris }
    }

    /// The URI that an index stands for.
    #[must_use]
    pub fn uri(&self, index: u16) -> Option<&str> {
        self.uris.get(usize::from(index)).map(String::as_str)
    }

    /// The index that a URI has. The first one, should the server list it twice.
    #[must_use]
    pub fn index(&self, uri: &str) -> Option<u16> {
        let place = self.uris.iter().position(|known| known == uri)?;
        u16::try_from(place).ok()
    }

    /// The URIs in the order of their indexes.
    #[must_use]
    pub fn uris(&self) -> &[String] {
        &self.uris
    }

    /// The URIs in the order of their indexes.
    #[must_use]
    pub fn into_uris(self) -> Vec<String> {
        self.uris
    }

    /// A node in the form that stays true when the indexes change: `nsu=URI;s=…`, and `i=…` in OPC UA's own namespace
    /// (Part 6 §5.1.12). A node in a namespace that the table does not have keeps its index.
    #[must_use]
    pub fn express(&self, node: &NodeId) -> String {
        match self.uri(node.namespace) {
            _ if node.namespace == 0 => node.identifier.to_string(),
            Some(uri) => format!("nsu={};{}", escape_uri(uri), node.identifier),
            None => node.to_string(),
        }
    }

    /// A browse name with the URI in place of the index; bare in OPC UA's own namespace.
    #[must_use]
    pub fn express_name(&self, name: &QualifiedName) -> String {
        match self.uri(name.namespace_index) {
            _ if name.namespace_index == 0 => name.name.as_ref().to_owned(),
            Some(uri) => format!("nsu={};{}", escape_uri(uri), name.name),
            None => format!("{}:{}", name.namespace_index, name.name),
        }
    }
}

/// `;` ends the URI and `%` begins an escape (Part 6 §5.1.12).
pub(crate) fn escape_uri(uri: &str) -> String {
    uri.replace('%', "%25").replace(';', "%3B")
}

/// The reverse of [`escape_uri`]. Other escapes belong to the URI itself and stay.
pub(crate) fn unescape_uri(text: &str) -> String {
    text.replace("%3B", ";").replace("%3b", ";").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Namespaces {
        Namespaces::new([UA_NAMESPACE, "urn:server", "urn:a;b%c"].map(str::to_owned).to_vec())
    }

    #[test]
    fn nodes_are_expressed_by_uri_and_escaped_as_the_standard_says() {
        let table = table();
        assert_eq!(table.express(&NodeId::new(0, 85_u32)), "i=85");
        assert_eq!(table.express(&NodeId::new(1, "Speed;1")), "nsu=urn:server;s=Speed;1");
        assert_eq!(table.express(&NodeId::new(2, 7_u32)), "nsu=urn:a%3Bb%25c;i=7");
        assert_eq!(table.express(&NodeId::new(9, 7_u32)), "ns=9;i=7");
    }

    #[test]
    fn index_and_uri_lead_to_each_other() {
        let table = table();
        assert_eq!((table.index("urn:server"), table.uri(1)), (Some(1), Some("urn:server")));
        assert_eq!((table.index("urn:nobody"), table.uri(3)), (None, None));
    }
}

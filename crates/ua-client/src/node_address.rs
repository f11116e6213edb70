//! Nodes as people write them: by id, by namespace URI, or by the way that leads to them.

use std::fmt;
use std::str::FromStr;

use opcua_types::{
    Identifier, NodeId, ObjectId, QualifiedName, ReferenceTypeId, RelativePath, RelativePathElement,
};

use crate::Error;
use crate::namespaces::{escape_uri, unescape_uri};

/// A node as it was written. [`Session::resolve`](crate::Session::resolve) finds its id on a server.
///
/// ```
/// use ua_client::NodeAddress;
/// for text in ["i=2258", "ns=2;s=Line1.Speed", "nsu=urn:plant:model;s=Line1.Speed", "/Objects/2:Line1/2:Speed"] {
///     let address: NodeAddress = text.parse()?;
///     assert_eq!(address.to_string(), text);
/// }
/// # Ok::<(), ua_client::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum NodeAddress {
    /// `ns=2;s=Line1.Speed`: with the server's own index of the namespace, which may change.
    Id(NodeId),
    /// `nsu=URI;s=Line1.Speed` (Part 6 §5.1.12).
    Uri {
        /// URI of the namespace.
        uri: String,
        /// Identifier within it.
        identifier: Identifier,
    },
    /// `/Objects/2:Line1/2:Speed`, from the Root folder on (Part 4 Annex A.2).
    Path(BrowsePath),
}

/// A way through the address space that begins at the Root folder.
///
/// `/` follows hierarchical references, `.` aggregates (components and properties), `<HasSubtype>` the named type of
/// reference, `<!…>` against its direction, `<#…>` without its subtypes. `2:Speed` is the browse name Speed in namespace
/// 2. A `&` takes away the meaning of the character behind it: `/2:Speed&/Torque`.
#[derive(Clone, Debug, PartialEq)]
pub struct BrowsePath {
    text: String,
    steps: Vec<RelativePathElement>,
}

/// More steps than any tree of a plant has.
const MAX_STEPS: usize = 100;

impl BrowsePath {
    /// Where it begins: the Root folder.
    #[must_use]
    pub fn start() -> NodeId {
        ObjectId::RootFolder.into()
    }

    /// The steps, as TranslateBrowsePathsToNodeIds takes them.
    #[must_use]
    pub fn relative_path(&self) -> RelativePath {
        RelativePath { elements: Some(self.steps.clone()) }
    }
}

impl FromStr for BrowsePath {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::InvalidNode`] says what is wrong with it.
    fn from_str(text: &str) -> Result<Self, Error> {
        let steps = steps(text).map_err(|reason| invalid(text, reason))?;
        Ok(Self { text: text.to_owned(), steps })
    }
}

impl FromStr for NodeAddress {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::InvalidNode`] says what is wrong with it.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.starts_with(['/', '.', '<']) {
            return text.parse().map(Self::Path);
        }
        if let Some(rest) = text.strip_prefix("nsu=") {
            let (uri, identifier) =
                rest.split_once(';').ok_or_else(|| invalid(text, "a ';' is missing behind the URI"))?;
            if uri.is_empty() {
                return Err(invalid(text, "the URI is missing"));
            }
            return Ok(Self::Uri { uri: unescape_uri(uri), identifier: parse_identifier(text, identifier)? });
        }
        let (namespace, identifier) = match text.strip_prefix("ns=") {
            Some(rest) => {
                let (index, identifier) = rest
                    .split_once(';')
                    .ok_or_else(|| invalid(text, "a ';' is missing behind the namespace's index"))?;
                let index = index
                    .parse()
                    .map_err(|_| invalid(text, "the namespace's index is not a number from 0 to 65535"))?;
                (index, identifier)
            }
            None => (0, text),
        };
        Ok(Self::Id(NodeId { namespace, identifier: parse_identifier(text, identifier)? }))
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Uri { uri, identifier } => write!(f, "nsu={};{identifier}", escape_uri(uri)),
            Self::Path(path) => f.write_str(&path.text),
        }
    }
}

impl From<NodeId> for NodeAddress {
    fn from(id: NodeId) -> Self {
        Self::Id(id)
    }
}

fn invalid(text: &str, reason: &'static str) -> Error {
    Error::InvalidNode { text: crate::error::clean(text), reason }
}

fn parse_identifier(whole: &str, text: &str) -> Result<Identifier, Error> {
    const FORMS: &str =
        "it should be like i=2258, ns=2;s=Line1.Speed, nsu=URI;s=Line1.Speed or /Objects/2:Line1";
    let (kind, value) = text.split_once('=').ok_or_else(|| invalid(whole, FORMS))?;
    match kind {
        "i" => value
            .parse()
            .map(Identifier::Numeric)
            .map_err(|_| invalid(whole, "behind i= stands a number from 0 to 4294967295")),
        "s" if !value.is_empty() => Ok(Identifier::String(value.into())),
        "s" => Err(invalid(whole, "behind s= stands a text")),
        "g" => text.parse().map_err(|()| {
            invalid(whole, "behind g= stands a GUID such as 09087e75-8e5e-499b-954f-f2a9603db28a")
        }),
        "b" => text.parse().map_err(|()| invalid(whole, "behind b= stands Base64")),
        _ => Err(invalid(whole, FORMS)),
    }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn steps(text: &str) -> Result<Vec<RelativePathElement>, &'static str> {
    let mut chars = text.chars().peekable();
    let mut steps = Vec::new();
    while chars.peek().is_some() {
        if steps.len() >= MAX_STEPS {
            return Err("it has more than 100 steps");
        }
        let mut step = reference(&mut chars)?;
        step.target_name = browse_name(&mut chars, |c| matches!(c, '/' | '.' | '<'))?;
        steps.push(step);
    }
    if steps.is_empty() { Err("it is empty") } else { Ok(steps) }
}

/// `/`, `.`, or `<…>`.
fn reference(chars: &mut Chars<'_>) -> Result<RelativePathElement, &'static str> {
    let mut step = RelativePathElement { include_subtypes: true, ..Default::default() };
    match chars.next() {
        Some('/') => step.reference_type_id = ReferenceTypeId::HierarchicalReferences.into(),
        Some('.') => step.reference_type_id = ReferenceTypeId::Aggregates.into(),
        Some('<') => {
            while let Some(flag) = chars.next_if(|c| matches!(c, '#' | '!')) {
                if flag == '#' { step.include_subtypes = false } else { step.is_inverse = true }
            }
            let name = browse_name(chars, |c| c == '>')?;
            if chars.next() != Some('>') {
                return Err("a '>' is missing behind the type of reference");
            }
            step.reference_type_id = reference_type(&name)?;
        }
        _ => return Err("a step begins with '/', '.' or '<'"),
    }
    Ok(step)
}

/// Types of references have names on the server only; those of the standard are known here.
fn reference_type(name: &QualifiedName) -> Result<NodeId, &'static str> {
    let standard = name.namespace_index == 0;
    let id = RelativePathElement::default_node_resolver(0, name.name.as_ref())
        .filter(|id| standard && id.is_numeric());
    id.ok_or("only the standard's types of references can be named")
}

/// `[ns:]name` up to a character that ends it.
fn browse_name(chars: &mut Chars<'_>, ends: impl Fn(char) -> bool) -> Result<QualifiedName, &'static str> {
    let mut namespace = None;
    let mut name = String::new();
    while let Some(c) = chars.next_if(|c| !ends(*c)) {
        match c {
            '&' => name.push(chars.next().ok_or("a '&' stands at its end")?),
            ':' if namespace.is_none() => {
                let index = std::mem::take(&mut name).parse::<u16>();
                namespace = Some(index.map_err(
                    |_| "before a ':' stands the index of a namespace; a ':' in a name is written '&:'",
                )?);
            }
            c => name.push(c),
        }
    }
    if name.is_empty() {
        return Err("a browse name is missing");
    }
    Ok(QualifiedName::new(namespace.unwrap_or(0), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<RelativePathElement> {
        match text.parse().unwrap() {
            NodeAddress::Path(path) => path.steps,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn paths_follow_the_notation_of_the_standard() {
        let steps = path("/Objects/2:Line1.3:Speed&/Torque<#!HasSubtype>12:A&:B");
        let names: Vec<_> =
            steps.iter().map(|s| (s.target_name.namespace_index, s.target_name.name.as_ref())).collect();
        assert_eq!(names, [(0, "Objects"), (2, "Line1"), (3, "Speed/Torque"), (12, "A:B")]);
        let types: Vec<_> = steps.iter().map(|s| s.reference_type_id.as_u32().unwrap()).collect();
        assert_eq!(types, [33, 33, 44, 45]);
        assert!(steps[3].is_inverse && !steps[3].include_subtypes);
        assert!(!steps[0].is_inverse && steps[0].include_subtypes);
    }

    #[test]
    fn ids_are_read_whatever_their_identifier_holds() {
        let id = |text: &str| match text.parse().unwrap() {
            NodeAddress::Id(id) => id,
            other => panic!("{other:?}"),
        };
        assert_eq!(id("i=85"), NodeId::new(0, 85_u32));
        assert_eq!(id("ns=3;s=a;b=c/d"), NodeId::new(3, "a;b=c/d"));
        assert_eq!(
            id("ns=1;g=09087e75-8e5e-499b-954f-f2a9603db28a").to_string(),
            "ns=1;g=09087e75-8e5e-499b-954f-f2a9603db28a"
        );
        assert_eq!(id("ns=1;b=M/RbKBsRVkePCePcx24oRA==").to_string(), "ns=1;b=M/RbKBsRVkePCePcx24oRA==");
    }

    #[test]
    fn a_uri_is_unescaped_and_escaped_again() {
        let text = "nsu=http://a.example/x%3By%25;s=1;2";
        let address: NodeAddress = text.parse().unwrap();
        let expected =
            NodeAddress::Uri { uri: "http://a.example/x;y%".to_owned(), identifier: Identifier::from("1;2") };
        assert_eq!(address, expected);
        assert_eq!(address.to_string(), text);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, word) in [
            ("", "like"),
            ("Speed", "like"),
            ("ns=2", "';'"),
            ("ns=70000;i=1", "65535"),
            ("i=-1", "number"),
            ("s=", "text"),
            ("ns=1;g=12", "GUID"),
            ("b=*", "Base64"),
            ("nsu=;i=1", "URI"),
            ("nsu=urn:x", "';'"),
            ("/", "browse name"),
            ("/a//b", "browse name"),
            ("/x:Speed", "'&:'"),
            ("<HasSubtype/a", "'>'"),
            ("<2:Mine>a", "standard"),
            ("<NoSuchType>a", "standard"),
            ("/a&", "'&'"),
        ] {
            let error = text.parse::<NodeAddress>().unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
        assert!(format!("{}/x", "/a".repeat(100)).parse::<NodeAddress>().is_err());
    }
}

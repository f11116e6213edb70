//! What streams are called: a template that an administrator writes, filled in for each node.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

use super::{NodeAddress, nearest, printable};

/// How the streams of a source are named, as in `{source}.{path}`. Text outside the braces stands for itself; `{{` and
/// `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameTemplate {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Source,
    /// Browse names from below the root down to the node, with this between them.
    Path(String),
    /// The last of them.
    Name,
    DisplayName,
    /// The alias of the namespace, else its URI.
    Namespace,
    /// As the server numbers it now: another number is another name.
    NamespaceIndex,
    /// The identifier without its kind.
    Identifier,
    /// The node for good, as in `nsu=urn:plant;s=Line1`.
    Node,
}

/// What a node is called by its server.
#[derive(Clone, Debug)]
pub struct NodeNames<'a> {
    /// Which node.
    pub address: NodeAddress,
    /// Index of its namespace on the server now.
    pub namespace_index: u16,
    /// Browse names from below the root down to it.
    pub path: Vec<&'a str>,
    /// Its display name; empty where the server does not say it or nobody asked.
    pub display_name: &'a str,
}

/// Short names that the administrator gave to namespaces, by URI.
pub type NamespaceAliases = BTreeMap<String, String>;

impl Default for NameTemplate {
    fn default() -> Self {
        let text = |text: &str| Part::Text(text.to_owned());
        Self { parts: vec![Part::Field(Field::Source), text("."), Part::Field(Field::Path(".".to_owned()))] }
    }
}

impl NameTemplate {
    /// The names of a set of nodes. Where two nodes would have the same, both get their node added, so that the outcome
    /// does not depend on the order of a browse.
    ///
    /// `nodes` says what a node is called as often as it is asked: there may be a million of them.
    pub fn names<'a, I>(&self, source: &str, aliases: &NamespaceAliases, nodes: impl Fn() -> I) -> Vec<String>
    where
        I: Iterator<Item = NodeNames<'a>>,
    {
        let mut names: Vec<String> = nodes().map(|node| self.name(source, aliases, &node)).collect();
        let mut seen: HashMap<&str, bool> = HashMap::with_capacity(names.len());
        for name in &names {
            seen.entry(name).and_modify(|alone| *alone = false).or_insert(!name.is_empty());
        }
        let alone: Vec<bool> =
            names.iter().map(|name| seen.get(name.as_str()).copied().unwrap_or(false)).collect();
        drop(seen);
        if alone.iter().all(|alone| *alone) {
            return names;
        }
        for ((name, node), alone) in names.iter_mut().zip(nodes()).zip(alone) {
            if !alone {
                name.push_str(&format!("[{address}]", address = printable(&node.address.to_string())));
            }
        }
        names
    }

    fn name(&self, source: &str, aliases: &NamespaceAliases, node: &NodeNames<'_>) -> String {
        let mut name = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Field(field) => name.push_str(&field.of(source, aliases, node)),
            }
        }
        name
    }
}

impl Field {
    fn of<'a>(&self, source: &'a str, aliases: &'a NamespaceAliases, node: &NodeNames<'_>) -> Cow<'a, str> {
        let address = &node.address;
        match self {
            Self::Source => source.into(),
            Self::Path(separator) => {
                let parts: Vec<String> = node.path.iter().map(|part| printable(part)).collect();
                parts.join(separator).into()
            }
            Self::Name => printable(node.path.last().copied().unwrap_or_default()).into(),
            Self::DisplayName => printable(node.display_name).into(),
            Self::Namespace => match aliases.get(address.namespace_uri()) {
                Some(alias) => alias.into(),
                None => printable(address.namespace_uri()).into(),
            },
            Self::NamespaceIndex => node.namespace_index.to_string().into(),
            Self::Identifier => printable(&address.identifier()).into(),
            Self::Node => printable(&address.to_string()).into(),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (word, format) = match text.split_once(':') {
            Some((word, format)) => (word, Some(format)),
            None => (text, None),
        };
        let field = match word {
            "source" => Self::Source,
            "path" => return Ok(Self::Path(format.unwrap_or(".").to_owned())),
            "name" => Self::Name,
            "display_name" => Self::DisplayName,
            "namespace" => Self::Namespace,
            "namespace_index" => Self::NamespaceIndex,
            "identifier" => Self::Identifier,
            "node" => Self::Node,
            _ => return Err(unknown(word)),
        };
        match format {
            None => Ok(field),
            Some(_) => Err(format!("only {{path:…}} takes something after a colon, {{{word}}} does not")),
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Path(_) => "path",
            Self::Name => "name",
            Self::DisplayName => "display_name",
            Self::Namespace => "namespace",
            Self::NamespaceIndex => "namespace_index",
            Self::Identifier => "identifier",
            Self::Node => "node",
        }
    }

    /// Whether it is there to tell nodes apart.
    const fn tells_nodes_apart(&self) -> bool {
        !matches!(self, Self::Source | Self::Namespace | Self::NamespaceIndex)
    }
}

impl FromStr for NameTemplate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '{' | '}' if rest.next_if_eq(&c).is_some() => plain.push(c),
                '}' => return Err("a `}` has no `{`; write }} for the brace itself".to_owned()),
                '{' => {
                    let field: String = rest.by_ref().take_while(|c| *c != '}').collect();
                    if !text.contains(&format!("{{{field}}}")) {
                        return Err("a `{` is never closed; write {{ for the brace itself".to_owned());
                    }
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Field(Field::parse(&field)?));
                }
                c if c.is_control() => return Err("a control character cannot be part of a name".to_owned()),
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        let apart = |part: &Part| matches!(part, Part::Field(field) if field.tells_nodes_apart());
        if parts.iter().any(apart) {
            Ok(Self { parts })
        } else {
            Err("it gives every node the same name; use {path}, {name}, {display_name}, {identifier} or {node}".to_owned())
        }
    }
}

impl fmt::Display for NameTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Part::Field(Field::Path(separator)) if separator != "." => write!(f, "{{path:{separator}}}")?,
                Part::Field(field) => write!(f, "{{{}}}", field.word())?,
            }
        }
        Ok(())
    }
}

fn unknown(word: &str) -> String {
    match nearest(word, FIELDS) {
        Some(near) => format!("there is no {{{word}}}; did you mean {{{near}}}?"),
        None => {
            let all: Vec<String> = FIELDS.iter().map(|field| format!("{{{field}}}")).collect();
            format!("there is no {{{word}}}; there are {}", all.join(", "))
        }
    }
}

const FIELDS: [&str; 8] =
    ["source", "path", "name", "display_name", "namespace", "namespace_index", "identifier", "node"];

#[cfg(test)]
mod tests {
    use super::*;

    fn named(template: &str, nodes: &[(&str, &[&str])]) -> Vec<String> {
        let template: NameTemplate = template.parse().unwrap();
        let nodes: Vec<(NodeAddress, Vec<String>)> = nodes
            .iter()
            .map(|(address, path)| {
                (address.parse().unwrap(), path.iter().map(|part| (*part).to_owned()).collect())
            })
            .collect();
        let names = || {
            nodes.iter().map(|(address, path)| NodeNames {
                address: address.clone(),
                namespace_index: 5,
                path: path.iter().map(String::as_str).collect(),
                display_name: "Drehzahl",
            })
        };
        let aliases = NamespaceAliases::from([("urn:vendor:mixing".to_owned(), "mix".to_owned())]);
        template.names("plc", &aliases, names)
    }

    const SPEED: (&str, &[&str]) = ("nsu=urn:vendor:mixing;s=Line1.Speed", &["Line1", "Speed"]);

    #[test]
    fn each_field_is_filled_in() {
        for (template, name) in [
            ("{source}.{path}", "plc.Line1.Speed"),
            ("{path:/}", "Line1/Speed"),
            ("{path: }", "Line1 Speed"),
            ("{name} of {source}", "Speed of plc"),
            ("{display_name}", "Drehzahl"),
            ("{namespace}:{identifier}", "mix:Line1.Speed"),
            ("OPC UA.{source}.{namespace_index}.{identifier}", "OPC UA.plc.5.Line1.Speed"),
            ("{node}", "nsu=urn:vendor:mixing;s=Line1.Speed"),
            ("{{{name}}}", "{Speed}"),
        ] {
            assert_eq!(named(template, &[SPEED]), [name], "{template}");
            assert_eq!(template.parse::<NameTemplate>().unwrap().to_string(), template);
        }
        assert_eq!(NameTemplate::default().to_string(), "{source}.{path}");
    }

    #[test]
    fn a_namespace_without_an_alias_is_its_uri() {
        assert_eq!(named("{namespace};{name}", &[("nsu=urn:x;i=7", &["A"])]), ["urn:x;A"]);
    }

    #[test]
    fn what_makes_no_name_is_refused_in_words() {
        for (template, words) in [
            ("{source}", "the same name"),
            ("plain", "the same name"),
            ("{path", "never closed"),
            ("path}", "has no `{`"),
            ("{pth}", "did you mean {path}?"),
            ("{zebra}", "there are {source}, {path}"),
            ("{name:/}", "only {path:…}"),
            ("{path}\n", "control character"),
        ] {
            let error = template.parse::<NameTemplate>().unwrap_err();
            assert!(error.contains(words), "{template}: {error}");
        }
    }

    #[test]
    fn every_colliding_name_carries_its_node_whatever_the_order() {
        let mut nodes: Vec<(&str, &[&str])> = vec![
            ("nsu=urn:p;s=a", &["Line", "Speed"]),
            ("nsu=urn:p;s=b", &["Line", "Speed"]),
            ("nsu=urn:p;s=c", &["Line", "Level"]),
        ];
        let names = named("{source}.{path}", &nodes);
        assert_eq!(
            names,
            ["plc.Line.Speed[nsu=urn:p;s=a]", "plc.Line.Speed[nsu=urn:p;s=b]", "plc.Line.Level"]
        );
        nodes.reverse();
        let mut reversed = named("{source}.{path}", &nodes);
        reversed.reverse();
        assert_eq!(reversed, names);
    }

    #[test]
    fn an_empty_name_is_its_node() {
        assert_eq!(named("{name}", &[("nsu=urn:p;s=a", &[])]), ["[nsu=urn:p;s=a]"]);
    }

    #[test]
    fn hostile_names_are_made_printable() {
        assert_eq!(named("{path}", &[("nsu=urn:p;s=a", &["a\u{1b}[2J", "b\u{202e}"])]), ["a_[2J.b_"]);
    }
}

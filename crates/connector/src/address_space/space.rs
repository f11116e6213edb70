//! The nodes of a server in memory: rows and one piece of text, so that a million of them take less than 200 MB.
//!
//! A node is named for good, by the URI of its namespace; what number the server gives the namespace today is looked up
//! when the server is asked about it.

use std::hash::{BuildHasher as _, RandomState};

use hashbrown::HashTable;
use tagstore::{ValueRange, ValueState};
use ua_client::types::{ByteString, Guid, Identifier};
use ua_client::{IdentifierRef, NodeId};

use super::texts::{Text, Texts};
use crate::naming::NodeAddress;

/// A node's place in the order in which the nodes were met; what leads to it comes before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place(u32);

impl Place {
    /// Counted from 0.
    pub(super) fn number(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Nodes of a server.
#[derive(Debug)]
pub(crate) struct Space {
    texts: Texts,
    /// URIs of the namespaces in use here, in an order of our own.
    namespaces: Vec<String>,
    rows: Vec<Row>,
    details: Vec<DetailsRow>,
    by_identity: HashTable<u32>,
    hasher: RandomState,
    variables: usize,
}

/// One node.
#[derive(Debug, Clone, Copy)]
struct Row {
    identity: Identity,
    is_variable: bool,
    /// What led to it first; `NONE` at a root.
    parent: u32,
    browse_name: Text,
    display_name: Text,
    /// Browse name of its type definition.
    type_definition: Text,
    /// Place of its details; `NONE` as long as nobody asked.
    details: u32,
}

/// What a node is, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    namespace: u16,
    kind: Kind,
    /// The number, or the text.
    value: u32,
    text: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Numeric,
    String,
    Guid,
    Opaque,
}

/// Details of a variable, texts by number.
#[derive(Debug, Clone, Copy)]
struct DetailsRow {
    data_type: Text,
    unit: Text,
    description: Text,
    states: Text,
    range: Option<(f64, f64)>,
    value_rank: i32,
    access_level: u8,
    historizing: bool,
    is_whole: bool,
}

/// What a walk says of a node it meets.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Met<'a> {
    pub(crate) is_variable: bool,
    pub(crate) parent: Option<Place>,
    pub(crate) browse_name: &'a str,
    pub(crate) display_name: &'a str,
    /// Its type definition as an address, later its browse name.
    pub(crate) type_definition: &'a str,
}

/// What the attributes and properties of a variable say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Details {
    /// `Double`, or the data type's node for what is not built in; `None` when the server does not say.
    pub(crate) data_type: Option<String>,
    /// -1 for a scalar, else as the standard has it (Part 3 §5.6.2).
    pub(crate) value_rank: i32,
    pub(crate) description: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) range: Option<ValueRange>,
    pub(crate) states: Vec<ValueState>,
    /// Bits of the attribute AccessLevel (Part 3 §8.57); 0 when the server does not say.
    pub(crate) access_level: u8,
    /// Whether the server keeps the past of its value.
    pub(crate) historizing: bool,
    /// Whether its properties were read, too: unit, range and states.
    pub(crate) is_whole: bool,
}

/// What became of a node that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    New(Place),
    /// It is there already.
    Known,
    /// It does not fit any more.
    Full,
}

impl Space {
    pub(crate) fn new() -> Self {
        Self {
            texts: Texts::new(),
            namespaces: Vec::new(),
            rows: Vec::new(),
            details: Vec::new(),
            by_identity: HashTable::new(),
            hasher: RandomState::new(),
            variables: 0,
        }
    }

    /// Number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Number of variables.
    pub(crate) fn variables(&self) -> usize {
        self.variables
    }

    /// Every place, what leads to a node before the node.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> + use<> {
        (0..u32::try_from(self.rows.len()).unwrap_or(u32::MAX)).map(Place)
    }

    /// Adds a node unless it is there.
    pub(crate) fn add(&mut self, namespace_uri: &str, identifier: IdentifierRef<'_>, met: &Met<'_>) -> Added {
        self.try_add(namespace_uri, identifier, met).unwrap_or(Added::Full)
    }

    fn try_add(
        &mut self,
        namespace_uri: &str,
        identifier: IdentifierRef<'_>,
        met: &Met<'_>,
    ) -> Option<Added> {
        let namespace = self.namespace(namespace_uri)?;
        let identity = self.identity(namespace, identifier)?;
        if self.by_identity.find(self.hasher.hash_one(identity), |at| self.is_at(*at, identity)).is_some() {
            return Some(Added::Known);
        }
        let number = u32::try_from(self.rows.len()).ok().filter(|number| *number != NONE)?;
        let row = Row {
            identity,
            is_variable: met.is_variable,
            parent: met.parent.map_or(NONE, |parent| parent.0),
            browse_name: self.texts.intern(met.browse_name.as_bytes())?,
            display_name: self.texts.intern(met.display_name.as_bytes())?,
            type_definition: self.texts.intern(met.type_definition.as_bytes())?,
            details: NONE,
        };
        self.rows.push(row);
        self.variables += usize::from(met.is_variable);
        let Self { rows, by_identity, hasher, .. } = self;
        let of = |at: &u32| usize::try_from(*at).ok().and_then(|at| rows.get(at)).map(|row| row.identity);
        by_identity.insert_unique(hasher.hash_one(identity), number, |at| {
            of(at).map_or(0, |known| hasher.hash_one(known))
        });
        Some(Added::New(Place(number)))
    }

    fn is_at(&self, at: u32, identity: Identity) -> bool {
        self.row(Place(at)).is_some_and(|row| row.identity == identity)
    }

    fn namespace(&mut self, uri: &str) -> Option<u16> {
        let known = self.namespaces.iter().position(|known| known == uri);
        let place = known.unwrap_or(self.namespaces.len());
        let number = u16::try_from(place).ok()?;
        if known.is_none() {
            self.namespaces.push(uri.to_owned());
        }
        Some(number)
    }

    fn identity(&mut self, namespace: u16, identifier: IdentifierRef<'_>) -> Option<Identity> {
        let mut text = |kind, bytes: &[u8]| {
            Some(Identity { namespace, kind, value: 0, text: self.texts.intern(bytes)? })
        };
        match identifier {
            IdentifierRef::Numeric(value) => {
                Some(Identity { namespace, kind: Kind::Numeric, value, text: Text::EMPTY })
            }
            IdentifierRef::String(name) => text(Kind::String, name.as_bytes()),
            IdentifierRef::Guid(bytes) => text(Kind::Guid, &bytes),
            IdentifierRef::Opaque(bytes) => text(Kind::Opaque, bytes),
        }
    }

    /// Keeps which node this is, without adding it.
    pub(super) fn note(&mut self, namespace_uri: &str, identifier: IdentifierRef<'_>) -> Option<Identity> {
        let namespace = self.namespace(namespace_uri)?;
        self.identity(namespace, identifier)
    }

    pub(super) fn noted(&self, identity: Identity, numbers: &Numbers) -> Option<NodeId> {
        let namespace = numbers.0.get(usize::from(identity.namespace)).copied().flatten()?;
        Some(NodeId { namespace, identifier: self.identifier(identity) })
    }

    /// The place of a node of another space in this one.
    pub(crate) fn find(&self, other: &Self, place: Place) -> Option<Place> {
        let theirs = other.row(place)?.identity;
        let uri = other.namespaces.get(usize::from(theirs.namespace))?;
        let namespace = self.namespaces.iter().position(|known| known == uri)?;
        let identity = Identity {
            namespace: u16::try_from(namespace).ok()?,
            text: self.texts.find(other.texts.bytes(theirs.text))?,
            ..theirs
        };
        let hash = self.hasher.hash_one(identity);
        self.by_identity.find(hash, |at| self.is_at(*at, identity)).copied().map(Place)
    }

    fn row(&self, place: Place) -> Option<&Row> {
        self.rows.get(usize::try_from(place.0).ok()?)
    }

    fn row_mut(&mut self, place: Place) -> Option<&mut Row> {
        self.rows.get_mut(usize::try_from(place.0).ok()?)
    }

    pub(crate) fn is_variable(&self, place: Place) -> bool {
        self.row(place).is_some_and(|row| row.is_variable)
    }

    pub(crate) fn parent(&self, place: Place) -> Option<Place> {
        self.row(place).map(|row| row.parent).filter(|parent| *parent != NONE).map(Place)
    }

    pub(crate) fn browse_name(&self, place: Place) -> &str {
        self.row(place).map_or("", |row| self.texts.text(row.browse_name))
    }

    pub(crate) fn display_name(&self, place: Place) -> &str {
        self.row(place).map_or("", |row| self.texts.text(row.display_name))
    }

    pub(crate) fn type_definition(&self, place: Place) -> &str {
        self.row(place).map_or("", |row| self.texts.text(row.type_definition))
    }

    /// The URI of its namespace.
    pub(crate) fn namespace_uri(&self, place: Place) -> &str {
        let row = self.row(place);
        row.and_then(|row| self.namespaces.get(usize::from(row.identity.namespace)))
            .map_or("", String::as_str)
    }

    /// URIs of the namespaces in use here.
    pub(crate) fn namespaces(&self) -> &[String] {
        &self.namespaces
    }

    /// Browse names from below the root down to it. The objects folder gives no name to what is below it; any other root
    /// is part of the path, so that a name does not depend on how far above a node the walk began.
    pub(crate) fn path(&self, place: Place) -> Vec<&str> {
        let mut names = Vec::new();
        let mut at = Some(place);
        while let Some(place) = at
            && names.len() <= DEEPEST
        {
            let Some(row) = self.row(place) else { break };
            let name = self.texts.text(row.browse_name);
            if row.parent != NONE || !name.is_empty() {
                names.push(name);
            }
            at = self.parent(place);
        }
        names.reverse();
        names
    }

    /// For good.
    pub(crate) fn address(&self, place: Place) -> Option<NodeAddress> {
        let row = self.row(place)?;
        let uri = self.namespaces.get(usize::from(row.identity.namespace))?;
        Some(NodeAddress::from_parts(uri.clone(), self.identifier(row.identity)))
    }

    fn identifier(&self, identity: Identity) -> Identifier {
        let bytes = self.texts.bytes(identity.text);
        match identity.kind {
            Kind::Numeric => Identifier::Numeric(identity.value),
            Kind::String => Identifier::String(self.texts.text(identity.text).into()),
            Kind::Guid => Identifier::Guid(Guid::from_bytes(bytes.try_into().unwrap_or_default())),
            Kind::Opaque => Identifier::ByteString(ByteString::from(bytes)),
        }
    }

    /// On a server whose namespace table this `numbers` was made with; `None` when it does not have the namespace.
    pub(crate) fn node_id(&self, place: Place, numbers: &Numbers) -> Option<NodeId> {
        self.noted(self.row(place)?.identity, numbers)
    }

    /// How a server with this namespace table numbers the namespaces in use here.
    pub(crate) fn numbers(&self, namespaces: &[String]) -> Numbers {
        let number = |uri: &String| match uri.as_str() {
            UA_NAMESPACE => Some(0),
            uri => u16::try_from(namespaces.iter().position(|known| known == uri)?).ok(),
        };
        Numbers(self.namespaces.iter().map(number).collect())
    }

    /// What stands for the type definitions, each once.
    pub(super) fn type_definitions(&self) -> Vec<String> {
        let types: std::collections::HashSet<Text> =
            self.rows.iter().map(|row| row.type_definition).collect();
        types
            .into_iter()
            .map(|text| self.texts.text(text).to_owned())
            .filter(|text| !text.is_empty())
            .collect()
    }

    /// Replaces what stands for the type definitions: addresses by browse names.
    pub(super) fn name_types(&mut self, name_of: impl Fn(&str) -> Option<String>) {
        let mut named = std::collections::HashMap::new();
        let Self { rows, texts, .. } = self;
        for row in rows {
            if row.type_definition == Text::EMPTY {
                continue;
            }
            let name = named.entry(row.type_definition).or_insert_with(|| {
                let name = name_of(texts.text(row.type_definition)).unwrap_or_default();
                texts.intern(name.as_bytes()).unwrap_or_default()
            });
            row.type_definition = *name;
        }
    }

    /// What its attributes and properties say; `None` as long as nobody asked.
    pub(crate) fn details(&self, place: Place) -> Option<Details> {
        let row = self.details_row(place)?;
        let said = |text: Text| (text != Text::EMPTY).then(|| self.texts.text(text).to_owned());
        let states: Vec<(i64, String)> =
            serde_json::from_slice(self.texts.bytes(row.states)).unwrap_or_default();
        Some(Details {
            data_type: said(row.data_type),
            value_rank: row.value_rank,
            description: said(row.description),
            unit: said(row.unit),
            range: row.range.map(|(low, high)| ValueRange { low, high }),
            states: states.into_iter().map(|(value, name)| ValueState { value, name }).collect(),
            access_level: row.access_level,
            historizing: row.historizing,
            is_whole: row.is_whole,
        })
    }

    /// Whether all that can be asked about it was asked.
    pub(crate) fn is_described(&self, place: Place) -> bool {
        self.details_row(place).is_some_and(|row| row.is_whole)
    }

    /// Its data type, whether its past is kept, and its access level, without the rest.
    pub(crate) fn data_type(&self, place: Place) -> Option<(&str, i32, bool, u8)> {
        let row = self.details_row(place)?;
        Some((self.texts.text(row.data_type), row.value_rank, row.historizing, row.access_level))
    }

    fn details_row(&self, place: Place) -> Option<&DetailsRow> {
        let at = self.row(place)?.details;
        self.details.get(usize::try_from(at).ok()?)
    }

    /// Takes note of what was read. Texts that do not fit any more are left out.
    pub(crate) fn describe(&mut self, place: Place, details: &Details) {
        let mut text = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default();
            self.texts.intern(text.as_bytes()).unwrap_or_default()
        };
        let (data_type, unit) = (text(&details.data_type), text(&details.unit));
        let description = text(&details.description);
        let states: Vec<(i64, &str)> =
            details.states.iter().map(|state| (state.value, state.name.as_str())).collect();
        let states = match states.is_empty() {
            true => Text::EMPTY,
            false => text(&serde_json::to_string(&states).ok()),
        };
        let row = DetailsRow {
            data_type,
            unit,
            description,
            states,
            range: details.range.map(|range| (range.low, range.high)),
            value_rank: details.value_rank,
            access_level: details.access_level,
            historizing: details.historizing,
            is_whole: details.is_whole,
        };
        let known = self.row(place).and_then(|row| usize::try_from(row.details).ok());
        if let Some(known) = known.and_then(|at| self.details.get_mut(at)) {
            *known = row;
        } else if let Ok(at) = u32::try_from(self.details.len())
            && let Some(node) = self.row_mut(place)
        {
            node.details = at;
            self.details.push(row);
        }
    }
}

/// How a server numbers the namespaces of a [`Space`] now.
#[derive(Debug, Clone)]
pub(crate) struct Numbers(Vec<Option<u16>>);

const NONE: u32 = u32::MAX;
const UA_NAMESPACE: &str = "http://opcfoundation.org/UA/";
/// Deeper than any walk goes.
const DEEPEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_added_once_and_found_by_what_it_is() {
        let met = Met { is_variable: true, browse_name: "Speed", ..Met::default() };
        let (mut space, mut other) = (Space::new(), Space::new());
        let uris = ["urn:a", "urn:b"];
        for number in 0..10_000 {
            let (one, two) = (IdentifierRef::Numeric(number), format!("{number}"));
            for (uri, id) in uris.into_iter().flat_map(|uri| [(uri, one), (uri, IdentifierRef::String(&two))])
            {
                assert!(matches!(space.add(uri, id, &met), Added::New(_)));
                assert_eq!(space.add(uri, id, &met), Added::Known);
            }
        }
        // the same ones in another order, and namespaces with it
        for number in (0..10_000).rev() {
            assert!(matches!(other.add("urn:b", IdentifierRef::Numeric(number), &met), Added::New(_)));
        }
        assert_eq!((space.len(), space.variables()), (40_000, 40_000));
        for place in other.places() {
            let found = space.find(&other, place).unwrap();
            assert_eq!(space.address(found), other.address(place));
        }
        assert_eq!(space.places().filter(|place| other.find(&space, *place).is_some()).count(), 10_000);
    }
}

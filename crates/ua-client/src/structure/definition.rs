//! Types as we keep them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use opcua_types::{EnumDefinition, NodeId, StructureDefinition, StructureType};

use super::dictionary::BitLayout;

/// Fields of one structure, values of one enumeration.
pub(super) const MAX_FIELDS: usize = 10_000;
/// Types of one session.
pub(super) const MAX_TYPES: usize = 10_000;
/// Optional fields: one bit each in a mask of 32 (Part 6 §5.2.7).
const MAX_OPTIONAL: usize = 32;

/// What a session knows about the server's types.
#[derive(Debug, Default)]
pub(crate) struct DataTypes {
    by_id: HashMap<NodeId, Arc<DataType>>,
    by_encoding: HashMap<NodeId, Arc<DataType>>,
    /// Asked for in vain.
    unknown: HashSet<NodeId>,
}

#[derive(Clone, Debug)]
pub(super) struct DataType {
    pub(super) id: NodeId,
    pub(super) name: String,
    pub(super) is_abstract: bool,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Number of the built-in type; 22 is any structure, 24 any value.
    Builtin(u8),
    Enumeration(Enumeration),
    Structure(Structure),
    /// From a type dictionary.
    Layout(BitLayout),
}

#[derive(Clone, Debug)]
pub(super) struct Enumeration {
    /// The built-in type that carries it: Int32, or an unsigned number for flags.
    pub(super) builtin: u8,
    /// The numbers are places of bits.
    pub(super) is_flags: bool,
    pub(super) names: HashMap<i64, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Plain,
    Optional,
    Union,
}

#[derive(Clone, Debug)]
pub(super) struct Structure {
    pub(super) shape: Shape,
    pub(super) fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) data_type: NodeId,
    pub(super) value_rank: i32,
    pub(super) is_optional: bool,
    /// Values of subtypes may stand here, so each says what it is.
    pub(super) allows_subtypes: bool,
}

impl Structure {
    /// `None` for a definition that is absurd.
    pub(super) fn from_definition(definition: &StructureDefinition) -> Option<Self> {
        let fields = definition.fields.as_deref().unwrap_or_default();
        let (shape, subtypes) = match definition.structure_type {
            StructureType::Structure => (Shape::Plain, false),
            StructureType::StructureWithOptionalFields => (Shape::Optional, false),
            StructureType::Union => (Shape::Union, false),
            StructureType::StructureWithSubtypedValues => (Shape::Plain, true),
            StructureType::UnionWithSubtypedValues => (Shape::Union, true),
        };
        let optional = fields.iter().filter(|field| field.is_optional).count();
        if fields.len() > MAX_FIELDS || (shape == Shape::Optional && optional > MAX_OPTIONAL) {
            return None;
        }
        let fields = fields.iter().map(|field| Field {
            name: field.name.as_ref().to_owned(),
            data_type: field.data_type.clone(),
            value_rank: field.value_rank,
            // with subtyped values the bit means something else (Part 3 §8.51)
            is_optional: field.is_optional && shape == Shape::Optional,
            allows_subtypes: field.is_optional && subtypes,
        });
        Some(Self { shape, fields: fields.collect() })
    }
}

impl Enumeration {
    pub(super) fn from_definition(definition: &EnumDefinition, builtin: u8) -> Option<Self> {
        let fields = definition.fields.as_deref().unwrap_or_default();
        if fields.len() > MAX_FIELDS {
            return None;
        }
        let names = fields.iter().map(|field| (field.value, field.name.as_ref().to_owned())).collect();
        Some(Self { builtin, is_flags: is_unsigned(builtin), names })
    }
}

/// Enumerations are Int32; what is unsigned is a set of flags (Part 3 §8.40).
pub(super) fn is_unsigned(builtin: u8) -> bool {
    matches!(builtin, 3 | 5 | 7 | 9)
}

impl DataTypes {
    pub(super) fn by_id(&self, id: &NodeId) -> Option<&Arc<DataType>> {
        self.by_id.get(id)
    }

    pub(super) fn by_encoding(&self, encoding: &NodeId) -> Option<&Arc<DataType>> {
        // an encoding may be named by its type alone
        self.by_encoding.get(encoding).or_else(|| self.by_id.get(encoding))
    }

    pub(super) fn insert(&mut self, data_type: DataType) -> Option<Arc<DataType>> {
        if self.by_id.len() >= MAX_TYPES {
            return None;
        }
        let data_type = Arc::new(data_type);
        self.by_id.insert(data_type.id.clone(), Arc::clone(&data_type));
        Some(data_type)
    }

    pub(super) fn insert_encoding(&mut self, encoding: NodeId, data_type: Arc<DataType>) {
        if self.by_encoding.len() < MAX_TYPES {
            self.by_encoding.insert(encoding, data_type);
        }
    }

    pub(super) fn give_up(&mut self, id: NodeId) {
        if self.unknown.len() < MAX_TYPES {
            self.unknown.insert(id);
        }
    }

    /// Whether it makes sense to ask the server about it.
    pub(super) fn is_worth_asking(&self, id: &NodeId) -> bool {
        self.by_id.len() < MAX_TYPES && !self.unknown.contains(id) && !id.is_null()
    }
}

/// The built-in type that a node of the standard stands for; abstract numbers and BaseDataType are any value.
pub(super) fn builtin(id: &NodeId) -> Option<u8> {
    if id.namespace != 0 {
        return None;
    }
    match id.as_u32()? {
        number @ (1..=25) => u8::try_from(number).ok(),
        26..=28 => Some(24),
        _ => None,
    }
}

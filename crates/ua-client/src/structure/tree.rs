//! What becomes of a value.

use opcua_types::{NodeId, Variant};

/// A value whose structures have been opened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Decoded {
    /// Nothing: an empty value, or an optional field that is not there.
    Absent,
    /// A value of a built-in type, or an array of them.
    Value(Variant),
    /// A value of an enumeration.
    Enumeration {
        /// Its number.
        value: i64,
        /// Its name, if the type has one for the number.
        name: Option<String>,
    },
    /// A set of flags.
    Flags {
        /// Its bits.
        bits: u64,
        /// The names of those that are set, as far as they have names.
        names: Vec<String>,
    },
    /// A structure or union.
    Structure(StructureValue),
    /// An array of anything but plain built-in types.
    List {
        /// Its elements, the last dimension running fastest.
        items: Vec<Self>,
        /// Length of each dimension, when there are several.
        dimensions: Option<Vec<u32>>,
    },
    /// A structure that nobody could explain, or that does not fit its explanation.
    Encoded {
        /// Id of the encoding it came in.
        encoding: NodeId,
        /// Its body.
        bytes: Vec<u8>,
    },
}

/// A structure as its type describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct StructureValue {
    /// Browse name of its data type.
    pub type_name: String,
    /// Its data type.
    pub data_type: NodeId,
    /// Fields in their order. Of a union only the one that is set; optional fields that are not there are
    /// [`Decoded::Absent`].
    pub fields: Vec<(String, Decoded)>,
}

impl StructureValue {
    /// A field by its name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Decoded> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

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
        /// Why it was not opened.
        why: Unopened,
    },
}

/// Why a structure stays as the bytes it came in. Displays as a sentence without a full stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unopened {
    /// The server describes its type, or a type inside, in none of the ways that the standard has.
    NotDescribed,
    /// Its bytes are not those of the type that the server describes, or it is larger or deeper than we open.
    DoesNotFit,
    /// It came as XML.
    Xml,
}

impl std::fmt::Display for Unopened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotDescribed => "the server does not describe this structure",
            Self::DoesNotFit => "its bytes do not fit what the server says about this structure",
            Self::Xml => "it came as XML, which is not opened here",
        })
    }
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

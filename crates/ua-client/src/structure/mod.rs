//! Structures and enumerations, understood at run time by what the server says about their types.
//!
//! A server describes its types in one of three ways, and each is read: the `DataTypeDefinition` attribute
//! (Part 3 §5.8.3), `EnumStrings` and `EnumValues`, and the type dictionaries of servers older than 1.04 (Part 5 Annex D).
//! What is learned is kept for the session. [`Session::decode`](crate::Session::decode) turns a value into a tree of
//! named fields.
//!
//! Descriptions are as hostile as values: fields, types, nesting and the size of the tree are bounded (HC-35), and what
//! cannot be understood stays as the bytes it came in.

mod decode;
mod definition;
mod dictionary;
mod load;
mod standard;
mod tree;
mod xml;

#[cfg(test)]
mod tests;

pub(crate) use definition::DataTypes;
pub use tree::{Decoded, StructureValue, Unopened};

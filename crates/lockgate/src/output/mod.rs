//! What reaches the user: data on stdout, talk on stderr.
//!
//! Whatever a server, a certificate or a file gave us is escaped before it reaches a terminal ([`safe`]), also
//! inside JSON ([`json`]), so that a node name cannot move the cursor, recolour the screen or hide itself.

pub(crate) mod file;
pub(crate) mod progress;
pub(crate) mod table;
pub(crate) mod talk;

pub(crate) use connector::documents::{document, escape, json, safe};
pub(crate) use table::Table;
pub(crate) use talk::{print, say};

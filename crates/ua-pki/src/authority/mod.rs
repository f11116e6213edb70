//! A certificate authority in a folder, for a plant that has none: what it is, what it issued, what it took back.
//!
//! ```text
//! <root>/ca.der          its certificate, to be carried to everybody who shall trust it
//! <root>/ca.crl          the current revocation list, to be carried along, and again before it runs out
//! <root>/private/ca.pem  its key, PKCS#8, 0600; it never leaves this folder
//! <root>/index.txt       every certificate it issued, what was revoked, and the number of the last list
//! <root>/issued          the certificates, `<common name> [<SHA-1>].der`
//! ```
//!
//! Invariants: files are written whole or not at all, and are durable when a call returns. A certificate is in the index
//! before anybody can have it. The number of a revocation list is in the index before the list is made, so that no
//! number is used twice, whatever happens in between. Only one program at a time changes the folder.
//!
//! [`AuthorityFolder`] is the authority at work, the private `index` its book.

mod folder;
mod index;

pub use folder::AuthorityFolder;
pub use index::{Issued, IssuedQuery};

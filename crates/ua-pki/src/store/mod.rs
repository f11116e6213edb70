//! The folders with certificates (Part 12 Annex F), which administrators also fill by hand.
//!
//! ```text
//! <root>/own/certs        our certificates
//! <root>/own/private      our private keys, 0600
//! <root>/own/roles.txt    which of our pairs is in use, once there is more than one
//! <root>/own/pending      a key that waits for its certificate, 0600
//! <root>/trusted/certs    whom we trust; an authority here trusts everything below it
//! <root>/trusted/crl      revocation lists
//! <root>/issuers/certs    authorities that only complete chains (`issuer/` is read as well)
//! <root>/issuers/crl      revocation lists
//! <root>/rejected/certs   who was turned away, for the administrator to look at; never decides anything
//! ```
//!
//! Invariants: files are DER, named `<common name> [<SHA-1>].der`; they are written whole or not at all and links
//! are not followed; a file put in place by hand counts at the next decision; a file that cannot be read is a
//! problem to show, not a reason to stop.
//!
//! [`folders`] is the store, [`own`] our own pairs in it, [`roles`] which of them is in use, [`pending`] a key that waits
//! for its certificate, [`hold`] who may change them, [`leftovers`] what a power cut left, [`current`] the trust list read again when a file changed, [`rejected`] who was turned away,
//! [`import`] and [`foreign`] take files and whole
//! stores from elsewhere, [`certificate_files`] how certificates lie in files, [`files`] how files are written.

mod certificate_files;
mod current;
pub(crate) mod files;
mod folders;
mod foreign;
mod hold;
mod import;
mod leftovers;
mod own;
mod pending;
mod rejected;
mod roles;

pub(crate) use certificate_files::file_name;
pub use folders::Store;
pub use hold::OwnHold;
pub use import::{Becomes, Destination, ImportPlan, Imported, PlannedImport};
pub use own::{OwnPair, OwnRole};

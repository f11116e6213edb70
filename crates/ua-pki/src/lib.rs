//! Certificates for OPC UA: make them, keep them, decide whether to trust them.
//!
//! Promises: [`validate`] runs all eleven steps of Part 4 §6.1.3 and reports every finding; a
//! [`TrustedCertificate`] exists only when all of them passed; a private key leaves this crate only into a file
//! that nobody else can read; whatever bytes a peer sends, parsing ends with an error and never with a panic.
//!
//! It must never: open a socket, ask the clock, decrypt with PKCS#1 v1.5, or trust because something is absent.

mod alternative_names;
mod certificate;
mod crl;
mod error;
mod facts;
mod files;
mod identity;
pub mod issue;
mod name;
mod policy;
mod private_key;
mod public_key;
mod request;
mod signature;
mod store;
mod thumbprint;
mod trust_list;
mod validate;
mod verdict;

pub use certificate::Certificate;
pub use crl::Crl;
pub use error::Error;
pub use identity::{ApplicationIdentity, ApplicationProfile};
pub use policy::SecurityPolicy;
pub use private_key::PrivateKey;
pub use public_key::{KeyKind, PublicKey};
pub use request::CertificateRequest;
pub use signature::{EncryptionScheme, SignatureScheme};
pub use store::Store;
pub use thumbprint::{Thumbprint, ThumbprintQuery};
pub use trust_list::{StoreProblem, TrustList};
pub use validate::{Role, ValidationContext, validate};
pub use verdict::{CertificateStatus, Finding, Step, TrustedCertificate, Verdict};

//! Certificates for OPC UA: make them, keep them, decide whether to trust them.
//!
//! Promises: [`validate()`] runs all eleven steps of Part 4 §6.1.3 and reports every finding; a
//! [`TrustedCertificate`] exists only when all of them passed; a private key leaves this crate only into a file
//! that nobody else can read; whatever bytes a peer sends, parsing ends with an error and never with a panic.
//!
//! ```
//! use ua_pki::{ApplicationIdentity, ApplicationProfile, CertificateStatus, KeyKind, Role, Store, ValidationContext};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let store = Store::open(folder.join("pki"))?;
//! // a server presents its certificate; here we make one
//! let server = ApplicationIdentity::self_signed(&ApplicationProfile {
//!     common_name: "plc1".to_owned(),
//!     organization: None,
//!     application_uri: "urn:plc1:app".to_owned(),
//!     dns_names: vec!["plc1.plant.example".to_owned()],
//!     ip_addresses: Vec::new(),
//!     key: KeyKind::Rsa { bits: 2048 },
//!     valid_from: "2026-01-01T00:00:00Z".parse()?,
//!     days: 365,
//! })?;
//! let context = ValidationContext {
//!     now: "2026-06-01T00:00:00Z".parse()?,
//!     role: Role::Server,
//!     policy: ua_pki::SecurityPolicy::Aes256Sha256RsaPss.certificate_rules(),
//!     host: Some("plc1.plant.example"),
//!     application_uri: Some("urn:plc1:app"),
//!     suppress: &[],
//! };
//! let verdict = ua_pki::validate(server.chain(), &store.trust_list()?, &context);
//! assert_eq!(verdict.status(), Some(CertificateStatus::Untrusted));
//!
//! // the administrator compares the thumbprint and accepts it
//! store.trust(server.certificate())?;
//! let verdict = ua_pki::validate(server.chain(), &store.trust_list()?, &context);
//! let proof = verdict.into_trusted().map_err(|verdict| format!("{:?}", verdict.findings()))?;
//! assert_eq!(proof.certificate(), server.certificate());
//! # Ok(())
//! # }
//! ```
//!
//! It must never: open a socket, ask the clock, decrypt with PKCS#1 v1.5, or trust because something is absent.

mod alternative_names;
pub mod authority;
mod certificate;
mod certificate_rules;
mod certificate_signature;
mod crl;
mod damage;
mod dates;
mod details;
mod error;
mod facts;
mod finding;
mod host_name;
mod identity;
pub mod issue;
mod material;
mod name;
mod pem_text;
mod policy;
mod private_key;
mod profile;
mod public_key;
mod request;
mod serials;
mod signature;
mod store;
mod thumbprint;
mod trust_list;
mod validate;
mod verdict;

pub use certificate::Certificate;
pub use certificate_rules::CertificateRules;
pub use crl::Crl;
pub use details::{CertificateDetails, CrlEntry};
pub use error::Error;
pub use finding::{Action, Actor, Fact, Finding, Remedy};
pub use host_name::ascii_host_name;
pub use identity::{ApplicationIdentity, ApplicationProfile};
pub use material::{Item, Material};
pub use policy::SecurityPolicy;
pub use private_key::PrivateKey;
pub use profile::is_dns_name;
pub use public_key::{KeyKind, PublicKey};
pub use request::{CertificateRequest, UnprovenRequest};
pub use signature::{EncryptionScheme, SignatureScheme};
pub use store::{
    Becomes, Destination, ImportPlan, Imported, OwnHold, OwnPair, OwnRole, PlannedImport, Store,
};
pub use thumbprint::{Thumbprint, ThumbprintQuery};
pub use trust_list::{StoreProblem, TrustList};
pub use validate::{Role, ValidationContext, validate};
pub use verdict::{CertificateStatus, Step, TrustedCertificate, Verdict};

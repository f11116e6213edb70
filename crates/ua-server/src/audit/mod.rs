//! Who did what: the audit trail (Part 4 §6.5, Part 5 §6.4.3).
//!
//! Every entry is an event of its audit type, which only a SecurityAdmin gets and only over an encrypted channel, and a record for the
//! application to keep. No password, token or key is ever in one. Strangers cannot flood it: beyond a number per second entries are
//! counted instead, apart for those with a session and those without, so that noise at the door hides nothing that happens inside.

mod entry;
mod trail;

pub(crate) use entry::{Entry, certificate_refused};
pub(crate) use trail::AuditTrail;

use std::net::IpAddr;

use jiff::Timestamp;
use opcua_types::{Array, BinaryEncodable, ContextOwned, Variant, VariantScalarTypeId};

/// One entry of the audit trail, for an application to keep. Text that a peer sent is in it as it came, shortened: escape it before
/// showing it.
#[derive(Debug, Clone)]
pub struct AuditRecord {
    /// When it happened.
    pub time: Timestamp,
    /// Browse name of its event type.
    pub event: &'static str,
    /// Whether it was done, or refused.
    pub is_done: bool,
    /// The status that says so; 0 is Good.
    pub status: u32,
    /// What happened, for people.
    pub message: String,
    /// Where the client is.
    pub address: Option<IpAddr>,
    /// Number of the secure channel.
    pub channel: Option<u32>,
    /// Number of the session.
    pub session: Option<u32>,
    /// The user, as far as known; of a refused login who it said it was.
    pub user: Option<String>,
    /// URI of the client's application, as its certificate says.
    pub application: Option<String>,
    /// SHA-1 thumbprint of the certificate that it is about.
    pub thumbprint: Option<String>,
    /// What belongs to this kind of event, by name.
    pub details: Vec<(&'static str, String)>,
}

/// Keeps audit records.
pub trait AuditSink: std::fmt::Debug + Send + Sync + 'static {
    /// Called for each entry, one at a time and in their order, by whatever thread served the client: it must be quick.
    fn keep(&self, record: &AuditRecord);
}

/// Longest text of a peer in an entry, in characters.
const MAX_TEXT: usize = 200;

/// Largest value of a peer in an entry, in bytes: a chain of certificates fits.
const MAX_BYTES: usize = 8 << 10;

/// A value that a peer sent, if it is small enough to be kept a thousand times; a long text is shortened.
pub(crate) fn small(value: Variant) -> Variant {
    if let Variant::String(text) = &value {
        return Variant::String(short(text.as_ref()).into());
    }
    let context = ContextOwned::default();
    if value.byte_len(&context.context()) > MAX_BYTES { Variant::Empty } else { value }
}

/// Several values of any types in one.
pub(crate) fn list(values: Vec<Variant>) -> Variant {
    // an array of the library takes one type, and panics over two: each goes into a variant of its own
    let boxed: Vec<_> = values.into_iter().map(|value| Variant::Variant(Box::new(small(value)))).collect();
    Array::new(VariantScalarTypeId::Variant, boxed)
        .map_or(Variant::Empty, |array| Variant::Array(Box::new(array)))
}

/// The beginning of a text that anybody may have sent.
pub(crate) fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_TEXT).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

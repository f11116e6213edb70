//! A revocation list for people and scripts.

use serde::Serialize;
use ua_pki::Crl;

/// Most entries shown.
const MAX_ENTRIES: usize = 20;

/// What an administrator looks at on a revocation list.
#[derive(Debug, Clone, Serialize)]
pub struct CrlView {
    pub issuer: String,
    /// Decimal, or hex with 0x when it is very long; null when it has none.
    pub number: Option<String>,
    pub this_update: String,
    pub next_update: Option<String>,
    pub signature: &'static str,
    /// How many certificates it lists.
    pub count: usize,
    /// The first of them.
    pub entries: Vec<EntryView>,
}

/// One revoked certificate.
#[derive(Debug, Clone, Serialize)]
pub struct EntryView {
    pub serial: String,
    pub revoked_at: String,
}

impl CrlView {
    /// The view of one list.
    pub fn of(crl: &Crl) -> Self {
        let entry =
            |entry: ua_pki::CrlEntry| EntryView { serial: entry.serial, revoked_at: entry.at.to_string() };
        Self {
            issuer: crl.issuer().to_owned(),
            number: crl.number(),
            this_update: crl.this_update().to_string(),
            next_update: crl.next_update().map(|time| time.to_string()),
            signature: crl.signature(),
            count: crl.len(),
            entries: crl.entries(MAX_ENTRIES).into_iter().map(entry).collect(),
        }
    }
}

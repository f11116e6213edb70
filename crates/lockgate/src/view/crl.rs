//! A revocation list for people and scripts.

use serde::Serialize;
use ua_pki::Crl;

use crate::output::safe;

/// Most entries shown.
const MAX_ENTRIES: usize = 20;

/// What an administrator looks at on a revocation list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CrlView {
    pub(crate) issuer: String,
    /// Decimal, or hex with 0x when it is very long; null when it has none.
    pub(crate) number: Option<String>,
    pub(crate) this_update: String,
    pub(crate) next_update: Option<String>,
    pub(crate) signature: &'static str,
    /// How many certificates it lists.
    pub(crate) count: usize,
    /// The first of them.
    pub(crate) entries: Vec<EntryView>,
}

/// One revoked certificate.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EntryView {
    pub(crate) serial: String,
    pub(crate) revoked_at: String,
}

impl CrlView {
    /// The view of one list.
    pub(crate) fn of(crl: &Crl) -> Self {
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

    /// One fact per line, then the first entries.
    pub(crate) fn text(&self) -> String {
        let count = self.count.to_string();
        let lines = [
            ("issued by", self.issuer.as_str()),
            ("number", self.number.as_deref().unwrap_or("(none)")),
            ("from", &self.this_update),
            ("until", self.next_update.as_deref().unwrap_or("(no end, which is not accepted)")),
            ("signed with", self.signature),
            ("revoked", &count),
        ];
        let mut out: String =
            lines.iter().map(|(label, value)| format!("{label:<12} {}\n", safe(value))).collect();
        for entry in &self.entries {
            out.push_str(&format!("  serial {} since {}\n", entry.serial, entry.revoked_at));
        }
        if self.count > self.entries.len() {
            out.push_str(&format!("  and {} more\n", self.count.saturating_sub(self.entries.len())));
        }
        out
    }
}

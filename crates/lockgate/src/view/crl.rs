//! A revocation list for people.

use connector::documents::CrlView;

use crate::output::safe;

/// What is shown of a revocation list.
pub(crate) trait CrlText {
    /// One fact per line, then the first entries.
    fn text(&self) -> String;
}

impl CrlText for CrlView {
    fn text(&self) -> String {
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

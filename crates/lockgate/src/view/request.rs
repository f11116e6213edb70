//! A certificate request for people and scripts.

use serde::Serialize;
use ua_pki::UnprovenRequest;

use crate::output::safe;
use connector::documents::key;

/// What a request asks for.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RequestView {
    pub(crate) subject: String,
    pub(crate) uris: Vec<String>,
    pub(crate) dns_names: Vec<String>,
    pub(crate) ip_addresses: Vec<String>,
    pub(crate) key: String,
    pub(crate) asks_for_authority: bool,
    /// Whether it is signed with the key that it asks to certify.
    pub(crate) signed: bool,
}

impl RequestView {
    /// The view of one request.
    pub(crate) fn of(request: &UnprovenRequest) -> Self {
        Self {
            subject: request.subject().to_owned(),
            uris: request.uris().to_vec(),
            dns_names: request.dns_names().to_vec(),
            ip_addresses: request.ip_addresses().iter().map(ToString::to_string).collect(),
            key: key(request.public_key().kind()),
            asks_for_authority: request.asks_for_authority(),
            signed: request.is_signed(),
        }
    }

    /// One fact per line, labels in a column.
    pub(crate) fn text(&self) -> String {
        let or_none = |list: Vec<String>| if list.is_empty() { "(none)".to_owned() } else { list.join(", ") };
        let hosts = or_none(self.dns_names.iter().chain(&self.ip_addresses).cloned().collect());
        let application = or_none(self.uris.clone());
        let signed = if self.signed {
            "yes, with the key it asks to certify"
        } else {
            "NO: its signature does not hold"
        };
        let authority = if self.asks_for_authority { "asked for (cA=TRUE)" } else { "not asked for" };
        let lines = [
            ("subject", self.subject.as_str()),
            ("application", &application),
            ("hosts", &hosts),
            ("key", &self.key),
            ("authority", authority),
            ("signed", signed),
        ];
        lines.iter().map(|(label, value)| format!("{label:<12} {}\n", safe(value))).collect()
    }
}

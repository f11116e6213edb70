//! A certificate for people.

use connector::documents::CertificateView;

use crate::output::safe;

/// What is shown of a certificate.
pub(crate) trait CertificateText {
    /// [`text`](Self::text), and below it what the certificate may be used for and how it is signed.
    fn full_text(&self) -> String;
    /// One fact per line, labels in a column.
    fn text(&self) -> String;
}

impl CertificateText for CertificateView {
    fn full_text(&self) -> String {
        const NONE: &str = "(not said)";
        let authority = match (self.authority, self.path_length) {
            (None, _) => NONE.to_owned(),
            (Some(false), _) => "no".to_owned(),
            (Some(true), None) => "yes".to_owned(),
            (Some(true), Some(0)) => "yes, for applications only".to_owned(),
            (Some(true), Some(most)) => format!("yes, with up to {most} authorities below it"),
        };
        let usages = self.key_usages.as_ref().map_or_else(|| NONE.to_owned(), |list| list.join(", "));
        let purposes =
            self.extended_key_usages.as_ref().map_or_else(|| NONE.to_owned(), |list| list.join(", "));
        let lines = [
            ("authority", authority.as_str()),
            ("key usages", &usages),
            ("purposes", &purposes),
            ("signed with", self.signature),
            ("key id", self.subject_key_id.as_deref().unwrap_or(NONE)),
            ("issuer's id", self.authority_key_id.as_deref().unwrap_or(NONE)),
        ];
        let more: String =
            lines.iter().map(|(label, value)| format!("{label:<12} {}\n", safe(value))).collect();
        self.text() + &more
    }

    fn text(&self) -> String {
        let issuer = if self.self_signed { "itself (self-signed)" } else { &self.issuer };
        let mut names = self.dns_names.clone();
        names.extend(self.ip_addresses.iter().cloned());
        let hosts = if names.is_empty() { "(none)".to_owned() } else { names.join(", ") };
        let lines = [
            ("thumbprint", self.thumbprint.as_str()),
            ("sha256", &self.sha256),
            ("subject", &self.subject),
            ("issued by", issuer),
            ("application", self.application_uri.as_deref().unwrap_or("(no application URI)")),
            ("hosts", &hosts),
            ("key", &self.key),
            ("serial", &self.serial),
            ("valid from", &self.not_before),
            ("valid until", &self.not_after),
        ];
        // an authority is no application, and runs on no host
        let of_an_application = |label: &str| matches!(label, "application" | "hosts");
        let bare = self.authority == Some(true) && self.application_uri.is_none() && names.is_empty();
        lines
            .iter()
            .filter(|(label, _)| !(bare && of_an_application(label)))
            .map(|(label, value)| format!("{label:<12} {}\n", safe(value)))
            .collect()
    }
}

//! Host names in the one spelling in which they are compared and looked up: ASCII, internationalised labels as A-labels
//! (RFC 5280 §7.2).

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// A host name as DNS and certificates spell it: `plänt.example` becomes `xn--plnt-moa.example`. What is ASCII already
/// stays as it is, and so does what cannot be spelled in ASCII, which then equals no name.
#[must_use]
pub fn ascii_host_name(host: &str) -> Cow<'_, str> {
    if host.is_ascii() {
        return Cow::Borrowed(host);
    }
    // no deviations: a name that two standards read differently must not reach another host
    Uts46::new()
        .to_ascii(
            host.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::VerifyAllowRootDot,
        )
        .unwrap_or(Cow::Borrowed(host))
}

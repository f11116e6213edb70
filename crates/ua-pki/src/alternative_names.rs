//! The alternative names of a certificate: application URI, hosts, addresses (RFC 5280 §4.2.1.6).

use std::net::IpAddr;

use x509_parser::extensions::GeneralName;

use crate::Error;

/// Most names we look at.
const MAX_NAMES: usize = 64;

/// The names OPC UA knows, in their order; others are passed over.
#[derive(Debug, Clone, Default)]
pub(crate) struct AlternativeNames {
    pub(crate) uris: Vec<String>,
    pub(crate) dns_names: Vec<String>,
    pub(crate) ip_addresses: Vec<IpAddr>,
    /// Why the certificate can never be accepted, each a sentence without a full stop.
    pub(crate) defects: Vec<String>,
}

impl AlternativeNames {
    pub(crate) fn read(names: &[GeneralName<'_>]) -> Result<Self, Error> {
        if names.len() > MAX_NAMES {
            return Err(Error::LimitExceeded {
                what: "alternative names in a certificate",
                actual: names.len(),
                limit: MAX_NAMES,
            });
        }
        let mut read = Self::default();
        for name in names {
            match name {
                GeneralName::URI(text) => {
                    let uri = read.checked(text);
                    read.uris.push(uri);
                }
                GeneralName::DNSName(text) => {
                    let name = read.checked(text);
                    read.dns_names.push(name);
                }
                GeneralName::IPAddress(bytes) => match ip_address(bytes) {
                    Some(address) => read.ip_addresses.push(address),
                    None => read.defects.push(format!("it names an IP address of {} bytes", bytes.len())),
                },
                GeneralName::Invalid(..) => {
                    read.defects.push("one of its alternative names cannot be read".to_owned());
                }
                _ => {}
            }
        }
        Ok(read)
    }

    /// A name with control characters or beyond ASCII is never honest: C programs would read it differently. It is
    /// kept in escaped form, so that it equals nothing and can be shown.
    fn checked(&mut self, text: &str) -> String {
        if text.chars().all(|c| c.is_ascii() && !c.is_control()) {
            return text.to_owned();
        }
        let shown = text.escape_default().to_string();
        self.defects
            .push(format!("the alternative name \"{shown}\" has characters that are not allowed there"));
        shown
    }
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(v4));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

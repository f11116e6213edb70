//! Comparing the host that was dialled with the names in a certificate (V-R7).

use std::net::{IpAddr, Ipv4Addr};

use crate::{Certificate, ascii_host_name};

/// Exact, in the ASCII spelling of the host (a certificate has no other): no wildcards, no common name, no cutting of domains. `localhost` is a name like any other.
pub(super) fn matches(certificate: &Certificate, host: &str) -> bool {
    match address(host) {
        Some(address) => certificate.ip_addresses().iter().any(|one| plain(*one) == address),
        None => {
            let host = ascii_host_name(host);
            let host = host.strip_suffix('.').unwrap_or(&host);
            certificate.dns_names().iter().any(|name| {
                !host.is_empty() && name.strip_suffix('.').unwrap_or(name).eq_ignore_ascii_case(host)
            })
        }
    }
}

/// Whether the host is an address that the certificate writes as a DNS name: a common mistake of makers.
pub(super) fn is_address_in_dns_name(certificate: &Certificate, host: &str) -> bool {
    address(host).is_some_and(|dialled| {
        certificate.dns_names().iter().any(|name| address(name).is_some_and(|named| named == dialled))
    })
}

/// The host as an address: brackets and zone stripped, IPv4 within IPv6 taken out.
fn address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let bare = bare.split_once('%').map_or(bare, |(address, _zone)| address);
    bare.parse().ok().map(plain)
}

fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, |v4: Ipv4Addr| v4.into()),
        IpAddr::V4(_) => address,
    }
}

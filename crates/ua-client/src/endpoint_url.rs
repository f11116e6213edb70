//! The one thing a plant person knows about a server: its URL.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::Error;

/// The port that `opc.tcp` URLs mean when they name none (registered with IANA for OPC UA).
pub const DEFAULT_PORT: u16 = 4840;

/// Part 6 §7.1.2.3 lets a server refuse longer ones, so no working URL is lost by refusing them here.
const MAX_LENGTH: usize = 4096;

const SCHEME: &str = "opc.tcp://";

/// A checked `opc.tcp://host[:port][/path]`.
///
/// Other schemes are refused: `opc.https` and `opc.wss` carry no proof of the application certificate
/// and this client does not speak them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EndpointUrl {
    text: String,
    host: String,
    port: u16,
    path: String,
}

impl EndpointUrl {
    /// The host name or address, lower case, an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port; 4840 when the URL names none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path with its leading slash, or nothing.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The URL as it was written, white space around it removed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Our host and port with the path of an endpoint that the server listed.
    ///
    /// Servers that tell endpoints apart by path need their own path back, while the host stays the one
    /// that the user configured: what a server says about its address never redirects us (SC-14).
    #[must_use]
    pub fn with_path_of(&self, other: &Self) -> Self {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        Self {
            text: format!("{SCHEME}{host}:{}{}", self.port, other.path),
            host: self.host.clone(),
            port: self.port,
            path: other.path.clone(),
        }
    }
}

impl FromStr for EndpointUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        parse(text).map_err(|why| Error::InvalidUrl { url: text.chars().take(200).collect(), why })
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse(text: &str) -> Result<EndpointUrl, &'static str> {
    if text.len() > MAX_LENGTH {
        return Err("it is longer than 4096 bytes");
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("it contains white space or control characters");
    }
    let scheme = text.get(..SCHEME.len()).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Err("it does not start with opc.tcp://");
    }
    let rest = text.get(SCHEME.len()..).unwrap_or_default();
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    if authority.contains('@') {
        return Err("it contains a user name; logins are configured apart from the URL");
    }
    let (host, port) = split_authority(authority)?;
    let port = match port {
        None | Some("") => DEFAULT_PORT,
        Some(digits) => digits
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or("its port is not a number between 1 and 65535")?,
    };
    Ok(EndpointUrl { text: text.to_owned(), host, port, path: path.to_owned() })
}

fn split_authority(authority: &str) -> Result<(String, Option<&str>), &'static str> {
    let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
        let (address, after) = bracketed.split_once(']').ok_or("its IPv6 address is not closed with ]")?;
        address.parse::<Ipv6Addr>().map_err(|_| "the text in brackets is not an IPv6 address")?;
        let port = if after.is_empty() {
            None
        } else {
            Some(after.strip_prefix(':').ok_or("something other than a port follows the IPv6 address")?)
        };
        (address, port)
    } else {
        match authority.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err("an IPv6 address needs brackets around it"),
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    };
    if host.is_empty() {
        return Err("it names no host");
    }
    if host.contains(['?', '#', '[', ']', '\\', '%']) {
        return Err("its host contains a character that no host name has");
    }
    Ok((host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> EndpointUrl {
        text.parse().expect("a good URL")
    }

    #[test]
    fn a_url_without_port_means_4840() {
        let url = url("opc.tcp://PLC1");
        assert_eq!((url.host(), url.port(), url.path()), ("plc1", 4840, ""));
    }

    #[test]
    fn host_port_and_path_are_taken_apart() {
        let url = url(" opc.tcp://plc1.plant.example:48010/line/a ");
        assert_eq!((url.host(), url.port(), url.path()), ("plc1.plant.example", 48010, "/line/a"));
    }

    #[test]
    fn an_ipv6_address_loses_its_brackets() {
        let url = url("opc.tcp://[fe80::1]:4841/");
        assert_eq!((url.host(), url.port()), ("fe80::1", 4841));
    }

    #[test]
    fn the_path_comes_from_the_server_but_never_the_host() {
        let ours = url("opc.tcp://10.0.0.5:4840");
        let listed = url("opc.tcp://evil.example:22/UA/Server");
        assert_eq!(ours.with_path_of(&listed).as_str(), "opc.tcp://10.0.0.5:4840/UA/Server");
        let ours = url("opc.tcp://[::1]");
        assert_eq!(ours.with_path_of(&listed).as_str(), "opc.tcp://[::1]:4840/UA/Server");
    }

    #[test]
    fn urls_that_cannot_be_used_say_why() {
        for (text, why) in [
            ("plc1:4840", "does not start with"),
            ("opc.https://plc1", "does not start with"),
            ("opc.tcp://", "names no host"),
            ("opc.tcp://:4840", "names no host"),
            ("opc.tcp://plc1:0", "port"),
            ("opc.tcp://plc1:70000", "port"),
            ("opc.tcp://::1:4840", "brackets"),
            ("opc.tcp://[::1", "not closed"),
            ("opc.tcp://[plc1]", "not an IPv6"),
            ("opc.tcp://user:secret@plc1", "user name"),
            ("opc.tcp://plc1/a b", "white space"),
            ("opc.tcp://plc1\u{1b}[2J", "control"),
        ] {
            let error = text.parse::<EndpointUrl>().expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}

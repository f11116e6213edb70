//! What can go wrong between us and a server, and on whose side.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use ua_pki::Thumbprint;

use crate::status::{self, status_name};

/// Everything this crate reports as a failure. Cheap to clone: one connection's end is told to many waiters.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a URL that we can use.
    #[error("{url:?} is not an OPC UA address: {why}")]
    InvalidUrl {
        /// The text, cut at 200 characters.
        url: String,
        /// Why not.
        why: &'static str,
    },
    /// The request contradicts itself, for example a policy without a mode. A mistake of the caller.
    #[error("the connection cannot be asked for like this: {0}")]
    InvalidRequest(&'static str),
    /// No TCP connection: name not found, refused, no route, or no answer in time.
    #[error("cannot reach {url}: {source}")]
    Unreachable {
        /// The address that was tried.
        url: String,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// The TCP connection ended without a word after the session stood.
    #[error("the connection was lost: {detail}")]
    ConnectionLost {
        /// What the operating system said.
        detail: String,
    },
    /// The server ended the connection, or answered with a fault, before the session stood.
    #[error("the server refused us during {phase}{}", refusal(*.status, .reason, *.socket_closed))]
    RefusedByServer {
        /// The step that got no good answer.
        phase: Phase,
        /// The status the server named, if it named one.
        status: Option<u32>,
        /// The server's words, cleaned of control characters; often nothing.
        reason: String,
        /// Whether the TCP connection was simply closed.
        socket_closed: bool,
        /// Whether our certificate was in play: not so with security policy None.
        secured: bool,
    },
    /// The server closed an established connection with an error message.
    #[error("the server closed the connection: {} {reason}", status_name(*.status))]
    ClosedByServer {
        /// The status it gave.
        status: u32,
        /// The server's words, cleaned of control characters.
        reason: String,
    },
    /// The server broke the protocol, or a signature, padding or token did not verify.
    #[error("the server broke the protocol: {source}")]
    Protocol {
        /// The rule that was broken.
        source: Arc<ua_channel::Error>,
    },
    /// The certificate is not the one that was validated (SC-07, RF-08).
    #[error("the server shows certificate {found} in {place}, but {expected} was validated")]
    CertificateChanged {
        /// The thumbprint that passed validation.
        expected: Thumbprint,
        /// The thumbprint found instead; `none` when there is no readable certificate.
        found: String,
        /// Where it was found.
        place: &'static str,
    },
    /// The server did not prove that it holds the private key, or reused a nonce. Nothing was signed by us after that.
    #[error("the server did not prove who it is ({rule}): {detail}")]
    ServerProofInvalid {
        /// The rule of the catalogue, `SC-06`, `SC-08` or `SC-20`.
        rule: &'static str,
        /// What was wrong.
        detail: String,
    },
    /// The endpoints told inside the session differ from those told before: somebody between us and the server edits (SC-10, SC-11).
    #[error(
        "the endpoints listed inside the session differ from those listed before it ({rule}): {difference}"
    )]
    EndpointsDiffer {
        /// `SC-10` or `SC-11`.
        rule: &'static str,
        /// The first difference, in words.
        difference: String,
    },
    /// Certificate and endpoint name different applications (SC-12).
    #[error("the certificate is for application {certificate:?}, but the server calls itself {endpoint:?}")]
    ApplicationUriDiffers {
        /// The URI in the certificate.
        certificate: String,
        /// The URI in the endpoint description.
        endpoint: String,
    },
    /// No endpoint meets the requirement; the list says why for each (RF-03).
    #[error("no endpoint of this server is good enough: {}", list(.offers))]
    NoUsableEndpoint {
        /// One line per endpoint offered: what it is and why it was refused.
        offers: Vec<String>,
    },
    /// The endpoint has no security and nobody asked for that by name.
    #[error("the endpoint has no security, and danger_without_security is not set")]
    SecurityRequired,
    /// The endpoint does not accept the kind of login that is configured (RF-06). We never fall back to anonymous.
    #[error("the server does not offer login by {wanted}; it offers {offered}")]
    LoginNotOffered {
        /// What is configured.
        wanted: &'static str,
        /// What the endpoint lists.
        offered: String,
    },
    /// Sending the password, or another proof of who the user is, would give it to others (RF-01, RF-02, RF-07, SC-09,
    /// OR-04).
    #[error("the {what} was not sent: {detail}")]
    PasswordWouldLeak {
        /// What was kept back: `password`, `user's signature`, `issued token`.
        what: &'static str,
        /// `RF-01`, `RF-02`, `RF-07`, `SC-09` or `OR-04`.
        rule: &'static str,
        /// Why it would leak.
        detail: String,
    },
    /// The password or token is longer than any we send.
    #[error("the {what} has {bytes} bytes; at most {max} can be sent")]
    PasswordTooLong {
        /// `password` or `issued token`.
        what: &'static str,
        /// Its length in UTF-8.
        bytes: usize,
        /// The longest allowed.
        max: usize,
    },
    /// The secure channel stands and the applications trust each other; the user was refused.
    #[error("the server refused the login: {}", status_name(*.status))]
    LoginRefused {
        /// The status the server named.
        status: u32,
    },
    /// A service answered with a bad status.
    #[error("{service} failed: {}", status_name(*.status))]
    Service {
        /// The service's name in Part 4.
        service: &'static str,
        /// The service result.
        status: u32,
    },
    /// No answer in time.
    #[error("no answer to {what} within {after:?}")]
    Timeout {
        /// The service or step.
        what: &'static str,
        /// How long we waited.
        after: Duration,
    },
    /// A subscription that must report at least a keep-alive did not. Connected is not healthy.
    #[error(
        "subscription {subscription_id} has been silent for {silent:?}, longer than its keep-alive allows"
    )]
    PublishSilent {
        /// The subscription.
        subscription_id: u32,
        /// Since its last sign of life.
        silent: Duration,
    },
    /// The answer could not be read. Only this request failed; the connection goes on.
    #[error("the answer to {service} cannot be read: {detail}")]
    Decode {
        /// The service's name in Part 4.
        service: &'static str,
        /// What the decoder said.
        detail: String,
    },
    /// The answer belongs to another service, or its lists have another length than the question's.
    #[error("the answer to {service} does not fit the question: {detail}")]
    UnexpectedResponse {
        /// The service's name in Part 4.
        service: &'static str,
        /// What does not fit.
        detail: String,
    },
    /// What was written is not a node's id or path.
    #[error("{text:?} is not a node: {reason}")]
    InvalidNode {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A request could not be encoded or is larger than the server takes.
    #[error("the {service} request cannot be sent: {detail}")]
    Request {
        /// The service's name in Part 4.
        service: &'static str,
        /// Why.
        detail: String,
    },
    /// Cryptography on our side failed, for example a key that does not fit the policy.
    #[error("our own proof could not be made: {detail}")]
    OwnProof {
        /// What failed.
        detail: String,
    },
    /// The server leaves requests unanswered, and too many of them to go on asking.
    #[error("the server left {requests} requests without an answer")]
    Unanswered {
        /// How many are still open although we have given up on them.
        requests: usize,
    },
    /// Trust in the server's certificate was decided too long ago to sign anything by it on a new connection.
    #[error("trust in the server was decided {} s ago and not renewed since", age.as_secs())]
    TrustNotRenewed {
        /// How long ago.
        age: Duration,
    },
    /// The session was closed by us.
    #[error("the session is closed")]
    Closed,
}

/// Where the reason for a failure lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// We refused, or our configuration must change.
    Us,
    /// The server refused, or misbehaves.
    Server,
    /// Nobody refused; the network or the other machine is not there.
    Network,
}

/// The step of a connection that was under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Hello and Acknowledge (Part 6 §7.1.3): no certificate has been shown yet.
    Hello,
    /// OpenSecureChannel: the server has just seen our certificate.
    OpenSecureChannel,
    /// CreateSession: some servers judge the certificate only here.
    CreateSession,
    /// ActivateSession: the login.
    ActivateSession,
    /// The session stands.
    Established,
}

impl Error {
    /// On whose side the reason lies.
    #[must_use]
    pub fn side(&self) -> Side {
        match self {
            Self::Unreachable { .. } | Self::ConnectionLost { .. } => Side::Network,
            Self::Timeout { .. } | Self::PublishSilent { .. } => Side::Network,
            Self::RefusedByServer { .. }
            | Self::ClosedByServer { .. }
            | Self::LoginRefused { .. }
            | Self::Service { .. }
            | Self::Decode { .. }
            | Self::UnexpectedResponse { .. }
            | Self::Unanswered { .. } => Side::Server,
            Self::InvalidUrl { .. }
            | Self::InvalidRequest(_)
            | Self::InvalidNode { .. }
            | Self::Protocol { .. }
            | Self::CertificateChanged { .. }
            | Self::ServerProofInvalid { .. }
            | Self::EndpointsDiffer { .. }
            | Self::ApplicationUriDiffers { .. }
            | Self::NoUsableEndpoint { .. }
            | Self::SecurityRequired
            | Self::LoginNotOffered { .. }
            | Self::PasswordWouldLeak { .. }
            | Self::PasswordTooLong { .. }
            | Self::Request { .. }
            | Self::OwnProof { .. }
            | Self::TrustNotRenewed { .. }
            | Self::Closed => Side::Us,
        }
    }

    /// A stable name for the rule that failed: an identifier of the security catalogue where there is one.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::InvalidUrl { .. } => "config.url",
            Self::InvalidRequest(_) => "config.request",
            Self::InvalidNode { .. } => "config.node",
            Self::Unreachable { .. } => "network.unreachable",
            Self::ConnectionLost { .. } => "network.lost",
            Self::RefusedByServer { .. } if self.server_does_not_trust_us() => {
                "trust.server_does_not_trust_us"
            }
            Self::RefusedByServer { .. } => "server.refused",
            Self::ClosedByServer { .. } => "server.closed",
            Self::Protocol { .. } => "server.protocol",
            Self::CertificateChanged { .. } => "SC-07",
            Self::ServerProofInvalid { rule, .. }
            | Self::EndpointsDiffer { rule, .. }
            | Self::PasswordWouldLeak { rule, .. } => rule,
            Self::ApplicationUriDiffers { .. } => "SC-12",
            Self::NoUsableEndpoint { .. } => "RF-03",
            Self::SecurityRequired => "SC-15",
            Self::LoginNotOffered { .. } => "RF-06",
            Self::PasswordTooLong { .. } => "login.password_too_long",
            Self::LoginRefused { .. } => "login.refused",
            Self::Service { .. } => "server.service",
            Self::Timeout { .. } => "network.timeout",
            Self::PublishSilent { .. } => "network.publish_silent",
            Self::Decode { .. } | Self::UnexpectedResponse { .. } => "server.response",
            Self::Request { .. } => "config.request_size",
            Self::OwnProof { .. } => "config.own_key",
            Self::Unanswered { .. } => "server.unanswered",
            Self::TrustNotRenewed { .. } => "trust.not_renewed",
            Self::Closed => "closed",
        }
    }

    /// The OPC UA status that the server named, if it named one.
    #[must_use]
    pub fn status(&self) -> Option<u32> {
        match self {
            Self::RefusedByServer { status, .. } => *status,
            Self::ClosedByServer { status, .. }
            | Self::LoginRefused { status }
            | Self::Service { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the most likely reason is that the server has not been told to trust our certificate yet.
    ///
    /// Servers say so in many ways: with a certificate status, with `Bad_SecurityChecksFailed`, or by closing
    /// the connection right after our OpenSecureChannel request. Nobody can prove it from outside.
    #[must_use]
    pub fn server_does_not_trust_us(&self) -> bool {
        let Self::RefusedByServer { phase, status, socket_closed, secured: true, .. } = self else {
            return false;
        };
        match (phase, status) {
            (Phase::OpenSecureChannel, None) => *socket_closed,
            (Phase::CreateSession, None) => *socket_closed,
            (Phase::OpenSecureChannel | Phase::CreateSession, Some(code)) => {
                status::speaks_of_our_certificate(*code)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hello => "Hello",
            Self::OpenSecureChannel => "OpenSecureChannel",
            Self::CreateSession => "CreateSession",
            Self::ActivateSession => "ActivateSession",
            Self::Established => "an established session",
        })
    }
}

/// The longest text of a server's that goes into an error.
const MAX_REASON: usize = 300;

/// A server's words made safe for a terminal, a log line and a web page's text (HC-41).
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || is_bidi_control(c) { '\u{FFFD}' } else { c })
        .take(MAX_REASON)
        .collect()
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn refusal(status: Option<u32>, reason: &str, socket_closed: bool) -> String {
    let mut text = match status {
        Some(code) => format!(": {}", status_name(code)),
        None if socket_closed => ": it closed the connection".to_owned(),
        None => String::new(),
    };
    if !reason.is_empty() {
        text.push_str(&format!(" ({reason})"));
    }
    text
}

fn list(offers: &[String]) -> String {
    if offers.is_empty() { "it lists none".to_owned() } else { offers.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(phase: Phase, status: Option<u32>, secured: bool) -> Error {
        Error::RefusedByServer {
            phase,
            status,
            reason: String::new(),
            socket_closed: status.is_none(),
            secured,
        }
    }

    #[test]
    fn a_socket_closed_right_after_our_certificate_means_no_trust() {
        assert!(refused(Phase::OpenSecureChannel, None, true).server_does_not_trust_us());
        assert!(refused(Phase::CreateSession, Some(0x8013_0000), true).server_does_not_trust_us());
        assert!(refused(Phase::OpenSecureChannel, Some(0x801A_0000), true).server_does_not_trust_us());
    }

    #[test]
    fn a_refusal_before_or_without_our_certificate_is_not_about_trust() {
        assert!(!refused(Phase::Hello, None, true).server_does_not_trust_us());
        assert!(!refused(Phase::OpenSecureChannel, None, false).server_does_not_trust_us());
        assert!(!refused(Phase::OpenSecureChannel, Some(0x8055_0000), true).server_does_not_trust_us());
        assert!(!refused(Phase::ActivateSession, Some(0x8013_0000), true).server_does_not_trust_us());
    }

    #[test]
    fn words_of_the_server_cannot_drive_a_terminal() {
        assert_eq!(clean("no\u{1b}[2J\n\u{202e}go"), "no\u{FFFD}[2J\u{FFFD}\u{FFFD}go");
        assert_eq!(clean(&"x".repeat(1000)).len(), 300);
    }

    #[test]
    fn the_message_names_step_and_status() {
        assert_eq!(
            refused(Phase::OpenSecureChannel, Some(0x8013_0000), true).to_string(),
            "the server refused us during OpenSecureChannel: BadSecurityChecksFailed"
        );
        assert_eq!(
            refused(Phase::CreateSession, None, true).to_string(),
            "the server refused us during CreateSession: it closed the connection"
        );
    }
}

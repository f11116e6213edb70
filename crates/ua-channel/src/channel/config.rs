//! What a channel needs to know before it begins.

use std::sync::Arc;
use std::time::Duration;

use ua_pki::{ApplicationIdentity, Certificate, CertificateStatus, SecurityPolicy, TrustedCertificate};

use crate::{Limits, MessageSecurityMode};

/// With whom a client talks, and how.
pub enum ClientSecurity {
    /// Policy None: no secrecy, no authenticity. For discovery, and where the user insists.
    None,
    /// A policy with keys.
    Secured {
        /// The policy.
        policy: SecurityPolicy,
        /// The mode; [`MessageSecurityMode::None`] is refused.
        mode: MessageSecurityMode,
        /// Our certificate and key.
        own: Arc<ApplicationIdentity>,
        /// The server's certificate: validated before our key signs anything (trust before talk).
        peer: TrustedCertificate,
    },
}

/// What a [`ClientChannel`](crate::ClientChannel) needs to know.
pub struct ClientChannelConfig {
    /// URL for the HEL message, at most 4096 bytes.
    pub endpoint_url: String,
    /// Policy, mode, certificates.
    pub security: ClientSecurity,
    /// Limits.
    pub limits: Limits,
    /// Token lifetime to ask for. One hour is usual.
    pub lifetime: Duration,
    /// How long HEL and OPN may take, each; also the deadline of a renewal. Ten seconds are usual.
    pub open_timeout: Duration,
    /// Wall time at construction, for the timestamp in OPN and CLO headers. Nothing is decided by it.
    pub wall_clock: jiff::Timestamp,
}

/// Decides whether a client's certificate is trusted.
///
/// Asked at every OPN, before any operation with our private key (rule PO-02).
pub trait PeerJudge: Send + Sync {
    /// Validates the chain as presented, leaf first.
    ///
    /// # Errors
    /// The first unsuppressed finding.
    fn judge(
        &self,
        chain: &[Certificate],
        policy: SecurityPolicy,
    ) -> Result<TrustedCertificate, CertificateStatus>;
}

/// What a [`ServerChannel`](crate::ServerChannel) needs to know.
pub struct ServerChannelConfig {
    /// Limits.
    pub limits: Limits,
    /// Our certificate and key.
    pub identity: Arc<ApplicationIdentity>,
    /// Policies and modes a client may ask for; `(None, None)` must be listed to be allowed.
    pub offered: Vec<(SecurityPolicy, MessageSecurityMode)>,
    /// Id of this channel, unique in the server and not 0.
    pub channel_id: u32,
    /// Who decides on client certificates.
    pub judge: Arc<dyn PeerJudge>,
    /// Shortest token lifetime granted.
    pub min_lifetime: Duration,
    /// Longest token lifetime granted.
    pub max_lifetime: Duration,
    /// How long HEL may take (5 s are usual), and OPN after it (the same again).
    pub open_timeout: Duration,
    /// How long an open channel may exist before [`mark_session_active`] is called (rule PO-06; 60 s
    /// are usual).
    ///
    /// [`mark_session_active`]: crate::ServerChannel::mark_session_active
    pub session_deadline: Duration,
    /// Wall time at construction, for `CreatedAt` of tokens. Nothing is decided by it.
    pub wall_clock: jiff::Timestamp,
}

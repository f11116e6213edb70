//! What can stop an OMF sink, with its code and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::error::ErrorKind;
use crate::next_step::NextStep;

/// Why an OMF sink cannot deliver. Nothing is lost by any of these: the same is sent again later.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OmfTrouble {
    /// No connection, or it broke.
    #[error("cannot reach {url}: {why}")]
    Unreachable {
        /// Where to.
        url: String,
        /// What the client says.
        why: String,
    },
    /// The server's certificate is not trusted, or there is no TLS with it.
    #[error("no trusted connection with {url}: {why}")]
    Tls {
        /// Where to.
        url: String,
        /// What TLS says.
        why: String,
    },
    /// The certificates to trust cannot be read.
    #[error("cannot read the certificates in {}: {why}", path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// What the login needs is not there.
    #[error("{why}")]
    Secret {
        /// What is wrong, and where.
        why: String,
        /// The file, if others can read it.
        exposed: Option<PathBuf>,
    },
    /// The server refused the login.
    #[error("{url} refused the login with {status}{detail}")]
    Login {
        /// Where to.
        url: String,
        /// 401 or 403.
        status: u16,
        /// What the server says, in brackets.
        detail: String,
    },
    /// No token was given out.
    #[error("{url} gave out no token: {why}")]
    Token {
        /// Where to.
        url: String,
        /// Why not.
        why: String,
    },
    /// What answers is no OMF endpoint.
    #[error("{url} does not answer as an OMF endpoint: {what}")]
    NotOmf {
        /// Where to.
        url: String,
        /// What came instead.
        what: String,
    },
    /// The server cannot take anything now.
    #[error("{url} cannot take anything now: {status}{detail}")]
    Busy {
        /// Where to.
        url: String,
        /// 408, 429 or 5xx.
        status: u16,
        /// What the server says, in brackets.
        detail: String,
    },
    /// The server refuses the definitions that come before values.
    #[error("{url} refuses our {what}: {reason}")]
    Definition {
        /// Where to.
        url: String,
        /// Types or containers.
        what: &'static str,
        /// What the server says.
        reason: String,
    },
    /// There is no more room for refused messages.
    #[error("the quarantine {} is full ({limit} bytes)", folder.display())]
    QuarantineFull {
        /// Where refused messages are kept.
        folder: PathBuf,
        /// Bytes it may hold.
        limit: u64,
    },
    /// A refused message cannot be kept.
    #[error("cannot write to the quarantine {}: {source}", folder.display())]
    Quarantine {
        /// Where refused messages are kept.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl OmfTrouble {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "sink.unreachable",
            Self::Tls { .. } | Self::Roots { .. } => "sink.not_trusted",
            Self::Secret { .. } => "sink.secret",
            Self::Login { .. } | Self::Token { .. } => "sink.login",
            Self::NotOmf { .. } => "sink.not_omf",
            Self::Busy { .. } => "sink.busy",
            Self::Definition { .. } => "sink.definition_refused",
            Self::QuarantineFull { .. } => "sink.quarantine_full",
            Self::Quarantine { .. } => "sink.quarantine",
        }
    }

    /// What kind of failure it is.
    pub(crate) const fn kind(&self) -> ErrorKind {
        match self {
            Self::Roots { .. } | Self::Secret { .. } => ErrorKind::Config,
            _ => ErrorKind::Storage,
        }
    }

    /// Whether the same may go well a moment later.
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. })
    }

    /// What to do about it.
    pub fn next_step(&self) -> NextStep {
        match self {
            Self::Unreachable { .. } => "check `url` of the sink, the network and that the server is running".into(),
            Self::Tls { .. } => {
                "name the certificate of the server, or of the authority that signed it, as `ca_file` of the sink (PEM)"
                    .into()
            }
            Self::Roots { .. } => "correct `ca_file` of the sink: a PEM file with at least one certificate".into(),
            Self::Secret { exposed: Some(path), .. } => format!("run: chmod 600 {}", path.display()).into(),
            Self::Secret { .. } => {
                "put the secret, in one line, where the configuration of the sink says; only its owner may read it".into()
            }
            Self::Login { status: 403, .. } => {
                "give the user of the sink the right to create points and to write values".into()
            }
            Self::Login { .. } => "correct the login of the sink; on PI Web API, enable Basic if `user` is used".into(),
            Self::Token { .. } => "correct `token_url`, `client_id` and `client_secret` of the sink".into(),
            Self::NotOmf { .. } => {
                "correct `url` of the sink; for PI Web API it ends in /piwebapi/omf, and OMF must be installed there".into()
            }
            Self::Busy { .. } => "look at the server's own log; it is tried again".into(),
            Self::Definition { .. } => "look at the server's own log; another `type_prefix` makes new types".into(),
            Self::QuarantineFull { folder, .. } => format!(
                "look at the reasons in {} and move the files away, or raise `quarantine_max_mib` of the sink",
                folder.display()
            )
            .into(),
            Self::Quarantine { folder, .. } => format!("make {} writable for lockgate", folder.display()).into(),
        }
    }
}

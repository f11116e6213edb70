//! What can go wrong, with the facts, the side that is at fault, and the next step.

use std::io;
use std::path::PathBuf;

use ua_pki::{CertificateStatus, Remedy, Thumbprint, Verdict};

use crate::config::Problem;
use crate::next_step::{NextStep, command_for};
use crate::not_trusted::{changed, code, decisive, told};
use crate::sinks::omf::OmfTrouble;

/// Everything this crate reports as a failure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    ConfigRead {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The configuration file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    ConfigWrite {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is a configuration already.
    #[error("{} exists already", path.display())]
    ConfigExists {
        /// The file.
        path: PathBuf,
    },
    /// The configuration has problems: all of them, in the order of the file.
    #[error("{} is not valid: {}", path.display(), list(problems))]
    ConfigInvalid {
        /// The file.
        path: PathBuf,
        /// Every problem.
        problems: Vec<Problem>,
    },
    /// No source of that name is configured.
    #[error("no source is named `{name}`{}", suggestion(nearest.as_deref()))]
    NoSuchSource {
        /// The name asked for.
        name: String,
        /// The nearest configured name.
        nearest: Option<String>,
    },
    /// A source of that name is configured already.
    #[error("a source named `{name}` exists already")]
    SourceExists {
        /// The name.
        name: String,
    },
    /// The text cannot name a source.
    #[error("`{name}` cannot be the name of a source: use up to 64 letters, digits, `_` and `-`")]
    SourceName {
        /// The text.
        name: String,
    },
    /// The text is no node.
    #[error("`{text}` is no node; write `i=85` or `nsu=<namespace uri>;s=<name>`, never a namespace index")]
    NodeAddress {
        /// The text.
        text: String,
    },
    /// There is no secret where the configuration says.
    #[error("no secret in {place}{}", because(source.as_ref()))]
    SecretMissing {
        /// File, variable or credential.
        place: String,
        /// What the system said.
        source: Option<io::Error>,
    },
    /// Others than the owner can read the secret.
    #[error("others can read {} (mode {mode:03o})", path.display())]
    SecretExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is something, but it cannot be a secret.
    #[error("the secret in {place} is unusable: {why}")]
    SecretUnusable {
        /// File, variable or credential.
        place: String,
        /// Why.
        why: &'static str,
    },
    /// The certificate of a user, or the key to it, cannot be used.
    #[error("{} cannot be used to log in: {why}", path.display())]
    UserCertificate {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The secret could not be kept.
    #[error("cannot write {}: {source}", path.display())]
    SecretWrite {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// We have no certificate yet.
    #[error("no certificate of our own in {}", store.display())]
    NoIdentity {
        /// Root of the store.
        store: PathBuf,
    },
    /// Our certificate is not for the configured application.
    #[error("our certificate is for {certificate}, but the configuration says {configured}")]
    IdentityUri {
        /// The URI in the certificate.
        certificate: String,
        /// The URI in the configuration.
        configured: String,
    },
    /// Our certificate is outside its validity.
    #[error("our certificate is valid from {not_before} to {not_after}, which is not now")]
    IdentityTime {
        /// Begin of validity.
        not_before: jiff::Timestamp,
        /// End of validity.
        not_after: jiff::Timestamp,
    },
    /// Our certificate has a key that no security policy of ours can use.
    #[error("our certificate has {key}; the security policies of lockgate need an RSA key")]
    IdentityKey {
        /// The kind of key, in words.
        key: String,
    },
    /// The certificate store failed.
    #[error(transparent)]
    Pki(#[from] ua_pki::Error),
    /// The server shows no certificate although the policy needs one.
    #[error("the endpoint shows no certificate")]
    NoServerCertificate,
    /// We do not trust the server's certificate.
    #[error("{}{}", told(verdict), changed(*pinned, *thumbprint))]
    ServerNotTrusted {
        /// The certificate shown.
        thumbprint: Thumbprint,
        /// The certificate with which it last proved itself, if it ever did.
        pinned: Option<Thumbprint>,
        /// Everything that validation found.
        verdict: Box<Verdict>,
    },
    /// The server is not the application that was pinned.
    #[error("the server is {found}, but {pinned} was pinned")]
    ServerUri {
        /// The URI it shows.
        found: String,
        /// The URI in the configuration.
        pinned: String,
    },
    /// The agreed policy and mode are not offered any more. Nothing weaker is used.
    #[error("the server does not offer {wanted} any more; it offers {}", offers.join(", "))]
    SecurityChanged {
        /// What was agreed.
        wanted: String,
        /// What is offered, each as policy and mode.
        offers: Vec<String>,
        /// Whether everything offered is weaker.
        weaker: bool,
    },
    /// The server offers stronger security than was chosen, and it never proved itself with the weaker one.
    #[error(
        "the server offers {offered}, and the source is configured for the weaker {configured}: it may have been \
         chosen from a list that somebody on the way had shortened"
    )]
    StrongerOffered {
        /// What is configured.
        configured: String,
        /// The strongest we could use.
        offered: String,
    },
    /// The connection failed.
    #[error(transparent)]
    Client(#[from] ua_client::Error),
    /// Journal or historian failed.
    #[error("storage: {0}")]
    Storage(#[from] tagstore::Error),
    /// The folder for the samples cannot be made.
    #[error("cannot make {}: {source}", path.display())]
    DataFolder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The thread that owns the journal has ended.
    #[error("the journal's writer has stopped")]
    WriterGone,
    /// None of the configured roots exists on the server.
    #[error("none of the roots {} is on the server", roots.join(", "))]
    RootsMissing {
        /// The configured roots.
        roots: Vec<String>,
    },
    /// The snapshot of a server's address space cannot be read or written.
    #[error("the snapshot {} of the address space: {source}", path.display())]
    Snapshot {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The server delivers nothing of what we asked for.
    #[error("the server accepted none of {nodes} nodes: {example}")]
    NothingAccepted {
        /// How many were asked for.
        nodes: usize,
        /// The first refusal.
        example: String,
    },
    /// The folder of a file sink cannot be written.
    #[error("the sink cannot write to {}: {source}", path.display())]
    SinkFolder {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Our standard output cannot be written.
    #[error("the sink cannot write to standard output: {source}")]
    SinkStdout {
        /// What the system said.
        source: io::Error,
    },
    /// An OMF sink cannot deliver.
    #[error(transparent)]
    Omf(#[from] OmfTrouble),
    /// There is nothing to ask the server for.
    #[error("the rules of the source pick none of the {found} variables below its roots")]
    NothingPicked {
        /// How many variables were found.
        found: usize,
    },
    /// A thread could not be started.
    #[error("cannot start {what}: {source}")]
    Thread {
        /// What it was for.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// What kind of failure it is: the exit codes of the command line and the states of a source follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration, a secret or our own certificate must change.
    Config,
    /// The server cannot be reached or the connection was lost.
    Unreachable,
    /// We do not trust the server's certificate.
    ServerNotTrusted,
    /// The server does not trust our certificate.
    ServerDoesNotTrustUs,
    /// The server offers less security than agreed, or did not prove who it is.
    Security,
    /// The server refused the user, or the password cannot be sent safely.
    Login,
    /// The disk.
    Storage,
    /// The server misbehaves, or refused a service.
    Server,
}

impl Error {
    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::ConfigRead { .. }
            | Self::ConfigWrite { .. }
            | Self::ConfigExists { .. }
            | Self::ConfigInvalid { .. }
            | Self::NoSuchSource { .. }
            | Self::SourceExists { .. }
            | Self::SourceName { .. }
            | Self::NodeAddress { .. }
            | Self::SecretMissing { .. }
            | Self::SecretExposed { .. }
            | Self::SecretUnusable { .. }
            | Self::SecretWrite { .. }
            | Self::UserCertificate { .. }
            | Self::NoIdentity { .. }
            | Self::IdentityUri { .. }
            | Self::IdentityTime { .. }
            | Self::IdentityKey { .. }
            | Self::Pki(_)
            | Self::RootsMissing { .. }
            | Self::Thread { .. } => ErrorKind::Config,
            Self::ServerNotTrusted { .. } | Self::NoServerCertificate => ErrorKind::ServerNotTrusted,
            Self::ServerUri { .. } | Self::SecurityChanged { .. } | Self::StrongerOffered { .. } => {
                ErrorKind::Security
            }
            Self::Storage(_)
            | Self::Snapshot { .. }
            | Self::WriterGone
            | Self::DataFolder { .. }
            | Self::SinkFolder { .. }
            | Self::SinkStdout { .. } => ErrorKind::Storage,
            Self::Omf(trouble) => trouble.kind(),
            Self::NothingAccepted { .. } | Self::NothingPicked { .. } => ErrorKind::Server,
            Self::Client(error) => client_kind(error),
        }
    }

    /// A stable code, for logs and scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ConfigRead { .. } => "config.unreadable",
            Self::ConfigWrite { .. } => "config.unwritable",
            Self::ConfigExists { .. } => "config.exists",
            Self::ConfigInvalid { .. } => "config.invalid",
            Self::NoSuchSource { .. } => "config.no_such_source",
            Self::SourceExists { .. } => "config.source_exists",
            Self::SourceName { .. } => "config.source_name",
            Self::NodeAddress { .. } => "config.node_address",
            Self::SecretMissing { .. } => "secret.missing",
            Self::SecretExposed { .. } => "secret.exposed",
            Self::SecretUnusable { .. } => "secret.unusable",
            Self::SecretWrite { .. } => "secret.unwritable",
            Self::UserCertificate { .. } => "secret.user_certificate",
            Self::NoIdentity { .. } => "identity.missing",
            Self::IdentityUri { .. } => "identity.uri",
            Self::IdentityTime { .. } => "identity.time",
            Self::IdentityKey { .. } => "identity.key",
            Self::Pki(_) => "trust.store",
            Self::NoServerCertificate => "trust.no_server_certificate",
            Self::ServerNotTrusted { pinned, thumbprint, verdict } => code(verdict, *pinned, *thumbprint),
            Self::ServerUri { .. } => "trust.server_uri",
            Self::SecurityChanged { .. } => "security.changed",
            Self::StrongerOffered { .. } => "security.downgrade",
            Self::Client(error) => error.rule(),
            Self::Storage(_) => "storage",
            Self::WriterGone => "storage.writer_gone",
            Self::DataFolder { .. } => "storage.folder",
            Self::RootsMissing { .. } => "browse.roots_missing",
            Self::Snapshot { .. } => "browse.snapshot",
            Self::NothingAccepted { .. } => "collect.nothing_accepted",
            Self::SinkFolder { .. } => "sink.folder",
            Self::SinkStdout { .. } => "sink.stdout",
            Self::Omf(trouble) => trouble.code(),
            Self::NothingPicked { .. } => "collect.nothing_picked",
            Self::Thread { .. } => "system.thread",
        }
    }

    /// The OPC UA status code behind it, if there is one.
    pub fn status_code(&self) -> Option<u32> {
        match self {
            Self::Client(error) => error.status(),
            Self::ServerNotTrusted { verdict, .. } => verdict.status().map(CertificateStatus::code),
            _ => None,
        }
    }

    /// What to do about it, for the source of that name.
    pub fn next_step(&self, source: &str) -> Option<NextStep> {
        const ALL_MUST_TRUST: &str = " (every server must then trust the new certificate)";
        let again = |step: NextStep| {
            step.then_run(&["source", "remove", source])
                .then_say(", then ")
                .then_run(&["source", "add", source, "URL"])
        };
        Some(match self {
            Self::ServerNotTrusted { thumbprint, verdict, .. } => match decisive(verdict) {
                Some(finding) if finding.status != CertificateStatus::Untrusted => remedy(&finding.remedy),
                _ => NextStep::say(
                    "compare the thumbprint with the one the server's administrator sees, then run: ",
                )
                .then_run(&["trust", "accept", &thumbprint.to_string()]),
            },
            Self::NoIdentity { .. } => {
                NextStep::say("put our certificate and key back into own/ of the certificate store, or make new ones: ")
                    .then_run(&["cert", "create"])
            }
            Self::IdentityUri { certificate, .. } => NextStep::say(format!(
                "write uri = \"{certificate}\" under [application], or make a certificate for the configured one: "
            ))
            .then_run(&["cert", "renew", "--use-now"])
            .then_say(ALL_MUST_TRUST),
            Self::IdentityTime { .. } => {
                NextStep::run(&["cert", "renew", "--use-now"]).then_say(ALL_MUST_TRUST)
            }
            Self::IdentityKey { .. } => {
                NextStep::run(&["cert", "renew", "--key", "rsa2048", "--use-now"]).then_say(ALL_MUST_TRUST)
            }
            Self::ServerUri { .. } | Self::SecurityChanged { .. } => {
                again(NextStep::say("if the change is wanted: "))
            }
            Self::StrongerOffered { .. } => again(NextStep::say("for the stronger one: "))
                .then_say("; if the weaker one is wanted, name it there with --policy and --mode"),
            Self::SecretExposed { path, .. } => format!("run: chmod 600 {}", path.display()).into(),
            Self::SecretMissing { .. } | Self::SecretUnusable { .. } => NextStep::run(&["login", source]),
            Self::UserCertificate { .. } => {
                NextStep::run(&["login", source, "--user-cert", "FILE", "--user-key", "FILE"])
            }
            Self::NothingPicked { found: 0 } => {
                format!("look with lockgate browse, and correct `roots` of source {source}").into()
            }
            Self::NothingPicked { .. } => format!("correct the rules of source {source}").into(),
            Self::RootsMissing { .. } => format!("correct `roots` of source {source}").into(),
            Self::Client(error) => return client_next_step(error, source),
            Self::Omf(trouble) => trouble.next_step(),
            _ => return None,
        })
    }
}

/// The remedy in words, and the command where there is one.
fn remedy(remedy: &Remedy) -> NextStep {
    let step = NextStep::say(remedy.text.clone());
    match remedy.action.as_ref().and_then(command_for) {
        None => step,
        Some(words) => step.then_say(": ").then_run(&words.iter().map(String::as_str).collect::<Vec<_>>()),
    }
}

fn client_kind(error: &ua_client::Error) -> ErrorKind {
    use ua_client::Error as E;
    if error.server_does_not_trust_us() {
        return ErrorKind::ServerDoesNotTrustUs;
    }
    match error {
        E::InvalidUrl { .. } | E::InvalidRequest(_) | E::SecurityRequired | E::OwnProof { .. } => {
            ErrorKind::Config
        }
        E::CertificateChanged { .. }
        | E::ServerProofInvalid { .. }
        | E::EndpointsDiffer { .. }
        | E::ApplicationUriDiffers { .. }
        | E::NoUsableEndpoint { .. } => ErrorKind::Security,
        E::LoginRefused { .. }
        | E::LoginNotOffered { .. }
        | E::PasswordWouldLeak { .. }
        | E::PasswordTooLong { .. } => ErrorKind::Login,
        _ => match error.side() {
            ua_client::Side::Network => ErrorKind::Unreachable,
            _ => ErrorKind::Server,
        },
    }
}

fn client_next_step(error: &ua_client::Error, source: &str) -> Option<NextStep> {
    Some(match client_kind(error) {
        ErrorKind::ServerDoesNotTrustUs => NextStep::say("on the server: trust our certificate (see: ")
            .then_run(&["cert", "show"])
            .then_say("); we keep trying"),
        ErrorKind::Login => NextStep::run(&["login", source]),
        ErrorKind::Unreachable => "check the address, the network and that the server is running".into(),
        ErrorKind::Security => security_next_step(error).into(),
        _ => return None,
    })
}

/// What was shown and does not fit may have been changed on the way; what was only not offered was not.
fn security_next_step(error: &ua_client::Error) -> &'static str {
    use ua_client::Error as E;
    match error {
        E::NoUsableEndpoint { .. } => {
            "on the server: offer a security policy and a login that can be used; nothing less is used in their place"
        }
        E::ApplicationUriDiffers { .. } => {
            "ask the server's administrator for a certificate that names the application as the server does; if the \
             two fitted before, somebody may stand between us and the server"
        }
        _ => "somebody may stand between us and the server; compare thumbprints before anything else",
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn because(source: Option<&io::Error>) -> String {
    source.map(|error| format!(": {error}")).unwrap_or_default()
}

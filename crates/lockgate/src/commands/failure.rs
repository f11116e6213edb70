//! Failures of the connector, explained: which side said no, by which rule, what to compare, what to run next.

use std::path::{Path, PathBuf};

use connector::config::SourceLogin;
use connector::{Error, ErrorKind, SourceConfig};
use ua_pki::{Certificate, CertificateStatus, Finding, Store, Thumbprint, Verdict};

use crate::advice::{Advice, Side, chain, disk};
use crate::context::Context;
use crate::exit::Exit;
use crate::hints;

/// What is known about the connection that failed, beyond the error itself.
#[derive(Default)]
pub(crate) struct About<'a> {
    /// Name of the source, when it has one.
    pub(crate) source: Option<&'a str>,
    /// The source as configured, when it is.
    pub(crate) configured: Option<&'a SourceConfig>,
    /// Where we dialled.
    pub(crate) url: Option<&'a str>,
    /// Host that was dialled.
    pub(crate) host: Option<&'a str>,
    /// Our certificate.
    pub(crate) own: Option<&'a Certificate>,
    /// Our store.
    pub(crate) store: Option<&'a Store>,
    /// What the server calls itself: product URI and application name.
    pub(crate) make: Option<(&'a str, &'a str)>,
}

/// The explanation of `error`.
pub(crate) fn explain(context: &Context, about: Option<&About<'_>>, error: &Error) -> Box<Advice> {
    let nothing = About::default();
    let about = about.unwrap_or(&nothing);
    match error {
        Error::ServerNotTrusted { thumbprint, pinned, verdict } => {
            Box::new(not_trusted(context, about, *thumbprint, *pinned, verdict))
        }
        Error::Storage(inner) => super::data::failed(context, inner),
        Error::ConfigInvalid { path, problems } => {
            let advice = Advice::new(error.code(), Exit::Config, "the configuration is not valid")
                .fact("file", path.display().to_string());
            Box::new(
                problems.iter().fold(advice, |advice, problem| advice.fact("problem", problem.to_string())),
            )
        }
        Error::ConfigWrite { path, source } | Error::SecretWrite { path, source } => {
            disk("write", path, source)
        }
        Error::Pki(inner) => super::store::failed(about.store.map_or(Path::new("pki"), Store::root), inner),
        _ => Box::new(general(context, about, error)),
    }
}

fn general(context: &Context, about: &About<'_>, error: &Error) -> Advice {
    let kind = error.kind();
    if kind == ErrorKind::ServerDoesNotTrustUs {
        return server_does_not_trust_us(context, about, error);
    }
    let code = match (error, kind) {
        (Error::Client(inner), _) => client_code(inner, kind),
        _ => error.code(),
    };
    let mut advice = match error {
        // one line per offer is easier to read than all of them in one sentence
        Error::Client(ua_client::Error::NoUsableEndpoint { offers }) => offers.iter().fold(
            Advice::new(code, exit(kind), "no endpoint of this server is good enough"),
            |advice, offer| advice.fact("offer", offer.as_str()),
        ),
        _ => Advice::new(code, exit(kind), chain(error)),
    };
    if let Some(side) = side(error, kind) {
        advice = advice.side(side);
    }
    if let Error::Client(inner) = error {
        advice = advice.rule(rule(inner));
    }
    if let Some(status) = error.status_code() {
        advice = advice.fact("status", format!("{} (0x{status:08X})", ua_client::status_name(status)));
    }
    if let Some(url) = about.url {
        advice = advice.fact("server", url);
    }
    if let (ErrorKind::Login, Some(source)) = (kind, about.configured) {
        if let SourceLogin::UserName { user, .. } = &source.login {
            advice = advice.fact("user", user.as_str());
        }
        if let Some(thumbprint) = source.server_thumbprint {
            advice = advice.fact("theirs", thumbprint.grouped());
        }
    }
    next(context, about, error, advice)
}

fn next(context: &Context, about: &About<'_>, error: &Error, advice: Advice) -> Advice {
    let run = |advice: Advice, words: &[&str]| advice.then_run(&super::words(&context.words(words)));
    let source = about.source;
    match (error, error.kind(), source) {
        (Error::NoSuchSource { .. }, ..) => run(advice.then("sources are listed by"), &["source", "list"]),
        (Error::SourceExists { name }, ..) => {
            run(advice.then("take another name, or remove the old one with"), &["source", "remove", name])
        }
        (_, ErrorKind::Login, Some(name)) => {
            run(advice.then("give user name and password again; they are tried at once:"), &["login", name])
        }
        (_, ErrorKind::Unreachable, _) => {
            let advice = advice.then("check address and port, the firewall, and that the server is running");
            match source {
                Some(name) => run(advice.then("then"), &["source", "check", name]),
                None => advice,
            }
        }
        (Error::ServerUri { .. } | Error::SecurityChanged { .. }, _, Some(name)) => run(
            advice.then("if the change is wanted and explained, remove the source and add it again:"),
            &["source", "remove", name],
        ),
        (_, ErrorKind::Security, _) => advice
            .then("somebody may stand between us and the server; compare thumbprints before anything else"),
        _ => match error.next_step(source.unwrap_or("NAME")) {
            Some(step) => advice.then(step),
            None => advice,
        },
    }
}

fn server_does_not_trust_us(context: &Context, about: &About<'_>, error: &Error) -> Advice {
    let mut advice = Advice::new(
        "trust.server_does_not_trust_us",
        Exit::NotTrustedByServer,
        "the server ended the connection right after it saw our certificate: most likely it does not trust us yet",
    )
    .side(Side::Server)
    .rule("the server's own list of trusted clients (Part 4 §6.1.3)");
    advice = match error.status_code() {
        Some(status) => advice.fact("status", format!("{} (0x{status:08X})", ua_client::status_name(status))),
        None => advice.fact("status", "none: it closed the connection"),
    };
    if let Some(url) = about.url {
        advice = advice.fact("server", url);
    }
    if let Some(own) = about.own {
        advice = advice.fact("ours", own.thumbprint().grouped()).fact("our subject", own.subject());
    }
    if let Some(file) = about.store.and_then(own_file) {
        advice = advice.fact("our file", file.display().to_string());
    }
    let (product, name) = about.make.unwrap_or_default();
    advice = advice.then(hints::trust_us(product, name));
    match about.source {
        Some(source) => {
            advice.then("then").then_run(&super::words(&context.words(&["source", "check", source])))
        }
        None => advice,
    }
}

/// Explains a verdict that is not Good: by its decisive finding, and with every other one as a fact.
pub(crate) fn not_trusted(
    context: &Context,
    about: &About<'_>,
    thumbprint: Thumbprint,
    pinned: Option<Thumbprint>,
    verdict: &Verdict,
) -> Advice {
    let counting: Vec<&Finding> = verdict.findings().iter().filter(|finding| !finding.suppressed).collect();
    let decisive = counting.first().copied();
    let status = decisive.map(|finding| finding.status);
    let changed = pinned.is_some_and(|pinned| pinned != thumbprint);
    let code = code(status, changed);
    let message = match decisive {
        Some(finding) => finding.message.clone(),
        None => "we do not trust the server's certificate".to_owned(),
    };
    let mut advice = Advice::new(code, Exit::ServerNotTrusted, message).side(Side::Us);
    if let Some(finding) = decisive {
        advice = advice.rule(format!("{}, Part 4 §6.1.3, step {:?}", finding.status.name(), finding.step));
    }
    if let Some(url) = about.url {
        advice = advice.fact("server", url);
    }
    advice = advice.fact("theirs", thumbprint.grouped());
    if let Some(pinned) = pinned.filter(|_| changed) {
        advice = advice.fact("was", pinned.grouped());
    }
    if let Some(certificate) = about.store.and_then(|store| known(store, thumbprint)) {
        advice = advice.fact("subject", certificate.subject());
        if counting.iter().any(|finding| finding.status == CertificateStatus::HostNameInvalid) {
            advice =
                advice.fact("we dialled", about.host.unwrap_or("?")).fact("it names", names(&certificate));
        }
    }
    if let Some(own) = about.own {
        advice = advice.fact("ours", own.thumbprint().grouped());
    }
    for finding in counting.iter().skip(1) {
        advice = advice.fact("also", format!("{}: {}", finding.status.name(), finding.message));
    }
    how_to_trust(context, about, thumbprint, &counting, advice)
}

fn how_to_trust(
    context: &Context,
    about: &About<'_>,
    thumbprint: Thumbprint,
    counting: &[&Finding],
    mut advice: Advice,
) -> Advice {
    let untrusted = counting.iter().any(|finding| finding.status == CertificateStatus::Untrusted);
    for finding in counting.iter().filter(|finding| finding.status != CertificateStatus::Untrusted) {
        if !finding.remedy.is_empty() {
            advice = advice.then(finding.remedy.clone());
        }
    }
    if untrusted {
        let thumbprint = thumbprint.to_string();
        advice = advice
            .then("compare `theirs` with the thumbprint that the server's administrator sees; if it is the same:")
            .then_run(&super::words(&context.words(&["trust", "accept", &thumbprint])));
    }
    match about.source {
        Some(source) => {
            advice.then("then").then_run(&super::words(&context.words(&["source", "check", source])))
        }
        None => advice,
    }
}

fn code(status: Option<CertificateStatus>, changed: bool) -> &'static str {
    match status {
        _ if changed => "trust.server_certificate_changed",
        Some(CertificateStatus::HostNameInvalid) => "trust.host_name_mismatch",
        Some(CertificateStatus::TimeInvalid | CertificateStatus::IssuerTimeInvalid) => {
            "trust.certificate_expired"
        }
        Some(CertificateStatus::Revoked | CertificateStatus::IssuerRevoked) => "trust.certificate_revoked",
        Some(CertificateStatus::RevocationUnknown | CertificateStatus::IssuerRevocationUnknown) => {
            "trust.revocation_unknown"
        }
        Some(CertificateStatus::UriInvalid) => "trust.application_uri_mismatch",
        Some(CertificateStatus::Untrusted | CertificateStatus::ChainIncomplete) | None => {
            "trust.server_certificate_untrusted"
        }
        Some(_) => "trust.server_certificate_unusable",
    }
}

/// The stable code of a failed connection. The rules of the security catalogue are shown beside it, not as it.
fn client_code(error: &ua_client::Error, kind: ErrorKind) -> &'static str {
    use ua_client::Error as E;
    match error {
        E::NoUsableEndpoint { .. } => "security.no_usable_endpoint",
        E::EndpointsDiffer { .. } => "security.endpoints_differ",
        E::ServerProofInvalid { .. } => "security.server_proof_invalid",
        E::CertificateChanged { .. } => "trust.server_certificate_changed",
        E::ApplicationUriDiffers { .. } => "trust.application_uri_mismatch",
        E::SecurityRequired => "security.required",
        E::LoginNotOffered { .. } => "login.not_offered",
        E::PasswordWouldLeak { .. } => "login.password_would_leak",
        other => match kind {
            ErrorKind::Unreachable => "server.unreachable",
            _ => other.rule(),
        },
    }
}

/// The rule that was broken: of the standard, or of our security catalogue.
fn rule(error: &ua_client::Error) -> &'static str {
    use ua_client::Error as E;
    match error {
        E::Unreachable { .. } | E::ConnectionLost { .. } => "a TCP connection to the address (Part 6 §7.2)",
        E::LoginRefused { .. } => {
            "the server's users and their roles, asked in ActivateSession (Part 4 §5.7.3)"
        }
        other => other.rule(),
    }
}

fn known(store: &Store, thumbprint: Thumbprint) -> Option<Certificate> {
    let lists = [store.rejected(), store.trusted()];
    lists.into_iter().flatten().flatten().find(|certificate| certificate.thumbprint() == thumbprint)
}

fn names(certificate: &Certificate) -> String {
    let mut names = certificate.dns_names().to_vec();
    names.extend(certificate.ip_addresses().iter().map(ToString::to_string));
    if names.is_empty() { "no host at all".to_owned() } else { names.join(", ") }
}

/// The file with our certificate, to be carried to a server.
pub(crate) fn own_file(store: &Store) -> Option<PathBuf> {
    let folder = store.root().join("own").join("certs");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.into_iter().find(|path| path.is_file())
}

/// The exit code of a kind of failure.
fn exit(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::Config => Exit::Config,
        ErrorKind::Unreachable | ErrorKind::Server => Exit::Unreachable,
        ErrorKind::ServerNotTrusted | ErrorKind::Security => Exit::ServerNotTrusted,
        ErrorKind::ServerDoesNotTrustUs => Exit::NotTrustedByServer,
        ErrorKind::Login => Exit::LoginRefused,
        ErrorKind::Storage => Exit::Storage,
        _ => Exit::Unexpected,
    }
}

fn side(error: &Error, kind: ErrorKind) -> Option<Side> {
    if let Error::Client(inner) = error {
        return Some(match inner.side() {
            ua_client::Side::Us => Side::Us,
            ua_client::Side::Server => Side::Server,
            ua_client::Side::Network => Side::Network,
        });
    }
    match kind {
        ErrorKind::Security | ErrorKind::ServerNotTrusted => Some(Side::Us),
        ErrorKind::Server => Some(Side::Server),
        _ => None,
    }
}

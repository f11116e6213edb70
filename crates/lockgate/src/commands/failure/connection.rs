//! Failures of reaching a server, of its security, and of the login.

use connector::config::SourceLogin;
use connector::{Error, ErrorKind};

use super::About;
use super::certificate::server_does_not_trust_us;
use crate::advice::{Advice, Side, chain};
use crate::context::Context;
use crate::exit::Exit;

/// The explanation of every failure that is not about a verdict, the disk or the configuration file.
pub(super) fn explain(context: &Context, about: &About<'_>, error: &Error) -> Advice {
    let kind = error.kind();
    if kind == ErrorKind::ServerDoesNotTrustUs {
        return server_does_not_trust_us(context, about, error);
    }
    let code = match error {
        Error::Client(inner) => client_code(inner),
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
        if let Some(user) = source.login.shown() {
            advice = advice.fact("user", user);
        }
        if let Some(thumbprint) = source.server_thumbprint {
            advice = advice.fact("theirs", thumbprint.grouped());
        }
    }
    if let (ErrorKind::Login, Some(certificate)) = (kind, about.user_certificate) {
        advice = advice
            .fact("user", certificate.thumbprint().grouped())
            .fact("user subject", certificate.subject());
    }
    next(about, error, advice)
}

fn next(about: &About<'_>, error: &Error, advice: Advice) -> Advice {
    let run = |advice: Advice, words: &[&str]| advice.then_run(words);
    let source = about.source;
    match (error, error.kind(), source) {
        (Error::NoIdentity { .. }, ..) => run(
            advice.then("put own/ of the certificate store back, or make a certificate and its key:"),
            &["cert", "create"],
        ),
        (Error::IdentityTime { .. }, ..) => run(
            advice.then("check the clock of this machine; if it is right, make another certificate, which every server must then trust:"),
            &["cert", "renew", "--use-now"],
        ),
        (Error::IdentityUri { certificate, .. }, ..) => run(
            advice
                .then(format!("write uri = \"{certificate}\" under [application] in the configuration"))
                .then("or make a certificate for the configured one, which every server must then trust:"),
            &["cert", "renew", "--use-now"],
        ),
        (Error::IdentityKey { .. }, ..) => run(
            advice.then("make a certificate with an RSA key, which every server must then trust:"),
            &["cert", "renew", "--key", "rsa2048", "--use-now"],
        ),
        (Error::NoSuchSource { .. }, ..) => run(advice.then("sources are listed by"), &["source", "list"]),
        (Error::SourceExists { name }, ..) => {
            run(advice.then("take another name, or remove the old one with"), &["source", "remove", name])
        }
        (_, ErrorKind::Login, Some(name)) => login_again(about, name, advice),
        (Error::Client(ua_client::Error::LoginRefused { .. }), _, None) => advice.then(other_login(about)),
        (_, ErrorKind::Login, None) => advice.then("log in in another way, which the server offers"),
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
        (Error::StrongerOffered { .. }, _, Some(name)) => run(
            advice.then("remove the source and add it again; a weaker one that is wanted is named with --policy and --mode:"),
            &["source", "remove", name],
        ),
        _ => match error.next_step(source.unwrap_or("NAME")) {
            Some(step) => advice.then_step(&step),
            None => advice,
        },
    }
}

/// How to try another login, of the kind that was refused.
fn login_again(about: &About<'_>, name: &str, advice: Advice) -> Advice {
    match about.configured.map(|source| &source.login) {
        Some(SourceLogin::Certificate { .. }) => advice
            .then("let the server's administrator trust the user certificate, or name another; it is tried at once:")
            .then_run(&["login", name, "--user-cert", "FILE", "--user-key", "FILE"]),
        Some(SourceLogin::IssuedToken { .. }) => {
            let advice = advice.then("have the token issued anew and put it where the configuration says, then");
            advice.then_run(&["source", "check", name])
        }
        _ => advice
            .then("give user name and password again; they are tried at once:")
            .then_run(&["login", name]),
    }
}

/// What to try where the server refused a login that is written down nowhere.
fn other_login(about: &About<'_>) -> &'static str {
    match (about.user_certificate, about.user) {
        (Some(_), _) => {
            "let the server's administrator trust this certificate as that of a user: servers keep users in another list \
             than client applications"
        }
        (None, Some(_)) => {
            "check user name and password; the server's administrator can tell whether this user may log in"
        }
        (None, None) => "log in as a user whom the server knows: add --user NAME",
    }
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

/// The stable code of a failed connection. The rules of the security catalogue are shown beside it, not as it.
fn client_code(error: &ua_client::Error) -> &'static str {
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
        // the same names that `lockgate status` shows
        other => other.rule(),
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

//! Failures of trust: we do not trust the server, or the server does not trust us.

use std::path::PathBuf;

use connector::not_trusted::{code, decisive, rule};
use connector::{Error, SourceState};
use ua_pki::{
    Action, Actor, Certificate, CertificateStatus, Finding, OwnRole, Role, Store, Thumbprint, Verdict,
};

use super::About;
use crate::advice::{Advice, Side};
use crate::context::Context;
use crate::exit::Exit;
use crate::hints;
use crate::view::Means;
use connector::documents::who;

/// Explains a verdict that is not Good: by its decisive finding, and with every other one as a fact.
pub(crate) fn not_trusted(
    context: &Context,
    about: &About<'_>,
    thumbprint: Thumbprint,
    pinned: Option<Thumbprint>,
    verdict: &Verdict,
) -> Advice {
    let counting: Vec<&Finding> = verdict.findings().iter().filter(|finding| !finding.suppressed).collect();
    let decisive = decisive(verdict);
    let changed = pinned.is_some_and(|pinned| pinned != thumbprint);
    let code = code(verdict, pinned, thumbprint);
    let message = match decisive {
        Some(finding) => finding.message.clone(),
        None => "we do not trust the server's certificate".to_owned(),
    };
    let mut advice = Advice::new(code, Exit::ServerNotTrusted, message).side(Side::Us);
    if let Some(finding) = decisive {
        advice = advice.rule(rule(finding));
    }
    if let Some(url) = about.url {
        advice = advice.fact("server", url);
    }
    advice = advice.fact("theirs", thumbprint.grouped());
    if let Some(pinned) = pinned.filter(|_| changed) {
        advice = advice.fact("last seen", pinned.grouped());
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
    let means = Means::waiting(context);
    // where something else comes first, accepting would change nothing
    let first = counting.first().is_none_or(|finding| finding.status == CertificateStatus::Untrusted);
    for finding in counting {
        let remedy = &finding.remedy;
        if let Some(Action::Trust { .. }) = remedy.action {
            continue;
        }
        advice = advice.then(match remedy.by {
            Actor::Us => remedy.text.clone(),
            by => format!("{}: {}", who(by, Role::Server), remedy.text),
        });
        if let Some(words) = means.words(remedy) {
            advice = advice.then_run(&words);
        }
    }
    if first {
        let thumbprint = thumbprint.to_string();
        advice = advice
            .then("compare `theirs` with the thumbprint that the server's administrator sees; if it is the same:")
            .then_run(&["trust", "accept", &thumbprint]);
    }
    match again(context, about) {
        Some(words) => advice.then("then").then_run(&words),
        None => advice,
    }
}

/// The command that goes the whole way again with the store that decided.
fn again<'a>(context: &Context, about: &About<'a>) -> Option<Vec<&'a str>> {
    match (context.named_store(), about.source) {
        (None, Some(source)) => Some(vec!["source", "check", source]),
        // `source check` knows the store of the configuration only
        (Some(_), source) => {
            let user = about.user.map(|user| ["--user", user]);
            Some(["doctor", source.or(about.url)?].into_iter().chain(user.into_iter().flatten()).collect())
        }
        (None, None) => None,
    }
}

/// Explains that the server most likely does not trust us yet, and where to change that by its make.
pub(super) fn server_does_not_trust_us(context: &Context, about: &About<'_>, error: &Error) -> Advice {
    let said_so = error.status_code() == Some(CertificateStatus::Untrusted.code());
    let mut advice = Advice::new(
        "trust.server_does_not_trust_us",
        Exit::NotTrustedByServer,
        if said_so {
            "the server does not trust our certificate yet"
        } else {
            "the server ended the connection right after it saw our certificate: most likely it does not trust us yet"
        },
    )
    .side(Side::Server)
    .rule("the server's own list of trusted clients (Part 4 §6.1.3)");
    advice = match error.status_code() {
        Some(status) => advice.fact("status", format!("{} (0x{status:08X})", ua_client::status_name(status))),
        None => advice.fact("status", "none: it closed the connection"),
    };
    advice = advice.fact("state", SourceState::WaitingForServerTrust.words());
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
    match again(context, about) {
        Some(words) => advice.then("then").then_run(&words),
        None => advice,
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

/// The file with our certificate in use, to be carried to a server.
fn own_file(store: &Store) -> Option<PathBuf> {
    Some(store.own_pair(OwnRole::Active).ok()??.certificate_file)
}

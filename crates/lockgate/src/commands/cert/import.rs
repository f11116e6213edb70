//! `lockgate cert import`: the certificate that an authority made for a key of ours, or a certificate with its key.

use std::path::Path;

use serde::Serialize;
use ua_pki::{
    ApplicationIdentity, Certificate, CertificateStatus, Error, OwnRole, PrivateKey, Role, SecurityPolicy,
    TrustList, ValidationContext, validate,
};

use super::own::{self, Ours};
use crate::advice::{Advice, Outcome, bug, disk};
use crate::clock;
use crate::commands::material;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};
use crate::view::{CertificateText, CertificateView};

#[derive(Serialize)]
struct Imported {
    /// `active` where there was none, else `next`.
    role: &'static str,
    certificate_file: String,
    certificate: CertificateView,
    /// Authorities that are known now; that alone trusts nobody.
    issuers: Vec<CertificateView>,
}

pub(super) fn run(
    context: &Context,
    file: &Path,
    key: Option<&Path>,
    replace: bool,
    pki: Option<&Path>,
) -> Outcome {
    let config = own::configured(context, pki)?;
    let expected = config.as_ref().map(|config| config.application.uri.as_str());
    let certificates = material::certificates(file)?;
    // a pair that comes from elsewhere is looked at before a store is made for it
    let brought = key.map(|key| bring(file, key, &certificates)).transpose()?;
    if let Some(identity) = &brought {
        check(file, identity, expected)?;
    }
    let ours = if brought.is_some() { Ours::make(context, pki)? } else { Ours::open(context, pki)? };
    let failed = |error: Error| ours.failed(&error);
    let present = ours.pair(OwnRole::Active)?;
    let identity = match brought {
        Some(identity) => identity,
        None => ours.store.join_own(&certificates).map_err(|e| match e {
            Error::KeyMismatch { .. } => not_for_our_keys(file, &certificates),
            other => failed(other),
        })?,
    };
    let leaf = identity.certificate();
    let uri = present.as_ref().and_then(|pair| pair.certificate.application_uri());
    check(file, &identity, expected.or(uri))?;
    let known = [present.clone(), ours.pair(OwnRole::Next)?].into_iter().flatten();
    let already = known.into_iter().any(|pair| pair.certificate == *leaf);
    let used = present.as_ref().is_none_or(|pair| pair.certificate == *leaf);
    if used {
        ours.store.save_own(&identity).map_err(failed)?;
    } else {
        let waits = ours.pair(OwnRole::Next)?.filter(|next| next.certificate != *leaf && !replace);
        if let Some(next) = waits {
            let file = file.display().to_string();
            return Err(ours.next_waits(&next, &["cert", "import", &file, "--replace"]));
        }
        ours.store.replace_next(&identity).map_err(failed)?;
    }
    let pending = ours.store.pending_key().map_err(failed)?;
    if pending.is_some_and(|key| key.belongs_to(leaf.public_key())) {
        ours.store.drop_pending_key().map_err(failed)?;
    }
    tell(context, &ours, used, already)
}

/// A certificate and its key, both from files.
fn bring(file: &Path, key: &Path, certificates: &[Certificate]) -> Outcome<ApplicationIdentity> {
    let joined = PrivateKey::load(key).and_then(|key| ApplicationIdentity::join(certificates, key));
    joined.map_err(|error| match error {
        Error::KeyMismatch { .. } => Box::new(
            mismatch("the certificate is not for this key", file, certificates)
                .fact("key", key.display().to_string())
                .then("name the key that the certificate is for"),
        ),
        Error::KeyPermissions { path, mode } => Box::new(
            Advice::new("cert.key_permissions", Exit::Config, "this private key can be read by others")
                .rule("a private key is readable by its owner alone")
                .fact("file", path.display().to_string())
                .fact("mode", format!("{mode:03o}"))
                .then(format!("chmod 600 {}", path.display()))
                .then("and consider the key known if others had access to it: take a new one instead"),
        ),
        Error::UnusableKey(why) => Box::new(
            Advice::new("cert.unusable_key", Exit::Config, "this private key cannot be used")
                .fact("reason", why),
        ),
        Error::Io { path, source } => disk("read the private key", &path, &source),
        Error::NotAFile { path, kind } => Box::new(
            Advice::new("cert.unusable_key", Exit::Config, format!("this is {kind}, not a file"))
                .fact("file", path.display().to_string()),
        ),
        other => bug("the key and the certificate cannot be joined", &other),
    })
}

/// Refuses what no server would take from a client: by the same steps by which servers are judged.
fn check(file: &Path, identity: &ApplicationIdentity, application_uri: Option<&str>) -> Outcome<()> {
    let leaf = identity.certificate();
    own::refuse_curve(leaf.public_key().kind())?;
    let issuers = identity.chain().iter().skip(1).cloned().collect();
    let trust = TrustList::new(vec![leaf.clone()], issuers, Vec::new());
    let rules = ValidationContext {
        now: clock::now(),
        role: Role::Client,
        policy: SecurityPolicy::Basic256Sha256.certificate_rules(),
        host: None,
        application_uri: Some(application_uri.or(leaf.application_uri()).unwrap_or_default()),
        suppress: &[],
    };
    let verdict = validate(identity.chain(), &trust, &rules);
    let mut wrong = verdict.findings().iter().filter(|finding| {
        finding.thumbprint == leaf.thumbprint()
            && !finding.suppressed
            && matches!(
                finding.status,
                CertificateStatus::Invalid
                    | CertificateStatus::PolicyCheckFailed
                    | CertificateStatus::TimeInvalid
                    | CertificateStatus::UriInvalid
                    | CertificateStatus::UseNotAllowed
            )
    });
    let Some(first) = wrong.next() else { return Ok(()) };
    let mut advice = Advice::new(
        "cert.not_for_an_application",
        Exit::Config,
        format!("no server would take this certificate from us: {}", first.message),
    )
    .rule(format!("{}, Part 4 §6.1.3 and Part 6 §6.2.2", first.status.name()))
    .fact("file", file.display().to_string())
    .fact("subject", leaf.subject())
    .fact("thumbprint", leaf.thumbprint().grouped());
    for finding in wrong {
        advice = advice.fact("also", format!("{}: {}", finding.status.name(), finding.message));
    }
    Err(Box::new(advice.then("have the authority issue it again for the same request; nothing was taken in")))
}

fn tell(context: &Context, ours: &Ours<'_>, used: bool, already: bool) -> Outcome {
    let role = if used { OwnRole::Active } else { OwnRole::Next };
    let pair = ours.pair(role)?.ok_or_else(|| ours.none())?;
    let whole = ours.store.own_of(role).map_err(|e| ours.failed(&e))?.ok_or_else(|| ours.none())?;
    let imported = Imported {
        role: if used { "active" } else { "next" },
        certificate_file: pair.certificate_file.display().to_string(),
        certificate: CertificateView::of(&pair.certificate),
        issuers: whole.chain().iter().skip(1).map(CertificateView::of).collect(),
    };
    context.answer("cert-import", &imported, || imported.text())?;
    let complete = whole.chain().last().is_some_and(Certificate::is_self_signed);
    if !complete {
        say(
            "the certificate of its authority is not known here, so servers get an incomplete chain; take it in with",
        );
        say(&format!("  {}", ours.line(&["trust", "import", "FILE", "--as", "issuer"])));
    }
    match (used, already) {
        (true, true) => say("it was in use already"),
        (true, false) => say("it is in use from now on; a running lockgate uses it from its next connect on"),
        (false, _) => {
            if pair.certificate.is_self_signed() {
                own::carry(ours, role).iter().for_each(|line| say(line));
            } else {
                say("servers that trust its authority take it as it is; the others have to trust it first");
            }
            say("when every server takes it:");
            say(&format!("  {}", ours.line(&["cert", "use", "next"])));
        }
    }
    Ok(Exit::Ok)
}

impl Imported {
    fn text(&self) -> String {
        let role = match self.role {
            "active" => "active: in use",
            _ => "next: waits to be used",
        };
        let issuers = match self.issuers.as_slice() {
            [] => "(none)".to_owned(),
            issuers => issuers.iter().map(|one| one.subject.as_str()).collect::<Vec<_>>().join(", then "),
        };
        format!(
            "{:<12} {role}\n{:<12} {}\n{}{:<12} {}\n",
            "role",
            "written",
            safe(&self.certificate_file),
            self.certificate.text(),
            "issuers",
            safe(&issuers)
        )
    }
}

fn not_for_our_keys(file: &Path, certificates: &[Certificate]) -> Box<Advice> {
    let advice = mismatch("the certificate is for none of our keys", file, certificates);
    let file = file.display().to_string();
    Box::new(
        advice
            .then("if its key is in a file, name it:")
            .then_run(&["cert", "import", &file, "--key", "KEYFILE"])
            .then("to ask the authority for a certificate for our key:")
            .then_run(&["cert", "csr", "--output", "lockgate.csr"]),
    )
}

fn mismatch(message: &str, file: &Path, certificates: &[Certificate]) -> Advice {
    let advice =
        Advice::new("cert.key_mismatch", Exit::Config, message).fact("file", file.display().to_string());
    match certificates.first() {
        Some(first) => {
            advice.fact("subject", first.subject()).fact("thumbprint", first.thumbprint().grouped())
        }
        None => advice,
    }
}

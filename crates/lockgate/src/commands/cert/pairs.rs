//! `lockgate cert show` without a file: what we have, what is in use, and what each of them needs.

use std::path::Path;

use connector::identity::ends_soon;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use ua_pki::{KeyKind, OwnPair, OwnRole};

use super::own::Ours;
use crate::advice::Outcome;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::safe;
use crate::view::CertificateView;

#[derive(Serialize)]
struct Shown {
    /// The certificate in use and its issuers.
    certificates: Vec<CertificateView>,
    pairs: Vec<PairView>,
    /// Whether a key waits for the certificate that an authority makes for it.
    key_waits: bool,
    /// The pairs that cannot be used, and why.
    broken: Vec<BrokenView>,
    /// Files that belong to no pair, as a power cut leaves them.
    leftovers: Vec<String>,
}

#[derive(Serialize)]
struct BrokenView {
    role: &'static str,
    message: String,
}

#[derive(Serialize)]
struct PairView {
    role: &'static str,
    certificate_file: String,
    certificate: CertificateView,
    /// What has to be done about it; `null` when nothing.
    needs: Option<String>,
}

pub(super) fn show(context: &Context, pki: Option<&Path>) -> Outcome {
    let ours = Ours::look(context, pki)?;
    let now = clock::now();
    let key_waits = ours.store.pending_key().map_err(|e| ours.failed(&e))?.is_some();
    let whole = ours.store.own().map_err(|e| ours.failed(&e))?;
    let chain = match &whole {
        Some(identity) => identity.chain(),
        None if key_waits => &[],
        None => return Err(ours.none()),
    };
    let (mut pairs, mut broken) = (Vec::new(), Vec::new());
    for role in [OwnRole::Active, OwnRole::Next, OwnRole::Former] {
        match ours.store.own_pair(role) {
            Ok(Some(pair)) => pairs.push(PairView::of(&ours, role, &pair, now)),
            Ok(None) => continue,
            Err(_) => {}
        }
        // the key is part of the pair: one that does not work is told before anybody switches to it
        if let Err(error) = ours.store.own_of(role) {
            broken.push(BrokenView { role: word(role), message: error.to_string() });
        }
    }
    let leftovers = ours.store.own_leftovers().map_err(|e| ours.failed(&e))?;
    let leftovers = leftovers.into_iter().map(|path| path.display().to_string()).collect();
    let certificates = chain.iter().map(CertificateView::of).collect();
    let shown = Shown { certificates, pairs, key_waits, broken, leftovers };
    context.answer("cert-show", &shown, || shown.text(&ours))?;
    Ok(if shown.broken.is_empty() { Exit::Ok } else { Exit::Partly })
}

impl PairView {
    fn of(ours: &Ours<'_>, role: OwnRole, pair: &OwnPair, now: Timestamp) -> Self {
        Self {
            role: word(role),
            certificate_file: pair.certificate_file.display().to_string(),
            certificate: CertificateView::of(&pair.certificate),
            needs: needs(ours, role, pair, now),
        }
    }

    fn text(&self) -> String {
        let role = match self.role {
            "active" => "active: in use",
            "next" => "next: waits to be used",
            _ => "former: kept for the way back",
        };
        let needs = self.needs.as_ref().map(|needs| format!("{:<12} {}\n", "needs", safe(needs)));
        format!(
            "{:<12} {role}\n{:<12} {}\n{}{}",
            "role",
            "file",
            safe(&self.certificate_file),
            self.certificate.full_text(),
            needs.unwrap_or_default()
        )
    }
}

fn word(role: OwnRole) -> &'static str {
    match role {
        OwnRole::Active => "active",
        OwnRole::Next => "next",
        OwnRole::Former => "former",
    }
}

fn needs(ours: &Ours<'_>, role: OwnRole, pair: &OwnPair, now: Timestamp) -> Option<String> {
    let certificate = &pair.certificate;
    let left = ends_soon(certificate, now);
    match role {
        OwnRole::Active if !matches!(certificate.public_key().kind(), KeyKind::Rsa { .. }) => Some(format!(
            "an RSA key, because lockgate cannot use this one: {}",
            ours.line(&["cert", "renew", "--key", "rsa2048", "--use-now"])
        )),
        OwnRole::Active => left.map(|left| renewal(ours, left)),
        OwnRole::Next if left.is_some_and(|left| left.is_negative()) => {
            Some(format!("has ended; make another: {}", ours.line(&["cert", "renew", "--replace"])))
        }
        OwnRole::Next => {
            let who = if certificate.is_self_signed() { "it" } else { "it or its authority" };
            Some(format!("every server must trust {who}; then: {}", ours.line(&["cert", "use", "next"])))
        }
        OwnRole::Former if left.is_some_and(|left| left.is_negative()) => {
            Some("nothing; it has ended, and goes with the next switch".to_owned())
        }
        OwnRole::Former => {
            Some(format!("nothing; to go back to it: {}", ours.line(&["cert", "use", "former"])))
        }
    }
}

fn renewal(ours: &Ours<'_>, left: SignedDuration) -> String {
    if left.is_negative() {
        return format!("has ended, and servers refuse it: {}", ours.line(&["cert", "renew", "--use-now"]));
    }
    format!("ends in {} days; make the next one: {}", left.as_hours() / 24, ours.line(&["cert", "renew"]))
}

impl Shown {
    fn text(&self, ours: &Ours<'_>) -> String {
        let mut parts: Vec<String> = self.pairs.iter().map(PairView::text).collect();
        if self.key_waits {
            let take_in = ours.line(&["cert", "import", "FILE"]);
            parts.push(format!(
                "{:<12} waits for the certificate that an authority makes for it\n{:<12} {}\n",
                "new key",
                "needs",
                safe(&format!("the authority's answer: {take_in}"))
            ));
        }
        for broken in &self.broken {
            let mend = match broken.role {
                "next" => format!(
                    "needs        to be put back, or made anew: {}\n",
                    ours.line(&["cert", "renew", "--replace"])
                ),
                _ => "needs        to be put back; nothing else rests on it\n".to_owned(),
            };
            parts.push(format!("{:<12} {}: {}\n{mend}", "broken", broken.role, safe(&broken.message)));
        }
        if !self.leftovers.is_empty() {
            let files: String =
                self.leftovers.iter().map(|file| format!("{:<12} {}\n", "left over", safe(file))).collect();
            parts.push(format!("{files}{:<12} nothing; no pair uses them, remove them\n", "needs"));
        }
        parts.join("\n")
    }
}

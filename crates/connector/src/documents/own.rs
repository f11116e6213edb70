//! `lockgate/cert-show/1` of our own certificates: what we have, what is in use, and what each of them needs.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use ua_pki::{Error, KeyKind, OwnPair, OwnRole, Store};

use super::{CertificateView, Spell, line};
use crate::identity::ends_soon;

/// `lockgate/cert-show/1` of our own certificates.
#[derive(Debug, Serialize)]
pub struct OwnCertificates {
    /// The certificate in use and its issuers.
    pub certificates: Vec<CertificateView>,
    pub pairs: Vec<PairView>,
    /// Whether a key waits for the certificate that an authority makes for it.
    pub key_waits: bool,
    /// The pairs that cannot be used, and why.
    pub broken: Vec<BrokenView>,
    /// Files that belong to no pair, as a power cut leaves them.
    pub leftovers: Vec<String>,
}

/// A pair that cannot be used.
#[derive(Debug, Serialize)]
pub struct BrokenView {
    pub role: &'static str,
    pub message: String,
}

/// A certificate of ours with its key, of which nothing is shown.
#[derive(Debug, Serialize)]
pub struct PairView {
    pub role: &'static str,
    pub certificate_file: String,
    pub certificate: CertificateView,
    /// What has to be done about it; `null` when nothing.
    pub needs: Option<String>,
}

impl OwnCertificates {
    /// What is in the store; `None` when we have none and wait for none.
    ///
    /// # Errors
    /// That of reading the store.
    pub fn of(spell: &dyn Spell, store: &Store, now: Timestamp) -> Result<Option<Self>, Error> {
        let key_waits = store.pending_key()?.is_some();
        let whole = store.own()?;
        let chain = match &whole {
            Some(identity) => identity.chain(),
            None if key_waits => &[],
            None => return Ok(None),
        };
        let (mut pairs, mut broken) = (Vec::new(), Vec::new());
        for role in [OwnRole::Active, OwnRole::Next, OwnRole::Former] {
            match store.own_pair(role) {
                Ok(Some(pair)) => pairs.push(PairView::of(spell, role, &pair, now)),
                Ok(None) => continue,
                Err(_) => {}
            }
            // the key is part of the pair: one that does not work is told before anybody switches to it
            if let Err(error) = store.own_of(role) {
                broken.push(BrokenView { role: word(role), message: error.to_string() });
            }
        }
        let leftovers = store.own_leftovers()?;
        let leftovers = leftovers.into_iter().map(|path| path.display().to_string()).collect();
        let certificates = chain.iter().map(CertificateView::of).collect();
        Ok(Some(Self { certificates, pairs, key_waits, broken, leftovers }))
    }
}

impl PairView {
    fn of(spell: &dyn Spell, role: OwnRole, pair: &OwnPair, now: Timestamp) -> Self {
        Self {
            role: word(role),
            certificate_file: pair.certificate_file.display().to_string(),
            certificate: CertificateView::of(&pair.certificate),
            needs: needs(spell, role, pair, now),
        }
    }
}

fn word(role: OwnRole) -> &'static str {
    match role {
        OwnRole::Active => "active",
        OwnRole::Next => "next",
        OwnRole::Former => "former",
    }
}

fn needs(spell: &dyn Spell, role: OwnRole, pair: &OwnPair, now: Timestamp) -> Option<String> {
    let certificate = &pair.certificate;
    let left = ends_soon(certificate, now);
    match role {
        OwnRole::Active if !matches!(certificate.public_key().kind(), KeyKind::Rsa { .. }) => Some(format!(
            "an RSA key, because lockgate cannot use this one: {}",
            line(spell, &["cert", "renew", "--key", "rsa2048", "--use-now"])
        )),
        OwnRole::Active => left.map(|left| renewal(spell, left)),
        OwnRole::Next if left.is_some_and(|left| left.is_negative()) => {
            Some(format!("has ended; make another: {}", line(spell, &["cert", "renew", "--replace"])))
        }
        OwnRole::Next => {
            let who = if certificate.is_self_signed() { "it" } else { "it or its authority" };
            Some(format!("every server must trust {who}; then: {}", line(spell, &["cert", "use", "next"])))
        }
        OwnRole::Former if left.is_some_and(|left| left.is_negative()) => {
            Some("nothing; it has ended, and goes with the next switch".to_owned())
        }
        OwnRole::Former => {
            Some(format!("nothing; to go back to it: {}", line(spell, &["cert", "use", "former"])))
        }
    }
}

fn renewal(spell: &dyn Spell, left: SignedDuration) -> String {
    if left.is_negative() {
        return format!("has ended, and servers refuse it: {}", line(spell, &["cert", "renew", "--use-now"]));
    }
    format!("ends in {} days; make the next one: {}", left.as_hours() / 24, line(spell, &["cert", "renew"]))
}

//! Building chains: from the leaf upwards to self-signed roots, trying every issuer that fits (RFC 4158).

use std::collections::HashMap;

use crate::certificate::MAX_CHAIN;
use crate::{Certificate, TrustList};

/// Most signatures verified for one validation, whatever the peer and the store hold.
const MAX_VERIFICATIONS: usize = 64;
/// Most certificates gone through. A few authorities that issued each other make thousands of ways out of few signatures.
const MAX_VISITS: usize = 512;
/// Most complete chains judged.
const MAX_COMPLETE: usize = 16;

/// A chain whose signatures verify, leaf first; complete, or as far as it went.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) certificates: Vec<Certificate>,
    /// Why it does not reach a self-signed root; `None` when it does.
    pub(super) broken: Option<Broken>,
}

/// Why a chain does not go on above its last certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// Nobody has the issuer's certificate.
    NoIssuer,
    /// There are certificates with the issuer's name, but none made this signature.
    BadSignature,
    /// The issuer is in the chain already, further down.
    Circle,
    /// There would be more certificates than we accept.
    TooLong,
    /// The budget of work was used up.
    Budget,
}

/// All complete chains in the order found, or the longest broken one; never empty.
pub(super) fn build(leaf: &Certificate, sent: &[Certificate], trust: &TrustList) -> Vec<Path> {
    let mut builder = Builder {
        pool: pool(sent, trust),
        verified: HashMap::new(),
        verifications: 0,
        visits: 0,
        complete: Vec::new(),
        longest: None,
    };
    builder.extend(&mut vec![leaf.clone()]);
    if builder.complete.is_empty() {
        let nothing = || Path { certificates: vec![leaf.clone()], broken: Some(Broken::NoIssuer) };
        return vec![builder.longest.unwrap_or_else(nothing)];
    }
    builder.complete
}

/// Whoever may be an issuer: what the peer sent, then the issuers of the store, then the trusted (V-R3).
fn pool<'a>(sent: &'a [Certificate], trust: &'a TrustList) -> Vec<&'a Certificate> {
    let mut pool: Vec<&Certificate> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for certificate in sent.iter().chain(trust.issuers()).chain(trust.trusted()) {
        if known.insert(certificate.sha256()) {
            pool.push(certificate);
        }
    }
    pool
}

struct Builder<'a> {
    pool: Vec<&'a Certificate>,
    /// Remembered by (certificate, issuer).
    verified: HashMap<([u8; 32], [u8; 32]), bool>,
    verifications: usize,
    visits: usize,
    complete: Vec<Path>,
    longest: Option<Path>,
}

impl Builder<'_> {
    fn extend(&mut self, path: &mut Vec<Certificate>) {
        let Some(last) = path.last().cloned() else { return };
        if self.complete.len() >= MAX_COMPLETE {
            return;
        }
        if self.visits >= MAX_VISITS {
            return self.note(path, Broken::Budget);
        }
        self.visits += 1;
        let mut broken = Broken::NoIssuer;
        if last.facts().names_itself_as_issuer() {
            match self.is_signed_by(&last, &last) {
                Some(true) => {
                    self.complete.push(Path { certificates: path.clone(), broken: None });
                    return;
                }
                Some(false) => broken = Broken::BadSignature,
                None => broken = Broken::Budget,
            }
        }
        if broken == Broken::NoIssuer && path.iter().any(|below| *below != last && fits(below, &last)) {
            broken = Broken::Circle;
        }
        for candidate in self.candidates(&last, path) {
            if path.len() >= MAX_CHAIN {
                broken = Broken::TooLong;
                break;
            }
            match self.is_signed_by(&last, &candidate) {
                Some(true) => {
                    path.push(candidate);
                    self.extend(path);
                    path.pop();
                }
                Some(false) if matches!(broken, Broken::NoIssuer | Broken::Circle) => {
                    broken = Broken::BadSignature;
                }
                Some(false) => {}
                None => {
                    broken = Broken::Budget;
                    break;
                }
            }
        }
        self.note(path, broken);
    }

    fn note(&mut self, path: &[Certificate], broken: Broken) {
        if self.longest.as_ref().is_none_or(|longest| longest.certificates.len() < path.len()) {
            self.longest = Some(Path { certificates: path.to_vec(), broken: Some(broken) });
        }
    }

    /// Who bears the issuer's name and key identifier, and is not in the chain already.
    fn candidates(&self, last: &Certificate, path: &[Certificate]) -> Vec<Certificate> {
        let pool = self.pool.iter().copied();
        pool.filter(|candidate| fits(candidate, last) && !path.contains(candidate)).cloned().collect()
    }

    /// `None` when the budget is used up.
    fn is_signed_by(&mut self, certificate: &Certificate, issuer: &Certificate) -> Option<bool> {
        let pair = (certificate.sha256(), issuer.sha256());
        if let Some(known) = self.verified.get(&pair) {
            return Some(*known);
        }
        if self.verifications >= MAX_VERIFICATIONS {
            return None;
        }
        self.verifications += 1;
        let verified = certificate.is_signed_by(issuer);
        self.verified.insert(pair, verified);
        Some(verified)
    }
}

/// Whether it bears the name and the key identifier of the issuer that the certificate names.
fn fits(candidate: &Certificate, certificate: &Certificate) -> bool {
    candidate.facts().subject_key == certificate.facts().issuer_key
        && certificate.facts().key_identifier_fits(candidate.facts())
}

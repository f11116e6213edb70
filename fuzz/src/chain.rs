//! A whole decision: a chain and lists from the input, judged against authorities and lists that are real.
//!
//! The first byte says how to judge, the second one what to do with the rest, which is certificates and lists one after
//! the other. Unless they are signed anew, nothing but what the authorities have issued may be Good.

use ua_pki::{Certificate, Crl, TrustList};

use crate::{der, world};

pub(crate) fn run(bytes: &[u8]) {
    let [choice, mode, rest @ ..] = bytes else { return };
    let signer = match mode & 3 {
        0 => None,
        number => Some(number.min(2)),
    };
    let mut pieces = der::elements(rest).into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>();
    if let Some(signer) = signer {
        let count = pieces.len();
        for (position, piece) in pieces.iter_mut().take(12).enumerate() {
            // leaf by the one chosen, what is above it by the root
            let by = if position == 0 || position + 1 == count { signer } else { 1 };
            *piece = world::signed_anew(piece, by);
        }
    }
    let (lists, chain): (Vec<_>, Vec<_>) = pieces.into_iter().partition(|piece| Crl::from_der(piece).is_ok());
    let Ok(chain) = Certificate::chain_from_der(&chain.concat()) else { return };
    let lists: Vec<Crl> = lists.iter().take(20).map(|list| Crl::from_der(list).unwrap()).collect();
    let trust = trust(&chain, lists, *mode);
    let verdict = world::judge(&chain, &trust, *choice);
    assert_eq!(verdict.status(), world::judge(&chain, &trust, *choice).status(), "the same every time");
    if signer.is_none() && mode >> 3 & 1 == 0 && verdict.status().is_none() {
        // an ECDSA signature can be written in two ways, so only what is signed is compared
        let signed = |one: &Certificate| der::content(one.der()).and_then(der::split).unwrap().0.to_vec();
        let leaf = signed(&chain[0]);
        assert!(world::ISSUED.iter().any(|one| signed(one) == leaf), "forged: {:?}", chain[0]);
    }
}

/// What the administrator has: the world's authorities and lists, or whatever the peer sends.
fn trust(chain: &[Certificate], lists: Vec<Crl>, mode: u8) -> TrustList {
    let bit = |number: u8| mode >> number & 1 == 1;
    let mut trusted = if bit(4) { Vec::new() } else { vec![world::ROOT.clone()] };
    let mut issuers = if bit(5) { Vec::new() } else { vec![world::SUB.clone()] };
    let mut all = if bit(6) { Vec::new() } else { world::LISTS.clone() };
    all.extend(lists);
    if bit(3) {
        trusted.extend(chain.first().cloned());
        issuers.extend(chain.iter().skip(1).cloned());
    }
    TrustList::new(trusted, issuers, all)
}

//! Nonces: made by us, and what the peer's have to satisfy (rule SC-05).

use std::collections::VecDeque;

use aws_lc_rs::digest;
use zeroize::Zeroizing;

use crate::security::policy::NONCE_LEN;
use crate::{Error, Random};

/// A fresh nonce of ours.
pub(crate) fn fresh(rng: &mut dyn Random) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut nonce = Zeroizing::new(vec![0; NONCE_LEN]);
    rng.fill(&mut nonce)?;
    Ok(nonce)
}

/// The nonces a peer used on this channel, as hashes: they are key material of tokens that may still be in use.
#[derive(Debug, Default)]
pub(crate) struct PeerNonces {
    seen: VecDeque<[u8; 32]>,
}

impl PeerNonces {
    /// Accepts a nonce of the right length that is not all zero, not `own` and not one of those before.
    pub(crate) fn accept(&mut self, nonce: &[u8], own: Option<&[u8]>) -> Result<(), Error> {
        let hash = <[u8; 32]>::try_from(digest::digest(&digest::SHA256, nonce).as_ref())
            .map_err(|_| Error::CryptoFailed)?;
        let unusable = nonce.len() != NONCE_LEN
            || nonce.iter().all(|byte| *byte == 0)
            || own == Some(nonce)
            || self.seen.contains(&hash);
        if unusable {
            return Err(Error::NonceInvalid);
        }
        if self.seen.len() >= MAX_REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(hash);
        Ok(())
    }
}

/// At one renewal every 7.5 s, the fastest we do, more than two hours; at the usual hour, a month.
const MAX_REMEMBERED: usize = 1024;

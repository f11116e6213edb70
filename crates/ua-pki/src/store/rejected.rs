//! Who was turned away: kept for the administrator to look at, bounded, and never decisive (ST-R2, ST-R3).

use std::sync::PoisonError;

use jiff::Timestamp;

use super::certificate_files::{file_name, read_files};
use super::{Store, files};
use crate::{Certificate, Error, ThumbprintQuery};

/// Most files in `rejected/certs`; the oldest goes when another one comes (ST-R2).
const MAX_REJECTED: usize = 100;
/// Most certificates written into `rejected/certs` in a minute, give or take one chain.
const MAX_REJECTED_PER_MINUTE: usize = 30;

/// How much was written into `rejected/certs` in the current minute.
#[derive(Debug, Default)]
pub(super) struct Minute {
    number: i64,
    written: usize,
}

impl Store {
    /// Moves a certificate from rejected to trusted: the administrator's answer to "who is this?".
    pub fn accept(&self, query: &ThumbprintQuery) -> Result<Certificate, Error> {
        let Some(certificate) = self.rejected()?.into_iter().find(|one| query.matches(one)) else {
            return Err(Error::NotFound { folder: "rejected", query: query.to_string() });
        };
        self.trust(&certificate)?;
        Ok(certificate)
    }

    /// Keeps a chain that failed validation where the administrator can find it. Each certificate once; the oldest
    /// go when there are more than a hundred.
    pub fn reject(&self, chain: &[Certificate]) -> Result<(), Error> {
        let mut minute = self.rejecting.lock().unwrap_or_else(PoisonError::into_inner);
        self.write_rejected(chain, &mut minute)
    }

    /// As [`reject`](Self::reject), for peers that anybody may be: writes no more than about thirty certificates a
    /// minute, so that a flood wears no flash and no disk waits for it. Returns whether the chain is kept.
    pub fn reject_at(&self, chain: &[Certificate], now: Timestamp) -> Result<bool, Error> {
        let mut minute = self.rejecting.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.as_second().div_euclid(60);
        if minute.number != number {
            *minute = Minute { number, written: 0 };
        }
        if minute.written >= MAX_REJECTED_PER_MINUTE {
            return Ok(false);
        }
        self.write_rejected(chain, &mut minute)?;
        Ok(true)
    }

    /// Who was turned away, the latest first.
    pub fn rejected(&self) -> Result<Vec<Certificate>, Error> {
        let files = read_files(&self.root.join("rejected/certs"))?;
        Ok(files.into_iter().flat_map(|file| file.certificates).collect())
    }

    fn write_rejected(&self, chain: &[Certificate], minute: &mut Minute) -> Result<(), Error> {
        let folder = self.root.join("rejected/certs");
        // the leaf last: if the cap cuts, the youngest file is the one people look for
        for certificate in chain.iter().rev() {
            let path = folder.join(file_name(certificate));
            if std::fs::symlink_metadata(&path).is_err() {
                files::write_atomic(&path, certificate.der(), 0o600)?;
                minute.written = minute.written.saturating_add(1);
            }
        }
        let mut kept = files::list(&folder)?;
        kept.sort_by_key(|(_, metadata)| metadata.modified().ok());
        let surplus = kept.len().saturating_sub(MAX_REJECTED);
        for (path, _) in kept.iter().take(surplus) {
            files::remove(path)?;
        }
        Ok(())
    }
}

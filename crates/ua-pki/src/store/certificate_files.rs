//! How certificates lie in files: read leniently (DER or PEM, any name), written as DER under a safe name.

use std::path::{Path, PathBuf};

use super::files;
use crate::{Certificate, Error, StoreProblem};

/// Longest common name in a file name.
const MAX_NAME: usize = 64;
/// Most bytes of a file in a certificate folder: a chain of the largest certificates, as PEM.
const MAX_FILE: u64 = 128 * 1024;

/// All certificates in the files of a folder, and the files that hold none.
pub(super) fn read_certificates(folder: &Path) -> Result<(Vec<Certificate>, Vec<StoreProblem>), Error> {
    let (mut certificates, mut problems) = (Vec::new(), Vec::new());
    for (path, _) in files::list(folder)? {
        match files::read_limited(&path, MAX_FILE).and_then(|bytes| Certificate::chain_from_bytes(&bytes)) {
            Ok(chain) => certificates.extend(chain),
            Err(error) => problems.push(StoreProblem { path, message: error.without_path() }),
        }
    }
    Ok((certificates, problems))
}

/// A file of a certificate folder: one certificate, or a bundle of several, each of which counts.
pub(super) struct CertificateFile {
    pub(super) path: PathBuf,
    pub(super) certificates: Vec<Certificate>,
    pem: bool,
}

impl CertificateFile {
    /// Takes the certificates that are meant out of the file, which goes when nothing is left in it. Returns one of
    /// them; `None` when there was none.
    pub(super) fn take_out(self, meant: impl Fn(&Certificate) -> bool) -> Result<Option<Certificate>, Error> {
        let (mut out, kept): (Vec<_>, Vec<_>) = self.certificates.into_iter().partition(|one| meant(one));
        let Some(taken) = out.pop() else { return Ok(None) };
        if kept.is_empty() {
            files::remove(&self.path)?;
        } else if self.pem {
            let text: String = kept.iter().map(Certificate::to_pem).collect();
            files::write_atomic(&self.path, text.as_bytes(), 0o600)?;
        } else {
            files::write_atomic(
                &self.path,
                &kept.iter().flat_map(Certificate::der).copied().collect::<Vec<_>>(),
                0o600,
            )?;
        }
        Ok(Some(taken))
    }
}

/// The files of a folder, the latest first; those that hold no certificate are passed over.
pub(super) fn read_files(folder: &Path) -> Result<Vec<CertificateFile>, Error> {
    let mut listed = files::list(folder)?;
    listed.sort_by_key(|(_, metadata)| std::cmp::Reverse(metadata.modified().ok()));
    let read = |path: PathBuf| -> Option<CertificateFile> {
        let bytes = files::read_limited(&path, MAX_FILE).ok()?;
        let certificates = Certificate::chain_from_bytes(&bytes).ok()?;
        Some(CertificateFile { path, certificates, pem: bytes.trim_ascii_start().starts_with(b"-----BEGIN") })
    };
    Ok(listed.into_iter().filter_map(|(path, _)| read(path)).collect())
}

pub(super) fn write_certificate(folder: &Path, certificate: &Certificate) -> Result<PathBuf, Error> {
    let path = folder.join(file_name(certificate));
    files::write_atomic(&path, certificate.der(), 0o600)?;
    Ok(path)
}

pub(crate) fn file_name(certificate: &Certificate) -> String {
    let name = certificate.common_name().unwrap_or("unnamed");
    format!("{}.der", file_stem(name, &certificate.thumbprint()))
}

/// `<name> [<SHA-1>]`. The name comes from the peer: only harmless characters of it get into a file name (ST-R1).
pub(super) fn file_stem(name: &str, thumbprint: &crate::Thumbprint) -> String {
    let harmless = |c: char| if c.is_ascii_alphanumeric() || " ._-".contains(c) { c } else { '_' };
    let name: String = name.chars().take(MAX_NAME).map(harmless).collect();
    // no hidden files, and no name that Windows would cut
    let name = name.trim_matches(['.', ' ']);
    format!("{} [{thumbprint}]", if name.is_empty() { "unnamed" } else { name })
}

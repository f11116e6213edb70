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
            Err(error) => problems.push(StoreProblem { path, message: error.to_string() }),
        }
    }
    Ok((certificates, problems))
}

/// The files of a folder with the first certificate of each, the latest first; others are passed over.
pub(super) fn read_single_certificates(folder: &Path) -> Result<Vec<(PathBuf, Certificate)>, Error> {
    let mut listed = files::list(folder)?;
    listed.sort_by_key(|(_, metadata)| std::cmp::Reverse(metadata.modified().ok()));
    let read = |path: &Path| -> Option<Certificate> {
        let bytes = files::read_limited(path, MAX_FILE).ok()?;
        Certificate::chain_from_bytes(&bytes).ok()?.into_iter().next()
    };
    Ok(listed
        .into_iter()
        .filter_map(|(path, _)| read(&path).map(|certificate| (path, certificate)))
        .collect())
}

pub(super) fn write_certificate(folder: &Path, certificate: &Certificate) -> Result<PathBuf, Error> {
    let path = folder.join(file_name(certificate));
    files::write_atomic(&path, certificate.der(), 0o600)?;
    Ok(path)
}

pub(super) fn file_name(certificate: &Certificate) -> String {
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

//! What can go wrong while parsing, keeping or using certificates and keys.

use std::path::PathBuf;

/// Why a certificate, a key or the store could not be used. `Display` is a fragment fit for "failed to …: {error}".
///
/// Failing validation is not an error of this kind: it is a [`Verdict`](crate::Verdict).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are no X.509 certificate in DER. On the wire this is `BadCertificateInvalid` (Part 4 §6.1.3 step 1).
    #[error("not a certificate that can be read: {0}")]
    Malformed(String),
    /// A limit that protects us from hostile certificates was passed.
    #[error("{what} of {actual} is above the limit of {limit}")]
    LimitExceeded {
        /// What was counted, with its unit.
        what: &'static str,
        /// The count found.
        actual: usize,
        /// The most we accept.
        limit: usize,
    },
    /// The bytes are no certificate revocation list.
    #[error("not a revocation list that can be read: {0}")]
    MalformedCrl(String),
    /// The bytes are no private key that we can use.
    #[error("unusable private key: {0}")]
    UnusableKey(String),
    /// The key file can be read by others than its owner.
    #[error("private key {path} can be read by others (mode {mode:03o}); run `chmod 600 {path}`", path = .path.display())]
    KeyPermissions {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The private key is not the one of the certificate.
    #[error("the private key does not belong to certificate {thumbprint}")]
    KeyMismatch {
        /// SHA-1 thumbprint of the certificate.
        thumbprint: String,
    },
    /// The file that says which of our certificates is in use does not fit what is there.
    #[error("{path} {why}", path = .path.display())]
    OwnRoles {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        why: String,
    },
    /// We have no certificate and key in this role.
    #[error("there is no {role} certificate of our own in {store}", store = .store.display())]
    NoOwnPair {
        /// The role that was asked for.
        role: crate::OwnRole,
        /// The store.
        store: PathBuf,
    },
    /// A certificate of ours waits already to be used next.
    #[error("the certificate {thumbprint} waits already to be used next")]
    OwnPairWaits {
        /// SHA-1 thumbprint of the one that waits.
        thumbprint: String,
    },
    /// This kind of key cannot do what was asked (wrong algorithm or size).
    #[error("{operation} is not possible with {key}")]
    UnsupportedKey {
        /// What was asked for.
        operation: &'static str,
        /// The kind of key at hand.
        key: String,
    },
    /// The signature is wrong.
    #[error("the signature does not verify")]
    BadSignature,
    /// Encryption or decryption failed. Deliberately says no more: details would be an oracle.
    #[error("the cryptographic operation failed")]
    Crypto,
    /// A certificate or revocation list could not be made.
    #[error("cannot issue: {0}")]
    Issue(String),
    /// What was asked for cannot go into a certificate.
    #[error("{what} \"{value}\": {why}")]
    Unsuitable {
        /// What it was to be: `DNS name`, `common name`.
        what: &'static str,
        /// What was given, control characters escaped.
        value: String,
        /// Why not.
        why: &'static str,
    },
    /// The text is no thumbprint.
    #[error("`{0}` is no thumbprint: expected 40 (SHA-1) or 64 (SHA-256) hex digits")]
    NoThumbprint(String),
    /// No certificate in the store has this thumbprint.
    #[error("no {folder} certificate has thumbprint {query}")]
    NotFound {
        /// Where we looked, as a word: `rejected`, `trusted`.
        folder: &'static str,
        /// What was asked for.
        query: String,
    },
    /// The certificate was to be taken out, but somebody or something keeps it in the store.
    #[error("certificate {query} is still in {path}; remove that file by hand", path = .path.display())]
    StillThere {
        /// The file it is in.
        path: PathBuf,
        /// What was asked for.
        query: String,
    },
    /// A file or folder of the store could not be read or written.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is an authority in the folder already.
    #[error("{path} has an authority already", path = .0.display())]
    AuthorityExists(PathBuf),
    /// There is no authority in the folder.
    #[error("{path} has no authority", path = .0.display())]
    NoAuthority(PathBuf),
    /// Another program works with the authority.
    #[error("another program works with the authority in {path}", path = .0.display())]
    AuthorityBusy(PathBuf),
    /// Another program changes our own certificates in the store.
    #[error("another program changes our certificates in {path}", path = .0.display())]
    StoreBusy(PathBuf),
    /// The book of an authority cannot be read. Nothing is issued without it.
    #[error("{path}: line {line} {why}", path = .path.display())]
    AuthorityIndex {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, to go after "line 3".
        why: String,
    },
    /// No security policy takes such a key from such an authority.
    #[error("no security policy takes {key} from an authority with {authority}")]
    KeyNotTaken {
        /// The key to certify.
        key: crate::KeyKind,
        /// The key of the authority.
        authority: crate::KeyKind,
    },
    /// The authority has issued no such certificate, or several to which this applies.
    #[error("the authority issued no certificate {query}")]
    NotIssued {
        /// What was asked for.
        query: String,
    },
    /// The certificate is revoked already.
    #[error("certificate with serial number {serial} is revoked since {since}")]
    AlreadyRevoked {
        /// Its serial number in hex.
        serial: String,
        /// Since when.
        since: jiff::Timestamp,
    },
    /// A folder that should be another product's certificate store is none that can be imported.
    #[error("{path} {why}", path = .path.display())]
    NoStore {
        /// The folder.
        path: PathBuf,
        /// Why not, to go after its name.
        why: &'static str,
    },
    /// A file is larger than anything that could be in its place. No more of it than that was read.
    #[error("{path} has more than {limit} bytes, which nothing of its kind has", path = .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that would have been read.
        limit: u64,
    },
    /// A path that should be a file is something else.
    #[error("{path} is {kind}, not a file", path = .path.display())]
    NotAFile {
        /// What was to be read.
        path: PathBuf,
        /// What it is: `a folder`, `a named pipe`.
        kind: &'static str,
    },
    /// A path of the store is a symbolic link, which we never follow when writing.
    #[error("{path} is a symbolic link; the store does not follow links", path = .0.display())]
    SymbolicLink(PathBuf),
}

impl Error {
    /// The same for a reader who has the name of the file in front of it.
    pub(crate) fn without_path(&self) -> String {
        match self {
            Self::Io { source, .. } => source.to_string(),
            Self::TooLarge { limit, .. } => {
                format!("it has more than {limit} bytes, which nothing of its kind has")
            }
            Self::NotAFile { kind, .. } => format!("it is {kind}, not a file"),
            other => other.to_string(),
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

//! What is wrong with a PEM text, told without its content: the file may hold a private key, or control characters.

use pem::PemError;

/// Labels that may be repeated in a message.
const LABELS: [&str; 9] = [
    "CERTIFICATE",
    "CERTIFICATE REQUEST",
    "X509 CRL",
    "PUBLIC KEY",
    "PRIVATE KEY",
    "DSA PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "EC PARAMETERS",
    "DH PARAMETERS",
];

/// Why it is no PEM, as a lowercase fragment.
pub(crate) fn fault(error: &PemError) -> &'static str {
    match error {
        PemError::MismatchedTags(..) => "the BEGIN and the END line of a PEM block differ",
        PemError::MissingBeginTag => "a PEM block has no BEGIN line",
        PemError::MissingEndTag => "a PEM block has no END line",
        PemError::MissingData => "a PEM block is empty",
        PemError::InvalidHeader(_) => "a PEM block has a header line that cannot be read",
        PemError::InvalidData(_) => "a PEM block has characters that are not Base64",
        PemError::NotUtf8(_) => "a PEM block is no text",
        PemError::MalformedFraming => "no PEM block can be read",
    }
}

/// What to call a block, as in "found …".
pub(crate) fn label(tag: &str) -> &'static str {
    LABELS.into_iter().find(|known| *known == tag).unwrap_or("a block of another kind")
}

//! The book of an authority: one line for each certificate it issued.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use jiff::Timestamp;

use crate::issue::Revocation;
use crate::store::files;
use crate::thumbprint::upper_hex;
use crate::{Certificate, Error, Thumbprint, ThumbprintQuery};

/// First line of the file; the number is that of its form.
const HEAD: &str = "lockgate authority 1";
/// Most bytes of an index: some hundred thousand certificates.
const MAX_INDEX: u64 = 64 * 1024 * 1024;
/// Stands where a certificate is not revoked.
const NEVER: &str = "-";

/// A certificate that the authority issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Serial number in upper-case hex, as [`Certificate::serial_hex`].
    pub serial: String,
    /// SHA-1 over the DER.
    pub thumbprint: Thumbprint,
    /// SHA-256 over the DER.
    pub sha256: [u8; 32],
    /// Start of the validity period.
    pub not_before: Timestamp,
    /// End of the validity period.
    pub not_after: Timestamp,
    /// Since when it is revoked, if it is.
    pub revoked: Option<Timestamp>,
    /// Name of its file below `issued`.
    pub file: String,
    /// Subject as text.
    pub subject: String,
}

impl Issued {
    pub(super) fn new(certificate: &Certificate, file: String) -> Self {
        Self {
            serial: certificate.serial_hex(),
            thumbprint: certificate.thumbprint(),
            sha256: certificate.sha256(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            revoked: None,
            file,
            subject: certificate.subject().to_owned(),
        }
    }

    fn line(&self) -> String {
        let revoked = self.revoked.map_or_else(|| NEVER.to_owned(), |at| at.to_string());
        let (thumbprint, sha256) = (self.thumbprint, upper_hex(&self.sha256));
        let Self { serial, not_before, not_after, file, subject, .. } = self;
        // last, as it alone may have any character but a line end: control characters are escaped in a subject
        format!("{serial}\t{thumbprint}\t{sha256}\t{not_before}\t{not_after}\t{revoked}\t{file}\t{subject}\n")
    }

    fn parse(line: &str) -> Result<Self, String> {
        let mut fields = line.splitn(8, '\t');
        let mut field = |name: &str| fields.next().ok_or_else(|| format!("has no {name}"));
        let serial = field("serial number")?.to_owned();
        serial_bytes(&serial).ok_or("has a serial number that is none")?;
        let thumbprint = field("SHA-1")?.parse().map_err(|_| "has a SHA-1 thumbprint that is none")?;
        let Ok(ThumbprintQuery::Sha256(sha256)) = field("SHA-256")?.parse() else {
            return Err("has a SHA-256 thumbprint that is none".to_owned());
        };
        let time =
            |text: &str| text.parse::<Timestamp>().map_err(|_| format!("has a date that is none ({text})"));
        let not_before = time(field("start date")?)?;
        let not_after = time(field("end date")?)?;
        let revoked = match field("revocation date")? {
            NEVER => None,
            text => Some(time(text)?),
        };
        let file = field("file name")?.to_owned();
        let subject = field("subject")?.to_owned();
        Ok(Self { serial, thumbprint, sha256, not_before, not_after, revoked, file, subject })
    }
}

/// How an administrator names an issued certificate: SHA-1, SHA-256 or serial number, told apart by what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedQuery {
    /// Upper-case hex, without leading zeros.
    digits: String,
    /// As given.
    text: String,
}

impl IssuedQuery {
    /// Whether it names this certificate.
    #[must_use]
    pub fn matches(&self, issued: &Issued) -> bool {
        let same = |hex: &str| hex.trim_start_matches('0') == self.digits;
        same(&issued.serial) || same(&issued.thumbprint.to_string()) || same(&upper_hex(&issued.sha256))
    }
}

impl FromStr for IssuedQuery {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ' | '-')).collect();
        let digits = digits.strip_prefix("0x").unwrap_or(&digits).to_ascii_uppercase();
        let digits = digits.trim_start_matches('0').to_owned();
        if digits.is_empty() || digits.len() > 64 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(Error::NoThumbprint(text.to_owned()));
        }
        Ok(Self { digits, text: text.to_owned() })
    }
}

impl fmt::Display for IssuedQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The whole book.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// Number of the last revocation list; 0 before the first.
    pub(super) crl_number: u64,
    pub(super) issued: Vec<Issued>,
}

impl Index {
    pub(super) fn load(path: &Path) -> Result<Self, Error> {
        let bytes = files::read_limited(path, MAX_INDEX)?;
        let wrong = |line: usize, why: String| Error::AuthorityIndex { path: path.to_owned(), line, why };
        let text = String::from_utf8(bytes).map_err(|_| wrong(1, "is no text".to_owned()))?;
        // the last line ends: a file that was cut by hand must not lose half an entry in silence
        if !text.ends_with('\n') {
            return Err(wrong(text.lines().count().max(1), "is cut short".to_owned()));
        }
        let mut lines = text.lines().zip(1..);
        let head = lines.next().is_some_and(|(line, _)| line == HEAD);
        if !head {
            return Err(wrong(1, format!("is not `{HEAD}`")));
        }
        let number = lines.next().and_then(|(line, _)| line.strip_prefix("crl\t")?.parse().ok());
        let crl_number =
            number.ok_or_else(|| wrong(2, "has no number of the last revocation list".to_owned()))?;
        let issued = lines
            .map(|(line, number)| Issued::parse(line).map_err(|why| wrong(number, why)))
            .collect::<Result<_, _>>()?;
        Ok(Self { crl_number, issued })
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), Error> {
        let lines: String = self.issued.iter().map(Issued::line).collect();
        let text = format!("{HEAD}\ncrl\t{}\n{lines}", self.crl_number);
        files::write_atomic(path, text.as_bytes(), 0o600)
    }

    /// What a revocation list has to say. Certificates that ran out stay on it: a clock may be wrong.
    pub(super) fn revocations(&self) -> Vec<Revocation> {
        let revoked = self.issued.iter().filter_map(|issued| {
            Some(Revocation { serial: serial_bytes(&issued.serial)?, at: issued.revoked? })
        });
        revoked.collect()
    }
}

fn serial_bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect::<Option<_>>()?;
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

//! What an administrator brings in a file: recognised by its content, never by its name.

use std::path::Path;

use zeroize::Zeroizing;

use crate::certificate::split_element;
use crate::crl::MAX_CRL_BYTES;
use crate::pem_text::fault;
use crate::store::files;
use crate::{Certificate, Crl, Error, UnprovenRequest};

/// Most things in one file.
const MAX_ITEMS: usize = 1000;
/// Longest label of a PEM block shown.
const MAX_LABEL: usize = 40;

/// One thing in a file.
#[derive(Debug, Clone)]
pub enum Item {
    /// A certificate.
    Certificate(Certificate),
    /// A revocation list.
    Crl(Crl),
    /// A request for a certificate, whose signature may or may not hold.
    Request(Box<UnprovenRequest>),
    /// A private key. It was recognised, not read: nothing of it is kept.
    PrivateKey,
    /// Something else, in words to go after "this is"; also what cannot be read, with the reason.
    Other(String),
}

/// Everything in one file, in its order.
#[derive(Debug, Clone)]
pub struct Material {
    items: Vec<Item>,
}

impl Material {
    /// Most bytes worth reading: as many as the largest revocation list.
    pub const MAX_BYTES: usize = MAX_CRL_BYTES;

    /// Reads a file. Fails when it cannot be read, is no file, or is larger than anything worth reading; what is wrong
    /// inside is told item by item.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let limit = u64::try_from(Self::MAX_BYTES).unwrap_or(u64::MAX);
        // it may hold a private key
        let bytes = Zeroizing::new(files::read_limited(path, limit)?);
        Ok(Self::from_bytes(&bytes))
    }

    /// Looks at any bytes: PEM (one block or several, with or without text around them), DER, or DER certificates one
    /// after the other. Never fails: what cannot be read is an [`Item::Other`] that says why.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        if bytes.trim_ascii().is_empty() {
            return Self { items: Vec::new() };
        }
        if bytes.len() > Self::MAX_BYTES {
            let what = format!("more than {} bytes, which nothing of this kind has", Self::MAX_BYTES);
            return Self { items: vec![Item::Other(what)] };
        }
        let items = if find(bytes, BEGIN).is_some() { pem_items(bytes) } else { der_items(bytes) };
        Self { items }
    }

    /// What it holds, in the order of the file; empty when the file is.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The certificates in it.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.items.iter().filter_map(|item| match item {
            Item::Certificate(certificate) => Some(certificate),
            _ => None,
        })
    }
}

impl Item {
    /// What it is, in words to go after "this is".
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Certificate(_) => "a certificate".to_owned(),
            Self::Crl(_) => "a revocation list".to_owned(),
            Self::Request(_) => "a certificate request".to_owned(),
            Self::PrivateKey => "a private key".to_owned(),
            Self::Other(what) => what.clone(),
        }
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// The blocks of a PEM file; a block that cannot be read is told of, the others count.
fn pem_items(bytes: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut rest = bytes;
    while let Some(start) = find(rest, BEGIN) {
        if items.len() == MAX_ITEMS {
            items.push(Item::Other(format!("more than {MAX_ITEMS} blocks; the rest was not looked at")));
            break;
        }
        let block = rest.get(start..).unwrap_or_default();
        let Some((label, length)) = frame(block) else {
            items.push(Item::Other("a PEM block that is cut off: its END line is missing".to_owned()));
            break;
        };
        items.push(pem_item(label, block.get(..length).unwrap_or_default()));
        rest = block.get(length..).unwrap_or_default();
    }
    items
}

/// Label and length of the block that begins here.
fn frame(block: &[u8]) -> Option<(&[u8], usize)> {
    let after = block.get(BEGIN.len()..)?;
    let label = after.get(..find(after, DASHES)?)?;
    let end = find(block, END)?;
    let closing = block.get(end + END.len()..)?;
    let length = end + END.len() + find(closing, DASHES)? + DASHES.len();
    Some((label, length))
}

fn pem_item(label: &[u8], block: &[u8]) -> Item {
    let label: String = String::from_utf8_lossy(label).chars().take(MAX_LABEL).collect();
    // before anything decodes it
    if label.ends_with("PRIVATE KEY") {
        return Item::PrivateKey;
    }
    let content = match pem::parse(block) {
        Ok(block) => block.into_contents(),
        Err(error) => return Item::Other(format!("a damaged PEM block ({})", fault(&error))),
    };
    match label.as_str() {
        "CERTIFICATE" | "X509 CERTIFICATE" => read(Certificate::from_der(&content), Item::Certificate),
        "X509 CRL" => read(Crl::from_der(&content), Item::Crl),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => request(&content),
        "PKCS7" | "CMS" => Item::Other(PKCS7.to_owned()),
        _ => Item::Other(format!("a PEM block of another kind ({})", label.escape_default())),
    }
}

const PKCS7: &str = "a PKCS#7 container, which is not understood: export the certificates as PEM or DER";
const PKCS12: &str = "a PKCS#12 container (.pfx), which is not understood: export certificate and key as PEM";

/// One thing in DER, or certificates one after the other.
fn der_items(bytes: &[u8]) -> Vec<Item> {
    match Shape::of(bytes) {
        Shape::PrivateKey => vec![Item::PrivateKey],
        Shape::Pkcs7 => vec![Item::Other(PKCS7.to_owned())],
        Shape::Pkcs12 => vec![Item::Other(PKCS12.to_owned())],
        Shape::Nothing => {
            vec![Item::Other(nothing_known(bytes))]
        }
        Shape::Crl => vec![read(Crl::from_der(bytes), Item::Crl)],
        Shape::Request => vec![request(bytes)],
        Shape::Certificate => certificates(bytes),
    }
}

/// Bytes that do not begin as anything we know.
fn nothing_known(bytes: &[u8]) -> String {
    if bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        "a text without a PEM block".to_owned()
    } else {
        "neither a certificate nor a revocation list, in DER or PEM".to_owned()
    }
}

fn certificates(bytes: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        if items.len() == MAX_ITEMS {
            items.push(Item::Other(format!("more than {MAX_ITEMS} certificates; the rest was not read")));
            break;
        }
        match split_element(rest) {
            Ok((one, after)) => {
                items.push(read(Certificate::from_der(one), Item::Certificate));
                rest = after;
            }
            Err(error) if items.is_empty() => {
                items.push(damaged(&error));
                break;
            }
            Err(_) => {
                items.push(Item::Other(format!(
                    "{} bytes after the last certificate that are none",
                    rest.len()
                )));
                break;
            }
        }
    }
    items
}

fn request(der: &[u8]) -> Item {
    read(UnprovenRequest::from_bytes(der), |request| Item::Request(Box::new(request)))
}

fn read<T>(result: Result<T, Error>, item: impl FnOnce(T) -> Item) -> Item {
    result.map_or_else(|error| damaged(&error), item)
}

/// Something that looked like what it should be, and cannot be read.
fn damaged(error: &Error) -> Item {
    Item::Other(match error {
        Error::Malformed(why) => format!("a damaged one; {why}"),
        Error::MalformedCrl(why) => format!("a damaged revocation list; {why}"),
        other => format!("one that cannot be used: {other}"),
    })
}

/// What DER looks like from its first few bytes. A guess, that the real parser confirms or not.
enum Shape {
    Certificate,
    Crl,
    Request,
    PrivateKey,
    Pkcs7,
    Pkcs12,
    Nothing,
}

impl Shape {
    fn of(der: &[u8]) -> Self {
        let Some(outer) = inside(der) else { return Self::Nothing };
        match outer {
            // PKCS#8 and PKCS#1: version 0 (or 1), then the algorithm or the modulus
            [0x02, 0x01, 0x00 | 0x01, 0x30 | 0x02 | 0x04, ..] => Self::PrivateKey,
            [0x02, 0x01, 0x03, 0x30, ..] => Self::Pkcs12,
            // signedData, 1.2.840.113549.1.7.2
            [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, ..] => Self::Pkcs7,
            _ => match inside(outer) {
                // encrypted PKCS#8: an algorithm of PKCS#5, then bytes
                Some([0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, ..]) => Self::PrivateKey,
                Some([0x02, 0x01, 0x00, 0x30, ..]) => Self::Request,
                Some([0x02, 0x01, 0x01, 0x30, ..] | [0x30, ..]) => Self::Crl,
                Some([0xa0 | 0x02, ..]) => Self::Certificate,
                _ => Self::Nothing,
            },
        }
    }
}

/// What follows the header of a SEQUENCE.
fn inside(der: &[u8]) -> Option<&[u8]> {
    match der {
        [0x30, length, rest @ ..] if *length < 0x80 => Some(rest),
        [0x30, length, rest @ ..] => rest.get(usize::from(*length & 0x7f)..),
        _ => None,
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

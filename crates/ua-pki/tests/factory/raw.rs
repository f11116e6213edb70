//! Certificates and revocation lists taken apart and signed again: for what no honest maker makes.

use rcgen::SigningKey as _;
use ua_pki::Crl;

use super::{Node, key};

/// An extension, its value without the octet string around it.
#[derive(Clone)]
pub(crate) struct Extension {
    /// The content of the object identifier.
    pub(crate) id: Vec<u8>,
    pub(crate) critical: bool,
    pub(crate) value: Vec<u8>,
}

pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
pub(crate) const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 17];
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
pub(crate) const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 20];
pub(crate) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
pub(crate) const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 35];
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
/// An extension that nobody knows (1.3.6.1.4.1.99999.1).
pub(crate) const UNKNOWN: &[u8] = &[0x2b, 6, 1, 4, 1, 0x86, 0x8d, 0x1f, 1];
/// sha256WithRSAEncryption, as an algorithm identifier.
pub(crate) const RSA_SHA256: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0];

/// A certificate in parts, each a whole DER element.
#[derive(Clone)]
pub(crate) struct Raw {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) extensions: Vec<Extension>,
}

impl Raw {
    pub(crate) fn of(node: &Node) -> Self {
        let signed = elements(elements(node.certificate.der())[0]).into_iter().map(<[u8]>::to_vec);
        let parts: Vec<_> = signed.collect();
        let [version, serial, algorithm, issuer, validity, subject, key, extensions] = &parts[..] else {
            panic!("the factory makes version 3 with extensions");
        };
        Self {
            version: version.clone(),
            serial: serial.clone(),
            algorithm: algorithm.clone(),
            issuer: issuer.clone(),
            validity: validity.clone(),
            subject: subject.clone(),
            key: key.clone(),
            extensions: elements(elements(extensions)[0]).into_iter().map(extension).collect(),
        }
    }

    pub(crate) fn extension(&mut self, id: &[u8]) -> &mut Extension {
        self.extensions.iter_mut().find(|one| one.id == id).expect("the extension")
    }

    pub(crate) fn remove(&mut self, id: &[u8]) {
        self.extensions.retain(|one| one.id != id);
    }

    pub(crate) fn add(&mut self, id: &[u8], critical: bool, value: Vec<u8>) {
        self.extensions.push(Extension { id: id.to_vec(), critical, value });
    }

    /// The alternative names: each the number of its kind (2 DNS, 6 URI, 7 address) and its bytes.
    pub(crate) fn names(&mut self, names: &[(u8, &[u8])]) {
        let names: Vec<_> = names.iter().map(|(kind, bytes)| element(0x80 | kind, bytes)).collect();
        self.remove(ALTERNATIVE_NAMES);
        self.add(ALTERNATIVE_NAMES, false, sequence(&names));
    }

    /// Signed with RSA and SHA-256 by one of the factory's keys, whatever the algorithm inside says.
    pub(crate) fn signed(&self, number: usize) -> Vec<u8> {
        let mut parts = vec![
            self.version.clone(),
            self.serial.clone(),
            self.algorithm.clone(),
            self.issuer.clone(),
            self.validity.clone(),
            self.subject.clone(),
            self.key.clone(),
        ];
        if !self.extensions.is_empty() {
            parts.push(element(0xa3, &extensions(&self.extensions)));
        }
        sign(&sequence(&parts), &self.algorithm, number)
    }
}

/// A certificate of the factory, changed and signed again by `number`.
pub(crate) fn forged(node: &Node, number: usize, tweak: impl FnOnce(&mut Raw)) -> Vec<u8> {
    let mut raw = Raw::of(node);
    tweak(&mut raw);
    raw.signed(number)
}

/// A revocation list in parts.
pub(crate) struct RawList {
    pub(crate) version: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    /// thisUpdate and nextUpdate.
    pub(crate) times: Vec<Vec<u8>>,
    /// Each the serial number and the extensions of the entry.
    pub(crate) entries: Vec<(Vec<u8>, Vec<Extension>)>,
    pub(crate) extensions: Vec<Extension>,
}

impl RawList {
    /// A list of this authority for May and June 2027 that lists nothing.
    pub(crate) fn of(issuer: &Node) -> Self {
        Self {
            version: integer(&[1]),
            issuer: Raw::of(issuer).subject,
            times: vec![utc("270501000000Z"), utc("270701000000Z")],
            entries: Vec::new(),
            extensions: vec![Extension { id: CRL_NUMBER.to_vec(), critical: false, value: integer(&[1]) }],
        }
    }

    pub(crate) fn signed(&self, number: usize) -> Vec<u8> {
        let mut parts = vec![self.version.clone(), RSA_SHA256.to_vec(), self.issuer.clone()];
        parts.extend(self.times.iter().cloned());
        let entries = self.entries.iter().map(|(serial, extended)| {
            let mut entry = vec![integer(serial), utc("270401000000Z")];
            if !extended.is_empty() {
                entry.push(extensions(extended));
            }
            sequence(&entry)
        });
        let entries: Vec<_> = entries.collect();
        if !entries.is_empty() {
            parts.push(sequence(&entries));
        }
        if !self.extensions.is_empty() {
            parts.push(element(0xa0, &extensions(&self.extensions)));
        }
        sign(&sequence(&parts), RSA_SHA256, number)
    }
}

/// A list of this authority, changed before it is signed.
pub(crate) fn list(issuer: &Node, tweak: impl FnOnce(&mut RawList)) -> Crl {
    let mut list = RawList::of(issuer);
    tweak(&mut list);
    Crl::from_der(&list.signed(issuer.key)).unwrap()
}

fn sign(signed: &[u8], algorithm: &[u8], number: usize) -> Vec<u8> {
    let signature = key(number).sign(signed).unwrap();
    sequence(&[signed.to_vec(), algorithm.to_vec(), element(3, &[&[0], &signature[..]].concat())])
}

fn extensions(extensions: &[Extension]) -> Vec<u8> {
    let one = |extension: &Extension| {
        let critical = if extension.critical { vec![1, 1, 0xff] } else { Vec::new() };
        sequence(&[element(6, &extension.id), critical, element(4, &extension.value)])
    };
    sequence(&extensions.iter().map(one).collect::<Vec<_>>())
}

fn extension(der: &[u8]) -> Extension {
    let parts = elements(der);
    let critical = parts.len() == 3;
    Extension { id: content(parts[0]).to_vec(), critical, value: content(parts[parts.len() - 1]).to_vec() }
}

/// The elements inside an element.
pub(crate) fn elements(der: &[u8]) -> Vec<&[u8]> {
    let mut rest = content(der);
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (header, length) = header(rest);
        let (one, after) = rest.split_at(header + length);
        found.push(one);
        rest = after;
    }
    found
}

/// What is inside an element.
pub(crate) fn content(der: &[u8]) -> &[u8] {
    let (header, length) = header(der);
    &der[header..header + length]
}

fn header(der: &[u8]) -> (usize, usize) {
    if der[1] < 0x80 {
        return (2, usize::from(der[1]));
    }
    let count = usize::from(der[1] & 0x7f);
    (2 + count, der[2..2 + count].iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)))
}

pub(crate) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// A positive integer.
pub(crate) fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count().min(number.len() - 1);
    let number = &number[zeros..];
    let positive = if number[0] >= 0x80 { [&[0], number].concat() } else { number.to_vec() };
    element(0x02, &positive)
}

/// A UTCTime, or what passes for one.
pub(crate) fn utc(text: &str) -> Vec<u8> {
    element(0x17, text.as_bytes())
}

/// A GeneralizedTime, or what passes for one.
pub(crate) fn generalized(text: &str) -> Vec<u8> {
    element(0x18, text.as_bytes())
}

pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let header = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        0x100..0x1_0000 => vec![tag, 0x82, (length >> 8) as u8, length as u8],
        _ => [&[tag, 0x84], &(length as u32).to_be_bytes()[..]].concat(),
    };
    [&header, content].concat()
}

//! Reading a certificate: from DER to the facts we decide by.
//!
//! What cannot be read at all is an [`Error`]; what can be read but must never be accepted is a *defect*, which
//! validation reports as `BadCertificateInvalid` together with everything else it finds.

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::oid_registry as oid;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{X509Name, X509Version};

use crate::Error;
use crate::alternative_names::AlternativeNames;
use crate::certificate_signature::CertificateSignature;
use crate::damage::why;
use crate::dates;
use crate::name::{harmless, normalised, printable};
use crate::public_key::PublicKey;

/// basicConstraints (RFC 5280 §4.2.1.9).
#[derive(Debug, Clone, Copy)]
pub(crate) struct BasicConstraints {
    pub(crate) ca: bool,
    pub(crate) path_length: Option<u32>,
}

/// keyUsage bits (RFC 5280 §4.2.1.3).
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyUsage {
    pub(crate) critical: bool,
    pub(crate) digital_signature: bool,
    pub(crate) non_repudiation: bool,
    pub(crate) key_encipherment: bool,
    pub(crate) data_encipherment: bool,
    pub(crate) key_cert_sign: bool,
    pub(crate) crl_sign: bool,
}

/// extKeyUsage (RFC 5280 §4.2.1.12), as far as OPC UA cares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExtendedKeyUsage {
    pub(crate) critical: bool,
    pub(crate) server_auth: bool,
    pub(crate) client_auth: bool,
}

/// Everything we know about a certificate.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    /// Subject in a form in which equal names are equal bytes (RFC 5280 §7.1).
    pub(crate) subject_key: Vec<u8>,
    pub(crate) issuer_key: Vec<u8>,
    pub(crate) common_name: Option<String>,
    /// Without leading zeros.
    pub(crate) serial: Vec<u8>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) names: AlternativeNames,
    pub(crate) key: PublicKey,
    pub(crate) subject_key_id: Option<Vec<u8>>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
    pub(crate) basic_constraints: Option<BasicConstraints>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) extended_key_usage: Option<ExtendedKeyUsage>,
    pub(crate) signature_algorithm: CertificateSignature,
    pub(crate) tbs: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    /// Why it can never be accepted, each a sentence without a full stop.
    pub(crate) defects: Vec<String>,
}

impl Facts {
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Error> {
        let (rest, x509) = X509Certificate::from_der(der)
            .map_err(|error| Error::Malformed(why(der, "certificate", &error.to_string())))?;
        if !rest.is_empty() {
            return Err(Error::Malformed(format!(
                "{} bytes follow the certificate that do not belong to it",
                rest.len()
            )));
        }
        let tbs = &x509.tbs_certificate;
        let mut facts = Self {
            subject: printable(&tbs.subject),
            issuer: printable(&tbs.issuer),
            subject_key: normalised(&tbs.subject),
            issuer_key: normalised(&tbs.issuer),
            common_name: first_common_name(&tbs.subject),
            serial: without_leading_zeros(tbs.raw_serial()).to_vec(),
            not_before: timestamp(tbs.validity.not_before),
            not_after: timestamp(tbs.validity.not_after),
            names: AlternativeNames::default(),
            key: PublicKey::from_spki(&tbs.subject_pki),
            subject_key_id: None,
            authority_key_id: None,
            basic_constraints: None,
            key_usage: None,
            extended_key_usage: None,
            signature_algorithm: CertificateSignature::from_algorithm(&x509.signature_algorithm),
            tbs: tbs.as_ref().to_vec(),
            signature: x509.signature_value.data.to_vec(),
            defects: Vec::new(),
        };
        facts.read_frame(&x509);
        for extension in tbs.extensions() {
            facts.read_extension(extension)?;
        }
        let defect = facts.key.defect();
        facts.defects.extend(defect);
        Ok(facts)
    }

    /// Subject and issuer are the same, and the key identifiers do not say otherwise.
    pub(crate) fn names_itself_as_issuer(&self) -> bool {
        self.subject_key == self.issuer_key && self.key_identifier_fits(self)
    }

    /// The authority key identifier, when both sides have one, is the issuer's key identifier.
    pub(crate) fn key_identifier_fits(&self, issuer: &Self) -> bool {
        match (&self.authority_key_id, &issuer.subject_key_id) {
            (Some(authority), Some(subject)) => authority == subject,
            _ => true,
        }
    }

    /// What is outside the extensions.
    fn read_frame(&mut self, x509: &X509Certificate<'_>) {
        let tbs = &x509.tbs_certificate;
        let mut defect = |wrong: bool, text: &str| {
            if wrong {
                self.defects.push(text.to_owned());
            }
        };
        defect(tbs.version != X509Version::V3, "it is not X.509 version 3");
        defect(tbs.subject.iter_attributes().next().is_none(), "its subject is empty");
        defect(tbs.issuer.iter_attributes().next().is_none(), "its issuer is empty");
        defect(
            tbs.signature != x509.signature_algorithm,
            "the signature algorithm outside the signed part differs from the one inside",
        );
        defect(!is_strict_frame(x509), "it is not encoded in the one way that DER allows");
        defect(!dates::are_strict(tbs.as_ref()), "its dates are not whole seconds in UTC");
        defect(tbs.extensions_map().is_err(), "it has the same extension twice");
    }

    fn read_extension(&mut self, extension: &X509Extension<'_>) -> Result<(), Error> {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                self.names = AlternativeNames::read(&names.general_names)?;
                self.defects.append(&mut self.names.defects);
            }
            ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key_id = Some(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            ParsedExtension::BasicConstraints(constraints) => {
                self.basic_constraints = Some(BasicConstraints {
                    ca: constraints.ca,
                    path_length: constraints.path_len_constraint,
                });
            }
            ParsedExtension::KeyUsage(usage) => {
                self.key_usage = Some(KeyUsage {
                    critical: extension.critical,
                    digital_signature: usage.digital_signature(),
                    non_repudiation: usage.non_repudiation(),
                    key_encipherment: usage.key_encipherment(),
                    data_encipherment: usage.data_encipherment(),
                    key_cert_sign: usage.key_cert_sign(),
                    crl_sign: usage.crl_sign(),
                });
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                self.extended_key_usage = Some(ExtendedKeyUsage {
                    critical: extension.critical,
                    server_auth: usage.server_auth,
                    client_auth: usage.client_auth,
                });
            }
            // whoever wrote them wanted less to be trusted than we would; where they are not critical as well, although
            // RFC 5280 §4.2.1.10 demands that they are
            ParsedExtension::NameConstraints(_) => self.defects.push(
                "it limits the names that may be issued below it (name constraints), and lockgate does not process \
                 such limits"
                    .to_owned(),
            ),
            // OPC UA asks for no policy, so any set of policies is as good as another
            ParsedExtension::CertificatePolicies(_) => {}
            ParsedExtension::ParseError { error } => {
                self.defects.push(format!("its extension {} cannot be read ({error})", extension.oid));
            }
            _ if extension.critical => {
                let name = oid::OidRegistry::default()
                    .with_all_crypto()
                    .get(&extension.oid)
                    .map_or_else(|| extension.oid.to_id_string(), |entry| entry.sn().to_owned());
                self.defects.push(format!("it has a critical extension that we do not process ({name})"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether what is around the signed part is encoded as DER demands. The parser is lenient, and no signature covers
/// it: without this, one certificate would have many thumbprints.
fn is_strict_frame(x509: &X509Certificate<'_>) -> bool {
    let tbs = x509.tbs_certificate.as_ref();
    let signature = element(0x03, &[&[0], x509.signature_value.data.as_ref()].concat());
    let Some(content) = x509.as_raw().strip_suffix(signature.as_slice()) else { return false };
    let algorithm = content.windows(tbs.len()).position(|window| window == tbs);
    let algorithm = algorithm.and_then(|start| content.get(start + tbs.len()..)).unwrap_or_default();
    // the same algorithm is inside the signed part, where it cannot be changed
    let repeated = !algorithm.is_empty() && tbs.windows(algorithm.len()).any(|window| window == algorithm);
    repeated && x509.as_raw() == element(0x30, &[tbs, algorithm, &signature].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            out.extend(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn first_common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().next().and_then(|attribute| attribute.as_str().ok()).map(harmless)
}

pub(crate) fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// Clamped: 9999-12-31T23:59:59Z ("no well-defined expiry", RFC 5280 §4.1.2.5) is beyond jiff's last day.
pub(crate) fn timestamp(time: ASN1Time) -> Timestamp {
    let seconds = time.timestamp();
    Timestamp::from_second(seconds).unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

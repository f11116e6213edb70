//! Issuing: self-signed application certificates, and a small certificate authority for a plant without one.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, PublicKeyData, RevokedCertParams,
    SanType, SerialNumber, SigningKey, date_time_ymd,
};

use crate::profile::{check_application, check_authority};
use crate::{ApplicationProfile, Certificate, Crl, Error, KeyKind, PrivateKey, PublicKey};

/// What a certificate authority says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityProfile {
    /// Common name of the subject.
    pub common_name: String,
    /// Organisation in the subject.
    pub organization: Option<String>,
    /// How many authorities may stand between it and an application; `None` is no limit.
    pub path_length: Option<u8>,
    /// Start of the validity period.
    pub valid_from: Timestamp,
    /// Length of the validity period in days.
    pub days: u32,
}

/// A revoked certificate, for a revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Serial number, as in [`Certificate::serial_bytes`].
    pub serial: Vec<u8>,
    /// Since when.
    pub at: Timestamp,
}

/// A certificate authority: its certificate and the key to issue with.
#[derive(Debug, Clone)]
pub struct Authority {
    certificate: Certificate,
    key: PrivateKey,
}

impl Authority {
    /// Makes a root: a certificate signed by its own key.
    pub fn root(profile: &AuthorityProfile, key: PrivateKey) -> Result<Self, Error> {
        let params = authority_params(profile, &key)?;
        let signer = Signer(&key);
        let made = params.self_signed(&signer).map_err(failed)?;
        Ok(Self { certificate: Certificate::from_der(made.der())?, key })
    }

    /// Joins a certificate and its key.
    pub fn new(certificate: Certificate, key: PrivateKey) -> Result<Self, Error> {
        if !key.belongs_to(certificate.public_key()) {
            return Err(Error::KeyMismatch { thumbprint: certificate.thumbprint().to_string() });
        }
        Ok(Self { certificate, key })
    }

    /// The authority's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The authority's key.
    #[must_use]
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// Makes an authority below this one.
    pub fn subordinate(&self, profile: &AuthorityProfile, key: PrivateKey) -> Result<Self, Error> {
        let params = authority_params(profile, &key)?;
        let made = params.signed_by(&Signer(&key), &self.issuer()?).map_err(failed)?;
        Ok(Self { certificate: Certificate::from_der(made.der())?, key })
    }

    /// Issues an application certificate for a key, whose own kind counts, not that of the profile.
    pub fn issue(&self, profile: &ApplicationProfile, key: &PublicKey) -> Result<Certificate, Error> {
        let subject = Subject::new(key)?;
        let params = application_params(profile, subject.der_bytes(), key.kind(), false)?;
        let made = params.signed_by(&subject, &self.issuer()?).map_err(failed)?;
        Certificate::from_der(made.der())
    }

    /// Makes the revocation list of this authority. `number` must grow from list to list.
    pub fn revocation_list(
        &self,
        number: u64,
        this_update: Timestamp,
        next_update: Timestamp,
        revoked: &[Revocation],
    ) -> Result<Crl, Error> {
        let revoked_certs = revoked
            .iter()
            .map(|revocation| {
                Ok(RevokedCertParams {
                    serial_number: SerialNumber::from_slice(&revocation.serial),
                    revocation_time: date_time_ymd(1970, 1, 1) + since_1970(revocation.at)?,
                    reason_code: None,
                    invalidity_date: None,
                })
            })
            .collect::<Result<_, Error>>()?;
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(1970, 1, 1) + since_1970(this_update)?,
            next_update: date_time_ymd(1970, 1, 1) + since_1970(next_update)?,
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::PreSpecified(self.certificate.public_key().key_identifier()),
        };
        Crl::from_der(params.signed_by(&self.issuer()?).map_err(failed)?.der())
    }

    fn issuer(&self) -> Result<Issuer<'static, Signer<'_>>, Error> {
        Issuer::from_ca_cert_der(&self.certificate.der().into(), Signer(&self.key)).map_err(failed)
    }
}

/// Makes a request (PKCS#10, DER) for a certificate as the profile describes it, signed with the key. Its dates are
/// left to the authority.
pub fn request(profile: &ApplicationProfile, key: &PrivateKey) -> Result<Vec<u8>, Error> {
    let signer = Signer(key);
    let mut params = application_params(profile, signer.der_bytes(), key.kind(), false)?;
    // not for the applicant to choose
    params.serial_number = None;
    params.use_authority_key_identifier_extension = false;
    let request = params.serialize_request(&signer).map_err(failed)?;
    Ok(request.der().to_vec())
}

/// A request as PEM text.
#[must_use]
pub fn request_pem(der: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new("CERTIFICATE REQUEST", der), config)
}

/// The certificate of [`ApplicationIdentity::self_signed`](crate::ApplicationIdentity::self_signed).
pub(crate) fn self_signed_application(
    profile: &ApplicationProfile,
    key: &PrivateKey,
) -> Result<Certificate, Error> {
    let signer = Signer(key);
    let params = application_params(profile, signer.der_bytes(), key.kind(), true)?;
    let made = params.self_signed(&signer).map_err(failed)?;
    Certificate::from_der(made.der())
}

/// Part 6 §6.2.2, table "Application Instance Certificate": digitalSignature, with RSA the three others as well, and
/// keyCertSign where it signs itself. Other usages are "not recommended", so a curve gets no keyAgreement; the extended
/// usages are optional there, and given, because servers ask for them.
fn application_params(
    profile: &ApplicationProfile,
    public_key: &[u8],
    kind: KeyKind,
    self_signed: bool,
) -> Result<CertificateParams, Error> {
    check_application(profile)?;
    let mut params = common_params(
        &profile.common_name,
        profile.organization.as_deref(),
        profile.valid_from,
        profile.days,
        public_key,
    )?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if matches!(kind, KeyKind::Rsa { .. }) {
        params.key_usages.extend([
            KeyUsagePurpose::ContentCommitment,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::DataEncipherment,
        ]);
    }
    if self_signed {
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    }
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    params.subject_alt_names.push(SanType::URI(profile.application_uri.as_str().try_into().map_err(failed)?));
    for name in &profile.dns_names {
        params.subject_alt_names.push(SanType::DnsName(name.as_str().try_into().map_err(failed)?));
    }
    params.subject_alt_names.extend(profile.ip_addresses.iter().copied().map(SanType::IpAddress));
    Ok(params)
}

fn authority_params(profile: &AuthorityProfile, key: &PrivateKey) -> Result<CertificateParams, Error> {
    check_authority(profile)?;
    let mut params = common_params(
        &profile.common_name,
        profile.organization.as_deref(),
        profile.valid_from,
        profile.days,
        key.public_der(),
    )?;
    params.is_ca =
        IsCa::Ca(profile.path_length.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained));
    params.key_usages =
        vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn common_params(
    common_name: &str,
    organization: Option<&str>,
    valid_from: Timestamp,
    days: u32,
    public_key: &[u8],
) -> Result<CertificateParams, Error> {
    let valid_to = valid_from
        .checked_add(SignedDuration::from_hours(i64::from(days) * 24))
        .map_err(|error| Error::Issue(format!("validity of {days} days: {error}")))?;
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(1970, 1, 1) + since_1970(valid_from)?;
    params.not_after = date_time_ymd(1970, 1, 1) + since_1970(valid_to)?;
    params.distinguished_name = DistinguishedName::new();
    if let Some(organization) = organization {
        params.distinguished_name.push(DnType::OrganizationName, organization);
    }
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.serial_number = Some(serial_number()?);
    params.use_authority_key_identifier_extension = true;
    params.key_identifier_method = KeyIdMethod::PreSpecified(sha1(public_key));
    Ok(params)
}

/// 16 random bytes, positive (RFC 5280 §4.1.2.2: at most 20).
fn serial_number() -> Result<SerialNumber, Error> {
    let mut serial = [0; 16];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| Error::Crypto)?;
    let [first, ..] = &mut serial;
    // neither negative nor with a leading zero
    *first = (*first & 0x7f) | 0x40;
    Ok(SerialNumber::from_slice(&serial))
}

fn since_1970(time: Timestamp) -> Result<Duration, Error> {
    u64::try_from(time.as_second())
        .map(Duration::from_secs)
        .map_err(|_| Error::Issue(format!("{time} is before 1970")))
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    use aws_lc_rs::digest;
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Issue(error.to_string())
}

/// Our key in the shape that rcgen wants.
struct Signer<'a>(&'a PrivateKey);

impl PublicKeyData for Signer<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_der()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        algorithm_of(self.0.kind()).unwrap_or(&rcgen::PKCS_RSA_SHA256)
    }
}

impl SigningKey for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign_document(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// How a key of this kind signs documents, and how it is written down; `None` for kinds that we do not know.
fn algorithm_of(kind: KeyKind) -> Option<&'static rcgen::SignatureAlgorithm> {
    match kind {
        KeyKind::Rsa { .. } => Some(&rcgen::PKCS_RSA_SHA256),
        KeyKind::EcP256 => Some(&rcgen::PKCS_ECDSA_P256_SHA256),
        KeyKind::EcP384 => Some(&rcgen::PKCS_ECDSA_P384_SHA384),
        KeyKind::Other => None,
    }
}

/// The public key to certify, in the shape that rcgen wants.
struct Subject<'a> {
    key: &'a PublicKey,
    algorithm: &'static rcgen::SignatureAlgorithm,
}

impl<'a> Subject<'a> {
    fn new(key: &'a PublicKey) -> Result<Self, Error> {
        let operation = "issuing a certificate";
        if let Some(defect) = key.defect() {
            return Err(Error::UnsupportedKey { operation, key: format!("{}: {defect}", key.kind()) });
        }
        let unsupported = || Error::UnsupportedKey { operation, key: key.kind().to_string() };
        Ok(Self { key, algorithm: algorithm_of(key.kind()).ok_or_else(unsupported)? })
    }
}

impl PublicKeyData for Subject<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.key.inner_der()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.algorithm
    }
}

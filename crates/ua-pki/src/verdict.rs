//! The outcome of a validation: a status for the wire, findings for people, and a proof when it passed.

use crate::{Certificate, Finding};

/// The status codes a certificate can fail with, in the order of the steps of Part 4 §6.1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CertificateStatus {
    /// Structure or signature is wrong.
    Invalid,
    /// The chain does not reach a self-signed root.
    ChainIncomplete,
    /// Key size or signature algorithm does not fit the security policy.
    PolicyCheckFailed,
    /// Neither the certificate nor one of its issuers is trusted.
    Untrusted,
    /// Outside its validity period.
    TimeInvalid,
    /// An issuer is outside its validity period.
    IssuerTimeInvalid,
    /// The host that was dialled is not named in the certificate.
    HostNameInvalid,
    /// The application URI is not the expected one.
    UriInvalid,
    /// The certificate may not be used for this.
    UseNotAllowed,
    /// An issuer may not issue certificates.
    IssuerUseNotAllowed,
    /// No current revocation list of the issuer.
    RevocationUnknown,
    /// No current revocation list for an issuer.
    IssuerRevocationUnknown,
    /// Revoked by its issuer.
    Revoked,
    /// An issuer was revoked.
    IssuerRevoked,
}

impl CertificateStatus {
    /// Every status, in step order.
    pub const ALL: [Self; 14] = [
        Self::Invalid,
        Self::ChainIncomplete,
        Self::PolicyCheckFailed,
        Self::Untrusted,
        Self::TimeInvalid,
        Self::IssuerTimeInvalid,
        Self::HostNameInvalid,
        Self::UriInvalid,
        Self::UseNotAllowed,
        Self::IssuerUseNotAllowed,
        Self::RevocationUnknown,
        Self::IssuerRevocationUnknown,
        Self::Revoked,
        Self::IssuerRevoked,
    ];

    /// The name of the OPC UA status code, as in `BadCertificateUntrusted`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "BadCertificateInvalid",
            Self::ChainIncomplete => "BadCertificateChainIncomplete",
            Self::PolicyCheckFailed => "BadCertificatePolicyCheckFailed",
            Self::Untrusted => "BadCertificateUntrusted",
            Self::TimeInvalid => "BadCertificateTimeInvalid",
            Self::IssuerTimeInvalid => "BadCertificateIssuerTimeInvalid",
            Self::HostNameInvalid => "BadCertificateHostNameInvalid",
            Self::UriInvalid => "BadCertificateUriInvalid",
            Self::UseNotAllowed => "BadCertificateUseNotAllowed",
            Self::IssuerUseNotAllowed => "BadCertificateIssuerUseNotAllowed",
            Self::RevocationUnknown => "BadCertificateRevocationUnknown",
            Self::IssuerRevocationUnknown => "BadCertificateIssuerRevocationUnknown",
            Self::Revoked => "BadCertificateRevoked",
            Self::IssuerRevoked => "BadCertificateIssuerRevoked",
        }
    }

    /// The numeric OPC UA status code.
    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            Self::Invalid => 0x8012_0000,
            Self::TimeInvalid => 0x8014_0000,
            Self::IssuerTimeInvalid => 0x8015_0000,
            Self::HostNameInvalid => 0x8016_0000,
            Self::UriInvalid => 0x8017_0000,
            Self::UseNotAllowed => 0x8018_0000,
            Self::IssuerUseNotAllowed => 0x8019_0000,
            Self::Untrusted => 0x801A_0000,
            Self::RevocationUnknown => 0x801B_0000,
            Self::IssuerRevocationUnknown => 0x801C_0000,
            Self::Revoked => 0x801D_0000,
            Self::IssuerRevoked => 0x801E_0000,
            Self::ChainIncomplete => 0x810D_0000,
            Self::PolicyCheckFailed => 0x8114_0000,
        }
    }

    /// The status of this numeric code; `None` when the code is not about certificates.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// The status of this name, as [`name`](Self::name) gives it. Underscores and case do not matter, and `Bad` and
    /// `Certificate` may be left out.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.replace('_', "").to_ascii_lowercase();
        let short = name.strip_prefix("bad").unwrap_or(&name);
        let short = short.strip_prefix("certificate").unwrap_or(short);
        Self::ALL.into_iter().find(|status| {
            status.name().strip_prefix("BadCertificate").is_some_and(|own| own.eq_ignore_ascii_case(short))
        })
    }

    /// Whether an administrator may switch this status off for one peer (Part 4 §6.1.3, "may be suppressed").
    #[must_use]
    pub fn suppressible(self) -> bool {
        self.why_never_suppressed().is_none()
    }

    /// Why an administrator may not switch this status off, as a sentence without a full stop; `None` when that is
    /// possible.
    #[must_use]
    pub fn why_never_suppressed(self) -> Option<&'static str> {
        match self {
            Self::PolicyCheckFailed
            | Self::TimeInvalid
            | Self::IssuerTimeInvalid
            | Self::HostNameInvalid
            | Self::UseNotAllowed
            | Self::IssuerUseNotAllowed
            | Self::RevocationUnknown
            | Self::IssuerRevocationUnknown => None,
            Self::Invalid => Some("such a certificate was damaged or forged, and proves nothing"),
            Self::ChainIncomplete => {
                Some("without the whole chain nobody has vouched for the certificate; add the missing issuer")
            }
            Self::Untrusted => Some("trust is given by putting the certificate into the trust list"),
            Self::UriInvalid => Some("the application URI is who the certificate is for"),
            Self::Revoked | Self::IssuerRevoked => {
                Some("who issued it has said that it is not to be trusted any more")
            }
        }
    }
}

impl std::fmt::Display for CertificateStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The eleven steps of Part 4 §6.1.3, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// 1: the certificate is well formed.
    Structure,
    /// 2: the chain reaches a self-signed root.
    Chain,
    /// 3: every signature verifies.
    Signature,
    /// 4: keys and algorithms fit the security policy.
    Policy,
    /// 5: the certificate or one of its issuers is trusted.
    TrustList,
    /// 6: within the validity period.
    Validity,
    /// 7: the host name is the one that was dialled.
    HostName,
    /// 8: the application URI is the expected one.
    ApplicationUri,
    /// 9: key usage allows this use.
    Usage,
    /// 10: a current revocation list is at hand.
    FindRevocationList,
    /// 11: not revoked.
    Revocation,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 11] = [
        Self::Structure,
        Self::Chain,
        Self::Signature,
        Self::Policy,
        Self::TrustList,
        Self::Validity,
        Self::HostName,
        Self::ApplicationUri,
        Self::Usage,
        Self::FindRevocationList,
        Self::Revocation,
    ];

    /// The number of the step in the standard, from 1.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Structure => 1,
            Self::Chain => 2,
            Self::Signature => 3,
            Self::Policy => 4,
            Self::TrustList => 5,
            Self::Validity => 6,
            Self::HostName => 7,
            Self::ApplicationUri => 8,
            Self::Usage => 9,
            Self::FindRevocationList => 10,
            Self::Revocation => 11,
        }
    }

    /// The stable name for scripts, as in `lockgate cert verify --json`.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Chain => "chain",
            Self::Signature => "signature",
            Self::Policy => "security-policy",
            Self::TrustList => "trust-list",
            Self::Validity => "validity",
            Self::HostName => "host-name",
            Self::ApplicationUri => "application-uri",
            Self::Usage => "usage",
            Self::FindRevocationList => "revocation-list",
            Self::Revocation => "revocation",
        }
    }

    /// What is looked at, in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Chain => "chain",
            Self::Signature => "signature",
            Self::Policy => "security policy",
            Self::TrustList => "trust list",
            Self::Validity => "validity period",
            Self::HostName => "host name",
            Self::ApplicationUri => "application URI",
            Self::Usage => "usage",
            Self::FindRevocationList => "revocation list",
            Self::Revocation => "revocation",
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What [`validate`](crate::validate()) decided.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub(crate) presented: Vec<Certificate>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) skipped: Vec<Step>,
}

impl Verdict {
    /// The status to report: the first finding in step order that is not suppressed; `None` is Good.
    #[must_use]
    pub fn status(&self) -> Option<CertificateStatus> {
        self.findings.iter().find(|finding| !finding.suppressed).map(|finding| finding.status)
    }

    /// Everything that was found, in step order, also what is suppressed. For the local log, never for the peer.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Steps that did not apply, or for which the context gave nothing to compare with.
    #[must_use]
    pub fn skipped(&self) -> &[Step] {
        &self.skipped
    }

    /// The verdict on bytes that a peer presented as its certificate, and that are none: `BadCertificateInvalid`.
    /// The thumbprint of its finding is the SHA-1 of the bytes.
    #[must_use]
    pub fn unreadable(bytes: &[u8], error: &crate::Error, role: crate::Role) -> Self {
        crate::validate::unreadable(bytes, error, role)
    }

    /// The proof that validation passed, or the verdict back when it did not.
    pub fn into_trusted(self) -> Result<TrustedCertificate, Self> {
        if self.status().is_some() || self.presented.is_empty() {
            return Err(self);
        }
        let chain_der = self.presented.iter().flat_map(|certificate| certificate.der().to_vec()).collect();
        match self.presented.first() {
            Some(leaf) => Ok(TrustedCertificate { leaf: leaf.clone(), chain_der }),
            None => Err(self),
        }
    }
}

/// Proof that a peer's certificate passed every step of validation. Nobody outside this crate can make one.
#[derive(Debug, Clone)]
pub struct TrustedCertificate {
    leaf: Certificate,
    chain_der: Vec<u8>,
}

impl TrustedCertificate {
    /// The peer's own certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }

    /// The chain as the peer presented it: concatenated DER, leaf first.
    #[must_use]
    pub fn chain_der(&self) -> &[u8] {
        &self.chain_der
    }
}

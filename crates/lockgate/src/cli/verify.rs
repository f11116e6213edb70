//! The judgement on a certificate: `cert verify`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use ua_client::EndpointUrl;
use ua_pki::{CertificateRules, CertificateStatus};

use super::PkiDir;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Certificate, or a chain with the leaf first; DER or PEM
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) store: PkiDir,
    /// Security policy to be used with, by name or URI (default: the current ones for the kind of its key)
    #[arg(long, value_name = "POLICY", value_parser = policy)]
    pub(crate) policy: Option<AskedPolicy>,
    /// Judge for Basic256 or Basic128Rsa15 although they are deprecated; lockgate never speaks them
    #[arg(long, requires = "policy")]
    pub(crate) danger_deprecated_policy: bool,
    /// Whose certificate it is
    #[arg(long, value_enum, default_value_t = Whose::Server)]
    pub(crate) role: Whose,
    /// URL that a client dials, as in opc.tcp://plc1:4840: its host must be named (default: step 7 is skipped)
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<EndpointUrl>,
    /// Application URI that the certificate must have (default: step 8 is skipped)
    #[arg(long, value_name = "URI")]
    pub(crate) application_uri: Option<String>,
    /// Judge as at this moment, RFC 3339 (default: now)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) at: Option<Timestamp>,
    /// Tell this status but do not count it, as in BadCertificateTimeInvalid; may be repeated
    #[arg(long, value_name = "CODE", value_parser = suppression)]
    pub(crate) suppress: Vec<CertificateStatus>,
}

/// Whose certificate is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Whose {
    /// A server's, as a client judges it
    Server,
    /// A client's, as a server judges it
    Client,
    /// A person's or an account's, as a server judges it
    User,
}

/// The policy that was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedPolicy {
    /// `None`: it asks nothing of certificates.
    Nothing,
    /// One with rules.
    Rules(CertificateRules),
}

fn policy(text: &str) -> Result<AskedPolicy, String> {
    let name = text.trim();
    if name.rsplit('#').next().is_some_and(|name| name.eq_ignore_ascii_case("None")) {
        return Ok(AskedPolicy::Nothing);
    }
    CertificateRules::from_name(name).map(AskedPolicy::Rules).ok_or_else(|| {
        let names: Vec<&str> = CertificateRules::all().map(CertificateRules::name).collect();
        format!("certificates can be judged for: None, {}", names.join(", "))
    })
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.trim().parse().map_err(|_| "not a time in RFC 3339, such as 2026-08-27T06:00:00Z".to_owned())
}

fn suppression(text: &str) -> Result<CertificateStatus, String> {
    let listed = |statuses: Vec<CertificateStatus>| {
        statuses.iter().map(|status| status.name()).collect::<Vec<_>>().join(", ")
    };
    let status = CertificateStatus::from_name(text.trim()).ok_or_else(|| {
        let all = CertificateStatus::ALL.into_iter().filter(|status| status.suppressible()).collect();
        format!("no status of certificates; these can be suppressed: {}", listed(all))
    })?;
    match status.why_never_suppressed() {
        None => Ok(status),
        Some(why) => Err(format!("{status} can never be suppressed: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_named_in_every_usual_spelling() {
        for text in [
            "BadCertificateTimeInvalid",
            "Bad_CertificateTimeInvalid",
            "certificatetimeinvalid",
            "TimeInvalid",
        ] {
            assert_eq!(suppression(text), Ok(CertificateStatus::TimeInvalid), "{text}");
        }
    }

    #[test]
    fn what_may_not_be_suppressed_is_refused_with_the_reason() {
        for status in CertificateStatus::ALL {
            let answer = suppression(status.name());
            assert_eq!(answer.is_ok(), status.suppressible(), "{status}");
            if let Err(text) = answer {
                assert!(text.contains(status.name()) && text.contains(": "), "{text}");
            }
        }
        assert!(suppression("Bad").unwrap_err().contains("BadCertificateTimeInvalid"));
    }

    #[test]
    fn policies_are_named_as_in_the_standard_or_without_its_underscores() {
        for text in ["Aes128_Sha256_RsaOaep", "aes128sha256rsaoaep", "ECC_nistP256"] {
            assert!(matches!(policy(text), Ok(AskedPolicy::Rules(_))), "{text}");
        }
        assert_eq!(policy("none"), Ok(AskedPolicy::Nothing));
        assert!(policy("Basic512").unwrap_err().contains("Basic256Sha256"));
    }
}

//! The case table of certificate validation. A row says what lies in the store, what the peer presents, what we compare
//! with, and what comes out: status, findings, and what is written into `rejected/`.
//!
//! `CV-` and `UC-` are the ids of the security catalogue, `OWN-` are cases that follow from its rules. The second name
//! follows the scheme of the OPC Foundation's test tool: `ca1T` trusted authority, `I` issuer only, `C` without its
//! list, `appU` unknown application, `E` expired, `V` not yet valid, `S` altered, `R` revoked. `tests/validate.rs` runs
//! the table, `examples/cases.rs` writes it into folders for the validators of others.

mod chain;
mod lists;
mod names;
mod own;
mod page;
mod policy;
mod starred;
mod structure;
mod trust;
mod usage;
mod users;

use std::path::Path;

use jiff::Timestamp;
use ua_pki::{
    Certificate, CertificateRules, CertificateStatus, Crl, Role, TrustList, ValidationContext, Verdict,
};

pub(crate) use self::page::{ELSEWHERE, PAGE};
use crate::factory::{NOW, Node, crl};

/// What is in the store, what the peer presents, what we compare with.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) name: String,
    pub(crate) trusted: Vec<Certificate>,
    pub(crate) issuers: Vec<Certificate>,
    pub(crate) rejected: Vec<Certificate>,
    pub(crate) crls: Vec<Crl>,
    /// Further files of the store: path below its folder, content.
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
    pub(crate) presented: Vec<Certificate>,
    /// What comes over the wire in place of `presented`, when it is not plainly that.
    pub(crate) wire: Option<Vec<u8>>,
    pub(crate) now: Timestamp,
    pub(crate) role: Role,
    pub(crate) policy: Option<CertificateRules>,
    pub(crate) host: Option<&'static str>,
    pub(crate) uri: Option<&'static str>,
    pub(crate) suppress: Vec<CertificateStatus>,
}

/// A case and what has to come out.
pub(crate) struct Row {
    pub(crate) case: Case,
    /// The statuses of the findings in order, the first of them being the result. Empty is Good.
    pub(crate) findings: Vec<CertificateStatus>,
    /// Told as findings, and accepted all the same: by a rule of ours, or because the row suppresses them.
    pub(crate) accepted: Vec<CertificateStatus>,
    /// What is left when the administrator suppresses whatever he can; `None` is Good.
    pub(crate) insists: Option<CertificateStatus>,
    /// The wire bytes are no certificates: there is no verdict, and nothing to keep in `rejected/`.
    pub(crate) unreadable: bool,
    /// Why the expectation is as it is, where it is not the plain text of the standard.
    pub(crate) because: Option<&'static str>,
}

/// A client looks at the server `opc.tcp://plc1`, application `urn:plc1:app`, over Basic256Sha256.
pub(crate) fn case(id: &'static str) -> Case {
    Case {
        id,
        name: String::new(),
        trusted: Vec::new(),
        issuers: Vec::new(),
        rejected: Vec::new(),
        crls: Vec::new(),
        files: Vec::new(),
        presented: Vec::new(),
        wire: None,
        now: NOW.parse().unwrap(),
        role: Role::Server,
        policy: CertificateRules::from_name("Basic256Sha256"),
        host: Some("plc1"),
        uri: Some("urn:plc1:app"),
        suppress: Vec::new(),
    }
}

/// As [`case`], with a name for its folder.
pub(crate) fn row(id: &'static str, name: impl Into<String>) -> Case {
    Case { name: name.into(), ..case(id) }
}

/// All rows.
pub(crate) fn table() -> Vec<Row> {
    [
        trust::rows(),
        starred::rows(),
        chain::rows(),
        structure::rows(),
        policy::rows(),
        names::rows(),
        usage::rows(),
        lists::rows(),
        users::rows(),
        own::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(crate) trait AsCertificate {
    fn certificate(&self) -> Certificate;
}

impl AsCertificate for Node {
    fn certificate(&self) -> Certificate {
        self.certificate.clone()
    }
}

impl AsCertificate for Certificate {
    fn certificate(&self) -> Certificate {
        self.clone()
    }
}

/// DER that is made to be read.
impl AsCertificate for Vec<u8> {
    fn certificate(&self) -> Certificate {
        Certificate::from_der(self).unwrap()
    }
}

impl Case {
    pub(crate) fn trusts(mut self, certificate: &impl AsCertificate) -> Self {
        self.trusted.push(certificate.certificate());
        self
    }

    pub(crate) fn knows(mut self, certificate: &impl AsCertificate) -> Self {
        self.issuers.push(certificate.certificate());
        self
    }

    pub(crate) fn list(mut self, crl: Crl) -> Self {
        self.crls.push(crl);
        self
    }

    /// The current, empty list of each of these authorities.
    pub(crate) fn lists_of(mut self, authorities: &[&Node]) -> Self {
        self.crls.extend(authorities.iter().map(|one| crl(one, &[])));
        self
    }

    /// Trusts an authority that has its list.
    pub(crate) fn trusts_authority(self, authority: &Node) -> Self {
        self.trusts(authority).lists_of(&[authority])
    }

    /// Knows an authority that has its list.
    pub(crate) fn knows_authority(self, authority: &Node) -> Self {
        self.knows(authority).lists_of(&[authority])
    }

    pub(crate) fn presents(mut self, certificate: &impl AsCertificate) -> Self {
        self.presented.push(certificate.certificate());
        self
    }

    pub(crate) fn sends(mut self, wire: Vec<u8>) -> Self {
        self.wire = Some(wire);
        self
    }

    pub(crate) fn file(mut self, path: &'static str, content: &[u8]) -> Self {
        self.files.push((path, content.to_vec()));
        self
    }

    pub(crate) fn at(self, time: &str) -> Self {
        self.with(|case| case.now = time.parse().unwrap())
    }

    pub(crate) fn dials(self, host: &'static str) -> Self {
        self.with(|case| case.host = Some(host))
    }

    pub(crate) fn expects(self, uri: Option<&'static str>) -> Self {
        self.with(|case| case.uri = uri)
    }

    pub(crate) fn role(self, role: Role) -> Self {
        self.with(|case| case.role = role)
    }

    /// For the security policy of this name; `None` asks nothing.
    pub(crate) fn policy(self, name: &str) -> Self {
        self.with(|case| case.policy = CertificateRules::from_name(name))
    }

    pub(crate) fn with(mut self, tweak: impl FnOnce(&mut Self)) -> Self {
        tweak(&mut self);
        self
    }

    pub(crate) fn suppressing(mut self, status: CertificateStatus) -> Self {
        self.suppress.push(status);
        self
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict_with(&self.presented, &self.trust_list(), &self.suppress)
    }

    /// The trust list without the store; further files are not in it.
    pub(crate) fn trust_list(&self) -> TrustList {
        TrustList::new(self.trusted.clone(), self.issuers.clone(), self.crls.clone())
    }

    pub(crate) fn verdict_with(
        &self,
        presented: &[Certificate],
        trust: &TrustList,
        suppress: &[CertificateStatus],
    ) -> Verdict {
        let context = ValidationContext {
            now: self.now,
            role: self.role,
            policy: self.policy,
            host: self.host,
            application_uri: self.uri,
            suppress,
        };
        ua_pki::validate(presented, trust, &context)
    }

    /// What the peer sends: concatenated DER, leaf first.
    pub(crate) fn wire(&self) -> Vec<u8> {
        let plain = || self.presented.iter().flat_map(|one| one.der().to_vec()).collect();
        self.wire.clone().unwrap_or_else(plain)
    }

    /// Lays the store out in a folder, as an administrator would by hand.
    pub(crate) fn write_store(&self, root: &Path) -> std::io::Result<()> {
        let folders = [
            "own/certs",
            "own/private",
            "trusted/certs",
            "trusted/crl",
            "issuers/certs",
            "issuers/crl",
            "rejected/certs",
        ];
        for folder in folders {
            std::fs::create_dir_all(root.join(folder))?;
        }
        let certificates = [
            ("trusted/certs/ca", &self.trusted),
            ("issuers/certs/ca", &self.issuers),
            ("rejected/certs/app", &self.rejected),
        ];
        for (stem, some) in certificates {
            for (number, one) in some.iter().enumerate() {
                std::fs::write(root.join(format!("{stem}{:03}.der", number + 1)), one.der())?;
            }
        }
        for (number, crl) in self.crls.iter().enumerate() {
            let known = self.issuers.iter().any(|issuer| issuer.subject() == crl.issuer());
            let folder = if known { "issuers/crl" } else { "trusted/crl" };
            std::fs::write(root.join(folder).join(format!("ca{:03}.crl", number + 1)), crl.der())?;
        }
        for (path, content) in &self.files {
            std::fs::write(root.join(path), content)?;
        }
        Ok(())
    }

    pub(crate) fn good(self) -> Row {
        self.fails(&[])
    }

    /// Good, with findings that are told and do not count.
    pub(crate) fn good_telling(self, accepted: &[CertificateStatus]) -> Row {
        Row { accepted: accepted.to_vec(), ..self.good() }
    }

    /// Fails with the first of these.
    pub(crate) fn fails(self, findings: &[CertificateStatus]) -> Row {
        Row {
            case: self,
            insists: findings.iter().copied().find(|status| !status.suppressible()),
            findings: findings.to_vec(),
            accepted: Vec::new(),
            unreadable: false,
            because: None,
        }
    }

    /// What is sent is not even read: BadCertificateInvalid on the wire, no verdict.
    pub(crate) fn does_not_parse(self) -> Row {
        Row { unreadable: true, ..self.fails(&[CertificateStatus::Invalid]) }
    }
}

impl Row {
    /// Suppressing does not help although the status in general may be suppressed.
    pub(crate) fn insists(self, status: CertificateStatus) -> Self {
        Self { insists: Some(status), ..self }
    }

    pub(crate) fn because(self, why: &'static str) -> Self {
        Self { because: Some(why), ..self }
    }

    /// The name of its folder.
    pub(crate) fn folder(&self) -> String {
        format!("{}_{}", self.case.id, self.case.name)
    }
}

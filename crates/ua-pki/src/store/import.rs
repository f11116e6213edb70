//! Taking certificates and revocation lists from elsewhere into the store: first a plan, then all of it or nothing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::certificate_files::{file_name, read_files, write_certificate};
use super::{Store, files};
use crate::certificate_signature::CertificateSignature;
use crate::{Certificate, Crl, Error, Item, Material};

/// Most signatures checked to find out who issued whom in a file.
const MAX_VERIFIED: usize = 1000;

/// What an administrator wants certificates for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// To be trusted.
    Trusted,
    /// Only to complete chains.
    Issuer,
}

/// What becomes of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Becomes {
    /// It will be trusted; an authority with everything below it.
    Trusted,
    /// It will complete chains and give no trust.
    Issuer,
    /// It will be used to look for revoked certificates.
    RevocationList,
    /// The store has it already, or the plan has it twice.
    AlreadyThere,
    /// It is not taken, for this reason, a fragment.
    Refused(String),
}

/// The thing itself.
#[derive(Debug, Clone)]
pub enum Imported {
    /// A certificate.
    Certificate(Certificate),
    /// A revocation list.
    Crl(Crl),
    /// Nothing that can be taken.
    Nothing,
}

/// One thing of a plan.
#[derive(Debug, Clone)]
pub struct PlannedImport {
    /// The file it is in.
    pub path: PathBuf,
    /// What it is.
    pub what: Imported,
    /// What becomes of it.
    pub becomes: Becomes,
}

/// What becomes of everything in a file or folder. Nothing has happened yet.
#[derive(Debug, Clone, Default)]
pub struct ImportPlan {
    entries: Vec<PlannedImport>,
    left: Vec<PathBuf>,
}

impl ImportPlan {
    /// Everything that was found, in its order.
    #[must_use]
    pub fn entries(&self) -> &[PlannedImport] {
        &self.entries
    }

    /// Folders that were not looked into: own keys, rejected certificates, whatever else there is.
    #[must_use]
    pub fn left(&self) -> &[PathBuf] {
        &self.left
    }

    /// How many things become this; for refusals, whatever their reason.
    #[must_use]
    pub fn count(&self, becomes: &Becomes) -> usize {
        let same = |one: &Becomes| std::mem::discriminant(one) == std::mem::discriminant(becomes);
        self.entries.iter().filter(|entry| same(&entry.becomes)).count()
    }

    pub(super) fn leave(&mut self, path: PathBuf) {
        self.left.push(path);
    }

    pub(super) fn refuse(&mut self, path: &Path, why: String) {
        let becomes = Becomes::Refused(why);
        self.entries.push(PlannedImport { path: path.to_owned(), what: Imported::Nothing, becomes });
    }

    /// Adds what is in a file; each certificate in it becomes the same.
    pub(super) fn add(&mut self, path: &Path, material: &Material, destination: Destination) {
        if material.items().is_empty() {
            self.refuse(path, "it is empty".to_owned());
        }
        for item in material.items() {
            self.add_item(path, item, destination);
        }
    }

    fn add_item(&mut self, path: &Path, item: &Item, destination: Destination) {
        let (what, becomes) = match item {
            Item::Certificate(certificate) => {
                let becomes = match (defect(certificate), destination) {
                    (Some(why), _) => Becomes::Refused(format!("it can never be accepted: {why}")),
                    (None, Destination::Trusted) => Becomes::Trusted,
                    (None, Destination::Issuer) if certificate.is_ca() => Becomes::Issuer,
                    (None, Destination::Issuer) => Becomes::Refused(
                        "it is no authority (cA is not TRUE), and issues nothing that would be accepted"
                            .to_owned(),
                    ),
                };
                (Imported::Certificate(certificate.clone()), becomes)
            }
            Item::Crl(crl) => (Imported::Crl(crl.clone()), Becomes::RevocationList),
            other => (Imported::Nothing, Becomes::Refused(format!("it is {}", other.describe()))),
        };
        self.entries.push(PlannedImport { path: path.to_owned(), what, becomes });
    }

    fn taken(&self, wanted: &Becomes) -> impl Iterator<Item = &Certificate> {
        self.entries.iter().filter(move |entry| entry.becomes == *wanted).filter_map(|entry| {
            match &entry.what {
                Imported::Certificate(certificate) => Some(certificate),
                _ => None,
            }
        })
    }
}

impl Store {
    /// What would become of everything in a file that was read.
    ///
    /// To be trusted is only what issued nothing else in the file: of a certificate that comes with its chain the
    /// certificate itself, while the authorities above it become issuers, which give no trust.
    pub fn plan_file(
        &self,
        path: &Path,
        material: &Material,
        destination: Destination,
    ) -> Result<ImportPlan, Error> {
        let mut plan = ImportPlan::default();
        let all: Vec<&Certificate> = material.certificates().collect();
        let mut budget = MAX_VERIFIED;
        for item in material.items() {
            let destination = match item {
                Item::Certificate(one) if issued_another(one, &all, &mut budget) => Destination::Issuer,
                _ => destination,
            };
            plan.add_item(path, item, destination);
        }
        self.settle(&mut plan)?;
        Ok(plan)
    }

    /// Finds what is there already, and what the revocation lists are worth.
    pub(super) fn settle(&self, plan: &mut ImportPlan) -> Result<(), Error> {
        let list = self.trust_list()?;
        let mut seen = HashSet::new();
        for entry in &mut plan.entries {
            let there = match (&entry.what, &entry.becomes) {
                (Imported::Certificate(one), Becomes::Trusted) => list.trusted().contains(one),
                (Imported::Certificate(one), Becomes::Issuer) => {
                    list.trusted().contains(one) || list.issuers().contains(one)
                }
                (Imported::Crl(crl), _) => list.crls().iter().any(|other| other.der() == crl.der()),
                _ => continue,
            };
            let digest = match &entry.what {
                Imported::Certificate(one) => Some((one.thumbprint(), entry.becomes == Becomes::Trusted)),
                Imported::Crl(crl) => Some((crate::Thumbprint::of(crl.der()), false)),
                Imported::Nothing => None,
            };
            if there || digest.is_some_and(|digest| !seen.insert(digest)) {
                entry.becomes = Becomes::AlreadyThere;
            }
        }
        let known: Vec<Certificate> = list
            .trusted()
            .iter()
            .chain(list.issuers())
            .chain(plan.taken(&Becomes::Trusted))
            .chain(plan.taken(&Becomes::Issuer))
            .cloned()
            .collect();
        for entry in &mut plan.entries {
            if let (Imported::Crl(crl), Becomes::RevocationList) = (&entry.what, &entry.becomes)
                && let Some(why) = worthless(crl, &known)
            {
                entry.becomes = Becomes::Refused(format!("it {why}"));
            }
        }
        Ok(())
    }

    /// Does what the plan says: all of it, or nothing when something cannot be written.
    pub fn import(&self, plan: &ImportPlan) -> Result<(), Error> {
        let mut written = Vec::new();
        // lists last: they go beside their authority, which may be in the same plan
        let is_list = |entry: &&PlannedImport| entry.becomes == Becomes::RevocationList;
        let lists = plan.entries.iter().filter(is_list);
        let others = plan.entries.iter().filter(|entry| !is_list(entry));
        let outcome = others.chain(lists).try_for_each(|entry| self.write(entry, &mut written));
        if outcome.is_err() {
            for path in written {
                // best effort: the first error is the one to report
                drop(files::remove(&path));
            }
            return outcome;
        }
        for file in read_files(&self.root.join("rejected/certs"))? {
            file.take_out(|rejected| plan.taken(&Becomes::Trusted).any(|trusted| trusted == rejected))?;
        }
        Ok(())
    }

    /// Writes one thing, and notes the file when it is new.
    fn write(&self, entry: &PlannedImport, written: &mut Vec<PathBuf>) -> Result<(), Error> {
        let folder = match entry.becomes {
            Becomes::Trusted => self.root.join("trusted/certs"),
            Becomes::Issuer => self.root.join("issuers/certs"),
            Becomes::RevocationList | Becomes::AlreadyThere | Becomes::Refused(_) => PathBuf::new(),
        };
        match (&entry.what, &entry.becomes) {
            (Imported::Certificate(one), Becomes::Trusted | Becomes::Issuer) => {
                let new = std::fs::symlink_metadata(folder.join(file_name(one))).is_err();
                let path = write_certificate(&folder, one)?;
                written.extend(new.then_some(path));
            }
            // its name has its thumbprint, and a list that is there already is not planned
            (Imported::Crl(crl), Becomes::RevocationList) => written.push(self.add_crl(crl)?),
            _ => {}
        }
        Ok(())
    }
}

/// Why a certificate fails step 1 of Part 4 §6.1.3 whatever it is used for, or step 3 by itself.
fn defect(certificate: &Certificate) -> Option<&str> {
    let facts = certificate.facts();
    let altered = || {
        facts.names_itself_as_issuer()
            && facts.signature_algorithm != CertificateSignature::Unsupported
            && !certificate.public_key().kind().is_too_small_to_prove()
            && !certificate.is_signed_by(certificate)
    };
    match facts.defects.first() {
        Some(defect) => Some(defect),
        None if altered() => Some("it is not signed by its own key: it was altered or made wrongly"),
        None => None,
    }
}

/// Whether another certificate of the file is signed by this one. Certificates of one name could make this dear.
fn issued_another(issuer: &Certificate, all: &[&Certificate], budget: &mut usize) -> bool {
    issuer.is_ca()
        && all.iter().any(|one| {
            *one != issuer
                && one.facts().issuer_key == issuer.facts().subject_key
                && one.facts().key_identifier_fits(issuer.facts())
                && budget.checked_sub(1).is_some_and(|rest| {
                    *budget = rest;
                    one.is_signed_by(issuer)
                })
        })
}

/// Why a list counts for none of the authorities that bear its issuer's name; `None` when it does, or when none is
/// known yet.
fn worthless(crl: &Crl, known: &[Certificate]) -> Option<&'static str> {
    let mut authorities = known.iter().filter(|one| crl.names_issuer(one)).peekable();
    let first = *authorities.peek()?;
    if authorities.any(|one| crl.why_unusable(one).is_none()) {
        return None;
    }
    crl.why_unusable(first)
}

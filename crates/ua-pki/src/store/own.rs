//! Our own certificates and keys in the store, and how one takes the place of another.
//!
//! There is one active pair, at most one that waits to be used next, and at most one that was used before. The files of
//! a pair are written first, and the one file that says which is active is replaced after that: a power cut in between
//! leaves the pair that was active, and a few bytes that nobody asks for.

use std::path::PathBuf;

use super::certificate_files::{file_stem, read_certificates, read_files, write_certificate};
use super::roles::{Entry, Roles};
use super::{Store, files, roles};
use crate::certificate::MAX_CHAIN;
use crate::{ApplicationIdentity, Certificate, Error, PrivateKey};

/// The key of our first certificate.
const KEY_FILE: &str = "lockgate.pem";
const CERTIFICATES: &str = "own/certs";
const KEYS: &str = "own/private";

/// What a pair of ours is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OwnRole {
    /// In use.
    Active,
    /// Waits until the servers trust it.
    Next,
    /// Was in use before.
    Former,
}

impl std::fmt::Display for OwnRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Next => "next",
            Self::Former => "former",
        })
    }
}

/// A certificate of ours and where its parts lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPair {
    /// The certificate.
    pub certificate: Certificate,
    /// Its file, fit to be carried to a server.
    pub certificate_file: PathBuf,
    /// The file of its private key.
    pub key_file: PathBuf,
}

impl Store {
    /// Our certificate and key that are in use; `None` when there are none yet.
    ///
    /// Where nothing was renewed, it finds the certificate that belongs to the key, whatever the file is called, and the
    /// youngest if there are several. The issuers are looked for beside it, among the issuers and among the trusted.
    pub fn own(&self) -> Result<Option<ApplicationIdentity>, Error> {
        self.own_of(OwnRole::Active)
    }

    /// Our certificate and key in that role.
    pub fn own_of(&self, role: OwnRole) -> Result<Option<ApplicationIdentity>, Error> {
        let Some(pair) = self.own_pair(role)? else { return Ok(None) };
        let key = PrivateKey::load(&pair.key_file)?;
        ApplicationIdentity::new(self.chain_of(pair.certificate)?, key).map(Some)
    }

    /// Our certificate in that role, and where its parts lie; does not touch the key where the roles are written down.
    pub fn own_pair(&self, role: OwnRole) -> Result<Option<OwnPair>, Error> {
        let roles = Roles::read(&self.root)?;
        match roles.get(role) {
            Some(entry) => self.find(role, entry).map(Some),
            None if role == OwnRole::Active => self.pair_by_files(),
            None => Ok(None),
        }
    }

    /// Keeps our certificate and key and uses them from now on; what was in use becomes the former pair.
    pub fn save_own(&self, identity: &ApplicationIdentity) -> Result<(), Error> {
        let Some(roles) = self.written_roles()? else { return self.save_first(identity) };
        let entry = self.write_pair(&roles, identity)?;
        if roles.active.as_ref() == Some(&entry) {
            return Ok(());
        }
        let next = roles.next.clone().filter(|next| *next != entry);
        let roles = self.without_former(Roles { next, ..roles }, Some(&entry))?;
        Roles { former: roles.active, active: Some(entry), next: roles.next }.write(&self.root)
    }

    /// Keeps a certificate and key to be used next; those in use stay in use. Fails when there are none in use
    /// ([`Error::NoOwnPair`]), and when another pair waits already ([`Error::OwnPairWaits`]).
    pub fn save_next(&self, identity: &ApplicationIdentity) -> Result<(), Error> {
        let roles = self.written_roles()?.ok_or_else(|| self.no_pair(OwnRole::Active))?;
        let thumbprint = identity.certificate().thumbprint();
        if roles.active.as_ref().is_some_and(|active| active.thumbprint == thumbprint) {
            return Ok(());
        }
        if let Some(waits) = roles.next.as_ref().filter(|waits| waits.thumbprint != thumbprint) {
            return Err(Error::OwnPairWaits { thumbprint: waits.thumbprint.to_string() });
        }
        self.replace_next(identity)
    }

    /// As [`save_next`](Self::save_next), and in place of the pair that waits, if there is one.
    pub fn replace_next(&self, identity: &ApplicationIdentity) -> Result<(), Error> {
        let roles = self.written_roles()?.ok_or_else(|| self.no_pair(OwnRole::Active))?;
        let next = self.write_pair(&roles, identity)?;
        let replaced = roles.next.clone().filter(|replaced| *replaced != next);
        let roles = Roles { next: Some(next), ..roles };
        roles.write(&self.root)?;
        replaced.map_or(Ok(()), |replaced| self.remove_pair(&roles, &replaced))
    }

    /// Uses the next pair from now on; the one in use becomes the former one, and the former one before it goes.
    /// Returns the pair that is in use now. Fails with [`Error::NoOwnPair`] when none waits.
    pub fn use_next(&self) -> Result<ApplicationIdentity, Error> {
        // read whole before anything changes: nobody switches to a pair that does not work
        let identity = self.own_of(OwnRole::Next)?.ok_or_else(|| self.no_pair(OwnRole::Next))?;
        let roles = self.without_former(Roles::read(&self.root)?, None)?;
        Roles { active: roles.next, former: roles.active, next: None }.write(&self.root)?;
        Ok(identity)
    }

    /// Uses the former pair again; the one in use takes its place. Returns the pair that is in use now. Fails with
    /// [`Error::NoOwnPair`] when there is none.
    pub fn use_former(&self) -> Result<ApplicationIdentity, Error> {
        let identity = self.own_of(OwnRole::Former)?.ok_or_else(|| self.no_pair(OwnRole::Former))?;
        let roles = Roles::read(&self.root)?;
        Roles { active: roles.former, former: roles.active, next: roles.next }.write(&self.root)?;
        Ok(identity)
    }

    /// Takes the pair out that waits to be used next, and its key unless another pair has the same. Returns its
    /// certificate; `None` when none waits.
    pub fn drop_next(&self) -> Result<Option<Certificate>, Error> {
        let roles = Roles::read(&self.root)?;
        let Some(next) = roles.next.clone() else { return Ok(None) };
        let certificate = self.find(OwnRole::Next, &next).ok().map(|pair| pair.certificate);
        let kept = Roles { next: None, ..roles };
        kept.write(&self.root)?;
        self.remove_pair(&kept, &next)?;
        Ok(certificate)
    }

    /// The roles as they are written down; where they are not yet, what is in use is written down first, so that a new
    /// pair can be put beside it. `None` when there is no pair.
    fn written_roles(&self) -> Result<Option<Roles>, Error> {
        let roles = Roles::read(&self.root)?;
        if roles.active.is_some() {
            return Ok(Some(roles));
        }
        let Some(pair) = self.pair_by_files()? else { return Ok(None) };
        let key = pair.key_file.file_name().and_then(|name| name.to_str());
        let key = key.ok_or_else(|| {
            Error::UnusableKey(format!("{} has a name that is no text", pair.key_file.display()))
        })?;
        let active = Entry { thumbprint: pair.certificate.thumbprint(), key: key.to_owned() };
        let roles = Roles { active: Some(active), ..Roles::default() };
        roles.write(&self.root)?;
        Ok(Some(roles))
    }

    /// The certificate is written first: without its key it is nothing yet.
    fn save_first(&self, identity: &ApplicationIdentity) -> Result<(), Error> {
        self.write_chain(identity)?;
        identity.key().save(&self.root.join(KEYS).join(KEY_FILE))
    }

    /// Writes the files of a pair beside those that are there. The file of a key that is there already is shared.
    fn write_pair(&self, roles: &Roles, identity: &ApplicationIdentity) -> Result<Entry, Error> {
        let certificate = identity.certificate();
        let thumbprint = certificate.thumbprint();
        let shared = roles.entries().find(|entry| {
            let key = PrivateKey::load(&self.root.join(KEYS).join(&entry.key));
            key.is_ok_and(|key| key.belongs_to(certificate.public_key()))
        });
        let key = match shared {
            Some(entry) => entry.key.clone(),
            None => {
                let name =
                    format!("{}.pem", file_stem(certificate.common_name().unwrap_or("unnamed"), &thumbprint));
                identity.key().save(&self.root.join(KEYS).join(&name))?;
                name
            }
        };
        self.write_chain(identity)?;
        Ok(Entry { thumbprint, key })
    }

    /// Our certificate into `own/certs`, its issuers to the issuers, where they give no trust.
    fn write_chain(&self, identity: &ApplicationIdentity) -> Result<(), Error> {
        for issuer in identity.chain().iter().skip(1) {
            self.add_issuer(issuer)?;
        }
        write_certificate(&self.root.join(CERTIFICATES), identity.certificate()).map(drop)
    }

    /// Forgets the former pair and removes its files, but for those of `kept`.
    fn without_former(&self, roles: Roles, kept: Option<&Entry>) -> Result<Roles, Error> {
        let Some(former) = roles.former.clone() else { return Ok(roles) };
        let roles = Roles { former: None, ..roles };
        roles.write(&self.root)?;
        if kept.is_none_or(|kept| kept.thumbprint != former.thumbprint) {
            let mut needed = roles.clone();
            // any role will do: what counts is that its key stays
            needed.former = kept.cloned();
            self.remove_pair(&needed, &former)?;
        }
        Ok(roles)
    }

    fn remove_pair(&self, kept: &Roles, entry: &Entry) -> Result<(), Error> {
        if kept.entries().all(|other| other.thumbprint != entry.thumbprint) {
            for file in read_files(&self.root.join(CERTIFICATES))? {
                file.take_out(|certificate| certificate.thumbprint() == entry.thumbprint)?;
            }
        }
        let key = self.root.join(KEYS).join(&entry.key);
        if kept.entries().all(|other| other.key != entry.key) && key.exists() {
            files::remove(&key)?;
        }
        Ok(())
    }

    fn find(&self, role: OwnRole, entry: &Entry) -> Result<OwnPair, Error> {
        let folder = self.root.join(CERTIFICATES);
        let found = read_files(&folder)?.into_iter().find_map(|file| {
            let certificate = file.certificates.iter().find(|one| one.thumbprint() == entry.thumbprint)?;
            Some((certificate.clone(), file.path.clone()))
        });
        let Some((certificate, certificate_file)) = found else {
            let why = format!(
                "names {} as the {role} certificate, but {} does not have it; put it back, or remove this file to go by \
                 the key",
                entry.thumbprint,
                folder.display()
            );
            return Err(Error::OwnRoles { path: roles::path(&self.root), why });
        };
        Ok(OwnPair { certificate, certificate_file, key_file: self.root.join(KEYS).join(&entry.key) })
    }

    /// The pair that the files alone tell of.
    fn pair_by_files(&self) -> Result<Option<OwnPair>, Error> {
        let Some(key_file) = self.first_key()? else { return Ok(None) };
        let key = PrivateKey::load(&key_file)?;
        let folder = self.root.join(CERTIFICATES);
        let ours = read_files(&folder)?.into_iter().flat_map(|file| {
            let path = file.path;
            file.certificates.into_iter().map(move |certificate| (certificate, path.clone()))
        });
        // the youngest, if the certificate was renewed for the same key
        let youngest = ours
            .filter(|(certificate, _)| key.belongs_to(certificate.public_key()))
            .max_by_key(|(certificate, _)| certificate.not_before());
        let Some((certificate, certificate_file)) = youngest else {
            let text = format!("no certificate in {} belongs to {}", folder.display(), key_file.display());
            return Err(Error::UnusableKey(text));
        };
        Ok(Some(OwnPair { certificate, certificate_file, key_file }))
    }

    fn first_key(&self) -> Result<Option<PathBuf>, Error> {
        let folder = self.root.join(KEYS);
        let files = files::list(&folder)?;
        let preferred = folder.join(KEY_FILE);
        let found = files.iter().map(|(path, _)| path).find(|path| **path == preferred);
        Ok(found.or_else(|| files.first().map(|(path, _)| path)).cloned())
    }

    /// The certificate and its issuers, as far as the store has them.
    fn chain_of(&self, leaf: Certificate) -> Result<Vec<Certificate>, Error> {
        let (mut known, _) = read_certificates(&self.root.join(CERTIFICATES))?;
        if !leaf.facts().names_itself_as_issuer() {
            let list = self.trust_list()?;
            known.extend(list.issuers().iter().chain(list.trusted()).cloned());
        }
        Ok(chain_among(leaf, &known))
    }

    fn no_pair(&self, role: OwnRole) -> Error {
        Error::NoOwnPair { role, store: self.root.clone() }
    }
}

/// The certificate and its issuers, as far as they are known.
pub(super) fn chain_among(leaf: Certificate, known: &[Certificate]) -> Vec<Certificate> {
    let mut chain = vec![leaf];
    while let Some(last) = chain.last()
        && chain.len() < MAX_CHAIN
        && !last.facts().names_itself_as_issuer()
        && let Some(issuer) = known
            .iter()
            .find(|issuer| last.facts().issuer_key == issuer.facts().subject_key && last.is_signed_by(issuer))
    {
        chain.push(issuer.clone());
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::super::files::power;
    use super::*;
    use crate::{ApplicationProfile, KeyKind};

    fn pair(number: i64) -> ApplicationIdentity {
        let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        ApplicationIdentity::self_signed(&ApplicationProfile {
            common_name: format!("pair {number}"),
            organization: None,
            application_uri: "urn:x:lockgate".to_owned(),
            dns_names: Vec::new(),
            ip_addresses: Vec::new(),
            key: KeyKind::EcP256,
            valid_from: start + jiff::SignedDuration::from_hours(number),
            days: 30,
        })
        .unwrap()
    }

    /// Does `act` with the power failing at every step in turn, and looks what is in use after each failure. Returns
    /// what is in use after it succeeded, and at how many steps it failed before.
    fn with_power_cuts(
        prepare: &dyn Fn(&Store),
        act: &dyn Fn(&Store) -> Result<(), Error>,
        allowed: &dyn Fn(Option<&ApplicationIdentity>) -> bool,
    ) -> (Option<ApplicationIdentity>, usize) {
        for steps in 0..200 {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("pki");
            prepare(&Store::open(&root).unwrap());
            power::fail_after(Some(steps));
            let done = act(&Store::open(&root).unwrap());
            power::fail_after(None);
            let after = Store::open(&root).unwrap().own().unwrap();
            assert!(allowed(after.as_ref()), "after {steps} steps");
            if done.is_ok() {
                return (after, steps);
            }
            // whoever comes back after the power cut can do the same again, to the end
            act(&Store::open(&root).unwrap()).or_else(already).unwrap();
            assert!(Store::open(&root).unwrap().own().unwrap().is_some());
        }
        panic!("it never ends");
    }

    /// The cut came after the last thing to do.
    fn already(error: Error) -> Result<(), Error> {
        match error {
            Error::NoOwnPair { role: OwnRole::Next, .. } => Ok(()),
            other => Err(other),
        }
    }

    fn is(identity: Option<&ApplicationIdentity>, expected: &ApplicationIdentity) -> bool {
        identity.is_some_and(|one| one.certificate() == expected.certificate())
    }

    #[test]
    fn a_power_cut_while_the_first_pair_is_kept_leaves_none_or_the_whole_pair() {
        let first = pair(1);
        let (after, steps) = with_power_cuts(&|_| {}, &|store| store.save_own(&first), &|own| {
            own.is_none() || is(own, &first)
        });
        assert!(is(after.as_ref(), &first) && steps >= 6, "{steps}");
    }

    #[test]
    fn a_power_cut_while_the_next_pair_is_made_changes_nothing_that_is_in_use() {
        let (first, second) = (pair(1), pair(2));
        let (after, steps) = with_power_cuts(
            &|store| store.save_own(&first).unwrap(),
            &|store| store.save_next(&second),
            &|own| is(own, &first),
        );
        assert!(is(after.as_ref(), &first) && steps >= 12, "{steps}");
    }

    #[test]
    fn a_power_cut_while_the_next_pair_is_replaced_leaves_a_next_pair_that_works() {
        let (first, second, third) = (pair(1), pair(2), pair(3));
        with_power_cuts(
            &|store| {
                store.save_own(&first).unwrap();
                store.save_next(&second).unwrap();
            },
            &|store| {
                let done = store.replace_next(&third);
                power::fail_after(None);
                let next = store.own_of(OwnRole::Next).unwrap();
                assert!(is(next.as_ref(), &second) || is(next.as_ref(), &third));
                done
            },
            &|own| is(own, &first),
        );
    }

    #[test]
    fn a_power_cut_while_the_next_certificate_for_the_same_key_is_kept_changes_nothing_that_is_in_use() {
        let first = pair(1);
        let profile = ApplicationProfile {
            common_name: "pair 1".to_owned(),
            organization: None,
            application_uri: "urn:x:lockgate".to_owned(),
            dns_names: Vec::new(),
            ip_addresses: Vec::new(),
            key: KeyKind::EcP256,
            valid_from: "2026-03-01T00:00:00Z".parse().unwrap(),
            days: 30,
        };
        let second = ApplicationIdentity::self_signed_for(&profile, first.key().clone()).unwrap();
        let (after, _) = with_power_cuts(
            &|store| store.save_own(&first).unwrap(),
            &|store| store.save_next(&second),
            &|own| is(own, &first),
        );
        assert!(is(after.as_ref(), &first));
    }

    #[test]
    fn a_power_cut_while_switching_leaves_one_of_the_two_in_use() {
        let (zero, first, second) = (pair(0), pair(1), pair(2));
        let (after, steps) = with_power_cuts(
            &|store| {
                store.save_own(&zero).unwrap();
                store.save_next(&first).unwrap();
                store.use_next().unwrap();
                store.save_next(&second).unwrap();
            },
            &|store| store.use_next().map(drop),
            &|own| is(own, &first) || is(own, &second),
        );
        assert!(is(after.as_ref(), &second) && steps >= 9, "{steps}");
    }

    #[test]
    fn a_power_cut_while_another_pair_is_taken_into_use_leaves_one_of_the_two() {
        let (zero, first, second) = (pair(0), pair(1), pair(2));
        let (after, _) = with_power_cuts(
            &|store| {
                store.save_own(&zero).unwrap();
                store.save_own(&first).unwrap();
            },
            &|store| store.save_own(&second),
            &|own| is(own, &first) || is(own, &second),
        );
        assert!(is(after.as_ref(), &second));
    }

    #[test]
    fn a_power_cut_while_going_back_or_dropping_leaves_a_pair_in_use() {
        let (zero, first, second) = (pair(0), pair(1), pair(2));
        let prepare = |store: &Store| {
            store.save_own(&zero).unwrap();
            store.save_own(&first).unwrap();
            store.save_next(&second).unwrap();
        };
        with_power_cuts(&prepare, &|store| store.use_former().map(drop), &|own| {
            is(own, &zero) || is(own, &first)
        });
        with_power_cuts(&prepare, &|store| store.drop_next().map(drop), &|own| is(own, &first));
    }
}

//! The gate: one attempt to log in, one answer.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use ua_pki::TrustList;

use super::{
    certificates::UserCertificates,
    lockout::{Guesser, Lockout},
    mapping::{Directory, Identity},
    role::Roles,
    user::{MAX_NAME_BYTES, UserAccount},
};
use crate::{
    AnonymousLogin, Error, ServerConfig, clock::Clock, core::fill_random, limits::Limits, values::Ticks,
};

/// A login with a password.
pub(crate) struct Attempt<'a> {
    pub(crate) address: IpAddr,
    pub(crate) application: Option<[u8; 32]>,
    pub(crate) user: &'a str,
    /// `None` when the secret could not be decrypted: it is then refused as a wrong password is.
    pub(crate) password: Option<&'a [u8]>,
}

/// Users, rules and trust at one time.
pub(crate) struct Roster<'a> {
    directory: Arc<Directory>,
    certificates: Option<&'a UserCertificates>,
    trust: Option<TrustList>,
}

impl Roster<'_> {
    /// Tells one state of the trust in users from another.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.trust.as_ref().map(TrustList::generation)
    }

    pub(crate) fn roles(&self, identity: &Identity) -> Roles {
        self.directory.roles(identity, |chain, policy| {
            let asked = self.certificates.zip(self.trust.as_ref());
            asked.is_some_and(|(certificates, trust)| certificates.judge(trust, chain, policy).is_ok())
        })
    }
}

pub(crate) struct Gate {
    directory: RwLock<Arc<Directory>>,
    certificates: Option<UserCertificates>,
    anonymous: AnonymousLogin,
    /// Compared with when there is no such user, so that it takes as long.
    nobody: UserAccount,
    lockout: Mutex<Lockout>,
    limits: Limits,
}

impl Gate {
    /// Opens the store of user certificates, if there is to be one.
    pub(crate) fn new(config: &ServerConfig, clock: Clock) -> Result<Self, Error> {
        let mut secret = [0; 16];
        fill_random(&mut secret)?;
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            directory: RwLock::new(Arc::new(Directory::new(&config.users, &config.role_rules)?)),
            certificates: config
                .user_certificates
                .as_deref()
                .map(|folder| UserCertificates::open(folder, clock))
                .transpose()?,
            anonymous: config.anonymous,
            nobody: UserAccount::with_password("nobody", &secret)?,
            lockout: Mutex::default(),
            limits: config.limits.clone(),
        })
    }

    /// Users and rules as they stand now.
    fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Other users and rules from now on.
    pub(crate) fn replace_directory(&self, directory: Directory) {
        *self.directory.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(directory);
    }

    /// Users, rules and trust as they are now, to ask about several.
    pub(crate) fn roster(&self) -> Roster<'_> {
        let trust = self.certificates.as_ref().and_then(UserCertificates::trust);
        Roster { directory: self.directory(), certificates: self.certificates.as_ref(), trust }
    }

    pub(crate) fn has_users(&self) -> bool {
        self.directory().has_users()
    }

    /// The users who log in with a certificate, if any may.
    pub(crate) fn certificates(&self) -> Option<&UserCertificates> {
        self.certificates.as_ref()
    }

    pub(crate) fn admits_anonymous(&self) -> bool {
        self.anonymous == AnonymousLogin::Allowed
    }

    /// The user, if name and password are right and nobody has been guessing. Costs one password hash: not for an async thread.
    pub(crate) fn log_in(&self, attempt: &Attempt<'_>, now: Ticks) -> Option<Arc<str>> {
        // nobody is called so: nothing to compare with, and the table of guessers keeps no such names
        if attempt.user.len() > MAX_NAME_BYTES {
            return None;
        }
        let by_user = Guesser::User(attempt.address, attempt.user.to_owned());
        let by_application = attempt.application.map(Guesser::Application);
        {
            let lockout = self.lockout.lock().unwrap_or_else(PoisonError::into_inner);
            if lockout.is_locked(&by_user, now)
                || by_application.as_ref().is_some_and(|who| lockout.is_locked(who, now))
            {
                return None;
            }
        }
        let directory = self.directory();
        let known = directory.user(attempt.user);
        let account = known.map_or(&self.nobody, |(_, account)| account);
        let matches = account.verify(attempt.password.unwrap_or_default());
        let user = known.filter(|_| matches && attempt.password.is_some()).map(|(name, _)| Arc::clone(name));
        let mut lockout = self.lockout.lock().unwrap_or_else(PoisonError::into_inner);
        if user.is_some() {
            // the application's count stays: else one known password would buy endless guesses at the others
            lockout.succeeded(&by_user);
        } else {
            lockout.failed(by_user, now, &self.limits);
            by_application.into_iter().for_each(|who| lockout.failed(who, now, &self.limits));
        }
        user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt<'a>(user: &'a str, password: Option<&'a [u8]>) -> Attempt<'a> {
        Attempt { address: std::net::Ipv4Addr::LOCALHOST.into(), application: Some([7; 32]), user, password }
    }

    fn gate() -> Gate {
        let mut config = ServerConfig::new("test", "urn:test", std::path::PathBuf::new());
        config.users = vec![UserAccount::with_password("reader", "Käse😀").unwrap()];
        Gate::new(&config, Clock::start()).unwrap()
    }

    #[test]
    fn only_the_right_password_of_a_known_user_opens_the_gate() {
        let gate = gate();
        assert_eq!(gate.log_in(&attempt("reader", Some("Käse😀".as_bytes())), 0).as_deref(), Some("reader"));
        assert_eq!(gate.log_in(&attempt("reader", Some(b"wrong")), 0), None);
        assert_eq!(gate.log_in(&attempt("reader", Some(b"")), 0), None);
        assert_eq!(gate.log_in(&attempt("reader", None), 0), None);
        assert_eq!(gate.log_in(&attempt("nobody", Some(b"x")), 0), None);
    }

    #[test]
    fn an_overlong_name_is_refused_and_not_remembered() {
        let gate = gate();
        let remembered = || gate.lockout.lock().unwrap().len();
        let mut name = "n".repeat(MAX_NAME_BYTES + 1);
        assert_eq!(gate.log_in(&attempt(&name, Some(b"x")), 0), None);
        assert_eq!(remembered(), 0);
        name.pop();
        assert_eq!(gate.log_in(&attempt(&name, Some(b"x")), 0), None);
        assert_eq!(remembered(), 2, "the user and the application");
    }

    #[test]
    fn after_too_many_wrong_passwords_the_right_one_is_refused_until_the_pause_is_over() {
        let gate = gate();
        for _ in 0..6 {
            assert_eq!(gate.log_in(&attempt("reader", Some(b"wrong")), 0), None);
        }
        assert_eq!(gate.log_in(&attempt("reader", Some("Käse😀".as_bytes())), 0), None);
        let later = 1_001 * crate::TICKS_PER_MS;
        assert_eq!(
            gate.log_in(&attempt("reader", Some("Käse😀".as_bytes())), later).as_deref(),
            Some("reader")
        );
    }

    #[test]
    fn guessing_from_another_address_with_another_certificate_does_not_lock_a_user_out() {
        let gate = gate();
        for _ in 0..8 {
            assert_eq!(gate.log_in(&attempt("reader", Some(b"wrong")), 0), None);
        }
        let elsewhere = Attempt {
            address: std::net::Ipv4Addr::new(10, 0, 0, 1).into(),
            application: Some([8; 32]),
            user: "reader",
            password: Some("Käse😀".as_bytes()),
        };
        assert_eq!(gate.log_in(&elsewhere, 0).as_deref(), Some("reader"));
    }
}

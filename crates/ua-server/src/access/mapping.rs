//! Who has which role: users with their roles, and identity mapping rules (Part 18 §4.4).

use std::{collections::HashMap, sync::Arc};

use ua_pki::{Certificate, SecurityPolicy};

use super::{
    role::{Role, Roles},
    user::UserAccount,
};
use crate::Error;

/// Gives a role to everybody who meets a criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRule {
    /// The role.
    pub role: Role,
    /// Who gets it.
    pub criterion: Criterion,
}

/// Who is meant by a rule (Part 18 §4.4.3). Texts are compared whole, as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Criterion {
    /// The user who logged in by this name.
    UserName(String),
    /// The user whose certificate has this SHA-1 thumbprint: 40 hexadecimal digits, upper case, without colons.
    Thumbprint(String),
    /// The user whose certificate has this subject, as `lockgate cert show` prints it.
    Subject(String),
    /// Whoever logged in.
    AuthenticatedUser,
    /// Whoever did not.
    Anonymous,
    /// The application with this URI, if it proved that it holds the certificate that says so.
    Application(String),
    /// Every application that proved who it is.
    TrustedApplication,
}

/// How a user proved who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Login {
    Anonymous,
    Password(Arc<str>),
    Certificate { thumbprint: String, subject: String, chain: Arc<[Certificate]>, policy: SecurityPolicy },
}

/// Who is behind a session: what rules can be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) login: Login,
    /// URI of the application, where the channel proved it.
    pub(crate) application: Option<String>,
}

/// Users and rules as they stand.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    users: HashMap<Arc<str>, UserAccount>,
    rules: Vec<RoleRule>,
}

impl Directory {
    /// Refuses rules for roles that follow from how a session came about: those cannot be given.
    pub(crate) fn new(users: &[UserAccount], rules: &[RoleRule]) -> Result<Self, Error> {
        let given =
            rules.iter().map(|rule| rule.role).chain(users.iter().flat_map(|user| user.roles().iter()));
        if given.into_iter().any(|role| !role.is_given()) {
            return Err(Error::Config(
                "Anonymous, AuthenticatedUser and TrustedApplication cannot be given to anybody",
            ));
        }
        let users = users.iter().map(|user| (Arc::from(user.name()), user.clone())).collect();
        Ok(Self { users, rules: rules.to_vec() })
    }

    pub(crate) fn has_users(&self) -> bool {
        !self.users.is_empty()
    }

    pub(crate) fn user(&self, name: &str) -> Option<(&Arc<str>, &UserAccount)> {
        self.users.get_key_value(name)
    }

    /// The roles of somebody. A user who is no longer there, or whose certificate is no longer trusted, has those of everybody.
    pub(super) fn roles(
        &self,
        identity: &Identity,
        is_trusted: impl Fn(&[Certificate], SecurityPolicy) -> bool,
    ) -> Roles {
        let (is_user, own) = match &identity.login {
            Login::Anonymous => (false, Roles::default()),
            Login::Password(name) => match self.users.get(name) {
                Some(user) => (true, user.roles()),
                None => (false, Roles::default()),
            },
            Login::Certificate { chain, policy, .. } => (is_trusted(chain, *policy), Roles::default()),
        };
        let gone = !is_user && identity.login != Login::Anonymous;
        let mut roles = own.with(Role::Anonymous);
        if is_user {
            roles = roles.with(Role::AuthenticatedUser);
        }
        if identity.application.is_some() {
            roles = roles.with(Role::TrustedApplication);
        }
        let fitting = self.rules.iter().filter(|rule| !gone && rule.criterion.fits(identity, is_user));
        fitting.fold(roles, |roles, rule| roles.with(rule.role))
    }
}

impl Criterion {
    fn fits(&self, identity: &Identity, is_user: bool) -> bool {
        match (self, &identity.login) {
            (Self::UserName(wanted), Login::Password(name)) => **name == **wanted,
            (Self::Thumbprint(wanted), Login::Certificate { thumbprint, .. }) => thumbprint == wanted,
            (Self::Subject(wanted), Login::Certificate { subject, .. }) => subject == wanted,
            (Self::AuthenticatedUser, _) => is_user,
            (Self::Anonymous, login) => *login == Login::Anonymous,
            (Self::Application(wanted), _) => identity.application.as_ref() == Some(wanted),
            (Self::TrustedApplication, _) => identity.application.is_some(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Identity {
        Identity { login: Login::Password(name.into()), application: Some("urn:app".to_owned()) }
    }

    fn certified(subject: &str) -> Identity {
        let (thumbprint, chain) = ("AB12".to_owned(), Arc::from([]));
        let policy = SecurityPolicy::Basic256Sha256;
        let login = Login::Certificate { thumbprint, subject: subject.to_owned(), chain, policy };
        Identity { login, application: None }
    }

    fn directory(rules: &[(Role, Criterion)]) -> Directory {
        let user = UserAccount::with_password("anna", "x").unwrap();
        let rules: Vec<_> = rules
            .iter()
            .map(|(role, criterion)| RoleRule { role: *role, criterion: criterion.clone() })
            .collect();
        Directory::new(&[user.with_roles(Roles::default().with(Role::Observer))], &rules).unwrap()
    }

    fn given(directory: &Directory, identity: &Identity) -> Vec<Role> {
        directory.roles(identity, |_, _| true).iter().filter(|role| role.is_given()).collect()
    }

    #[test]
    fn each_criterion_means_those_it_names_and_nobody_else() {
        let anonymous = Identity { login: Login::Anonymous, application: None };
        let everybody = [named("anna"), certified("CN=anna"), anonymous];
        for (criterion, fitting) in [
            (Criterion::UserName("anna".to_owned()), [true, false, false]),
            (Criterion::Thumbprint("AB12".to_owned()), [false, true, false]),
            (Criterion::Subject("CN=anna".to_owned()), [false, true, false]),
            (Criterion::Subject("CN=ann".to_owned()), [false, false, false]),
            (Criterion::AuthenticatedUser, [true, true, false]),
            (Criterion::Anonymous, [false, false, true]),
            (Criterion::Application("urn:app".to_owned()), [true, false, false]),
            (Criterion::TrustedApplication, [true, false, false]),
        ] {
            let directory = directory(&[(Role::Engineer, criterion.clone())]);
            let found = everybody
                .clone()
                .map(|identity| directory.roles(&identity, |_, _| true).contains(Role::Engineer));
            assert_eq!(found, fitting, "{criterion:?}");
        }
    }

    #[test]
    fn a_user_who_is_no_longer_there_has_no_role_that_somebody_gave() {
        let everybody = [
            (Role::Operator, Criterion::AuthenticatedUser),
            (Role::Engineer, Criterion::TrustedApplication),
            (Role::Supervisor, Criterion::UserName("bert".to_owned())),
        ];
        let directory = directory(&everybody);
        assert_eq!(given(&directory, &named("anna")), [Role::Observer, Role::Operator, Role::Engineer]);
        assert_eq!(given(&directory, &named("bert")), []);
        let distrusted = directory.roles(&certified("CN=anna"), |_, _| false);
        assert_eq!(distrusted.iter().collect::<Vec<_>>(), [Role::Anonymous]);
        assert!(!directory.roles(&named("bert"), |_, _| true).contains(Role::AuthenticatedUser));
    }

    #[test]
    fn roles_that_follow_from_the_session_cannot_be_given() {
        let rule = RoleRule { role: Role::AuthenticatedUser, criterion: Criterion::Anonymous };
        assert!(Directory::new(&[], &[rule]).is_err());
        let user = UserAccount::with_password("anna", "x").unwrap();
        let user = user.with_roles(Roles::default().with(Role::TrustedApplication));
        assert!(Directory::new(&[user], &[]).is_err());
    }
}

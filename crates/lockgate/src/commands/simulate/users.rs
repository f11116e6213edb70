//! The users file of the simulated plant: who may log in by name, and who has which role.
//!
//! It is read again whenever it changes, so that a role given or taken holds at once. Passwords are in it as argon2id hashes.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use plant::{Criterion, Role, RoleRule, Roles, UserAccount};
use serde::{Deserialize, Serialize};

use super::{PASSWORD, USER};
use crate::advice::{Advice, Outcome, chain, disk};
use crate::exit::Exit;

/// Users of a new plant besides [`USER`], all with its password.
const PRACTICE: [(&str, &[&str]); 5] = [
    (USER, &["Operator"]),
    ("observer", &["Observer"]),
    ("engineer", &["Engineer"]),
    ("supervisor", &["Supervisor"]),
    ("admin", &["ConfigureAdmin", "SecurityAdmin"]),
];

/// The file in the plant's folder.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("users.json")
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UsersFile {
    /// Whether somebody may come in without saying who it is.
    #[serde(default)]
    pub(super) anonymous: bool,
    pub(super) users: Vec<User>,
    /// Who has a role besides.
    #[serde(default)]
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) name: String,
    /// argon2id in PHC form.
    pub(super) hash: String,
    #[serde(default)]
    pub(super) roles: Vec<String>,
}

/// Whom a rule gives a role: exactly one of its members beside the role says so.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rule {
    pub(super) role: String,
    /// The user of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The user whose certificate has this SHA-1 thumbprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbprint: Option<String>,
    /// The user whose certificate has this subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The application with this URI, over a channel that is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<String>,
    /// Everybody of a kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    everybody: Option<Everybody>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Everybody {
    /// Who logged in.
    AuthenticatedUser,
    /// Who did not.
    Anonymous,
    /// Whose certificate is trusted.
    TrustedApplication,
}

/// What the plant is told of it.
pub(super) type Accounts = (Vec<UserAccount>, Vec<RoleRule>);

/// The file of a plant; of a new one with the users to practise with.
pub(super) fn open(folder: &Path) -> Outcome<UsersFile> {
    let path = path(folder);
    if path.exists() {
        return read(&path);
    }
    let mut file = UsersFile::default();
    for (name, roles) in PRACTICE {
        let roles: Vec<_> = roles.iter().map(|role| (*role).to_owned()).collect();
        file.add(name, PASSWORD, &roles)?;
    }
    write(&path, &file)?;
    Ok(file)
}

pub(super) fn read(path: &Path) -> Outcome<UsersFile> {
    let wrong = |why: String| {
        let message = "the users of the plant cannot be read";
        Box::new(
            Advice::new("simulate.users", Exit::Config, message)
                .fact("file", path.display().to_string())
                .fact("reason", why)
                .then(
                    "mend the file, or move it away: a plant without one begins with users to practise with",
                ),
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let file: UsersFile = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    file.accounts().map_err(wrong)?;
    Ok(file)
}

/// Writes it anew for its owner alone: the old one stays whole until the new one is.
pub(super) fn write(path: &Path, file: &UsersFile) -> Outcome<()> {
    let failed = |error: std::io::Error| disk("write the users of the plant", path, &error);
    let text = serde_json::to_string_pretty(file).map_err(|error| failed(error.into()))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut fresh = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    fresh.write_all(text.as_bytes()).and_then(|()| fresh.write_all(b"\n")).map_err(failed)?;
    fresh.as_file().sync_all().map_err(failed)?;
    fresh.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

impl UsersFile {
    /// As the plant takes it, or what is wrong with it.
    pub(super) fn accounts(&self) -> Result<Accounts, String> {
        let mut users: Vec<UserAccount> = Vec::new();
        for user in &self.users {
            if users.iter().any(|known| known.name() == user.name) {
                return Err(format!("there are two users {:?}", user.name));
            }
            let roles = user.roles.iter().map(|name| role(name)).collect::<Result<Roles, _>>()?;
            let account = UserAccount::with_hash(&user.name, &user.hash).map_err(|error| chain(&error))?;
            users.push(account.with_roles(roles));
        }
        let rule = |rule: &Rule| Ok(RoleRule { role: role(&rule.role)?, criterion: rule.criterion()? });
        let rules = self.rules.iter().map(rule).collect::<Result<Vec<_>, String>>()?;
        Ok((users, rules))
    }

    /// One user more, with a password that is hashed here.
    pub(super) fn add(&mut self, name: &str, password: &str, roles: &[String]) -> Outcome<()> {
        let made = UserAccount::with_password(name, password);
        let account = made.map_err(|error| Advice::new("simulate.user", Exit::Usage, chain(&error)))?;
        self.users.push(User {
            name: name.to_owned(),
            hash: account.hash().to_owned(),
            roles: roles.to_vec(),
        });
        Ok(())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.users.iter().any(|user| user.name == name)
    }
}

/// A role that can be given, by its name.
pub(super) fn role(name: &str) -> Result<Role, String> {
    let given = Role::ALL.into_iter().filter(|role| role.is_given());
    Role::from_name(name).filter(|role| role.is_given()).ok_or_else(|| {
        let names: Vec<_> = given.map(Role::name).collect();
        format!("{name:?} is no role that can be given; those are {}", names.join(", "))
    })
}

impl Rule {
    fn criterion(&self) -> Result<Criterion, String> {
        let thumbprint = |text: &String| {
            let thumbprint = text.parse::<ua_pki::Thumbprint>();
            thumbprint
                .map(|thumbprint| thumbprint.to_string())
                .map_err(|_| format!("{text:?} is no SHA-1 thumbprint"))
        };
        let everybody = |everybody: Everybody| match everybody {
            Everybody::AuthenticatedUser => Criterion::AuthenticatedUser,
            Everybody::Anonymous => Criterion::Anonymous,
            Everybody::TrustedApplication => Criterion::TrustedApplication,
        };
        let given = [
            self.user.clone().map(Criterion::UserName),
            self.thumbprint.as_ref().map(thumbprint).transpose()?.map(Criterion::Thumbprint),
            self.subject.clone().map(Criterion::Subject),
            self.application.clone().map(Criterion::Application),
            self.everybody.map(everybody),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(criterion), None) => Ok(criterion),
            _ => Err(format!(
                "the rule for {:?} needs one of user, thumbprint, subject, application, everybody",
                self.role
            )),
        }
    }

    pub(super) fn words(&self) -> String {
        match self.criterion() {
            Ok(Criterion::UserName(name)) => format!("user {name}"),
            Ok(Criterion::Thumbprint(text)) => format!("thumbprint {text}"),
            Ok(Criterion::Subject(subject)) => format!("subject {subject}"),
            Ok(Criterion::Application(uri)) => format!("application {uri}"),
            Ok(Criterion::AuthenticatedUser) => "everybody who logs in".to_owned(),
            Ok(Criterion::Anonymous) => "everybody who does not log in".to_owned(),
            Ok(Criterion::TrustedApplication) => "every trusted application".to_owned(),
            Ok(_) | Err(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Accounts, String> {
        serde_json::from_str::<UsersFile>(text).map_err(|error| error.to_string())?.accounts()
    }

    #[test]
    fn a_rule_names_a_role_and_those_it_is_for() {
        let thumbprint = "AB".repeat(20);
        let text = format!(
            r#"{{"users": [], "rules": [
                {{"role": "Engineer", "subject": "CN=Anna"}},
                {{"role": "Observer", "everybody": "AuthenticatedUser"}},
                {{"role": "Operator", "thumbprint": "{}"}}]}}"#,
            thumbprint.to_lowercase()
        );
        let (_, rules) = parse(&text).unwrap();
        let criteria: Vec<_> = rules.into_iter().map(|rule| (rule.role, rule.criterion)).collect();
        assert_eq!(
            criteria,
            [
                (Role::Engineer, Criterion::Subject("CN=Anna".to_owned())),
                (Role::Observer, Criterion::AuthenticatedUser),
                (Role::Operator, Criterion::Thumbprint(thumbprint)),
            ]
        );
    }

    #[test]
    fn what_does_not_mean_anything_is_refused_with_a_reason() {
        for (text, reason) in [
            (r#"{"users": [{"name": "a", "hash": "x"}]}"#, "cannot be used"),
            (r#"{"users": [], "rules": [{"role": "Chief", "user": "a"}]}"#, "no role that can be given"),
            (r#"{"users": [], "rules": [{"role": "Anonymous", "user": "a"}]}"#, "no role that can be given"),
            (r#"{"users": [], "rules": [{"role": "Observer", "thumbprint": "12"}]}"#, "no SHA-1 thumbprint"),
            (r#"{"users": [], "rules": [{"role": "Observer"}]}"#, "needs one of"),
            (
                r#"{"users": [], "rules": [{"role": "Observer", "user": "a", "subject": "b"}]}"#,
                "needs one of",
            ),
            (r#"{"users": [], "rule": []}"#, "unknown field"),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}

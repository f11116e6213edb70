//! Where the authority is, how it opens, and what its failures mean.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use ua_pki::Error;
use ua_pki::authority::AuthorityFolder;

use crate::advice::{Advice, Outcome, bug, disk};
use crate::clock;
use crate::commands::store;
use crate::context::Context;
use crate::exit::Exit;

/// How far back what we make begins: clocks in a plant differ, and nobody may refuse it for being from the future.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(10);

/// The authority's folder, and how the user named it.
#[derive(Debug)]
pub(super) struct Place<'a> {
    context: &'a Context,
    named: Option<&'a Path>,
    pub(super) dir: PathBuf,
}

impl<'a> Place<'a> {
    pub(super) fn new(context: &'a Context, named: Option<&'a Path>) -> Self {
        let dir = named.map_or_else(|| beside(context), Path::to_path_buf);
        Self { context, named, dir }
    }

    pub(super) fn open(&self) -> Outcome<AuthorityFolder> {
        AuthorityFolder::open(&self.dir).map_err(|error| self.failed(&error))
    }

    /// A command of `ca` that reaches the same authority again.
    fn words(&self, command: &[&str]) -> Vec<String> {
        let mut words: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        if let Some(dir) = self.named {
            words.extend(["--dir".to_owned(), dir.display().to_string()]);
        }
        words
    }

    /// The same, to be copied.
    pub(super) fn command(&self, command: &[&str]) -> String {
        self.context.line(&self.words(command))
    }

    /// What a failure means for the user.
    pub(super) fn failed(&self, error: &Error) -> Box<Advice> {
        let dir = self.dir.display().to_string();
        let advice = |code, exit, text: &str| Advice::new(code, exit, text).fact("folder", dir.clone());
        Box::new(match error {
            Error::NoAuthority(_) => {
                advice("ca.missing", Exit::Config, "there is no authority in this folder")
                    .then("name the right folder with --dir, or make an authority:")
                    .then_run(&self.words(&["ca", "init"]))
            }
            Error::AuthorityExists(_) => {
                let text = "there is an authority in this folder already; it was left as it is";
                advice("ca.exists", Exit::Config, text)
                    .then("what it issued is shown by")
                    .then_run(&self.words(&["ca", "list"]))
                    .then("to make another one, name another folder with --dir")
            }
            Error::AuthorityBusy(_) => {
                advice("ca.busy", Exit::Storage, "another lockgate works with this authority")
                    .then("try again when it is done")
            }
            Error::AuthorityIndex { path, line, why } => Advice::new(
                "ca.index",
                Exit::Config,
                format!("the authority's index is damaged: line {line} {why}"),
            )
            .fact("file", path.display().to_string())
            .then("put the file back from a backup; without it nothing is issued and nothing revoked"),
            Error::NotIssued { query } => {
                advice("ca.not_issued", Exit::Usage, "this authority has issued no such certificate")
                    .fact("asked for", query.clone())
                    .then("what it issued is shown by")
                    .then_run(&self.words(&["ca", "list"]))
            }
            Error::NoThumbprint(text) => {
                let message = format!("`{text}` is neither a thumbprint nor a serial number");
                Advice::new("ca.not_a_thumbprint", Exit::Usage, message)
                    .then("both are listed by")
                    .then_run(&self.words(&["ca", "list"]))
            }
            Error::KeyNotTaken { .. } => Advice::new(
                "ca.refused",
                Exit::Usage,
                format!("not signed: {error}"),
            )
            .then(
                "RSA keys need an authority with an RSA key, elliptic curves one with a curve; another one:",
            )
            .then_run_alone(&["ca", "init", "--dir", "DIR", "--key", "ec-p256"]),
            Error::Issue(why) => Advice::new("ca.refused", Exit::Usage, format!("not signed: {why}")),
            Error::Unsuitable { .. } => {
                Advice::new("ca.refused", Exit::Usage, format!("not signed: {error}"))
            }
            Error::Io { path, source } => return disk("use the authority's folder", path, source),
            Error::KeyPermissions { .. }
            | Error::KeyMismatch { .. }
            | Error::UnusableKey(_)
            | Error::Malformed(_)
            | Error::MalformedCrl(_)
            | Error::LimitExceeded { .. }
            | Error::TooLarge { .. }
            | Error::NotAFile { .. }
            | Error::SymbolicLink(_) => return store::failed(&self.dir, error),
            other => return bug("the authority failed", other),
        })
    }
}

fn beside(context: &Context) -> PathBuf {
    match context.base() {
        here if here == Path::new(".") => PathBuf::from("ca"),
        base => base.join("ca"),
    }
}

/// When what is made now begins.
pub(super) fn start() -> Timestamp {
    clock::now().checked_sub(CLOCKS_DIFFER).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// So many days after now.
pub(super) fn in_days(days: u32) -> Timestamp {
    clock::now().checked_add(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(Timestamp::MAX)
}

/// The day of a moment.
pub(super) fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

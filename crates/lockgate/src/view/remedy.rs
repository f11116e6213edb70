//! Remedies as commands: `ua_pki` says what is to be done, here is how it is typed for the store of this call.

use std::path::Path;

use ua_pki::{Action, Remedy, Role};

use crate::context::Context;
use crate::output::escape::shell;

/// How the store of a call is reached again, and where the certificate that was judged lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Means<'a> {
    pub(crate) context: &'a Context,
    /// The store, when the call named one with `--pki`.
    pub(crate) pki: Option<&'a Path>,
    pub(crate) judged: Judged<'a>,
}

/// Where the certificate is that was judged.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Judged<'a> {
    /// Among the rejected ones of the store.
    Rejected,
    /// In this file.
    File(&'a Path),
    /// Nowhere that lasts.
    Nowhere,
}

impl<'a> Means<'a> {
    /// The store of the configuration, where the certificate waits among the rejected ones.
    pub(crate) fn configured(context: &'a Context) -> Self {
        Self { context, pki: None, judged: Judged::Rejected }
    }

    /// The words of the command that does what the remedy says; `None` when no command does.
    pub(crate) fn words(&self, remedy: &Remedy) -> Option<Vec<String>> {
        let words: Vec<String> = match (remedy.action.as_ref()?, self.judged) {
            (Action::Trust { thumbprint }, Judged::Rejected) => {
                vec!["trust".to_owned(), "accept".to_owned(), thumbprint.to_string()]
            }
            (Action::Trust { .. }, Judged::File(file)) => {
                vec!["trust".to_owned(), "import".to_owned(), file.display().to_string()]
            }
            (Action::AddIssuer { .. }, Judged::Rejected | Judged::File(_)) => {
                ["trust", "import", "ISSUER.der", "--as", "issuer"].map(str::to_owned).to_vec()
            }
            (Action::ImportCrl { .. }, Judged::Rejected | Judged::File(_)) => {
                ["trust", "import-crl", "LIST.crl"].map(str::to_owned).to_vec()
            }
            _ => return None,
        };
        let Some(pki) = self.pki else {
            return Some(self.context.words(&words.iter().map(String::as_str).collect::<Vec<_>>()));
        };
        Some([words, vec!["--pki".to_owned(), pki.display().to_string()]].concat())
    }

    /// The same as a line to copy.
    pub(crate) fn command(&self, remedy: &Remedy) -> Option<String> {
        let words = self.words(remedy)?;
        Some(format!("lockgate {}", words.iter().map(|word| shell(word)).collect::<Vec<_>>().join(" ")))
    }
}

/// Who has to act, as the person in front of the screen would say it.
pub(crate) fn who(by: ua_pki::Actor, role: Role) -> &'static str {
    match (by, role) {
        (ua_pki::Actor::Us, _) => "you",
        (ua_pki::Actor::Owner, Role::Server) => "the server's administrator",
        (ua_pki::Actor::Owner, Role::Client) => "the client's administrator",
        (ua_pki::Actor::Owner, Role::User) => "the user",
        (ua_pki::Actor::Authority, _) => "whoever runs the authority",
    }
}

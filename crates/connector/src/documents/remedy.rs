//! Remedies as commands: `ua_pki` says what is to be done, here is how it is typed for the store of this call.

use std::path::Path;

use ua_pki::{Action, Remedy, Role};

use super::Spell;
use crate::next_step::command_for;

/// Who called, and where the certificate that was judged lies.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// How its commands are typed.
    pub context: &'a dyn Spell,
    /// Where the certificate is.
    pub judged: Judged<'a>,
}

/// Where the certificate is that was judged.
#[derive(Debug, Clone, Copy)]
pub enum Judged<'a> {
    /// Among the rejected ones of the store.
    Rejected,
    /// In this file.
    File(&'a Path),
    /// Nowhere that lasts.
    Nowhere,
}

impl<'a> Means<'a> {
    /// The store of the call, where the certificate waits among the rejected ones.
    pub fn waiting(context: &'a dyn Spell) -> Self {
        Self { context, judged: Judged::Rejected }
    }

    /// The words of the command that does what the remedy says; `None` when no command does.
    pub fn words(&self, remedy: &Remedy) -> Option<Vec<String>> {
        match (remedy.action.as_ref()?, self.judged) {
            (Action::Trust { .. }, Judged::File(file)) => {
                Some(vec!["trust".to_owned(), "import".to_owned(), file.display().to_string()])
            }
            (_, Judged::Nowhere) => None,
            (action, _) => command_for(action),
        }
    }

    /// The same as a line to copy.
    pub fn command(&self, remedy: &Remedy) -> Option<String> {
        Some(self.context.spell(&self.words(remedy)?))
    }
}

/// Who has to act, as the person in front of the screen would say it.
pub fn who(by: ua_pki::Actor, role: Role) -> &'static str {
    match (by, role) {
        (ua_pki::Actor::Us, _) => "you",
        (ua_pki::Actor::Owner, Role::Server) => "the server's administrator",
        (ua_pki::Actor::Owner, Role::Client) => "the client's administrator",
        (ua_pki::Actor::Owner, Role::User) => "the user",
        (ua_pki::Actor::Authority, _) => "whoever runs the authority",
    }
}

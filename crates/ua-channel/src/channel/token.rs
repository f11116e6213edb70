//! Security tokens: the keys in use, the ones before or after them, and how long they live (Part 4 §5.6.2).

use std::time::{Duration, Instant};

use crate::Error;
use crate::security::symmetric::Protection;

/// The keys of one issue or renewal.
pub(crate) struct Token {
    pub(crate) id: u32,
    pub(crate) send: Protection,
    pub(crate) receive: Protection,
    created: Instant,
    lifetime: Duration,
}

impl Token {
    pub(crate) fn new(
        id: u32,
        send: Protection,
        receive: Protection,
        created: Instant,
        lifetime: Duration,
    ) -> Self {
        Self { id, send, receive, created, lifetime }
    }

    /// When a client renews: 75 % of the lifetime.
    pub(crate) fn renew_at(&self) -> Instant {
        later(self.created, self.lifetime.saturating_sub(self.lifetime.div_f64(4.0)))
    }

    /// Until when it is accepted: 25 % beyond the lifetime.
    pub(crate) fn expires_at(&self) -> Instant {
        later(self.created, self.lifetime.saturating_add(self.lifetime.div_f64(4.0)))
    }
}

/// Which token a role changes to, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changeover {
    /// Client: send with the new token at once; accept the old one until the server uses the new one.
    AtOnce,
    /// Server: send with the old token until the client has used the new one.
    OnFirstUse,
}

/// The token we send with, and the one that is going or coming.
pub(crate) struct TokenTable {
    sending: Token,
    other: Option<Token>,
    changeover: Changeover,
}

impl TokenTable {
    pub(crate) fn new(first: Token, changeover: Changeover) -> Self {
        Self { sending: first, other: None, changeover }
    }

    /// Adds a renewed token.
    pub(crate) fn install(&mut self, new: Token) {
        match self.changeover {
            Changeover::AtOnce => self.other = Some(std::mem::replace(&mut self.sending, new)),
            Changeover::OnFirstUse => self.other = Some(new),
        }
    }

    pub(crate) fn sending(&self) -> &Token {
        &self.sending
    }

    pub(crate) fn knows(&self, id: u32) -> bool {
        self.sending.id == id || self.other.as_ref().is_some_and(|token| token.id == id)
    }

    /// The token that a chunk names.
    ///
    /// # Errors
    /// [`Error::TokenUnknown`], also when it expired.
    pub(crate) fn receiving(&self, id: u32, now: Instant) -> Result<&Token, Error> {
        std::iter::once(&self.sending)
            .chain(&self.other)
            .find(|token| token.id == id && now < token.expires_at())
            .ok_or(Error::TokenUnknown { found: id })
    }

    /// A chunk secured with this token was verified: its predecessor is no longer needed.
    pub(crate) fn used(&mut self, id: u32) {
        match (self.changeover, self.sending.id == id) {
            (Changeover::AtOnce, true) => self.other = None,
            (Changeover::OnFirstUse, false) => self.promote(),
            _ => {}
        }
    }

    /// Drops what expired.
    ///
    /// # Errors
    /// [`Error::TokenExpired`] when no token is left to send with.
    pub(crate) fn expire(&mut self, now: Instant) -> Result<(), Error> {
        self.other.take_if(|token| now >= token.expires_at());
        if now < self.sending.expires_at() {
            return Ok(());
        }
        if self.changeover == Changeover::AtOnce || self.other.is_none() {
            return Err(Error::TokenExpired);
        }
        self.promote();
        Ok(())
    }

    /// When [`Self::expire`] is due.
    pub(crate) fn expires_at(&self) -> Instant {
        self.sending.expires_at()
    }

    fn promote(&mut self) {
        if let Some(new) = self.other.take() {
            self.sending = new;
        }
    }
}

fn later(from: Instant, by: Duration) -> Instant {
    from.checked_add(by).unwrap_or(from)
}

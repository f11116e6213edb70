//! From a request full of values to values that are the server's: definitions first, halves where the whole is refused,
//! the quarantine for what remains.

use tagstore::Seq;

use super::answer::{Outcome, Refusal};
use super::body::{Body, Message};
use super::catalogue::Catalogue;
use super::groundwork::Groundwork;
use super::quarantine::{Quarantine, Refused};
use super::trouble::OmfTrouble;
use super::wire::{About, Wire};
use crate::clock;
use crate::error::Error;

/// What stands between the sink and the server.
pub(super) struct Transfer {
    wire: Wire,
    pub(super) quarantine: Quarantine,
    groundwork: Groundwork,
    /// Bytes of a request; less than the target promises once the server refused as much.
    limit: usize,
    /// Values that went into the quarantine since the process began.
    pub(super) refused: u64,
}

/// One request in the making, with how often it was taken apart.
struct Attempt<'a> {
    row: Seq,
    body: &'a Body,
    catalogue: &'a Catalogue,
    /// What is still to be sent; the last is the next.
    waiting: Vec<Vec<usize>>,
    splits: u32,
    /// Definitions were said again because the server had forgotten them.
    retold: bool,
    kept: usize,
}

impl Transfer {
    pub(super) const fn new(
        wire: Wire,
        quarantine: Quarantine,
        limit: usize,
        groundwork: Groundwork,
    ) -> Self {
        Self { wire, quarantine, groundwork, limit, refused: 0 }
    }

    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// Returns when every value is the server's, or in the quarantine.
    ///
    /// # Errors
    /// What stops the sink for now; some of the values may be the server's already.
    pub(super) fn send(&mut self, row: Seq, body: &Body, catalogue: &Catalogue) -> Result<(), Error> {
        self.groundwork.prepare(&mut self.wire, self.limit, body, catalogue)?;
        let waiting = vec![(0..body.len()).collect()];
        let mut attempt = Attempt { row, body, catalogue, waiting, splits: 0, retold: false, kept: 0 };
        while let Some(values) = attempt.waiting.pop() {
            self.send_some(&mut attempt, values)?;
        }
        Ok(())
    }

    fn send_some(&mut self, attempt: &mut Attempt<'_>, values: Vec<usize>) -> Result<(), Error> {
        let values = self.without_refused(attempt, values)?;
        if values.is_empty() {
            return Ok(());
        }
        let messages = attempt.body.messages(&values);
        let text = attempt.body.render(&messages);
        if text.len() > self.limit && values.len() > 1 {
            attempt.halve(&values);
            return Ok(());
        }
        match self.wire.send(About::Values, &text)? {
            Outcome::Taken => Ok(()),
            Outcome::TooLarge => {
                self.limit = self.limit.min(text.len() / 2).max(LEAST_LIMIT);
                self.apart(attempt, &values, 413, "larger than the server takes")
            }
            Outcome::Refused { status, reason } => self.apart(attempt, &values, status, &reason),
            Outcome::Conflict { reason } => self.apart(attempt, &values, 409, &reason),
            Outcome::Unknown { reason } => {
                if attempt.retold {
                    let what = format!("{reason}, right after types and containers were created");
                    return Err(OmfTrouble::NotOmf { url: self.wire.url().to_owned(), what }.into());
                }
                self.retell(attempt)?;
                attempt.waiting.push(values);
                Ok(())
            }
            Outcome::Partly(refusals) => self.after(attempt, &messages, &refusals),
        }
    }

    /// Some messages of a request were refused.
    fn after(
        &mut self,
        attempt: &mut Attempt<'_>,
        messages: &[Message],
        refusals: &[Refusal],
    ) -> Result<(), Error> {
        let mut forgotten = false;
        for refusal in refusals {
            let Some(message) = messages.get(refusal.message) else {
                let what = format!("it speaks of message {} of {}", refusal.message, messages.len());
                return Err(OmfTrouble::NotOmf { url: self.wire.url().to_owned(), what }.into());
            };
            match refusal.code {
                404 if !attempt.retold => {
                    forgotten = true;
                    attempt.waiting.push(message.values.clone());
                }
                404 => self.set_aside(attempt, &message.values, 404, &refusal.reason)?,
                code => self.apart(attempt, &message.values, code, &refusal.reason)?,
            }
        }
        if forgotten { self.retell(attempt) } else { Ok(()) }
    }

    /// Halves what was refused, until the one value is found that the server will not take.
    fn apart(
        &mut self,
        attempt: &mut Attempt<'_>,
        values: &[usize],
        code: u16,
        reason: &str,
    ) -> Result<(), Error> {
        if values.len() > 1 && (attempt.splits < MOST_SPLITS || code == 413) {
            attempt.splits += 1;
            attempt.halve(values);
            return Ok(());
        }
        self.set_aside(attempt, values, code, reason)
    }

    /// What the server will never take goes where a person finds it.
    fn set_aside(
        &mut self,
        attempt: &mut Attempt<'_>,
        values: &[usize],
        code: u16,
        reason: &str,
    ) -> Result<(), Error> {
        let messages = attempt.body.messages(values);
        let Some(first) = messages.first() else { return Ok(()) };
        let container = attempt.body.container(first.container);
        tracing::warn!(
            container,
            code,
            reason,
            values = values.len(),
            "refused by the server; kept in the quarantine"
        );
        self.quarantine.keep(&Refused {
            row: attempt.row,
            number: attempt.kept,
            at: clock::now().to_string(),
            container,
            code,
            reason,
            body: &attempt.body.render(&messages),
        })?;
        attempt.kept += 1;
        self.refused += u64::try_from(values.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Takes out the values of containers that the server does not want to have.
    fn without_refused(
        &mut self,
        attempt: &mut Attempt<'_>,
        values: Vec<usize>,
    ) -> Result<Vec<usize>, Error> {
        let mut refused = Vec::new();
        for message in attempt.body.messages(&values) {
            let key = attempt.body.key(message.container);
            if let Some(reason) = key.and_then(|key| self.groundwork.refused(key)) {
                refused.push((message.values, reason.to_owned()));
            }
        }
        let mut left = values;
        for (values, reason) in refused {
            left.retain(|value| !values.contains(value));
            self.set_aside(attempt, &values, 400, &reason)?;
        }
        Ok(left)
    }

    fn retell(&mut self, attempt: &mut Attempt<'_>) -> Result<(), Error> {
        tracing::warn!("the server does not know a type or container any more; all are created again");
        attempt.retold = true;
        self.groundwork.forget();
        self.groundwork.prepare(&mut self.wire, self.limit, attempt.body, attempt.catalogue)
    }
}

impl Attempt<'_> {
    /// The earlier half is sent first, so that the order in each container stays.
    fn halve(&mut self, values: &[usize]) {
        let (first, second) = values.split_at(values.len() / 2);
        self.waiting.extend([second.to_vec(), first.to_vec()]);
    }
}

/// Requests that may be spent on finding the bad values of one request; then they are kept aside together.
const MOST_SPLITS: u32 = 64;
/// Smaller requests would help nobody.
const LEAST_LIMIT: usize = 2048;

//! From a request full of values to values that are the server's: definitions first, halves where the whole is refused,
//! the quarantine for what remains.

use tagstore::Seq;

use super::answer::{Outcome, Refusal};
use super::body::{Body, Message};
use super::catalogue::Catalogue;
use super::definitions::{Definition, Definitions, Key, Standing};
use super::quarantine::{Quarantine, Refused};
use super::trouble::OmfTrouble;
use super::wire::{About, Wire};
use crate::clock;
use crate::error::Error;

/// What stands between the sink and the server.
pub(super) struct Transfer {
    wire: Wire,
    pub(super) quarantine: Quarantine,
    definitions: Definitions,
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
    pub(super) fn new(wire: Wire, quarantine: Quarantine, limit: usize) -> Self {
        Self { wire, quarantine, definitions: Definitions::default(), limit, refused: 0 }
    }

    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// Returns when every value is the server's, or in the quarantine.
    ///
    /// # Errors
    /// What stops the sink for now; some of the values may be the server's already.
    pub(super) fn send(&mut self, row: Seq, body: &Body, catalogue: &Catalogue) -> Result<(), Error> {
        self.prepare(body, catalogue)?;
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
            let standing =
                attempt.body.key(message.container).and_then(|key| self.definitions.containers.get(&key));
            if let Some(Standing::Refused(reason)) = standing {
                refused.push((message.values, reason.clone()));
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
        self.definitions.forget();
        self.prepare(attempt.body, attempt.catalogue)
    }

    /// Sees to it that every container of the request is there.
    fn prepare(&mut self, body: &Body, catalogue: &Catalogue) -> Result<(), Error> {
        let missing: Vec<Key> =
            body.keys().filter(|key| !self.definitions.containers.contains_key(key)).collect();
        let mut forms: Vec<_> = missing.iter().map(|(_, form)| *form).collect();
        forms.retain(|form| !self.definitions.types.contains(form));
        forms.sort_unstable();
        forms.dedup();
        let types: Vec<Definition> = forms.iter().map(|form| catalogue.type_of(*form)).collect();
        for (place, refused) in self.define(About::Types, &types)? {
            if let (Some(reason), Some(form)) = (refused, types.get(place)) {
                let url = self.wire.url().to_owned();
                let reason = format!("{}: {reason}", form.name);
                return Err(OmfTrouble::Definition { url, what: About::Types.words(), reason }.into());
            }
            self.definitions.types.extend(forms.get(place));
        }
        let (keys, containers): (Vec<Key>, Vec<Definition>) =
            missing.iter().filter_map(|key| Some((*key, catalogue.container_of(*key)?))).unzip();
        for (place, refused) in self.define(About::Containers, &containers)? {
            let Some(key) = keys.get(place) else { continue };
            let standing = refused.map_or(Standing::Made, Standing::Refused);
            self.definitions.containers.insert(*key, standing);
        }
        Ok(())
    }

    /// Creates definitions; of each, by its place, the reason if the server refuses it. One that is there already in another
    /// way stays as it is.
    fn define(&mut self, about: About, all: &[Definition]) -> Result<Vec<(usize, Option<String>)>, Error> {
        let mut done = Vec::with_capacity(all.len());
        let mut waiting = self.portions(all);
        while let Some(places) = waiting.pop() {
            let chosen: Vec<&Definition> = places.iter().filter_map(|place| all.get(*place)).collect();
            let body = chosen.iter().map(|one| one.json.as_str()).collect::<Vec<_>>().join(",");
            let one = if let [only] = places.as_slice() { Some(*only) } else { None };
            match (self.wire.send(about, &format!("[{body}]"))?, one) {
                (Outcome::Taken, _) => done.extend(places.into_iter().map(|place| (place, None))),
                (Outcome::Conflict { reason }, Some(place)) => {
                    note_conflict(about, all.get(place), &reason);
                    done.push((place, None));
                }
                (Outcome::Refused { reason, .. }, Some(place)) => done.push((place, Some(reason))),
                (Outcome::TooLarge, Some(place)) => {
                    done.push((place, Some("larger than the server takes".to_owned())));
                }
                (Outcome::Unknown { reason }, Some(place)) if about == About::Containers => {
                    done.push((place, Some(reason)));
                }
                (Outcome::Unknown { reason }, Some(_)) => {
                    return Err(OmfTrouble::NotOmf { url: self.wire.url().to_owned(), what: reason }.into());
                }
                (Outcome::Partly(refusals), _) => {
                    for (number, place) in places.into_iter().enumerate() {
                        let refusal = refusals.iter().find(|refusal| refusal.message == number);
                        if let Some(refusal) = refusal.filter(|refusal| refusal.code == 409) {
                            note_conflict(about, all.get(place), &refusal.reason);
                        }
                        let refused = refusal.filter(|refusal| refusal.code != 409);
                        done.push((place, refused.map(|refusal| refusal.reason.clone())));
                    }
                }
                (_, None) => {
                    let (first, second) = places.split_at(places.len() / 2);
                    waiting.extend([second.to_vec(), first.to_vec()]);
                }
            }
        }
        Ok(done)
    }

    /// As many definitions in each request as go into it.
    fn portions(&self, all: &[Definition]) -> Vec<Vec<usize>> {
        let mut portions: Vec<Vec<usize>> = Vec::new();
        let mut length = usize::MAX;
        for (place, definition) in all.iter().enumerate() {
            length = length.saturating_add(definition.json.len() + 1);
            match portions.last_mut() {
                Some(portion) if length < self.limit => portion.push(place),
                _ => {
                    portions.push(vec![place]);
                    length = definition.json.len() + 3;
                }
            }
        }
        portions.reverse();
        portions
    }
}

impl Attempt<'_> {
    /// The earlier half is sent first, so that the order in each container stays.
    fn halve(&mut self, values: &[usize]) {
        let (first, second) = values.split_at(values.len() / 2);
        self.waiting.extend([second.to_vec(), first.to_vec()]);
    }
}

fn note_conflict(about: About, definition: Option<&Definition>, reason: &str) {
    let name = definition.map_or("", |definition| &definition.name);
    tracing::warn!(name, reason, "the server has other {} under this name, which stay", about.words());
}

/// Requests that may be spent on finding the bad values of one request; then they are kept aside together.
const MOST_SPLITS: u32 = 64;
/// Smaller requests would help nobody.
const LEAST_LIMIT: usize = 2048;

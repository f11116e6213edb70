//! Which streams there are.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Journal, NewStream, StreamInfo, ValueState, read};
use crate::{Error, StreamId};

impl Journal {
    /// Makes streams known; returns their numbers in the same order. A key that is known keeps its number, and what
    /// else is said of it (name, source, unit, …) is taken over. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`]: nothing was kept.
    pub fn register_streams(&mut self, streams: &[NewStream]) -> Result<Vec<StreamId>, Error> {
        self.register_streams_beside(streams, &BTreeSet::new())
    }

    /// The same where `others` are sources, too: a key that the stream of one of them has is not taken over from it. What
    /// comes second is kept under `SOURCE|KEY`, and stays there from then on, whatever becomes of the other source.
    ///
    /// # Errors
    /// As [`Journal::register_streams`].
    pub fn register_streams_beside(
        &mut self,
        streams: &[NewStream],
        others: &BTreeSet<String>,
    ) -> Result<Vec<StreamId>, Error> {
        let _turn = self.lock.turn();
        let result =
            self.durable.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
                let ids = register(&transaction, streams, others)?;
                transaction.commit()?;
                Ok(ids)
            });
        self.check(result)
    }

    /// All streams, by number.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn streams(&self) -> Result<Vec<StreamInfo>, Error> {
        self.check(read::streams(&self.durable))
    }
}

fn register(
    transaction: &Transaction<'_>,
    streams: &[NewStream],
    others: &BTreeSet<String>,
) -> rusqlite::Result<Vec<StreamId>> {
    let mut find = transaction.prepare_cached(
        "SELECT id, key, name, source, data_type, unit, description, range_low, range_high, states
         FROM stream WHERE key = ?1",
    )?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO stream (key, name, source, data_type, unit, description, range_low, range_high, states)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         RETURNING id",
    )?;
    let mut update = transaction.prepare_cached(
        "UPDATE stream SET name = ?2, source = ?3, data_type = ?4, unit = ?5, description = ?6, range_low = ?7,
         range_high = ?8, states = ?9 WHERE key = ?1",
    )?;
    let mut changed = false;
    let mut ids = Vec::with_capacity(streams.len());
    for stream in streams {
        let NewStream { key, name, source, data_type, unit, description, range, states } = stream;
        let (low, high) = (range.map(|range| range.low), range.map(|range| range.high));
        let states = states_text(states);
        let mut known = find.query_row([key], read::stream_info).optional()?;
        let mut key = Cow::Borrowed(key);
        if let Some(theirs) = known.take_if(|known| known.source != *source) {
            let own = format!("{source}|{key}");
            known = find.query_row([&own], read::stream_info).optional()?;
            if known.is_some() || others.contains(&theirs.source) {
                key = Cow::Owned(own);
            } else {
                // the source has another name now
                known = Some(theirs);
            }
        }
        let values = params![key, name, source, data_type, unit, description, low, high, states];
        let id = match known {
            Some(known) => {
                if !says(&known, stream) {
                    update.execute(values)?;
                    changed = true;
                }
                known.id
            }
            None => {
                changed = true;
                StreamId::new(insert.query_row(values, |row| row.get(0))?)
            }
        };
        ids.push(id);
    }
    if changed {
        transaction.execute("UPDATE meta SET value = value + 1 WHERE key = 'streams_version'", [])?;
    }
    Ok(ids)
}

fn says(known: &StreamInfo, stream: &NewStream) -> bool {
    known.name == stream.name
        && known.source == stream.source
        && known.data_type == stream.data_type
        && known.unit == stream.unit
        && known.description == stream.description
        && known.range == stream.range
        && known.states == stream.states
}

/// How states are kept: a JSON list of pairs, absent when there is none.
pub(crate) fn states_text(states: &[ValueState]) -> Option<String> {
    let pairs: Vec<_> = states.iter().map(|state| (state.value, state.name.as_str())).collect();
    (!pairs.is_empty()).then(|| serde_json::to_string(&pairs).ok()).flatten()
}

/// The other way. What another program wrote there is no reason to lose the stream.
pub(super) fn states_from(text: Option<String>) -> Vec<ValueState> {
    let pairs: Vec<(i64, String)> =
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    pairs.into_iter().map(|(value, name)| ValueState { value, name }).collect()
}

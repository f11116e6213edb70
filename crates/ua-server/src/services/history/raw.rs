//! Recorded values (Part 11 §6.5.3).

use opcua_types::StatusCode;

use super::query::{Query, Raw};
use crate::{
    limits::Limits,
    values::{Sample, Slot, Ticks, Toward, ValueSource},
};

/// The next values, and what is left of the query.
pub(super) fn page(
    source: &dyn ValueSource,
    slot: Slot,
    raw: &Raw,
    now: Ticks,
    limits: &Limits,
) -> (Vec<Sample>, Option<Query>) {
    let most = limits.history_values.max(1);
    let size = if raw.page == 0 { most } else { raw.page.min(most) };
    let walk = Walk { source, slot, raw, now };
    let mut values = Vec::new();
    if raw.bounds && !raw.begun {
        values.extend(walk.first_bound());
    }
    let mut left = raw.left;
    let mut cursor = raw.from;
    loop {
        if left == Some(0) {
            return (values, None);
        }
        let Some(sample) = walk.next(cursor) else { break };
        if values.len() >= size {
            return (values, Some(Query::Raw(Raw { from: cursor, left, begun: true, ..*raw })));
        }
        let time = sample.source_time;
        cursor = if raw.backward { time.saturating_sub(1) } else { time.saturating_add(1) };
        left = left.map(|left| left.saturating_sub(1));
        values.push(sample);
    }
    if raw.bounds {
        values.extend(walk.last_bound());
    }
    (values, None)
}

struct Walk<'a> {
    source: &'a dyn ValueSource,
    slot: Slot,
    raw: &'a Raw,
    now: Ticks,
}

impl Walk<'_> {
    fn recorded(&self, at: Ticks, toward: Toward) -> Option<Sample> {
        self.source.recorded(self.slot, at, toward, self.now)
    }

    fn onward(&self) -> Toward {
        if self.raw.backward { Toward::Past } else { Toward::Future }
    }

    fn back(&self) -> Toward {
        if self.raw.backward { Toward::Future } else { Toward::Past }
    }

    /// The next value at or behind the cursor, before the end.
    fn next(&self, cursor: Ticks) -> Option<Sample> {
        let sample = self.recorded(cursor, self.onward())?;
        let time = sample.source_time;
        let within = match (self.raw.to, self.raw.backward) {
            (None, _) => true,
            // one instant is not empty
            (Some(to), _) if to == self.raw.from => time == to,
            (Some(to), false) => time < to,
            (Some(to), true) => time > to,
        };
        within.then_some(sample)
    }

    /// The value in force at the beginning, when none was recorded exactly there.
    fn first_bound(&self) -> Option<Sample> {
        let from = self.raw.from;
        if self.recorded(from, self.onward()).is_some_and(|sample| sample.source_time == from) {
            return None;
        }
        let bound = self.recorded(from, self.back());
        Some(bound.unwrap_or_else(|| Sample::bad(StatusCode::BadBoundNotFound, from)))
    }

    /// The first value at the end or beyond it.
    fn last_bound(&self) -> Option<Sample> {
        let to = self.raw.to.filter(|to| *to != self.raw.from)?;
        let bound = self.recorded(to, self.onward());
        Some(bound.unwrap_or_else(|| Sample::bad(StatusCode::BadBoundNotFound, to)))
    }
}

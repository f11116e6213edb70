//! One value for each interval (Part 11 §6.5.4).

use opcua_types::StatusCode;

use super::{
    Page,
    aggregate::{Aggregate, PARTIAL, Sum},
    at_time,
    query::{Processed, Query},
};
use crate::{
    limits::Limits,
    values::{Slot, Ticks, Toward, ValueSource},
};

pub(super) fn page(
    source: &dyn ValueSource,
    slot: Slot,
    query: &Processed,
    now: Ticks,
    limits: &Limits,
) -> Page {
    let mut budget = limits.history_scan.max(1);
    let mut values = Vec::new();
    let mut done = query.done;
    while let Some(interval) = query.interval_at(done) {
        let rest = || Some(Query::Processed(Processed { done, ..*query }));
        if values.len() >= limits.history_values.max(1) {
            return Ok((values, rest()));
        }
        let mut sample = if query.aggregate == Aggregate::Interpolative {
            at_time::at(source, slot, interval.begins, now)
        } else {
            let mut sum = Sum::default();
            let mut cursor = interval.low;
            while let Some(sample) = source.recorded(slot, cursor, Toward::Future, now) {
                if sample.source_time >= interval.high {
                    break;
                }
                let Some(left) = budget.checked_sub(1) else {
                    // one interval alone is too much: it would never come to an end
                    let too_long = values.is_empty();
                    return if too_long {
                        Err(StatusCode::BadResourceUnavailable)
                    } else {
                        Ok((values, rest()))
                    };
                };
                budget = left;
                cursor = sample.source_time.saturating_add(1);
                sum.add(&sample);
            }
            sum.result(query.aggregate, interval.begins)
        };
        if interval.high.saturating_sub(interval.low) < query.interval {
            sample.status |= PARTIAL;
        }
        values.push(sample);
        done = done.saturating_add(1);
    }
    Ok((values, None))
}

struct Interval {
    /// The end of it that comes first in the direction of reading: its timestamp.
    begins: Ticks,
    low: Ticks,
    high: Ticks,
}

impl Processed {
    fn interval_at(&self, number: i64) -> Option<Interval> {
        let offset = number.checked_mul(self.interval)?;
        if self.from < self.to {
            let low = self.from.checked_add(offset).filter(|low| *low < self.to)?;
            Some(Interval { begins: low, low, high: low.saturating_add(self.interval).min(self.to) })
        } else {
            let high = self.from.checked_sub(offset).filter(|high| *high > self.to)?;
            Some(Interval { begins: high, low: high.saturating_sub(self.interval).max(self.to), high })
        }
    }
}

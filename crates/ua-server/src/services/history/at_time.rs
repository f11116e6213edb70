//! Values at given times (Part 11 §6.5.5).

use opcua_types::StatusCode;

use super::query::{AtTime, Query};
use crate::{
    limits::Limits,
    values::{Sample, Slot, Ticks, Toward, Value, ValueSource},
};

/// "DataValue" info type with the historian bit "interpolated" (Part 4 §7.39.1).
pub(super) const INTERPOLATED: u32 = 0x0402;

pub(super) fn page(
    source: &dyn ValueSource,
    slot: Slot,
    query: &AtTime,
    now: Ticks,
    limits: &Limits,
) -> (Vec<Sample>, Option<Query>) {
    let end = query.next.saturating_add(limits.history_values.max(1)).min(query.times.len());
    let times = query.times.get(query.next..end).unwrap_or_default();
    let values = times.iter().map(|time| at(source, slot, *time, now)).collect();
    let rest = (end < query.times.len()).then(|| Query::AtTime(AtTime { next: end, ..query.clone() }));
    (values, rest)
}

/// The recorded value at an instant; between two numbers the line from one to the other, otherwise the value before.
pub(super) fn at(source: &dyn ValueSource, slot: Slot, time: Ticks, now: Ticks) -> Sample {
    let Some(before) = source.recorded(slot, time, Toward::Past, now).filter(|_| time <= now) else {
        return Sample::bad(StatusCode::BadNoData, time);
    };
    if before.source_time == time {
        return before;
    }
    if StatusCode::from(before.status).is_bad() {
        return Sample { source_time: time, ..before };
    }
    let after = source.recorded(slot, time, Toward::Future, now);
    let value =
        after.and_then(|after| between(&before, &after, time)).unwrap_or_else(|| before.value.clone());
    Sample { value, status: before.status | INTERPOLATED, source_time: time }
}

fn between(before: &Sample, after: &Sample, time: Ticks) -> Option<Value> {
    let (Value::Double(low), Value::Double(high)) = (&before.value, &after.value) else { return None };
    if StatusCode::from(after.status).is_bad() {
        return None;
    }
    let share = real(time.checked_sub(before.source_time)?)
        / real(after.source_time.checked_sub(before.source_time)?);
    Some(Value::Double(low + (high - low) * share))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a share of an interval needs no 63 bits"
)]
pub(super) const fn real(ticks: i64) -> f64 {
    ticks as f64
}

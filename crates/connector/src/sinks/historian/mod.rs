//! The embedded historian as a sink: seals journal rows into Parquet files, trims what every sink has seen, and keeps
//! the files in order. Exactly once: file names follow from the sequence range, see `tagstore`.

use std::time::Duration;

use tagstore::{CompactOptions, Historian, Journal, SealOptions, Timestamp};

use super::{About, Delivered, Sink, Tidied};
use crate::error::Error;
use crate::event::EventKind;

pub(crate) struct HistorianSink {
    historian: Historian,
    journal: Journal,
    options: SealOptions,
    /// How long samples are kept; `None` is for ever.
    keep: Option<Duration>,
    /// When to look next whether every file is there.
    next_check: Option<Timestamp>,
    /// When to look next for files that were kept long enough.
    next_retirement: Option<Timestamp>,
}

impl HistorianSink {
    /// `journal` is a handle of its own, not the writer's.
    pub(crate) fn new(historian: Historian, journal: Journal, keep: Option<Duration>) -> Self {
        let options = SealOptions::default();
        Self { historian, journal, options, keep, next_check: None, next_retirement: None }
    }

    /// Looks whether every file is there.
    fn check(&mut self, now: Timestamp) -> Result<Vec<EventKind>, Error> {
        if !is_due(&mut self.next_check, now, CHECK_EVERY) {
            return Ok(Vec::new());
        }
        let lost = self.historian.check(&mut self.journal, now)?;
        Ok(lost.into_iter().map(|path| lost_file(format!("{} is missing or cut", path.display()))).collect())
    }

    /// Merges the files of one finished hour or day; `None` when there is nothing to merge.
    fn compact(
        &mut self,
        now: Timestamp,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Vec<EventKind>>, Error> {
        let options = CompactOptions::default();
        match self.historian.compact_while(&mut self.journal, &options, now, keep_going) {
            Ok(Some(merged)) => {
                tracing::debug!(path = %merged.path.display(), rows = merged.rows, "files merged");
                Ok(Some(Vec::new()))
            }
            Ok(None) | Err(tagstore::Error::Stopped) => Ok(None),
            Err(error @ (tagstore::Error::FileDamaged { .. } | tagstore::Error::FileMissing { .. })) => {
                Ok(Some(vec![lost_file(error.to_string())]))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes what was kept long enough, a day's files at most.
    fn retire(&mut self, now: Timestamp) -> Result<Vec<EventKind>, Error> {
        let Some(keep) = self.keep else { return Ok(Vec::new()) };
        if !is_due(&mut self.next_retirement, now, RETIRE_EVERY) {
            return Ok(Vec::new());
        }
        let before = Timestamp::from_ticks(now.ticks().saturating_sub(ticks(keep)));
        let retired = self.historian.retire(&mut self.journal, before)?;
        Ok(retired.into_iter().map(|retired| EventKind::Retired { rows: retired.rows }).collect())
    }
}

impl Sink for HistorianSink {
    fn name(&self) -> &str {
        "historian"
    }

    fn about(&self) -> About {
        About { kind: "historian", ..About::default() }
    }

    fn deliver(&mut self, now: Timestamp) -> Result<Delivered, Error> {
        let Some(sealed) = self.historian.seal(&mut self.journal, &self.options, now)? else {
            return Ok(Delivered { rows: 0, more: false });
        };
        for seq in &sealed.damaged {
            tracing::error!(%seq, "a journal row could not be read; it is kept aside and on the gap ledger");
        }
        Ok(Delivered { rows: sealed.rows, more: sealed.more })
    }

    fn tidy(&mut self, now: Timestamp, keep_going: &mut dyn FnMut() -> bool) -> Result<Tidied, Error> {
        let mut news = self.check(now)?;
        news.extend(self.retire(now)?);
        let merged = self.compact(now, keep_going)?;
        let more = merged.is_some();
        news.extend(merged.into_iter().flatten());
        Ok(Tidied { more, news })
    }
}

fn lost_file(detail: String) -> EventKind {
    EventKind::HistorianFileLost { detail }
}

/// Whether something that comes up every so often comes up now, and notes when it does next. At first at once, and
/// when the clock was set back.
fn is_due(next: &mut Option<Timestamp>, now: Timestamp, every: Duration) -> bool {
    let then = now.ticks().saturating_add(ticks(every));
    let due = next.is_none_or(|next| now >= next || next.ticks() > then);
    if due {
        *next = Some(Timestamp::from_ticks(then));
    }
    due
}

fn ticks(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos() / NANOS_PER_TICK).unwrap_or(i64::MAX)
}

const CHECK_EVERY: Duration = Duration::from_secs(3600);
/// Shorter than an hour only matters when the configuration has just changed: a day's files go at a time.
const RETIRE_EVERY: Duration = Duration::from_secs(600);
const NANOS_PER_TICK: u128 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_up_every_hour_comes_up_at_once_every_hour_and_when_the_clock_was_set_back() {
        let second = |second: i64| Timestamp::from_ticks(second * 10_000_000);
        let mut next = None;
        let due: Vec<bool> = [100_000, 103_599, 103_600, 103_601, 90_000, 90_001]
            .map(|now| is_due(&mut next, second(now), CHECK_EVERY))
            .into();
        assert_eq!(due, [true, false, true, false, true, false]);
    }
}

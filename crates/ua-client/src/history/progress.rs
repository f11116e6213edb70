//! Whether a server gets anywhere (HC-36).

use super::request::{HistoryOrder, HistoryRange};

/// Answers without a value, yet with a continuation point, that are borne in a row: a server may search in steps.
const MAX_EMPTY: u32 = 20;
/// Answers that bring no later time, and the values in them, that are borne in a row: many values may have one time.
const MAX_STALLED: u32 = 20;
const MAX_STALLED_VALUES: u64 = 10_000;
/// Answers remembered to notice that one comes again.
const REMEMBERED: usize = 16;

/// What one answer brought for one node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Brought {
    pub(super) values: u64,
    /// The time of the last of them, and how many came with it.
    pub(super) last: i64,
    pub(super) at_last: u64,
    /// Values that were there before, or beyond what was asked for: not handed over.
    pub(super) held_back: u64,
    /// Earliest and latest source time, 0 when there is none.
    pub(super) earliest: i64,
    pub(super) latest: i64,
    /// Of the times of its values, or of everything in its events.
    pub(super) hash: u64,
}

/// How one node has come along.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub(super) values: u64,
    frontier: Option<i64>,
    empty: u32,
    stalled: u32,
    stalled_values: u64,
    seen: std::collections::VecDeque<u64>,
}

impl Progress {
    /// Takes note of an answer; `false` when the server goes round in circles.
    pub(super) fn advance(&mut self, brought: Brought, range: Option<HistoryRange>, has_more: bool) -> bool {
        self.values = self.values.saturating_add(brought.values);
        if brought.values == 0 {
            self.empty = self.empty.saturating_add(1);
            return !has_more || self.empty <= MAX_EMPTY;
        }
        self.empty = 0;
        if !has_more {
            return true;
        }
        let telling = range.is_none() || brought.earliest != brought.latest;
        if telling && self.seen.contains(&brought.hash) {
            return false;
        }
        self.seen.push_back(brought.hash);
        if self.seen.len() > REMEMBERED {
            self.seen.pop_front();
        }
        range.is_none_or(|range| self.moves_on(brought, range))
    }

    fn moves_on(&mut self, brought: Brought, range: HistoryRange) -> bool {
        let forward = range.order() == HistoryOrder::OldestFirst;
        // a whole answer beyond the end: bounds are one value
        let beyond = if forward { brought.earliest > range.to() } else { brought.latest < range.from() };
        if beyond && brought.values > 1 {
            return false;
        }
        let reached = if forward { brought.latest } else { brought.earliest };
        let further = |frontier: i64| if forward { reached > frontier } else { reached < frontier };
        if self.frontier.is_none_or(further) {
            self.frontier = Some(reached);
            (self.stalled, self.stalled_values) = (0, 0);
            return true;
        }
        self.stalled = self.stalled.saturating_add(1);
        self.stalled_values = self.stalled_values.saturating_add(brought.values);
        self.stalled <= MAX_STALLED || self.stalled_values <= MAX_STALLED_VALUES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: HistoryRange = HistoryRange::between(1_000, 9_000);

    fn page(earliest: i64, latest: i64, values: u64) -> Brought {
        let hash = earliest.unsigned_abs() ^ (latest.unsigned_abs() << 32);
        Brought { values, earliest, latest, hash, ..Brought::default() }
    }

    #[test]
    fn an_answer_that_comes_again_is_noticed_at_once() {
        let mut progress = Progress::default();
        assert!(progress.advance(page(1_000, 1_999, 10), Some(RANGE), true));
        assert!(progress.advance(page(2_000, 2_999, 10), Some(RANGE), true));
        assert!(!progress.advance(page(1_000, 1_999, 10), Some(RANGE), true));
    }

    #[test]
    fn many_values_at_one_time_are_no_circle() {
        let mut progress = Progress::default();
        for _ in 0..9_000 {
            assert!(progress.advance(page(1_500, 1_500, 1), Some(RANGE), true));
        }
        let turns =
            (0..9_000).take_while(|_| progress.advance(page(1_500, 1_500, 1), Some(RANGE), true)).count();
        assert!(turns < 1_100, "but not for ever");
    }

    #[test]
    fn empty_answers_are_borne_for_a_while() {
        let mut progress = Progress::default();
        let turns =
            (0..1_000).take_while(|_| progress.advance(Brought::default(), Some(RANGE), true)).count();
        assert_eq!(turns, 20);
    }

    #[test]
    fn answers_beyond_the_end_go_nowhere() {
        for (range, beyond) in [(RANGE, page(9_001, 9_100, 5)), (RANGE.newest_first(), page(1, 900, 5))] {
            assert!(!Progress::default().advance(beyond, Some(range), true));
            assert!(
                Progress::default().advance(Brought { values: 1, ..beyond }, Some(range), true),
                "a bound"
            );
        }
    }

    #[test]
    fn reading_back_in_time_moves_on_downwards() {
        let mut progress = Progress::default();
        for start in (1..9).rev() {
            assert!(progress.advance(
                page(start * 1_000, start * 1_000 + 999, 9),
                Some(RANGE.newest_first()),
                true
            ));
        }
    }
}

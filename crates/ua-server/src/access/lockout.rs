//! Making guessing slow.

use std::collections::HashMap;

use crate::{clock::duration_ticks, limits::Limits, values::Ticks};

/// What failed logins are counted by: a user from an address, and an application certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Guesser {
    User(std::net::IpAddr, String),
    Application([u8; 32]),
}

#[derive(Debug, Clone, Copy)]
struct Record {
    failures: u32,
    last: Ticks,
    locked_until: Ticks,
}

/// Failed logins by guesser. Bounded: when it is full the ones go whose last failure is longest ago.
#[derive(Debug, Default)]
pub(super) struct Lockout {
    records: HashMap<Guesser, Record>,
}

const MAX_RECORDS: usize = 10_000;
/// Lock-out after the first failure too many; it doubles with each further one.
const FIRST_LOCKOUT_MS: Ticks = 1_000;

impl Lockout {
    pub(super) fn is_locked(&self, guesser: &Guesser, now: Ticks) -> bool {
        self.records.get(guesser).is_some_and(|record| record.locked_until > now)
    }

    pub(super) fn failed(&mut self, guesser: Guesser, now: Ticks, limits: &Limits) {
        if self.records.len() >= MAX_RECORDS && !self.records.contains_key(&guesser) {
            self.make_room();
        }
        let longest = duration_ticks(limits.login_lockout);
        let record =
            self.records.entry(guesser).or_insert(Record { failures: 0, last: now, locked_until: 0 });
        // after a quiet time twice as long as the longest lock-out the count starts anew
        if now.saturating_sub(record.last) > longest.saturating_mul(2) {
            record.failures = 0;
        }
        record.failures = record.failures.saturating_add(1);
        record.last = now;
        if let Some(over) = record.failures.checked_sub(limits.free_failed_logins.saturating_add(1)) {
            let factor = 1_i64.checked_shl(over.min(32)).unwrap_or(i64::MAX);
            let pause =
                FIRST_LOCKOUT_MS.saturating_mul(crate::TICKS_PER_MS).saturating_mul(factor).min(longest);
            record.locked_until = now.saturating_add(pause);
        }
    }

    pub(super) fn succeeded(&mut self, guesser: &Guesser) {
        self.records.remove(guesser);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    fn make_room(&mut self) {
        let mut by_age: Vec<_> = self.records.values().map(|record| record.last).collect();
        by_age.sort_unstable();
        let cut = by_age.get(MAX_RECORDS / 10).copied().unwrap_or(Ticks::MAX);
        self.records.retain(|_, record| record.last > cut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Ticks = 10_000_000;

    #[test]
    fn five_mistakes_are_free_and_then_the_pause_doubles_up_to_five_minutes() {
        let limits = Limits::default();
        let mut lockout = Lockout::default();
        let who = Guesser::Application([1; 32]);
        let mut now = 0;
        for _ in 0..5 {
            lockout.failed(who.clone(), now, &limits);
            assert!(!lockout.is_locked(&who, now));
        }
        for pause in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            lockout.failed(who.clone(), now, &limits);
            assert!(lockout.is_locked(&who, now + pause * SECOND - 1));
            assert!(!lockout.is_locked(&who, now + pause * SECOND));
            now += pause * SECOND;
        }
    }

    #[test]
    fn the_table_of_guessers_is_bounded() {
        let limits = Limits::default();
        let mut lockout = Lockout::default();
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        for user in 0..30_000 {
            lockout.failed(Guesser::User(address, user.to_string()), user, &limits);
        }
        assert!(lockout.records.len() <= MAX_RECORDS);
    }
}

//! What is kept of the entries: the newest as events for those who may see them, and all of them with the application.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use opcua_types::{ObjectTypeId, StatusCode};

use super::{AuditSink, Entry};
use crate::{
    clock::Clock,
    events::Event,
    values::{TICKS_PER_MS, Ticks},
};

/// Events that wait to be told; who comes later than that reads the application's records.
const NEWEST: usize = 1_000;
/// Entries in a second of what happens before there is a session, and of sessions.
const OF_STRANGERS: u32 = 50;
/// See [`OF_STRANGERS`].
const OF_SESSIONS: u32 = 1_000;
const SECOND: Ticks = 1_000 * TICKS_PER_MS;

pub(crate) struct AuditTrail {
    clock: Clock,
    server: String,
    sink: Option<Arc<dyn AuditSink>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    newest: VecDeque<Event>,
    number: u64,
    last: Ticks,
    strangers: Budget,
    sessions: Budget,
}

/// How many entries there were in this second.
#[derive(Debug, Default)]
struct Budget {
    since: Ticks,
    used: u32,
    left_out: u32,
}

impl Budget {
    /// Whether there is room for one more, and how many were left out in a second that is over.
    fn take(&mut self, now: Ticks, most: u32) -> (bool, u32) {
        let mut left_out = 0;
        if now.saturating_sub(self.since) >= SECOND {
            left_out = self.left_out;
            *self = Self { since: now, used: 0, left_out: 0 };
        }
        if self.used < most {
            self.used = self.used.saturating_add(1);
            (true, left_out)
        } else {
            self.left_out = self.left_out.saturating_add(1);
            (false, left_out)
        }
    }
}

impl AuditTrail {
    pub(crate) fn new(clock: Clock, server: &str, sink: Option<Arc<dyn AuditSink>>) -> Self {
        Self { clock, server: server.to_owned(), sink, state: Mutex::default() }
    }

    /// Dates an entry and keeps it. May be called under any lock of the server but this one.
    pub(crate) fn record(&self, entry: Entry) {
        // the clock is read under the lock: whoever asks for events up to an instant finds all until then
        let mut state = self.state();
        let now = self.clock.now();
        let State { strangers, sessions, .. } = &mut *state;
        let (room, left_out) = match entry.record.session {
            Some(_) => sessions.take(now, OF_SESSIONS),
            None => strangers.take(now, OF_STRANGERS),
        };
        if left_out > 0 {
            let message = format!("{left_out} audit events of one second were left out");
            let kind = ObjectTypeId::AuditSecurityEventType;
            self.keep(
                &mut state,
                Entry::new(kind, "Audit", StatusCode::UncertainDataSubNormal, message),
                now,
            );
        }
        if room {
            self.keep(&mut state, entry, now);
        }
    }

    fn keep(&self, state: &mut State, entry: Entry, now: Ticks) {
        // no two at one instant, so that asking for what comes after an instant neither repeats nor skips one
        state.last = now.max(state.last.saturating_add(1));
        state.number = state.number.saturating_add(1);
        let (event, record) = entry.at(state.last, state.number, &self.server);
        if state.newest.len() >= NEWEST {
            state.newest.pop_front();
        }
        state.newest.push_back(event);
        if let Some(sink) = &self.sink {
            sink.keep(&record);
        }
    }

    /// What happened after one instant and up to another.
    pub(crate) fn visit(&self, after: Ticks, until: Ticks, visit: &mut dyn FnMut(&Event)) {
        let state = self.state();
        let asked = state.newest.iter().filter(|event| event.time > after && event.time <= until);
        asked.for_each(visit);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AuditRecord;

    #[derive(Debug, Default)]
    struct Kept(Mutex<Vec<AuditRecord>>);

    impl AuditSink for Kept {
        fn keep(&self, record: &AuditRecord) {
            self.0.lock().unwrap().push(record.clone());
        }
    }

    #[test]
    fn noise_of_strangers_is_counted_and_leaves_room_for_what_sessions_do() {
        let kept = Arc::new(Kept::default());
        let trail = AuditTrail::new(Clock::start(), "urn:server", Some(Arc::<Kept>::clone(&kept)));
        for number in 0..10_000 {
            trail.record(Entry::test(&number.to_string()));
        }
        trail.record(Entry::test("written").session(1, opcua_types::NodeId::null()));
        let records = kept.0.lock().unwrap();
        // not more than the seconds that have passed allow, and the noise did not push this out
        assert!(records.len() < 5_000, "{}", records.len());
        assert_eq!(records.last().unwrap().message, "written");
    }

    #[test]
    fn whoever_asks_for_one_span_after_the_other_gets_each_event_once() {
        let clock = Clock::start();
        let trail = AuditTrail::new(clock, "urn:server", None);
        let (mut seen, mut heard) = (clock.now(), Vec::new());
        for number in 0..40 {
            trail.record(Entry::test(&number.to_string()));
            if number % 3 == 0 {
                let until = clock.now();
                trail.visit(seen, until, &mut |event| heard.push(event.message.clone()));
                seen = until;
            }
        }
        trail.visit(seen, Ticks::MAX, &mut |event| heard.push(event.message.clone()));
        assert_eq!(heard, (0..40).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}

//! What to do when a session is in trouble: one table, and a clock that is passed in.
//!
//! | trouble | first | then | then |
//! |---|---|---|---|
//! | the connection was cut | resume | transfer | subscribe anew |
//! | it is half open: no answer, no keep-alive | resume | transfer | subscribe anew |
//! | the server refuses the channel | resume | transfer | subscribe anew |
//! | the server was restarted | transfer | subscribe anew | |
//! | the session is lost | transfer | subscribe anew | |
//! | a subscription is lost | subscribe anew | | |
//! | the namespace table changed | resolve the nodes, subscribe anew | | |
//! | the server takes less at once than it said | carry on | | |
//!
//! A step that was tried is not tried again for the same trouble, and none that time has made pointless: a session that
//! is past its timeout is not resumed, a subscription that is past its lifetime is not transferred. What could not be
//! carried on is a loss, and [`Plan::loses_since`] says since when. The machine decides and waits; the caller acts:
//! [`Session::resume`](crate::Session::resume), [`connect`](crate::connect()) with
//! [`transfer_subscriptions`](crate::Session::transfer_subscriptions), or new subscriptions.

use std::time::{Duration, Instant};

use opcua_types::VariableId;

use crate::namespaces::Namespaces;
use crate::session::Session;
use crate::{AttributeId, DataValue, Error, NodeId, OperationLimits, Phase, Variant, status};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The connection ended without a reason.
    Cut,
    /// It stands, but nothing comes.
    HalfOpen,
    /// The server does not let us open a channel just now.
    ChannelRejected,
    /// The server started anew.
    ServerRestarted,
    /// The server does not know our session any more.
    SessionLost,
    /// The server does not know our subscription any more.
    SubscriptionLost,
    /// Indexes of namespaces stand for other URIs: every node id may be another node's.
    NamespacesChanged,
    /// The server takes less in one request than before.
    LimitsChanged,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Nothing needs to be done: the limits have been learned.
    CarryOn,
    /// [`Session::resume`]: the same session on a new connection. Nothing is lost.
    Resume,
    /// A new session that takes the subscriptions over; what was not acknowledged is republished. Nothing is lost as long
    /// as the server kept it.
    Transfer,
    /// New subscriptions, on a new session if there is none. What happened meanwhile is lost.
    Subscribe,
    /// The same after every node was looked up again, from its URI or its path.
    ResolveAndSubscribe,
}

/// A step, when to take it, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What to do.
    pub step: Step,
    /// Not before this.
    pub at: Instant,
    /// Values since then are lost when the step succeeds; `None` when none are.
    pub loses_since: Option<Instant>,
}

const TABLE: &[(Trouble, &[Step])] = &[
    (Trouble::Cut, &[Step::Resume, Step::Transfer, Step::Subscribe]),
    (Trouble::HalfOpen, &[Step::Resume, Step::Transfer, Step::Subscribe]),
    (Trouble::ChannelRejected, &[Step::Resume, Step::Transfer, Step::Subscribe]),
    (Trouble::ServerRestarted, &[Step::Transfer, Step::Subscribe]),
    (Trouble::SessionLost, &[Step::Transfer, Step::Subscribe]),
    (Trouble::SubscriptionLost, &[Step::Subscribe]),
    (Trouble::NamespacesChanged, &[Step::ResolveAndSubscribe]),
    (Trouble::LimitsChanged, &[Step::CarryOn]),
];

impl Trouble {
    /// What an error says about the session; `None` when it is about one request, or nothing that trying again can mend.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        Some(match error {
            Error::ConnectionLost { .. } | Error::Unreachable { .. } | Error::Protocol { .. } => Self::Cut,
            Error::PublishSilent { .. } | Error::Timeout { .. } | Error::Unanswered { .. } => Self::HalfOpen,
            Error::RefusedByServer { phase: Phase::Hello | Phase::OpenSecureChannel, .. } => {
                Self::ChannelRejected
            }
            Error::ClosedByServer { status, .. }
            | Error::Service { status, .. }
            | Error::RefusedByServer { status: Some(status), .. } => match status & 0xFFFF_0000 {
                status::BAD_SESSION_ID_INVALID
                | status::BAD_SESSION_CLOSED
                | status::BAD_SESSION_NOT_ACTIVATED => Self::SessionLost,
                status::BAD_SUBSCRIPTION_ID_INVALID | status::BAD_NO_SUBSCRIPTION => Self::SubscriptionLost,
                status::BAD_TOO_MANY_OPERATIONS => Self::LimitsChanged,
                status::BAD_SHUTDOWN | status::BAD_SERVER_HALTED => Self::ServerRestarted,
                status::BAD_SECURE_CHANNEL_CLOSED | status::BAD_SECURE_CHANNEL_ID_INVALID => Self::Cut,
                _ if matches!(error, Error::ClosedByServer { .. }) => Self::Cut,
                _ => return None,
            },
            _ => return None,
        })
    }

    fn steps(self) -> &'static [Step] {
        TABLE.iter().find(|(trouble, _)| *trouble == self).map_or(&[Step::Subscribe], |(_, steps)| steps)
    }
}

/// First and longest pause between two attempts.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The state of one session's recovery. Time is passed in.
#[derive(Clone, Debug)]
pub struct Recovery {
    session_timeout: Duration,
    subscription_lifetime: Duration,
    /// When the server was last heard.
    heard: Instant,
    /// The trouble at hand and the place of its step in the table.
    current: Option<(Trouble, usize)>,
    failures: u32,
}

impl Recovery {
    /// For a session with these revised times (`SubscriptionInfo::lifetime`; the shortest of several), heard `now`.
    #[must_use]
    pub fn new(session_timeout: Duration, subscription_lifetime: Duration, now: Instant) -> Self {
        Self { session_timeout, subscription_lifetime, heard: now, current: None, failures: 0 }
    }

    /// The server answered: all is well.
    pub fn heard(&mut self, now: Instant) {
        (self.heard, self.current, self.failures) = (now, None, 0);
    }

    /// Something went wrong, for the first time or while a step was tried. The first attempt comes at once; the
    /// pauses between the next ones double up to a minute.
    ///
    /// A step that could not be tried because nobody answers is tried again; one that the server refused gives way to
    /// the next.
    pub fn plan(&mut self, trouble: Trouble, now: Instant) -> Plan {
        let place = match self.current {
            // nobody there yet: the same step again
            Some((current, place)) if is_about_the_line(trouble) => {
                self.failures = self.failures.saturating_add(1);
                self.current = Some((current, place));
                place
            }
            Some((current, place)) => {
                self.failures = self.failures.saturating_add(1);
                self.escalate(current, place, trouble)
            }
            None => {
                self.current = Some((trouble, 0));
                0
            }
        };
        let current = self.current.map_or(trouble, |(current, _)| current);
        let step = self.possible(current.steps(), place, now);
        let place = current.steps().iter().position(|known| *known == step).unwrap_or(place);
        self.current = Some((current, place));
        let loses = matches!(step, Step::Subscribe | Step::ResolveAndSubscribe);
        Plan {
            step,
            at: now.checked_add(self.pause()).unwrap_or(now),
            loses_since: loses.then_some(self.heard),
        }
    }

    /// The server refused the step, and says what is wrong: on to that trouble's steps, never back to one that was tried.
    fn escalate(&mut self, current: Trouble, place: usize, refused: Trouble) -> usize {
        let tried = current.steps().get(place).copied().unwrap_or(Step::Subscribe);
        let next = refused.steps().iter().position(|step| rank(*step) > rank(tried));
        let (trouble, place) = match next {
            Some(place) => (refused, place),
            None => (current, place.saturating_add(1)),
        };
        self.current = Some((trouble, place));
        place
    }

    /// The step at a place, or the first one behind it that time has not made pointless.
    fn possible(&self, steps: &[Step], place: usize, now: Instant) -> Step {
        let silent = now.saturating_duration_since(self.heard);
        let sensible = |step: &Step| match step {
            Step::Resume => silent < self.session_timeout,
            Step::Transfer => silent < self.subscription_lifetime,
            _ => true,
        };
        let last = steps.last().copied().unwrap_or(Step::Subscribe);
        steps.iter().skip(place).copied().find(sensible).unwrap_or(last)
    }

    fn pause(&self) -> Duration {
        match self.failures.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => FIRST_PAUSE.saturating_mul(1 << doublings.min(10)).min(LONGEST_PAUSE),
        }
    }
}

/// How much a step gives up.
fn rank(step: Step) -> u8 {
    match step {
        Step::CarryOn => 0,
        Step::Resume => 1,
        Step::Transfer => 2,
        Step::Subscribe => 3,
        Step::ResolveAndSubscribe => 4,
    }
}

/// The step did not reach the server.
fn is_about_the_line(trouble: Trouble) -> bool {
    matches!(trouble, Trouble::Cut | Trouble::HalfOpen | Trouble::ChannelRejected)
}

/// What a session rests on, to be compared after a reconnect: a server that was restarted may number its namespaces anew.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerFacts {
    /// When the server started, in ticks; `None` when it does not say.
    pub start_time: Option<i64>,
    /// Its namespace table.
    pub namespaces: Namespaces,
    /// What it takes in one request.
    pub limits: OperationLimits,
}

impl ServerFacts {
    /// What is different now, the gravest first.
    #[must_use]
    pub fn changes(&self, now: &Self) -> Vec<Trouble> {
        let mut found = Vec::new();
        // what was only added at the end moves nothing
        if !now.namespaces.uris().starts_with(self.namespaces.uris()) {
            found.push(Trouble::NamespacesChanged);
        }
        if self.start_time != now.start_time {
            found.push(Trouble::ServerRestarted);
        }
        if self.limits != now.limits {
            found.push(Trouble::LimitsChanged);
        }
        found
    }
}

impl Session {
    /// What this session rests on.
    ///
    /// # Errors
    ///
    /// As [`Session::read`], and when the server does not show its namespace table.
    pub async fn server_facts(&self) -> Result<ServerFacts, Error> {
        let start = (NodeId::from(VariableId::Server_ServerStatus_StartTime), AttributeId::Value);
        let value: Option<DataValue> = self.read(&[start]).await?.pop();
        let start_time = match value.and_then(|value| value.value) {
            Some(Variant::DateTime(time)) => Some(time.ticks()),
            _ => None,
        };
        Ok(ServerFacts { start_time, namespaces: self.namespaces().await?, limits: self.operation_limits() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: Duration = Duration::from_secs(60);
    const LIFETIME: Duration = Duration::from_secs(300);

    fn begin() -> (Recovery, Instant) {
        let now = crate::clock::now();
        (Recovery::new(SESSION, LIFETIME, now), now)
    }

    #[test]
    fn every_trouble_begins_with_the_step_that_loses_least() {
        for (trouble, step) in [
            (Trouble::Cut, Step::Resume),
            (Trouble::HalfOpen, Step::Resume),
            (Trouble::ChannelRejected, Step::Resume),
            (Trouble::ServerRestarted, Step::Transfer),
            (Trouble::SessionLost, Step::Transfer),
            (Trouble::SubscriptionLost, Step::Subscribe),
            (Trouble::NamespacesChanged, Step::ResolveAndSubscribe),
            (Trouble::LimitsChanged, Step::CarryOn),
        ] {
            let (mut recovery, now) = begin();
            let plan = recovery.plan(trouble, now);
            assert_eq!((plan.step, plan.at), (step, now), "{trouble:?}");
            let loses = matches!(step, Step::Subscribe | Step::ResolveAndSubscribe);
            assert_eq!(plan.loses_since.is_some(), loses, "{trouble:?}");
        }
    }

    #[test]
    fn each_refusal_leads_one_step_on_and_never_back() {
        let (mut recovery, now) = begin();
        assert_eq!(recovery.plan(Trouble::Cut, now).step, Step::Resume);
        assert_eq!(recovery.plan(Trouble::SessionLost, now).step, Step::Transfer);
        let plan = recovery.plan(Trouble::SubscriptionLost, now);
        assert_eq!((plan.step, plan.loses_since), (Step::Subscribe, Some(now)));
        assert_eq!(
            recovery.plan(Trouble::SessionLost, now).step,
            Step::Subscribe,
            "not back to the transfer"
        );
        assert_eq!(recovery.plan(Trouble::NamespacesChanged, now).step, Step::ResolveAndSubscribe);
        recovery.heard(now);
        assert_eq!(recovery.plan(Trouble::Cut, now).step, Step::Resume, "a new trouble begins anew");
    }

    #[test]
    fn time_makes_steps_pointless() {
        let (mut recovery, now) = begin();
        for (seconds, step) in [
            (0, Step::Resume),
            (59, Step::Resume),
            (60, Step::Transfer),
            (299, Step::Transfer),
            (300, Step::Subscribe),
        ] {
            let later = now + Duration::from_secs(seconds);
            assert_eq!(recovery.plan(Trouble::Cut, later).step, step, "after {seconds} s");
        }
        let plan = recovery.plan(Trouble::ChannelRejected, now + Duration::from_secs(900));
        assert_eq!((plan.step, plan.loses_since), (Step::Subscribe, Some(now)), "since it was last heard");
    }

    #[test]
    fn a_step_that_was_left_out_is_not_made_up_for() {
        let (mut recovery, now) = begin();
        let later = now + Duration::from_secs(61);
        assert_eq!(recovery.plan(Trouble::Cut, later).step, Step::Transfer);
        assert_eq!(
            recovery.plan(Trouble::SessionLost, later).step,
            Step::Subscribe,
            "the transfer was refused"
        );
    }

    #[test]
    fn pauses_grow_to_a_minute_and_begin_anew() {
        let (mut recovery, now) = begin();
        let pauses: Vec<_> =
            (0..12).map(|_| recovery.plan(Trouble::Cut, now).at.duration_since(now).as_millis()).collect();
        assert_eq!(pauses[..4], [0, 500, 1000, 2000]);
        assert_eq!(pauses[11], 60_000);
        recovery.heard(now);
        assert_eq!(recovery.plan(Trouble::HalfOpen, now).at, now);
    }

    #[test]
    fn errors_say_what_the_trouble_is() {
        let service = |status| Error::Service { service: "Publish", status };
        for (error, trouble) in [
            (Error::ConnectionLost { detail: String::new() }, Some(Trouble::Cut)),
            (Error::PublishSilent { subscription_id: 1, silent: SESSION }, Some(Trouble::HalfOpen)),
            (Error::Unanswered { requests: 257 }, Some(Trouble::HalfOpen)),
            (service(0x8025_0000), Some(Trouble::SessionLost)),
            (service(0x8028_0000), Some(Trouble::SubscriptionLost)),
            (service(0x8079_0000), Some(Trouble::SubscriptionLost)),
            (service(0x8010_0000), Some(Trouble::LimitsChanged)),
            (service(0x800C_0000), Some(Trouble::ServerRestarted)),
            (Error::ClosedByServer { status: 0x8001_0000, reason: String::new() }, Some(Trouble::Cut)),
            (service(0x8034_0000), None),
            (Error::LoginRefused { status: 0x801F_0000 }, None),
            (Error::Closed, None),
        ] {
            assert_eq!(Trouble::of(&error), trouble, "{error:?}");
        }
        let rejected = Error::RefusedByServer {
            phase: Phase::OpenSecureChannel,
            status: None,
            reason: String::new(),
            socket_closed: true,
            secured: true,
        };
        assert_eq!(Trouble::of(&rejected), Some(Trouble::ChannelRejected));
    }

    #[test]
    fn a_server_that_came_back_is_compared_with_what_it_was() {
        let facts = |start_time, uris: &[&str], most| ServerFacts {
            start_time: Some(start_time),
            namespaces: Namespaces::new(uris.iter().map(|uri| (*uri).to_owned()).collect()),
            limits: OperationLimits { max_nodes_per_read: most, ..Default::default() },
        };
        let was = facts(1, &["ua", "a", "b"], 9);
        assert_eq!(was.changes(&facts(1, &["ua", "a", "b", "c"], 9)), []);
        assert_eq!(was.changes(&facts(2, &["ua", "a", "b"], 9)), [Trouble::ServerRestarted]);
        assert_eq!(was.changes(&facts(1, &["ua", "a", "b"], 3)), [Trouble::LimitsChanged]);
        assert_eq!(
            was.changes(&facts(2, &["ua", "b", "a"], 9)),
            [Trouble::NamespacesChanged, Trouble::ServerRestarted]
        );
    }
}

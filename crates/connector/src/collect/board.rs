//! The status of one source: kept current here, written to the journal every second, told as events when it changes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tagstore::{NewGap, Timestamp};
use ua_pki::Certificate;

use crate::clock;
use crate::config::SourceConfig;
use crate::error::{Error, ErrorKind};
use crate::event::{EventKind, Events};
use crate::fill::Told;
use crate::naming::printable;
use crate::pipeline::Writer;
use crate::status::{Acknowledged, SourceState, SourceStatus, mode_name};

/// Keeps and tells the status of one source.
pub(crate) struct Board {
    status: SourceStatus,
    writer: Writer,
    events: Events,
    /// Totals of the last seconds, for the rate.
    totals: VecDeque<(Instant, u64)>,
    /// What was filled from history.
    told: Arc<Told>,
}

impl Board {
    pub(crate) fn new(source: &SourceConfig, writer: Writer, events: Events) -> Self {
        let now = clock::now();
        let status = SourceStatus {
            schema: SourceStatus::SCHEMA.to_owned(),
            source: source.name.to_string(),
            url: source.url.as_str().to_owned(),
            state: SourceState::Connecting,
            since: now,
            updated: now,
            detail: None,
            error_code: None,
            status_code: None,
            next_step: None,
            retry_at: None,
            policy: source.policy.name().to_owned(),
            mode: mode_name(source.mode).to_owned(),
            user: source.login.shown(),
            server_application_uri: None,
            server_thumbprint: None,
            server_certificate_not_after: None,
            own_thumbprint: None,
            own_certificate_not_after: None,
            streams: 0,
            streams_polled: 0,
            streams_refused: 0,
            refused_example: None,
            nodes_waiting: 0,
            values_total: 0,
            values_per_second: 0.0,
            last_sample_time: None,
            last_message_time: None,
            acknowledged: Vec::new(),
            gaps_found: 0,
            gaps_open: 0,
            backfilled_total: 0,
            reconnects: 0,
            danger: source.dangers(),
        };
        Self { status, writer, events, totals: VecDeque::new(), told: Arc::default() }
    }

    /// Where filling tells what it did.
    pub(crate) fn told(&self) -> Arc<Told> {
        Arc::clone(&self.told)
    }

    /// The open gaps that were on the ledger before this process.
    pub(crate) fn set_gaps_open(&mut self, count: usize) {
        self.status.gaps_open = u64::try_from(count).unwrap_or(u64::MAX);
    }

    /// A new attempt begins. A named failure stays visible until its outcome is known: a state that flickers every
    /// five seconds tells nobody anything.
    pub(crate) fn attempt(&mut self) {
        self.status.retry_at = None;
        let healthy = self.status.state.is_healthy() || self.status.state == SourceState::Connecting;
        if healthy {
            self.enter(SourceState::Connecting, None);
        }
    }

    /// Goes into a state without trouble.
    pub(crate) fn enter(&mut self, state: SourceState, detail: Option<String>) {
        self.status.error_code = None;
        self.status.status_code = None;
        self.status.next_step = None;
        self.status.retry_at = None;
        self.change(state, detail);
    }

    /// Goes into the state that belongs to an error.
    pub(crate) fn fail(&mut self, error: &Error, retry_in: Duration) {
        self.status.error_code = Some(error.code().to_owned());
        self.status.status_code = error.status_code();
        self.status.next_step = error.next_step(&self.status.source);
        self.status.retry_at = clock::now().checked_add(retry_in).ok();
        self.change(state_of(error), Some(printable(&error.to_string())));
    }

    /// The connection was lost and a new one is tried.
    pub(crate) fn count_reconnect(&mut self) {
        self.status.reconnects += 1;
    }

    /// The certificate that we show from now on.
    pub(crate) fn ours(&mut self, certificate: &Certificate) {
        self.status.own_thumbprint = Some(certificate.thumbprint().to_string());
        self.status.own_certificate_not_after = Some(certificate.not_after());
    }

    /// Who the server proved to be.
    pub(crate) fn met(&mut self, application_uri: &str, certificate: Option<&Certificate>) {
        self.status.server_application_uri = Some(printable(application_uri));
        self.status.server_thumbprint = certificate.map(|c| c.thumbprint().to_string());
        self.status.server_certificate_not_after = certificate.map(Certificate::not_after);
    }

    /// The server shows another certificate than was pinned, and the store trusts it.
    pub(crate) fn certificate_changed(&self, pinned: String, now: String) {
        self.tell(EventKind::ServerCertificateChanged { pinned, now });
    }

    /// So many changes of the server's nodes wait to be accepted.
    pub(crate) fn nodes_wait(&mut self, nodes: usize) {
        self.status.nodes_waiting = u64::try_from(nodes).unwrap_or(u64::MAX);
    }

    pub(crate) fn set_streams(
        &mut self,
        streams: usize,
        polled: usize,
        refused: usize,
        example: Option<String>,
    ) {
        self.status.streams_polled = u64::try_from(polled).unwrap_or(u64::MAX);
        self.status.streams = u64::try_from(streams).unwrap_or(u64::MAX);
        self.status.streams_refused = u64::try_from(refused).unwrap_or(u64::MAX);
        self.status.refused_example = example.map(|text| printable(&text));
    }

    /// A node was refused for the first time in this connection.
    pub(crate) fn node_refused(&self, stream: &str, status: &str) {
        self.tell(EventKind::NodeRefused { stream: stream.to_owned(), status: status.to_owned() });
    }

    /// A publish response came.
    pub(crate) fn message(&mut self) {
        self.status.last_message_time = Some(clock::now());
    }

    /// Values became durable and their messages may be acknowledged.
    pub(crate) fn durable(&mut self, values: usize, newest: Timestamp, acknowledged: &[(u32, u32)]) {
        self.status.values_total += u64::try_from(values).unwrap_or(0);
        if let Some(time) = newest.to_jiff() {
            self.status.last_sample_time = self.status.last_sample_time.max(Some(time));
        }
        for &(subscription, sequence) in acknowledged {
            match self.status.acknowledged.iter_mut().find(|a| a.subscription == subscription) {
                Some(entry) => entry.sequence = sequence,
                None => self.status.acknowledged.push(Acknowledged { subscription, sequence }),
            }
        }
    }

    /// New subscriptions: the old ones' numbers mean nothing any more.
    pub(crate) fn forget_acknowledged(&mut self) {
        self.status.acknowledged.clear();
    }

    /// Gaps went on the ledger.
    pub(crate) fn gaps(&mut self, gaps: &[NewGap]) {
        let count = u64::try_from(gaps.len()).unwrap_or(u64::MAX);
        self.status.gaps_found += count;
        self.status.gaps_open += count;
        if let Some(more) = gaps.len().checked_sub(TOLD_GAPS).filter(|more| *more > 0) {
            self.tell(EventKind::MoreGaps { count: more });
        }
        for gap in gaps.iter().take(TOLD_GAPS) {
            tracing::debug!(
                source = self.status.source, from = %gap.from, to = %gap.to, reason = gap.reason.as_str(),
                stream = gap.stream.map(tagstore::StreamId::get), detail = gap.detail, "values are missing"
            );
            self.tell(EventKind::Gap {
                stream: gap.stream.map(|stream| stream.to_string()),
                from: gap.from.to_jiff().unwrap_or_default(),
                to: gap.to.to_jiff().unwrap_or_default(),
                reason: gap.reason.as_str(),
                detail: gap.detail.clone(),
            });
        }
    }

    /// Once a second: the rate, and the whole status into the journal. `state` is what health says.
    pub(crate) fn tick(&mut self, state: Option<SourceState>) {
        if let Some(trouble) = self.writer.trouble() {
            self.status.next_step = Some(trouble.next_step);
            let detail = format!("{}; nothing is acknowledged", printable(&trouble.detail));
            self.change(SourceState::StorageFailed, Some(detail));
        } else if let Some(state) = state
            && state != self.status.state
        {
            let silent = "the server is silent for longer than it promised".to_owned();
            self.enter(state, (state == SourceState::Stale).then_some(silent));
        }
        self.write();
    }

    /// Writes the status as it is.
    pub(crate) fn write(&mut self) {
        self.update_rate(clock::instant());
        self.status.updated = clock::now();
        self.status.backfilled_total = self.told.added();
        if let Some(open) = self.told.open() {
            self.status.gaps_open = open;
        }
        self.writer.status(&self.status.source, self.status.to_json());
    }

    fn change(&mut self, state: SourceState, detail: Option<String>) {
        if self.status.state == state && self.status.detail == detail {
            return;
        }
        if self.status.state != state {
            self.status.since = clock::now();
        }
        self.status.state = state;
        self.status.detail.clone_from(&detail);
        let source = self.status.source.as_str();
        let shown = detail.as_deref().unwrap_or_default();
        let code = self.status.error_code.as_deref();
        tracing::debug!(source, state = state.words(), error_code = code, "{shown}");
        self.tell(EventKind::State { state, detail, next_step: self.status.next_step.clone() });
        self.write();
    }

    fn update_rate(&mut self, now: Instant) {
        self.totals.push_back((now, self.status.values_total));
        while self.totals.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > RATE_WINDOW) {
            self.totals.pop_front();
        }
        let Some((since, before)) = self.totals.front() else { return };
        let seconds = now.saturating_duration_since(*since).as_secs_f64();
        let values = u32::try_from(self.status.values_total - before).unwrap_or(u32::MAX);
        self.status.values_per_second = if seconds > 0.5 { f64::from(values) / seconds } else { 0.0 };
    }

    pub(crate) fn tell(&self, kind: EventKind) {
        self.events.send(Some(&self.status.source), kind);
    }
}

fn state_of(error: &Error) -> SourceState {
    match error.kind() {
        ErrorKind::Config => SourceState::Misconfigured,
        ErrorKind::Unreachable => SourceState::Unreachable,
        ErrorKind::ServerNotTrusted => SourceState::ServerNotTrusted,
        ErrorKind::ServerDoesNotTrustUs => SourceState::WaitingForServerTrust,
        ErrorKind::Security => SourceState::SecurityRefused,
        ErrorKind::Login => SourceState::LoginRefused,
        ErrorKind::Storage => SourceState::StorageFailed,
        ErrorKind::Server => SourceState::Stale,
    }
}

/// Gaps of one message that are told one by one; the ledger has them all.
const TOLD_GAPS: usize = 10;
const RATE_WINDOW: Duration = Duration::from_secs(10);

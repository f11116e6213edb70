//! Reading from the server: one group of streams, page by page.

use tagstore::{Sample, SampleBatch, StreamId, Timestamp};
use ua_client::{
    Bounds, DataValueRef, HistoryRange, HistoryVisitor, NodeHistory, RawHistory, Session, status_name,
};

use super::targets::Target;
use super::verdict::{never, says};
use super::work::{Outcome, Seen};
use crate::collect::value::{Scratch, convert};

/// Takes what the server sends of some streams.
pub(super) struct Take {
    streams: Vec<StreamId>,
    /// What is wanted, both ends included.
    interval: (i64, i64),
    /// Up to here it was sent before.
    start: i64,
    receive_time: Timestamp,
    now: Option<usize>,
    seen: Vec<Seen>,
    batch: SampleBatch,
    scratch: Scratch,
}

impl Take {
    /// For a reading of these streams from `start` on, of an interval that may begin before.
    pub(super) fn new(targets: &[Target], interval: (i64, i64), start: i64, receive_time: Timestamp) -> Self {
        Self {
            streams: targets.iter().map(|target| target.stream).collect(),
            interval,
            start,
            receive_time,
            now: None,
            seen: vec![Seen::default(); targets.len()],
            batch: SampleBatch::new(),
            scratch: Scratch::default(),
        }
    }

    /// What the last page brought of the stream at this place.
    pub(super) fn seen(&self, place: usize) -> Seen {
        self.seen.get(place).copied().unwrap_or_default()
    }

    /// The samples of the last page; ready for the next one.
    pub(super) fn page(&mut self) -> SampleBatch {
        self.seen.fill(Seen::default());
        std::mem::take(&mut self.batch)
    }
}

impl HistoryVisitor for Take {
    fn begin_node(&mut self, node: usize, _status: u32, _continuation_point: Option<&[u8]>) {
        self.now = Some(node);
    }

    fn value(&mut self, value: &DataValueRef<'_>) {
        let source_time = Timestamp::from_ticks(value.source_timestamp);
        let server_time = Timestamp::from_ticks(value.server_timestamp);
        let time = if source_time.is_absent() { server_time } else { source_time };
        let (from, to) = self.interval;
        let Some(place) = self.now.filter(|_| (from..=to).contains(&time.ticks())) else { return };
        let (Some(stream), Some(seen)) = (self.streams.get(place), self.seen.get_mut(place)) else { return };
        seen.sent += 1;
        seen.latest = seen.latest.max(time.ticks());
        seen.earliest = if seen.earliest == 0 { time.ticks() } else { seen.earliest.min(time.ticks()) };
        if time.ticks() > self.start || self.start <= from {
            seen.values += 1;
        }
        self.batch.push(Sample {
            stream: *stream,
            source_time,
            server_time,
            receive_time: self.receive_time,
            status: value.status,
            value: convert(&value.value, &mut self.scratch),
        });
    }

    fn unsupported(&mut self, _type_id: u32) {}

    fn end_node(&mut self, _node: usize) {
        self.now = None;
    }
}

/// What the failure of a whole request means for the streams in it; `None` when it is the connection that failed.
pub(super) fn outcome_of(error: &ua_client::Error) -> Option<Outcome> {
    match error {
        // of the session, not of history
        ua_client::Error::Service { status, .. }
            if status_name(*status).starts_with("BadSession")
                || status_name(*status).starts_with("BadSecureChannel") =>
        {
            None
        }
        ua_client::Error::Service { status, .. } if never(*status) => Some(Outcome::Without(says(*status))),
        ua_client::Error::Service { status, .. } => Some(Outcome::Refused(says(*status))),
        ua_client::Error::Timeout { .. } => Some(Outcome::Refused("no answer in time".to_owned())),
        ua_client::Error::Decode { .. }
        | ua_client::Error::UnexpectedResponse { .. }
        | ua_client::Error::Request { .. }
        | ua_client::Error::InvalidRequest(_) => Some(Outcome::Failed(error.to_string())),
        _ => None,
    }
}

/// Which of these streams have a value at `from` or before, and at what time. One of which the server does not say is
/// taken to have one.
///
/// # Errors
/// The end of the connection.
pub(super) async fn first_before(
    session: &Session,
    targets: &[Target],
    from: i64,
) -> Result<Vec<Option<i64>>, ua_client::Error> {
    let history = RawHistory {
        range: HistoryRange::until(from),
        page_size: 1,
        at_most: Some(1),
        bounds: Bounds::Without,
    };
    let nodes = targets.iter().map(|target| target.node.clone()).collect();
    let mut found = vec![Some(from); targets.len()];
    let mut take = Take::new(targets, (1, from), 0, Timestamp::ABSENT);
    let mut pages = session.history_raw(nodes, history)?;
    loop {
        let page = match pages.next_page(&mut take).await {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(found),
            Err(error) if outcome_of(&error).is_some() => return Ok(found),
            Err(error) => return Err(error),
        };
        for node in page.nodes {
            let seen = take.seen(node.node);
            if let Some(found) = found.get_mut(node.node) {
                *found = match node.state {
                    _ if seen.values > 0 => Some(seen.latest),
                    NodeHistory::Complete => None,
                    NodeHistory::Refused { status } if super::verdict::no_data(status) => None,
                    _ => *found,
                };
            }
        }
        take.page();
    }
}

//! Following the answers of a server to their end, node by node.

use std::collections::VecDeque;

use opcua_types::{ByteString, HistoryReadRequest, HistoryReadValueId, NodeId, TimestampsToReturn};
use ua_channel::{HistoryVisitor, walk_history_read_response};

use super::progress::Progress;
use super::request::{
    Details, EventHistory, Kind, ProcessedHistory, RawHistory, at_times, events, processed, raw,
};
use super::walk::{Again, Came, Relay};
use crate::batch::BatchLimit;
use crate::delivery::decode_failure;
use crate::request::ReadOnlyRequest;
use crate::session::Session;
use crate::{Error, status};

/// What one answer brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// The nodes it is about.
    pub nodes: Vec<NodePage>,
}

/// What one answer brought for one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodePage {
    /// The node's place in the list that was asked for.
    pub node: usize,
    /// How many values or events of it went to the visitor.
    pub values: u64,
    /// Whether more will come.
    pub state: NodeHistory,
}

/// How it stands with one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeHistory {
    /// A later page brings more.
    More,
    /// That was all.
    Complete,
    /// That was as much as was asked for; the server may have more.
    Enough,
    /// The server refused it with this status. [`explain_history_status`](crate::explain_history_status) says what it means.
    Refused {
        /// The node's status.
        status: u32,
    },
    /// Its history came in a form that cannot be read. What the visitor was given before is as the server sent it.
    Unreadable,
    /// The server sends the same again and again, or nothing but promises: it was given up (HC-36).
    Circles,
}

/// A reading of history under way.
///
/// Nodes are begun a few at a time and read to their end in order. When it is dropped before the end, the server is told
/// in the background that it may forget where it stopped; [`close`](HistoryPages::close) waits for that.
#[derive(Debug)]
pub struct HistoryPages {
    session: Session,
    details: Details,
    nodes: Vec<NodeId>,
    progress: Vec<Progress>,
    /// Not begun yet.
    waiting: VecDeque<usize>,
    /// Begun, with the place where each goes on.
    open: VecDeque<(usize, Onward)>,
    /// Most nodes to begin in one request.
    at_once: usize,
    timeouts: u32,
}

/// Where a node goes on.
#[derive(Clone, Debug)]
enum Onward {
    /// Where the server says.
    Point(Vec<u8>),
    /// At a time, because the server filled the page and forgot to say that there is more (asyncua up to 2.1). Taking
    /// such a page for the end would be a loss that nobody hears of.
    From(Again),
}

/// Requests without an answer in time before the server is not there.
const MAX_TIMEOUTS: u32 = 3;

impl Session {
    /// Reads values as they were recorded.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] for a range that is none; the server is asked with the first page.
    pub fn history_raw(&self, nodes: Vec<NodeId>, history: RawHistory) -> Result<HistoryPages, Error> {
        Ok(HistoryPages::new(self.clone(), nodes, raw(&history)?))
    }

    /// Reads the values at given instants (ticks), interpolated by the server where none was recorded (Part 11 §6.5.5).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] for no instant, or more than 10,000.
    pub fn history_at_times(&self, nodes: Vec<NodeId>, times: &[i64]) -> Result<HistoryPages, Error> {
        Ok(HistoryPages::new(self.clone(), nodes, at_times(times)?))
    }

    /// Reads values that the server computes for each interval.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] for a range that is none.
    pub fn history_processed(
        &self,
        nodes: Vec<NodeId>,
        history: &ProcessedHistory,
    ) -> Result<HistoryPages, Error> {
        Ok(HistoryPages::new(self.clone(), nodes, processed(history)?))
    }

    /// Reads recorded events of notifiers.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] for a range that is none.
    pub fn history_events(
        &self,
        notifiers: Vec<NodeId>,
        history: &EventHistory,
    ) -> Result<HistoryPages, Error> {
        Ok(HistoryPages::new(self.clone(), notifiers, events(history)?))
    }
}

impl HistoryPages {
    fn new(session: Session, nodes: Vec<NodeId>, details: Details) -> Self {
        let at_once = limit_of(&session, details.kind).get();
        Self {
            session,
            details,
            progress: vec![Progress::default(); nodes.len()],
            waiting: (0..nodes.len()).collect(),
            nodes,
            open: VecDeque::new(),
            at_once,
            timeouts: 0,
        }
    }

    /// Asks for the next page and hands what it brings to the visitor, under the places of the nodes in the list that
    /// was asked for. `None` when every node has come to its end, which each has told in its last page.
    ///
    /// A page may be without values. Do not abandon the future and go on: the page it waited for is lost then.
    ///
    /// # Errors
    ///
    /// When the connection ends, no answer comes in time, or the service as a whole refuses (`BadServiceUnsupported`
    /// from a server without history). A single node's failure is in the page.
    pub async fn next_page<V: HistoryVisitor>(
        &mut self,
        visitor: &mut V,
    ) -> Result<Option<HistoryPage>, Error> {
        loop {
            let batch = self.next_batch();
            if batch.is_empty() {
                return Ok(None);
            }
            let nodes = self.ask(&batch, visitor).await?;
            if !nodes.is_empty() {
                return Ok(Some(HistoryPage { nodes }));
            }
        }
    }

    /// Ends the reading before its end and waits until the server has been told.
    ///
    /// # Errors
    ///
    /// When the connection ends or no answer comes in time.
    pub async fn close(mut self) -> Result<(), Error> {
        let points = points(std::mem::take(&mut self.open));
        self.release(&points).await
    }

    /// A node that is open goes before those that are not begun: a server has few places to remember.
    fn next_batch(&self) -> Vec<usize> {
        match self.open.front() {
            Some((node, _)) => vec![*node],
            None => self.waiting.iter().copied().take(self.at_once.max(1)).collect(),
        }
    }

    async fn ask<V: HistoryVisitor>(
        &mut self,
        batch: &[usize],
        visitor: &mut V,
    ) -> Result<Vec<NodePage>, Error> {
        let (point, again) = match self.open.front() {
            Some((_, Onward::Point(point))) => (Some(point.clone()), None),
            Some((_, Onward::From(again))) => (None, Some(*again)),
            None => (None, None),
        };
        let from = again.map(|again| again.time);
        let request = self.request(batch.iter().map(|node| (*node, point.as_deref())), from, false);
        let caller = &self.session.inner.caller;
        let answer = caller.call_raw(request, caller.timeout()).await;
        let body = match answer {
            Ok(body) => body,
            Err(error) => return self.refused(batch, error),
        };
        let room = batch.iter().map(|node| self.room(*node)).collect();
        let mut relay = Relay::new(visitor, batch, again, room);
        let walked = walk_history_read_response(&body, &mut relay);
        let came = relay.came;
        let service = HistoryReadRequest::SERVICE;
        match walked {
            Ok(summary) if status::is_bad(summary.service_result) => {
                self.refused(batch, Error::Service { service, status: summary.service_result })
            }
            Ok(summary) if summary.nodes != batch.len() => {
                let detail = format!("{} results for {} questions", summary.nodes, batch.len());
                Err(Error::UnexpectedResponse { service, detail })
            }
            Ok(_) => self.settle(batch, came).await,
            Err(error) if came.is_empty() => self.refused(batch, decode_failure(service, &error)),
            Err(error) => {
                tracing::debug!(%error, "the history of a node cannot be read");
                self.settle(batch, spoil_last(came)).await
            }
        }
    }

    /// Takes note of what came for each node. Nodes behind one that spoilt the answer stay where they are.
    async fn settle(&mut self, batch: &[usize], came: Vec<Came>) -> Result<Vec<NodePage>, Error> {
        let before = match self.open.front() {
            Some((_, Onward::From(again))) => Some(*again),
            _ => None,
        };
        let mut pages = Vec::with_capacity(came.len());
        let mut given_up = Vec::new();
        for (node, came) in batch.iter().copied().zip(came) {
            self.begun(node);
            let code = came.status & 0xFFFF_0000;
            if code == status::BAD_NO_CONTINUATION_POINTS && batch.len() > 1 {
                // The others hold them all: once they are done, alone.
                self.waiting.push_back(node);
                self.at_once = 1;
                continue;
            }
            let values = came.brought.values;
            let again = self.forgotten(&came, before);
            let state = self.judge(node, &came, again.is_some());
            match (state, came.continuation, again) {
                (NodeHistory::More, Some(point), _) => self.open.push_back((node, Onward::Point(point))),
                (NodeHistory::More, None, Some(again)) => {
                    self.open.push_back((node, Onward::From(again)));
                }
                (_, Some(point), _) => given_up.push((node, point)),
                (_, None, _) => {}
            }
            pages.push(NodePage { node, values, state });
        }
        self.release(&given_up).await?;
        Ok(pages)
    }

    /// How many more values a node may have.
    fn room(&self, node: usize) -> u64 {
        let so_far = self.progress.get(node).map_or(0, |progress| progress.values);
        self.details.at_most.map_or(u64::MAX, |most| most.saturating_sub(so_far))
    }

    /// Where to go on behind a page that was full and came without a continuation point.
    fn forgotten(&self, came: &Came, before: Option<Again>) -> Option<Again> {
        let brought = &came.brought;
        let received = brought.values.saturating_add(brought.held_back);
        let is_full = self.details.page_size().is_some_and(|size| received >= size);
        if !is_full || came.continuation.is_some() || !came.complete || status::is_bad(came.status) {
            return None;
        }
        match before {
            // nothing new in a full page: the time holds more values than a page
            _ if brought.values == 0 || brought.last <= 0 => None,
            Some(before) if before.time == brought.last => {
                Some(Again { time: before.time, count: before.count.saturating_add(brought.at_last) })
            }
            _ => Some(Again { time: brought.last, count: brought.at_last }),
        }
    }

    fn judge(&mut self, node: usize, came: &Came, goes_on: bool) -> NodeHistory {
        if status::is_bad(came.status) {
            return NodeHistory::Refused { status: came.status };
        }
        if !came.complete || came.unsupported.is_some() {
            return NodeHistory::Unreadable;
        }
        let has_more = came.continuation.is_some() || goes_on;
        let size = self.details.page_size().unwrap_or(u64::MAX);
        if !has_more && came.brought.values == 0 && came.brought.held_back >= size {
            // more values at one time than a page has room for, and no way past them
            return NodeHistory::Circles;
        }
        let Some(progress) = self.progress.get_mut(node) else { return NodeHistory::Complete };
        if !progress.advance(came.brought, self.details.range, has_more) {
            return NodeHistory::Circles;
        }
        match (has_more, self.details.at_most) {
            (false, Some(most)) if progress.values >= most && came.brought.held_back > 0 => {
                NodeHistory::Enough
            }
            (false, _) => NodeHistory::Complete,
            (true, Some(most)) if progress.values >= most => NodeHistory::Enough,
            (true, _) => NodeHistory::More,
        }
    }

    /// Takes a node out of the line.
    fn begun(&mut self, node: usize) {
        self.open.retain(|(open, _)| *open != node);
        self.waiting.retain(|waiting| *waiting != node);
    }

    /// What a failed request means for its nodes: they are asked again fewer at a time, or the one in it has failed.
    fn refused(&mut self, batch: &[usize], error: Error) -> Result<Vec<NodePage>, Error> {
        let status = match &error {
            Error::Decode { .. } => status::BAD_DECODING_ERROR,
            Error::Request { .. } => status::BAD_ENCODING_LIMITS_EXCEEDED,
            Error::Timeout { .. } if self.timeouts < MAX_TIMEOUTS && self.nodes.len() > 1 => {
                self.timeouts = self.timeouts.saturating_add(1);
                status::BAD_TIMEOUT
            }
            Error::Service { status, .. } if is_about_nodes(*status) => *status,
            _ => return Err(error),
        };
        let [node] = batch else {
            self.at_once = batch.len().div_ceil(2);
            if matches!(status & 0xFFFF_0000, status::BAD_TOO_MANY_OPERATIONS | status::BAD_TIMEOUT) {
                limit_of(&self.session, self.details.kind).lower_to(self.at_once);
            }
            return Ok(Vec::new());
        };
        if status & 0xFFFF_0000 == status::BAD_TOO_MANY_OPERATIONS {
            return Err(error);
        }
        self.begun(*node);
        let state = match error {
            Error::Decode { .. } => NodeHistory::Unreadable,
            _ => NodeHistory::Refused { status },
        };
        Ok(vec![NodePage { node: *node, values: 0, state }])
    }

    fn request<'a>(
        &self,
        nodes: impl ExactSizeIterator<Item = (usize, Option<&'a [u8]>)>,
        from: Option<i64>,
        release: bool,
    ) -> HistoryReadRequest {
        let details = self.details.body(nodes.len(), from);
        let nodes = nodes.map(|(node, point)| HistoryReadValueId {
            node_id: self.nodes.get(node).cloned().unwrap_or_default(),
            continuation_point: point.map_or_else(ByteString::null, |point| ByteString::from(point.to_vec())),
            ..Default::default()
        });
        HistoryReadRequest {
            history_read_details: details,
            timestamps_to_return: TimestampsToReturn::Both,
            release_continuation_points: release,
            nodes_to_read: Some(nodes.collect()),
            ..Default::default()
        }
    }

    /// Gives continuation points back. A server that refuses keeps them, which is its business.
    async fn release(&self, points: &[(usize, Vec<u8>)]) -> Result<(), Error> {
        let caller = &self.session.inner.caller;
        for request in self.releases(points) {
            if let Err(error) = caller.call_raw(request, caller.timeout()).await {
                tracing::debug!(%error, "continuation points could not be given back");
                return Err(error);
            }
        }
        Ok(())
    }

    fn releases(&self, points: &[(usize, Vec<u8>)]) -> Vec<HistoryReadRequest> {
        let most = limit_of(&self.session, self.details.kind).get();
        let requests = points.chunks(most).map(|points| {
            self.request(points.iter().map(|(node, point)| (*node, Some(point.as_slice()))), None, true)
        });
        requests.collect()
    }
}

impl Drop for HistoryPages {
    fn drop(&mut self) {
        let open = points(std::mem::take(&mut self.open));
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let caller = &self.session.inner.caller;
        let timeout = caller.timeout();
        for request in self.releases(&open) {
            let Ok(body) = caller.encode(request, timeout) else { return };
            let connection = caller.connection();
            runtime.spawn(async move {
                if let Err(error) = connection.request(HistoryReadRequest::SERVICE, body, timeout).await {
                    tracing::debug!(%error, "continuation points could not be given back");
                }
            });
        }
    }
}

/// The continuation points among the places where nodes go on.
fn points(open: VecDeque<(usize, Onward)>) -> Vec<(usize, Vec<u8>)> {
    let points = open.into_iter().filter_map(|(node, onward)| match onward {
        Onward::Point(point) => Some((node, point)),
        Onward::From(_) => None,
    });
    points.collect()
}

fn limit_of(session: &Session, kind: Kind) -> &BatchLimit {
    match kind {
        Kind::Values => &session.inner.limits.history_data,
        Kind::Events => &session.inner.limits.history_events,
    }
}

/// An answer that was readable up to its end and yet wrong was misread in its last node.
fn spoil_last(mut came: Vec<Came>) -> Vec<Came> {
    if let Some(last) = came.last_mut() {
        last.complete = false;
    }
    came
}

/// Whether a refusal of the whole service may be one node's doing: stacks differ in where they say it.
fn is_about_nodes(code: u32) -> bool {
    matches!(
        code & 0xFFFF_0000,
        status::BAD_TOO_MANY_OPERATIONS
            | status::BAD_RESPONSE_TOO_LARGE
            | status::BAD_REQUEST_TOO_LARGE
            | status::BAD_ENCODING_LIMITS_EXCEEDED
            | status::BAD_TCP_MESSAGE_TOO_LARGE
            | status::BAD_UNEXPECTED_ERROR
            | status::BAD_INTERNAL_ERROR
            | status::BAD_NOT_SUPPORTED
            | status::BAD_NODE_ID_INVALID
            | status::BAD_NODE_ID_UNKNOWN
            | status::BAD_NO_CONTINUATION_POINTS
            | status::BAD_CONTINUATION_POINT_INVALID
            | status::BAD_NO_DATA
            | status::BAD_INVALID_TIMESTAMP_ARGUMENT
            | status::BAD_HISTORY_OPERATION_INVALID
            | status::BAD_HISTORY_OPERATION_UNSUPPORTED
            | status::BAD_AGGREGATE_NOT_SUPPORTED
            | status::BAD_AGGREGATE_LIST_MISMATCH
            | status::BAD_AGGREGATE_INVALID_INPUTS
            | status::BAD_AGGREGATE_CONFIGURATION_REJECTED
    )
}

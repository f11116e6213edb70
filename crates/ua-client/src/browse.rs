//! Following references (Part 4 §5.9.2, §5.9.3).

use std::ops::Range;

use opcua_types::{
    BrowseDescription, BrowseDirection, BrowseNextRequest, BrowseRequest, ByteString, NodeId, ReferenceTypeId,
};
use ua_channel::{
    BrowseSummary, BrowseVisitor, BrowsedRef, DecodeError, ReferenceRef, walk_browse_next_response,
    walk_browse_response,
};

pub use opcua_types::ReferenceDescription as Reference;

use crate::batch::Verdict;
use crate::delivery::decode_failure;
use crate::flight::Flight;
use crate::reference::owned;
use crate::request::ReadOnlyRequest;
use crate::session::Session;
use crate::{Error, status};

/// Which references to follow.
#[derive(Clone, Debug, PartialEq)]
pub struct BrowseFilter {
    /// Forward, inverse or both.
    pub direction: BrowseDirection,
    /// The type of reference, with its subtypes; the null id means every type.
    pub reference_type: NodeId,
    /// Bits of the node classes wanted (1 object, 2 variable, 4 method, …); 0 means all.
    pub node_classes: u32,
    /// More references than this of one node are a failure of that node (HC-36).
    pub max_references_per_node: usize,
}

impl Default for BrowseFilter {
    /// Forward along the hierarchy, all node classes, at most a million references of a node.
    fn default() -> Self {
        Self {
            direction: BrowseDirection::Forward,
            reference_type: ReferenceTypeId::HierarchicalReferences.into(),
            node_classes: 0,
            max_references_per_node: 1_000_000,
        }
    }
}

/// What one node's browse gave: its references, or the status it failed with.
pub type Browsed = Result<Vec<Reference>, u32>;

/// Every field of a reference description (Part 4 §7.9, BrowseResultMask).
const ALL_FIELDS: u32 = 0x3F;

/// A node whose references did not fit into one answer.
struct Unfinished {
    index: usize,
    continuation: ByteString,
    /// Its result is settled: the continuation point is only given back.
    abandoned: bool,
}

/// Where references go.
trait Sink {
    /// So many references of a node come now.
    fn expect(&mut self, _node: usize, _references: usize) {}
    fn take(&mut self, node: usize, reference: &ReferenceRef<'_>);
}

impl<F: FnMut(usize, &ReferenceRef<'_>)> Sink for F {
    fn take(&mut self, node: usize, reference: &ReferenceRef<'_>) {
        self(node, reference);
    }
}

/// Keeps them all.
struct Keep(Vec<Vec<Reference>>);

impl Sink for Keep {
    fn expect(&mut self, node: usize, references: usize) {
        if let Some(kept) = self.0.get_mut(node) {
            kept.reserve_exact(references);
        }
    }

    fn take(&mut self, node: usize, reference: &ReferenceRef<'_>) {
        if let Some(kept) = self.0.get_mut(node) {
            kept.push(owned(reference));
        }
    }
}

impl Session {
    /// The references of each node, in order of the nodes. Continuation points are followed to their end.
    ///
    /// # Errors
    ///
    /// When the connection ends, an answer does not come in time, or the service as a whole refuses. A single node's
    /// failure is that node's status.
    pub async fn browse(&self, nodes: &[NodeId], filter: &BrowseFilter) -> Result<Vec<Browsed>, Error> {
        let mut kept = Keep(vec![Vec::new(); nodes.len()]);
        let results = self.browse_into(nodes, filter, &mut kept).await?;
        Ok(kept.0.into_iter().zip(results).map(|(found, result)| result.map(|_| found)).collect())
    }

    /// Browses without keeping: each reference is handed over in the bytes it came in, with the place of its node. Gives
    /// the number of references of each node, or the status it failed with; what was handed over of a node that fails
    /// later stays handed over.
    ///
    /// For large address spaces: nothing is allocated for a reference.
    ///
    /// # Errors
    ///
    /// As [`Session::browse`].
    pub async fn browse_each<F>(
        &self,
        nodes: &[NodeId],
        filter: &BrowseFilter,
        mut reference: F,
    ) -> Result<Vec<Result<usize, u32>>, Error>
    where
        F: FnMut(usize, &ReferenceRef<'_>),
    {
        self.browse_into(nodes, filter, &mut reference).await
    }

    async fn browse_into<S: Sink>(
        &self,
        nodes: &[NodeId],
        filter: &BrowseFilter,
        sink: &mut S,
    ) -> Result<Vec<Result<usize, u32>>, Error> {
        let mut found = vec![Ok(0); nodes.len()];
        let limits = &self.inner.limits;
        let mut flight = Flight::new(nodes.len(), &limits.browse, &limits.browses_at_once);
        let ask = |range: Range<usize>| {
            let (session, filter) = (self.clone(), filter.clone());
            let batch = nodes.get(range).unwrap_or_default().to_vec();
            async move { session.browse_batch(&batch, &filter).await }
        };
        while let Some((range, answer)) = flight.next(ask).await {
            match answer {
                Ok(answer) => {
                    let places: Vec<usize> = range.collect();
                    self.take(&answer, &places, &mut found, filter, sink).await?;
                }
                Err(error) => match flight.failed(range.clone(), error)? {
                    Verdict::Retry => {}
                    Verdict::ItemFailed(code) => set(&mut found, range.start, Err(code)),
                },
            }
        }
        self.retry_without_continuation_points(nodes, filter, &mut found, sink).await?;
        Ok(found)
    }

    /// Hands over what an answer holds and what its continuation points lead to.
    async fn take<S: Sink>(
        &self,
        answer: &[u8],
        places: &[usize],
        found: &mut [Result<usize, u32>],
        filter: &BrowseFilter,
        sink: &mut S,
    ) -> Result<(), Error> {
        let mut taking = Taking::new(found, places, filter, sink);
        walk_browse_response(answer, &mut taking).map_err(|error| browse_failure(&error))?;
        let open = taking.open;
        self.follow(open, found, filter, sink).await
    }

    /// An answer's bytes that were walked once without handing anything over: whole, readable, one result per node.
    async fn browse_batch(&self, batch: &[NodeId], filter: &BrowseFilter) -> Result<Vec<u8>, Error> {
        let descriptions = batch.iter().map(|node| BrowseDescription {
            node_id: node.clone(),
            browse_direction: filter.direction,
            reference_type_id: filter.reference_type.clone(),
            include_subtypes: true,
            node_class_mask: filter.node_classes,
            result_mask: ALL_FIELDS,
        });
        let request = BrowseRequest { nodes_to_browse: Some(descriptions.collect()), ..Default::default() };
        let caller = &self.inner.caller;
        let answer = caller.call_raw(request, caller.timeout()).await?;
        check::<BrowseRequest>(walk_browse_response(&answer, &mut ()), batch.len())?;
        Ok(answer)
    }

    /// Follows continuation points until none is left.
    async fn follow<S: Sink>(
        &self,
        mut open: Vec<Unfinished>,
        found: &mut [Result<usize, u32>],
        filter: &BrowseFilter,
        sink: &mut S,
    ) -> Result<(), Error> {
        while !open.is_empty() {
            let rest = open.split_off(open.len().min(self.inner.limits.browse.get()));
            let (abandoned, batch): (Vec<_>, Vec<_>) =
                std::mem::replace(&mut open, rest).into_iter().partition(|unfinished| unfinished.abandoned);
            self.release(&abandoned).await?;
            if batch.is_empty() {
                continue;
            }
            let places: Vec<usize> = batch.iter().map(|unfinished| unfinished.index).collect();
            match self.browse_next(&batch, false).await {
                Ok(answer) => {
                    let mut taking = Taking::new(found, &places, filter, sink);
                    walk_browse_next_response(&answer, &mut taking)
                        .map_err(|error| browse_failure(&error))?;
                    open.extend(taking.open);
                }
                // The continuation points are used up; what was cut off is lost with the answer.
                Err(Error::Decode { .. }) => {
                    places.iter().for_each(|place| set(found, *place, Err(status::BAD_DECODING_ERROR)));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn browse_next(&self, batch: &[Unfinished], release: bool) -> Result<Vec<u8>, Error> {
        let request = BrowseNextRequest {
            release_continuation_points: release,
            continuation_points: Some(
                batch.iter().map(|unfinished| unfinished.continuation.clone()).collect(),
            ),
            ..Default::default()
        };
        let caller = &self.inner.caller;
        let answer = caller.call_raw(request, caller.timeout()).await?;
        check::<BrowseNextRequest>(walk_browse_next_response(&answer, &mut ()), batch.len())?;
        Ok(answer)
    }

    /// Gives continuation points back that will not be followed. A server that refuses keeps them, which is its business.
    async fn release(&self, abandoned: &[Unfinished]) -> Result<(), Error> {
        if abandoned.is_empty() {
            return Ok(());
        }
        match self.browse_next(abandoned, true).await {
            Ok(_) | Err(Error::Service { .. } | Error::Decode { .. } | Error::UnexpectedResponse { .. }) => {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Nodes that got no continuation point because the server's were all taken are asked again: as many at a time as
    /// the server has points, if it says so, and each alone at last.
    async fn retry_without_continuation_points<S: Sink>(
        &self,
        nodes: &[NodeId],
        filter: &BrowseFilter,
        found: &mut [Result<usize, u32>],
        sink: &mut S,
    ) -> Result<(), Error> {
        let limits = &self.inner.limits;
        let points = usize::from(limits.announced.max_browse_continuation_points);
        let together = points.min(limits.browse.get());
        let rounds = if together > 1 { [Some(together), Some(1)] } else { [Some(1), None] };
        for at_once in rounds.into_iter().flatten() {
            let places: Vec<usize> = (0..nodes.len())
                .filter(|place| found.get(*place) == Some(&Err(status::BAD_NO_CONTINUATION_POINTS)))
                .collect();
            // a node that was alone from the beginning gains nothing by being asked again
            if places.is_empty() || nodes.len() < 2 {
                return Ok(());
            }
            limits.browses_at_once.narrow();
            for part in places.chunks(at_once) {
                let batch: Vec<NodeId> = part.iter().filter_map(|place| nodes.get(*place)).cloned().collect();
                let answer = self.browse_batch(&batch, filter).await?;
                part.iter().for_each(|place| set(found, *place, Ok(0)));
                self.take(&answer, part, found, filter, sink).await?;
            }
        }
        Ok(())
    }
}

/// Takes the references of one answer and notes what is still to be fetched.
///
/// An answer without references but with another continuation point leads nowhere and ends the node, and so does
/// more than the filter allows: a server cannot keep us busy for ever (HC-36).
struct Taking<'a, S> {
    found: &'a mut [Result<usize, u32>],
    /// The caller's place of each node of the request.
    places: &'a [usize],
    filter: &'a BrowseFilter,
    sink: &'a mut S,
    open: Vec<Unfinished>,
    /// Where the references that come now belong; `None` when nobody wants them.
    now: Option<usize>,
}

impl<'a, S: Sink> Taking<'a, S> {
    fn new(
        found: &'a mut [Result<usize, u32>],
        places: &'a [usize],
        filter: &'a BrowseFilter,
        sink: &'a mut S,
    ) -> Self {
        Self { found, places, filter, sink, open: Vec::new(), now: None }
    }
}

impl<S: Sink> BrowseVisitor for Taking<'_, S> {
    fn begin_node(&mut self, node: usize, browsed: &BrowsedRef<'_>) {
        self.now = None;
        let Some(index) = self.places.get(node).copied() else { return };
        let Some(slot) = self.found.get_mut(index) else { return };
        if status::is_bad(browsed.status) {
            *slot = Err(browsed.status);
            return;
        }
        let Ok(sofar) = slot else { return };
        let total = sofar.saturating_add(browsed.references);
        let stuck = browsed.continuation_point.is_some() && browsed.references == 0;
        let abandoned = stuck || total > self.filter.max_references_per_node;
        if abandoned {
            *slot = Err(status::BAD_ENCODING_LIMITS_EXCEEDED);
        } else {
            *sofar = total;
            self.now = Some(index);
            self.sink.expect(index, browsed.references);
        }
        self.open.extend(browsed.continuation_point.map(|point| Unfinished {
            index,
            continuation: ByteString::from(point),
            abandoned,
        }));
    }

    fn reference(&mut self, reference: &ReferenceRef<'_>) {
        if let Some(index) = self.now {
            self.sink.take(index, reference);
        }
    }
}

fn set(found: &mut [Result<usize, u32>], place: usize, result: Result<usize, u32>) {
    if let Some(slot) = found.get_mut(place) {
        *slot = result;
    }
}

fn check<R: ReadOnlyRequest>(
    walked: Result<BrowseSummary, DecodeError>,
    expected: usize,
) -> Result<(), Error> {
    let summary = walked.map_err(|error| decode_failure(R::SERVICE, &error))?;
    if status::is_bad(summary.service_result) {
        return Err(Error::Service { service: R::SERVICE, status: summary.service_result });
    }
    if summary.results != expected {
        let detail = format!("{} results for {expected} questions", summary.results);
        return Err(Error::UnexpectedResponse { service: R::SERVICE, detail });
    }
    Ok(())
}

fn browse_failure(error: &DecodeError) -> Error {
    decode_failure(BrowseRequest::SERVICE, error)
}

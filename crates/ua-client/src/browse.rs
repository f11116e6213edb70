//! Following references (Part 4 §5.9.2, §5.9.3).

use opcua_types::{
    BrowseDescription, BrowseDirection, BrowseNextRequest, BrowseRequest, BrowseResult, ByteString, NodeId,
    ReferenceTypeId,
};

pub use opcua_types::ReferenceDescription as Reference;

use crate::batch::{Batches, Verdict};
use crate::codec::exactly;
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

impl Session {
    /// The references of each node, in order of the nodes. Continuation points are followed to their end.
    ///
    /// # Errors
    ///
    /// When the connection ends, an answer does not come in time, or the service as a whole refuses. A single node's
    /// failure is that node's status.
    pub async fn browse(&self, nodes: &[NodeId], filter: &BrowseFilter) -> Result<Vec<Browsed>, Error> {
        let mut found: Vec<Browsed> = Vec::with_capacity(nodes.len());
        let mut batches = Batches::new(nodes.len(), &self.inner.limits.browse);
        while let Some(range) = batches.next() {
            let batch = nodes.get(range.clone()).unwrap_or_default();
            match self.browse_batch(batch, filter).await {
                Ok(results) => found.extend(self.follow(results, filter).await?),
                Err(error) => match batches.failed(range, error)? {
                    Verdict::Retry => {}
                    Verdict::ItemFailed(code) => found.push(Err(code)),
                },
            }
        }
        self.retry_without_continuation_points(nodes, filter, &mut found).await?;
        Ok(found)
    }

    async fn browse_batch(
        &self,
        batch: &[NodeId],
        filter: &BrowseFilter,
    ) -> Result<Vec<BrowseResult>, Error> {
        let descriptions = batch.iter().map(|node| BrowseDescription {
            node_id: node.clone(),
            browse_direction: filter.direction,
            reference_type_id: filter.reference_type.clone(),
            include_subtypes: true,
            node_class_mask: filter.node_classes,
            result_mask: ALL_FIELDS,
        });
        let request = BrowseRequest { nodes_to_browse: Some(descriptions.collect()), ..Default::default() };
        exactly::<BrowseRequest, _>(self.call(request).await?.results, batch.len())
    }

    /// Follows the continuation points of one batch until none is left.
    async fn follow(&self, results: Vec<BrowseResult>, filter: &BrowseFilter) -> Result<Vec<Browsed>, Error> {
        let mut found = Vec::with_capacity(results.len());
        let mut open = Vec::new();
        for (index, result) in results.into_iter().enumerate() {
            found.push(Ok(Vec::new()));
            open.extend(take(&mut found, index, result, filter));
        }
        while !open.is_empty() {
            let rest = open.split_off(open.len().min(self.inner.limits.browse.get()));
            let (abandoned, batch): (Vec<_>, Vec<_>) =
                std::mem::replace(&mut open, rest).into_iter().partition(|unfinished| unfinished.abandoned);
            self.release(&abandoned).await?;
            if batch.is_empty() {
                continue;
            }
            match self.browse_next(&batch, false).await {
                Ok(results) => {
                    for (unfinished, result) in batch.iter().zip(results) {
                        open.extend(take(&mut found, unfinished.index, result, filter));
                    }
                }
                // The continuation points are used up; what was cut off is lost with the answer.
                Err(Error::Decode { .. }) => fail(&mut found, &batch, status::BAD_DECODING_ERROR),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn browse_next(&self, batch: &[Unfinished], release: bool) -> Result<Vec<BrowseResult>, Error> {
        let request = BrowseNextRequest {
            release_continuation_points: release,
            continuation_points: Some(
                batch.iter().map(|unfinished| unfinished.continuation.clone()).collect(),
            ),
            ..Default::default()
        };
        exactly::<BrowseNextRequest, _>(self.call(request).await?.results, batch.len())
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

    /// Nodes that got no continuation point because the server's were all taken are asked again, each alone.
    async fn retry_without_continuation_points(
        &self,
        nodes: &[NodeId],
        filter: &BrowseFilter,
        found: &mut [Browsed],
    ) -> Result<(), Error> {
        if nodes.len() < 2 {
            return Ok(());
        }
        for (node, slot) in nodes.iter().zip(found) {
            if *slot == Err(status::BAD_NO_CONTINUATION_POINTS) {
                let results = self.browse_batch(std::slice::from_ref(node), filter).await?;
                *slot = self
                    .follow(results, filter)
                    .await?
                    .pop()
                    .unwrap_or(Err(status::BAD_NO_CONTINUATION_POINTS));
            }
        }
        Ok(())
    }
}

/// Takes one answer for a node; gives back what is still to be fetched.
///
/// An answer without references but with another continuation point leads nowhere and ends the node, and so does
/// more than the filter allows: a server cannot keep us busy for ever (HC-36).
fn take(
    found: &mut [Browsed],
    index: usize,
    result: BrowseResult,
    filter: &BrowseFilter,
) -> Option<Unfinished> {
    let slot = found.get_mut(index)?;
    if status::is_bad(result.status_code.bits()) {
        *slot = Err(result.status_code.bits());
        return None;
    }
    let references = result.references.unwrap_or_default();
    let more = !result.continuation_point.is_null_or_empty();
    let stuck = more && references.is_empty();
    let Ok(sofar) = slot else { return None };
    if stuck || sofar.len().saturating_add(references.len()) > filter.max_references_per_node {
        *slot = Err(status::BAD_ENCODING_LIMITS_EXCEEDED);
        return more.then_some(Unfinished {
            index,
            continuation: result.continuation_point,
            abandoned: true,
        });
    }
    if sofar.is_empty() {
        // as it came: a reference is large, and most nodes have one answer
        *sofar = references;
    } else {
        sofar.extend(references);
    }
    more.then_some(Unfinished { index, continuation: result.continuation_point, abandoned: false })
}

fn fail(found: &mut [Browsed], batch: &[Unfinished], code: u32) {
    for unfinished in batch {
        if let Some(slot) = found.get_mut(unfinished.index) {
            *slot = Err(code);
        }
    }
}

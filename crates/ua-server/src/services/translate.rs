//! TranslateBrowsePathsToNodeIds (Part 4 §5.9.4).

use std::collections::HashSet;

use opcua_types::{
    BrowsePath, BrowsePathResult, BrowsePathTarget, ExpandedNodeId, StatusCode,
    TranslateBrowsePathsToNodeIdsRequest, TranslateBrowsePathsToNodeIdsResponse,
};

use super::Scope;
use crate::{
    access::{Grant, Wish},
    address_space::NodeIndex,
    core::Core,
};

/// Steps in one path; the tree of a plant is nowhere near as deep.
const MAX_STEPS: usize = 100;
/// Nodes that one step may lead to.
const MAX_TARGETS: usize = 1_000;

pub(super) fn translate(
    scope: &Scope<'_>,
    request: TranslateBrowsePathsToNodeIdsRequest,
) -> Result<TranslateBrowsePathsToNodeIdsResponse, StatusCode> {
    let grant = scope.grant(&request.request_header)?;
    let paths = scope.operations(request.browse_paths)?;
    let results = paths.iter().map(|path| match follow(scope.core, grant, path) {
        Ok(targets) => BrowsePathResult { status_code: StatusCode::Good, targets: Some(targets) },
        Err(status_code) => BrowsePathResult { status_code, targets: None },
    });
    Ok(TranslateBrowsePathsToNodeIdsResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results.collect()),
        diagnostic_infos: None,
    })
}

fn follow(core: &Core, grant: Grant, path: &BrowsePath) -> Result<Vec<BrowsePathTarget>, StatusCode> {
    let space = &core.space;
    let start = core.find(grant, &path.starting_node, Wish::Browse)?;
    let steps = path.relative_path.elements.as_deref().unwrap_or_default();
    if steps.is_empty() {
        return Err(StatusCode::BadNothingToDo);
    }
    if steps.len() > MAX_STEPS {
        return Err(StatusCode::BadQueryTooComplex);
    }
    let mut at: Vec<NodeIndex> = vec![start];
    for step in steps {
        if step.target_name.is_null() || step.target_name.name.is_empty() {
            return Err(StatusCode::BadBrowseNameInvalid);
        }
        let kinds = space.reference_types(&step.reference_type_id, step.include_subtypes);
        let kinds = kinds.map_err(|_| StatusCode::BadReferenceTypeIdInvalid)?;
        let mut seen = HashSet::new();
        let next =
            at.iter().flat_map(|from| space.step(*from, kinds.as_ref(), !step.is_inverse, &step.target_name));
        at = next
            .filter(|target| core.shows(grant, *target) && seen.insert(*target))
            .take(MAX_TARGETS)
            .collect();
    }
    let targets = at.iter().filter_map(|index| space.node(*index)).map(|node| BrowsePathTarget {
        target_id: ExpandedNodeId::from(node.id.clone()),
        remaining_path_index: u32::MAX,
    });
    let targets: Vec<_> = targets.collect();
    if targets.is_empty() { Err(StatusCode::BadNoMatch) } else { Ok(targets) }
}

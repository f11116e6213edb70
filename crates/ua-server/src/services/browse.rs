//! Browse and BrowseNext (Part 4 §5.9).

use std::{collections::HashSet, sync::Arc};

use opcua_types::{
    BrowseDescription, BrowseDirection, BrowseNextRequest, BrowseNextResponse, BrowseRequest, BrowseResponse,
    BrowseResult, BrowseResultMaskFlags, ByteString, ExpandedNodeId, LocalizedText, NodeClass, NodeId,
    QualifiedName, ReferenceDescription, RequestHeader, StatusCode,
};

use super::Scope;
use crate::{
    access::{Grant, Wish},
    address_space::{AddressSpace, NodeIndex, Reference},
    core::Core,
    session::{BrowsePosition, Session, SessionToken},
};

pub(super) fn browse(scope: &Scope<'_>, request: BrowseRequest) -> Result<BrowseResponse, StatusCode> {
    let grant = scope.grant(&request.request_header)?;
    if !request.view.view_id.is_null() {
        return Err(StatusCode::BadViewIdUnknown);
    }
    let limit = scope.core.config.limits.references_per_node.max(1);
    let asked = usize::try_from(request.requested_max_references_per_node).unwrap_or(limit);
    let max = if asked == 0 { limit } else { asked.min(limit) };
    let nodes = scope.operations(request.nodes_to_browse)?;
    let results = nodes.into_iter().map(|description| {
        start(scope.core, grant, description, max)
            .and_then(|position| page(scope, grant, &request.request_header, position))
    });
    Ok(BrowseResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results.map(|result| result.unwrap_or_else(failed)).collect()),
        diagnostic_infos: None,
    })
}

pub(super) fn browse_next(
    scope: &Scope<'_>,
    request: BrowseNextRequest,
) -> Result<BrowseNextResponse, StatusCode> {
    let grant = scope.grant(&request.request_header)?;
    let points = scope.operations(request.continuation_points)?;
    let release = request.release_continuation_points;
    let results = points.iter().map(|point| {
        let position = with_session(scope, &request.request_header, |session| {
            let point = point.as_ref().try_into().map(u32::from_le_bytes).ok();
            point
                .and_then(|point| session.take_position(point))
                .ok_or(StatusCode::BadContinuationPointInvalid)
        })?;
        if release {
            Ok(BrowseResult::default())
        } else {
            page(scope, grant, &request.request_header, position)
        }
    });
    Ok(BrowseNextResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results.map(|result| result.unwrap_or_else(failed)).collect()),
        diagnostic_infos: None,
    })
}

fn failed(status_code: StatusCode) -> BrowseResult {
    BrowseResult { status_code, ..BrowseResult::default() }
}

fn with_session<T>(
    scope: &Scope<'_>,
    header: &RequestHeader,
    act: impl FnOnce(&mut Session) -> Result<T, StatusCode>,
) -> Result<T, StatusCode> {
    let token = SessionToken::from_node_id(&header.authentication_token);
    act(scope.core.sessions().check(token, scope.peer.channel, scope.now)?)
}

fn start(
    core: &Core,
    grant: Grant,
    description: BrowseDescription,
    max: usize,
) -> Result<BrowsePosition, StatusCode> {
    let node = core.find(grant, &description.node_id, Wish::Browse)?;
    let space = &core.space;
    if description.browse_direction == BrowseDirection::Invalid {
        return Err(StatusCode::BadBrowseDirectionInvalid);
    }
    let kinds = space.reference_types(&description.reference_type_id, description.include_subtypes);
    let kinds = kinds.map_err(|_| StatusCode::BadReferenceTypeIdInvalid)?.map(Arc::new);
    Ok(BrowsePosition { node, description: Arc::new(description), kinds, offset: 0, max })
}

/// The next references of a node, and a continuation point when there are more.
fn page(
    scope: &Scope<'_>,
    grant: Grant,
    header: &RequestHeader,
    mut position: BrowsePosition,
) -> Result<BrowseResult, StatusCode> {
    let space = &scope.core.space;
    let mut references = Vec::new();
    let mut more = false;
    for (offset, reference) in space.references(position.node).iter().enumerate().skip(position.offset) {
        if !scope.core.shows(grant, reference.target)
            || !is_wanted(space, &position.description, position.kinds.as_deref(), reference)
        {
            continue;
        }
        if references.len() == position.max {
            position.offset = offset;
            more = true;
            break;
        }
        references.extend(describe(space, &position.description, reference));
    }
    let continuation_point = match more {
        true => {
            let limits = &scope.core.config.limits;
            let point = with_session(scope, header, |session| session.keep_position(position, limits))?;
            ByteString::from(point.to_le_bytes().to_vec())
        }
        false => ByteString::null(),
    };
    Ok(BrowseResult { status_code: StatusCode::Good, continuation_point, references: Some(references) })
}

fn is_wanted(
    space: &AddressSpace,
    wanted: &BrowseDescription,
    kinds: Option<&HashSet<NodeIndex>>,
    reference: &Reference,
) -> bool {
    let direction = match wanted.browse_direction {
        BrowseDirection::Forward => reference.forward,
        BrowseDirection::Inverse => !reference.forward,
        BrowseDirection::Both => true,
        BrowseDirection::Invalid => false,
    };
    direction
        && kinds.is_none_or(|kinds| kinds.contains(&reference.kind))
        && (wanted.node_class_mask == 0
            || space
                .node(reference.target)
                .is_some_and(|node| class_bit(node.class()) & wanted.node_class_mask != 0))
}

/// The bit of a node class in a mask is the class itself (Part 4 §5.9.2.2).
#[expect(clippy::as_conversions, reason = "the enumeration's values are positive powers of two")]
const fn class_bit(class: NodeClass) -> u32 {
    class as u32
}

fn describe(
    space: &AddressSpace,
    wanted: &BrowseDescription,
    reference: &Reference,
) -> Option<ReferenceDescription> {
    let node = space.node(reference.target)?;
    let mask = BrowseResultMaskFlags::from_bits_truncate(wanted.result_mask);
    let has = |flag| mask.contains(flag);
    let type_definition = if has(BrowseResultMaskFlags::TypeDefinition) {
        space.type_definition(reference.target)
    } else {
        None
    };
    let kind = if has(BrowseResultMaskFlags::ReferenceTypeId) { space.node(reference.kind) } else { None };
    Some(ReferenceDescription {
        reference_type_id: kind.map_or_else(NodeId::null, |kind| kind.id.clone()),
        is_forward: has(BrowseResultMaskFlags::IsForward) && reference.forward,
        node_id: ExpandedNodeId::from(node.id.clone()),
        browse_name: if has(BrowseResultMaskFlags::BrowseName) {
            node.browse_name.clone()
        } else {
            QualifiedName::null()
        },
        display_name: if has(BrowseResultMaskFlags::DisplayName) {
            node.display_name()
        } else {
            LocalizedText::null()
        },
        node_class: if has(BrowseResultMaskFlags::NodeClass) { node.class() } else { NodeClass::Unspecified },
        type_definition: ExpandedNodeId::from(type_definition.cloned().unwrap_or_else(NodeId::null)),
    })
}

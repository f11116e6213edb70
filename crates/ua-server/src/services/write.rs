//! Write (Part 4 §5.11.4): values and descriptions, where a rule of the node allows it and the source takes it.

use std::sync::{Arc, PoisonError};

use opcua_types::{
    AttributeId, NumericRange, ObjectTypeId, RequestHeader, StatusCode, Variant, WriteRequest, WriteResponse,
    WriteValue,
};

use super::{Scope, read::stored_value, session::session_id};
use crate::{
    access::{Grant, Wish},
    address_space::{Content, NodeIndex, NodeKind},
    audit::{Entry, short},
    core::VALUE_ATTRIBUTE,
    subscription::{Owner, SessionKey},
    values::Value,
};

/// Longest description that can be written, in bytes.
const MAX_DESCRIPTION: usize = 1_000;

pub(super) fn write(scope: &Scope<'_>, request: WriteRequest) -> Result<WriteResponse, StatusCode> {
    let (session, owner) = scope.session(&request.request_header)?;
    let nodes = scope.operations(request.nodes_to_write)?;
    let header = &request.request_header;
    let results = nodes.into_iter().map(|wanted| write_and_tell(scope, session, &owner, wanted, header));
    let results = results.collect();
    scope.core.wake.notify_one();
    Ok(WriteResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results),
        diagnostic_infos: None,
    })
}

/// Writes, and says so, with what it was before if it was written.
fn write_and_tell(
    scope: &Scope<'_>,
    session: SessionKey,
    owner: &Owner,
    wanted: WriteValue,
    header: &RequestHeader,
) -> StatusCode {
    let (node, attribute) = (wanted.node_id.clone(), wanted.attribute_id);
    let new = wanted.value.value.clone().unwrap_or_default();
    let old = scope.core.index(&node).filter(|_| attribute == VALUE_ATTRIBUTE);
    let old = old.map(|index| stored_value(scope.core, index, scope.now).to_variant()).unwrap_or_default();
    let status = write_one(scope, owner.grant, wanted).err().unwrap_or(StatusCode::Good);
    let message = format!("write to {}", short(&node.to_string()));
    let entry = Entry::new(ObjectTypeId::AuditWriteUpdateEventType, "Attribute/Write", status, message)
        .by(scope.peer)
        .session(session.0, session_id(session))
        .user(owner.user.as_deref())
        .told_by_client(&header.audit_entry_id)
        .note("Node", &node.to_string())
        .detail("AttributeId", attribute)
        .detail("OldValue", if status.is_good() { old } else { Variant::Empty })
        .detail("NewValue", if status.is_good() { new } else { Variant::Empty });
    scope.core.audit.record(entry);
    status
}

fn write_one(scope: &Scope<'_>, grant: Grant, wanted: WriteValue) -> Result<(), StatusCode> {
    let index = scope.core.find(grant, &wanted.node_id, Wish::Browse)?;
    let attribute =
        AttributeId::from_u32(wanted.attribute_id).map_err(|_| StatusCode::BadAttributeIdInvalid)?;
    scope.core.check(grant, index, Wish::Write(attribute))?;
    if wanted.index_range != NumericRange::None {
        return Err(StatusCode::BadWriteNotSupported);
    }
    // a status or a time can only be written where AccessLevel says so, which no node here does (AZ-05)
    let given = &wanted.value;
    let has_status = given.status.is_some_and(|status| status != StatusCode::Good);
    if has_status || given.source_timestamp.is_some() || given.server_timestamp.is_some() {
        return Err(StatusCode::BadWriteNotSupported);
    }
    let value = wanted.value.value.ok_or(StatusCode::BadTypeMismatch)?;
    match attribute {
        AttributeId::Value => write_value(scope, index, value),
        AttributeId::Description => write_description(scope, index, value),
        _ => Err(StatusCode::BadNotWritable),
    }
}

fn write_value(scope: &Scope<'_>, index: NodeIndex, value: Variant) -> Result<(), StatusCode> {
    let node = scope.core.space.node(index).ok_or(StatusCode::BadNodeIdUnknown)?;
    let NodeKind::Variable { data_type, value_rank, content, .. } = &node.kind else {
        return Err(StatusCode::BadAttributeIdInvalid);
    };
    let source = &scope.core.source;
    let Content::Live(slot) = content else { return Err(StatusCode::BadNotWritable) };
    if !source.is_writable(*slot) {
        return Err(StatusCode::BadNotWritable);
    }
    // only scalars of the built-in type that the variable has, and no null
    let is_scalar = *value_rank == -1 && !value.is_array();
    if !is_scalar || value.data_type().map(|id| id.node_id) != Some(data_type.clone()) {
        return Err(StatusCode::BadTypeMismatch);
    }
    source.write(*slot, Value::from(value), scope.now)
}

fn write_description(scope: &Scope<'_>, index: NodeIndex, value: Variant) -> Result<(), StatusCode> {
    let Variant::LocalizedText(text) = value else { return Err(StatusCode::BadTypeMismatch) };
    let text = text.text.as_ref();
    if text.len() > MAX_DESCRIPTION {
        return Err(StatusCode::BadOutOfRange);
    }
    let mut descriptions = scope.core.descriptions.write().unwrap_or_else(PoisonError::into_inner);
    descriptions.insert(index, Arc::from(text));
    Ok(())
}

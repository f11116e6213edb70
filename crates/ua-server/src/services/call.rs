//! Call (Part 4 §5.12): the methods that ask for something once more, and those of the application.

use opcua_types::{
    CallMethodRequest, CallMethodResult, CallRequest, CallResponse, MethodId, NodeId, ObjectId, ObjectTypeId,
    RequestHeader, StatusCode, Variant,
};

use super::{Scope, session::session_id};
use crate::{
    access::{Grant, Wish},
    address_space::NodeKind,
    audit::{Entry, list, short, small},
    subscription::{Owner, SessionKey},
};

pub(super) fn call(scope: &Scope<'_>, request: CallRequest) -> Result<CallResponse, StatusCode> {
    let (session, owner) = scope.session(&request.request_header)?;
    let calls = scope.operations(request.methods_to_call)?;
    let results =
        calls.iter().map(|call| match call_and_tell(scope, session, &owner, call, &request.request_header) {
            Ok(outputs) => CallMethodResult {
                output_arguments: (!outputs.is_empty()).then_some(outputs),
                ..CallMethodResult::default()
            },
            Err(status_code) => CallMethodResult { status_code, ..CallMethodResult::default() },
        });
    let results = results.collect();
    scope.core.wake.notify_one();
    Ok(CallResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results),
        diagnostic_infos: None,
    })
}

/// Methods of the application are audited; those that only ask for something once more are not.
fn call_and_tell(
    scope: &Scope<'_>,
    session: SessionKey,
    owner: &Owner,
    call: &CallMethodRequest,
    header: &RequestHeader,
) -> Result<Vec<Variant>, StatusCode> {
    if call.method_id.namespace == 0 {
        return call_one(scope, session, call);
    }
    let result = of_application(scope, owner.grant, call);
    let status = result.as_ref().err().copied().unwrap_or(StatusCode::Good);
    let message = format!("call of {}", short(&call.method_id.to_string()));
    // of a call that was refused nothing is kept that anybody may have sent
    let inputs = call.input_arguments.clone().filter(|_| status.is_good()).unwrap_or_default();
    let shown: Vec<_> = inputs.iter().map(|input| small(input.clone()).to_string()).collect();
    let entry = Entry::new(ObjectTypeId::AuditUpdateMethodEventType, "Attribute/Call", status, message)
        .by(scope.peer)
        .session(session.0, session_id(session))
        .user(owner.user.as_deref())
        .told_by_client(&header.audit_entry_id)
        .detail("MethodId", call.method_id.clone())
        .note("InputArguments", &shown.join(", "))
        .field("InputArguments", list(inputs));
    scope.core.audit.record(entry);
    result
}

/// A method of the application: whoever calls it needs the right to it and to its object (AZ-07).
fn of_application(
    scope: &Scope<'_>,
    grant: Grant,
    call: &CallMethodRequest,
) -> Result<Vec<Variant>, StatusCode> {
    let core = scope.core;
    let object = core.find(grant, &call.object_id, Wish::Call)?;
    let method = core.find(grant, &call.method_id, Wish::Browse).map_err(|_| StatusCode::BadMethodInvalid)?;
    let node = core.space.node(method).ok_or(StatusCode::BadMethodInvalid)?;
    let NodeKind::Method(slot) = node.kind else { return Err(StatusCode::BadMethodInvalid) };
    if !core.space.references(object).iter().any(|reference| reference.forward && reference.target == method)
    {
        return Err(StatusCode::BadMethodInvalid);
    }
    core.check(grant, method, Wish::Call)?;
    core.source.call(slot, call.input_arguments.as_deref().unwrap_or_default(), scope.now)
}

fn call_one(
    scope: &Scope<'_>,
    session: SessionKey,
    call: &CallMethodRequest,
) -> Result<Vec<Variant>, StatusCode> {
    let method = call.method_id.as_method_id().map_err(|_| StatusCode::BadMethodInvalid)?;
    let object = match method {
        MethodId::Server_GetMonitoredItems | MethodId::Server_ResendData => NodeId::from(ObjectId::Server),
        MethodId::ConditionType_ConditionRefresh | MethodId::ConditionType_ConditionRefresh2 => {
            ObjectTypeId::ConditionType.into()
        }
        _ => return Err(StatusCode::BadMethodInvalid),
    };
    if call.object_id != object {
        return Err(StatusCode::BadNodeIdInvalid);
    }
    let subscription = subscription(call, method)?;
    let mut engine = scope.core.engine();
    if !engine.has_subscription(session, subscription) {
        return Err(StatusCode::BadSubscriptionIdInvalid);
    }
    match method {
        MethodId::Server_GetMonitoredItems => {
            let (ids, handles): (Vec<u32>, Vec<u32>) =
                engine.handles(session, subscription)?.into_iter().unzip();
            Ok(vec![Variant::from(ids), Variant::from(handles)])
        }
        MethodId::Server_ResendData => {
            engine.resend(session, subscription, scope.now, scope.core)?;
            Ok(Vec::new())
        }
        _ => {
            let item = match call.input_arguments.as_deref().unwrap_or_default() {
                [_] => None,
                [_, Variant::UInt32(item)] => Some(*item),
                _ => return Err(StatusCode::BadInvalidArgument),
            };
            engine.refresh(session, subscription, item, scope.now)?;
            Ok(Vec::new())
        }
    }
}

/// The first argument; the only one but for ConditionRefresh2.
fn subscription(call: &CallMethodRequest, method: MethodId) -> Result<u32, StatusCode> {
    let arguments = call.input_arguments.as_deref().unwrap_or_default();
    let wanted = if method == MethodId::ConditionType_ConditionRefresh2 { 2 } else { 1 };
    match arguments.len() {
        count if count < wanted => Err(StatusCode::BadArgumentsMissing),
        count if count > wanted => Err(StatusCode::BadTooManyArguments),
        _ => match arguments.first() {
            Some(Variant::UInt32(id)) => Ok(*id),
            _ => Err(StatusCode::BadInvalidArgument),
        },
    }
}

//! What the audit trail says of sessions: created, activated, closed, and every attempt that was refused (Part 4 §5.7).

use opcua_types::{
    ActivateSessionRequest, ActivateSessionResponse, AnonymousIdentityToken, ByteString, CloseSessionRequest,
    CloseSessionResponse, CreateSessionRequest, CreateSessionResponse, ExtensionObject, NodeId, ObjectTypeId,
    StatusCode, UserNameIdentityToken, Variant, X509IdentityToken,
};
use ua_pki::Certificate;

use super::{
    Scope,
    session::{self, session_id},
};
use crate::{
    audit::{Entry, short},
    diagnostics::Diagnostics,
    session::SessionToken,
    subscription::SessionKey,
};

pub(super) fn create(
    scope: &Scope<'_>,
    request: CreateSessionRequest,
) -> Result<CreateSessionResponse, StatusCode> {
    let (audit_id, name) =
        (request.request_header.audit_entry_id.clone(), short(request.session_name.as_ref()));
    let answer = session::create(scope, request);
    let status = status(&answer);
    match status.is_good() {
        true => Diagnostics::one(&scope.core.diagnostics.all_sessions),
        false => scope.core.diagnostics.session_refused(status),
    }
    let message = if status.is_good() { "session created" } else { "session refused" };
    let kind = ObjectTypeId::AuditCreateSessionEventType;
    let mut entry = Entry::new(kind, "Session/CreateSession", status, message)
        .by(scope.peer)
        .told_by_client(&audit_id)
        .note("SessionName", &name);
    if let Ok(answer) = &answer {
        let key = answer.session_id.as_u32().unwrap_or_default();
        entry = entry
            .session(key, answer.session_id.clone())
            .detail("RevisedSessionTimeout", answer.revised_session_timeout);
    }
    scope.core.audit.record(entry);
    answer
}

pub(super) fn activate(
    scope: &Scope<'_>,
    request: ActivateSessionRequest,
) -> Result<ActivateSessionResponse, StatusCode> {
    let header = &request.request_header;
    let (audit_id, token) =
        (header.audit_entry_id.clone(), SessionToken::from_node_id(&header.authentication_token));
    let (user, shown) = without_secret(&request.user_identity_token);
    let answer = session::activate(scope, request);
    let status = status(&answer);
    if !status.is_good() {
        scope.core.diagnostics.session_refused(status);
    }
    scope.core.wake.notify_one();
    let message = if status.is_good() { "user logged in" } else { "login refused" };
    let kind = ObjectTypeId::AuditActivateSessionEventType;
    let mut entry = Entry::new(kind, "Session/ActivateSession", status, message)
        .by(scope.peer)
        .user(Some(&user))
        .told_by_client(&audit_id)
        .field("UserIdentityToken", shown);
    let found = {
        let mut sessions = scope.core.sessions();
        let session = sessions.find(token, scope.now).ok();
        session.map(|session| (session.key, session.owner.clone()))
    };
    if let Some((key, owner)) = found {
        entry = entry.session(key.0, session_id(key));
        if let Some(owner) = owner.filter(|_| status.is_good()) {
            let roles: Vec<_> = owner.grant.roles.iter().collect();
            let ids: Vec<NodeId> = roles.iter().map(|role| role.node_id()).collect();
            let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
            entry = entry
                .user(owner.user.as_deref())
                .field("CurrentRoleIds", ids)
                .note("Roles", &names.join(", "));
        }
    }
    scope.core.audit.record(entry);
    answer
}

pub(super) fn close(
    scope: &Scope<'_>,
    request: CloseSessionRequest,
) -> Result<CloseSessionResponse, StatusCode> {
    let header = &request.request_header;
    let (audit_id, token) =
        (header.audit_entry_id.clone(), SessionToken::from_node_id(&header.authentication_token));
    let known = {
        let mut sessions = scope.core.sessions();
        sessions.find(token, scope.now).ok().map(|session| (session.key, session.owner.clone()))
    };
    let answer = session::close(scope, request);
    let status = status(&answer);
    let message = if status.is_good() { "session closed" } else { "closing the session was refused" };
    let mut entry = Entry::new(ObjectTypeId::AuditSessionEventType, "Session/CloseSession", status, message)
        .by(scope.peer)
        .told_by_client(&audit_id);
    if let Some((key, owner)) = known {
        entry = entry.session(key.0, session_id(key));
        if let Some(owner) = owner {
            entry = entry.user(owner.user.as_deref());
        }
    }
    scope.core.audit.record(entry);
    answer
}

/// A session that ended without its client.
pub(crate) fn session_over(session: SessionKey, source: &'static str, message: &str) -> Entry {
    Entry::new(ObjectTypeId::AuditSessionEventType, source, StatusCode::Good, message)
        .session(session.0, session_id(session))
}

fn status<T>(answer: &Result<T, StatusCode>) -> StatusCode {
    answer.as_ref().err().copied().unwrap_or(StatusCode::Good)
}

/// Who somebody says it is, and the token as it may be shown: nothing in it but that.
fn without_secret(token: &ExtensionObject) -> (String, Variant) {
    let (user, shown) = if let Some(token) = token.inner_as::<UserNameIdentityToken>() {
        let shown = UserNameIdentityToken {
            policy_id: short(token.policy_id.as_ref()).into(),
            user_name: short(token.user_name.as_ref()).into(),
            password: ByteString::null(),
            encryption_algorithm: short(token.encryption_algorithm.as_ref()).into(),
        };
        (short(token.user_name.as_ref()), ExtensionObject::from_message(shown))
    } else if let Some(token) = token.inner_as::<X509IdentityToken>() {
        let chain = Certificate::chain_from_der(token.certificate_data.as_ref());
        let leaf = chain.ok().and_then(|chain| chain.into_iter().next());
        let name = leaf.as_ref().map_or_else(|| "a certificate".to_owned(), |leaf| short(leaf.subject()));
        let shown = X509IdentityToken {
            policy_id: short(token.policy_id.as_ref()).into(),
            certificate_data: leaf.map_or_else(ByteString::null, |leaf| leaf.der().to_vec().into()),
        };
        (name, ExtensionObject::from_message(shown))
    } else if token.is_null() || token.inner_as::<AnonymousIdentityToken>().is_some() {
        ("anonymous".to_owned(), ExtensionObject::from_message(AnonymousIdentityToken::default()))
    } else {
        ("a token of another kind".to_owned(), ExtensionObject::null())
    };
    (user, Variant::from(shown))
}

//! CreateSession, ActivateSession, CloseSession (Part 4 §5.7).

use std::{sync::Arc, time::Duration};

use opcua_types::{
    ActivateSessionRequest, ActivateSessionResponse, AnonymousIdentityToken, CloseSessionRequest,
    CloseSessionResponse, CreateSessionRequest, CreateSessionResponse, ExtensionObject, NodeId,
    SignatureData, StatusCode, UserNameIdentityToken,
};
use ua_channel::{decrypt_password, sign_peer_proof, verify_peer_proof};
use ua_pki::{Certificate, SecurityPolicy};

use super::{Scope, discovery};
use crate::{
    access::Attempt,
    clock::duration_ticks,
    core::fill_random,
    session::{NewSession, SessionToken},
    subscription::{Ending, Owner},
};

pub(super) fn create(
    scope: &Scope<'_>,
    request: CreateSessionRequest,
) -> Result<CreateSessionResponse, StatusCode> {
    let core = scope.core;
    let certificate = check_client(scope, &request)?;
    let (token, server_nonce) = (SessionToken::new(random()?), random::<32>()?.to_vec());
    let (shortest, longest) = core.config.limits.session_timeout;
    let wanted = request.requested_session_timeout;
    let timeout =
        Duration::try_from_secs_f64(wanted.max(0.0) / 1000.0).unwrap_or(longest).clamp(shortest, longest);
    let server_signature = match &certificate {
        Some(certificate) => {
            let nonce = request.client_nonce.as_ref();
            let proof = sign_peer_proof(scope.peer.policy, core.identity.key(), certificate.der(), nonce);
            let proof = proof.map_err(|_| StatusCode::BadSecurityChecksFailed)?;
            SignatureData { algorithm: proof.algorithm.into(), signature: proof.signature.into() }
        }
        None => SignatureData::default(),
    };
    let new = NewSession {
        token,
        channel: scope.peer.channel,
        certificate,
        server_nonce: server_nonce.clone(),
        timeout: duration_ticks(timeout),
        now: scope.now,
    };
    let (key, evicted) = core.sessions().create(new, &core.config.limits)?;
    if let Some(evicted) = evicted {
        core.engine().leave(evicted, Ending::Keep, scope.now);
    }
    Ok(CreateSessionResponse {
        response_header: scope.good(&request.request_header),
        session_id: NodeId::new(SESSION_NAMESPACE, key.0),
        authentication_token: token.to_node_id(),
        revised_session_timeout: timeout.as_secs_f64() * 1000.0,
        server_nonce: server_nonce.into(),
        server_certificate: core.identity.chain_der().into(),
        server_endpoints: Some(discovery::endpoints(core, &request.endpoint_url)),
        server_software_certificates: None,
        server_signature,
        max_request_message_size: 0,
    })
}

/// The client's certificate, if it is the one the channel was opened with and says what the client says of itself.
fn check_client(
    scope: &Scope<'_>,
    request: &CreateSessionRequest,
) -> Result<Option<Certificate>, StatusCode> {
    if scope.peer.policy == SecurityPolicy::None {
        // such a channel is there for discovery; nothing is signed for it (OR-02)
        return if scope.core.config.danger_offer_unsecured {
            Ok(None)
        } else {
            Err(StatusCode::BadSecurityPolicyRejected)
        };
    }
    let certificate = scope.peer.certificate.as_ref().ok_or(StatusCode::BadSecurityChecksFailed)?;
    let presented = Certificate::chain_from_der(request.client_certificate.as_ref())
        .map_err(|_| StatusCode::BadCertificateInvalid)?;
    // OR-01: else we would sign a challenge of somebody else's choice for somebody else's certificate
    if presented.first().is_none_or(|leaf| leaf.der() != certificate.der()) {
        return Err(StatusCode::BadCertificateInvalid);
    }
    if certificate.application_uri() != Some(request.client_description.application_uri.as_ref()) {
        return Err(StatusCode::BadCertificateUriInvalid);
    }
    if !(32..=128).contains(&request.client_nonce.as_ref().len()) {
        return Err(StatusCode::BadNonceInvalid);
    }
    Ok(Some(certificate.clone()))
}

pub(super) fn activate(
    scope: &Scope<'_>,
    request: ActivateSessionRequest,
) -> Result<ActivateSessionResponse, StatusCode> {
    let core = scope.core;
    let token = SessionToken::from_node_id(&request.request_header.authentication_token);
    let (key, channel, before, nonce) = {
        let mut sessions = core.sessions();
        let session = sessions.find(token, scope.now)?;
        let same_client = session.certificate == scope.peer.certificate;
        if !same_client || (session.channel != scope.peer.channel && session.owner.is_none()) {
            // UT-15, UT-16: another certificate, or the first activation over another channel
            return Err(StatusCode::BadSecurityChecksFailed);
        }
        (session.key, session.channel, session.owner.clone(), session.server_nonce.clone())
    };
    verify_client(scope, &request, &nonce)?;
    let user = identify(scope, &request.user_identity_token, &nonce)?;
    let owner = Owner { user, application: scope.peer.certificate.as_ref().map(Certificate::sha256) };
    let moved = channel != scope.peer.channel;
    if moved && before.as_ref() != Some(&owner) {
        return Err(StatusCode::BadUserAccessDenied);
    }
    let fresh = random::<32>()?.to_vec();
    {
        let mut sessions = core.sessions();
        let session = sessions.find(token, scope.now)?;
        if session.server_nonce != nonce {
            // two activations at once: one nonce is good for one of them
            return Err(StatusCode::BadSecurityChecksFailed);
        }
        session.channel = scope.peer.channel;
        session.server_nonce.clone_from(&fresh);
        session.owner = Some(owner.clone());
    }
    let mut engine = core.engine();
    if moved {
        engine.drop_requests(key, channel);
    }
    if before.is_some_and(|before| before != owner) {
        // what the former user subscribed to stays the former user's (UT-14)
        engine.leave(key, Ending::Keep, scope.now);
    }
    tracing::info!(session = key.0, user = owner.user.as_deref().unwrap_or("anonymous"), address = %scope.peer.address, "session activated");
    Ok(ActivateSessionResponse {
        response_header: scope.good(&request.request_header),
        server_nonce: fresh.into(),
        results: None,
        diagnostic_infos: None,
    })
}

/// The client's proof that it holds the key of its certificate, over our certificate and the last nonce.
fn verify_client(
    scope: &Scope<'_>,
    request: &ActivateSessionRequest,
    nonce: &[u8],
) -> Result<(), StatusCode> {
    let Some(certificate) = &scope.peer.certificate else { return Ok(()) };
    let (core, signature) = (scope.core, &request.client_signature);
    let check = |signed: &[u8]| {
        let algorithm = signature.algorithm.value().as_deref();
        verify_peer_proof(
            scope.peer.policy,
            certificate.public_key(),
            signed,
            nonce,
            algorithm,
            signature.signature.as_ref(),
        )
    };
    // the leaf alone; some stacks sign over the chain as it was sent
    let valid = check(core.identity.certificate().der()).or_else(|_| check(&core.identity.chain_der()));
    valid.map_err(|_| StatusCode::BadApplicationSignatureInvalid)
}

/// The user of a token; `None` is anonymous.
fn identify(
    scope: &Scope<'_>,
    token: &ExtensionObject,
    nonce: &[u8],
) -> Result<Option<Arc<str>>, StatusCode> {
    let core = scope.core;
    let anonymous = token.inner_as::<AnonymousIdentityToken>();
    if token.is_null() || anonymous.is_some() {
        // no token at all is anonymous (Part 4 §5.7.3.2)
        let named = anonymous
            .is_none_or(|token| token.policy_id == discovery::ANONYMOUS || token.policy_id.is_empty());
        return match core.gate.admits_anonymous() {
            true if named => Ok(None),
            _ => Err(StatusCode::BadIdentityTokenRejected),
        };
    }
    let token = token.inner_as::<UserNameIdentityToken>().ok_or(StatusCode::BadIdentityTokenInvalid)?;
    let encrypted = !token.encryption_algorithm.is_empty();
    if !core.gate.has_users()
        || token.policy_id != discovery::USER_NAME
        || token.user_name.is_empty()
        || !encrypted
    {
        return Err(StatusCode::BadIdentityTokenInvalid);
    }
    let policy = discovery::token_policy(core, scope.peer.policy);
    let algorithm = token.encryption_algorithm.value().as_deref();
    let password =
        decrypt_password(policy, core.identity.key(), algorithm, token.password.as_ref(), nonce).ok();
    let attempt = Attempt {
        address: scope.peer.address,
        application: scope.peer.certificate.as_ref().map(Certificate::sha256),
        user: token.user_name.as_ref(),
        password: password.as_deref().map(Vec::as_slice),
    };
    match core.gate.log_in(&attempt, scope.now) {
        Some(user) => Ok(Some(user)),
        None => {
            tracing::warn!(address = %scope.peer.address, user = ?for_log(token.user_name.as_ref()), "login refused");
            Err(StatusCode::BadUserAccessDenied)
        }
    }
}

/// The beginning of a name that anybody may have sent.
fn for_log(name: &str) -> String {
    const MAX_LOGGED: usize = 64;
    let mut shown: String = name.chars().take(MAX_LOGGED).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown
}

pub(super) fn close(
    scope: &Scope<'_>,
    request: CloseSessionRequest,
) -> Result<CloseSessionResponse, StatusCode> {
    let token = SessionToken::from_node_id(&request.request_header.authentication_token);
    let key = {
        let mut sessions = scope.core.sessions();
        let session = sessions.find(token, scope.now)?;
        if session.channel != scope.peer.channel {
            return Err(StatusCode::BadSecureChannelIdInvalid);
        }
        sessions.remove(token).ok_or(StatusCode::BadSessionIdInvalid)?.key
    };
    let ending = if request.delete_subscriptions { Ending::Delete } else { Ending::Keep };
    scope.core.engine().leave(key, ending, scope.now);
    Ok(CloseSessionResponse { response_header: scope.good(&request.request_header) })
}

fn random<const N: usize>() -> Result<[u8; N], StatusCode> {
    let mut bytes = [0; N];
    fill_random(&mut bytes).map_err(|_| StatusCode::BadResourceUnavailable)?;
    Ok(bytes)
}

/// Session ids live in the server's own namespace.
const SESSION_NAMESPACE: u16 = 1;

#[cfg(test)]
mod tests {
    use super::for_log;

    #[test]
    fn the_log_gets_the_beginning_of_a_long_name_only() {
        assert_eq!(for_log("reader"), "reader");
        assert_eq!(for_log(&"ä".repeat(64)), "ä".repeat(64));
        assert_eq!(for_log(&"ä".repeat(30_000)), format!("{}…", "ä".repeat(64)));
    }
}

//! CreateSession, ActivateSession, CloseSession (Part 4 §5.7).

use std::{sync::Arc, time::Duration};

use opcua_types::{
    ActivateSessionRequest, ActivateSessionResponse, CloseSessionRequest, CloseSessionResponse,
    CreateSessionRequest, CreateSessionResponse, NodeId, SignatureData, StatusCode,
};
use ua_channel::sign_peer_proof;
use ua_pki::{Certificate, SecurityPolicy};

use super::{
    Scope, discovery,
    identify::{identify, signs_our_nonce},
};
use crate::{
    access::{Grant, Identity, Login},
    clock::duration_ticks,
    core::fill_random,
    session::{NewSession, SessionToken},
    subscription::{Ending, Owner, SessionKey},
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
        session_id: session_id(key),
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
    let owner = owner(scope, identify(scope, &request, &nonce)?);
    let moved = channel != scope.peer.channel;
    if moved && !before.as_ref().is_some_and(|before| before.is(&owner)) {
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
        session.belong(owner.clone());
    }
    let mut engine = core.engine();
    if moved {
        engine.drop_requests(key, channel);
    }
    if before.is_some_and(|before| !before.is(&owner)) {
        // what the former user subscribed to stays the former user's (UT-14)
        engine.leave(key, Ending::Keep, scope.now);
    }
    engine.admit(key, &owner, scope.now, core);
    drop(engine);
    tracing::info!(session = key.0, user = owner.user.as_deref().unwrap_or("anonymous"), address = %scope.peer.address, "session activated");
    Ok(ActivateSessionResponse {
        response_header: scope.good(&request.request_header),
        server_nonce: fresh.into(),
        results: None,
        diagnostic_infos: None,
    })
}

/// Who is behind the session, and what that allows over this channel.
fn owner(scope: &Scope<'_>, (user, login): (Option<Arc<str>>, Login)) -> Owner {
    let certificate = scope.peer.certificate.as_ref();
    let application = certificate.and_then(Certificate::application_uri).map(str::to_owned);
    let identity = Arc::new(Identity { login, application });
    let grant = Grant { roles: scope.core.gate.roster().roles(&identity), mode: scope.peer.mode };
    Owner { user, application: certificate.map(Certificate::sha256), identity, grant }
}

/// The client's proof that it holds the key of its certificate, over our certificate and the last nonce.
fn verify_client(
    scope: &Scope<'_>,
    request: &ActivateSessionRequest,
    nonce: &[u8],
) -> Result<(), StatusCode> {
    let Some(certificate) = &scope.peer.certificate else { return Ok(()) };
    let signature = &request.client_signature;
    match signs_our_nonce(scope, scope.peer.policy, certificate, signature, nonce) {
        true => Ok(()),
        false => Err(StatusCode::BadApplicationSignatureInvalid),
    }
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

/// The id of a session, which is no secret.
pub(super) fn session_id(key: SessionKey) -> NodeId {
    NodeId::new(SESSION_NAMESPACE, key.0)
}

/// Session ids live in the server's own namespace.
const SESSION_NAMESPACE: u16 = 1;

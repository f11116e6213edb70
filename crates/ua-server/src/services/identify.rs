//! Whose session it is: the identity token of ActivateSession (Part 4 §7.40).

use std::sync::Arc;

use opcua_types::{
    ActivateSessionRequest, AnonymousIdentityToken, SignatureData, StatusCode, UserNameIdentityToken,
    X509IdentityToken,
};
use ua_channel::{decrypt_secret, is_encrypted_secret, verify_peer_proof};
use ua_pki::{Certificate, SecurityPolicy};

use super::{Scope, discovery};
use crate::{
    TICKS_PER_MS, Ticks,
    access::{Attempt, Login},
    audit::certificate_refused,
};

/// Its name, and how it proved it; without a name it is anonymous.
type User = (Option<Arc<str>>, Login);

/// The user of a token.
pub(super) fn identify(
    scope: &Scope<'_>,
    request: &ActivateSessionRequest,
    nonce: &[u8],
) -> Result<User, StatusCode> {
    let (core, token) = (scope.core, &request.user_identity_token);
    let anonymous = token.inner_as::<AnonymousIdentityToken>();
    if token.is_null() || anonymous.is_some() {
        // no token at all is anonymous (Part 4 §5.7.3.2)
        let named = anonymous
            .is_none_or(|token| token.policy_id == discovery::ANONYMOUS || token.policy_id.is_empty());
        return match core.gate.admits_anonymous() {
            true if named => Ok((None, Login::Anonymous)),
            _ => Err(StatusCode::BadIdentityTokenRejected),
        };
    }
    if let Some(token) = token.inner_as::<X509IdentityToken>() {
        return by_certificate(scope, token, &request.user_token_signature, nonce);
    }
    match token.inner_as::<UserNameIdentityToken>() {
        Some(token) => by_password(scope, token, nonce),
        None => Err(StatusCode::BadIdentityTokenInvalid),
    }
}

fn by_password(scope: &Scope<'_>, token: &UserNameIdentityToken, nonce: &[u8]) -> Result<User, StatusCode> {
    let core = scope.core;
    let encrypted = !token.encryption_algorithm.is_empty() || is_encrypted_secret(token.password.as_ref());
    if !core.gate.has_users()
        || token.policy_id != discovery::USER_NAME
        || token.user_name.is_empty()
        || !encrypted
    {
        return Err(StatusCode::BadIdentityTokenInvalid);
    }
    let policy = discovery::token_policy(core, scope.peer.policy);
    let algorithm = token.encryption_algorithm.value().as_deref();
    let sent = token.password.as_ref();
    let signed = scope.now.saturating_sub(CLOCK_DIFFERENCE)..=scope.now.saturating_add(CLOCK_DIFFERENCE);
    let password = decrypt_secret(policy, &core.identity, algorithm, sent, nonce, &signed).ok();
    let attempt = Attempt {
        address: scope.peer.address,
        application: scope.peer.certificate.as_ref().map(Certificate::sha256),
        user: token.user_name.as_ref(),
        password: password.as_deref().map(Vec::as_slice),
    };
    let user = core.gate.log_in(&attempt, scope.now);
    user.map(|user| (Some(Arc::clone(&user)), Login::Password(user))).ok_or_else(|| {
        tracing::warn!(address = %scope.peer.address, user = ?for_log(token.user_name.as_ref()), "login refused");
        StatusCode::BadUserAccessDenied
    })
}

/// The user holds the key of a certificate that our own list of users trusts (Part 4 §7.40.5).
fn by_certificate(
    scope: &Scope<'_>,
    token: &X509IdentityToken,
    signature: &SignatureData,
    nonce: &[u8],
) -> Result<User, StatusCode> {
    let core = scope.core;
    let Some(users) = core.gate.certificates().filter(|_| token.policy_id == discovery::CERTIFICATE) else {
        return Err(StatusCode::BadIdentityTokenInvalid);
    };
    // a channel without security proves nothing of us before the user signs: we do not ask for it there
    if scope.peer.policy == SecurityPolicy::None {
        return Err(StatusCode::BadIdentityTokenRejected);
    }
    let chain = Certificate::chain_from_der(token.certificate_data.as_ref())
        .map_err(|_| StatusCode::BadIdentityTokenInvalid)?;
    let leaf = chain.first().ok_or(StatusCode::BadIdentityTokenInvalid)?;
    // who comes with our own key reflects our signatures back at us (OR-03)
    if leaf.public_key() == core.identity.certificate().public_key() {
        return Err(StatusCode::BadIdentityTokenRejected);
    }
    let policy = scope.peer.policy;
    let (user, login) = users.user(&chain, policy).map_err(|status| {
        scope.core.audit.record(certificate_refused(leaf, status));
        StatusCode::BadIdentityTokenRejected
    })?;
    match signs_our_nonce(scope, policy, leaf, signature, nonce) {
        true => Ok((Some(user), login)),
        false => Err(StatusCode::BadUserSignatureInvalid),
    }
}

/// Whether somebody holds the key of `certificate`: a signature over our certificate and the last nonce.
pub(super) fn signs_our_nonce(
    scope: &Scope<'_>,
    policy: SecurityPolicy,
    certificate: &Certificate,
    signature: &SignatureData,
    nonce: &[u8],
) -> bool {
    let identity = &scope.core.identity;
    let check = |signed: &[u8]| {
        let algorithm = signature.algorithm.value().as_deref();
        let key = certificate.public_key();
        verify_peer_proof(policy, key, signed, nonce, algorithm, signature.signature.as_ref()).is_ok()
    };
    // the leaf alone; some stacks sign over the chain as it was sent
    check(identity.certificate().der()) || check(&identity.chain_der())
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

/// How far a client's clock may be from ours when it signs a secret: five minutes.
const CLOCK_DIFFERENCE: Ticks = 5 * 60 * 1000 * TICKS_PER_MS;

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

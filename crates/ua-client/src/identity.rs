//! Who logs in, and how the password travels.

use std::fmt;

use opcua_types::{AnonymousIdentityToken, ByteString, ExtensionObject, UAString, UserNameIdentityToken};
use ua_channel::{MessageSecurityMode, encrypt_password};
use ua_pki::SecurityPolicy;
use zeroize::Zeroizing;

use crate::Error;
use crate::connect::ConnectRequest;
use crate::endpoint::{Endpoint, UserTokenKind, UserTokenPolicy};
use crate::error::clean;

/// Part 4 §7.40.2.2: longer secrets need the newer `RsaEncryptedSecret` form.
const MAX_PASSWORD: usize = 64;

/// The user on whose behalf we read.
#[derive(Clone)]
pub enum Login {
    /// No user.
    Anonymous,
    /// A user name and its password.
    UserName {
        /// The name.
        name: String,
        /// The password; overwritten in memory when dropped.
        password: Zeroizing<String>,
    },
}

impl Login {
    /// The kind of token this login needs.
    #[must_use]
    pub fn kind(&self) -> UserTokenKind {
        match self {
            Self::Anonymous => UserTokenKind::Anonymous,
            Self::UserName { .. } => UserTokenKind::UserName,
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::UserName { .. } => f.write_str("UserName(hidden)"),
        }
    }
}

/// The token policy a login of this kind will use at this endpoint.
///
/// Among several the one with the strongest policy for the secret is taken, whatever the server lists first.
pub(crate) fn token_for(endpoint: &Endpoint, kind: UserTokenKind) -> Result<&UserTokenPolicy, Error> {
    let mut best: Option<(&UserTokenPolicy, SecurityPolicy)> = None;
    let mut refusal = None;
    for token in endpoint.user_tokens.iter().filter(|token| token.kind == kind) {
        match secret_policy(endpoint, token) {
            Ok(policy) => {
                if best.is_none_or(|(_, other)| policy > other) {
                    best = Some((token, policy));
                }
            }
            Err(error) => refusal = Some(error),
        }
    }
    match (best, refusal) {
        (Some((token, _)), _) => Ok(token),
        (None, Some(error)) => Err(error),
        (None, None) => Err(Error::LoginNotOffered { wanted: kind.name(), offered: offered(endpoint) }),
    }
}

/// The policy that protects the token's secret; `None` only inside an encrypted channel or when there is no secret.
pub(crate) fn secret_policy(endpoint: &Endpoint, token: &UserTokenPolicy) -> Result<SecurityPolicy, Error> {
    let leak = |rule, detail| Err(Error::PasswordWouldLeak { rule, detail });
    if token.kind == UserTokenKind::Anonymous {
        return Ok(SecurityPolicy::None);
    }
    let policy = match &token.security_policy_uri {
        Some(uri) => match SecurityPolicy::from_uri(uri) {
            Some(policy) => policy,
            None => {
                let name = clean(uri.rsplit('#').next().unwrap_or_default());
                return leak(
                    "RF-07",
                    format!("the server wants it protected by {name}, which is not good enough"),
                );
            }
        },
        None => endpoint.policy.unwrap_or(SecurityPolicy::None),
    };
    if policy == SecurityPolicy::None && endpoint.mode != MessageSecurityMode::SignAndEncrypt {
        return leak("RF-01", "it would cross the network in clear".to_owned());
    }
    Ok(policy)
}

/// What can be known to fail before anything is sent: a password that does not fit, a password for nobody we know.
pub(crate) fn check(request: &ConnectRequest, token: &UserTokenPolicy) -> Result<(), Error> {
    let Login::UserName { password, .. } = &request.login else { return Ok(()) };
    let policy = secret_policy(&request.endpoint, token)?;
    if policy != SecurityPolicy::None && request.peer.is_none() {
        let detail = "it would be encrypted for a certificate that nobody validated".to_owned();
        return Err(Error::PasswordWouldLeak { rule: "RF-02", detail });
    }
    // Inside an encrypted channel without a policy of its own the password travels as it is, whatever its length.
    if policy != SecurityPolicy::None && password.len() > MAX_PASSWORD {
        return Err(Error::PasswordTooLong { bytes: password.len() });
    }
    Ok(())
}

/// The identity token for ActivateSession. Called only after the server proved itself.
pub(crate) fn encode(
    request: &ConnectRequest,
    token: &UserTokenPolicy,
    server_nonce: &[u8],
) -> Result<ExtensionObject, Error> {
    let policy_id = token.policy_id.as_str().into();
    let (name, password) = match &request.login {
        Login::Anonymous => return Ok(ExtensionObject::from_message(AnonymousIdentityToken { policy_id })),
        Login::UserName { name, password } => (name, password),
    };
    let policy = secret_policy(&request.endpoint, token)?;
    let (password, algorithm) = match (policy, &request.peer) {
        (SecurityPolicy::None, _) => (ByteString::from(password.as_bytes()), UAString::null()),
        (policy, Some(peer)) => {
            let key = peer.certificate().public_key();
            let secret = encrypt_password(policy, key, password.as_bytes(), server_nonce)
                .map_err(|error| Error::OwnProof { detail: error.to_string() })?;
            (ByteString::from(secret.bytes), secret.algorithm_uri.into())
        }
        (_, None) => {
            let detail = "it would be encrypted for a certificate that nobody validated".to_owned();
            return Err(Error::PasswordWouldLeak { rule: "RF-02", detail });
        }
    };
    let user_name = name.as_str().into();
    let token = UserNameIdentityToken { policy_id, user_name, password, encryption_algorithm: algorithm };
    Ok(ExtensionObject::from_message(token))
}

fn offered(endpoint: &Endpoint) -> String {
    let mut names: Vec<&str> = endpoint.user_tokens.iter().map(|token| token.kind.name()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { "no login at all".to_owned() } else { names.join(", ") }
}

//! Who logs in, and how what proves it travels.

use std::fmt;
use std::sync::Arc;

use opcua_types::{
    AnonymousIdentityToken, ByteString, ExtensionObject, IssuedIdentityToken, SignatureData, UAString,
    UserNameIdentityToken, X509IdentityToken,
};
use ua_channel::{
    EncryptedSecret, MAX_LEGACY_SECRET, MAX_SECRET, MessageSecurityMode, SystemRandom, encrypt_password,
    encrypt_secret, sign_peer_proof,
};
use ua_pki::{ApplicationIdentity, Certificate, SecurityPolicy};
use zeroize::Zeroizing;

use crate::connect::ConnectRequest;
use crate::endpoint::{Endpoint, UserTokenKind, UserTokenPolicy};
use crate::error::clean;
use crate::{Error, clock};

/// The user on whose behalf we read.
#[derive(Clone)]
pub enum Login {
    /// No user.
    Anonymous,
    /// A user name and its password. Above 64 bytes it goes as an RsaEncryptedSecret, which few servers know yet.
    UserName {
        /// The name.
        name: String,
        /// The password; overwritten in memory when dropped.
        password: Zeroizing<String>,
    },
    /// An X.509 certificate of the user and the key to it. They are not those of the application: who signs for both
    /// with one key can be made to prove one by the other.
    Certificate {
        /// Certificate, leaf first, and key. Only the leaf is sent.
        user: Arc<ApplicationIdentity>,
    },
    /// A JSON Web Token that an authorisation service issued. Where to get one is configured, never asked of the server.
    IssuedToken {
        /// The token as it was issued; overwritten in memory when dropped.
        token: Zeroizing<Vec<u8>>,
    },
}

impl Login {
    /// The kind of token this login needs.
    #[must_use]
    pub fn kind(&self) -> UserTokenKind {
        match self {
            Self::Anonymous => UserTokenKind::Anonymous,
            Self::UserName { .. } => UserTokenKind::UserName,
            Self::Certificate { .. } => UserTokenKind::Certificate,
            Self::IssuedToken { .. } => UserTokenKind::IssuedToken,
        }
    }

    /// What must reach nobody but the server.
    fn secret(&self) -> Option<&[u8]> {
        match self {
            Self::UserName { password, .. } => Some(password.as_bytes()),
            Self::IssuedToken { token } => Some(token),
            Self::Anonymous | Self::Certificate { .. } => None,
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::UserName { .. } => "UserName(hidden)",
            Self::Certificate { .. } => "Certificate(hidden)",
            Self::IssuedToken { .. } => "IssuedToken(hidden)",
        })
    }
}

/// The token policy a login of this kind will use at this endpoint.
///
/// Among several the one with the strongest policy for the secret is taken, whatever the server lists first.
pub(crate) fn token_for(endpoint: &Endpoint, kind: UserTokenKind) -> Result<&UserTokenPolicy, Error> {
    let mut best: Option<(&UserTokenPolicy, SecurityPolicy)> = None;
    let mut refusal = None;
    for token in endpoint.user_tokens.iter().filter(|token| token.kind == kind && token.is_readable()) {
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

/// The policy that protects the token's secret or signs its proof; `None` only inside an encrypted channel or when there
/// is no secret.
pub(crate) fn secret_policy(endpoint: &Endpoint, token: &UserTokenPolicy) -> Result<SecurityPolicy, Error> {
    let what = proof_name(token.kind);
    let withheld = |rule, detail| Err(Error::PasswordWouldLeak { what, rule, detail });
    if token.kind == UserTokenKind::Anonymous {
        return Ok(SecurityPolicy::None);
    }
    let policy = match &token.security_policy_uri {
        Some(uri) => match SecurityPolicy::from_uri(uri) {
            Some(policy) => policy,
            None => {
                let name = clean(uri.rsplit('#').next().unwrap_or_default());
                return withheld(
                    "RF-07",
                    format!("the server wants it protected by {name}, which is not good enough"),
                );
            }
        },
        None => endpoint.policy.unwrap_or(SecurityPolicy::None),
    };
    if token.kind == UserTokenKind::Certificate {
        // without security the server proves nothing before we sign, and whoever stands between passes our signature on
        if endpoint.is_without_security() {
            return withheld("SC-09", "the server cannot prove who it is without security".to_owned());
        }
        if policy == SecurityPolicy::None {
            return withheld("RF-07", "the server asks for none, only for the certificate".to_owned());
        }
    }
    if policy == SecurityPolicy::None && endpoint.mode != MessageSecurityMode::SignAndEncrypt {
        return withheld("RF-01", "it would cross the network in clear".to_owned());
    }
    Ok(policy)
}

/// What can be known to fail before anything is sent: a secret that does not fit, a secret for nobody we know, a key
/// that serves two.
pub(crate) fn check(request: &ConnectRequest, token: &UserTokenPolicy) -> Result<(), Error> {
    let what = proof_name(token.kind);
    let policy = secret_policy(&request.endpoint, token)?;
    if let Login::Certificate { user } = &request.login {
        return check_user_key(request, user, what);
    }
    let Some(secret) = request.login.secret() else { return Ok(()) };
    if policy != SecurityPolicy::None && request.peer.is_none() {
        return Err(for_nobody(what));
    }
    if secret.len() > MAX_SECRET {
        return Err(Error::PasswordTooLong { what, bytes: secret.len(), max: MAX_SECRET });
    }
    Ok(())
}

/// One key for user and application, or for user and server, lets one proof stand for another (rule OR-04).
fn check_user_key(
    request: &ConnectRequest,
    user: &ApplicationIdentity,
    what: &'static str,
) -> Result<(), Error> {
    let key = user.certificate().public_key();
    let server = request.peer.as_ref().map(|peer| peer.certificate().public_key());
    let whose = if key == request.own.certificate().public_key() {
        "this application's"
    } else if server == Some(key) {
        "the server's"
    } else {
        return Ok(());
    };
    let detail = format!("the user's key is {whose} own key, and a user needs one of their own");
    Err(Error::PasswordWouldLeak { what, rule: "OR-04", detail })
}

/// The identity token for ActivateSession and its signature. Called only after the server proved itself.
pub(crate) fn encode(
    request: &ConnectRequest,
    token: &UserTokenPolicy,
    server_nonce: &[u8],
) -> Result<(ExtensionObject, SignatureData), Error> {
    let policy_id = token.policy_id.as_str().into();
    let unsigned = |token| Ok((token, SignatureData::default()));
    match &request.login {
        Login::Anonymous => unsigned(ExtensionObject::from_message(AnonymousIdentityToken { policy_id })),
        Login::UserName { name, password } => {
            let (password, encryption_algorithm) =
                protect(request, token, password.as_bytes(), server_nonce)?;
            let user_name = name.as_str().into();
            let token = UserNameIdentityToken { policy_id, user_name, password, encryption_algorithm };
            unsigned(ExtensionObject::from_message(token))
        }
        Login::IssuedToken { token: issued } => {
            let (token_data, encryption_algorithm) = protect(request, token, issued, server_nonce)?;
            let token = IssuedIdentityToken { policy_id, token_data, encryption_algorithm };
            unsigned(ExtensionObject::from_message(token))
        }
        Login::Certificate { user } => {
            let server = peer(request, token)?;
            let policy = secret_policy(&request.endpoint, token)?;
            let proof = sign_peer_proof(policy, user.key(), server.der(), server_nonce).map_err(own_proof)?;
            let certificate_data = ByteString::from(user.certificate().der().to_vec());
            let token = X509IdentityToken { policy_id, certificate_data };
            let signature =
                SignatureData { algorithm: proof.algorithm.into(), signature: proof.signature.into() };
            Ok((ExtensionObject::from_message(token), signature))
        }
    }
}

/// A secret as it goes into a token, and the algorithm that it names.
fn protect(
    request: &ConnectRequest,
    token: &UserTokenPolicy,
    secret: &[u8],
    server_nonce: &[u8],
) -> Result<(ByteString, UAString), Error> {
    let policy = secret_policy(&request.endpoint, token)?;
    if policy == SecurityPolicy::None {
        // inside an encrypted channel without a policy of its own it travels as it is
        return Ok((ByteString::from(secret), UAString::null()));
    }
    let server = peer(request, token)?;
    let EncryptedSecret { algorithm_uri, bytes } = if secret.len() <= MAX_LEGACY_SECRET {
        encrypt_password(policy, server.public_key(), secret, server_nonce)
    } else {
        let now = clock::ua_time().ticks();
        encrypt_secret(policy, server, secret, server_nonce, now, &mut SystemRandom)
    }
    .map_err(own_proof)?;
    Ok((ByteString::from(bytes), algorithm_uri.into()))
}

/// The validated certificate that a secret or proof is made for (RF-02).
fn peer<'a>(request: &'a ConnectRequest, token: &UserTokenPolicy) -> Result<&'a Certificate, Error> {
    let peer = request.peer.as_ref().ok_or_else(|| for_nobody(proof_name(token.kind)))?;
    Ok(peer.certificate())
}

fn for_nobody(what: &'static str) -> Error {
    let detail = "it would be made for a certificate that nobody validated".to_owned();
    Error::PasswordWouldLeak { what, rule: "RF-02", detail }
}

fn own_proof(error: ua_channel::Error) -> Error {
    Error::OwnProof { detail: error.to_string() }
}

/// What shows who the user is, in words.
fn proof_name(kind: UserTokenKind) -> &'static str {
    match kind {
        UserTokenKind::Anonymous => "login",
        UserTokenKind::UserName => "password",
        UserTokenKind::Certificate => "user's signature",
        UserTokenKind::IssuedToken => "issued token",
    }
}

fn offered(endpoint: &Endpoint) -> String {
    let mut names: Vec<&str> = endpoint.user_tokens.iter().map(|token| token.kind.name()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { "no login at all".to_owned() } else { names.join(", ") }
}

//! Activating sessions: right, wrong, replayed and stolen.

use opcua_types::{
    ActivateSessionRequest, ActivateSessionResponse, AnonymousIdentityToken, BinaryDecodable, ContextOwned,
    ExtensionObject, NodeId, ReadRequest, ReadValueId, SignatureData, StatusCode, UserNameIdentityToken,
    X509IdentityToken,
};
use ua_channel::{SystemRandom, encrypt_password, encrypt_secret, sign_peer_proof};
use ua_pki::{ApplicationIdentity, ApplicationProfile, KeyKind, SecurityPolicy, Store};

use super::test_target::{CHANNEL, FIRST_NONCE, Target, encode, header, identity, variable};

use crate::{Criterion, Role, RoleRule, access::Directory};

const POLICY: SecurityPolicy = SecurityPolicy::Basic256Sha256;

pub(super) fn user_token(name: &str, password: &str, nonce: &[u8]) -> UserNameIdentityToken {
    let secret =
        encrypt_password(POLICY, identity().certificate().public_key(), password.as_bytes(), nonce).unwrap();
    UserNameIdentityToken {
        policy_id: "username".into(),
        user_name: name.into(),
        password: secret.bytes.into(),
        encryption_algorithm: secret.algorithm_uri.into(),
    }
}

/// A request with a valid client signature over `nonce`.
pub(super) fn request(token: ExtensionObject, nonce: &[u8]) -> ActivateSessionRequest {
    let proof = sign_peer_proof(POLICY, identity().key(), identity().certificate().der(), nonce).unwrap();
    ActivateSessionRequest {
        request_header: header(),
        client_signature: SignatureData {
            algorithm: proof.algorithm.into(),
            signature: proof.signature.into(),
        },
        user_identity_token: token,
        ..ActivateSessionRequest::default()
    }
}

pub(super) fn named(name: &str, password: &str, nonce: &[u8]) -> ActivateSessionRequest {
    request(ExtensionObject::from_message(user_token(name, password, nonce)), nonce)
}

/// The next nonce, or why not.
pub(super) fn activate(target: &Target, request: &ActivateSessionRequest) -> Result<Vec<u8>, StatusCode> {
    let answer = target.ask(&encode(request)).unwrap();
    match target.result(&answer) {
        StatusCode::Good => {
            let mut rest = answer.as_slice();
            let context = ContextOwned::default();
            NodeId::decode(&mut rest, &context.context()).unwrap();
            let response = ActivateSessionResponse::decode(&mut rest, &context.context()).unwrap();
            Ok(response.server_nonce.as_ref().to_vec())
        }
        status => Err(status),
    }
}

fn read(target: &Target) -> StatusCode {
    let item = ReadValueId { node_id: variable(), attribute_id: 13, ..ReadValueId::default() };
    let request =
        ReadRequest { request_header: header(), nodes_to_read: Some(vec![item]), ..ReadRequest::default() };
    target.result(&target.ask(&encode(&request)).unwrap())
}

#[test]
fn a_session_works_once_it_is_activated_and_gets_a_new_nonce_each_time() {
    let target = Target::with_fresh_session();
    let second = activate(&target, &named("reader", "lesen", &FIRST_NONCE)).unwrap();
    assert_eq!(second.len(), 32);
    assert_ne!(second, FIRST_NONCE);
    assert_eq!(read(&target), StatusCode::Good);
    assert_ne!(activate(&target, &named("reader", "lesen", &second)).unwrap(), second);
}

#[test]
fn a_request_before_the_activation_ends_the_session() {
    let target = Target::with_fresh_session();
    assert_eq!(read(&target), StatusCode::BadSessionNotActivated);
    assert_eq!(
        activate(&target, &named("reader", "lesen", &FIRST_NONCE)),
        Err(StatusCode::BadSessionIdInvalid)
    );
}

#[test]
fn an_activation_cannot_be_replayed() {
    let target = Target::with_fresh_session();
    let first = named("reader", "lesen", &FIRST_NONCE);
    let second_nonce = activate(&target, &first).unwrap();
    assert_eq!(activate(&target, &first), Err(StatusCode::BadApplicationSignatureInvalid));
    // a fresh signature around an old secret
    let mut stale = named("reader", "lesen", &second_nonce);
    stale.user_identity_token = ExtensionObject::from_message(user_token("reader", "lesen", &FIRST_NONCE));
    assert_eq!(activate(&target, &stale), Err(StatusCode::BadUserAccessDenied));
}

#[test]
fn a_missing_or_foreign_client_signature_is_refused() {
    let target = Target::with_fresh_session();
    let mut unsigned = named("reader", "lesen", &FIRST_NONCE);
    unsigned.client_signature = SignatureData::default();
    assert_eq!(activate(&target, &unsigned), Err(StatusCode::BadApplicationSignatureInvalid));
    let mut other_algorithm = named("reader", "lesen", &FIRST_NONCE);
    other_algorithm.client_signature.algorithm = "http://www.w3.org/2000/09/xmldsig#rsa-sha1".into();
    assert_eq!(activate(&target, &other_algorithm), Err(StatusCode::BadApplicationSignatureInvalid));
}

#[test]
fn whatever_is_wrong_with_a_password_there_is_one_answer() {
    let target = Target::with_fresh_session();
    let good = user_token("reader", "lesen", &FIRST_NONCE);
    let mut garbled = good.clone();
    garbled.password = vec![7; 256].into();
    let mut short = good.clone();
    short.password = vec![7; 10].into();
    let mut algorithm = good.clone();
    algorithm.encryption_algorithm = "http://www.w3.org/2001/04/xmlenc#rsa-1_5".into();
    let wrong = user_token("reader", "falsch", &FIRST_NONCE);
    let unknown = user_token("nobody", "lesen", &FIRST_NONCE);
    let empty = user_token("reader", "", &FIRST_NONCE);
    let endless = user_token(&"n".repeat(60_000), "lesen", &FIRST_NONCE);
    // each attempt against a server of its own: the lock-out is not what is looked at here
    for token in [garbled, short, algorithm, wrong, unknown, empty, endless] {
        let target = Target::with_fresh_session();
        let refused = activate(&target, &request(ExtensionObject::from_message(token), &FIRST_NONCE));
        assert_eq!(refused, Err(StatusCode::BadUserAccessDenied));
    }
    assert!(activate(&target, &named("reader", "lesen", &FIRST_NONCE)).is_ok());
}

#[test]
fn tokens_that_this_endpoint_does_not_take_are_refused() {
    let target = Target::with_fresh_session();
    let refused = |token| activate(&target, &request(token, &FIRST_NONCE)).unwrap_err();
    let in_clear = UserNameIdentityToken {
        policy_id: "username".into(),
        user_name: "reader".into(),
        password: b"lesen".to_vec().into(),
        encryption_algorithm: opcua_types::UAString::null(),
    };
    assert_eq!(refused(ExtensionObject::from_message(in_clear)), StatusCode::BadIdentityTokenInvalid);
    let mut other_policy = user_token("reader", "lesen", &FIRST_NONCE);
    other_policy.policy_id = "anonymous".into();
    assert_eq!(refused(ExtensionObject::from_message(other_policy)), StatusCode::BadIdentityTokenInvalid);
    let nameless = user_token("", "lesen", &FIRST_NONCE);
    assert_eq!(refused(ExtensionObject::from_message(nameless)), StatusCode::BadIdentityTokenInvalid);
    let certificate = ExtensionObject::from_message(X509IdentityToken::default());
    assert_eq!(refused(certificate), StatusCode::BadIdentityTokenInvalid);
    let anonymous = AnonymousIdentityToken { policy_id: "anonymous".into() };
    assert_eq!(refused(ExtensionObject::from_message(anonymous)), StatusCode::BadIdentityTokenRejected);
    assert_eq!(refused(ExtensionObject::null()), StatusCode::BadIdentityTokenRejected);
}

#[test]
fn a_session_moves_to_another_channel_with_its_user_and_never_before_it_was_activated() {
    let mut target = Target::with_fresh_session();
    target.peer.channel = CHANNEL + 1;
    let early = activate(&target, &named("reader", "lesen", &FIRST_NONCE));
    assert_eq!(early, Err(StatusCode::BadSecurityChecksFailed));
    target.peer.channel = CHANNEL;
    let nonce = activate(&target, &named("reader", "lesen", &FIRST_NONCE)).unwrap();

    target.peer.channel = CHANNEL + 1;
    assert_eq!(activate(&target, &named("other", "auch", &nonce)), Err(StatusCode::BadUserAccessDenied));
    assert_eq!(read(&target), StatusCode::BadSecureChannelIdInvalid);
    activate(&target, &named("reader", "lesen", &nonce)).unwrap();
    assert_eq!(read(&target), StatusCode::Good);
    target.peer.channel = CHANNEL;
    assert_eq!(read(&target), StatusCode::BadSecureChannelIdInvalid);
}

#[test]
fn another_certificate_does_not_get_at_a_session() {
    let mut target = Target::with_fresh_session();
    target.peer.certificate = None;
    target.peer.policy = SecurityPolicy::None;
    let stolen = activate(&target, &named("reader", "lesen", &FIRST_NONCE));
    assert_eq!(stolen, Err(StatusCode::BadSecurityChecksFailed));
}

#[test]
fn a_long_password_opens_the_session_in_the_newer_form_and_only_once_and_only_in_time() {
    let password = "ein sehr langer Satz ".repeat(20);
    let user = crate::UserAccount::with_password("talker", &password).unwrap();
    let target = Target::configured(|config| config.users = vec![user]);
    let now = target.core.clock.now();
    let token = |password: &str, nonce: &[u8], signed| {
        let server = identity();
        let (certificate, secret) = (server.certificate(), password.as_bytes());
        let sent = encrypt_secret(POLICY, certificate, secret, nonce, signed, &mut SystemRandom).unwrap();
        let mut token = user_token("talker", "x", nonce);
        token.password = sent.bytes.into();
        token
    };
    let minute = 600_000_000;
    let stale = token(&password, &[2; 32], now);
    for wrong in [
        token("short", &FIRST_NONCE, now),
        token(&password, &FIRST_NONCE, now - 6 * minute),
        token(&password, &FIRST_NONCE, now + 7 * minute),
        stale,
    ] {
        let refused = activate(&target, &request(ExtensionObject::from_message(wrong), &FIRST_NONCE));
        assert_eq!(refused, Err(StatusCode::BadUserAccessDenied));
    }
    // some clients name no algorithm beside it: the form says itself what it is
    let mut right = token(&password, &FIRST_NONCE, now - 4 * minute);
    right.encryption_algorithm = opcua_types::UAString::null();
    activate(&target, &request(ExtensionObject::from_message(right), &FIRST_NONCE)).unwrap();
}

fn person(name: &str) -> ApplicationIdentity {
    ApplicationIdentity::self_signed(&ApplicationProfile {
        common_name: name.to_owned(),
        organization: None,
        application_uri: "urn:not:looked:at".to_owned(),
        dns_names: vec![],
        ip_addresses: vec![],
        key: KeyKind::Rsa { bits: 2048 },
        valid_from: crate::Clock::start().timestamp(),
        days: 1,
    })
    .unwrap()
}

/// A login with a certificate; `signed` is the nonce that the user's key signs.
fn certified(user: &ApplicationIdentity, signed: &[u8], nonce: &[u8]) -> ActivateSessionRequest {
    let token = X509IdentityToken {
        policy_id: "certificate".into(),
        certificate_data: user.certificate().der().to_vec().into(),
    };
    let server = identity();
    let proof = sign_peer_proof(POLICY, user.key(), server.certificate().der(), signed).unwrap();
    let mut request = request(ExtensionObject::from_message(token), nonce);
    request.user_token_signature =
        SignatureData { algorithm: proof.algorithm.into(), signature: proof.signature.into() };
    request
}

#[test]
fn a_user_with_a_certificate_is_whom_the_list_of_users_trusts_and_who_signs_the_last_nonce() {
    let folder = tempfile::tempdir().unwrap();
    let users = Store::open(folder.path()).unwrap();
    let target = Target::configured(|config| config.user_certificates = Some(folder.path().to_owned()));
    let (known, stranger) = (person("known"), person("stranger"));
    users.trust(known.certificate()).unwrap();
    let refused = |request: &ActivateSessionRequest| activate(&target, request).unwrap_err();

    assert_eq!(
        refused(&certified(&stranger, &FIRST_NONCE, &FIRST_NONCE)),
        StatusCode::BadIdentityTokenRejected
    );
    assert_eq!(users.rejected().unwrap(), [stranger.certificate().clone()]);
    // UT-13: a signature over an older nonce
    assert_eq!(refused(&certified(&known, &[3; 32], &FIRST_NONCE)), StatusCode::BadUserSignatureInvalid);
    let mut unsigned = certified(&known, &FIRST_NONCE, &FIRST_NONCE);
    unsigned.user_token_signature = SignatureData::default();
    assert_eq!(refused(&unsigned), StatusCode::BadUserSignatureInvalid);
    // somebody else's signature under a trusted certificate
    let mut borrowed = certified(&stranger, &FIRST_NONCE, &FIRST_NONCE);
    borrowed.user_identity_token = certified(&known, &FIRST_NONCE, &FIRST_NONCE).user_identity_token;
    assert_eq!(refused(&borrowed), StatusCode::BadUserSignatureInvalid);
    // our own certificate and a signature of ours, trusted or not (OR-03)
    users.trust(identity().certificate()).unwrap();
    assert_eq!(
        refused(&certified(&identity(), &FIRST_NONCE, &FIRST_NONCE)),
        StatusCode::BadIdentityTokenRejected
    );

    let nonce = activate(&target, &certified(&known, &FIRST_NONCE, &FIRST_NONCE)).unwrap();
    assert_eq!(read(&target), StatusCode::Good);
    let rule = RoleRule {
        role: Role::Observer,
        criterion: Criterion::Subject(known.certificate().subject().to_owned()),
    };
    let value = || super::ask::read_status(&target, &variable(), 13);
    assert_eq!(value(), StatusCode::BadUserAccessDenied, "who logged in has no role by that");
    target.core.replace_directory(Directory::new(&[], &[rule]).unwrap());
    assert_ne!(value(), StatusCode::BadUserAccessDenied);
    // no longer trusted, no longer let in, and what was given is taken
    users.remove(&known.certificate().thumbprint().to_string().parse().unwrap()).unwrap();
    target.core.reassess(&target.core.gate.roster());
    assert_eq!(value(), StatusCode::BadNodeIdUnknown);
    assert_eq!(refused(&certified(&known, &nonce, &nonce)), StatusCode::BadIdentityTokenRejected);
}

#[test]
fn without_a_list_of_users_no_certificate_logs_in() {
    let target = Target::with_fresh_session();
    let refused = activate(&target, &certified(&person("known"), &FIRST_NONCE, &FIRST_NONCE));
    assert_eq!(refused, Err(StatusCode::BadIdentityTokenInvalid));
}

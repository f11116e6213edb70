//! Activating sessions: right, wrong, replayed and stolen.

use opcua_types::{
    ActivateSessionRequest, ActivateSessionResponse, AnonymousIdentityToken, BinaryDecodable, ContextOwned,
    ExtensionObject, NodeId, ReadRequest, ReadValueId, SignatureData, StatusCode, UserNameIdentityToken,
    X509IdentityToken,
};
use ua_channel::{encrypt_password, sign_peer_proof};
use ua_pki::SecurityPolicy;

use super::test_target::{CHANNEL, FIRST_NONCE, Target, encode, header, identity, variable};

const POLICY: SecurityPolicy = SecurityPolicy::Basic256Sha256;

fn user_token(name: &str, password: &str, nonce: &[u8]) -> UserNameIdentityToken {
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
fn request(token: ExtensionObject, nonce: &[u8]) -> ActivateSessionRequest {
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

fn named(name: &str, password: &str, nonce: &[u8]) -> ActivateSessionRequest {
    request(ExtensionObject::from_message(user_token(name, password, nonce)), nonce)
}

/// The next nonce, or why not.
fn activate(target: &Target, request: &ActivateSessionRequest) -> Result<Vec<u8>, StatusCode> {
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

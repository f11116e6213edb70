//! RF-01 to RF-07: a password goes encrypted to the validated server or not at all.

use std::sync::{Arc, Mutex};

use ua_channel::{decrypt_secret, verify_peer_proof};
use ua_client::types::{
    ActivateSessionRequest, DateTime, IssuedIdentityToken, MessageSecurityMode, UserNameIdentityToken,
    UserTokenPolicy, UserTokenType, X509IdentityToken,
};
use ua_client::{Error, Login, Side};
use ua_pki::{ApplicationIdentity, Role, SecurityPolicy};
use zeroize::Zeroizing;

use crate::server::*;

fn login(password: &str) -> Login {
    Login::UserName { name: "reader".to_owned(), password: Zeroizing::new(password.to_owned()) }
}

/// A server whose only endpoint lists these tokens.
fn with_tokens(mode: MessageSecurityMode, tokens: Vec<UserTokenPolicy>) -> Script {
    let mut only = endpoint(POLICY, mode);
    only.user_identity_tokens = Some(tokens);
    Script { endpoints: vec![only], ..Script::honest() }
}

async fn refused_before_connecting(script: Script, password: &str) -> Error {
    not_even_tried(script, login(password)).await
}

async fn not_even_tried(script: Script, login: Login) -> Error {
    let rogue = script.start().await;
    let mut request = rogue.request().await;
    request.login = login;
    let before = rogue.connections();
    let error = ua_client::connect(request).await.expect_err("what proves the user must stay here");
    assert_eq!(rogue.connections(), before);
    assert_eq!(error.side(), Side::Us);
    error
}

/// What the honest server got to see of a login.
struct Seen {
    request: ActivateSessionRequest,
    /// The nonce it answered CreateSession with.
    nonce: Vec<u8>,
}

/// Logs in at a server whose only endpoint lists this token.
async fn logged_in(token: UserTokenPolicy, login: Login) -> Seen {
    let (request, nonce) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(Vec::new())));
    let (taken, sent) = (Arc::clone(&request), Arc::clone(&nonce));
    let script = Script {
        created: Box::new(move |response| *sent.lock().unwrap() = response.server_nonce.as_ref().to_vec()),
        service: Box::new(move |kind, body, honest| {
            if kind == ACTIVATE_SESSION {
                *taken.lock().unwrap() = Some(decode(body));
            }
            honest.map_or(Act::Nothing, Act::Answer)
        }),
        ..with_tokens(MessageSecurityMode::SignAndEncrypt, vec![token])
    };
    let rogue = script.start().await;
    let mut asked = rogue.request().await;
    asked.login = login;
    ua_client::connect(asked).await.unwrap();
    let request = request.lock().unwrap().take().unwrap();
    let nonce = nonce.lock().unwrap().clone();
    Seen { request, nonce }
}

fn this_minute() -> std::ops::RangeInclusive<i64> {
    let now = DateTime::now().ticks();
    now - 600_000_000..=now + 600_000_000
}

#[tokio::test]
async fn a_password_of_more_than_64_bytes_goes_as_an_encrypted_secret_signed_now() {
    let password = "correct horse battery staple ".repeat(10);
    let Seen { request, nonce } =
        logged_in(token("user", UserTokenType::UserName, None), login(&password)).await;
    let token = request.user_identity_token.into_inner_as::<UserNameIdentityToken>().unwrap();
    let algorithm = token.encryption_algorithm.value().as_deref();
    let (server, sent) = (server_identity(), token.password.as_ref());
    assert!(ua_channel::is_encrypted_secret(sent));
    let secret = decrypt_secret(POLICY, &server, algorithm, sent, &nonce, &this_minute()).unwrap();
    assert_eq!(secret.as_slice(), password.as_bytes());
}

fn issued(bytes: &[u8]) -> Login {
    Login::IssuedToken { token: Zeroizing::new(bytes.to_vec()) }
}

fn issued_policy(issued_type: &str, issuer: &str) -> UserTokenPolicy {
    UserTokenPolicy {
        issued_token_type: issued_type.into(),
        issuer_endpoint_url: issuer.into(),
        ..token("jwt", UserTokenType::IssuedToken, None)
    }
}

const JWT: &str = "http://opcfoundation.org/UA/UserToken#JWT";

#[tokio::test]
async fn an_issued_token_arrives_encrypted_and_where_the_server_says_to_get_one_is_never_asked() {
    let issuer = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", issuer.local_addr().unwrap());
    let jwt = b"eyJhbGciOiJSUzI1NiJ9.".repeat(40);
    let Seen { request, nonce } = logged_in(issued_policy(JWT, &url), issued(&jwt)).await;
    let token = request.user_identity_token.into_inner_as::<IssuedIdentityToken>().unwrap();
    let algorithm = token.encryption_algorithm.value().as_deref();
    let sent = token.token_data.as_ref();
    let secret = decrypt_secret(POLICY, &server_identity(), algorithm, sent, &nonce, &this_minute()).unwrap();
    assert_eq!(secret.as_slice(), jwt);
    let asked = tokio::time::timeout(std::time::Duration::ZERO, issuer.accept()).await;
    assert!(asked.is_err(), "nobody came");
}

#[tokio::test]
async fn an_issued_token_goes_to_nobody_who_wants_another_kind_or_wants_it_in_clear() {
    let mode = MessageSecurityMode::SignAndEncrypt;
    let other = with_tokens(mode, vec![issued_policy("http://example.org/kerberos", "")]);
    assert_eq!(not_even_tried(other, issued(b"token")).await.rule(), "RF-06");
    let mut clear = issued_policy(JWT, "");
    clear.security_policy_uri = SecurityPolicy::None.uri().into();
    let clear = with_tokens(MessageSecurityMode::Sign, vec![clear]);
    assert_eq!(not_even_tried(clear, issued(b"token")).await.rule(), "RF-01");
    let endless = not_even_tried(with_tokens(mode, vec![issued_policy(JWT, "")]), issued(&[b'x'; 1 << 20]));
    assert!(matches!(endless.await, Error::PasswordTooLong { bytes: 1_048_576, .. }));
}

fn person() -> Arc<ApplicationIdentity> {
    Arc::new(identity_of("person", "urn:localhost:person"))
}

#[tokio::test]
async fn a_user_with_a_certificate_signs_for_the_server_with_the_algorithm_of_the_token_policy() {
    for policy in [SecurityPolicy::Basic256Sha256, SecurityPolicy::Aes256Sha256RsaPss] {
        let user = person();
        let policy_of_token = token("certificate", UserTokenType::Certificate, Some(policy.uri()));
        let Seen { request, nonce } =
            logged_in(policy_of_token, Login::Certificate { user: Arc::clone(&user) }).await;
        let signature = request.user_token_signature;
        let shown = request.user_identity_token.into_inner_as::<X509IdentityToken>().unwrap();
        assert_eq!(shown.certificate_data.as_ref(), user.certificate().der());
        verify_peer_proof(
            policy,
            user.certificate().public_key(),
            server_identity().certificate().der(),
            &nonce,
            signature.algorithm.value().as_deref(),
            signature.signature.as_ref(),
        )
        .unwrap();
        // the application proves itself beside it, with its own key
        assert_ne!(request.client_signature.signature, signature.signature);
    }
}

#[tokio::test]
async fn a_user_signs_nothing_for_a_server_that_has_not_proven_itself() {
    let tokens = vec![token("certificate", UserTokenType::Certificate, None)];
    let script = Script {
        created: Box::new(|response| response.server_signature.signature = random(256)),
        ..with_tokens(MessageSecurityMode::SignAndEncrypt, tokens)
    };
    let rogue = script.start().await;
    let mut request = rogue.request().await;
    request.login = Login::Certificate { user: person() };
    let error = ua_client::connect(request).await.expect_err("the server holds no key");
    assert_eq!((error.rule(), rogue.saw(ACTIVATE_SESSION)), ("SC-08", 0));
}

#[tokio::test]
async fn a_user_certificate_is_of_no_use_where_its_signature_would_prove_too_much_or_nothing() {
    let user = || Login::Certificate { user: person() };
    let offers = |policy| {
        let tokens = vec![token("certificate", UserTokenType::Certificate, policy)];
        with_tokens(MessageSecurityMode::SignAndEncrypt, tokens)
    };
    let none = Some(SecurityPolicy::None.uri());
    assert_eq!(not_even_tried(offers(none), user()).await.rule(), "RF-07");
    let broken = Some("http://opcfoundation.org/UA/SecurityPolicy#Basic128Rsa15");
    assert_eq!(not_even_tried(offers(broken), user()).await.rule(), "RF-07");
    for identity in [client_identity(), server_identity()] {
        let error = not_even_tried(offers(None), Login::Certificate { user: identity }).await;
        assert_eq!(error.rule(), "OR-04");
    }
    // without security whoever stands between passes the signature on to the real server
    let mut open = endpoint(SecurityPolicy::None, MessageSecurityMode::None);
    open.user_identity_tokens =
        Some(vec![token("certificate", UserTokenType::Certificate, Some(POLICY.uri()))]);
    let rogue = Script { endpoints: vec![open], ..Script::honest() }.start().await;
    let mut request = rogue.request().await;
    request.danger_without_security = true;
    request.login = user();
    let error = ua_client::connect(request).await.expect_err("a signature for anybody");
    assert_eq!((error.rule(), rogue.saw(CREATE_SESSION)), ("SC-09", 0));
}

#[tokio::test]
async fn the_password_arrives_encrypted_and_readable_for_the_server_alone() {
    let seen = Arc::new(Mutex::new(None));
    let taken = Arc::clone(&seen);
    let nonce = Arc::new(Mutex::new(Vec::new()));
    let sent = Arc::clone(&nonce);
    let script = Script {
        created: Box::new(move |response| *sent.lock().unwrap() = response.server_nonce.as_ref().to_vec()),
        service: Box::new(move |kind, body, honest| {
            if kind == ACTIVATE_SESSION {
                let request: ActivateSessionRequest = decode(body);
                *taken.lock().unwrap() = request.user_identity_token.into_inner_as::<UserNameIdentityToken>();
            }
            honest.map_or(Act::Nothing, Act::Answer)
        }),
        ..Script::honest()
    };
    let rogue = script.start().await;
    let mut request = rogue.request().await;
    request.login = login("correct horse");
    ua_client::connect(request).await.unwrap();
    let token = seen.lock().unwrap().take().unwrap();
    assert_eq!((token.user_name.as_ref(), token.policy_id.as_ref()), ("reader", "user"));
    let server = server_identity();
    let algorithm = token.encryption_algorithm.value().as_deref();
    let nonce = nonce.lock().unwrap();
    let secret =
        ua_channel::decrypt_password(POLICY, server.key(), algorithm, token.password.as_ref(), &nonce)
            .unwrap();
    assert_eq!(secret.as_slice(), b"correct horse");
}

#[tokio::test]
async fn a_password_never_crosses_a_channel_that_is_only_signed_in_clear() {
    let none = Some("http://opcfoundation.org/UA/SecurityPolicy#None");
    let script = with_tokens(MessageSecurityMode::Sign, vec![token("user", UserTokenType::UserName, none)]);
    assert_eq!(refused_before_connecting(script, "secret").await.rule(), "RF-01");
}

#[tokio::test]
async fn a_password_is_never_protected_by_a_broken_policy() {
    let broken = Some("http://opcfoundation.org/UA/SecurityPolicy#Basic128Rsa15");
    let script = with_tokens(
        MessageSecurityMode::SignAndEncrypt,
        vec![token("user", UserTokenType::UserName, broken)],
    );
    assert_eq!(refused_before_connecting(script, "secret").await.rule(), "RF-07");
}

#[tokio::test]
async fn a_sound_token_policy_is_taken_although_a_broken_one_is_listed_first() {
    let broken = Some("http://opcfoundation.org/UA/SecurityPolicy#Basic128Rsa15");
    let tokens = vec![
        token("weak", UserTokenType::UserName, broken),
        token("sound", UserTokenType::UserName, Some(POLICY.uri())),
    ];
    let rogue = with_tokens(MessageSecurityMode::SignAndEncrypt, tokens).start().await;
    let mut request = rogue.request().await;
    request.login = login("secret");
    ua_client::connect(request).await.unwrap();
}

#[tokio::test]
async fn a_server_that_offers_anonymous_only_gets_no_anonymous_login_instead() {
    let tokens = vec![token("anonymous", UserTokenType::Anonymous, None)];
    let script = with_tokens(MessageSecurityMode::SignAndEncrypt, tokens);
    assert_eq!(refused_before_connecting(script, "secret").await.rule(), "RF-06");
}

#[tokio::test]
async fn a_password_longer_than_any_that_is_sent_is_refused_clearly() {
    let error = refused_before_connecting(Script::honest(), &"x".repeat(65_537)).await;
    assert_eq!(error.to_string(), "the password has 65537 bytes; at most 65536 can be sent");
}

#[tokio::test]
async fn on_a_channel_without_security_a_password_needs_a_validated_certificate() {
    let mut open = endpoint(SecurityPolicy::None, MessageSecurityMode::None);
    open.user_identity_tokens = Some(vec![token("user", UserTokenType::UserName, Some(POLICY.uri()))]);
    let rogue = Script { endpoints: vec![open], ..Script::honest() }.start().await;
    let mut request = rogue.request().await;
    request.danger_without_security = true;
    request.login = login("secret");
    request.peer = None;
    let error = ua_client::connect(request.clone()).await.expect_err("nobody validated the certificate");
    assert_eq!(error.rule(), "RF-02");
    request.peer = Some(trusted(identity_of("other", SERVER_URI).certificate(), Role::Server));
    let error = ua_client::connect(request).await.expect_err("another certificate was validated");
    assert_eq!(error.rule(), "SC-07");
}

#[tokio::test]
async fn a_refused_login_is_told_from_a_refused_certificate() {
    for code in [0x801F_0000, 0x8021_0000, 0x8020_0000] {
        let script = Script {
            service: Box::new(move |kind, _, honest| match kind {
                ACTIVATE_SESSION => Act::Answer(fault(code)),
                _ => honest.map_or(Act::Nothing, Act::Answer),
            }),
            ..Script::honest()
        };
        let rogue = script.start().await;
        let mut request = rogue.request().await;
        request.login = login("wrong");
        let error = ua_client::connect(request).await.expect_err("wrong password");
        assert!(matches!(error, Error::LoginRefused { status } if status == code), "{error:?}");
        assert!(!error.server_does_not_trust_us());
    }
}

#[test]
fn a_login_does_not_show_itself() {
    let text = format!("{:?} {:?}", login("hunter2"), issued(b"hunter2"));
    let bytes = format!("{:?}", b"hunter2");
    assert!(!text.contains("hunter2") && !text.contains("reader") && !text.contains(&bytes), "{text}");
}

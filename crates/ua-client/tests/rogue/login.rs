//! RF-01 to RF-07: a password goes encrypted to the validated server or not at all.

use std::sync::{Arc, Mutex};

use ua_client::types::{ActivateSessionRequest, MessageSecurityMode, UserNameIdentityToken, UserTokenType};
use ua_client::{Error, Login, Side};
use ua_pki::Role;
use zeroize::Zeroizing;

use crate::server::*;

fn login(password: &str) -> Login {
    Login::UserName { name: "reader".to_owned(), password: Zeroizing::new(password.to_owned()) }
}

/// A server whose only endpoint lists these tokens.
fn with_tokens(mode: MessageSecurityMode, tokens: Vec<ua_client::types::UserTokenPolicy>) -> Script {
    let mut only = endpoint(POLICY, mode);
    only.user_identity_tokens = Some(tokens);
    Script { endpoints: vec![only], ..Script::honest() }
}

async fn refused_before_connecting(script: Script, password: &str) -> Error {
    let rogue = script.start().await;
    let mut request = rogue.request().await;
    request.login = login(password);
    let before = rogue.connections();
    let error = ua_client::connect(request).await.expect_err("the password must stay here");
    assert_eq!(rogue.connections(), before);
    assert_eq!(error.side(), Side::Us);
    error
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
async fn a_password_too_long_for_the_legacy_form_is_refused_clearly() {
    let error = refused_before_connecting(Script::honest(), &"x".repeat(65)).await;
    assert!(matches!(error, Error::PasswordTooLong { bytes: 65 }));
}

#[tokio::test]
async fn on_a_channel_without_security_a_password_needs_a_validated_certificate() {
    let mut open = endpoint(ua_pki::SecurityPolicy::None, MessageSecurityMode::None);
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
    let text = format!("{:?}", login("hunter2"));
    assert!(!text.contains("hunter2") && !text.contains("reader"), "{text}");
}

//! The three attacks of "Practical Pitfalls for Security in OPC UA" (Erba, Müller, Tippenhauer): a rogue server, a rogue
//! client, and somebody in the middle who rewrites what is not protected yet. Many stacks fell for them because they
//! trusted what GetEndpoints says, or everybody.

use std::sync::Arc;

use ua_client::types::{ByteString, EndpointDescription, MessageSecurityMode, UserTokenType};
use ua_client::{Error, Login, SecurityRequirement, UserTokenKind, choose};
use ua_pki::{CertificateStatus, Role, SecurityPolicy, TrustList, ValidationContext, validate};
use zeroize::Zeroizing;

use crate::server::*;

fn password() -> Login {
    Login::UserName { name: "reader".to_owned(), password: Zeroizing::new("secret".to_owned()) }
}

/// The real server's endpoint with another certificate in it.
fn swapped(certificate: &[u8]) -> EndpointDescription {
    EndpointDescription {
        server_certificate: ByteString::from(certificate.to_vec()),
        ..endpoint(POLICY, MessageSecurityMode::SignAndEncrypt)
    }
}

/// What an administrator who trusts the real server alone says to this endpoint's certificate.
fn verdict(certificate: &[u8]) -> Option<CertificateStatus> {
    let chain = ua_pki::Certificate::chain_from_der(certificate).unwrap();
    let trust = TrustList::new(vec![server_identity().certificate().clone()], vec![], vec![]);
    let context = ValidationContext {
        now: jiff::Timestamp::now(),
        role: Role::Server,
        policy: POLICY.certificate_rules(),
        host: Some("localhost"),
        application_uri: Some(SERVER_URI),
        suppress: &[],
    };
    validate(&chain, &trust, &context).status()
}

#[tokio::test]
async fn rogue_server_with_a_certificate_of_its_own_gets_neither_a_signature_nor_a_password() {
    // everything in it is the real server's, except for the key
    let own = Arc::new(identity_of("rogue", SERVER_URI));
    let rogue =
        Script { endpoints: vec![swapped(&own.chain_der())], holds: Arc::clone(&own), ..Script::honest() };
    let rogue = rogue.start().await;
    let mut request = rogue.request().await;
    assert_eq!(verdict(&request.endpoint.server_certificate), Some(CertificateStatus::Untrusted));
    // the only proof there is, is that of the real server
    request.login = password();
    let before = rogue.connections();
    let error = ua_client::connect(request).await.expect_err("this is not the server");
    assert_eq!((error.rule(), rogue.connections()), ("SC-07", before), "nothing was sent at all");
}

#[tokio::test]
async fn rogue_server_that_shows_the_real_certificate_cannot_open_the_channel() {
    let rogue = Script { holds: Arc::new(identity_of("rogue", SERVER_URI)), ..Script::honest() };
    let rogue = rogue.start().await;
    let mut request = rogue.request().await;
    request.login = password();
    let error = ua_client::connect(request).await.expect_err("it has no key to that certificate");
    assert!(matches!(error, Error::RefusedByServer { .. } | Error::Protocol { .. }), "{error:?}");
    assert_eq!((rogue.saw(CREATE_SESSION), rogue.saw(ACTIVATE_SESSION)), (0, 0));
}

#[tokio::test]
async fn rogue_client_that_nobody_trusts_reaches_no_service() {
    let server = Script { trusts_the_client: false, ..Script::honest() }.start().await;
    let mut request = server.request().await;
    request.own = Arc::new(identity_of("rogue", "urn:localhost:client"));
    let error = ua_client::connect(request).await.expect_err("nobody trusts it");
    assert!(error.server_does_not_trust_us());
    assert_eq!((server.saw(CREATE_SESSION), server.saw(READ)), (0, 0));
}

#[tokio::test]
async fn middleperson_who_swaps_the_certificate_in_get_endpoints_stays_outside() {
    let theirs = identity_of("middle", SERVER_URI);
    let server = Script { endpoints: vec![swapped(&theirs.chain_der())], ..Script::honest() }.start().await;
    let request = server.request().await;
    assert_eq!(verdict(&request.endpoint.server_certificate), Some(CertificateStatus::Untrusted));
    assert_eq!(ua_client::connect(request).await.expect_err("swapped").rule(), "SC-07");
    assert_eq!(server.saw(CREATE_SESSION), 0);
}

#[tokio::test]
async fn middleperson_who_strips_every_secure_policy_gets_no_unprotected_session() {
    let open = endpoint(SecurityPolicy::None, MessageSecurityMode::None);
    let server = Script { endpoints: vec![open], ..Script::honest() }.start().await;
    let mut request = server.request().await;
    let strongest = SecurityRequirement::strongest(UserTokenKind::UserName);
    assert!(matches!(choose(&request.advertised, strongest), Err(Error::NoUsableEndpoint { .. })));
    // and not by way of a request that names that endpoint either
    request.login = password();
    let error = ua_client::connect(request).await.expect_err("nothing is protected");
    assert!(matches!(error, Error::SecurityRequired | Error::PasswordWouldLeak { .. }), "{error:?}");
    assert_eq!((server.saw(CREATE_SESSION), server.saw(ACTIVATE_SESSION)), (0, 0));
}

#[tokio::test]
async fn middleperson_who_strips_the_strongest_policies_is_found_out_before_we_sign() {
    let strong = || endpoint(POLICY, MessageSecurityMode::SignAndEncrypt);
    let weak = || endpoint(POLICY, MessageSecurityMode::Sign);
    // the server says inside the session what it really offers
    let script = Script {
        endpoints: vec![weak()],
        created: Box::new(move |response| response.server_endpoints = Some(vec![strong(), weak()])),
        ..Script::honest()
    };
    let server = script.start().await;
    let mut request = server.request().await;
    request.login = password();
    let error = ua_client::connect(request).await.expect_err("the list was shortened");
    assert_eq!((error.rule(), server.saw(ACTIVATE_SESSION)), ("SC-11", 0));
}

#[tokio::test]
async fn middleperson_who_rewrites_the_token_policy_gets_no_readable_password() {
    let none = Some("http://opcfoundation.org/UA/SecurityPolicy#None");
    for (mode, rule) in [(MessageSecurityMode::Sign, "RF-01"), (MessageSecurityMode::SignAndEncrypt, "SC-11")]
    {
        let mut rewritten = endpoint(POLICY, mode);
        rewritten.user_identity_tokens = Some(vec![token("user", UserTokenType::UserName, none)]);
        let script = Script {
            endpoints: vec![rewritten],
            created: Box::new(move |response| response.server_endpoints = Some(vec![endpoint(POLICY, mode)])),
            ..Script::honest()
        };
        let server = script.start().await;
        let mut request = server.request().await;
        request.login = password();
        let error = ua_client::connect(request).await.expect_err("rewritten");
        assert_eq!((error.rule(), server.saw(ACTIVATE_SESSION)), (rule, 0));
    }
}

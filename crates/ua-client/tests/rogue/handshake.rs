//! SC-05 to SC-22: a server that fails one proof gets no signature of ours.

use ua_client::types::{ByteString, MessageSecurityMode, UserTokenType};
use ua_client::{Error, Phase, Side};
use ua_pki::SecurityPolicy;

use crate::server::*;

/// The failure, and the promise that nothing was signed for this server inside the session.
async fn refused_unsigned(script: Script) -> Error {
    let rogue = script.start().await;
    let error = rogue.connect().await.expect_err("the server must not pass");
    assert_eq!(
        rogue.saw(ACTIVATE_SESSION),
        0,
        "no ClientSignature before the server's proof (SC-09): {error}"
    );
    assert_eq!(rogue.saw(CLOSE_SESSION), 1, "the session is given back: {error}");
    assert_eq!(error.side(), Side::Us, "{error}");
    error
}

fn created(edit: impl Fn(&mut ua_client::types::CreateSessionResponse) + Send + Sync + 'static) -> Script {
    Script { created: Box::new(edit), ..Script::honest() }
}

#[tokio::test]
async fn an_honest_server_is_connected_to() {
    let rogue = Script::honest().start().await;
    let session = rogue.connect().await.unwrap();
    assert_eq!(rogue.saw(ACTIVATE_SESSION), 1);
    session.close().await.unwrap();
    assert_eq!(rogue.saw(CLOSE_SESSION), 1);
    assert!(matches!(session.closed().await, Error::Closed));
}

#[tokio::test]
async fn a_server_that_does_not_sign_is_refused() {
    let error = refused_unsigned(created(|response| response.server_signature = Default::default())).await;
    assert_eq!(error.rule(), "SC-08");
}

#[tokio::test]
async fn a_signature_over_another_nonce_is_refused() {
    let script = Script { nonce: Box::new(|_| vec![9; 32]), ..Script::honest() };
    assert_eq!(refused_unsigned(script).await.rule(), "SC-08");
}

#[tokio::test]
async fn a_signature_under_another_algorithms_name_is_refused() {
    let script = created(|response| {
        response.server_signature.algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256".into();
    });
    assert_eq!(refused_unsigned(script).await.rule(), "SC-08");
}

#[tokio::test]
async fn a_session_nonce_that_is_short_long_or_zero_is_refused() {
    for nonce in [random(31), random(129), ByteString::from(vec![0; 32]), ByteString::null()] {
        let script = created(move |response| response.server_nonce = nonce.clone());
        assert_eq!(refused_unsigned(script).await.rule(), "SC-06");
    }
}

#[tokio::test]
async fn a_certificate_that_changes_inside_the_session_is_refused() {
    let other = identity_of("other", SERVER_URI).chain_der();
    let script = created(move |response| response.server_certificate = ByteString::from(other.clone()));
    let error = refused_unsigned(script).await;
    assert!(
        matches!(error, Error::CertificateChanged { place: "the CreateSession response", .. }),
        "{error}"
    );
    assert_eq!(error.rule(), "SC-07");
}

#[tokio::test]
async fn a_stronger_endpoint_that_was_hidden_before_is_found_out() {
    let mut script = created(|response| {
        let strong = endpoint(POLICY, MessageSecurityMode::SignAndEncrypt);
        response.server_endpoints.as_mut().unwrap().push(strong);
    });
    script.endpoints = vec![endpoint(POLICY, MessageSecurityMode::Sign)];
    let error = refused_unsigned(script).await;
    assert_eq!(error.rule(), "SC-11", "{error}");
}

#[tokio::test]
async fn an_endpoint_in_use_that_the_session_does_not_list_is_found_out() {
    let script = created(|response| response.server_endpoints = None);
    assert_eq!(refused_unsigned(script).await.rule(), "SC-11");
}

#[tokio::test]
async fn a_token_policy_rewritten_on_the_way_is_found_out() {
    let script = created(|response| {
        let weak =
            token("user", UserTokenType::UserName, Some("http://opcfoundation.org/UA/SecurityPolicy#None"));
        response.server_endpoints.as_mut().unwrap()[0].user_identity_tokens.as_mut().unwrap()[1] = weak;
    });
    assert_eq!(
        refused_unsigned(script).await.rule(),
        "SC-11",
        "the endpoint in use is not the one that was listed"
    );
}

#[tokio::test]
async fn an_endpoint_that_vanishes_inside_the_session_is_found_out() {
    let mut script = created(|response| response.server_endpoints.as_mut().unwrap().truncate(1));
    script.endpoints.push(endpoint(SecurityPolicy::Basic256Sha256, MessageSecurityMode::SignAndEncrypt));
    assert_eq!(refused_unsigned(script).await.rule(), "SC-10");
}

#[tokio::test]
async fn other_host_names_in_the_urls_are_no_difference() {
    let script = created(|response| {
        response.server_endpoints.as_mut().unwrap()[0].endpoint_url = "opc.tcp://10.1.2.3:4840/".into();
    });
    let rogue = script.start().await;
    rogue.connect().await.unwrap();
}

#[tokio::test]
async fn a_nonce_used_twice_is_refused_after_activation() {
    let first = std::sync::Arc::new(std::sync::Mutex::new(ByteString::null()));
    let again = std::sync::Arc::clone(&first);
    let mut script = created(move |response| *first.lock().unwrap() = response.server_nonce.clone());
    script.activated = Box::new(move |response| response.server_nonce = again.lock().unwrap().clone());
    let rogue = script.start().await;
    let error = rogue.connect().await.expect_err("a nonce came twice");
    assert_eq!(error.rule(), "SC-20", "{error}");
}

#[tokio::test]
async fn a_certificate_other_than_the_validated_one_costs_not_a_single_byte() {
    let rogue = Script::honest().start().await;
    let mut request = rogue.request().await;
    let before = rogue.connections();
    request.endpoint.server_certificate = identity_of("other", SERVER_URI).chain_der();
    let error = ua_client::connect(request).await.expect_err("another certificate");
    assert_eq!(error.rule(), "SC-07");
    assert_eq!(rogue.connections(), before, "trust before talk");
}

#[tokio::test]
async fn an_endpoint_that_names_another_application_is_refused_before_connecting() {
    let rogue = Script::honest().start().await;
    let mut request = rogue.request().await;
    let before = rogue.connections();
    request.endpoint.application_uri = "urn:somebody:else".to_owned();
    assert_eq!(ua_client::connect(request).await.expect_err("another application").rule(), "SC-12");
    assert_eq!(rogue.connections(), before);
}

#[tokio::test]
async fn a_secured_endpoint_without_a_validated_certificate_is_refused_before_connecting() {
    let rogue = Script::honest().start().await;
    let mut request = rogue.request().await;
    let before = rogue.connections();
    request.peer = None;
    request.danger_without_security = true;
    assert!(matches!(ua_client::connect(request).await, Err(Error::InvalidRequest(_))));
    assert_eq!(rogue.connections(), before);
}

#[tokio::test]
async fn an_endpoint_without_security_needs_the_dangerous_word() {
    let rogue = Script::honest().start().await;
    let mut request = rogue.request().await;
    request.endpoint.policy = Some(SecurityPolicy::None);
    request.endpoint.mode = ua_channel::MessageSecurityMode::None;
    assert!(matches!(ua_client::connect(request).await, Err(Error::SecurityRequired)));
}

#[tokio::test]
async fn a_server_that_does_not_trust_us_is_recognised_by_its_error_message() {
    let rogue = Script { trusts_the_client: false, ..Script::honest() }.start().await;
    let error = rogue.connect().await.expect_err("it does not trust us");
    assert!(matches!(error, Error::RefusedByServer { phase: Phase::OpenSecureChannel, .. }), "{error:?}");
    assert!(error.server_does_not_trust_us());
    assert_eq!(error.side(), Side::Server);
}

#[tokio::test]
async fn a_server_that_judges_our_certificate_only_in_create_session_is_recognised_too() {
    for act in [|| Act::Answer(fault(0x801A_0000)), || Act::HangUp] {
        let script = Script {
            service: Box::new(move |kind, _, honest| match kind {
                CREATE_SESSION => act(),
                _ => honest.map_or(Act::Nothing, Act::Answer),
            }),
            ..Script::honest()
        };
        let error = script.start().await.connect().await.expect_err("it does not trust us");
        assert!(matches!(error, Error::RefusedByServer { phase: Phase::CreateSession, .. }), "{error:?}");
        assert!(error.server_does_not_trust_us());
    }
}

#[tokio::test]
async fn a_machine_that_is_not_there_is_the_networks_fault() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("opc.tcp://127.0.0.1:{}", listener.local_addr().unwrap().port()).parse().unwrap();
    drop(listener);
    let error = ua_client::get_endpoints(&url, REQUEST_TIMEOUT).await.expect_err("nobody listens");
    assert!(matches!(error, Error::Unreachable { .. }));
    assert_eq!(error.side(), Side::Network);
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_ends_at_the_deadline() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("opc.tcp://127.0.0.1:{}", listener.local_addr().unwrap().port()).parse().unwrap();
    let silent = tokio::spawn(async move { listener.accept().await });
    let error = ua_client::get_endpoints(&url, REQUEST_TIMEOUT).await.expect_err("it says nothing");
    assert!(matches!(error, Error::Timeout { what: "Hello", after: REQUEST_TIMEOUT }), "{error:?}");
    drop(silent.await);
}

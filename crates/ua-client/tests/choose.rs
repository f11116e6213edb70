//! SC-15 and RF-03: the endpoint is chosen by our ranking and never weaker than required.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::sync::OnceLock;

use ua_channel::MessageSecurityMode::{self, Sign, SignAndEncrypt};
use ua_client::{
    Choice, Endpoint, Error, SecurityRequirement, TRANSPORT_UA_TCP, UserTokenKind, UserTokenPolicy, choose,
};
use ua_pki::{ApplicationIdentity, ApplicationProfile, KeyKind, SecurityPolicy};

fn certificate() -> Vec<u8> {
    static CHAIN: OnceLock<Vec<u8>> = OnceLock::new();
    let profile = || ApplicationProfile {
        common_name: "server".to_owned(),
        organization: None,
        application_uri: "urn:plc1".to_owned(),
        dns_names: vec!["plc1".to_owned()],
        ip_addresses: vec![],
        key: KeyKind::Rsa { bits: 2048 },
        valid_from: jiff::Timestamp::now(),
        days: 1,
    };
    CHAIN.get_or_init(|| ApplicationIdentity::self_signed(&profile()).unwrap().chain_der()).clone()
}

fn token(kind: UserTokenKind) -> UserTokenPolicy {
    UserTokenPolicy {
        policy_id: kind.name().to_owned(),
        kind,
        security_policy_uri: None,
        issued_token_type: None,
    }
}

fn endpoint(policy: SecurityPolicy, mode: MessageSecurityMode, security_level: u8) -> Endpoint {
    Endpoint {
        url: "opc.tcp://plc1:4840".to_owned(),
        application_uri: "urn:plc1".to_owned(),
        product_uri: String::new(),
        application_name: "plc1".to_owned(),
        policy_uri: policy.uri().to_owned(),
        policy: Some(policy),
        mode,
        server_certificate: certificate(),
        user_tokens: vec![token(UserTokenKind::Anonymous), token(UserTokenKind::UserName)],
        security_level,
        transport_profile: TRANSPORT_UA_TCP.to_owned(),
    }
}

fn strongest(endpoints: &[Endpoint]) -> Result<Choice, Error> {
    choose(endpoints, SecurityRequirement::strongest(UserTokenKind::UserName))
}

fn offers(result: Result<Choice, Error>) -> Vec<String> {
    match result {
        Err(Error::NoUsableEndpoint { offers }) => offers,
        other => panic!("nothing should be good enough: {other:?}"),
    }
}

#[test]
fn our_ranking_decides_and_the_servers_level_lies_in_vain() {
    let endpoints = [
        endpoint(SecurityPolicy::None, MessageSecurityMode::None, 255),
        endpoint(SecurityPolicy::Basic256Sha256, SignAndEncrypt, 200),
        endpoint(SecurityPolicy::Aes256Sha256RsaPss, Sign, 100),
        endpoint(SecurityPolicy::Aes256Sha256RsaPss, SignAndEncrypt, 0),
    ];
    let choice = strongest(&endpoints).unwrap();
    assert_eq!(choice.index, 3);
    assert_eq!(
        choice.reason,
        "the strongest of 3 endpoints that meet what is required: messages are signed and encrypted, \
         login by user name and password"
    );
    assert_eq!(choice.refused, [(0, "it protects nothing".to_owned())]);
}

#[test]
fn encryption_counts_more_than_a_newer_policy() {
    let endpoints = [
        endpoint(SecurityPolicy::Aes256Sha256RsaPss, Sign, 9),
        endpoint(SecurityPolicy::Basic256Sha256, SignAndEncrypt, 1),
    ];
    assert_eq!(strongest(&endpoints).unwrap().index, 1);
}

#[test]
fn what_was_required_and_is_gone_is_an_error_that_lists_the_offers() {
    let endpoints = [
        endpoint(SecurityPolicy::Basic256Sha256, SignAndEncrypt, 1),
        endpoint(SecurityPolicy::Aes256Sha256RsaPss, Sign, 1),
    ];
    let want = SecurityRequirement {
        minimum: (SecurityPolicy::Aes256Sha256RsaPss, SignAndEncrypt),
        ..SecurityRequirement::strongest(UserTokenKind::UserName)
    };
    let result = choose(&endpoints, want);
    assert_eq!(result.as_ref().unwrap_err().rule(), "RF-03");
    assert_eq!(
        offers(result),
        [
            "Basic256Sha256 SignAndEncrypt: it is weaker than the Aes256_Sha256_RsaPss SignAndEncrypt that is required",
            "Aes256_Sha256_RsaPss Sign: it is weaker than the Aes256_Sha256_RsaPss SignAndEncrypt that is required",
        ]
    );
}

#[test]
fn a_server_with_nothing_but_none_is_used_only_by_the_dangerous_word() {
    let endpoints = [endpoint(SecurityPolicy::None, MessageSecurityMode::None, 0)];
    let mut want = SecurityRequirement::strongest(UserTokenKind::Anonymous);
    assert_eq!(offers(choose(&endpoints, want)), ["None: it protects nothing"]);
    want.danger_without_security = true;
    assert!(choose(&endpoints, want).is_err(), "the floor is still there");
    want.minimum = (SecurityPolicy::None, MessageSecurityMode::None);
    assert_eq!(choose(&endpoints, want).unwrap().index, 0);
}

#[test]
fn policies_that_we_do_not_speak_are_refused_by_name() {
    let mut broken = endpoint(SecurityPolicy::Basic256Sha256, SignAndEncrypt, 0);
    broken.policy = None;
    broken.policy_uri = "http://opcfoundation.org/UA/SecurityPolicy#Basic128Rsa15".to_owned();
    let mut newer = broken.clone();
    newer.policy_uri = "http://opcfoundation.org/UA/SecurityPolicy#Future\u{1b}[31m".to_owned();
    assert_eq!(
        offers(strongest(&[broken, newer])),
        [
            "Basic128Rsa15 SignAndEncrypt: its policy Basic128Rsa15 is broken (SHA-1) and not supported",
            "Future\u{FFFD}[31m SignAndEncrypt: its policy Future\u{FFFD}[31m is not supported",
        ]
    );
}

#[test]
fn endpoints_that_cannot_be_used_say_why() {
    let good = endpoint(SecurityPolicy::Basic256Sha256, SignAndEncrypt, 0);
    let no_user = Endpoint { user_tokens: vec![token(UserTokenKind::Anonymous)], ..good.clone() };
    let web = Endpoint { transport_profile: "http://other/wss".to_owned(), ..good.clone() };
    let redirect = Endpoint { url: "opc.https://plc1".to_owned(), ..good.clone() };
    let bare = Endpoint { server_certificate: vec![], ..good.clone() };
    let torn = Endpoint { mode: MessageSecurityMode::None, ..good };
    let offers = offers(strongest(&[no_user, web, redirect, bare, torn]));
    for (offer, why) in offers.iter().zip([
        "the server does not offer login by user name and password; it offers anonymous",
        "another transport",
        "does not start with opc.tcp://",
        "without a readable server certificate",
        "contradict each other",
    ]) {
        assert!(offer.contains(why), "{offer}");
    }
}

#[test]
fn an_empty_list_is_an_error_too() {
    assert_eq!(
        strongest(&[]).unwrap_err().to_string(),
        "no endpoint of this server is good enough: it lists none"
    );
}

//! The endpoints told inside the session must be those told before it (Part 4 §5.7.2, SC-10, SC-11).
//!
//! GetEndpoints travels without protection, so somebody between us and the server can hide the strong endpoints
//! or rewrite the token policies. The list in the CreateSession response travels protected: comparing the two
//! shows it.

use std::collections::BTreeSet;

use ua_channel::MessageSecurityMode;

use crate::choose::rank;
use crate::endpoint::{Endpoint, TRANSPORT_UA_TCP, UserTokenKind};
use crate::error::clean;
use crate::{EndpointUrl, Error};

/// Compares both lists and finds the endpoint that was used.
///
/// Only what the standard lets servers fill in is compared; host names are not, because servers behind address
/// translation list another one. A certificate is compared where both lists have one. Without an advertised list
/// (a pinned endpoint, no discovery) only the endpoint used must be there.
pub(crate) fn compare(
    used: &Endpoint,
    advertised: &[Endpoint],
    in_session: &[Endpoint],
) -> Result<(), Error> {
    let listed: BTreeSet<Key> = in_session.iter().filter(|e| speaks_ua_tcp(e)).map(Key::of).collect();
    if !listed.contains(&Key::of(used)) {
        return differs("SC-11", format!("the endpoint in use, {}, is not among them", used.security_name()));
    }
    if advertised.is_empty() {
        return Ok(());
    }
    let told: BTreeSet<Key> = advertised.iter().filter(|e| speaks_ua_tcp(e)).map(Key::of).collect();
    for endpoint in in_session.iter().filter(|e| speaks_ua_tcp(e)) {
        if !told.contains(&Key::of(endpoint)) {
            let hidden = rank(endpoint) > rank(used) && endpoint.policy.is_some();
            let rule = if hidden { "SC-11" } else { "SC-10" };
            return differs(rule, format!("{} was not listed before, or not like this", describe(endpoint)));
        }
    }
    for endpoint in advertised.iter().filter(|e| speaks_ua_tcp(e)) {
        if !listed.contains(&Key::of(endpoint)) {
            return differs("SC-10", format!("{} is no longer listed, or not like this", describe(endpoint)));
        }
    }
    compare_certificates(advertised, in_session)
}

fn compare_certificates(advertised: &[Endpoint], in_session: &[Endpoint]) -> Result<(), Error> {
    for endpoint in in_session.iter().filter(|e| !e.server_certificate.is_empty()) {
        let key = Key::of(endpoint);
        let same_key = advertised.iter().filter(|e| !e.server_certificate.is_empty() && Key::of(e) == key);
        let mut known = same_key.peekable();
        if known.peek().is_some() && known.all(|e| e.server_certificate != endpoint.server_certificate) {
            return differs("SC-10", format!("{} has another certificate", describe(endpoint)));
        }
    }
    Ok(())
}

/// What of an endpoint is compared, in an order that makes sets possible.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    place: (u16, String),
    policy_uri: String,
    mode: MessageSecurityMode,
    security_level: u8,
    application_uri: String,
    tokens: BTreeSet<(String, u8, String, String)>,
}

impl Key {
    fn of(endpoint: &Endpoint) -> Self {
        let place = match endpoint.url.parse::<EndpointUrl>() {
            Ok(url) => (url.port(), url.path().trim_end_matches('/').to_owned()),
            Err(_) => (0, endpoint.url.clone()),
        };
        Self {
            place,
            policy_uri: endpoint.policy_uri.clone(),
            mode: endpoint.mode,
            security_level: endpoint.security_level,
            application_uri: endpoint.application_uri.clone(),
            tokens: endpoint
                .user_tokens
                .iter()
                .map(|t| {
                    (
                        t.policy_id.clone(),
                        kind_rank(t.kind),
                        t.security_policy_uri.clone().unwrap_or_default(),
                        t.issued_token_type.clone().unwrap_or_default(),
                    )
                })
                .collect(),
        }
    }
}

fn kind_rank(kind: UserTokenKind) -> u8 {
    match kind {
        UserTokenKind::Anonymous => 0,
        UserTokenKind::UserName => 1,
        UserTokenKind::Certificate => 2,
        UserTokenKind::IssuedToken => 3,
    }
}

fn speaks_ua_tcp(endpoint: &Endpoint) -> bool {
    endpoint.transport_profile.is_empty() || endpoint.transport_profile == TRANSPORT_UA_TCP
}

fn describe(endpoint: &Endpoint) -> String {
    format!("{} at {}", endpoint.security_name(), clean(&endpoint.url))
}

fn differs(rule: &'static str, difference: String) -> Result<(), Error> {
    Err(Error::EndpointsDiffer { rule, difference })
}

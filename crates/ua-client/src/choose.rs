//! Which endpoint to use: our ranking, our floor, and a reason in plain words for each decision.

use ua_channel::MessageSecurityMode;
use ua_pki::SecurityPolicy;

use crate::endpoint::{Endpoint, TRANSPORT_UA_TCP, UserTokenKind};
use crate::error::clean;
use crate::identity::token_for;
use crate::{EndpointUrl, Error};

/// What an endpoint must offer to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityRequirement {
    /// The weakest policy and mode that are acceptable: what was chosen when the server was added, so that
    /// a server that got weaker is an error and never a quiet change (RF-03).
    pub minimum: (SecurityPolicy, MessageSecurityMode),
    /// The kind of login that is configured.
    pub needs: UserTokenKind,
    /// Use an endpoint without security when the floor says so. Everything can then be read and forged on the way.
    pub danger_without_security: bool,
}

impl SecurityRequirement {
    /// The strongest the server has, at least Basic256Sha256 with signed messages.
    #[must_use]
    pub fn strongest(needs: UserTokenKind) -> Self {
        Self {
            minimum: (SecurityPolicy::Basic256Sha256, MessageSecurityMode::Sign),
            needs,
            danger_without_security: false,
        }
    }

    /// The strongest the server has, down to an endpoint that protects nothing.
    #[must_use]
    pub fn danger_anything(needs: UserTokenKind) -> Self {
        Self {
            minimum: (SecurityPolicy::None, MessageSecurityMode::None),
            needs,
            danger_without_security: true,
        }
    }
}

/// The endpoint to use, and why the others are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Index into the list that was given.
    pub index: usize,
    /// Why this one, in plain words.
    pub reason: String,
    /// The endpoints that may not be used: index and why, in plain words.
    pub refused: Vec<(usize, String)>,
}

/// Chooses the strongest endpoint that meets the requirement.
///
/// The rank is ours: encryption before signature alone, then the policy. The server's `securityLevel`
/// decides nothing (SC-15); among equals the first in the list wins.
///
/// # Errors
///
/// [`Error::NoUsableEndpoint`] with one line per offer. The next-best is never taken silently.
pub fn choose(endpoints: &[Endpoint], want: SecurityRequirement) -> Result<Choice, Error> {
    let mut best: Option<(usize, &Endpoint)> = None;
    let mut refused = Vec::new();
    let mut usable = 0_usize;
    for (index, endpoint) in endpoints.iter().enumerate() {
        if let Err(why) = usable_for(endpoint, want) {
            refused.push((index, why));
            continue;
        }
        usable += 1;
        if best.is_none_or(|(_, other)| rank(endpoint) > rank(other)) {
            best = Some((index, endpoint));
        }
    }
    let Some((index, endpoint)) = best else {
        let offers = endpoints
            .iter()
            .zip(&refused)
            .map(|(endpoint, (_, why))| format!("{}: {why}", endpoint.security_name()))
            .collect();
        return Err(Error::NoUsableEndpoint { offers });
    };
    Ok(Choice { index, reason: reason(endpoint, want, usable), refused })
}

/// Why an endpoint cannot be used under the requirement, in plain words.
///
/// # Errors
///
/// The reason, when it cannot.
pub fn usable_for(endpoint: &Endpoint, want: SecurityRequirement) -> Result<(), String> {
    if endpoint.transport_profile != TRANSPORT_UA_TCP && !endpoint.transport_profile.is_empty() {
        return Err("it speaks another transport than opc.tcp".to_owned());
    }
    if let Err(error) = endpoint.url.parse::<EndpointUrl>() {
        return Err(error.to_string());
    }
    let Some(policy) = endpoint.policy else {
        return Err(unknown_policy(&endpoint.policy_uri));
    };
    if (policy == SecurityPolicy::None) != (endpoint.mode == MessageSecurityMode::None) {
        return Err("its policy and its mode contradict each other".to_owned());
    }
    if endpoint.is_without_security() {
        if !want.danger_without_security {
            return Err("it protects nothing".to_owned());
        }
    } else if endpoint.leaf().is_none() {
        return Err("it comes without a readable server certificate".to_owned());
    }
    let (least_policy, least_mode) = want.minimum;
    if endpoint.mode < least_mode || policy < least_policy {
        return Err(format!(
            "it is weaker than the {} {} that is required",
            least_policy.name(),
            least_mode.name()
        ));
    }
    token_for(endpoint, want.needs).map(|_| ()).map_err(|error| error.to_string())
}

/// Our order of strength: what is done to messages first, then by which policy.
pub(crate) fn rank(endpoint: &Endpoint) -> (MessageSecurityMode, Option<SecurityPolicy>) {
    (endpoint.mode, endpoint.policy)
}

fn reason(endpoint: &Endpoint, want: SecurityRequirement, usable: usize) -> String {
    let others = match usable {
        1 => "the only endpoint that meets what is required".to_owned(),
        n => format!("the strongest of {n} endpoints that meet what is required"),
    };
    let kept = match endpoint.mode {
        MessageSecurityMode::SignAndEncrypt => "messages are signed and encrypted",
        MessageSecurityMode::Sign => "messages are signed but can be read on the way",
        MessageSecurityMode::None => "nothing is protected",
    };
    format!("{others}: {kept}, login by {}", want.needs.name())
}

fn unknown_policy(uri: &str) -> String {
    let name = clean(uri.rsplit('#').next().unwrap_or_default());
    match name.as_str() {
        "Basic128Rsa15" | "Basic256" => format!("its policy {name} is broken (SHA-1) and not supported"),
        "" => "it names no security policy".to_owned(),
        _ => format!("its policy {name} is not supported"),
    }
}

//! GetEndpoints and FindServers (Part 4 §5.5): the two services that need neither a session nor security.

use opcua_types::{
    ApplicationDescription, ApplicationType, EndpointDescription, FindServersRequest, FindServersResponse,
    GetEndpointsRequest, GetEndpointsResponse, LocalizedText, StatusCode, UAString, UserTokenPolicy,
    UserTokenType, profiles,
};
use ua_channel::MessageSecurityMode;
use ua_pki::SecurityPolicy;

use super::Scope;
use crate::{address_space::PRODUCT_URI, core::Core};

pub(super) const ANONYMOUS: &str = "anonymous";
pub(super) const USER_NAME: &str = "username";
pub(super) const CERTIFICATE: &str = "certificate";

pub(super) fn get_endpoints(
    scope: &Scope<'_>,
    request: GetEndpointsRequest,
) -> Result<GetEndpointsResponse, StatusCode> {
    let wanted = request.profile_uris.unwrap_or_default();
    let binary = wanted.is_empty() || wanted.iter().any(|uri| *uri == profiles::TRANSPORT_PROFILE_URI_BINARY);
    let endpoints = if binary { endpoints(scope.core, &request.endpoint_url) } else { Vec::new() };
    Ok(GetEndpointsResponse {
        response_header: scope.good(&request.request_header),
        endpoints: Some(endpoints),
    })
}

pub(super) fn find_servers(
    scope: &Scope<'_>,
    request: FindServersRequest,
) -> Result<FindServersResponse, StatusCode> {
    let wanted = request.server_uris.unwrap_or_default();
    let ours = &scope.core.config.application_uri;
    let listed = wanted.is_empty() || wanted.iter().any(|uri| *uri == ours);
    let servers = if listed { vec![application(scope.core, &request.endpoint_url)] } else { Vec::new() };
    Ok(FindServersResponse { response_header: scope.good(&request.request_header), servers: Some(servers) })
}

/// The endpoints under the host name the client used, if that is a name of ours.
pub(super) fn endpoints(core: &Core, asked: &UAString) -> Vec<EndpointDescription> {
    let mut offered = Vec::new();
    for policy in &core.config.policies {
        offered
            .extend([(*policy, MessageSecurityMode::SignAndEncrypt), (*policy, MessageSecurityMode::Sign)]);
    }
    if core.config.danger_offer_unsecured {
        offered.push((SecurityPolicy::None, MessageSecurityMode::None));
    }
    offered.into_iter().map(|(policy, mode)| endpoint(core, asked, policy, mode)).collect()
}

fn endpoint(
    core: &Core,
    asked: &UAString,
    policy: SecurityPolicy,
    mode: MessageSecurityMode,
) -> EndpointDescription {
    let (security_mode, mode_rank) = match mode {
        MessageSecurityMode::None => (opcua_types::MessageSecurityMode::None, 0),
        MessageSecurityMode::Sign => (opcua_types::MessageSecurityMode::Sign, 10),
        MessageSecurityMode::SignAndEncrypt => (opcua_types::MessageSecurityMode::SignAndEncrypt, 20),
    };
    let policy_rank = match policy {
        SecurityPolicy::None => 0,
        SecurityPolicy::Basic256Sha256 => 1,
        SecurityPolicy::Aes128Sha256RsaOaep => 2,
        SecurityPolicy::Aes256Sha256RsaPss => 3,
    };
    EndpointDescription {
        endpoint_url: url(core, asked).into(),
        server: application(core, asked),
        server_certificate: core.identity.chain_der().into(),
        security_mode,
        security_policy_uri: policy.uri().into(),
        user_identity_tokens: Some(user_tokens(core, policy)),
        transport_profile_uri: profiles::TRANSPORT_PROFILE_URI_BINARY.into(),
        security_level: mode_rank + policy_rank,
    }
}

/// The policy a password is encrypted with on a channel: the channel's own, or our first one where the channel has none.
pub(super) fn token_policy(core: &Core, channel: SecurityPolicy) -> SecurityPolicy {
    match channel {
        SecurityPolicy::None => core.config.policies.first().copied().unwrap_or(SecurityPolicy::None),
        secured => secured,
    }
}

fn user_tokens(core: &Core, policy: SecurityPolicy) -> Vec<UserTokenPolicy> {
    let mut tokens = Vec::new();
    if core.gate.has_users() {
        tokens.push(UserTokenPolicy {
            policy_id: USER_NAME.into(),
            token_type: UserTokenType::UserName,
            security_policy_uri: token_policy(core, policy).uri().into(),
            ..UserTokenPolicy::default()
        });
    }
    // the user's signature needs a policy, and a server that has proven itself before (SC-09)
    if core.gate.certificates().is_some() && policy != SecurityPolicy::None {
        tokens.push(UserTokenPolicy {
            policy_id: CERTIFICATE.into(),
            token_type: UserTokenType::Certificate,
            security_policy_uri: policy.uri().into(),
            ..UserTokenPolicy::default()
        });
    }
    if core.gate.admits_anonymous() {
        tokens.push(UserTokenPolicy {
            policy_id: ANONYMOUS.into(),
            token_type: UserTokenType::Anonymous,
            ..UserTokenPolicy::default()
        });
    }
    tokens
}

fn application(core: &Core, asked: &UAString) -> ApplicationDescription {
    ApplicationDescription {
        application_uri: core.config.application_uri.as_str().into(),
        product_uri: PRODUCT_URI.into(),
        application_name: LocalizedText::new("en", &core.config.application_name),
        application_type: ApplicationType::Server,
        discovery_urls: Some(vec![url(core, asked).into()]),
        ..ApplicationDescription::default()
    }
}

fn url(core: &Core, asked: &UAString) -> String {
    let asked = asked.as_ref().strip_prefix("opc.tcp://").unwrap_or_default();
    let asked = asked.split('/').next().unwrap_or_default();
    let asked = asked.rsplit_once(':').map_or(asked, |(host, _)| host);
    let ours = core.config.hosts.iter().find(|host| host.eq_ignore_ascii_case(asked));
    let host = ours.or_else(|| core.config.hosts.first()).map_or("localhost", String::as_str);
    format!("opc.tcp://{host}:{}", core.port)
}

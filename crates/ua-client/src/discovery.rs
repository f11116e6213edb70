//! What a server offers, asked before any trust exists (Part 4 §5.5.4).

use std::time::Duration;

use opcua_types::{FindServersOnNetworkRequest, FindServersRequest, GetEndpointsRequest};
use ua_channel::{ClientChannelConfig, ClientSecurity, Limits};

use crate::connect::{CHANNEL_LIFETIME, OPEN_TIMEOUT};
use crate::driver::{Connection, Dial};
use crate::endpoint::Endpoint;
use crate::request::ReadOnlyRequest;
use crate::{EndpointUrl, Error, clock, codec};

/// More endpoints than any server has; a longer list is an attack on whoever shows it (HC-22).
pub(crate) const MAX_ENDPOINTS: usize = 500;
/// Far more than any list of endpoints needs, and little enough to take from a stranger.
const MAX_MESSAGE: u32 = 4 << 20;
/// More servers than one discovery server sensibly knows (HC-46).
const MAX_SERVERS: usize = 2000;
/// More capabilities than the standard has names for.
const MAX_CAPABILITIES: usize = 100;

/// A server that a discovery server, or the server itself, knows. Hints only: nothing here is proven (HC-46).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownServer {
    /// Its application URI.
    pub application_uri: String,
    /// Its name for people.
    pub application_name: String,
    /// Its product's URI.
    pub product_uri: String,
    /// The addresses where it can be asked for its endpoints; only those that we can use.
    pub urls: Vec<EndpointUrl>,
}

/// The endpoints a server lists, over a channel without security.
///
/// The answer is not protected: it is compared with what the server says inside the session later (SC-10).
///
/// # Errors
///
/// No connection, no answer within `timeout`, or a list that nobody could use.
pub async fn get_endpoints(url: &EndpointUrl, timeout: Duration) -> Result<Vec<Endpoint>, Error> {
    let request = GetEndpointsRequest { endpoint_url: url.as_str().into(), ..Default::default() };
    let response = ask(url, request, timeout).await?;
    let listed = response.endpoints.unwrap_or_default();
    if listed.len() > MAX_ENDPOINTS {
        return Err(too_many("GetEndpoints", listed.len(), MAX_ENDPOINTS));
    }
    Ok(listed.into_iter().filter_map(Endpoint::from_description).collect())
}

/// The servers that are known at an address: a discovery server's list, or the server itself.
///
/// # Errors
///
/// As [`get_endpoints`].
pub async fn find_servers(url: &EndpointUrl, timeout: Duration) -> Result<Vec<KnownServer>, Error> {
    let request = FindServersRequest { endpoint_url: url.as_str().into(), ..Default::default() };
    let response = ask(url, request, timeout).await?;
    let servers = response.servers.unwrap_or_default();
    if servers.len() > MAX_SERVERS {
        return Err(too_many("FindServers", servers.len(), MAX_SERVERS));
    }
    let known = servers.into_iter().map(|server| KnownServer {
        application_uri: server.application_uri.as_ref().to_owned(),
        application_name: server.application_name.text.as_ref().to_owned(),
        product_uri: server.product_uri.as_ref().to_owned(),
        urls: server
            .discovery_urls
            .unwrap_or_default()
            .iter()
            .take(MAX_SERVERS)
            .filter_map(|url| url.as_ref().parse().ok())
            .collect(),
    });
    Ok(known.collect())
}

/// A server that a discovery server has heard of on its network by multicast. Anybody there can announce anything:
/// a hint, and less than that (HC-46).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkServer {
    /// The name it announced.
    pub name: String,
    /// Where it can be asked for its endpoints.
    pub url: EndpointUrl,
    /// What it says it can do (`DA`, `HD`, `AC`, `LDS`, …; Part 12 Annex D).
    pub capabilities: Vec<String>,
}

/// The servers that a discovery server has heard of on its network (Part 4 §5.5.3). Addresses that we cannot use are
/// left out.
///
/// # Errors
///
/// As [`get_endpoints`]; `BadServiceUnsupported` from everything that is no discovery server with multicast.
pub async fn find_servers_on_network(
    url: &EndpointUrl,
    timeout: Duration,
) -> Result<Vec<NetworkServer>, Error> {
    let response = ask(url, FindServersOnNetworkRequest::default(), timeout).await?;
    let servers = response.servers.unwrap_or_default();
    if servers.len() > MAX_SERVERS {
        return Err(too_many("FindServersOnNetwork", servers.len(), MAX_SERVERS));
    }
    let usable = servers.into_iter().filter_map(|server| {
        let url = server.discovery_url.as_ref().parse().ok()?;
        let capabilities = server.server_capabilities.unwrap_or_default();
        let capabilities = capabilities.iter().take(MAX_CAPABILITIES).map(|text| text.as_ref().to_owned());
        Some(NetworkServer {
            name: server.server_name.as_ref().to_owned(),
            url,
            capabilities: capabilities.collect(),
        })
    });
    Ok(usable.collect())
}

async fn ask<R: ReadOnlyRequest>(
    url: &EndpointUrl,
    mut request: R,
    timeout: Duration,
) -> Result<R::Response, Error> {
    let dial = Dial {
        address: url.clone(),
        channel: ClientChannelConfig {
            endpoint_url: url.as_str().to_owned(),
            security: ClientSecurity::None,
            limits: Limits { max_message_size: MAX_MESSAGE, ..Limits::client() },
            lifetime: CHANNEL_LIFETIME,
            open_timeout: timeout.min(OPEN_TIMEOUT),
            wall_clock: clock::wall(),
        },
        connect_timeout: timeout,
        secured: false,
    };
    let connection = Connection::open(dial).await?;
    request.header_mut().timestamp = clock::ua_time();
    request.header_mut().request_handle = 1;
    let body = codec::encode(&request)?;
    let answer = connection.request(R::SERVICE, body, timeout).await?;
    codec::decode::<R>(&answer)
}

fn too_many(service: &'static str, count: usize, limit: usize) -> Error {
    Error::UnexpectedResponse { service, detail: format!("{count} entries, at most {limit} are accepted") }
}

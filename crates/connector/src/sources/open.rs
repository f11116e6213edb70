//! The one road to a session with a configured source.

use std::sync::Arc;
use std::time::Duration;

use ua_client::{ConnectRequest, Endpoint, Login, Session, connect, get_endpoints};
use ua_pki::{
    ApplicationIdentity, Certificate, Role, SecurityPolicy, Store, TrustedCertificate, ValidationContext,
    validate,
};

use crate::clock;
use crate::config::{SourceConfig, SourceLogin};
use crate::error::Error;
use crate::secrets;
use crate::status::mode_name;

/// An open session, and what was proved on the way to it.
pub(crate) struct Opened {
    pub(crate) session: Session,
    pub(crate) server_certificate: Option<Certificate>,
    pub(crate) server_application_uri: String,
}

/// Lists the endpoints, insists on the agreed policy and mode, validates, connects and logs in.
///
/// # Errors
/// What stood in the way first. An untrusted certificate has been kept among the rejected ones.
pub(crate) async fn open(
    source: &SourceConfig,
    store: &Store,
    identity: Arc<ApplicationIdentity>,
    session_name: &str,
) -> Result<Opened, Error> {
    // read before the first byte goes out: a missing password is our fault and needs no server
    let login = login(source)?;
    let advertised = get_endpoints(&source.url, CONNECT_TIMEOUT).await?;
    let endpoint = agreed_endpoint(source, &advertised)?.clone();
    if let Some(pinned) = &source.server_application_uri
        && *pinned != endpoint.application_uri
    {
        return Err(Error::ServerUri { found: endpoint.application_uri, pinned: pinned.clone() });
    }
    let peer = trusted_peer(source, store, &endpoint)?;
    let server_certificate = peer.as_ref().map(|peer| peer.certificate().clone());
    let server_application_uri = endpoint.application_uri.clone();
    let session = connect(ConnectRequest {
        url: source.url.clone(),
        endpoint,
        advertised,
        peer,
        own: identity,
        login,
        session_name: session_name.to_owned(),
        session_timeout: SESSION_TIMEOUT,
        request_timeout: REQUEST_TIMEOUT,
        danger_without_security: source.danger_without_security,
    })
    .await?;
    Ok(Opened { session, server_certificate, server_application_uri })
}

/// Policy and mode were agreed when the source was added; anything else, stronger or weaker, is for a person to
/// decide (RF-03).
fn agreed_endpoint<'a>(source: &SourceConfig, advertised: &'a [Endpoint]) -> Result<&'a Endpoint, Error> {
    let wanted = (source.policy, source.mode);
    let usable = |endpoint: &&Endpoint| {
        endpoint.policy == Some(source.policy)
            && endpoint.mode == source.mode
            && endpoint.transport_profile == ua_client::TRANSPORT_UA_TCP
    };
    advertised.iter().find(usable).ok_or_else(|| {
        let offered: Vec<_> =
            advertised.iter().filter_map(|e| e.policy.map(|policy| (policy, e.mode))).collect();
        let name = |(policy, mode): (SecurityPolicy, _)| format!("{} {}", policy.name(), mode_name(mode));
        let mut offers: Vec<String> = offered.iter().copied().map(name).collect();
        offers.dedup();
        if offers.is_empty() {
            offers.push("nothing we can use".to_owned());
        }
        Error::SecurityChanged {
            wanted: name(wanted),
            offers,
            weaker: offered.iter().all(|(policy, mode)| (*mode, *policy) < (source.mode, source.policy)),
        }
    })
}

/// The proof that the server's certificate passed every step; `None` only without security.
fn trusted_peer(
    source: &SourceConfig,
    store: &Store,
    endpoint: &Endpoint,
) -> Result<Option<TrustedCertificate>, Error> {
    if source.policy == SecurityPolicy::None {
        return Ok(None);
    }
    let chain = Certificate::chain_from_der(&endpoint.server_certificate)?;
    let leaf = chain.first().ok_or(Error::NoServerCertificate)?.clone();
    let context = ValidationContext {
        now: clock::now(),
        role: Role::Server,
        policy: Some(source.policy),
        host: Some(source.url.host()),
        application_uri: Some(source.server_application_uri.as_deref().unwrap_or(&endpoint.application_uri)),
        suppress: &source.danger_suppress,
    };
    match validate(&chain, &store.trust_list()?, &context).into_trusted() {
        Ok(peer) => Ok(Some(peer)),
        Err(verdict) => {
            store.reject(&chain)?;
            Err(Error::ServerNotTrusted {
                thumbprint: leaf.thumbprint(),
                pinned: source.server_thumbprint,
                verdict: Box::new(verdict),
            })
        }
    }
}

fn login(source: &SourceConfig) -> Result<Login, Error> {
    match &source.login {
        SourceLogin::Anonymous => Ok(Login::Anonymous),
        SourceLogin::UserName { user, password } => {
            Ok(Login::UserName { name: user.clone(), password: secrets::read(password)? })
        }
    }
}

/// Time for TCP, channel and endpoint list together.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the server shall keep a session without a sign of life from us.
const SESSION_TIMEOUT: Duration = Duration::from_secs(120);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

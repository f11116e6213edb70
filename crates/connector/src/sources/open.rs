//! The one road to a session with a configured source.

use std::sync::Arc;
use std::time::Duration;

use ua_client::{ConnectRequest, Endpoint, Login, Session, connect, get_endpoints};
use ua_pki::{ApplicationIdentity, Certificate, SecurityPolicy, Store, TrustList, TrustedCertificate};
use zeroize::Zeroizing;

use super::agree::agreed_endpoint;
use super::judge::judge;
use crate::clock::{Clock, SystemClock};
use crate::config::{SourceConfig, SourceLogin};
use crate::error::Error;
use crate::secrets;

/// An open session, and what was proved on the way to it.
#[derive(Debug)]
pub struct Opened {
    /// The session, logged in.
    pub session: Session,
    /// The server's certificate; `None` without security.
    pub server_certificate: Option<Certificate>,
    /// The application URI the server proved (or claimed, without security).
    pub server_application_uri: String,
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
    clock: &dyn Clock,
) -> Result<Opened, Error> {
    // read before the first byte goes out: a missing password is our fault and needs no server
    let login = login(source)?;
    open_by(source, login, store, identity, session_name, clock).await
}

/// As the collector opens a session, but logs in as `login` instead of what the source names. For a command that a
/// person runs with a login of their own.
///
/// # Errors
/// What stood in the way first. An untrusted certificate has been kept among the rejected ones.
pub async fn open_as(
    source: &SourceConfig,
    login: Login,
    store: &Store,
    identity: Arc<ApplicationIdentity>,
    session_name: &str,
) -> Result<Opened, Error> {
    open_by(source, login, store, identity, session_name, &SystemClock).await
}

async fn open_by(
    source: &SourceConfig,
    login: Login,
    store: &Store,
    identity: Arc<ApplicationIdentity>,
    session_name: &str,
    clock: &dyn Clock,
) -> Result<Opened, Error> {
    let advertised = get_endpoints(&source.url, CONNECT_TIMEOUT).await?;
    let endpoint = agreed_endpoint(source, login.kind(), &advertised)?.clone();
    if let Some(pinned) = &source.server_application_uri
        && *pinned != endpoint.application_uri
    {
        return Err(Error::ServerUri { found: endpoint.application_uri, pinned: pinned.clone() });
    }
    let peer = trusted_peer(source, store, &endpoint, clock)?;
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

/// The proof that the server's certificate passed every step; `None` only without security.
fn trusted_peer(
    source: &SourceConfig,
    store: &Store,
    endpoint: &Endpoint,
    clock: &dyn Clock,
) -> Result<Option<TrustedCertificate>, Error> {
    if source.policy == SecurityPolicy::None {
        return Ok(None);
    }
    let chain = Certificate::chain_from_der(&endpoint.server_certificate)?;
    let trust = store.trust_list()?;
    let peer = judge(source, store, &trust, &chain, &endpoint.application_uri, clock.now())?;
    say_changed(source, &trust, peer.certificate());
    Ok(Some(peer))
}

/// A certificate that was exchanged is nothing to pass over in silence, however well it is trusted.
fn say_changed(source: &SourceConfig, trust: &TrustList, leaf: &Certificate) {
    let now = leaf.thumbprint();
    if let Some(last_seen) = source.server_thumbprint.filter(|last_seen| *last_seen != now) {
        let by = if trust.trusted().contains(leaf) { "by itself" } else { "through an authority only" };
        tracing::warn!(source = %source.name, %last_seen, %now, trusted = by, "the server's certificate changed");
    }
}

/// What the configuration says of the login, with its secret.
///
/// # Errors
/// When the secret cannot be read.
pub fn login(source: &SourceConfig) -> Result<Login, Error> {
    Ok(match &source.login {
        SourceLogin::Anonymous => Login::Anonymous,
        SourceLogin::UserName { user, password } => {
            Login::UserName { name: user.clone(), password: secrets::read(password)? }
        }
        SourceLogin::Certificate { certificate, key } => {
            Login::Certificate { user: Arc::new(secrets::user_certificate(certificate, key)?) }
        }
        SourceLogin::IssuedToken { token } => {
            Login::IssuedToken { token: Zeroizing::new(secrets::read(token)?.as_bytes().to_vec()) }
        }
    })
}

/// Time for TCP, channel and endpoint list together.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the server shall keep a session without a sign of life from us.
const SESSION_TIMEOUT: Duration = Duration::from_secs(120);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

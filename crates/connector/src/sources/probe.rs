//! Trying a source out: connect, log in, look at the first thing every server must show.

use std::sync::Arc;

use ua_pki::{ApplicationIdentity, Certificate, Store};

use super::open::open;
use crate::clock::SystemClock;
use crate::config::SourceConfig;
use crate::error::Error;

/// What a successful try showed.
#[derive(Debug)]
pub struct Probe {
    /// The server's certificate; `None` without security.
    pub server_certificate: Option<Certificate>,
    /// The application URI the server proved (or claimed, without security).
    pub server_application_uri: String,
    /// The server's namespace table.
    pub namespaces: Vec<String>,
}

/// Connects to `source` exactly as the collector will, logs in, reads the namespace table and leaves.
///
/// The error tells the outcomes apart by [`Error::kind`]: `ServerNotTrusted`, `ServerDoesNotTrustUs`, `Login`,
/// `Unreachable`, `Security`, `Config`.
///
/// # Errors
/// Whatever stood in the way first.
pub async fn probe(
    source: &SourceConfig,
    store: &Store,
    identity: Arc<ApplicationIdentity>,
    session_name: &str,
) -> Result<Probe, Error> {
    let opened = open(source, store, identity, session_name, &SystemClock).await?;
    let result = opened.session.namespaces().await;
    if let Err(error) = opened.session.close().await {
        tracing::debug!(%error, "the server did not confirm the end of the session");
    }
    Ok(Probe {
        server_certificate: opened.server_certificate,
        server_application_uri: opened.server_application_uri,
        namespaces: result?.into_uris(),
    })
}

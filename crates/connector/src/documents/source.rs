//! `lockgate/source-list/1`: the sources as they are configured. Of a login only who logs in is shown.

use serde::Serialize;

use crate::config::SourceConfig;
use crate::status::mode_name;

/// `lockgate/source-list/1`.
#[derive(Debug, Serialize)]
pub struct Sources {
    pub sources: Vec<SourceView>,
}

/// A source as it is configured.
#[derive(Debug, Serialize)]
pub struct SourceView {
    pub name: String,
    pub url: String,
    pub policy: &'static str,
    pub mode: &'static str,
    pub user: Option<String>,
    pub server_application_uri: Option<String>,
    pub server_thumbprint: Option<String>,
    pub roots: Vec<String>,
    pub danger: Vec<String>,
}

impl SourceView {
    /// The view of one source.
    pub fn of(source: &SourceConfig) -> Self {
        Self {
            name: source.name.to_string(),
            url: source.url.as_str().to_owned(),
            policy: source.policy.name(),
            mode: mode_name(source.mode),
            user: source.login.shown(),
            server_application_uri: source.server_application_uri.clone(),
            server_thumbprint: source.server_thumbprint.map(|thumbprint| thumbprint.grouped()),
            roots: source.roots.clone(),
            danger: source.dangers(),
        }
    }
}

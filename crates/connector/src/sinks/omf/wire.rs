//! One request to the server: its headers, its login, and a second try with a new token.

use std::time::Duration;

use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE};
use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use super::answer::{Outcome, understand};
use super::http::{Http, gzipped};
use super::login::Login;
use super::trouble::OmfTrouble;
use crate::config::OmfConfig;
use crate::error::Error;

/// The line to one OMF endpoint.
pub(super) struct Wire {
    url: String,
    gzip: bool,
    http: Http,
    login: Login,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Types,
    Containers,
    Values,
}

impl About {
    const fn header(self) -> &'static str {
        match self {
            Self::Types => "type",
            Self::Containers => "container",
            Self::Values => "data",
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Types => "types",
            Self::Containers => "containers",
            Self::Values => "values",
        }
    }
}

impl Wire {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// [`OmfTrouble::Roots`].
    pub(super) fn new(config: &OmfConfig) -> Result<Self, OmfTrouble> {
        let http = Http::new(config.ca_file.as_deref(), needs_tls(config))?;
        Ok(Self { url: config.url.clone(), gzip: config.gzip, http, login: Login::new(config.login.clone()) })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Sends a body and says what became of it. A connection that broke and a server that is busy for a moment are tried
    /// again at once, as either is part of a good day; what lasts longer is for the pauses of the worker.
    ///
    /// # Errors
    /// What stops the sink for now.
    pub(super) fn send(&mut self, about: About, body: &str) -> Result<Outcome, Error> {
        let compressed = self.gzip.then(|| gzipped(body));
        let bytes = compressed.as_deref().unwrap_or(body.as_bytes());
        let mut pauses = PAUSES.iter();
        loop {
            let outcome = self.send_once(about, bytes);
            match (&outcome, pauses.next()) {
                (Err(Error::Omf(trouble)), Some(pause)) if trouble.is_passing() => {
                    tracing::debug!(%trouble, "trying again at once");
                    std::thread::sleep(*pause);
                }
                _ => return outcome,
            }
        }
    }

    fn send_once(&mut self, about: About, bytes: &[u8]) -> Result<Outcome, Error> {
        loop {
            let mut headers = self.headers(about);
            if let Some(login) = self.login.header(&self.http)? {
                headers.insert(AUTHORIZATION, login);
            }
            let answer = self.http.post(&self.url, &headers, bytes)?;
            // a token may have been taken back before its end; one more is tried, not one after another
            if answer.status == 401 && self.login.refused() {
                continue;
            }
            let outcome = understand(&self.url, &answer);
            if outcome.is_ok() {
                self.login.worked();
            }
            return Ok(outcome?);
        }
    }

    fn headers(&self, about: About) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &'static str| {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        };
        put("omfversion", "1.2");
        put("messagetype", about.header());
        put("messageformat", "json");
        put("action", "create");
        // PI Web API's defence against forged requests lets through what carries it
        put("x-requested-with", "lockgate");
        if self.gzip {
            put("compression", "gzip");
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers
    }
}

fn needs_tls(config: &OmfConfig) -> bool {
    let token_url = match &config.login {
        crate::config::OmfLogin::ClientCredentials { token_url, .. } => token_url.as_str(),
        _ => "",
    };
    [config.url.as_str(), token_url].iter().any(|url| url.starts_with("https:"))
}

/// Before the second and the third try of a request.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

//! One blocking HTTP client per sink: TLS with the roots that were named, times and sizes bounded, nothing followed.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use ureq::Agent;
use ureq::http::HeaderMap;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use super::trouble::OmfTrouble;
use crate::naming::printable;

/// What a server answered, as far as it was read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
    /// The body was longer than any answer is, or did not end in time.
    pub(super) cut_off: bool,
}

impl Answer {
    /// The kind of content, for people.
    pub(super) fn kind(&self) -> String {
        let kind = self.content_type.split(';').next().unwrap_or_default().trim();
        if kind.is_empty() { "content of no kind".to_owned() } else { printable(kind) }
    }
}

/// The client.
pub(super) struct Http {
    agent: Agent,
}

impl Http {
    /// With the certificates of a file as the only roots, or with the machine's own.
    ///
    /// # Errors
    /// [`OmfTrouble::Roots`].
    pub(super) fn new(ca_file: Option<&Path>, encrypted: bool) -> Result<Self, OmfTrouble> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("lockgate/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(WHOLE));
        if encrypted {
            let roots = match ca_file {
                Some(path) => roots_in(path)?,
                None => system_roots(),
            };
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            config = config.tls_config(
                TlsConfig::builder()
                    .provider(TlsProvider::Rustls)
                    .unversioned_rustls_crypto_provider(provider)
                    .root_certs(RootCerts::new_with_certs(&roots))
                    .build(),
            );
        }
        Ok(Self { agent: config.build().new_agent() })
    }

    /// Posts a body.
    ///
    /// # Errors
    /// [`OmfTrouble::Unreachable`], [`OmfTrouble::Tls`]: whether the server took it is not known.
    pub(super) fn post(&self, url: &str, headers: &HeaderMap, body: &[u8]) -> Result<Answer, OmfTrouble> {
        let mut request = self.agent.post(url);
        if let Some(own) = request.headers_mut() {
            own.extend(headers.clone());
        }
        let mut response = request.send(body).map_err(|error| failed(url, &error))?;
        let content_type = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let mut body = Vec::new();
        let read = response.body_mut().as_reader().take(LONGEST_ANSWER + 1).read_to_end(&mut body);
        let too_long = u64::try_from(body.len()).is_ok_and(|length| length > LONGEST_ANSWER);
        match read {
            // the answer itself was lost on the way: what it said is not known
            Err(error) if !too_long && error.kind() != std::io::ErrorKind::TimedOut => {
                Err(OmfTrouble::Unreachable { url: url.to_owned(), why: error.to_string() })
            }
            read => Ok(Answer {
                status: response.status().as_u16(),
                content_type,
                body,
                cut_off: read.is_err() || too_long,
            }),
        }
    }
}

fn failed(url: &str, error: &ureq::Error) -> OmfTrouble {
    let (url, why) = (url.to_owned(), error.to_string());
    match error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::TlsRequired => {
            OmfTrouble::Tls { url, why }
        }
        ureq::Error::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
            OmfTrouble::Tls { url, why }
        }
        _ => OmfTrouble::Unreachable { url, why },
    }
}

/// The body as one gzip stream.
pub(super) fn gzipped(body: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    // writing into memory cannot fail
    encoder.write_all(body.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default()
}

fn roots_in(path: &Path) -> Result<Vec<Certificate<'static>>, OmfTrouble> {
    let failed = |why: String| OmfTrouble::Roots { path: path.to_owned(), why };
    let file = std::fs::File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(LONGEST_ROOTS).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
    let mut roots = Vec::new();
    for item in parse_pem(&bytes) {
        match item {
            Ok(PemItem::Certificate(certificate)) => roots.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(failed(error.to_string())),
        }
    }
    if roots.is_empty() {
        return Err(failed("no certificate in PEM form is in it".to_owned()));
    }
    Ok(roots)
}

fn system_roots() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a part of the machine's list of trusted certificates cannot be read");
    }
    found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
}

const CONNECT: Duration = Duration::from_secs(10);
/// From the name to the last byte of the answer.
const WHOLE: Duration = Duration::from_secs(60);
/// Some thousand refused messages with their reasons.
const LONGEST_ANSWER: u64 = 4 << 20;
const LONGEST_ROOTS: u64 = 16 << 20;

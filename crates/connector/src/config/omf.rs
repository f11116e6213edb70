//! The part of a `[[sink]]` of kind `omf`: where it posts, how it logs in, how it names things.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::model::{SecretRef, SourceName};
use super::secret_ref::read_sink_secret;
use super::section::Section;

/// Where and how an OMF sink posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OmfConfig {
    /// The OMF endpoint, `http` or `https`.
    pub url: String,
    /// What is behind it; decides how large a message may be.
    pub target: OmfTarget,
    /// How we log in.
    pub login: OmfLogin,
    /// PEM file with the certificates to trust for TLS, instead of the machine's own list.
    pub ca_file: Option<PathBuf>,
    /// Whether bodies are compressed.
    pub gzip: bool,
    /// In front of the names of types.
    pub type_prefix: String,
    /// In front of the names of containers, which are the names of PI points.
    pub prefix: String,
    /// Only the streams of these sources; empty means all.
    pub sources: Vec<SourceName>,
    /// Whether 64-bit integers are sent as text: a PI point of floating point is exact up to 2^53 only.
    pub long_integers_as_text: bool,
    /// Whether the names of states go to the server, as digital states in PI, or their numbers alone.
    pub states_by_name: bool,
    /// Whether the names become a tree of AF elements.
    pub hierarchy: bool,
    /// Bytes of refused messages that are kept aside at most.
    pub quarantine_limit: u64,
    /// Everything goes unencrypted, to another machine.
    pub danger_plain_http: bool,
}

/// What takes the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OmfTarget {
    /// PI Web API with OMF installed.
    PiWebApi,
    /// AVEVA Edge Data Store on this machine.
    EdgeDataStore,
    /// CONNECT data services, formerly AVEVA Data Hub.
    Connect,
}

impl OmfTarget {
    const ALL: [Self; 3] = [Self::PiWebApi, Self::EdgeDataStore, Self::Connect];

    /// The word for it in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PiWebApi => "pi-web-api",
            Self::EdgeDataStore => "edge-data-store",
            Self::Connect => "connect",
        }
    }

    /// Bytes of a body before compression: what PI Web API takes unless told otherwise, what the others take at all.
    #[must_use]
    pub const fn body_limit(self) -> usize {
        match self {
            Self::PiWebApi => 4 << 20,
            Self::EdgeDataStore | Self::Connect => 192_000,
        }
    }
}

/// How an OMF sink logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OmfLogin {
    /// Not at all.
    Anonymous,
    /// HTTP Basic.
    Basic {
        /// User, with its domain where there is one.
        user: String,
        /// Where the password is kept.
        password: SecretRef,
    },
    /// A token that somebody else renews; it is read anew for each request.
    Bearer {
        /// Where the token is kept.
        token: SecretRef,
    },
    /// OAuth 2 client credentials.
    ClientCredentials {
        /// Who gives out tokens.
        token_url: String,
        /// The client.
        client_id: String,
        /// Where its secret is kept.
        client_secret: SecretRef,
        /// The scope to ask for, if one has to be.
        scope: Option<String>,
    },
}

impl OmfConfig {
    /// Every setting that lowers security, by its name in the file.
    #[must_use]
    pub fn dangers(&self) -> Vec<String> {
        if self.danger_plain_http { vec!["danger_plain_http".to_owned()] } else { Vec::new() }
    }
}

/// Reads the keys of an OMF sink; `None` when a problem is noted.
pub(super) fn read_omf(section: &mut Section<'_, '_, '_>, folder: &Path) -> Option<OmfConfig> {
    let url = section.required_text("url").is_some().then(|| section.parsed("url", parse_url)).flatten();
    let target =
        section.required_text("target").is_some().then(|| section.parsed("target", parse_target)).flatten();
    let danger_plain_http = section.flag("danger_plain_http");
    let login = read_login(section, folder);
    let ca_file = section.text("ca_file").map(|path| folder.join(path));
    let gzip = section.parsed("compress", parse_compress).unwrap_or(true);
    let type_prefix = section.parsed("type_prefix", parse_prefix).unwrap_or_else(|| "lockgate.".to_owned());
    let prefix = section.parsed("prefix", parse_prefix).unwrap_or_default();
    let sources = section
        .list("sources", |name| name.parse().map_err(|error: crate::error::Error| error.to_string()))
        .unwrap_or_default();
    let long_integers_as_text = section.parsed("long_integers", parse_long_integers).unwrap_or(false);
    let mib = section.integer("quarantine_max_mib", 1..=LARGEST_QUARANTINE).unwrap_or(DEFAULT_QUARANTINE);
    let states_by_name = section.parsed("states", parse_states);
    let hierarchy = section.flag("hierarchy");
    let (url, target) = (url?, target?);
    if hierarchy && target != OmfTarget::PiWebApi {
        let span = section.span_of("hierarchy");
        section.problem(span, format!("`hierarchy` is for AF; {} has none", target.as_str()), None);
    }
    check_plain(section, "url", &url, danger_plain_http);
    if let Some(OmfLogin::ClientCredentials { token_url, .. }) = &login {
        check_plain(section, "token_url", token_url, danger_plain_http);
    }
    Some(OmfConfig {
        url,
        target,
        login: login?,
        ca_file,
        gzip,
        type_prefix,
        prefix,
        sources,
        long_integers_as_text,
        states_by_name: states_by_name.unwrap_or(target == OmfTarget::PiWebApi),
        hierarchy,
        quarantine_limit: mib << 20,
        danger_plain_http,
    })
}

/// Exactly one way to log in, or none.
fn read_login(section: &mut Section<'_, '_, '_>, folder: &Path) -> Option<OmfLogin> {
    let user = section.text("user").filter(|user| !user.is_empty()).map(str::to_owned);
    let token_url = section.parsed("token_url", parse_url);
    let client_id = section.text("client_id").map(str::to_owned);
    let scope = section.text("scope").map(str::to_owned);
    let given = |section: &mut Section<'_, '_, '_>, key| section.item(key).is_some();
    let has = [given(section, "password"), given(section, "token"), given(section, "client_secret")];
    let password = read_sink_secret(section, "password", folder);
    let token = read_sink_secret(section, "token", folder);
    let client_secret = read_sink_secret(section, "client_secret", folder);
    match (has, user, token_url, client_id) {
        ([false, false, false], None, None, None) => Some(OmfLogin::Anonymous),
        ([true, false, false], Some(user), None, None) => Some(OmfLogin::Basic { user, password: password? }),
        ([false, true, false], None, None, None) => Some(OmfLogin::Bearer { token: token? }),
        ([false, false, true], None, Some(token_url), Some(client_id)) => {
            Some(OmfLogin::ClientCredentials { token_url, client_id, client_secret: client_secret?, scope })
        }
        _ => {
            let message = "an OMF sink logs in with `user` and `password`, with `token`, or with `token_url`, \
                           `client_id` and `client_secret`";
            section.problem(None, message.to_owned(), None);
            None
        }
    }
}

/// What is sent unencrypted must not leave this machine, unless somebody says so.
fn check_plain(section: &mut Section<'_, '_, '_>, key: &'static str, url: &str, danger: bool) {
    if !url.starts_with("http://") || is_loopback(url) || danger {
        return;
    }
    let span = section.span_of(key);
    let help = "write https, or for a test on a closed network danger_plain_http = true".into();
    section.problem(
        span,
        format!("`{key}` would send values and login unencrypted to another machine"),
        Some(help),
    );
}

fn is_loopback(url: &str) -> bool {
    let host = host_of(url);
    host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The host of a URL that [`parse_url`] let through.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    match authority.strip_prefix('[') {
        Some(_) => authority.split_inclusive(']').next().unwrap_or(authority),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

fn parse_url(text: &str) -> Result<String, String> {
    let uri: ureq::http::Uri = text.parse().map_err(|_| format!("`{text}` is no URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
        return Err("write https://HOST/PATH".to_owned());
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("the login does not belong into the URL; write `user` and `password`".to_owned());
    }
    // the scheme is compared in lower case
    match text.split_once("://") {
        Some((scheme, rest)) => Ok(format!("{}://{rest}", scheme.to_ascii_lowercase())),
        None => Err("write https://HOST/PATH".to_owned()),
    }
}

fn parse_target(text: &str) -> Result<OmfTarget, String> {
    OmfTarget::ALL.into_iter().find(|target| target.as_str() == text).ok_or_else(|| {
        format!("`{text}` is none; one of {}", OmfTarget::ALL.map(OmfTarget::as_str).join(", "))
    })
}

fn parse_compress(text: &str) -> Result<bool, String> {
    match text {
        "gzip" => Ok(true),
        "none" => Ok(false),
        _ => Err(format!("`{text}` is neither \"gzip\" nor \"none\"")),
    }
}

fn parse_long_integers(text: &str) -> Result<bool, String> {
    match text {
        "number" => Ok(false),
        "text" => Ok(true),
        _ => Err(format!("`{text}` is neither \"number\" nor \"text\"")),
    }
}

fn parse_states(text: &str) -> Result<bool, String> {
    match text {
        "names" => Ok(true),
        "numbers" => Ok(false),
        _ => Err(format!("`{text}` is neither \"names\" nor \"numbers\"")),
    }
}

fn parse_prefix(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._- ".contains(c);
    if text.len() <= LONGEST_PREFIX && text.chars().all(fits) && !text.starts_with("__") {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}`: up to {LONGEST_PREFIX} letters, digits, `.`, `_`, `-` and blanks, not beginning with `__`"
    ))
}

const LONGEST_PREFIX: usize = 64;
/// In MiB.
const DEFAULT_QUARANTINE: u64 = 256;
const LARGEST_QUARANTINE: u64 = 1 << 20;

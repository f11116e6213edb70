//! How each request shows who we are.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use ureq::http::header::CONTENT_TYPE;
use ureq::http::{HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use super::http::Http;
use super::trouble::OmfTrouble;
use crate::config::{OmfLogin, SecretRef};
use crate::error::Error;
use crate::naming::printable;
use crate::{clock, secrets};

/// The login of a sink, with the token it holds if it has to fetch one.
pub(super) struct Login {
    how: OmfLogin,
    token: Option<Token>,
    /// Whether a token was refused and none has been accepted since.
    tried_again: bool,
}

struct Token {
    text: Zeroizing<String>,
    renew_at: Instant,
}

impl Login {
    pub(super) const fn new(how: OmfLogin) -> Self {
        Self { how, token: None, tried_again: false }
    }

    /// The header that shows who we are; secrets are read anew each time.
    ///
    /// # Errors
    /// [`OmfTrouble::Secret`], [`OmfTrouble::Token`], and those of the request for one.
    pub(super) fn header(&mut self, http: &Http) -> Result<Option<HeaderValue>, OmfTrouble> {
        match &self.how {
            OmfLogin::Anonymous => Ok(None),
            OmfLogin::Basic { user, password } => {
                let pair = Zeroizing::new(format!("{user}:{}", secret(password)?.as_str()));
                let coded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
                secret_header(&format!("Basic {}", coded.as_str()))
            }
            OmfLogin::Bearer { token } => {
                let text = secret(token)?;
                secret_header(&format!("Bearer {}", text.as_str()))
            }
            OmfLogin::ClientCredentials { .. } => {
                let now = clock::instant();
                if self.token.as_ref().is_none_or(|token| now >= token.renew_at) {
                    self.token = Some(self.fetch(http, now)?);
                }
                let text = self.token.as_ref().map(|token| token.text.as_str()).unwrap_or_default();
                secret_header(&format!("Bearer {text}"))
            }
        }
    }

    /// Forgets the token that was refused; says whether it is worth to try another one at once.
    pub(super) fn refused(&mut self) -> bool {
        let had_one = self.token.take().is_some();
        had_one && !std::mem::replace(&mut self.tried_again, true)
    }

    /// The login was accepted.
    pub(super) fn worked(&mut self) {
        self.tried_again = false;
    }

    /// Asks for a token with our own credentials (RFC 6749 §4.4).
    fn fetch(&self, http: &Http, now: Instant) -> Result<Token, OmfTrouble> {
        let OmfLogin::ClientCredentials { token_url, client_id, client_secret, scope } = &self.how else {
            return Ok(Token { text: Zeroizing::default(), renew_at: now });
        };
        let failed = |why: String| OmfTrouble::Token { url: token_url.clone(), why };
        let secret = secret(client_secret)?;
        let mut form = Zeroizing::new("grant_type=client_credentials".to_owned());
        let fields = [("client_id", Some(client_id.as_str())), ("client_secret", Some(secret.as_str()))];
        for (key, value) in fields.into_iter().chain([("scope", scope.as_deref())]) {
            if let Some(value) = value {
                form.push('&');
                form.push_str(key);
                form.push('=');
                escape(value, &mut form);
            }
        }
        let headers = HeaderMap::from_iter([(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        )]);
        let answer = http.post(token_url, &headers, form.as_bytes())?;
        let given: Option<Given> = serde_json::from_slice(&answer.body).ok();
        match given {
            Some(Given { access_token: Some(text), expires_in, .. })
                if answer.status == 200 && !answer.cut_off =>
            {
                let lasts = Duration::from_secs(expires_in.unwrap_or(SHORTEST).max(1));
                // early enough that a request on its way is not overtaken
                let renew_at = now + lasts.saturating_sub(AHEAD).max(lasts / 2);
                Ok(Token { text: Zeroizing::new(text), renew_at })
            }
            Some(Given { error: Some(error), .. }) => {
                Err(failed(format!("{} ({})", answer.status, printable(&error))))
            }
            _ => Err(failed(format!("{} with {}", answer.status, answer.kind()))),
        }
    }
}

#[derive(Deserialize)]
struct Given {
    access_token: Option<String>,
    expires_in: Option<u64>,
    error: Option<String>,
}

/// Whether everything that the login needs is there.
///
/// # Errors
/// [`OmfTrouble::Secret`].
pub(super) fn check(how: &OmfLogin) -> Result<(), OmfTrouble> {
    match how {
        OmfLogin::Anonymous => Ok(()),
        OmfLogin::Basic { password: place, .. }
        | OmfLogin::Bearer { token: place }
        | OmfLogin::ClientCredentials { client_secret: place, .. } => secret(place).map(drop),
    }
}

fn secret(place: &SecretRef) -> Result<Zeroizing<String>, OmfTrouble> {
    secrets::read(place).map_err(|error| {
        let exposed = if let Error::SecretExposed { path, .. } = &error { Some(path.clone()) } else { None };
        OmfTrouble::Secret { why: error.to_string(), exposed }
    })
}

fn secret_header(text: &str) -> Result<Option<HeaderValue>, OmfTrouble> {
    let mut value = HeaderValue::from_str(text).map_err(|_| OmfTrouble::Secret {
        why: "the secret of the sink cannot stand in a header of HTTP".to_owned(),
        exposed: None,
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// As a form spells it: everything but the plainest signs by its bytes.
fn escape(value: &str, out: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                out.push('%');
                for half in [byte >> 4, byte & 15] {
                    out.push(char::from_digit(half.into(), 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
        }
    }
}

/// For a token that does not say how long it lasts.
const SHORTEST: u64 = 60;
const AHEAD: Duration = Duration::from_secs(60);

//! What a server offers, how good it is, and what we would use.

use std::collections::BTreeSet;

use ua_channel::MessageSecurityMode;
use ua_client::{Choice, Endpoint, EndpointUrl, SecurityRequirement, get_endpoints};
use ua_pki::{
    Certificate, CertificateStatus, Role, SecurityPolicy, Store, TrustList, ValidationContext, Verdict,
    validate,
};

use super::open::CONNECT_TIMEOUT;
use super::turned_away;
use crate::clock;
use crate::error::Error;

/// Everything a server offers.
#[derive(Debug)]
pub struct Survey {
    /// The address that was asked.
    pub url: EndpointUrl,
    /// Its endpoints, in the server's order.
    pub endpoints: Vec<SurveyedEndpoint>,
    /// What we would use; the error says why nothing is good enough.
    pub choice: Result<Choice, ua_client::Error>,
}

/// One endpoint with our opinion of it.
#[derive(Debug)]
pub struct SurveyedEndpoint {
    /// What the server says.
    pub endpoint: Endpoint,
    /// The server's certificate, when there is one that can be read.
    pub certificate: Option<Certificate>,
    /// What validation says about the certificate; `None` where none is needed or none can be read.
    pub verdict: Option<Verdict>,
    /// How strong the security is, by our ranking.
    pub strength: Strength,
}

/// How strong an endpoint's security is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// A policy that we do not speak, because it is broken or unknown.
    Unsupported,
    /// No security at all.
    None,
    /// Signed, but everybody on the way can read.
    SignedOnly,
    /// Signed and encrypted.
    Strong,
}

impl Strength {
    /// The strength in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Unsupported => "not supported",
            Self::None => "no security",
            Self::SignedOnly => "signed, readable",
            Self::Strong => "strong",
        }
    }

    fn of(endpoint: &Endpoint) -> Self {
        match (endpoint.policy, endpoint.mode) {
            (None, _) => Self::Unsupported,
            (Some(SecurityPolicy::None), _) | (_, MessageSecurityMode::None) => Self::None,
            (_, MessageSecurityMode::Sign) => Self::SignedOnly,
            (_, MessageSecurityMode::SignAndEncrypt) => Self::Strong,
        }
    }
}

/// Asks the server at `url` for its endpoints, validates every certificate against `store`, and chooses.
/// Certificates that are not trusted are kept among the rejected ones, ready for `trust accept`.
/// `suppress` is what the configuration of this source already allows to be ignored.
///
/// # Errors
/// [`Error::Client`] when the server cannot be asked, [`Error::Pki`] when the store fails.
pub async fn survey(
    url: &EndpointUrl,
    store: &Store,
    want: SecurityRequirement,
    suppress: &[CertificateStatus],
) -> Result<Survey, Error> {
    let offered = get_endpoints(url, CONNECT_TIMEOUT).await?;
    let trust = store.trust_list()?;
    let choice = ua_client::choose(&offered, want);
    let mut endpoints: Vec<SurveyedEndpoint> = Vec::with_capacity(offered.len());
    let mut kept = BTreeSet::new();
    for endpoint in offered {
        let same = endpoints.iter().find(|known| judged_alike(&known.endpoint, &endpoint));
        let (certificate, verdict) = match same {
            Some(known) => (known.certificate.clone(), known.verdict.clone()),
            None => {
                let chain = Certificate::chain_from_der(&endpoint.server_certificate).unwrap_or_default();
                let verdict = judge(url, &endpoint, &chain, &trust, suppress);
                if verdict.as_ref().is_some_and(|verdict| verdict.status().is_some())
                    && kept.insert(endpoint.server_certificate.clone())
                {
                    turned_away::keep(store, &trust, &chain);
                }
                (chain.into_iter().next(), verdict)
            }
        };
        endpoints.push(SurveyedEndpoint {
            certificate,
            verdict,
            strength: Strength::of(&endpoint),
            endpoint,
        });
    }
    Ok(Survey { url: url.clone(), endpoints, choice })
}

/// Whether the verdict on one is the verdict on the other: most servers show one certificate everywhere.
fn judged_alike(a: &Endpoint, b: &Endpoint) -> bool {
    a.server_certificate == b.server_certificate
        && a.policy == b.policy
        && a.application_uri == b.application_uri
}

fn judge(
    url: &EndpointUrl,
    endpoint: &Endpoint,
    chain: &[Certificate],
    trust: &TrustList,
    suppress: &[CertificateStatus],
) -> Option<Verdict> {
    let context = ValidationContext {
        now: clock::now(),
        role: Role::Server,
        policy: endpoint.policy.and_then(SecurityPolicy::certificate_rules),
        host: Some(url.host()),
        application_uri: Some(&endpoint.application_uri),
        suppress,
    };
    (!chain.is_empty()).then(|| validate(chain, trust, &context))
}

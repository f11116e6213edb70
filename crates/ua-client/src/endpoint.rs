//! Endpoints as a server lists them, in our own words and within our limits.

use opcua_types::{EndpointDescription, UserTokenType};
use ua_channel::MessageSecurityMode;
use ua_pki::{Certificate, SecurityPolicy};

use crate::error::clean;

/// The only transport this client speaks: UA-TCP, UA secure conversation, binary encoding (Part 7).
pub const TRANSPORT_UA_TCP: &str = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary";

/// One way into a server, as GetEndpoints or CreateSession lists it (Part 4 §7.14).
///
/// All texts come from the server and are not to be believed before the session stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The address the server gives for itself. Never decides where we connect to (SC-14).
    pub url: String,
    /// The server's application URI.
    pub application_uri: String,
    /// The product's URI; good for hints only.
    pub product_uri: String,
    /// The server's name for people.
    pub application_name: String,
    /// The security policy's URI, also when we do not know it.
    pub policy_uri: String,
    /// The security policy, if it is one of ours.
    pub policy: Option<SecurityPolicy>,
    /// What is done to messages.
    pub mode: MessageSecurityMode,
    /// The server's certificate chain, DER, leaf first; empty when there is none.
    pub server_certificate: Vec<u8>,
    /// The logins that are accepted here.
    pub user_tokens: Vec<UserTokenPolicy>,
    /// The server's own ranking. Shown, compared, never obeyed (SC-15).
    pub security_level: u8,
    /// The transport's URI.
    pub transport_profile: String,
}

/// A kind of login that an endpoint accepts (Part 4 §7.42).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserTokenPolicy {
    /// The server's name for it, sent back at login.
    pub policy_id: String,
    /// The kind of token.
    pub kind: UserTokenKind,
    /// The policy for its secret; none or empty means the endpoint's.
    pub security_policy_uri: Option<String>,
    /// The type of an issued token; none or empty otherwise.
    pub issued_token_type: Option<String>,
}

/// Kinds of user identity token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserTokenKind {
    /// No user.
    Anonymous,
    /// User name and password.
    UserName,
    /// An X.509 certificate of the user.
    Certificate,
    /// A token from an authorisation service.
    IssuedToken,
}

impl Endpoint {
    /// The first certificate of the chain, if there is one and it can be read.
    #[must_use]
    pub fn leaf(&self) -> Option<Certificate> {
        Certificate::chain_from_der(&self.server_certificate).ok()?.into_iter().next()
    }

    /// Policy and mode in words, `Basic256Sha256 SignAndEncrypt`.
    #[must_use]
    pub fn security_name(&self) -> String {
        let policy = match self.policy {
            Some(policy) => policy.name().to_owned(),
            None => clean(self.policy_uri.rsplit('#').next().unwrap_or_default()),
        };
        if self.mode == MessageSecurityMode::None && self.policy == Some(SecurityPolicy::None) {
            return "None".to_owned();
        }
        format!("{policy} {}", self.mode.name())
    }

    /// Whether the endpoint protects nothing.
    #[must_use]
    pub fn is_without_security(&self) -> bool {
        self.policy == Some(SecurityPolicy::None) || self.mode == MessageSecurityMode::None
    }

    /// Takes over what a server sent; nothing when its mode is `Invalid`, which no client can use.
    ///
    /// Texts stay as they are, because they are compared byte by byte later.
    pub(crate) fn from_description(description: EndpointDescription) -> Option<Self> {
        let mode = mode_from(description.security_mode)?;
        let policy_uri = description.security_policy_uri.as_ref().to_owned();
        Some(Self {
            url: description.endpoint_url.as_ref().to_owned(),
            application_uri: description.server.application_uri.as_ref().to_owned(),
            product_uri: description.server.product_uri.as_ref().to_owned(),
            application_name: description.server.application_name.text.as_ref().to_owned(),
            policy: SecurityPolicy::from_uri(&policy_uri),
            policy_uri,
            mode,
            server_certificate: description.server_certificate.as_ref().to_vec(),
            user_tokens: description
                .user_identity_tokens
                .unwrap_or_default()
                .into_iter()
                .map(UserTokenPolicy::from_description)
                .collect(),
            security_level: description.security_level,
            transport_profile: description.transport_profile_uri.as_ref().to_owned(),
        })
    }
}

impl UserTokenPolicy {
    fn from_description(policy: opcua_types::UserTokenPolicy) -> Self {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            policy_id: policy.policy_id.as_ref().to_owned(),
            kind: match policy.token_type {
                UserTokenType::Anonymous => UserTokenKind::Anonymous,
                UserTokenType::UserName => UserTokenKind::UserName,
                UserTokenType::Certificate => UserTokenKind::Certificate,
                UserTokenType::IssuedToken => UserTokenKind::IssuedToken,
            },
            security_policy_uri: given(policy.security_policy_uri.as_ref()),
            issued_token_type: given(policy.issued_token_type.as_ref()),
        }
    }

    /// Whether we could make a token of this policy: of issued tokens we have JSON Web Tokens only.
    pub(crate) fn is_readable(&self) -> bool {
        self.kind != UserTokenKind::IssuedToken
            || self.issued_token_type.as_deref().is_none_or(|issued| issued == JSON_WEB_TOKEN)
    }
}

impl UserTokenKind {
    /// The kind in words for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::UserName => "user name and password",
            Self::Certificate => "user certificate",
            Self::IssuedToken => "issued token",
        }
    }
}

/// The type of issued token we know (Part 6 §6.5.2.2).
const JSON_WEB_TOKEN: &str = "http://opcfoundation.org/UA/UserToken#JWT";

fn mode_from(mode: opcua_types::MessageSecurityMode) -> Option<MessageSecurityMode> {
    match mode {
        opcua_types::MessageSecurityMode::None => Some(MessageSecurityMode::None),
        opcua_types::MessageSecurityMode::Sign => Some(MessageSecurityMode::Sign),
        opcua_types::MessageSecurityMode::SignAndEncrypt => Some(MessageSecurityMode::SignAndEncrypt),
        opcua_types::MessageSecurityMode::Invalid => None,
    }
}

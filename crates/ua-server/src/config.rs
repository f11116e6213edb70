//! What an administrator decides about a server.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use ua_pki::SecurityPolicy;

use crate::{
    access::{RoleRule, UserAccount},
    audit::AuditSink,
    limits::Limits,
    trouble::Trouble,
};

/// Everything a server needs to know before it starts.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to listen. Port 0 lets the operating system choose.
    pub listen: SocketAddr,
    /// Host names and addresses under which clients reach us: they go into our certificate, the first into the endpoint URLs.
    pub hosts: Vec<String>,
    /// Name shown to people.
    pub application_name: String,
    /// Identity of this server; also in our certificate.
    pub application_uri: String,
    /// Folder of the certificate store. Our certificate is made there when there is none.
    pub pki_dir: PathBuf,
    /// Security policies offered, each in the modes of `modes`.
    pub policies: Vec<SecurityPolicy>,
    /// Who may log in by name.
    pub users: Vec<UserAccount>,
    /// Who has which role, beside the roles that a user account names.
    pub role_rules: Vec<RoleRule>,
    /// Folder of a certificate store of its own, made there when there is none: whose certificate is trusted in it may log in
    /// with it. Nobody may without. Applications are never looked up in it, nor users in the other (rule OR-04).
    pub user_certificates: Option<PathBuf>,
    /// Whether a client may log in without saying who it is.
    pub anonymous: AnonymousLogin,
    /// Offers sessions without any message security: everybody on the wire reads along and may pose as anybody.
    pub danger_offer_unsecured: bool,
    /// Bounds on what peers may ask for.
    pub limits: Limits,
    /// Who keeps the audit records, beside the events of them.
    pub audit: Option<Arc<dyn AuditSink>>,
    /// What it does wrong, for practice.
    pub trouble: Arc<Trouble>,
}

/// What to do with clients that present no user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnonymousLogin {
    /// Refuse them.
    #[default]
    Denied,
    /// Let them in with the role Anonymous, which sees the standard nodes of the server, and what rules give it.
    Allowed,
}

impl ServerConfig {
    /// A server on a free loopback port that offers the sound policies and lets nobody in yet.
    #[must_use]
    pub fn new(application_name: &str, application_uri: &str, pki_dir: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            hosts: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            application_name: application_name.to_owned(),
            application_uri: application_uri.to_owned(),
            pki_dir,
            policies: vec![
                SecurityPolicy::Basic256Sha256,
                SecurityPolicy::Aes128Sha256RsaOaep,
                SecurityPolicy::Aes256Sha256RsaPss,
            ],
            users: Vec::new(),
            role_rules: Vec::new(),
            user_certificates: None,
            anonymous: AnonymousLogin::Denied,
            danger_offer_unsecured: false,
            limits: Limits::default(),
            audit: None,
            trouble: Arc::default(),
        }
    }
}

//! A server without sockets, for tests of the services.

use std::{
    net::Ipv4Addr,
    sync::{Arc, OnceLock},
};

use opcua_types::{
    BinaryDecodable, BinaryEncodable, ContextOwned, MessageInfo, NodeId, ObjectId, RequestHeader,
    ResponseHeader, StatusCode,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use ua_channel::MessageSecurityMode;
use ua_pki::{ApplicationIdentity, ApplicationProfile, KeyKind, SecurityPolicy};

use super::{Scope, dispatch};
use crate::{
    AddressSpace, Clock, NodeRules, NodeSpec, PushedValues, Role, Roles, ServerConfig, Slot, UserAccount,
    ValueSource, VariableKind, VariableSpec,
    access::{Grant, Identity, Login},
    audit::AuditTrail,
    core::{Core, Peer},
    session::{NewSession, SessionToken},
    subscription::{Answer, Owner},
};

pub(super) const CHANNEL: u32 = 7;
pub(super) const TOKEN: SessionToken = SessionToken::new([9; 32]);

/// The server nonce of the session.
pub(super) const FIRST_NONCE: [u8; 32] = [1; 32];

/// A server with one variable and one activated session, without sockets.
pub(super) struct Target {
    pub(super) core: Core,
    pub(super) peer: Peer,
    context: ContextOwned,
    pub(super) answers: UnboundedReceiver<Answer>,
}

pub(super) fn identity() -> Arc<ApplicationIdentity> {
    static IDENTITY: OnceLock<Arc<ApplicationIdentity>> = OnceLock::new();
    Arc::clone(IDENTITY.get_or_init(|| {
        let profile = ApplicationProfile {
            common_name: "server".to_owned(),
            organization: None,
            application_uri: "urn:test:server".to_owned(),
            dns_names: vec!["localhost".to_owned()],
            ip_addresses: vec![],
            key: KeyKind::Rsa { bits: 2048 },
            valid_from: Clock::start().timestamp(),
            days: 1,
        };
        Arc::new(ApplicationIdentity::self_signed(&profile).unwrap())
    }))
}

impl Target {
    /// With an activated session of `reader`.
    pub(super) fn new() -> Self {
        let target = Self::with_fresh_session();
        target.activate([Role::Observer]);
        target
    }

    /// Lets the session belong to `reader` with these roles, over the channel as it is.
    pub(super) fn activate(&self, roles: impl IntoIterator<Item = Role>) {
        let identity = Arc::new(Identity { login: Login::Password("reader".into()), application: None });
        let grant = self.grant(roles);
        let owner = Owner { user: Some("reader".into()), application: Some([1; 32]), identity, grant };
        self.core.sessions().find(Some(TOKEN), self.core.clock.now()).unwrap().belong(owner);
    }

    /// What these roles, beside those of everybody, may do over the channel as it is.
    pub(super) fn grant(&self, roles: impl IntoIterator<Item = Role>) -> Grant {
        let roles = roles.into_iter().collect::<Roles>().with(Role::Anonymous);
        Grant { roles, mode: self.peer.mode }
    }

    /// With a session that nobody has activated yet.
    pub(super) fn with_fresh_session() -> Self {
        Self::configured(|_| {})
    }

    /// The same, with more settings.
    pub(super) fn configured(set: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::built(set, |_| {}, Arc::new(PushedValues::new(1)))
    }

    /// The same, with more nodes.
    pub(super) fn built(
        set: impl FnOnce(&mut ServerConfig),
        build: impl FnOnce(&mut AddressSpace),
        source: Arc<dyn ValueSource>,
    ) -> Self {
        let mut config = ServerConfig::new("test", "urn:test:server", std::path::PathBuf::new());
        config.limits.operations = 50;
        config.users = users();
        set(&mut config);
        let mut space = AddressSpace::new("urn:test:server", &config.limits).unwrap();
        let spec = NodeSpec { id: variable(), name: "Variable".to_owned(), description: None };
        let facts = VariableSpec {
            data_type: opcua_types::DataTypeId::Double,
            slot: Slot(0),
            minimum_sampling: 10.0,
            kind: VariableKind::Plain,
        };
        space.add_variable(&ObjectId::ObjectsFolder.into(), spec, facts).unwrap();
        space.set_namespace_rules(1, NodeRules::observed()).unwrap();
        build(&mut space);
        let clock = Clock::start();
        let audit = Arc::new(AuditTrail::new(clock, "urn:test:server", config.audit.clone()));
        let core = Core::new(config, 4840, identity(), space, source, clock, audit).unwrap();
        let (to, answers) = unbounded_channel();
        let peer = Peer {
            channel: CHANNEL,
            address: Ipv4Addr::LOCALHOST.into(),
            policy: SecurityPolicy::Basic256Sha256,
            mode: MessageSecurityMode::SignAndEncrypt,
            certificate: Some(identity().certificate().clone()),
            answers: to,
        };
        let new = NewSession {
            token: TOKEN,
            channel: CHANNEL,
            certificate: peer.certificate.clone(),
            server_nonce: FIRST_NONCE.to_vec(),
            timeout: i64::MAX,
            now: clock.now(),
        };
        core.sessions().create(new, &core.config.limits).unwrap();
        let context = core.decoding_context();
        Self { core, peer, context, answers }
    }

    pub(super) fn ask(&self, body: &[u8]) -> Option<Vec<u8>> {
        let now = self.core.clock.now();
        let scope = Scope { core: &self.core, peer: &self.peer, request_id: 1, now };
        dispatch(&scope, body, &self.context)
    }

    /// The service result of an answer that must be a whole response.
    pub(super) fn result(&self, answer: &[u8]) -> StatusCode {
        let mut rest = answer;
        let context = ContextOwned::default();
        NodeId::decode(&mut rest, &context.context()).unwrap();
        ResponseHeader::decode(&mut rest, &context.context()).unwrap().service_result
    }
}

pub(super) fn variable() -> NodeId {
    NodeId::new(1, "Variable")
}

pub(super) fn header() -> RequestHeader {
    RequestHeader { authentication_token: TOKEN.to_node_id(), request_handle: 77, ..RequestHeader::dummy() }
}

pub(super) fn encode<T: BinaryEncodable + MessageInfo>(request: &T) -> Vec<u8> {
    let context = ContextOwned::default();
    let mut bytes = NodeId::from(request.type_id()).encode_to_vec(&context.context());
    bytes.extend(request.encode_to_vec(&context.context()));
    bytes
}

/// Hashing takes a moment: once is enough.
fn users() -> Vec<UserAccount> {
    static USERS: OnceLock<Vec<UserAccount>> = OnceLock::new();
    let make = || {
        [("reader", "lesen"), ("other", "auch")]
            .map(|(name, word)| UserAccount::with_password(name, word).unwrap())
            .map(|user| user.with_roles(Roles::default().with(Role::Observer)))
    };
    USERS.get_or_init(|| make().to_vec()).clone()
}

//! What the connections, the services and the sampler share.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
};

use opcua_types::{AttributeId, ContextOwned, DecodingOptions, DepthGauge, NodeId, ObjectTypeId, StatusCode};
use tokio::sync::{Notify, Semaphore, mpsc::UnboundedSender};
use ua_channel::{MessageSecurityMode, Random, SystemRandom};
use ua_codec::bounded_context;
use ua_pki::{ApplicationIdentity, Certificate, SecurityPolicy};

use crate::{
    AddressSpace, Error, ServerConfig, ValueSource,
    access::{Directory, Gate, Grant, Roster, Wish},
    address_space::NodeIndex,
    audit::{AuditTrail, Entry},
    clock::Clock,
    diagnostics::Diagnostics,
    events::Event,
    services,
    session::Sessions,
    subscription::{Answer, Ending, Engine, EventSampler, Owner, Sampler, Watched},
    values::{Sample, Slot, Ticks},
};

pub(crate) struct Core {
    pub(crate) config: ServerConfig,
    pub(crate) port: u16,
    pub(crate) identity: Arc<ApplicationIdentity>,
    pub(crate) space: AddressSpace,
    pub(crate) source: Arc<dyn ValueSource>,
    pub(crate) clock: Clock,
    pub(crate) started: Ticks,
    pub(crate) gate: Gate,
    /// Password hashes are made to be costly: never more than two at a time.
    pub(crate) logins: Semaphore,
    /// Rings when the engine's next deadline may have come nearer.
    pub(crate) wake: Notify,
    pub(crate) next_channel: AtomicU32,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) audit: Arc<AuditTrail>,
    audit_types: HashSet<NodeId>,
    /// Descriptions that were written over those of the address space.
    pub(crate) descriptions: RwLock<HashMap<NodeIndex, Arc<str>>>,
    sessions: Mutex<Sessions>,
    engine: Mutex<Engine>,
}

/// The other end of a connection, as the channel has proven it.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) channel: u32,
    pub(crate) address: std::net::IpAddr,
    pub(crate) policy: SecurityPolicy,
    pub(crate) mode: MessageSecurityMode,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) answers: UnboundedSender<Answer>,
}

impl Core {
    pub(crate) fn new(
        config: ServerConfig,
        port: u16,
        identity: Arc<ApplicationIdentity>,
        space: AddressSpace,
        source: Arc<dyn ValueSource>,
        clock: Clock,
        audit: Arc<AuditTrail>,
    ) -> Result<Self, Error> {
        let mut first = [0; 4];
        fill_random(&mut first)?;
        // ids of subscriptions start anywhere, so that a client of an earlier run does not take over a stranger's
        let first = u32::from_le_bytes(first) >> 1;
        Ok(Self {
            gate: Gate::new(&config, clock)?,
            engine: Mutex::new(Engine::new(config.limits.clone(), first)),
            sessions: Mutex::default(),
            logins: Semaphore::new(2),
            wake: Notify::new(),
            next_channel: AtomicU32::new(first.max(1)),
            diagnostics: Diagnostics::default(),
            audit,
            audit_types: space.subtypes(&ObjectTypeId::AuditEventType.into()),
            descriptions: RwLock::default(),
            started: clock.now(),
            config,
            port,
            identity,
            space,
            source,
            clock,
        })
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How requests are read: bounded, and with a nesting gauge of its own for each connection.
    pub(crate) fn decoding_context(&self) -> ContextOwned {
        let limits = &self.config.limits;
        let options = DecodingOptions {
            max_string_length: limits.string_length,
            max_byte_string_length: limits.string_length,
            max_array_length: limits.array_length,
            decoding_depth_gauge: DepthGauge::new(limits.nesting),
            ..DecodingOptions::default()
        };
        bounded_context(options, LONGEST_EXTENSION_OBJECT)
    }

    /// The place of a node, unless it is hidden.
    pub(crate) fn index(&self, node: &NodeId) -> Option<NodeIndex> {
        self.space.index(node).filter(|_| !self.config.trouble.is_hidden(node))
    }

    /// The place of a node, if the wish is granted.
    pub(crate) fn find(&self, grant: Grant, node: &NodeId, wish: Wish) -> Result<NodeIndex, StatusCode> {
        let index = self.index(node).ok_or(StatusCode::BadNodeIdUnknown)?;
        self.check(grant, index, wish).map(|()| index)
    }

    /// Whether the wish is granted, or why not.
    pub(crate) fn check(&self, grant: Grant, index: NodeIndex, wish: Wish) -> Result<(), StatusCode> {
        let node = self.space.node(index).ok_or(StatusCode::BadNodeIdUnknown)?;
        grant.check(self.space.rules(node), wish)
    }

    /// Whether somebody may see that the node is there.
    pub(crate) fn shows(&self, grant: Grant, index: NodeIndex) -> bool {
        self.space.node(index).is_some_and(|node| {
            !self.config.trouble.is_hidden(&node.id)
                && grant.check(self.space.rules(node), Wish::Browse).is_ok()
        })
    }

    /// Lets other users and rules hold from now on, also for the sessions and subscriptions that are there (UT-18).
    pub(crate) fn replace_directory(&self, directory: Directory) {
        self.gate.replace_directory(directory);
        self.audit.record(Entry::new(
            ObjectTypeId::RoleMappingRuleChangedAuditEventType,
            "Attribute/Call",
            StatusCode::Good,
            "users and roles were changed",
        ));
        self.reassess(&self.gate.roster());
    }

    /// Gives every session and subscription the roles that its user has now.
    pub(crate) fn reassess(&self, roster: &Roster<'_>) {
        let grant = |owner: &Owner| Grant { roles: roster.roles(&owner.identity), ..owner.grant };
        self.sessions().reassess(&grant);
        self.engine().reassess(self.clock.now(), self, &grant);
        self.wake.notify_one();
    }

    /// The channel is gone: its Publish requests with it, its sessions stay until they time out.
    pub(crate) fn channel_gone(&self, channel: u32) {
        let sessions = self.sessions().on_channel(channel);
        let mut engine = self.engine();
        sessions.into_iter().for_each(|session| engine.drop_requests(session, channel));
    }

    /// Does what is due and says when to be called again.
    pub(crate) fn handle_timeout(&self, now: Ticks) -> Option<Ticks> {
        let (expired, active) = {
            let mut sessions = self.sessions();
            (sessions.expire(now, &self.config.limits), sessions.active())
        };
        self.diagnostics.sessions.store(active, Ordering::Relaxed);
        let mut engine = self.engine();
        for session in expired {
            Diagnostics::one(&self.diagnostics.sessions_timed_out);
            let message = "session ended: it was not used within its timeout";
            tracing::info!(session = session.0, message);
            self.audit.record(services::session_over(session, "Session/Timeout", message));
            engine.leave(session, Ending::Keep, now);
        }
        engine.handle_timeout(now, self);
        self.diagnostics.subscriptions.store(engine.count(), Ordering::Relaxed);
        engine.poll_timeout()
    }
}

impl EventSampler for Core {
    fn events(&self, after: Ticks, until: Ticks, visit: &mut dyn FnMut(&Event)) {
        self.source.events(after, until, visit);
        self.audit.visit(after, until, visit);
        for at in self.config.trouble.model_changes(after, until) {
            visit(&Event::model_change(at));
        }
    }

    fn may_receive(&self, grant: Grant, event: &Event) -> bool {
        let is_audit = self.audit_types.contains(&event.event_type);
        (!is_audit || grant.may_see_audit()) && self.find(grant, &event.source, Wish::ReceiveEvents).is_ok()
    }
}

impl Sampler for Core {
    fn live(&self, slots: &[Slot], at: Ticks, visit: &mut dyn FnMut(usize, Sample)) {
        self.source.sample(slots, at, visit);
    }

    fn polled(&self, grant: Grant, watched: Watched, at: Ticks) -> Sample {
        services::sample_attribute(self, grant, watched.node, watched.attribute, at)
    }

    fn denied(&self, grant: Grant, watched: Watched) -> Option<StatusCode> {
        let attribute = AttributeId::from_u32(watched.attribute).ok()?;
        self.check(grant, watched.node, Wish::Read(attribute)).err()
    }
}

/// Attribute id of the value, as it is on the wire.
pub(crate) const VALUE_ATTRIBUTE: u32 = 13;

/// Random bytes from the operating system.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), Error> {
    SystemRandom.fill(bytes).map_err(|_| Error::Config("the operating system gives no random numbers"))
}

/// In bytes: a history request that names every point in time is the longest that makes sense.
const LONGEST_EXTENSION_OBJECT: usize = 1 << 20;

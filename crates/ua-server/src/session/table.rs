//! All sessions of the server.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use opcua_types::{ByteString, Identifier, NodeId, StatusCode};
use ua_pki::Certificate;

use crate::{
    access::Grant,
    address_space::NodeIndex,
    clock::duration_ticks,
    limits::Limits,
    services::HistoryPosition,
    subscription::{Owner, SessionKey},
    values::Ticks,
};

/// The secret by which a request names its session.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionToken([u8; 32]);

impl SessionToken {
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn from_node_id(id: &NodeId) -> Option<Self> {
        match &id.identifier {
            Identifier::ByteString(bytes) if id.namespace == 0 => bytes.as_ref().try_into().ok().map(Self),
            _ => None,
        }
    }

    pub(crate) fn to_node_id(self) -> NodeId {
        NodeId::new(0, ByteString::from(self.0.to_vec()))
    }
}

/// Where a Browse left off.
#[derive(Debug, Clone)]
pub(crate) struct BrowsePosition {
    pub(crate) node: NodeIndex,
    pub(crate) description: Arc<opcua_types::BrowseDescription>,
    pub(crate) kinds: Option<Arc<HashSet<NodeIndex>>>,
    pub(crate) offset: usize,
    pub(crate) max: usize,
}

/// What CreateSession found out.
pub(crate) struct NewSession {
    pub(crate) token: SessionToken,
    pub(crate) channel: u32,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) server_nonce: Vec<u8>,
    pub(crate) timeout: Ticks,
    pub(crate) now: Ticks,
}

pub(crate) struct Session {
    pub(crate) key: SessionKey,
    pub(crate) channel: u32,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) server_nonce: Vec<u8>,
    /// `None` until it is activated.
    pub(crate) owner: Option<Owner>,
    created: Ticks,
    timeout: Ticks,
    used: Ticks,
    positions: HashMap<u32, BrowsePosition>,
    history_positions: HashMap<u32, HistoryPosition>,
    next_position: u32,
}

impl Session {
    /// Belongs to `owner` from now on. With other rights, the places to go on from are gone.
    pub(crate) fn belong(&mut self, owner: Owner) {
        if self.owner.as_ref().is_none_or(|before| !before.is(&owner) || before.grant != owner.grant) {
            self.positions.clear();
            self.history_positions.clear();
        }
        self.owner = Some(owner);
    }

    /// Keeps a place to browse on from.
    pub(crate) fn keep_position(
        &mut self,
        position: BrowsePosition,
        limits: &Limits,
    ) -> Result<u32, StatusCode> {
        if self.positions.len() >= limits.continuation_points {
            return Err(StatusCode::BadNoContinuationPoints);
        }
        self.next_position = self.next_position.wrapping_add(1);
        self.positions.insert(self.next_position, position);
        Ok(self.next_position)
    }

    pub(crate) fn take_position(&mut self, point: u32) -> Option<BrowsePosition> {
        self.positions.remove(&point)
    }

    /// Keeps a place to read history on from.
    pub(crate) fn keep_history_position(
        &mut self,
        position: HistoryPosition,
        limits: &Limits,
    ) -> Result<u32, StatusCode> {
        if self.history_positions.len() >= limits.continuation_points {
            return Err(StatusCode::BadNoContinuationPoints);
        }
        self.next_position = self.next_position.wrapping_add(1);
        self.history_positions.insert(self.next_position, position);
        Ok(self.next_position)
    }

    pub(crate) fn take_history_position(&mut self, point: u32) -> Option<HistoryPosition> {
        self.history_positions.remove(&point)
    }

    fn ends_at(&self, limits: &Limits) -> Ticks {
        match self.owner {
            Some(_) => self.used.saturating_add(self.timeout),
            None => self.created.saturating_add(duration_ticks(limits.activation).min(self.timeout)),
        }
    }
}

#[derive(Default)]
pub(crate) struct Sessions {
    by_token: HashMap<SessionToken, Session>,
    last_key: u32,
}

impl Sessions {
    /// Adds a session. When there are too many the one goes that has been waiting longest to be activated; its key is returned too.
    pub(crate) fn create(
        &mut self,
        new: NewSession,
        limits: &Limits,
    ) -> Result<(SessionKey, Option<SessionKey>), StatusCode> {
        let mut evicted = None;
        if self.by_token.len() >= limits.sessions {
            let idle = self.by_token.iter().filter(|(_, session)| session.owner.is_none());
            let oldest = idle.min_by_key(|(_, session)| session.created).map(|(token, _)| *token);
            let oldest = oldest.ok_or(StatusCode::BadTooManySessions)?;
            evicted = self.by_token.remove(&oldest).map(|session| session.key);
        }
        self.last_key = self.last_key.checked_add(1).unwrap_or(1);
        let key = SessionKey(self.last_key);
        let NewSession { token, channel, certificate, server_nonce, timeout, now } = new;
        let session = Session {
            key,
            channel,
            certificate,
            server_nonce,
            owner: None,
            created: now,
            timeout,
            used: now,
            positions: HashMap::new(),
            history_positions: HashMap::new(),
            next_position: 0,
        };
        self.by_token.insert(token, session);
        Ok((key, evicted))
    }

    /// The session for ActivateSession and CloseSession, activated or not.
    pub(crate) fn find(
        &mut self,
        token: Option<SessionToken>,
        now: Ticks,
    ) -> Result<&mut Session, StatusCode> {
        let session =
            token.and_then(|token| self.by_token.get_mut(&token)).ok_or(StatusCode::BadSessionIdInvalid)?;
        session.used = now;
        Ok(session)
    }

    /// The session for every other service: activated, and over its own channel.
    pub(crate) fn check(
        &mut self,
        token: Option<SessionToken>,
        channel: u32,
        now: Ticks,
    ) -> Result<&mut Session, StatusCode> {
        let token = token.ok_or(StatusCode::BadSessionIdInvalid)?;
        let session = self.by_token.get(&token).ok_or(StatusCode::BadSessionIdInvalid)?;
        if session.channel != channel {
            return Err(StatusCode::BadSecureChannelIdInvalid);
        }
        if session.owner.is_none() {
            // whoever asks before it has said who it is loses the session (Part 4 §5.7.2, HS-19)
            self.by_token.remove(&token);
            return Err(StatusCode::BadSessionNotActivated);
        }
        let session = self.by_token.get_mut(&token).ok_or(StatusCode::BadSessionIdInvalid)?;
        session.used = now;
        Ok(session)
    }

    /// Whether the session is there.
    #[cfg(test)]
    pub(crate) fn has(&self, key: SessionKey) -> bool {
        self.by_token.values().any(|session| session.key == key)
    }

    pub(crate) fn remove(&mut self, token: Option<SessionToken>) -> Option<Session> {
        self.by_token.remove(&token?)
    }

    /// Gives every session the rights that its user has now; where it left off is forgotten, because it may not go on there.
    pub(crate) fn reassess(&mut self, grant: &dyn Fn(&Owner) -> Grant) {
        for session in self.by_token.values_mut() {
            if let Some(owner) = &session.owner {
                let owner = Owner { grant: grant(owner), ..owner.clone() };
                session.belong(owner);
            }
        }
    }

    /// Takes out the sessions whose time is up.
    pub(crate) fn expire(&mut self, now: Ticks, limits: &Limits) -> Vec<SessionKey> {
        let over = self.by_token.extract_if(|_, session| session.ends_at(limits) <= now);
        over.map(|(_, session)| session.key).collect()
    }

    /// How many sessions are in use.
    pub(crate) fn active(&self) -> u32 {
        let active = self.by_token.values().filter(|session| session.owner.is_some()).count();
        u32::try_from(active).unwrap_or(u32::MAX)
    }

    /// Whether an activated session lives on the channel.
    pub(crate) fn is_active_on(&self, channel: u32) -> bool {
        self.by_token.values().any(|session| session.channel == channel && session.owner.is_some())
    }

    /// The sessions on a channel.
    pub(crate) fn on_channel(&self, channel: u32) -> Vec<SessionKey> {
        self.by_token
            .values()
            .filter(|session| session.channel == channel)
            .map(|session| session.key)
            .collect()
    }
}

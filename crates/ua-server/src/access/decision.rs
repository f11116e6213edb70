//! The one place that decides who may do what with a node (Part 3 §5.2.9 to §5.2.11, Part 4 §5.11). Every service asks here.
//!
//! In this order: what must not be seen does not exist; what the channel is too weak for says so; what the role may not do is
//! denied; and what nobody may do with the node, whoever asks, is the node's own limit.

use opcua_types::{AttributeId, StatusCode};
use ua_channel::MessageSecurityMode;

use super::{
    role::{Role, Roles},
    rules::{NodeRules, Permissions},
};

/// What a session has: the roles of its user and application, and the protection of its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) roles: Roles,
    pub(crate) mode: MessageSecurityMode,
}

/// What a session wants of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To be shown that it is there.
    Browse,
    Read(AttributeId),
    Write(AttributeId),
    ReadHistory,
    ReceiveEvents,
    Call,
}

impl Default for Grant {
    /// Nobody, over a channel that anybody reads.
    fn default() -> Self {
        Self { roles: Roles::default(), mode: MessageSecurityMode::None }
    }
}

impl Grant {
    /// Whether the wish is granted, or why not.
    pub(crate) fn check(self, rules: &NodeRules, wish: Wish) -> Result<(), StatusCode> {
        let allowed = rules.allowed(self.roles);
        let restrictions = rules.restrictions();
        if !allowed.contain(Permissions::BROWSE) {
            return Err(StatusCode::BadNodeIdUnknown);
        }
        // a Browse shows these of every node that it lists
        let is_shown = matches!(
            wish,
            Wish::Browse
                | Wish::Read(
                    AttributeId::NodeId
                        | AttributeId::NodeClass
                        | AttributeId::BrowseName
                        | AttributeId::DisplayName
                        | AttributeId::AccessRestrictions
                )
        );
        let applies = !is_shown || restrictions.apply_to_browse;
        if applies && self.is_too_weak(rules) {
            return Err(StatusCode::BadSecurityModeInsufficient);
        }
        let wanted = match wish {
            Wish::Read(AttributeId::Value) => Permissions::READ,
            Wish::Read(AttributeId::RolePermissions) => Permissions::READ_ROLE_PERMISSIONS,
            Wish::Browse | Wish::Read(_) => Permissions::BROWSE,
            Wish::Write(AttributeId::Value) => Permissions::WRITE,
            Wish::Write(_) => Permissions::WRITE_ATTRIBUTE,
            Wish::ReadHistory => Permissions::READ_HISTORY,
            Wish::ReceiveEvents => Permissions::RECEIVE_EVENTS,
            Wish::Call => Permissions::CALL,
        };
        if !allowed.contain(wanted) {
            return Err(StatusCode::BadUserAccessDenied);
        }
        match wish {
            Wish::Read(AttributeId::Value) | Wish::ReadHistory if !rules.is_readable() => {
                Err(StatusCode::BadNotReadable)
            }
            Wish::Write(attribute) if attribute != AttributeId::Value && !rules.can_be_written(attribute) => {
                Err(StatusCode::BadNotWritable)
            }
            _ => Ok(()),
        }
    }

    /// Whether audit events may be seen: by a SecurityAdmin, over a channel that nobody reads along.
    pub(crate) const fn may_see_audit(self) -> bool {
        self.roles.contains(Role::SecurityAdmin) && matches!(self.mode, MessageSecurityMode::SignAndEncrypt)
    }

    /// Whether the channel lacks what the node asks for.
    fn is_too_weak(self, rules: &NodeRules) -> bool {
        let wanted = rules.restrictions();
        let signed = self.mode != MessageSecurityMode::None;
        let encrypted = self.mode == MessageSecurityMode::SignAndEncrypt;
        (wanted.signing && !signed) || (wanted.encryption && !encrypted)
    }

    /// Of bits of AccessLevel or EventNotifier those that this session has: `bits` pairs each with the wish that it stands for.
    pub(crate) fn user_bits(self, rules: &NodeRules, bits: &[(u8, Wish)]) -> u8 {
        let granted = bits.iter().filter(|(_, wish)| self.check(rules, *wish).is_ok());
        granted.fold(0, |all, (bit, _)| all | bit)
    }
}

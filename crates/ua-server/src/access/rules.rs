//! What a node asks of those who use it: the attributes RolePermissions, AccessRestrictions and WriteMask.

use opcua_types::{
    AccessRestrictionType, AttributeId, ExtensionObject, PermissionType, RolePermissionType, Variant,
    WriteMask,
};

use super::role::{Role, Roles};

/// Something that a role may do with a node, or several things at once (Part 3 §8.55).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u32);

impl Permissions {
    /// Seeing that the node is there, and its attributes but for the value and the permissions.
    pub const BROWSE: Self = Self(1);
    /// Reading the attribute RolePermissions.
    pub const READ_ROLE_PERMISSIONS: Self = Self(1 << 1);
    /// Writing other attributes than the value.
    pub const WRITE_ATTRIBUTE: Self = Self(1 << 2);
    /// Reading the value.
    pub const READ: Self = Self(1 << 5);
    /// Writing the value.
    pub const WRITE: Self = Self(1 << 6);
    /// Reading what the value was.
    pub const READ_HISTORY: Self = Self(1 << 7);
    /// Getting the events of which the node is the source.
    pub const RECEIVE_EVENTS: Self = Self(1 << 11);
    /// Calling the method, or methods of the object.
    pub const CALL: Self = Self(1 << 12);

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether all of `others` are among them.
    #[must_use]
    pub const fn contain(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    fn to_type(self) -> PermissionType {
        PermissionType::from_bits_truncate(i32::try_from(self.0).unwrap_or_default())
    }
}

/// What the channel must offer before a node can be used (Part 3 §8.56).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restrictions {
    /// It must be signed.
    pub signing: bool,
    /// It must be encrypted.
    pub encryption: bool,
    /// There must be a session. Here there always is.
    pub session: bool,
    /// Without it the node is not even shown.
    pub apply_to_browse: bool,
}

impl Restrictions {
    pub(crate) fn bits(self) -> u16 {
        let flags = [
            (self.signing, AccessRestrictionType::SigningRequired),
            (self.encryption, AccessRestrictionType::EncryptionRequired),
            (self.session, AccessRestrictionType::SessionRequired),
            (self.apply_to_browse, AccessRestrictionType::ApplyRestrictionsToBrowse),
        ];
        let set = flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag);
        u16::try_from(set.fold(AccessRestrictionType::empty(), |all, flag| all | flag).bits())
            .unwrap_or_default()
    }
}

/// The rules of one node. Whoever is not named may do nothing, not even see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeRules {
    permissions: Vec<(Role, Permissions)>,
    restrictions: Restrictions,
    is_write_only: bool,
    write_mask: u32,
}

impl NodeRules {
    /// For nobody. The nodes of a namespace whose rules nobody has set are like this.
    #[must_use]
    pub fn nobody() -> Self {
        Self::default()
    }

    /// What Part 3 §4.9.2 suggests for live data: who logged in sees that a node is there; an Observer also reads it, its past and
    /// its events, and so do Operator, Engineer and Supervisor; a SecurityAdmin sees who may do what. Nobody writes.
    #[must_use]
    pub fn observed() -> Self {
        let read = Permissions::BROWSE
            .and(Permissions::READ)
            .and(Permissions::READ_HISTORY)
            .and(Permissions::RECEIVE_EVENTS);
        Self::nobody()
            .allow(Role::AuthenticatedUser, Permissions::BROWSE)
            .allow(Role::Observer, read)
            .allow(Role::Operator, read)
            .allow(Role::Engineer, read.and(Permissions::READ_ROLE_PERMISSIONS))
            .allow(Role::Supervisor, read)
            .allow(Role::ConfigureAdmin, Permissions::BROWSE)
            .allow(Role::SecurityAdmin, Permissions::BROWSE.and(Permissions::READ_ROLE_PERMISSIONS))
    }

    /// What everybody may know of the server itself: its standard nodes.
    pub(crate) fn standard() -> Self {
        let all = Permissions::BROWSE
            .and(Permissions::READ)
            .and(Permissions::READ_HISTORY)
            .and(Permissions::RECEIVE_EVENTS)
            .and(Permissions::CALL);
        Self::nobody()
            .allow(Role::Anonymous, all)
            .allow(Role::SecurityAdmin, Permissions::READ_ROLE_PERMISSIONS)
    }

    /// A role may do this, too.
    #[must_use]
    pub fn allow(mut self, role: Role, permissions: Permissions) -> Self {
        match self.permissions.iter_mut().find(|(known, _)| *known == role) {
            Some((_, known)) => *known = known.and(permissions),
            None => self.permissions.push((role, permissions)),
        }
        self
    }

    /// Only over a channel that offers this.
    #[must_use]
    pub const fn restrict(mut self, restrictions: Restrictions) -> Self {
        self.restrictions = restrictions;
        self
    }

    /// The value can be written and not read, whoever asks: AccessLevel without CurrentRead.
    #[must_use]
    pub const fn write_only(mut self) -> Self {
        self.is_write_only = true;
        self
    }

    /// The attribute Description can be written by those with [`Permissions::WRITE_ATTRIBUTE`].
    #[must_use]
    pub const fn with_description_to_write(mut self) -> Self {
        self.write_mask = WriteMask::DESCRIPTION.bits();
        self
    }

    pub(crate) const fn is_readable(&self) -> bool {
        !self.is_write_only
    }

    pub(crate) const fn write_mask(&self) -> u32 {
        self.write_mask
    }

    /// Whether the attribute is one that can be written at all.
    pub(crate) fn can_be_written(&self, attribute: AttributeId) -> bool {
        attribute == AttributeId::Description && self.write_mask & WriteMask::DESCRIPTION.bits() != 0
    }

    pub(crate) const fn restrictions(&self) -> Restrictions {
        self.restrictions
    }

    /// What somebody with these roles may do: what any of them may.
    pub(crate) fn allowed(&self, roles: Roles) -> Permissions {
        let mine = self.permissions.iter().filter(|(role, _)| roles.contains(*role));
        mine.fold(Permissions::default(), |all, (_, permissions)| all.and(*permissions))
    }

    /// The attribute RolePermissions, or UserRolePermissions for the roles of a user.
    pub(crate) fn to_variant(&self, only: Option<Roles>) -> Variant {
        let rows = self.permissions.iter().filter(|(role, _)| only.is_none_or(|only| only.contains(*role)));
        let rows = rows.map(|(role, permissions)| {
            let row = RolePermissionType { role_id: role.node_id(), permissions: permissions.to_type() };
            ExtensionObject::from_message(row)
        });
        Variant::from(rows.collect::<Vec<_>>())
    }
}

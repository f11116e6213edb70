//! The well-known roles (Part 3 §4.9.2, Part 18 §4.2).

use opcua_types::{NodeId, ObjectId};

/// What a session may be; one session can be several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Everybody, whoever it is.
    Anonymous,
    /// Everybody who said who it is and proved it.
    AuthenticatedUser,
    /// Every application whose certificate is trusted, over a channel that is signed.
    TrustedApplication,
    /// Reads live data, history and events.
    Observer,
    /// Also writes some live data and calls some methods.
    Operator,
    /// Also configures.
    Engineer,
    /// Reads, and calls some methods.
    Supervisor,
    /// Configures what has nothing to do with security.
    ConfigureAdmin,
    /// Configures security, and sees who did what.
    SecurityAdmin,
}

impl Role {
    /// All of them, in the order of the standard.
    pub const ALL: [Self; 9] = [
        Self::Anonymous,
        Self::AuthenticatedUser,
        Self::TrustedApplication,
        Self::Observer,
        Self::Operator,
        Self::Engineer,
        Self::Supervisor,
        Self::ConfigureAdmin,
        Self::SecurityAdmin,
    ];

    /// Its browse name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "Anonymous",
            Self::AuthenticatedUser => "AuthenticatedUser",
            Self::TrustedApplication => "TrustedApplication",
            Self::Observer => "Observer",
            Self::Operator => "Operator",
            Self::Engineer => "Engineer",
            Self::Supervisor => "Supervisor",
            Self::ConfigureAdmin => "ConfigureAdmin",
            Self::SecurityAdmin => "SecurityAdmin",
        }
    }

    /// The role of that browse name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether an administrator says who has it. The others follow from how a session came about (Part 18 §4.2).
    #[must_use]
    pub const fn is_given(self) -> bool {
        !matches!(self, Self::Anonymous | Self::AuthenticatedUser | Self::TrustedApplication)
    }

    pub(crate) fn node_id(self) -> NodeId {
        NodeId::from(match self {
            Self::Anonymous => ObjectId::WellKnownRole_Anonymous,
            Self::AuthenticatedUser => ObjectId::WellKnownRole_AuthenticatedUser,
            Self::TrustedApplication => ObjectId::WellKnownRole_TrustedApplication,
            Self::Observer => ObjectId::WellKnownRole_Observer,
            Self::Operator => ObjectId::WellKnownRole_Operator,
            Self::Engineer => ObjectId::WellKnownRole_Engineer,
            Self::Supervisor => ObjectId::WellKnownRole_Supervisor,
            Self::ConfigureAdmin => ObjectId::WellKnownRole_ConfigureAdmin,
            Self::SecurityAdmin => ObjectId::WellKnownRole_SecurityAdmin,
        })
    }

    const fn bit(self) -> u16 {
        match self {
            Self::Anonymous => 1,
            Self::AuthenticatedUser => 1 << 1,
            Self::TrustedApplication => 1 << 2,
            Self::Observer => 1 << 3,
            Self::Operator => 1 << 4,
            Self::Engineer => 1 << 5,
            Self::Supervisor => 1 << 6,
            Self::ConfigureAdmin => 1 << 7,
            Self::SecurityAdmin => 1 << 8,
        }
    }
}

/// A set of roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles(u16);

impl Roles {
    /// With one more.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// Whether the role is among them.
    #[must_use]
    pub const fn contains(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Each of them, in the order of the standard.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::default(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_one_name_one_node_and_one_place_in_a_set() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
            let only = Roles::default().with(role);
            assert_eq!(only.iter().collect::<Vec<_>>(), [role]);
            let official = format!("{:?}", role.node_id().as_object_id().unwrap());
            assert_eq!(official, format!("WellKnownRole_{}", role.name()));
        }
        assert_eq!(Role::from_name("observer"), None);
    }
}

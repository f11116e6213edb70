//! The types of audit events, with the fields that ours have (Part 5 §6.4.3 ff.).

use opcua_types::{DataTypeId, ObjectTypeId, QualifiedName, ReferenceTypeId, VariableId};

use super::{node::NodeKind, query::AddressSpace, standard_types::add_event_field};
use crate::Error;

type Field = (VariableId, &'static str, DataTypeId);

/// A type, its name, the type that it is derived from, and its own fields.
type Row = (ObjectTypeId, &'static str, ObjectTypeId, &'static [Field]);

pub(super) fn add(space: &mut AddressSpace) -> Result<(), Error> {
    for &(kind, name, parent, fields) in TYPES {
        let id = kind.into();
        space.insert(id, QualifiedName::new(0, name), None, NodeKind::ObjectType { is_abstract: false })?;
        space.refer(&parent.into(), ReferenceTypeId::HasSubtype, &kind.into())?;
        for &(field, name, data_type) in fields {
            add_event_field(space, &kind.into(), field.into(), QualifiedName::new(0, name), data_type)?;
        }
    }
    Ok(())
}

/// The browse name of an audit event type that is here.
pub(crate) fn audit_type_name(kind: ObjectTypeId) -> Option<&'static str> {
    TYPES.iter().find(|row| row.0 == kind).map(|row| row.1)
}

/// The fields of all audit event types.
pub(crate) fn audit_fields() -> impl Iterator<Item = &'static str> {
    TYPES.iter().flat_map(|row| row.3).map(|field| field.1)
}

use DataTypeId as D;
use ObjectTypeId as T;
use VariableId as V;

const TYPES: &[Row] = &[
    (
        T::AuditEventType,
        "AuditEventType",
        T::BaseEventType,
        &[
            (V::AuditEventType_ActionTimeStamp, "ActionTimeStamp", D::UtcTime),
            (V::AuditEventType_Status, "Status", D::Boolean),
            (V::AuditEventType_ServerId, "ServerId", D::String),
            (V::AuditEventType_ClientAuditEntryId, "ClientAuditEntryId", D::String),
            (V::AuditEventType_ClientUserId, "ClientUserId", D::String),
        ],
    ),
    (
        T::AuditSecurityEventType,
        "AuditSecurityEventType",
        T::AuditEventType,
        &[(V::AuditSecurityEventType_StatusCodeId, "StatusCodeId", D::StatusCode)],
    ),
    (
        T::AuditChannelEventType,
        "AuditChannelEventType",
        T::AuditSecurityEventType,
        &[(V::AuditChannelEventType_SecureChannelId, "SecureChannelId", D::String)],
    ),
    (
        T::AuditOpenSecureChannelEventType,
        "AuditOpenSecureChannelEventType",
        T::AuditChannelEventType,
        &[
            (V::AuditOpenSecureChannelEventType_ClientCertificate, "ClientCertificate", D::ByteString),
            (
                V::AuditOpenSecureChannelEventType_ClientCertificateThumbprint,
                "ClientCertificateThumbprint",
                D::String,
            ),
            (V::AuditOpenSecureChannelEventType_RequestType, "RequestType", D::SecurityTokenRequestType),
            (V::AuditOpenSecureChannelEventType_SecurityPolicyUri, "SecurityPolicyUri", D::String),
            (V::AuditOpenSecureChannelEventType_SecurityMode, "SecurityMode", D::MessageSecurityMode),
            (V::AuditOpenSecureChannelEventType_RequestedLifetime, "RequestedLifetime", D::Duration),
        ],
    ),
    (
        T::AuditSessionEventType,
        "AuditSessionEventType",
        T::AuditSecurityEventType,
        &[(V::AuditSessionEventType_SessionId, "SessionId", D::NodeId)],
    ),
    (
        T::AuditCreateSessionEventType,
        "AuditCreateSessionEventType",
        T::AuditSessionEventType,
        &[
            (V::AuditCreateSessionEventType_SecureChannelId, "SecureChannelId", D::String),
            (V::AuditCreateSessionEventType_ClientCertificate, "ClientCertificate", D::ByteString),
            (
                V::AuditCreateSessionEventType_ClientCertificateThumbprint,
                "ClientCertificateThumbprint",
                D::String,
            ),
            (V::AuditCreateSessionEventType_RevisedSessionTimeout, "RevisedSessionTimeout", D::Duration),
        ],
    ),
    (
        T::AuditActivateSessionEventType,
        "AuditActivateSessionEventType",
        T::AuditSessionEventType,
        &[
            (V::AuditActivateSessionEventType_UserIdentityToken, "UserIdentityToken", D::UserIdentityToken),
            (V::AuditActivateSessionEventType_SecureChannelId, "SecureChannelId", D::String),
            (V::AuditActivateSessionEventType_CurrentRoleIds, "CurrentRoleIds", D::NodeId),
        ],
    ),
    (
        T::AuditCertificateEventType,
        "AuditCertificateEventType",
        T::AuditSecurityEventType,
        &[(V::AuditCertificateEventType_Certificate, "Certificate", D::ByteString)],
    ),
    (
        T::AuditCertificateDataMismatchEventType,
        "AuditCertificateDataMismatchEventType",
        T::AuditCertificateEventType,
        &[],
    ),
    (
        T::AuditCertificateExpiredEventType,
        "AuditCertificateExpiredEventType",
        T::AuditCertificateEventType,
        &[],
    ),
    (
        T::AuditCertificateInvalidEventType,
        "AuditCertificateInvalidEventType",
        T::AuditCertificateEventType,
        &[],
    ),
    (
        T::AuditCertificateUntrustedEventType,
        "AuditCertificateUntrustedEventType",
        T::AuditCertificateEventType,
        &[],
    ),
    (
        T::AuditCertificateRevokedEventType,
        "AuditCertificateRevokedEventType",
        T::AuditCertificateEventType,
        &[],
    ),
    (
        T::AuditCertificateMismatchEventType,
        "AuditCertificateMismatchEventType",
        T::AuditCertificateEventType,
        &[],
    ),
    (T::AuditUpdateEventType, "AuditUpdateEventType", T::AuditEventType, &[]),
    (
        T::AuditWriteUpdateEventType,
        "AuditWriteUpdateEventType",
        T::AuditUpdateEventType,
        &[
            (V::AuditWriteUpdateEventType_AttributeId, "AttributeId", D::UInt32),
            (V::AuditWriteUpdateEventType_IndexRange, "IndexRange", D::String),
            (V::AuditWriteUpdateEventType_OldValue, "OldValue", D::BaseDataType),
            (V::AuditWriteUpdateEventType_NewValue, "NewValue", D::BaseDataType),
        ],
    ),
    (
        T::AuditUpdateMethodEventType,
        "AuditUpdateMethodEventType",
        T::AuditEventType,
        &[
            (V::AuditUpdateMethodEventType_MethodId, "MethodId", D::NodeId),
            (V::AuditUpdateMethodEventType_StatusCodeId, "StatusCodeId", D::StatusCode),
            (V::AuditUpdateMethodEventType_InputArguments, "InputArguments", D::BaseDataType),
        ],
    ),
    (
        T::RoleMappingRuleChangedAuditEventType,
        "RoleMappingRuleChangedAuditEventType",
        T::AuditUpdateMethodEventType,
        &[],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_the_names_that_the_official_list_gives_its_ids() {
        for (kind, name, _, fields) in TYPES {
            assert_eq!(format!("{kind:?}"), *name);
            for (field, field_name, _) in *fields {
                assert_eq!(format!("{field:?}"), format!("{name}_{field_name}"));
            }
        }
    }
}

//! The standard types that clients resolve: reference types, data types, object types and variable types (Part 3, Part 5).
//!
//! Tables of (numeric id, browse name, parent, …) in namespace 0. A test holds every row against the official id list.

use opcua_types::{DataTypeId, NodeId, ObjectTypeId, QualifiedName, ReferenceTypeId, VariableTypeId};

use super::{
    node::{Content, NodeKind},
    query::AddressSpace,
};
use crate::{Error, values::Value};

/// Whether a type may have instances.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Abstract,
    Concrete,
}
use Kind::{Abstract as A, Concrete as C};

pub(super) fn add(space: &mut AddressSpace) -> Result<(), Error> {
    for &(id, name, _, kind, inverse) in REFERENCE_TYPES {
        let symmetric = inverse.is_empty();
        let kind = NodeKind::ReferenceType { is_abstract: kind == A, symmetric, inverse_name: inverse };
        space.insert(NodeId::new(0, id), QualifiedName::new(0, name), None, kind)?;
    }
    for &(id, name, _, kind) in DATA_TYPES {
        let kind = NodeKind::DataType { is_abstract: kind == A, definition: None };
        space.insert(NodeId::new(0, id), QualifiedName::new(0, name), None, kind)?;
    }
    for &(id, name, _, kind) in OBJECT_TYPES {
        let kind = NodeKind::ObjectType { is_abstract: kind == A };
        space.insert(NodeId::new(0, id), QualifiedName::new(0, name), None, kind)?;
    }
    for &(id, name, _, kind, data_type, value_rank) in VARIABLE_TYPES {
        let kind = NodeKind::VariableType { is_abstract: kind == A, data_type: data_type.into(), value_rank };
        space.insert(NodeId::new(0, id), QualifiedName::new(0, name), None, kind)?;
    }
    let parents = REFERENCE_TYPES.iter().map(|row| (row.0, row.2));
    let parents = parents.chain(DATA_TYPES.iter().map(|row| (row.0, row.2)));
    let parents = parents.chain(OBJECT_TYPES.iter().map(|row| (row.0, row.2)));
    let parents = parents.chain(VARIABLE_TYPES.iter().map(|row| (row.0, row.2)));
    for (child, parent) in parents.filter(|(_, parent)| *parent != 0) {
        space.refer(&NodeId::new(0, parent), ReferenceTypeId::HasSubtype, &NodeId::new(0, child))?;
    }
    for &(id, name, data_type) in EVENT_FIELDS {
        let base = ObjectTypeId::BaseEventType.into();
        add_event_field(space, &base, NodeId::new(0, id), QualifiedName::new(0, name), data_type)?;
    }
    Ok(())
}

/// A field of an event type, as a property of the type.
pub(super) fn add_event_field(
    space: &mut AddressSpace,
    event_type: &NodeId,
    id: NodeId,
    name: QualifiedName,
    data_type: DataTypeId,
) -> Result<(), Error> {
    let kind = NodeKind::Variable {
        data_type: data_type.into(),
        value_rank: -1,
        minimum_sampling: 0.0,
        content: Content::Fixed(Value::Null),
    };
    space.insert(id.clone(), name, None, kind)?;
    space.refer(event_type, ReferenceTypeId::HasProperty, &id)?;
    space.refer(&id, ReferenceTypeId::HasTypeDefinition, &VariableTypeId::PropertyType.into())
}

/// (id, name, data type) of the fields of BaseEventType
const EVENT_FIELDS: &[(u32, &str, DataTypeId)] = &[
    (2042, "EventId", DataTypeId::ByteString),
    (2043, "EventType", DataTypeId::NodeId),
    (2044, "SourceNode", DataTypeId::NodeId),
    (2045, "SourceName", DataTypeId::String),
    (2046, "Time", DataTypeId::UtcTime),
    (2047, "ReceiveTime", DataTypeId::UtcTime),
    (2050, "Message", DataTypeId::LocalizedText),
    (2051, "Severity", DataTypeId::UInt16),
];

/// (id, name, supertype or 0, kind, inverse name; empty for symmetric ones)
const REFERENCE_TYPES: &[(u32, &str, u32, Kind, &str)] = &[
    (31, "References", 0, A, ""),
    (32, "NonHierarchicalReferences", 31, A, ""),
    (33, "HierarchicalReferences", 31, A, "InverseHierarchicalReferences"),
    (34, "HasChild", 33, A, "ChildOf"),
    (35, "Organizes", 33, C, "OrganizedBy"),
    (36, "HasEventSource", 33, C, "EventSourceOf"),
    (37, "HasModellingRule", 32, C, "ModellingRuleOf"),
    (38, "HasEncoding", 32, C, "EncodingOf"),
    (39, "HasDescription", 32, C, "DescriptionOf"),
    (40, "HasTypeDefinition", 32, C, "TypeDefinitionOf"),
    (41, "GeneratesEvent", 32, C, "GeneratedBy"),
    (44, "Aggregates", 34, A, "AggregatedBy"),
    (45, "HasSubtype", 34, C, "SubtypeOf"),
    (46, "HasProperty", 44, C, "PropertyOf"),
    (47, "HasComponent", 44, C, "ComponentOf"),
    (48, "HasNotifier", 36, C, "NotifierOf"),
    (49, "HasOrderedComponent", 47, C, "OrderedComponentOf"),
    (51, "FromState", 32, C, "ToTransition"),
    (52, "ToState", 32, C, "FromTransition"),
    (53, "HasCause", 32, C, "MayBeCausedBy"),
    (54, "HasEffect", 32, C, "MayBeEffectedBy"),
    (56, "HasHistoricalConfiguration", 44, C, "HistoricalConfigurationOf"),
    (3065, "AlwaysGeneratesEvent", 41, C, "AlwaysGeneratedBy"),
    (17603, "HasInterface", 32, C, "InterfaceOf"),
    (17604, "HasAddIn", 47, C, "AddInOf"),
];

/// (id, name, supertype or 0, kind)
const DATA_TYPES: &[(u32, &str, u32, Kind)] = &[
    (24, "BaseDataType", 0, A),
    (1, "Boolean", 24, C),
    (26, "Number", 24, A),
    (27, "Integer", 26, A),
    (28, "UInteger", 26, A),
    (2, "SByte", 27, C),
    (3, "Byte", 28, C),
    (4, "Int16", 27, C),
    (5, "UInt16", 28, C),
    (6, "Int32", 27, C),
    (7, "UInt32", 28, C),
    (8, "Int64", 27, C),
    (9, "UInt64", 28, C),
    (10, "Float", 26, C),
    (11, "Double", 26, C),
    (50, "Decimal", 26, C),
    (12, "String", 24, C),
    (13, "DateTime", 24, C),
    (14, "Guid", 24, C),
    (15, "ByteString", 24, C),
    (16, "XmlElement", 24, C),
    (17, "NodeId", 24, C),
    (18, "ExpandedNodeId", 24, C),
    (19, "StatusCode", 24, C),
    (20, "QualifiedName", 24, C),
    (21, "LocalizedText", 24, C),
    (22, "Structure", 24, A),
    (23, "DataValue", 24, C),
    (25, "DiagnosticInfo", 24, C),
    (29, "Enumeration", 24, A),
    (30, "Image", 15, A),
    (256, "IdType", 29, C),
    (257, "NodeClass", 29, C),
    (288, "IntegerId", 7, C),
    (289, "Counter", 7, C),
    (290, "Duration", 11, C),
    (291, "NumericRange", 12, C),
    (294, "UtcTime", 13, C),
    (295, "LocaleId", 12, C),
    (94, "PermissionType", 7, C),
    (95, "AccessRestrictionType", 5, C),
    (96, "RolePermissionType", 22, C),
    (296, "Argument", 22, C),
    (302, "MessageSecurityMode", 29, C),
    (311, "ApplicationInstanceCertificate", 15, C),
    (315, "SecurityTokenRequestType", 29, C),
    (316, "UserIdentityToken", 22, A),
    (338, "BuildInfo", 22, C),
    (344, "SignedSoftwareCertificate", 22, C),
    (851, "RedundancySupport", 29, C),
    (852, "ServerState", 29, C),
    (859, "ServerDiagnosticsSummaryDataType", 22, C),
    (862, "ServerStatusDataType", 22, C),
    (884, "Range", 22, C),
    (887, "EUInformation", 22, C),
    (7594, "EnumValueType", 22, C),
    (8912, "TimeZoneDataType", 22, C),
    (12755, "OptionSet", 22, A),
];

/// (id, name, supertype or 0, kind)
const OBJECT_TYPES: &[(u32, &str, u32, Kind)] = &[
    (58, "BaseObjectType", 0, C),
    (61, "FolderType", 58, C),
    (75, "DataTypeSystemType", 58, C),
    (76, "DataTypeEncodingType", 58, C),
    (77, "ModellingRuleType", 58, C),
    (2004, "ServerType", 58, C),
    (2013, "ServerCapabilitiesType", 58, C),
    (2020, "ServerDiagnosticsType", 58, C),
    (2033, "VendorServerInfoType", 58, C),
    (2034, "ServerRedundancyType", 58, C),
    (2041, "BaseEventType", 58, C),
    (3035, "EventQueueOverflowEventType", 2041, C),
    (2132, "BaseModelChangeEventType", 2041, A),
    (2133, "GeneralModelChangeEventType", 2132, C),
    (2738, "SemanticChangeEventType", 2041, C),
    (2330, "HistoryServerCapabilitiesType", 58, C),
    (2340, "AggregateFunctionType", 58, C),
    (11564, "OperationLimitsType", 61, C),
    (11616, "NamespaceMetadataType", 58, C),
    (15607, "RoleSetType", 58, C),
    (15620, "RoleType", 58, C),
    (11645, "NamespacesType", 58, C),
];

/// (id, name, supertype or 0, kind, data type, value rank)
const VARIABLE_TYPES: &[(u32, &str, u32, Kind, DataTypeId, i32)] = &[
    (62, "BaseVariableType", 0, A, DataTypeId::BaseDataType, -2),
    (63, "BaseDataVariableType", 62, C, DataTypeId::BaseDataType, -2),
    (68, "PropertyType", 62, C, DataTypeId::BaseDataType, -2),
    (2137, "ServerVendorCapabilityType", 63, A, DataTypeId::BaseDataType, -2),
    (2138, "ServerStatusType", 63, C, DataTypeId::ServerStatusDataType, -1),
    (2150, "ServerDiagnosticsSummaryType", 63, C, DataTypeId::ServerDiagnosticsSummaryDataType, -1),
    (3051, "BuildInfoType", 63, C, DataTypeId::BuildInfo, -1),
    (2365, "DataItemType", 63, C, DataTypeId::BaseDataType, -2),
    (15318, "BaseAnalogType", 2365, C, DataTypeId::Number, -2),
    (2368, "AnalogItemType", 15318, C, DataTypeId::Number, -2),
    (17497, "AnalogUnitType", 15318, C, DataTypeId::Number, -2),
    (17570, "AnalogUnitRangeType", 2368, C, DataTypeId::Number, -2),
    (2372, "DiscreteItemType", 2365, A, DataTypeId::BaseDataType, -2),
    (2373, "TwoStateDiscreteType", 2372, C, DataTypeId::Boolean, -2),
    (2376, "MultiStateDiscreteType", 2372, C, DataTypeId::UInteger, -2),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_the_name_that_the_official_list_gives_its_id() {
        for row in REFERENCE_TYPES {
            assert_eq!(format!("{:?}", ReferenceTypeId::try_from(row.0).unwrap()), row.1);
        }
        for row in DATA_TYPES {
            assert_eq!(format!("{:?}", DataTypeId::try_from(row.0).unwrap()), row.1);
        }
        for row in OBJECT_TYPES {
            assert_eq!(format!("{:?}", ObjectTypeId::try_from(row.0).unwrap()), row.1);
        }
        for row in VARIABLE_TYPES {
            assert_eq!(format!("{:?}", VariableTypeId::try_from(row.0).unwrap()), row.1);
        }
    }
}

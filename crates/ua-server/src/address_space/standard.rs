//! The standard instances: Root with its folders and the Server object with what clients read on connecting (Part 5 §8).

use opcua_types::{
    DataTypeId, NodeId, ObjectTypeId, QualifiedName, ReferenceTypeId, UAString, VariableTypeId, Variant,
};

use super::{
    node::{Content, NodeKind, ServerVariable},
    query::AddressSpace,
};
use crate::{Error, access::Role, diagnostics::Count, limits::Limits, services::Aggregate, values::Value};

/// How an instance hangs under its parent.
#[derive(Clone, Copy)]
enum Link {
    Organizes,
    Component,
    Property,
}

impl From<Link> for ReferenceTypeId {
    fn from(link: Link) -> Self {
        match link {
            Link::Organizes => Self::Organizes,
            Link::Component => Self::HasComponent,
            Link::Property => Self::HasProperty,
        }
    }
}

pub(super) fn add(space: &mut AddressSpace, limits: &Limits) -> Result<(), Error> {
    space.insert(NodeId::new(0, 84_u32), QualifiedName::new(0, "Root"), None, NodeKind::Object)?;
    let root = NodeId::new(0, 84_u32);
    space.refer(&root, ReferenceTypeId::HasTypeDefinition, &ObjectTypeId::FolderType.into())?;
    for &(id, name, parent, link, type_definition) in OBJECTS {
        let id = NodeId::new(0, id);
        space.insert(id.clone(), QualifiedName::new(0, name), None, NodeKind::Object)?;
        space.refer(&NodeId::new(0, parent), link.into(), &id)?;
        space.refer(&id, ReferenceTypeId::HasTypeDefinition, &type_definition.into())?;
    }
    for (folder, kind) in [(TYPES_OBJECT, 58), (TYPES_VARIABLE, 62), (TYPES_DATA, 24), (TYPES_REFERENCE, 31)]
    {
        space.refer(&NodeId::new(0, folder), ReferenceTypeId::Organizes, &NodeId::new(0, kind))?;
    }
    for role in Role::ALL {
        let id = role.node_id();
        space.insert(id.clone(), QualifiedName::new(0, role.name()), None, NodeKind::Object)?;
        space.refer(&NodeId::new(0, ROLE_SET), ReferenceTypeId::HasComponent, &id)?;
        space.refer(&id, ReferenceTypeId::HasTypeDefinition, &ObjectTypeId::RoleType.into())?;
    }
    add_status(space)?;
    add_capabilities(space, limits)
}

const OBJECTS_FOLDER: u32 = 85;
const TYPES_FOLDER: u32 = 86;
const TYPES_OBJECT: u32 = 88;
const TYPES_VARIABLE: u32 = 89;
const TYPES_DATA: u32 = 90;
const TYPES_REFERENCE: u32 = 91;
const SERVER: u32 = 2253;
const STATUS: u32 = 2256;
const BUILD_INFO: u32 = 2260;
const CAPABILITIES: u32 = 2268;
const DIAGNOSTICS: u32 = 2274;
const SUMMARY: u32 = 2275;
const REDUNDANCY: u32 = 2296;
const OPERATION_LIMITS: u32 = 11704;
const ROLE_SET: u32 = 15606;
const HISTORY: u32 = 11192;
const HISTORY_AGGREGATES: u32 = 11201;

/// (id, name, parent, link, type)
const OBJECTS: &[(u32, &str, u32, Link, ObjectTypeId)] = &[
    (OBJECTS_FOLDER, "Objects", 84, Link::Organizes, ObjectTypeId::FolderType),
    (TYPES_FOLDER, "Types", 84, Link::Organizes, ObjectTypeId::FolderType),
    (87, "Views", 84, Link::Organizes, ObjectTypeId::FolderType),
    (TYPES_OBJECT, "ObjectTypes", TYPES_FOLDER, Link::Organizes, ObjectTypeId::FolderType),
    (TYPES_VARIABLE, "VariableTypes", TYPES_FOLDER, Link::Organizes, ObjectTypeId::FolderType),
    (TYPES_DATA, "DataTypes", TYPES_FOLDER, Link::Organizes, ObjectTypeId::FolderType),
    (TYPES_REFERENCE, "ReferenceTypes", TYPES_FOLDER, Link::Organizes, ObjectTypeId::FolderType),
    (SERVER, "Server", OBJECTS_FOLDER, Link::Organizes, ObjectTypeId::ServerType),
    (CAPABILITIES, "ServerCapabilities", SERVER, Link::Component, ObjectTypeId::ServerCapabilitiesType),
    (OPERATION_LIMITS, "OperationLimits", CAPABILITIES, Link::Component, ObjectTypeId::OperationLimitsType),
    (2996, "ModellingRules", CAPABILITIES, Link::Component, ObjectTypeId::FolderType),
    (78, "Mandatory", 2996, Link::Organizes, ObjectTypeId::ModellingRuleType),
    (2997, "AggregateFunctions", CAPABILITIES, Link::Component, ObjectTypeId::FolderType),
    (
        HISTORY,
        "HistoryServerCapabilities",
        CAPABILITIES,
        Link::Component,
        ObjectTypeId::HistoryServerCapabilitiesType,
    ),
    (HISTORY_AGGREGATES, "AggregateFunctions", HISTORY, Link::Component, ObjectTypeId::FolderType),
    (DIAGNOSTICS, "ServerDiagnostics", SERVER, Link::Component, ObjectTypeId::ServerDiagnosticsType),
    (2295, "VendorServerInfo", SERVER, Link::Component, ObjectTypeId::VendorServerInfoType),
    (REDUNDANCY, "ServerRedundancy", SERVER, Link::Component, ObjectTypeId::ServerRedundancyType),
    (ROLE_SET, "RoleSet", CAPABILITIES, Link::Component, ObjectTypeId::RoleSetType),
    (11715, "Namespaces", SERVER, Link::Component, ObjectTypeId::NamespacesType),
];

/// (parent, id, name, data type) of one variable; its value comes apart.
type Row = (u32, u32, &'static str, DataTypeId);

fn variable(
    space: &mut AddressSpace,
    (parent, id, name, data_type): Row,
    link: Link,
    type_definition: VariableTypeId,
    content: Content,
) -> Result<(), Error> {
    let id = NodeId::new(0, id);
    let is_array = match &content {
        Content::Fixed(Value::Other(value)) => matches!(value.as_ref(), Variant::Array(_)),
        Content::Server(which) => {
            matches!(which, ServerVariable::ServerArray | ServerVariable::NamespaceArray)
        }
        Content::Fixed(_) | Content::Live(_) => false,
    };
    let kind = NodeKind::Variable {
        data_type: data_type.into(),
        value_rank: if is_array { 1 } else { -1 },
        minimum_sampling: 1000.0,
        content,
    };
    space.insert(id.clone(), QualifiedName::new(0, name), None, kind)?;
    space.refer(&NodeId::new(0, parent), link.into(), &id)?;
    space.refer(&id, ReferenceTypeId::HasTypeDefinition, &type_definition.into())
}

fn property(space: &mut AddressSpace, row: Row, value: impl Into<Value>) -> Result<(), Error> {
    variable(space, row, Link::Property, VariableTypeId::PropertyType, Content::Fixed(value.into()))
}

fn component(space: &mut AddressSpace, row: Row, content: Content) -> Result<(), Error> {
    variable(space, row, Link::Component, VariableTypeId::BaseDataVariableType, content)
}

fn add_status(space: &mut AddressSpace) -> Result<(), Error> {
    let live = |which| Content::Server(which);
    let fixed = |value: Value| Content::Fixed(value);
    for (row, which) in [
        ((SERVER, 2254, "ServerArray", DataTypeId::String), ServerVariable::ServerArray),
        ((SERVER, 2255, "NamespaceArray", DataTypeId::String), ServerVariable::NamespaceArray),
    ] {
        variable(space, row, Link::Property, VariableTypeId::PropertyType, live(which))?;
    }
    property(space, (SERVER, 2267, "ServiceLevel", DataTypeId::Byte), Value::Byte(255))?;
    property(space, (SERVER, 2994, "Auditing", DataTypeId::Boolean), Value::Boolean(true))?;
    let status = (SERVER, STATUS, "ServerStatus", DataTypeId::ServerStatusDataType);
    variable(
        space,
        status,
        Link::Component,
        VariableTypeId::ServerStatusType,
        live(ServerVariable::ServerStatus),
    )?;
    component(space, (STATUS, 2257, "StartTime", DataTypeId::UtcTime), live(ServerVariable::StartTime))?;
    component(space, (STATUS, 2258, "CurrentTime", DataTypeId::UtcTime), live(ServerVariable::CurrentTime))?;
    component(space, (STATUS, 2259, "State", DataTypeId::ServerState), live(ServerVariable::State))?;
    component(space, (STATUS, 2992, "SecondsTillShutdown", DataTypeId::UInt32), fixed(Value::UInt32(0)))?;
    let no_reason = Variant::from(opcua_types::LocalizedText::null());
    component(space, (STATUS, 2993, "ShutdownReason", DataTypeId::LocalizedText), fixed(no_reason.into()))?;
    let build = (STATUS, BUILD_INFO, "BuildInfo", DataTypeId::BuildInfo);
    variable(space, build, Link::Component, VariableTypeId::BuildInfoType, live(ServerVariable::BuildInfo))?;
    for (id, name, value) in [
        (2261, "ProductName", PRODUCT_NAME),
        (2262, "ProductUri", PRODUCT_URI),
        (2263, "ManufacturerName", PRODUCT_NAME),
        (2264, "SoftwareVersion", env!("CARGO_PKG_VERSION")),
        (2265, "BuildNumber", env!("CARGO_PKG_VERSION")),
    ] {
        component(space, (BUILD_INFO, id, name, DataTypeId::String), fixed(value.into()))?;
    }
    component(space, (BUILD_INFO, 2266, "BuildDate", DataTypeId::UtcTime), fixed(Value::DateTime(0)))?;
    property(space, (DIAGNOSTICS, 2294, "EnabledFlag", DataTypeId::Boolean), Value::Boolean(true))?;
    add_diagnostics(space)?;
    property(space, (REDUNDANCY, 3709, "RedundancySupport", DataTypeId::RedundancySupport), Value::Int32(0))
}

fn add_diagnostics(space: &mut AddressSpace) -> Result<(), Error> {
    let row =
        (DIAGNOSTICS, SUMMARY, "ServerDiagnosticsSummary", DataTypeId::ServerDiagnosticsSummaryDataType);
    let content = Content::Server(ServerVariable::DiagnosticsSummary);
    variable(space, row, Link::Component, VariableTypeId::ServerDiagnosticsSummaryType, content)?;
    for (id, name, count) in [
        (2276, "ServerViewCount", Count::ServerView),
        (2277, "CurrentSessionCount", Count::CurrentSession),
        (2278, "CumulatedSessionCount", Count::CumulatedSession),
        (2279, "SecurityRejectedSessionCount", Count::SecurityRejectedSession),
        (3705, "RejectedSessionCount", Count::RejectedSession),
        (2281, "SessionTimeoutCount", Count::SessionTimeout),
        (2282, "SessionAbortCount", Count::SessionAbort),
        (2284, "PublishingIntervalCount", Count::PublishingInterval),
        (2285, "CurrentSubscriptionCount", Count::CurrentSubscription),
        (2286, "CumulatedSubscriptionCount", Count::CumulatedSubscription),
        (2287, "SecurityRejectedRequestsCount", Count::SecurityRejectedRequests),
        (2288, "RejectedRequestsCount", Count::RejectedRequests),
    ] {
        let content = Content::Server(ServerVariable::Diagnostics(count));
        component(space, (SUMMARY, id, name, DataTypeId::UInt32), content)?;
    }
    Ok(())
}

fn add_capabilities(space: &mut AddressSpace, limits: &Limits) -> Result<(), Error> {
    let profiles =
        Variant::from(vec![UAString::from("http://opcfoundation.org/UA-Profile/Server/EmbeddedUA2017")]);
    property(space, (CAPABILITIES, 2269, "ServerProfileArray", DataTypeId::String), profiles)?;
    let locales = Variant::from(vec![UAString::from("en")]);
    property(space, (CAPABILITIES, 2271, "LocaleIdArray", DataTypeId::LocaleId), locales)?;
    let fastest = Value::Double(limits.sampling_interval.0.as_secs_f64() * 1000.0);
    property(space, (CAPABILITIES, 2272, "MinSupportedSampleRate", DataTypeId::Duration), fastest)?;
    let points = u16::try_from(limits.continuation_points).unwrap_or(u16::MAX);
    property(
        space,
        (CAPABILITIES, 2735, "MaxBrowseContinuationPoints", DataTypeId::UInt16),
        Value::UInt16(points),
    )?;
    property(
        space,
        (CAPABILITIES, 2736, "MaxQueryContinuationPoints", DataTypeId::UInt16),
        Value::UInt16(0),
    )?;
    property(
        space,
        (CAPABILITIES, 2737, "MaxHistoryContinuationPoints", DataTypeId::UInt16),
        Value::UInt16(points),
    )?;
    let count = |value: usize| Value::UInt32(u32::try_from(value).unwrap_or(u32::MAX));
    for (id, name, value) in [
        (11702, "MaxArrayLength", limits.array_length),
        (11703, "MaxStringLength", limits.string_length),
        (12911, "MaxByteStringLength", limits.string_length),
        (24095, "MaxSessions", limits.sessions),
        (24096, "MaxSubscriptions", limits.subscriptions),
        (24097, "MaxMonitoredItems", limits.items),
        (24098, "MaxSubscriptionsPerSession", limits.subscriptions_per_session),
        (24104, "MaxMonitoredItemsPerSubscription", limits.items_per_subscription),
    ] {
        property(space, (CAPABILITIES, id, name, DataTypeId::UInt32), count(value))?;
    }
    // services that are not offered keep the 0 ("no limit") out of sight: their nodes are optional and absent
    for (id, name) in [
        (11705, "MaxNodesPerRead"),
        (11710, "MaxNodesPerBrowse"),
        (11711, "MaxNodesPerRegisterNodes"),
        (11712, "MaxNodesPerTranslateBrowsePathsToNodeIds"),
        (11714, "MaxMonitoredItemsPerCall"),
    ] {
        property(space, (OPERATION_LIMITS, id, name, DataTypeId::UInt32), count(limits.operations))?;
    }
    property(
        space,
        (OPERATION_LIMITS, 12165, "MaxNodesPerHistoryReadData", DataTypeId::UInt32),
        count(limits.history_nodes),
    )?;
    add_history(space, count(limits.history_values))
}

fn add_history(space: &mut AddressSpace, most: Value) -> Result<(), Error> {
    for (id, name, value) in
        [(11193, "AccessHistoryDataCapability", true), (11242, "AccessHistoryEventsCapability", false)]
    {
        property(space, (HISTORY, id, name, DataTypeId::Boolean), Value::Boolean(value))?;
    }
    property(space, (HISTORY, 11273, "MaxReturnDataValues", DataTypeId::UInt32), most)?;
    for (object, _) in Aggregate::ALL {
        let id = NodeId::from(object);
        let name = format!("{object:?}");
        let name = name.trim_start_matches("AggregateFunction_").to_owned();
        space.insert(id.clone(), QualifiedName::new(0, name), None, NodeKind::Object)?;
        for folder in [2997, HISTORY_AGGREGATES] {
            space.refer(&NodeId::new(0, folder), ReferenceTypeId::Organizes, &id)?;
        }
        space.refer(&id, ReferenceTypeId::HasTypeDefinition, &ObjectTypeId::AggregateFunctionType.into())?;
    }
    Ok(())
}

/// Product name and URI that the server shows of itself.
pub(crate) const PRODUCT_NAME: &str = "lockgate";
/// See [`PRODUCT_NAME`].
pub(crate) const PRODUCT_URI: &str = "urn:lockgate:ua-server";

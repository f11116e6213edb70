//! Read (Part 4 §5.11.2).

use std::sync::{Arc, PoisonError};

use opcua_types::{
    AttributeId, BuildInfo, DataTypeDefinition, DataValue, DateTime, ExtensionObject, LocalizedText,
    NumericRange, ObjectId, ReadRequest, ReadResponse, ReadValueId, ServerState, ServerStatusDataType,
    StatusCode, TimestampsToReturn, UAString, Variant,
};

use super::Scope;
use crate::{
    access::{Grant, NodeRules, Wish},
    address_space::{Content, Node, NodeIndex, NodeKind, PRODUCT_NAME, PRODUCT_URI, ServerVariable},
    core::{Core, VALUE_ATTRIBUTE},
    values::{Sample, Ticks, Value},
    wire::Stamps,
};

pub(super) fn read(scope: &Scope<'_>, request: ReadRequest) -> Result<ReadResponse, StatusCode> {
    let grant = scope.grant(&request.request_header)?;
    if request.max_age.is_nan() || request.max_age < 0.0 {
        return Err(StatusCode::BadMaxAgeInvalid);
    }
    let stamps = stamps(request.timestamps_to_return)?;
    let nodes = scope.operations(request.nodes_to_read)?;
    let results = nodes.iter().map(|wanted| read_one(scope, grant, wanted, stamps)).collect();
    Ok(ReadResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results),
        diagnostic_infos: None,
    })
}

/// Which timestamps the client asked for.
pub(super) fn stamps(wanted: TimestampsToReturn) -> Result<Stamps, StatusCode> {
    let (source, server) = match wanted {
        TimestampsToReturn::Source => (true, false),
        TimestampsToReturn::Server => (false, true),
        TimestampsToReturn::Both => (true, true),
        TimestampsToReturn::Neither => (false, false),
        TimestampsToReturn::Invalid => return Err(StatusCode::BadTimestampsToReturnInvalid),
    };
    Ok(Stamps { source, server })
}

fn read_one(scope: &Scope<'_>, grant: Grant, wanted: &ReadValueId, stamps: Stamps) -> DataValue {
    let bad = |status| DataValue { status: Some(status), ..DataValue::default() };
    let index = match scope.core.find(grant, &wanted.node_id, Wish::Browse) {
        Ok(index) => index,
        Err(status) => return bad(status),
    };
    let is_value = wanted.attribute_id == VALUE_ATTRIBUTE;
    if let Err(status) = check_encoding(wanted, is_value) {
        return bad(status);
    }
    let sample = sample_attribute(scope.core, grant, index, wanted.attribute_id, scope.now);
    if matches!(sample.value, Value::Null) && sample.status != 0 && !is_value {
        return bad(StatusCode::from(sample.status));
    }
    let variant = match sample.value.to_variant().range_of_owned(&wanted.index_range) {
        Ok(variant) => variant,
        Err(status) => return bad(status),
    };
    let stamp = |wanted: bool, time: Ticks| (wanted && is_value && time != 0).then(|| DateTime::from(time));
    DataValue {
        value: (!matches!(variant, Variant::Empty)).then_some(variant),
        status: (sample.status != 0).then(|| StatusCode::from(sample.status)),
        source_timestamp: stamp(stamps.source, sample.source_time),
        server_timestamp: stamp(stamps.server, scope.now),
        ..DataValue::default()
    }
}

/// Index range and data encoding are for values alone, and there is one encoding.
pub(super) fn check_encoding(wanted: &ReadValueId, is_value: bool) -> Result<(), StatusCode> {
    let encoding = &wanted.data_encoding;
    let is_default = encoding.is_null() || encoding.name.is_empty();
    let is_binary = is_value && encoding.name == "Default Binary";
    if !is_default && !is_binary {
        return Err(if is_value {
            StatusCode::BadDataEncodingUnsupported
        } else {
            StatusCode::BadDataEncodingInvalid
        });
    }
    if !is_value && wanted.index_range != NumericRange::None {
        return Err(StatusCode::BadIndexRangeNoData);
    }
    Ok(())
}

/// One attribute of one node at an instant, as somebody may see it; a status without a value if there is none.
pub(crate) fn sample_attribute(
    core: &Core,
    grant: Grant,
    index: NodeIndex,
    attribute: u32,
    at: Ticks,
) -> Sample {
    let Some(node) = core.space.node(index) else { return Sample::bad(StatusCode::BadNodeIdUnknown, 0) };
    let Ok(attribute) = AttributeId::from_u32(attribute) else {
        return Sample::bad(StatusCode::BadAttributeIdInvalid, 0);
    };
    let rules = core.space.rules(node);
    if let Err(status) = grant.check(rules, Wish::Read(attribute)) {
        return Sample::bad(status, 0);
    }
    if let (AttributeId::Value, NodeKind::Variable { content, .. }) = (attribute, &node.kind) {
        return value(core, content, at);
    }
    if attribute == AttributeId::EventNotifier
        && node.id.as_object_id().is_ok_and(|id| id == ObjectId::Server)
    {
        return Sample::good(Value::Byte(SUBSCRIBE_TO_EVENTS), 0);
    }
    let user = User { grant, rules };
    let found =
        user.attribute(core, node, attribute).or_else(|| other_attribute(core, index, node, attribute));
    match found {
        Some(variant) => Sample::good(variant.into(), 0),
        None => Sample::bad(StatusCode::BadAttributeIdInvalid, 0),
    }
}

/// The value of a variable, whoever asks: for the audit trail.
pub(super) fn stored_value(core: &Core, index: NodeIndex, at: Ticks) -> Value {
    match core.space.node(index).map(|node| &node.kind) {
        Some(NodeKind::Variable { content, .. }) => value(core, content, at).value,
        _ => Value::Null,
    }
}

fn value(core: &Core, content: &Content, at: Ticks) -> Sample {
    match content {
        Content::Fixed(value) => Sample::good(value.clone(), core.started),
        Content::Live(slot) => {
            let mut sample = Sample::bad(StatusCode::BadNoData, 0);
            core.source.sample(&[*slot], at, &mut |_, answer| sample = answer);
            sample
        }
        Content::Server(which) => server_variable(core, *which, at),
    }
}

/// Bit of the EventNotifier attribute.
const SUBSCRIBE_TO_EVENTS: u8 = 1;
/// Bits of the attribute AccessLevel (Part 3 §8.57).
const CURRENT_READ: u8 = 1;
/// See [`CURRENT_READ`].
const CURRENT_WRITE: u8 = 1 << 1;
/// See [`CURRENT_READ`].
const HISTORY_READ: u8 = 1 << 2;

/// Somebody before a node.
#[derive(Clone, Copy)]
struct User<'a> {
    grant: Grant,
    rules: &'a NodeRules,
}

impl User<'_> {
    /// The attributes that say what can be done with a node, and what this user may do.
    fn attribute(self, core: &Core, node: &Node, attribute: AttributeId) -> Option<Variant> {
        let is_method = matches!(node.kind, NodeKind::Method(_));
        Some(match attribute {
            AttributeId::WriteMask => Variant::UInt32(self.rules.write_mask()),
            AttributeId::UserWriteMask => {
                // the only attribute that any node lets be written
                let may = self.grant.check(self.rules, Wish::Write(AttributeId::Description)).is_ok();
                Variant::UInt32(if may { self.rules.write_mask() } else { 0 })
            }
            AttributeId::RolePermissions => self.rules.to_variant(None),
            AttributeId::UserRolePermissions => self.rules.to_variant(Some(self.grant.roles)),
            AttributeId::AccessRestrictions => Variant::UInt16(self.rules.restrictions().bits()),
            AttributeId::Executable if is_method => Variant::Boolean(true),
            AttributeId::UserExecutable if is_method => {
                Variant::Boolean(self.grant.check(self.rules, Wish::Call).is_ok())
            }
            AttributeId::AccessLevel => Variant::Byte(self.access_level(core, node)?),
            AttributeId::AccessLevelEx => Variant::UInt32(self.access_level(core, node)?.into()),
            AttributeId::UserAccessLevel => {
                let mine = self.grant.user_bits(
                    self.rules,
                    &[
                        (CURRENT_READ, Wish::Read(AttributeId::Value)),
                        (CURRENT_WRITE, Wish::Write(AttributeId::Value)),
                        (HISTORY_READ, Wish::ReadHistory),
                    ],
                );
                Variant::Byte(mine & self.access_level(core, node)?)
            }
            _ => return None,
        })
    }

    fn access_level(self, core: &Core, node: &Node) -> Option<u8> {
        let NodeKind::Variable { content, .. } = &node.kind else { return None };
        let (recorded, writable) = match content {
            Content::Live(slot) => (core.source.is_recorded(*slot), core.source.is_writable(*slot)),
            Content::Fixed(_) | Content::Server(_) => (false, false),
        };
        let readable = self.rules.is_readable();
        let bits =
            [(readable, CURRENT_READ), (writable, CURRENT_WRITE), (readable && recorded, HISTORY_READ)];
        Some(bits.into_iter().filter(|(is_set, _)| *is_set).fold(0, |all, (_, bit)| all | bit))
    }
}

fn other_attribute(core: &Core, index: NodeIndex, node: &Node, attribute: AttributeId) -> Option<Variant> {
    let common = match attribute {
        AttributeId::NodeId => Variant::from(node.id.clone()),
        AttributeId::NodeClass => {
            #[expect(clippy::as_conversions, reason = "the enumeration's wire value")]
            let class = node.class() as i32;
            Variant::Int32(class)
        }
        AttributeId::BrowseName => Variant::from(node.browse_name.clone()),
        AttributeId::DisplayName => Variant::from(node.display_name()),
        AttributeId::Description => {
            let written = core.descriptions.read().unwrap_or_else(PoisonError::into_inner);
            let text = written.get(&index).map(AsRef::as_ref).or(node.description.as_deref());
            Variant::from(text.map_or_else(LocalizedText::null, |text| LocalizedText::new("", text)))
        }
        AttributeId::Historizing => {
            let NodeKind::Variable { content, .. } = &node.kind else { return None };
            Variant::Boolean(matches!(content, Content::Live(slot) if core.source.is_recorded(*slot)))
        }
        _ => return of_class(&node.kind, attribute),
    };
    Some(common)
}

fn of_class(kind: &NodeKind, attribute: AttributeId) -> Option<Variant> {
    Some(match (kind, attribute) {
        (NodeKind::Object, AttributeId::EventNotifier) => Variant::Byte(0),
        (
            NodeKind::Variable { data_type, .. } | NodeKind::VariableType { data_type, .. },
            AttributeId::DataType,
        ) => Variant::from(data_type.clone()),
        (
            NodeKind::Variable { value_rank, .. } | NodeKind::VariableType { value_rank, .. },
            AttributeId::ValueRank,
        ) => Variant::Int32(*value_rank),
        (NodeKind::Variable { value_rank, .. }, AttributeId::ArrayDimensions) if *value_rank > 0 => {
            Variant::from(vec![0_u32; usize::try_from(*value_rank).unwrap_or(1)])
        }
        (NodeKind::Variable { minimum_sampling, .. }, AttributeId::MinimumSamplingInterval) => {
            Variant::Double(*minimum_sampling)
        }
        (
            NodeKind::ObjectType { is_abstract }
            | NodeKind::VariableType { is_abstract, .. }
            | NodeKind::ReferenceType { is_abstract, .. }
            | NodeKind::DataType { is_abstract, .. },
            AttributeId::IsAbstract,
        ) => Variant::Boolean(*is_abstract),
        (NodeKind::DataType { definition: Some(definition), .. }, AttributeId::DataTypeDefinition) => {
            let definition = match definition.as_ref() {
                DataTypeDefinition::Structure(definition) => {
                    ExtensionObject::from_message(definition.clone())
                }
                DataTypeDefinition::Enum(definition) => ExtensionObject::from_message(definition.clone()),
            };
            Variant::from(definition)
        }
        (NodeKind::ReferenceType { symmetric, .. }, AttributeId::Symmetric) => Variant::Boolean(*symmetric),
        (NodeKind::ReferenceType { inverse_name, .. }, AttributeId::InverseName)
            if !inverse_name.is_empty() =>
        {
            Variant::from(LocalizedText::new("en", inverse_name))
        }
        _ => return None,
    })
}

fn server_variable(core: &Core, which: ServerVariable, at: Ticks) -> Sample {
    let texts = |texts: &mut dyn Iterator<Item = &String>| {
        Variant::from(texts.map(UAString::from).collect::<Vec<_>>())
    };
    let value = match which {
        ServerVariable::ServerArray => texts(&mut std::iter::once(&core.config.application_uri)).into(),
        ServerVariable::NamespaceArray => texts(&mut core.space.namespaces().iter()).into(),
        ServerVariable::StartTime => Value::DateTime(core.started),
        ServerVariable::CurrentTime => Value::DateTime(at),
        ServerVariable::State => Value::Int32(0),
        ServerVariable::Diagnostics(count) => Value::UInt32(core.diagnostics.count(count)),
        ServerVariable::DiagnosticsSummary => {
            Value::Other(Arc::new(ExtensionObject::from_message(core.diagnostics.summary()).into()))
        }
        ServerVariable::BuildInfo => {
            Value::Other(Arc::new(ExtensionObject::from_message(build_info()).into()))
        }
        ServerVariable::ServerStatus => {
            let status = ServerStatusDataType {
                start_time: DateTime::from(core.started),
                current_time: DateTime::from(at),
                state: ServerState::Running,
                build_info: build_info(),
                seconds_till_shutdown: 0,
                shutdown_reason: LocalizedText::null(),
            };
            Value::Other(Arc::new(ExtensionObject::from_message(status).into()))
        }
    };
    Sample::good(value, at)
}

fn build_info() -> BuildInfo {
    BuildInfo {
        product_uri: PRODUCT_URI.into(),
        manufacturer_name: PRODUCT_NAME.into(),
        product_name: PRODUCT_NAME.into(),
        software_version: env!("CARGO_PKG_VERSION").into(),
        build_number: env!("CARGO_PKG_VERSION").into(),
        build_date: DateTime::null(),
    }
}

//! One variable of each rare kind: a structure, an enumeration, an array and a matrix, to see how a client takes them.

use std::sync::Arc;

use opcua_types::{
    Array, ByteString, DataTypeId, EnumDefinition, EnumField, ExtensionObject, NodeId, StructureDefinition,
    StructureField, StructureType, Variant, VariantScalarTypeId, type_loader::ByteStringBody,
};
use ua_server::Value;

/// Which specimens a plant has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Specimens {
    /// None: nothing but what a historian can take.
    #[default]
    None,
    /// All of them, in the folder `Specimens`.
    All,
}

/// What a specimen's value is made of; `k` is the number of periods since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Specimen {
    /// A structure: `Number` is `k`, `Mode` is `k` modulo 3, `Weights` are `k` and `k + 0.5`, and in even periods there is a
    /// `Remark` "batch k".
    Report,
    /// The number of a mode: `k` modulo 3.
    Mode,
    /// Four Doubles from `k` on.
    Profile,
    /// Two rows of three Int32, from `k` on.
    Grid,
}

const MODES: [&str; 3] = ["Stopped", "Manual", "Automatic"];

pub(crate) fn report_type(namespace: u16) -> NodeId {
    NodeId::new(namespace, "BatchReport")
}

pub(crate) fn mode_type(namespace: u16) -> NodeId {
    NodeId::new(namespace, "Mode")
}

fn report_encoding(namespace: u16) -> NodeId {
    NodeId::new(namespace, "BatchReport.Binary")
}

pub(crate) fn mode_definition() -> EnumDefinition {
    let fields = (0..).zip(MODES).map(|(value, name)| EnumField {
        value,
        name: name.into(),
        display_name: name.into(),
        ..EnumField::default()
    });
    EnumDefinition { fields: Some(fields.collect()) }
}

pub(crate) fn report_definition(namespace: u16) -> StructureDefinition {
    let field = |name: &str, data_type: NodeId, value_rank: i32, is_optional: bool| StructureField {
        name: name.into(),
        data_type,
        value_rank,
        is_optional,
        ..StructureField::default()
    };
    let number = |id: u32| NodeId::new(0, id);
    StructureDefinition {
        default_encoding_id: report_encoding(namespace),
        base_data_type: number(22),
        structure_type: StructureType::StructureWithOptionalFields,
        fields: Some(vec![
            field("Number", number(8), -1, false),
            field("Mode", mode_type(namespace), -1, false),
            field("Weights", number(11), 1, false),
            field("Remark", number(12), -1, true),
        ]),
    }
}

impl Specimen {
    /// Data type and value rank.
    pub(crate) fn data_type(self, namespace: u16) -> (NodeId, i32) {
        match self {
            Self::Report => (report_type(namespace), -1),
            Self::Mode => (mode_type(namespace), -1),
            Self::Profile => (DataTypeId::Double.into(), 1),
            Self::Grid => (DataTypeId::Int32.into(), 2),
        }
    }

    pub(crate) fn value(self, k: i64, namespace: u16) -> Value {
        let variant = match self {
            Self::Mode => return Value::Int32(mode(k)),
            Self::Report => {
                let body = ByteStringBody::new(ByteString::from(report(k)), report_encoding(namespace));
                Variant::from(ExtensionObject::from_message(body))
            }
            Self::Profile => {
                let values: Vec<f64> =
                    (0..4).map(|step| crate::signals::real(k.saturating_add(step))).collect();
                Variant::from(values)
            }
            Self::Grid => {
                let values =
                    (0..6).map(|step| Variant::Int32(small(k.saturating_add(step)))).collect::<Vec<_>>();
                match Array::new_multi(VariantScalarTypeId::Int32, values, vec![2, 3]) {
                    Ok(grid) => Variant::from(grid),
                    Err(_) => Variant::Empty,
                }
            }
        };
        Value::Other(Arc::new(variant))
    }
}

fn small(k: i64) -> i32 {
    i32::try_from(k.rem_euclid(1 << 30)).unwrap_or_default()
}

fn mode(k: i64) -> i32 {
    small(k.rem_euclid(3))
}

/// Mask of the optional fields, then the fields (Part 6 §5.2.7).
fn report(k: i64) -> Vec<u8> {
    let has_remark = k.rem_euclid(2) == 0;
    let mut bytes = Vec::new();
    bytes.extend(u32::from(has_remark).to_le_bytes());
    bytes.extend(k.to_le_bytes());
    bytes.extend(mode(k).to_le_bytes());
    bytes.extend(2_i32.to_le_bytes());
    for weight in [0.0, 0.5] {
        bytes.extend((crate::signals::real(k) + weight).to_le_bytes());
    }
    if has_remark {
        let remark = format!("batch {k}");
        bytes.extend(i32::try_from(remark.len()).unwrap_or_default().to_le_bytes());
        bytes.extend(remark.as_bytes());
    }
    bytes
}

//! Structures of the standard that every server uses and not every server explains.

use opcua_types::{DataTypeId, NodeId, ObjectId};

use super::definition::{DataType, DataTypes, Field, Kind, Shape, Structure};

type Row = (DataTypeId, ObjectId, &'static [(&'static str, u32, i32)]);

/// (type, encoding, fields with data type and value rank)
const TYPES: &[Row] = &[
    (DataTypeId::Range, ObjectId::Range_Encoding_DefaultBinary, &[("Low", 11, -1), ("High", 11, -1)]),
    (
        DataTypeId::EUInformation,
        ObjectId::EUInformation_Encoding_DefaultBinary,
        &[("NamespaceUri", 12, -1), ("UnitId", 6, -1), ("DisplayName", 21, -1), ("Description", 21, -1)],
    ),
    (
        DataTypeId::BuildInfo,
        ObjectId::BuildInfo_Encoding_DefaultBinary,
        &[
            ("ProductUri", 12, -1),
            ("ManufacturerName", 12, -1),
            ("ProductName", 12, -1),
            ("SoftwareVersion", 12, -1),
            ("BuildNumber", 12, -1),
            ("BuildDate", 13, -1),
        ],
    ),
    (
        DataTypeId::ServerStatusDataType,
        ObjectId::ServerStatusDataType_Encoding_DefaultBinary,
        &[
            ("StartTime", 13, -1),
            ("CurrentTime", 13, -1),
            ("State", 852, -1),
            ("BuildInfo", 338, -1),
            ("SecondsTillShutdown", 7, -1),
            ("ShutdownReason", 21, -1),
        ],
    ),
    (
        DataTypeId::Argument,
        ObjectId::Argument_Encoding_DefaultBinary,
        &[
            ("Name", 12, -1),
            ("DataType", 17, -1),
            ("ValueRank", 6, -1),
            ("ArrayDimensions", 7, 1),
            ("Description", 21, -1),
        ],
    ),
    (
        DataTypeId::EnumValueType,
        ObjectId::EnumValueType_Encoding_DefaultBinary,
        &[("Value", 8, -1), ("DisplayName", 21, -1), ("Description", 21, -1)],
    ),
    (
        DataTypeId::TimeZoneDataType,
        ObjectId::TimeZoneDataType_Encoding_DefaultBinary,
        &[("Offset", 4, -1), ("DaylightSavingInOffset", 1, -1)],
    ),
    (
        DataTypeId::AxisInformation,
        ObjectId::AxisInformation_Encoding_DefaultBinary,
        &[
            ("EngineeringUnits", 887, -1),
            ("EURange", 884, -1),
            ("Title", 21, -1),
            ("AxisScaleType", 6, -1),
            ("AxisSteps", 11, 1),
        ],
    ),
    (
        DataTypeId::ComplexNumberType,
        ObjectId::ComplexNumberType_Encoding_DefaultBinary,
        &[("Real", 10, -1), ("Imaginary", 10, -1)],
    ),
    (
        DataTypeId::DoubleComplexNumberType,
        ObjectId::DoubleComplexNumberType_Encoding_DefaultBinary,
        &[("Real", 11, -1), ("Imaginary", 11, -1)],
    ),
    (DataTypeId::XVType, ObjectId::XVType_Encoding_DefaultBinary, &[("X", 11, -1), ("Value", 10, -1)]),
    (
        DataTypeId::OptionSet,
        ObjectId::OptionSet_Encoding_DefaultBinary,
        &[("Value", 15, -1), ("ValidBits", 15, -1)],
    ),
];

const STATES: [&str; 8] = [
    "Running",
    "Failed",
    "NoConfiguration",
    "Suspended",
    "Shutdown",
    "Test",
    "CommunicationFault",
    "Unknown",
];

impl DataTypes {
    /// With the types of the standard.
    pub(crate) fn new() -> Self {
        let mut types = Self::default();
        let names = (0..).zip(STATES).map(|(value, name)| (value, name.to_owned())).collect();
        let state = super::definition::Enumeration { builtin: 6, is_flags: false, names };
        types.insert(DataType {
            id: DataTypeId::ServerState.into(),
            name: "ServerState".to_owned(),
            is_abstract: false,
            kind: Kind::Enumeration(state),
        });
        for (id, encoding, fields) in TYPES {
            let fields = fields.iter().map(|(name, data_type, value_rank)| Field {
                name: (*name).to_owned(),
                data_type: NodeId::new(0, *data_type),
                value_rank: *value_rank,
                is_optional: false,
                allows_subtypes: false,
            });
            let known = types.insert(DataType {
                id: (*id).into(),
                name: format!("{id:?}"),
                is_abstract: false,
                kind: Kind::Structure(Structure { shape: Shape::Plain, fields: fields.collect() }),
            });
            if let Some(known) = known {
                types.insert_encoding((*encoding).into(), known);
            }
        }
        types
    }
}

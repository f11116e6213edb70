use super::decode::Decoder;
use super::definition::{DataType, DataTypes, Enumeration, Kind, Structure};
use super::dictionary::Dictionary;
use super::tree::{Decoded, StructureValue};
use crate::codec;
use opcua_types::type_loader::ByteStringBody;
use opcua_types::{
    ByteString, EnumDefinition, EnumField, ExtensionObject, NodeId, StructureDefinition, StructureField,
    StructureType, Variant,
};

fn field(name: &str, data_type: u32, value_rank: i32, is_optional: bool) -> StructureField {
    let namespace = if data_type > 1000 { 1 } else { 0 };
    StructureField {
        name: name.into(),
        data_type: NodeId::new(namespace, data_type),
        value_rank,
        is_optional,
        ..Default::default()
    }
}

fn types(all: Vec<(u32, StructureType, Vec<StructureField>)>) -> DataTypes {
    let mut types = DataTypes::new();
    for (id, structure_type, fields) in all {
        let definition = StructureDefinition { structure_type, fields: Some(fields), ..Default::default() };
        let kind = Kind::Structure(Structure::from_definition(&definition).unwrap());
        let name = format!("T{id}");
        let known =
            types.insert(DataType { id: NodeId::new(1, id), name, is_abstract: false, kind }).unwrap();
        types.insert_encoding(NodeId::new(1, id + 1), known);
    }
    types
}

fn open(types: &DataTypes, id: u32, bytes: &[u8]) -> Decoded {
    let body = ByteStringBody::new(ByteString::from(bytes.to_vec()), NodeId::new(1, id + 1));
    let owned = codec::context_for_size(1 << 20);
    let context = owned.context();
    let value = Variant::from(ExtensionObject::from_message(body));
    Decoder::new(types, &context).open(&value, None)
}

fn fields(value: Decoded) -> Vec<(String, Decoded)> {
    match value {
        Decoded::Structure(StructureValue { fields, .. }) => fields,
        other => panic!("{other:?}"),
    }
}

fn number(value: i32) -> Decoded {
    Decoded::Value(Variant::Int32(value))
}

#[test]
fn optional_fields_follow_their_mask() {
    let optional = StructureType::StructureWithOptionalFields;
    let types = types(vec![(
        3000,
        optional,
        vec![field("a", 6, -1, false), field("b", 6, -1, true), field("c", 6, -1, true)],
    )]);
    let bytes = [&2_u32.to_le_bytes()[..], &1_i32.to_le_bytes(), &3_i32.to_le_bytes()].concat();
    let expected =
        [("a".to_owned(), number(1)), ("b".to_owned(), Decoded::Absent), ("c".to_owned(), number(3))];
    assert_eq!(fields(open(&types, 3000, &bytes)), expected);
    let unknown_bit = [&4_u32.to_le_bytes()[..], &1_i32.to_le_bytes()].concat();
    assert!(matches!(open(&types, 3000, &unknown_bit), Decoded::Encoded { .. }));
}

#[test]
fn a_union_holds_the_field_that_its_number_says() {
    let types =
        types(vec![(3000, StructureType::Union, vec![field("a", 6, -1, false), field("b", 12, -1, false)])]);
    let bytes = [&1_u32.to_le_bytes()[..], &7_i32.to_le_bytes()].concat();
    assert_eq!(fields(open(&types, 3000, &bytes)), [("a".to_owned(), number(7))]);
    assert_eq!(fields(open(&types, 3000, &0_u32.to_le_bytes())), []);
    assert!(matches!(open(&types, 3000, &9_u32.to_le_bytes()), Decoded::Encoded { .. }));
}

#[test]
fn arrays_and_matrices_of_structures_are_lists() {
    let types = types(vec![
        (3000, StructureType::Structure, vec![field("rows", 4000, 1, false), field("grid", 6, 2, false)]),
        (4000, StructureType::Structure, vec![field("x", 6, -1, false)]),
    ]);
    let numbers = |numbers: &[i32]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    let bytes = numbers(&[2, 10, 11, /* dimensions */ 2, 2, 3, 1, 2, 3, 4, 5, 6]);
    let found = fields(open(&types, 3000, &bytes));
    let Decoded::List { items, dimensions: None } = &found[0].1 else { panic!("{found:?}") };
    assert_eq!(fields(items[1].clone()), [("x".to_owned(), number(11))]);
    let Decoded::List { items, dimensions: Some(dimensions) } = &found[1].1 else { panic!("{found:?}") };
    assert_eq!((items.len(), dimensions.as_slice()), (6, &[2, 3][..]));
}

#[test]
fn where_subtypes_are_allowed_each_value_says_what_it_is() {
    let types = types(vec![
        (
            3000,
            StructureType::StructureWithSubtypedValues,
            vec![field("any", 4000, -1, true), field("n", 26, -1, true)],
        ),
        (4000, StructureType::Structure, vec![]),
        (5000, StructureType::Structure, vec![field("x", 6, -1, false)]),
    ]);
    // an extension object in encoding 1:5001 with one Int32, then a Variant
    let bytes = [
        &[1, 1][..],
        &5001_u16.to_le_bytes(),
        &[1],
        &4_i32.to_le_bytes(),
        &9_i32.to_le_bytes(),
        &[6],
        &5_i32.to_le_bytes(),
    ]
    .concat();
    let found = fields(open(&types, 3000, &bytes));
    assert_eq!(fields(found[0].1.clone()), [("x".to_owned(), number(9))]);
    assert_eq!(found[1].1, number(5));
}

#[test]
fn types_that_contain_themselves_or_explode_come_to_an_end() {
    let plain = StructureType::Structure;
    // itself; two of the next, sixty deep; an array of nothing two billion long
    let mut all = vec![(3000, plain, vec![field("again", 3000, -1, false)])];
    for id in 0..60 {
        let next = 5000 + (id + 1) * 2;
        all.push((5000 + id * 2, plain, vec![field("l", next, -1, false), field("r", next, -1, false)]));
    }
    all.push((5120, plain, vec![]));
    all.push((7000, plain, vec![field("many", 5120, 1, false)]));
    let recursive = field("again", 8000, -1, false);
    all.push((8000, StructureType::Union, vec![recursive]));
    let types = types(all);
    assert!(matches!(open(&types, 3000, &[]), Decoded::Encoded { .. }));
    assert!(matches!(open(&types, 5000, &[]), Decoded::Encoded { .. }));
    assert!(matches!(open(&types, 7000, &i32::MAX.to_le_bytes()), Decoded::Encoded { .. }));
    assert!(matches!(open(&types, 7000, &150_000_i32.to_le_bytes()), Decoded::Encoded { .. }));
    assert!(matches!(open(&types, 8000, &[1, 0, 0, 0].repeat(10_000)), Decoded::Encoded { .. }));
}

#[test]
fn absurd_definitions_are_refused() {
    let definition = |structure_type, count: usize, is_optional| StructureDefinition {
        structure_type,
        fields: Some(vec![field("f", 6, -1, is_optional); count]),
        ..Default::default()
    };
    assert!(Structure::from_definition(&definition(StructureType::Structure, 1_000_000, false)).is_none());
    let optional = StructureType::StructureWithOptionalFields;
    assert!(Structure::from_definition(&definition(optional, 33, true)).is_none());
    assert!(Structure::from_definition(&definition(optional, 32, true)).is_some());
}

#[test]
fn bytes_that_are_too_many_or_too_few_leave_the_structure_closed() {
    let types = types(vec![(3000, StructureType::Structure, vec![field("a", 6, -1, false)])]);
    for bytes in [&[][..], &[1, 2, 3], &[1, 2, 3, 4, 5]] {
        let Decoded::Encoded { bytes: kept, .. } = open(&types, 3000, bytes) else { panic!("{bytes:?}") };
        assert_eq!(kept, bytes);
    }
}

#[test]
fn numbers_get_their_names_and_flags_theirs() {
    let named = |value: i64, name: &str| EnumField { value, name: name.into(), ..Default::default() };
    let definition = EnumDefinition { fields: Some(vec![named(0, "Off"), named(2, "On")]) };
    let mut types = DataTypes::new();
    for (id, builtin) in [(3000_u32, 6), (3001, 7)] {
        let kind = Kind::Enumeration(Enumeration::from_definition(&definition, builtin).unwrap());
        let id = NodeId::new(1, id);
        types.insert(DataType { id, name: "E".to_owned(), is_abstract: false, kind });
    }
    let owned = codec::context_for_size(1 << 20);
    let context = owned.context();
    let open =
        |id: u32, value: Variant| Decoder::new(&types, &context).open(&value, Some(&NodeId::new(1, id)));
    assert_eq!(open(3000, Variant::Int32(2)), Decoded::Enumeration { value: 2, name: Some("On".to_owned()) });
    assert_eq!(open(3000, Variant::Int32(1)), Decoded::Enumeration { value: 1, name: None });
    let names = vec!["Off".to_owned(), "On".to_owned()];
    assert_eq!(open(3001, Variant::UInt32(7)), Decoded::Flags { bits: 7, names });
}

const DICTIONARY: &str = r#"<?xml version="1.0"?>
<opc:TypeDictionary xmlns:opc="http://opcfoundation.org/BinarySchema/" xmlns:tns="urn:x" DefaultByteOrder="LittleEndian">
  <opc:EnumeratedType Name="Mode" LengthInBits="32"><opc:EnumeratedValue Name="Auto" Value="1"/></opc:EnumeratedType>
  <opc:StructuredType Name="Point" BaseType="ua:ExtensionObject">
    <opc:Field Name="X" TypeName="opc:Int32"/>
  </opc:StructuredType>
  <opc:StructuredType Name="Track" BaseType="ua:ExtensionObject">
    <opc:Field Name="HasName" TypeName="opc:Bit"/>
    <opc:Field Name="Reserved" TypeName="opc:Bit" Length="31"/>
    <opc:Field Name="Mode" TypeName="tns:Mode"/>
    <opc:Field Name="NoOfPoints" TypeName="opc:Int32"/>
    <opc:Field Name="Points" TypeName="tns:Point" LengthField="NoOfPoints"/>
    <opc:Field Name="Name" TypeName="opc:String" SwitchField="HasName"/>
  </opc:StructuredType>
  <opc:StructuredType Name="Loop"><opc:Field Name="Again" TypeName="tns:Loop"/></opc:StructuredType>
</opc:TypeDictionary>"#;

#[test]
fn an_old_dictionary_explains_lengths_bits_and_enumerations() {
    let dictionary = Dictionary::parse(DICTIONARY).unwrap();
    let mut types = DataTypes::new();
    for (id, name) in [(3000, "Track"), (4000, "Loop")] {
        let kind = Kind::Layout(dictionary.structure(name).unwrap());
        let known = DataType { id: NodeId::new(1, id), name: name.to_owned(), is_abstract: false, kind };
        let known = types.insert(known).unwrap();
        types.insert_encoding(NodeId::new(1, id + 1), known);
    }
    let bytes =
        [1_i32, 1, 2, 10, 11, 2].iter().flat_map(|n| n.to_le_bytes()).chain(*b"Hi").collect::<Vec<u8>>();
    let found = fields(open(&types, 3000, &bytes));
    let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Mode", "Points", "Name"]);
    assert_eq!(found[0].1, Decoded::Enumeration { value: 1, name: Some("Auto".to_owned()) });
    let Decoded::List { items, .. } = &found[1].1 else { panic!("{found:?}") };
    assert_eq!(fields(items[1].clone()), [("X".to_owned(), number(11))]);
    assert_eq!(found[2].1, Decoded::Value(Variant::String("Hi".into())));
    assert!(matches!(open(&types, 4000, &[]), Decoded::Encoded { .. }));
}

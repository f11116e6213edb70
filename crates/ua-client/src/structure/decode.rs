//! From bytes to trees (Part 6 §5.2.6 to §5.2.8).

use std::collections::BTreeSet;
use std::io::Read;

use opcua_types::{
    BinaryDecodable, Context, DataValue, DiagnosticInfo, ExtensionObject, NodeId, Variant,
    type_loader::XmlBody,
};

use super::definition::{DataType, DataTypes, Enumeration, Field, Kind, Shape, Structure, builtin};
use super::tree::{Decoded, StructureValue, Unopened};

/// Deepest nesting of structures.
const MAX_DEPTH: u32 = 64;
/// Fields and elements in one value, whatever few bytes they take.
const MAX_PARTS: usize = 200_000;

/// Why a structure stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Its bytes do not fit its type, or a limit was reached.
    Unreadable,
    /// A type is not known (yet).
    Unknown,
}

type Input<'i> = &'i [u8];

/// Opens values with the types that are known and notes which ones are not.
pub(super) struct Decoder<'a> {
    types: &'a DataTypes,
    context: &'a Context<'a>,
    parts: usize,
    /// Ids of types and of encodings, as text so that they have an order.
    missing: BTreeSet<(String, bool)>,
    pub(super) missing_types: Vec<NodeId>,
    pub(super) missing_encodings: Vec<NodeId>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(types: &'a DataTypes, context: &'a Context<'a>) -> Self {
        Self {
            types,
            context,
            parts: 0,
            missing: BTreeSet::new(),
            missing_types: Vec::new(),
            missing_encodings: Vec::new(),
        }
    }

    /// Opens a whole value; `data_type` is what its variable says it is.
    pub(super) fn open(&mut self, value: &Variant, data_type: Option<&NodeId>) -> Decoded {
        if let Some(id) = data_type.filter(|id| builtin(id).is_none())
            && let Some(known) = self.known(id)
            && let Kind::Enumeration(enumeration) = &known.kind
        {
            return enumerated(value, enumeration);
        }
        self.variant(value, 0)
    }

    fn variant(&mut self, value: &Variant, depth: u32) -> Decoded {
        match value {
            Variant::Empty => Decoded::Absent,
            Variant::ExtensionObject(object) => self.object(object, depth),
            Variant::Variant(inner) if depth < MAX_DEPTH => self.variant(inner, depth + 1),
            Variant::Array(array)
                if array
                    .values
                    .iter()
                    .any(|value| matches!(value, Variant::ExtensionObject(_) | Variant::Variant(_))) =>
            {
                let items = array.values.iter().map(|value| self.variant(value, depth + 1)).collect();
                let dimensions = array.dimensions.clone().filter(|dimensions| dimensions.len() > 1);
                Decoded::List { items, dimensions }
            }
            other => Decoded::Value(other.clone()),
        }
    }

    /// A structure that the wire library has read: as a type of its own or as bytes. Either way back to the bytes.
    fn object(&mut self, object: &ExtensionObject, depth: u32) -> Decoded {
        let Some(body) = &object.body else { return Decoded::Absent };
        let encoding = object.binary_type_id();
        let encoding = encoding.try_resolve(self.context.namespaces());
        let encoding = encoding.map_or_else(NodeId::null, |id| id.into_owned());
        if let Some(xml) = object.inner_as::<XmlBody>() {
            return Decoded::Encoded { encoding, bytes: xml.raw_body().to_vec(), why: Unopened::Xml };
        }
        let mut bytes = Vec::new();
        if body.encode_binary(&mut bytes, self.context).is_err() {
            return Decoded::Encoded { encoding, bytes: Vec::new(), why: Unopened::DoesNotFit };
        }
        self.body(encoding, &bytes, depth)
    }

    /// The body of an extension object. What cannot be opened stays as it is.
    fn body(&mut self, encoding: NodeId, bytes: &[u8], depth: u32) -> Decoded {
        let opened = match self.types.by_encoding(&encoding).cloned() {
            Some(data_type) => {
                let mut rest = bytes;
                let opened = self.value(&data_type, &mut rest, depth + 1);
                // what is left over was not understood
                opened.and_then(|opened| if rest.is_empty() { Ok(opened) } else { Err(Failure::Unreadable) })
            }
            None => {
                self.miss(&encoding, true);
                Err(Failure::Unknown)
            }
        };
        opened.unwrap_or_else(|failure| {
            let why = match failure {
                Failure::Unreadable => Unopened::DoesNotFit,
                Failure::Unknown => Unopened::NotDescribed,
            };
            Decoded::Encoded { encoding, bytes: bytes.to_vec(), why }
        })
    }

    fn miss(&mut self, id: &NodeId, is_encoding: bool) {
        if self.types.is_worth_asking(id) && self.missing.insert((id.to_string(), is_encoding)) {
            let list = if is_encoding { &mut self.missing_encodings } else { &mut self.missing_types };
            list.push(id.clone());
        }
    }

    fn known(&mut self, id: &NodeId) -> Option<std::sync::Arc<DataType>> {
        let known = self.types.by_id(id).cloned();
        if known.is_none() {
            self.miss(id, false);
        }
        known
    }

    fn count(&mut self, depth: u32) -> Result<(), Failure> {
        self.parts = self.parts.saturating_add(1);
        if self.parts > MAX_PARTS || depth > MAX_DEPTH { Err(Failure::Unreadable) } else { Ok(()) }
    }

    fn value(&mut self, data_type: &DataType, input: &mut Input<'_>, depth: u32) -> Result<Decoded, Failure> {
        self.count(depth)?;
        match &data_type.kind {
            Kind::Builtin(number) => self.builtin(*number, input, depth),
            Kind::Enumeration(enumeration) => {
                let value = self.builtin(enumeration.builtin, input, depth)?;
                Ok(match value {
                    Decoded::Value(value) => enumerated(&value, enumeration),
                    other => other,
                })
            }
            Kind::Structure(structure) => {
                let fields = self.structure(structure, input, depth)?;
                Ok(Decoded::Structure(StructureValue {
                    type_name: data_type.name.clone(),
                    data_type: data_type.id.clone(),
                    fields,
                }))
            }
            Kind::Layout(layout) => {
                let fields = layout.decode(input, depth, &mut |kind, input, depth| {
                    self.count(depth)?;
                    self.builtin(kind, input, depth)
                })?;
                Ok(Decoded::Structure(StructureValue {
                    type_name: data_type.name.clone(),
                    data_type: data_type.id.clone(),
                    fields,
                }))
            }
        }
    }

    fn structure(
        &mut self,
        structure: &Structure,
        input: &mut Input<'_>,
        depth: u32,
    ) -> Result<Vec<(String, Decoded)>, Failure> {
        if structure.shape == Shape::Union {
            let chosen: u32 = self.plain(input)?;
            let Some(place) = chosen.checked_sub(1) else { return Ok(Vec::new()) };
            let place = usize::try_from(place).map_err(|_| Failure::Unreadable)?;
            let field = structure.fields.get(place).ok_or(Failure::Unreadable)?;
            return Ok(vec![(field.name.clone(), self.field(field, input, depth)?)]);
        }
        let mut mask: u32 = if structure.shape == Shape::Optional { self.plain(input)? } else { 0 };
        let mut fields = Vec::with_capacity(structure.fields.len().min(64));
        for field in &structure.fields {
            let mut is_there = true;
            if field.is_optional {
                is_there = mask & 1 != 0;
                mask >>= 1;
            }
            self.count(depth)?;
            let value = if is_there { self.field(field, input, depth)? } else { Decoded::Absent };
            fields.push((field.name.clone(), value));
        }
        // a bit for a field that the type does not have
        if mask == 0 { Ok(fields) } else { Err(Failure::Unreadable) }
    }

    fn field(&mut self, field: &Field, input: &mut Input<'_>, depth: u32) -> Result<Decoded, Failure> {
        let (len, dimensions) = match field.value_rank {
            -1 => return self.element(field, input, depth),
            1 => (self.length(input)?, None),
            rank @ 2..=10 => {
                let dimensions = self.dimensions(rank, input)?;
                let product = dimensions.iter().try_fold(1_usize, |product, dimension| {
                    product.checked_mul(usize::try_from(*dimension).ok()?)
                });
                (Some(product.ok_or(Failure::Unreadable)?), Some(dimensions))
            }
            _ => return Err(Failure::Unreadable),
        };
        let Some(len) = len else { return Ok(Decoded::Absent) };
        if len > MAX_PARTS {
            return Err(Failure::Unreadable);
        }
        let mut items = Vec::with_capacity(len.min(input.len()));
        for _ in 0..len {
            items.push(self.element(field, input, depth)?);
        }
        Ok(Decoded::List { items, dimensions })
    }

    /// A matrix begins with its dimensions (Part 6 §5.2.5).
    fn dimensions(&mut self, rank: i32, input: &mut Input<'_>) -> Result<Vec<u32>, Failure> {
        let count = self.length(input)?.unwrap_or(0);
        if usize::try_from(rank).ok() != Some(count) {
            return Err(Failure::Unreadable);
        }
        (0..count)
            .map(|_| u32::try_from(self.plain::<i32>(input)?).map_err(|_| Failure::Unreadable))
            .collect()
    }

    fn element(&mut self, field: &Field, input: &mut Input<'_>, depth: u32) -> Result<Decoded, Failure> {
        self.count(depth)?;
        if let Some(number) = builtin(&field.data_type) {
            let number = if field.allows_subtypes && number != 22 { 24 } else { number };
            return self.builtin(number, input, depth);
        }
        let data_type = self.known(&field.data_type).ok_or(Failure::Unknown)?;
        let is_structure = matches!(data_type.kind, Kind::Structure(_) | Kind::Layout(_));
        match (is_structure, field.allows_subtypes || (is_structure && data_type.is_abstract)) {
            (true, true) => self.builtin(22, input, depth),
            (false, true) => self.builtin(24, input, depth),
            (_, false) => self.value(&data_type, input, depth + 1),
        }
    }

    fn builtin(&mut self, number: u8, input: &mut Input<'_>, depth: u32) -> Result<Decoded, Failure> {
        match number {
            22 => self.extension_object(input, depth),
            23 => {
                let value: DataValue = self.plain(input)?;
                Ok(Decoded::Value(Variant::from(value)))
            }
            24 => {
                let value: Variant = self.plain(input)?;
                self.count(depth)?;
                Ok(self.variant(&value, depth + 1))
            }
            25 => {
                let value: DiagnosticInfo = self.plain(input)?;
                Ok(Decoded::Value(Variant::from(value)))
            }
            number => {
                let head = [number];
                let mut stream = (&head[..]).chain(input);
                let value = Variant::decode(&mut stream, self.context);
                value.map(Decoded::Value).map_err(|_| Failure::Unreadable)
            }
        }
    }

    fn extension_object(&mut self, input: &mut Input<'_>, depth: u32) -> Result<Decoded, Failure> {
        self.count(depth)?;
        let encoding: NodeId = self.plain(input)?;
        let form: u8 = self.plain(input)?;
        if form == 0 {
            return Ok(Decoded::Absent);
        }
        let len = self.length(input)?.unwrap_or(0);
        let (bytes, rest) = input.split_at_checked(len).ok_or(Failure::Unreadable)?;
        *input = rest;
        match form {
            1 => Ok(self.body(encoding, bytes, depth)),
            2 => Ok(Decoded::Encoded { encoding, bytes: bytes.to_vec(), why: Unopened::Xml }),
            _ => Err(Failure::Unreadable),
        }
    }

    fn plain<T: BinaryDecodable>(&self, input: &mut Input<'_>) -> Result<T, Failure> {
        T::decode(input, self.context).map_err(|_| Failure::Unreadable)
    }

    /// The length of an array; `None` for null.
    fn length(&self, input: &mut Input<'_>) -> Result<Option<usize>, Failure> {
        match self.plain::<i32>(input)? {
            -1 => Ok(None),
            len => usize::try_from(len).map(Some).map_err(|_| Failure::Unreadable),
        }
    }
}

/// The number of an enumeration with its name, or of each element of an array.
fn enumerated(value: &Variant, enumeration: &Enumeration) -> Decoded {
    if let Variant::Array(array) = value {
        let items = array.values.iter().map(|value| enumerated(value, enumeration)).collect();
        let dimensions = array.dimensions.clone().filter(|dimensions| dimensions.len() > 1);
        return Decoded::List { items, dimensions };
    }
    let number = match *value {
        Variant::SByte(v) => i64::from(v),
        Variant::Byte(v) => i64::from(v),
        Variant::Int16(v) => i64::from(v),
        Variant::UInt16(v) => i64::from(v),
        Variant::Int32(v) => i64::from(v),
        Variant::UInt32(v) => i64::from(v),
        Variant::Int64(v) => v,
        Variant::UInt64(v) => v.cast_signed(),
        _ => return Decoded::Value(value.clone()),
    };
    if !enumeration.is_flags {
        return Decoded::Enumeration { value: number, name: enumeration.names.get(&number).cloned() };
    }
    let bits = number.cast_unsigned();
    let set = (0..64_i64)
        .filter(|place| bits.checked_shr(u32::try_from(*place).unwrap_or(64)).is_some_and(|b| b & 1 == 1));
    let names = set.filter_map(|place| enumeration.names.get(&place).cloned()).collect();
    Decoded::Flags { bits, names }
}

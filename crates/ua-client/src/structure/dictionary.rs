//! Type dictionaries of servers older than version 1.04 (`Opc.Ua.BinarySchema`, Part 3 Annex C).

use std::collections::HashMap;
use std::sync::Arc;

use super::decode::Failure;
use super::definition::MAX_FIELDS;
use super::tree::{Decoded, StructureValue};
use super::xml::{Event, events};
use opcua_types::{NodeId, Variant};

/// Elements of one array.
const MAX_LENGTH: usize = 200_000;
const MAX_DEPTH: u32 = 64;

/// One structure of a dictionary, with the whole dictionary to look its parts up in.
#[derive(Clone, Debug)]
pub(super) struct BitLayout {
    dictionary: Arc<Dictionary>,
    name: String,
}

#[derive(Debug, Default)]
pub(super) struct Dictionary {
    types: HashMap<String, Entry>,
}

#[derive(Debug)]
enum Entry {
    Structure(Vec<Part>),
    Enumeration { bits: u32, names: HashMap<i64, String> },
}

#[derive(Debug)]
struct Part {
    name: String,
    kind: PartKind,
    /// The part before it that says how many of it there are.
    length: Option<String>,
    /// The part before it that says whether it is there, and by which number.
    switch: Option<(String, i64)>,
}

#[derive(Debug, PartialEq, Eq)]
enum PartKind {
    Bits(u32),
    Builtin(u8),
    Named(String),
}

/// Reads one value of a built-in type.
type Builtin<'f> = dyn FnMut(u8, &mut &[u8], u32) -> Result<Decoded, Failure> + 'f;

impl Dictionary {
    /// `None` for what is no dictionary, or an absurd one.
    pub(super) fn parse(text: &str) -> Option<Arc<Self>> {
        let mut dictionary = Self::default();
        let mut current: Option<(String, Entry)> = None;
        let mut depth = 0_u32;
        for event in events(text.trim_start_matches('\u{FEFF}'))? {
            let Event::Begin { name, attributes, is_empty } = event else {
                depth = depth.checked_sub(1)?;
                if depth == 1 {
                    dictionary.types.extend(current.take());
                }
                continue;
            };
            let attribute = |key: &str| {
                attributes.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
            };
            match (depth, local(name), &mut current) {
                (1, "StructuredType", _) => {
                    current = Some((attribute("Name")?.to_owned(), Entry::Structure(Vec::new())));
                }
                (1, "EnumeratedType", _) => {
                    let bits = attribute("LengthInBits").and_then(|bits| bits.parse().ok()).unwrap_or(32);
                    let entry = Entry::Enumeration { bits, names: HashMap::new() };
                    current = Some((attribute("Name")?.to_owned(), entry));
                }
                (2, "Field", Some((_, Entry::Structure(parts)))) => {
                    parts.push(Part::from_attributes(&attribute)?);
                    (parts.len() <= MAX_FIELDS).then_some(())?;
                }
                (2, "EnumeratedValue", Some((_, Entry::Enumeration { names, .. }))) => {
                    names.insert(attribute("Value")?.parse().ok()?, attribute("Name")?.to_owned());
                    (names.len() <= MAX_FIELDS).then_some(())?;
                }
                _ => {}
            }
            if !is_empty {
                depth = depth.checked_add(1).filter(|depth| *depth < 20)?;
            } else if depth == 1 {
                dictionary.types.extend(current.take());
            }
        }
        Some(Arc::new(dictionary))
    }

    /// A structure by its name in the dictionary.
    pub(super) fn structure(self: &Arc<Self>, name: &str) -> Option<BitLayout> {
        match self.types.get(name)? {
            Entry::Structure(_) => Some(BitLayout { dictionary: Arc::clone(self), name: name.to_owned() }),
            Entry::Enumeration { .. } => None,
        }
    }
}

impl Part {
    fn from_attributes<'a>(attribute: &impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let type_name = attribute("TypeName")?;
        let kind = match (local(type_name), attribute("Length").and_then(|length| length.parse().ok())) {
            ("Bit", bits) => PartKind::Bits(bits.unwrap_or(1)),
            (name, _) => {
                builtin_number(name).map_or_else(|| PartKind::Named(name.to_owned()), PartKind::Builtin)
            }
        };
        let switch = attribute("SwitchField").map(|switch| {
            let value = attribute("SwitchValue").and_then(|value| value.parse().ok()).unwrap_or(1);
            (switch.to_owned(), value)
        });
        let length = attribute("LengthField").map(str::to_owned);
        Some(Self { name: attribute("Name")?.to_owned(), kind, length, switch })
    }
}

/// Without the prefix of its namespace.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn builtin_number(name: &str) -> Option<u8> {
    const NAMES: [&str; 25] = [
        "Boolean",
        "SByte",
        "Byte",
        "Int16",
        "UInt16",
        "Int32",
        "UInt32",
        "Int64",
        "UInt64",
        "Float",
        "Double",
        "String",
        "DateTime",
        "Guid",
        "ByteString",
        "XmlElement",
        "NodeId",
        "ExpandedNodeId",
        "StatusCode",
        "QualifiedName",
        "LocalizedText",
        "ExtensionObject",
        "DataValue",
        "Variant",
        "DiagnosticInfo",
    ];
    if name == "CharArray" {
        return Some(12);
    }
    let place = NAMES.iter().position(|known| *known == name)?;
    u8::try_from(place.checked_add(1)?).ok()
}

impl BitLayout {
    /// Reads the structure; fields that only tell lengths and presence of others are left out.
    pub(super) fn decode(
        &self,
        input: &mut &[u8],
        depth: u32,
        builtin: &mut Builtin<'_>,
    ) -> Result<Vec<(String, Decoded)>, Failure> {
        self.dictionary.structure_at(&self.name, input, depth, builtin)
    }
}

/// Bits of a byte that was begun.
#[derive(Default)]
struct Bits {
    byte: u8,
    left: u32,
}

impl Bits {
    fn take(&mut self, count: u32, input: &mut &[u8]) -> Result<i64, Failure> {
        if count > 62 {
            return Err(Failure::Unreadable);
        }
        let mut value = 0_i64;
        for place in 0..count {
            if self.left == 0 {
                let (byte, rest) = input.split_first().ok_or(Failure::Unreadable)?;
                (self.byte, self.left, *input) = (*byte, 8, rest);
            }
            value |= i64::from(self.byte & 1) << place;
            self.byte >>= 1;
            self.left -= 1;
        }
        Ok(value)
    }
}

impl Dictionary {
    fn structure_at(
        &self,
        name: &str,
        input: &mut &[u8],
        depth: u32,
        builtin: &mut Builtin<'_>,
    ) -> Result<Vec<(String, Decoded)>, Failure> {
        let Some(Entry::Structure(parts)) = self.types.get(name) else { return Err(Failure::Unknown) };
        if depth > MAX_DEPTH {
            return Err(Failure::Unreadable);
        }
        let mut numbers: HashMap<&str, i64> = HashMap::new();
        let mut bits = Bits::default();
        let mut fields = Vec::new();
        for part in parts {
            let is_there = part
                .switch
                .as_ref()
                .is_none_or(|(switch, value)| numbers.get(switch.as_str()) == Some(value));
            if let PartKind::Bits(count) = part.kind {
                numbers.insert(&part.name, bits.take(count, input)?);
                continue;
            }
            if bits.left > 0 {
                // what follows bits begins with a whole byte
                bits = Bits::default();
            }
            if !is_there {
                fields.push((part.name.clone(), Decoded::Absent));
                continue;
            }
            let value = match &part.length {
                None => self.part(&part.kind, input, depth, builtin)?,
                Some(length) => {
                    let len = numbers.get(length.as_str()).copied().ok_or(Failure::Unreadable)?;
                    let len = usize::try_from(len.max(0)).map_err(|_| Failure::Unreadable)?;
                    if len > MAX_LENGTH {
                        return Err(Failure::Unreadable);
                    }
                    let mut items = Vec::with_capacity(len.min(input.len()));
                    for _ in 0..len {
                        items.push(self.part(&part.kind, input, depth, builtin)?);
                    }
                    Decoded::List { items, dimensions: None }
                }
            };
            if let Some(number) = number(&value) {
                numbers.insert(&part.name, number);
            }
            fields.push((part.name.clone(), value));
        }
        let serving: Vec<&str> = parts
            .iter()
            .flat_map(|part| part.length.iter().chain(part.switch.iter().map(|(switch, _)| switch)))
            .map(String::as_str)
            .collect();
        fields.retain(|(name, _)| !serving.contains(&name.as_str()));
        Ok(fields)
    }

    fn part(
        &self,
        kind: &PartKind,
        input: &mut &[u8],
        depth: u32,
        builtin: &mut Builtin<'_>,
    ) -> Result<Decoded, Failure> {
        let name = match kind {
            PartKind::Builtin(number) => return builtin(*number, input, depth),
            PartKind::Bits(_) => return Err(Failure::Unreadable),
            PartKind::Named(name) => name,
        };
        match self.types.get(name) {
            Some(Entry::Structure(_)) => {
                // counts one more part, so that structures without content are bounded too
                builtin(EMPTY, &mut &[0_u8][..], depth)?;
                let fields = self.structure_at(name, input, depth + 1, builtin)?;
                let value = StructureValue { type_name: name.clone(), data_type: NodeId::null(), fields };
                Ok(Decoded::Structure(value))
            }
            Some(Entry::Enumeration { bits, names }) => {
                let kind = match bits {
                    0..=8 => 3,
                    9..=16 => 5,
                    17..=32 => 6,
                    _ => 8,
                };
                let value = builtin(kind, input, depth)?;
                let value = number(&value).ok_or(Failure::Unreadable)?;
                Ok(Decoded::Enumeration { value, name: names.get(&value).cloned() })
            }
            None => Err(Failure::Unknown),
        }
    }
}

/// A built-in type of one byte, read from elsewhere.
const EMPTY: u8 = 3;

fn number(value: &Decoded) -> Option<i64> {
    match value {
        Decoded::Value(Variant::Boolean(v)) => Some(i64::from(*v)),
        Decoded::Value(Variant::SByte(v)) => Some(i64::from(*v)),
        Decoded::Value(Variant::Byte(v)) => Some(i64::from(*v)),
        Decoded::Value(Variant::Int16(v)) => Some(i64::from(*v)),
        Decoded::Value(Variant::UInt16(v)) => Some(i64::from(*v)),
        Decoded::Value(Variant::Int32(v)) => Some(i64::from(*v)),
        Decoded::Value(Variant::UInt32(v)) => Some(i64::from(*v)),
        Decoded::Value(Variant::Int64(v)) => Some(*v),
        Decoded::Enumeration { value, .. } => Some(*value),
        _ => None,
    }
}

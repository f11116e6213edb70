//! Asking a server about its types.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, MutexGuard, PoisonError};

use opcua_types::{
    AttributeId, BrowseDirection, DataValue, EnumDefinition, EnumValueType, NodeId, ReferenceTypeId,
    StructureDefinition, Variant,
};

use super::decode::Decoder;
use super::definition::{DataType, DataTypes, Enumeration, Kind, MAX_FIELDS, MAX_TYPES, Structure, builtin};
use super::dictionary::Dictionary;
use super::tree::Decoded;
use crate::browse::{BrowseFilter, Reference};
use crate::session::Session;
use crate::{Error, codec, status};

/// How often a value is looked at anew because it showed one more unknown type inside.
const MAX_ROUNDS: usize = 20;
/// Types within types; values nest less deep than that.
const MAX_LEVELS: usize = 100;
/// Steps up the tree of types.
const MAX_ANCESTORS: usize = 50;
/// References of one type that matter here.
const MAX_REFERENCES: usize = 10_000;

/// What the server says about one type.
struct Said {
    name: String,
    is_abstract: bool,
    structure: Option<Structure>,
    values: Option<EnumDefinition>,
    parent: Option<NodeId>,
}

impl Session {
    /// Opens the structures in a value, and names the number if `data_type` (the variable's DataType attribute) is an
    /// enumeration. The server is asked about types that are met for the first time.
    ///
    /// What cannot be understood is no error: it stays [`Decoded::Encoded`].
    ///
    /// # Errors
    ///
    /// When the connection ends or an answer does not come in time.
    pub async fn decode(&self, value: &Variant, data_type: Option<&NodeId>) -> Result<Decoded, Error> {
        let context = codec::context_for_size(codec::size_of(value));
        for _ in 0..MAX_ROUNDS {
            let (decoded, types, encodings) = {
                let known = self.types();
                let context = context.context();
                let mut decoder = Decoder::new(&known, &context);
                let decoded = decoder.open(value, data_type);
                (decoded, decoder.missing_types, decoder.missing_encodings)
            };
            if types.is_empty() && encodings.is_empty() {
                return Ok(decoded);
            }
            self.learn(types, encodings).await?;
        }
        let known = self.types();
        let context = context.context();
        let decoded = Decoder::new(&known, &context).open(value, data_type);
        Ok(decoded)
    }

    fn types(&self) -> MutexGuard<'_, DataTypes> {
        // nothing panics while it is held
        self.inner.types.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns types by their ids and by the ids of their encodings. What nobody can explain is not asked for again.
    async fn learn(&self, mut types: Vec<NodeId>, encodings: Vec<NodeId>) -> Result<(), Error> {
        let described =
            self.targets(&encodings, ReferenceTypeId::HasEncoding, BrowseDirection::Inverse).await?;
        let described: Vec<Option<NodeId>> =
            described.into_iter().map(|found| found.into_iter().next()).collect();
        types.extend(described.iter().flatten().cloned());
        self.learn_types(types).await?;
        let mut known = self.types();
        for (encoding, data_type) in encodings.into_iter().zip(described) {
            match data_type.and_then(|id| known.by_id(&id).cloned()) {
                Some(data_type) => known.insert_encoding(encoding, data_type),
                None => known.give_up(encoding),
            }
        }
        Ok(())
    }

    async fn learn_types(&self, wanted: Vec<NodeId>) -> Result<(), Error> {
        let mut said: HashMap<NodeId, Said> = HashMap::new();
        let mut batch = self.worth_asking(wanted.clone(), &said);
        for _ in 0..MAX_LEVELS {
            if batch.is_empty() || said.len() >= MAX_TYPES {
                break;
            }
            let answers = self.ask_about(&batch).await?;
            let mut next = Vec::new();
            for (id, answer) in batch.into_iter().zip(answers) {
                let fields = answer.structure.iter().flat_map(|structure| &structure.fields);
                next.extend(fields.map(|field| field.data_type.clone()));
                if answer.structure.is_none() {
                    next.extend(answer.parent.clone());
                }
                said.insert(id, answer);
            }
            batch = self.worth_asking(next, &said);
        }
        self.conclude(&said).await?;
        let mut known = self.types();
        for id in wanted {
            if known.by_id(&id).is_none() {
                known.give_up(id);
            }
        }
        Ok(())
    }

    fn worth_asking(&self, mut ids: Vec<NodeId>, said: &HashMap<NodeId, Said>) -> Vec<NodeId> {
        let known = self.types();
        ids.retain(|id| {
            builtin(id).is_none()
                && known.by_id(id).is_none()
                && !said.contains_key(id)
                && known.is_worth_asking(id)
        });
        ids.sort_by_cached_key(ToString::to_string);
        ids.dedup();
        ids.truncate(MAX_TYPES.saturating_sub(said.len()));
        ids
    }

    async fn ask_about(&self, ids: &[NodeId]) -> Result<Vec<Said>, Error> {
        const ATTRIBUTES: [AttributeId; 3] =
            [AttributeId::BrowseName, AttributeId::IsAbstract, AttributeId::DataTypeDefinition];
        let questions: Vec<_> =
            ids.iter().flat_map(|id| ATTRIBUTES.map(|attribute| (id.clone(), attribute))).collect();
        let values = self.read(&questions).await?;
        let parents = self.targets(ids, ReferenceTypeId::HasSubtype, BrowseDirection::Inverse).await?;
        let said = values.chunks(ATTRIBUTES.len()).zip(parents).map(|(values, parents)| {
            let value = |place: usize| values.get(place).and_then(|value: &DataValue| value.value.as_ref());
            let name = match value(0) {
                Some(Variant::QualifiedName(name)) => name.name.as_ref().to_owned(),
                _ => String::new(),
            };
            let definition = match value(2) {
                Some(Variant::ExtensionObject(definition)) => Some(definition),
                _ => None,
            };
            Said {
                name,
                is_abstract: matches!(value(1), Some(Variant::Boolean(true))),
                structure: definition
                    .and_then(|definition| definition.inner_as::<StructureDefinition>())
                    .and_then(Structure::from_definition),
                values: definition.and_then(|definition| definition.inner_as::<EnumDefinition>()).cloned(),
                parent: parents.into_iter().next(),
            }
        });
        Ok(said.collect())
    }

    /// Puts together what was said, and looks in the older places where nothing was.
    async fn conclude(&self, said: &HashMap<NodeId, Said>) -> Result<(), Error> {
        let mut old_enumerations = Vec::new();
        let mut old_structures = Vec::new();
        {
            let mut known = self.types();
            for (id, answer) in said {
                let kind = match (&answer.structure, ancestry(id, said)) {
                    (Some(structure), _) => Some(Kind::Structure(structure.clone())),
                    (None, Some(Ancestor::Builtin(22))) => {
                        old_structures.push(id.clone());
                        None
                    }
                    (None, Some(Ancestor::Enumeration)) => match values_of(id, said) {
                        Some(values) => Enumeration::from_definition(values, 6).map(Kind::Enumeration),
                        None => {
                            old_enumerations.push(id.clone());
                            None
                        }
                    },
                    (None, Some(Ancestor::Builtin(number))) => match values_of(id, said) {
                        Some(values) => Enumeration::from_definition(values, number).map(Kind::Enumeration),
                        None => Some(Kind::Builtin(number)),
                    },
                    (None, None) => None,
                };
                if let Some(kind) = kind {
                    let (name, is_abstract) = (answer.name.clone(), answer.is_abstract);
                    known.insert(DataType { id: id.clone(), name, is_abstract, kind });
                }
            }
        }
        self.learn_old_enumerations(&old_enumerations, said).await?;
        self.learn_old_structures(&old_structures, said).await
    }

    /// `EnumStrings` counts from 0, `EnumValues` gives numbers.
    async fn learn_old_enumerations(
        &self,
        ids: &[NodeId],
        said: &HashMap<NodeId, Said>,
    ) -> Result<(), Error> {
        let properties = self.references(ids, ReferenceTypeId::HasProperty, BrowseDirection::Forward).await?;
        for (id, properties) in ids.iter().zip(properties) {
            let property = properties
                .iter()
                .find(|property| matches!(property.browse_name.name.as_ref(), "EnumStrings" | "EnumValues"));
            let mut names = HashMap::new();
            if let Some(property) = property {
                let question = (property.node_id.node_id.clone(), AttributeId::Value);
                let value = self.read(&[question]).await?.pop().and_then(|value| value.value);
                names = names_of(value);
            }
            let answer = said.get(id);
            let name = answer.map(|answer| answer.name.clone()).unwrap_or_default();
            let kind = Kind::Enumeration(Enumeration { builtin: 6, is_flags: false, names });
            self.types().insert(DataType { id: id.clone(), name, is_abstract: false, kind });
        }
        Ok(())
    }

    /// Type → encoding "Default Binary" → description → dictionary. A structure that nobody explains is any structure
    /// when it is abstract, and unknown otherwise.
    async fn learn_old_structures(&self, ids: &[NodeId], said: &HashMap<NodeId, Said>) -> Result<(), Error> {
        let encodings = self.references(ids, ReferenceTypeId::HasEncoding, BrowseDirection::Forward).await?;
        let mut dictionaries: BTreeMap<String, Option<Arc<Dictionary>>> = BTreeMap::new();
        for (id, encodings) in ids.iter().zip(encodings) {
            let binary =
                encodings.iter().find(|encoding| encoding.browse_name.name.as_ref() == "Default Binary");
            let layout = match binary {
                Some(binary) => self.layout(&binary.node_id.node_id, &mut dictionaries).await?,
                None => None,
            };
            let answer = said.get(id);
            let is_abstract = answer.is_some_and(|answer| answer.is_abstract);
            let kind = match layout {
                Some(layout) => Kind::Layout(layout),
                None if is_abstract => Kind::Builtin(22),
                None => continue,
            };
            let name = answer.map(|answer| answer.name.clone()).unwrap_or_default();
            self.types().insert(DataType { id: id.clone(), name, is_abstract, kind });
        }
        Ok(())
    }

    async fn layout(
        &self,
        encoding: &NodeId,
        dictionaries: &mut BTreeMap<String, Option<Arc<Dictionary>>>,
    ) -> Result<Option<super::dictionary::BitLayout>, Error> {
        let description =
            self.first(encoding, ReferenceTypeId::HasDescription, BrowseDirection::Forward).await?;
        let Some(description) = description else { return Ok(None) };
        let dictionary =
            self.first(&description, ReferenceTypeId::HasComponent, BrowseDirection::Inverse).await?;
        let Some(dictionary) = dictionary else { return Ok(None) };
        let key = dictionary.to_string();
        if !dictionaries.contains_key(&key) {
            let value = self.read(&[(dictionary, AttributeId::Value)]).await?.pop();
            let text = match value.and_then(|value| value.value) {
                Some(Variant::ByteString(bytes)) => String::from_utf8(bytes.as_ref().to_vec()).ok(),
                _ => None,
            };
            dictionaries.insert(key.clone(), text.and_then(|text| Dictionary::parse(&text)));
        }
        let name = self.read(&[(description, AttributeId::Value)]).await?.pop();
        let Some(Variant::String(name)) = name.and_then(|value| value.value) else { return Ok(None) };
        let dictionary = dictionaries.get(&key).and_then(Option::as_ref);
        Ok(dictionary.and_then(|dictionary| dictionary.structure(name.as_ref())))
    }

    async fn first(
        &self,
        node: &NodeId,
        kind: ReferenceTypeId,
        direction: BrowseDirection,
    ) -> Result<Option<NodeId>, Error> {
        let found = self.targets(std::slice::from_ref(node), kind, direction).await?;
        Ok(found.into_iter().flatten().next())
    }

    async fn targets(
        &self,
        nodes: &[NodeId],
        kind: ReferenceTypeId,
        direction: BrowseDirection,
    ) -> Result<Vec<Vec<NodeId>>, Error> {
        let found = self.references(nodes, kind, direction).await?;
        let ids =
            |found: Vec<Reference>| found.into_iter().map(|reference| reference.node_id.node_id).collect();
        Ok(found.into_iter().map(ids).collect())
    }

    /// A node that cannot be browsed has no references.
    async fn references(
        &self,
        nodes: &[NodeId],
        kind: ReferenceTypeId,
        direction: BrowseDirection,
    ) -> Result<Vec<Vec<Reference>>, Error> {
        let filter = BrowseFilter {
            direction,
            reference_type: kind.into(),
            node_classes: 0,
            max_references_per_node: MAX_REFERENCES,
        };
        match self.browse(nodes, &filter).await {
            Ok(found) => Ok(found.into_iter().map(Result::unwrap_or_default).collect()),
            Err(Error::Service { service, status }) if status::is_bad(status) => {
                tracing::debug!(service, status, "the server does not let its types be browsed");
                Ok(vec![Vec::new(); nodes.len()])
            }
            Err(error) => Err(error),
        }
    }
}

enum Ancestor {
    Builtin(u8),
    Enumeration,
}

/// The first ancestor that the standard knows.
fn ancestry(id: &NodeId, said: &HashMap<NodeId, Said>) -> Option<Ancestor> {
    let mut at = id.clone();
    for _ in 0..MAX_ANCESTORS {
        if let Some(number) = builtin(&at) {
            return Some(Ancestor::Builtin(number));
        }
        if at.namespace == 0 && at.as_u32() == Some(29) {
            return Some(Ancestor::Enumeration);
        }
        at = said.get(&at)?.parent.clone()?;
    }
    None
}

/// The names of an enumeration: its own, or those of what it is derived from.
fn values_of<'a>(id: &NodeId, said: &'a HashMap<NodeId, Said>) -> Option<&'a EnumDefinition> {
    let mut at = id.clone();
    for _ in 0..MAX_ANCESTORS {
        let answer = said.get(&at)?;
        if let Some(values) = &answer.values {
            return Some(values);
        }
        at = answer.parent.clone()?;
    }
    None
}

fn names_of(value: Option<Variant>) -> HashMap<i64, String> {
    let Some(Variant::Array(array)) = value else { return HashMap::new() };
    let names = (0_i64..).zip(array.values).take(MAX_FIELDS).filter_map(|(place, value)| match value {
        Variant::LocalizedText(text) => Some((place, text.text.as_ref().to_owned())),
        Variant::ExtensionObject(object) => {
            let value = object.inner_as::<EnumValueType>()?;
            Some((value.value, value.display_name.text.as_ref().to_owned()))
        }
        _ => None,
    });
    names.collect()
}

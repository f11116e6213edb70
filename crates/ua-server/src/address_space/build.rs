//! Adding nodes.

use std::collections::{HashMap, HashSet};

use opcua_types::{
    DataTypeId, EUInformation, ExtensionObject, LocalizedText, NodeId, ObjectTypeId, QualifiedName, Range,
    ReferenceTypeId, VariableTypeId, Variant,
};

use super::{
    access::RuleBook,
    audit_types,
    node::{Content, Node, NodeIndex, NodeKind, Reference},
    object_types,
    query::AddressSpace,
    standard, standard_types,
};
use crate::{
    Error,
    limits::Limits,
    values::{Slot, Value},
};

/// What every node has.
#[derive(Debug, Clone)]
pub struct NodeSpec {
    /// The new node's id, unique in the space.
    pub id: NodeId,
    /// Browse name in the namespace of the id; also the display name.
    pub name: String,
    /// What it is, for people.
    pub description: Option<String>,
}

/// What a variable has besides.
#[derive(Debug, Clone)]
pub struct VariableSpec {
    /// Data type of the value.
    pub data_type: DataTypeId,
    /// The slot the value is read from.
    pub slot: Slot,
    /// The fastest pace at which the source has something new, in milliseconds; 0 when it is not known.
    pub minimum_sampling: f64,
    /// Type of the variable and the properties that come with it.
    pub kind: VariableKind,
}

/// A variable of a type or a shape of its own.
#[derive(Debug, Clone)]
pub struct TypedVariable {
    /// Data type of the value, one of the application's own or of the standard.
    pub data_type: NodeId,
    /// -1 for a scalar, otherwise the number of dimensions.
    pub value_rank: i32,
    /// The slot the value is read from.
    pub slot: Slot,
    /// The fastest pace at which the source has something new, in milliseconds; 0 when it is not known.
    pub minimum_sampling: f64,
}

/// The variable types an application can use.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum VariableKind {
    /// BaseDataVariableType.
    Plain,
    /// AnalogUnitType or, with a range, AnalogItemType.
    Analog {
        /// Engineering unit as people write it.
        unit: String,
        /// Lowest and highest value in normal operation.
        range: Option<(f64, f64)>,
    },
    /// TwoStateDiscreteType with the names of false and true.
    TwoState {
        /// Name of false.
        off: String,
        /// Name of true.
        on: String,
    },
    /// MultiStateDiscreteType with the names of 0, 1, 2 …
    MultiState(Vec<String>),
}

impl AddressSpace {
    /// The standard nodes and two namespaces: OPC UA's own and the application's.
    ///
    /// # Errors
    /// Never for the tables in this crate; the type says so because it builds with the same functions as an application does.
    pub fn new(application_uri: &str, limits: &Limits) -> Result<Self, Error> {
        let mut space = Self {
            nodes: Vec::new(),
            by_id: HashMap::new(),
            children: HashSet::new(),
            book: RuleBook::new(),
            shared: HashMap::new(),
            namespaces: vec!["http://opcfoundation.org/UA/".to_owned(), application_uri.to_owned()],
        };
        standard_types::add(&mut space)?;
        audit_types::add(&mut space)?;
        standard::add(&mut space, limits)?;
        Ok(space)
    }

    /// Registers a namespace and returns its index; a known one keeps its index.
    ///
    /// # Errors
    /// [`Error::Full`] after 65,535 of them.
    pub fn add_namespace(&mut self, uri: &str) -> Result<u16, Error> {
        let known = self.namespaces.iter().position(|known| known == uri);
        let index = known.unwrap_or(self.namespaces.len());
        let number = u16::try_from(index).map_err(|_| Error::Full)?;
        if known.is_none() {
            self.namespaces.push(uri.to_owned());
        }
        Ok(number)
    }

    /// A folder that `parent` organizes.
    ///
    /// # Errors
    /// When the id or the name under `parent` is taken, or `parent` is not there.
    pub fn add_folder(&mut self, parent: &NodeId, spec: NodeSpec) -> Result<(), Error> {
        self.attach(
            parent,
            ReferenceTypeId::Organizes,
            &ObjectTypeId::FolderType.into(),
            spec,
            NodeKind::Object,
        )
    }

    /// An object that is a component of `parent`.
    ///
    /// # Errors
    /// As [`Self::add_folder`].
    pub fn add_object(&mut self, parent: &NodeId, spec: NodeSpec) -> Result<(), Error> {
        self.attach(
            parent,
            ReferenceTypeId::HasComponent,
            &ObjectTypeId::BaseObjectType.into(),
            spec,
            NodeKind::Object,
        )
    }

    /// A scalar variable that is a component of `parent`, with the properties of its kind.
    ///
    /// # Errors
    /// As [`Self::add_folder`].
    pub fn add_variable(
        &mut self,
        parent: &NodeId,
        spec: NodeSpec,
        variable: VariableSpec,
    ) -> Result<(), Error> {
        let id = spec.id.clone();
        let kind = NodeKind::Variable {
            data_type: variable.data_type.into(),
            value_rank: -1,
            minimum_sampling: variable.minimum_sampling,
            content: Content::Live(variable.slot),
        };
        let type_definition = object_types::type_of(&variable.kind);
        self.attach(parent, ReferenceTypeId::HasComponent, &type_definition.into(), spec, kind)?;
        match variable.kind {
            VariableKind::Plain => Ok(()),
            VariableKind::Analog { unit, range } => self.add_analog_properties(&id, &unit, range),
            VariableKind::TwoState { off, on } => {
                let (off, on) = (self.share_text(&off), self.share_text(&on));
                self.add_property(&id, "FalseState", DataTypeId::LocalizedText, off)?;
                self.add_property(&id, "TrueState", DataTypeId::LocalizedText, on)
            }
            VariableKind::MultiState(names) => {
                let names = self.share(format!("names {names:?}"), || {
                    let names = names.iter().map(|name| LocalizedText::new("", name));
                    Variant::from(names.collect::<Vec<_>>())
                });
                self.add_property(&id, "EnumStrings", DataTypeId::LocalizedText, names)
            }
        }
    }

    /// A variable of BaseDataVariableType with a data type of any kind: a structure, an enumeration, an array, a matrix.
    ///
    /// # Errors
    /// As [`Self::add_folder`].
    pub fn add_typed_variable(
        &mut self,
        parent: &NodeId,
        spec: NodeSpec,
        variable: TypedVariable,
    ) -> Result<(), Error> {
        let kind = NodeKind::Variable {
            data_type: variable.data_type,
            value_rank: variable.value_rank,
            minimum_sampling: variable.minimum_sampling,
            content: Content::Live(variable.slot),
        };
        let type_definition = VariableTypeId::BaseDataVariableType.into();
        self.attach(parent, ReferenceTypeId::HasComponent, &type_definition, spec, kind)
    }

    fn add_analog_properties(
        &mut self,
        id: &NodeId,
        unit: &str,
        range: Option<(f64, f64)>,
    ) -> Result<(), Error> {
        let unit = self.share(format!("unit {unit}"), || {
            let unit = EUInformation {
                namespace_uri: UNITS_NAMESPACE.into(),
                unit_id: -1,
                display_name: LocalizedText::new("", unit),
                description: LocalizedText::new("", unit),
            };
            ExtensionObject::from_message(unit).into()
        });
        self.add_property(id, "EngineeringUnits", DataTypeId::EUInformation, unit)?;
        if let Some((low, high)) = range {
            let range = self.share(format!("range {low} {high}"), || {
                ExtensionObject::from_message(Range { low, high }).into()
            });
            self.add_property(id, "EURange", DataTypeId::Range, range)?;
        }
        Ok(())
    }

    fn share_text(&mut self, text: &str) -> Value {
        self.share(format!("text {text}"), || Variant::from(LocalizedText::new("", text)))
    }

    /// A value that is made only when nobody had one of this name.
    fn share(&mut self, name: String, make: impl FnOnce() -> Variant) -> Value {
        self.shared.entry(name).or_insert_with(|| make().into()).clone()
    }

    /// A property in OPC UA's own namespace whose id is the owner's with the name appended.
    pub(super) fn add_property(
        &mut self,
        owner: &NodeId,
        name: &str,
        data_type: DataTypeId,
        value: impl Into<Value>,
    ) -> Result<(), Error> {
        let value = value.into();
        let id = NodeId::new(owner.namespace, format!("{}.{name}", owner.identifier));
        let is_array = matches!(&value, Value::Other(variant) if matches!(**variant, Variant::Array(_)));
        let value_rank = if is_array { 1 } else { -1 };
        let kind = NodeKind::Variable {
            data_type: data_type.into(),
            value_rank,
            minimum_sampling: 0.0,
            content: Content::Fixed(value),
        };
        self.insert(id.clone(), QualifiedName::new(0, name), None, kind)?;
        self.refer(owner, ReferenceTypeId::HasProperty, &id)?;
        self.refer(&id, ReferenceTypeId::HasTypeDefinition, &VariableTypeId::PropertyType.into())
    }

    pub(super) fn attach(
        &mut self,
        parent: &NodeId,
        reference: ReferenceTypeId,
        type_definition: &NodeId,
        spec: NodeSpec,
        kind: NodeKind,
    ) -> Result<(), Error> {
        let parent_index = self.index(parent).ok_or_else(|| Error::UnknownNode(parent.clone()))?;
        let namespace = spec.id.namespace;
        if usize::from(namespace) >= self.namespaces.len() {
            return Err(Error::Config("a node's namespace is not registered"));
        }
        if self.by_id.contains_key(&spec.id) {
            return Err(Error::DuplicateNode(spec.id));
        }
        if !self.children.insert((parent_index, namespace, spec.name.as_str().into())) {
            return Err(Error::DuplicateName { parent: parent.clone(), name: spec.name });
        }
        self.insert(spec.id.clone(), QualifiedName::new(namespace, spec.name), spec.description, kind)?;
        self.refer(parent, reference, &spec.id)?;
        self.refer(&spec.id, ReferenceTypeId::HasTypeDefinition, type_definition)
    }

    pub(super) fn insert(
        &mut self,
        id: NodeId,
        browse_name: QualifiedName,
        description: Option<String>,
        kind: NodeKind,
    ) -> Result<(), Error> {
        let index = NodeIndex(u32::try_from(self.nodes.len()).map_err(|_| Error::Full)?);
        if self.by_id.contains_key(&id) {
            return Err(Error::DuplicateNode(id));
        }
        self.by_id.insert(id.clone(), index);
        let description = description.map(String::into_boxed_str);
        self.nodes.push(Node {
            id,
            browse_name,
            display_name: None,
            description,
            kind,
            rules: None,
            references: Vec::new(),
        });
        Ok(())
    }

    /// Puts a reference on both ends; targets of `HasTypeDefinition` do not list their instances, which would be every node.
    pub(super) fn refer(&mut self, from: &NodeId, kind: ReferenceTypeId, to: &NodeId) -> Result<(), Error> {
        let (source, target, number) = self.refer_one_way(from, kind, to)?;
        if kind != ReferenceTypeId::HasTypeDefinition {
            self.push(target, Reference { kind: number, target: source, forward: false });
        }
        Ok(())
    }

    /// Puts a reference on its source alone; gives both ends and the type.
    pub(super) fn refer_one_way(
        &mut self,
        from: &NodeId,
        kind: ReferenceTypeId,
        to: &NodeId,
    ) -> Result<(NodeIndex, NodeIndex, NodeIndex), Error> {
        let place = |space: &Self, id: &NodeId| space.index(id).ok_or_else(|| Error::UnknownNode(id.clone()));
        let (source, target) = (place(self, from)?, place(self, to)?);
        let kind = place(self, &kind.into())?;
        self.push(source, Reference { kind, target, forward: true });
        Ok((source, target, kind))
    }

    fn push(&mut self, at: NodeIndex, reference: Reference) {
        if let Some(node) = usize::try_from(at.0).ok().and_then(|index| self.nodes.get_mut(index)) {
            node.references.push(reference);
        }
    }
}

/// Our units are names, not UN/CEFACT codes, so they must not claim that namespace (Part 8 §5.6.3).
const UNITS_NAMESPACE: &str = "urn:lockgate:units";

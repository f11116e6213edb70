//! Data types of an application: structures and enumerations that explain themselves (Part 3 §5.8).

use opcua_types::{
    DataTypeDefinition, DataTypeId, EnumDefinition, NodeId, ObjectTypeId, QualifiedName, ReferenceTypeId,
    StructureDefinition,
};

use super::{NodeSpec, node::NodeKind, query::AddressSpace};
use crate::Error;

impl AddressSpace {
    /// A structure below Structure, with its binary encoding as a node of its own: the definition's `default_encoding_id`.
    ///
    /// # Errors
    /// When an id is taken.
    pub fn add_structure(&mut self, spec: NodeSpec, definition: StructureDefinition) -> Result<(), Error> {
        let encoding = definition.default_encoding_id.clone();
        let id = spec.id.clone();
        let structure = DataTypeId::Structure.into();
        self.add_data_type(&structure, spec, DataTypeDefinition::Structure(definition))?;
        self.insert(encoding.clone(), QualifiedName::new(0, "Default Binary"), None, NodeKind::Object)?;
        self.refer(&id, ReferenceTypeId::HasEncoding, &encoding)?;
        self.refer(&encoding, ReferenceTypeId::HasTypeDefinition, &ObjectTypeId::DataTypeEncodingType.into())
    }

    /// An enumeration below Enumeration.
    ///
    /// # Errors
    /// When the id is taken.
    pub fn add_enumeration(&mut self, spec: NodeSpec, definition: EnumDefinition) -> Result<(), Error> {
        let enumeration = DataTypeId::Enumeration.into();
        self.add_data_type(&enumeration, spec, DataTypeDefinition::Enum(definition))
    }

    /// A type of events below BaseEventType with fields of its own.
    ///
    /// # Errors
    /// When an id is taken.
    pub fn add_event_type(&mut self, spec: NodeSpec, fields: &[(&str, DataTypeId)]) -> Result<(), Error> {
        let id = spec.id.clone();
        let browse_name = QualifiedName::new(id.namespace, spec.name);
        let kind = NodeKind::ObjectType { is_abstract: false };
        self.insert(id.clone(), browse_name, spec.description, kind)?;
        self.refer(&ObjectTypeId::BaseEventType.into(), ReferenceTypeId::HasSubtype, &id)?;
        for (name, data_type) in fields {
            let field = NodeId::new(id.namespace, format!("{}.{name}", id.identifier));
            let name = QualifiedName::new(id.namespace, *name);
            super::standard_types::add_event_field(self, &id, field, name, *data_type)?;
        }
        Ok(())
    }

    fn add_data_type(
        &mut self,
        parent: &NodeId,
        spec: NodeSpec,
        definition: DataTypeDefinition,
    ) -> Result<(), Error> {
        let browse_name = QualifiedName::new(spec.id.namespace, spec.name);
        let kind = NodeKind::DataType { is_abstract: false, definition: Some(Box::new(definition)) };
        self.insert(spec.id.clone(), browse_name, spec.description, kind)?;
        self.refer(parent, ReferenceTypeId::HasSubtype, &spec.id)
    }
}

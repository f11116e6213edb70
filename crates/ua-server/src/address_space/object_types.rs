//! Object types of an application and their instances (Part 3 §5.5.2, §6).

use opcua_types::{NodeId, ObjectId, ObjectTypeId, QualifiedName, ReferenceTypeId, VariableTypeId};

use super::{
    NodeSpec, VariableKind,
    node::{Content, NodeKind},
    query::AddressSpace,
};
use crate::{Error, values::Value};

/// A variable that every instance of an object type has.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Its browse name, in the namespace of the type.
    pub name: String,
    /// Data type of the value.
    pub data_type: NodeId,
    /// -1 for a scalar, otherwise the number of dimensions.
    pub value_rank: i32,
    /// Type of the variable.
    pub kind: VariableKind,
}

impl AddressSpace {
    /// A type of objects below BaseObjectType, with the variables that its instances have.
    ///
    /// # Errors
    /// When an id is taken.
    pub fn add_object_type(&mut self, spec: NodeSpec, declarations: &[Declaration]) -> Result<(), Error> {
        let id = spec.id.clone();
        let browse_name = QualifiedName::new(id.namespace, spec.name);
        let kind = NodeKind::ObjectType { is_abstract: false };
        self.insert(id.clone(), browse_name, spec.description, kind)?;
        self.refer(&ObjectTypeId::BaseObjectType.into(), ReferenceTypeId::HasSubtype, &id)?;
        for declaration in declarations {
            let place = NodeId::new(id.namespace, format!("{}.{}", id.identifier, declaration.name));
            let name = QualifiedName::new(id.namespace, declaration.name.as_str());
            let kind = NodeKind::Variable {
                data_type: declaration.data_type.clone(),
                value_rank: declaration.value_rank,
                minimum_sampling: 0.0,
                content: Content::Fixed(Value::Null),
            };
            self.insert(place.clone(), name, None, kind)?;
            self.refer(&id, ReferenceTypeId::HasComponent, &place)?;
            let variable_type = type_of(&declaration.kind).into();
            self.refer(&place, ReferenceTypeId::HasTypeDefinition, &variable_type)?;
            let mandatory = ObjectId::ModellingRule_Mandatory.into();
            self.refer_one_way(&place, ReferenceTypeId::HasModellingRule, &mandatory)?;
        }
        Ok(())
    }

    /// An object of an application's own type that is a component of `parent`; its variables are added one by one.
    ///
    /// # Errors
    /// As [`Self::add_folder`].
    pub fn add_instance(
        &mut self,
        parent: &NodeId,
        object_type: &NodeId,
        spec: NodeSpec,
    ) -> Result<(), Error> {
        self.attach(parent, ReferenceTypeId::HasComponent, object_type, spec, NodeKind::Object)
    }
}

/// The standard's type for a kind of variable.
pub(super) const fn type_of(kind: &VariableKind) -> VariableTypeId {
    match kind {
        VariableKind::Plain => VariableTypeId::BaseDataVariableType,
        VariableKind::Analog { range: None, .. } => VariableTypeId::AnalogUnitType,
        VariableKind::Analog { range: Some(_), .. } => VariableTypeId::AnalogUnitRangeType,
        VariableKind::TwoState { .. } => VariableTypeId::TwoStateDiscreteType,
        VariableKind::MultiState(_) => VariableTypeId::MultiStateDiscreteType,
    }
}

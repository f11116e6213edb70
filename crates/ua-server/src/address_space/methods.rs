//! Methods of an application (Part 3 §5.7).

use opcua_types::{
    Argument, DataTypeId, ExtensionObject, LocalizedText, NodeId, QualifiedName, ReferenceTypeId, UAString,
    Variant,
};

use super::{NodeSpec, node::NodeKind, query::AddressSpace};
use crate::{Error, values::Slot};

/// What a method has besides.
#[derive(Debug, Clone)]
pub struct MethodSpec {
    /// The slot by which the source knows it.
    pub slot: Slot,
    /// Name and data type of each scalar that it takes.
    pub inputs: Vec<(String, DataTypeId)>,
    /// Name and data type of each scalar that it gives.
    pub outputs: Vec<(String, DataTypeId)>,
}

impl AddressSpace {
    /// A method that is a component of the object `parent`.
    ///
    /// # Errors
    /// As [`Self::add_folder`].
    pub fn add_method(&mut self, parent: &NodeId, spec: NodeSpec, method: MethodSpec) -> Result<(), Error> {
        let id = spec.id.clone();
        if !self.contains(parent) {
            return Err(Error::UnknownNode(parent.clone()));
        }
        let browse_name = QualifiedName::new(id.namespace, spec.name);
        self.insert(id.clone(), browse_name, spec.description, NodeKind::Method(method.slot))?;
        self.refer(parent, ReferenceTypeId::HasComponent, &id)?;
        for (name, arguments) in [("InputArguments", method.inputs), ("OutputArguments", method.outputs)] {
            if !arguments.is_empty() {
                self.add_property(&id, name, DataTypeId::Argument, described(arguments))?;
            }
        }
        Ok(())
    }
}

fn described(arguments: Vec<(String, DataTypeId)>) -> Variant {
    let arguments = arguments.into_iter().map(|(name, data_type)| {
        ExtensionObject::from_message(Argument {
            name: UAString::from(name),
            data_type: data_type.into(),
            value_rank: -1,
            array_dimensions: None,
            description: LocalizedText::null(),
        })
    });
    Variant::from(arguments.collect::<Vec<_>>())
}

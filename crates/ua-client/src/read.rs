//! Reading attributes (Part 4 §5.11.2).

use opcua_types::{
    AttributeId, DataValue, NodeId, ReadRequest, ReadValueId, StatusCode, TimestampsToReturn, VariableId,
    Variant,
};

use crate::batch::{Batches, Verdict};
use crate::codec::exactly;
use crate::namespaces::Namespaces;
use crate::session::Session;
use crate::{Error, status};

/// More namespaces than any server has.
const MAX_NAMESPACES: usize = 10_000;

impl Session {
    /// Reads attributes: one value per question, in order, a refused or unreadable one with its bad status.
    ///
    /// Long lists are cut to what the server takes.
    ///
    /// # Errors
    ///
    /// When the connection ends, an answer does not come in time, or the service as a whole refuses.
    pub async fn read(&self, what: &[(NodeId, AttributeId)]) -> Result<Vec<DataValue>, Error> {
        let mut values = Vec::with_capacity(what.len());
        let mut batches = Batches::new(what.len(), &self.inner.limits.read);
        while let Some(range) = batches.next() {
            let batch = what.get(range.clone()).unwrap_or_default();
            match self.read_batch(batch).await {
                Ok(read) => values.extend(read),
                Err(error) => match batches.failed(range, error)? {
                    Verdict::Retry => {}
                    Verdict::ItemFailed(code) => values.push(failed(code)),
                },
            }
        }
        Ok(values)
    }

    /// The server's namespace table.
    ///
    /// # Errors
    ///
    /// As [`Session::read`], and when the server does not show the table.
    pub async fn namespaces(&self) -> Result<Namespaces, Error> {
        let table = (NodeId::from(VariableId::Server_NamespaceArray), AttributeId::Value);
        let value = self.read(&[table]).await?.pop().unwrap_or_default();
        let unreadable = |detail: &str| Error::Decode { service: "Read", detail: detail.to_owned() };
        if let Some(code) = value.status.filter(|code| status::is_bad(code.bits())) {
            return Err(Error::Service { service: "Read", status: code.bits() });
        }
        let Some(Variant::Array(array)) = value.value else {
            return Err(unreadable("the namespace table is not an array"));
        };
        if array.values.len() > MAX_NAMESPACES {
            return Err(unreadable("the namespace table is absurdly long"));
        }
        let uris = array.values.into_iter().map(|uri| match uri {
            Variant::String(uri) => Ok(uri.as_ref().to_owned()),
            _ => Err(unreadable("the namespace table holds something other than text")),
        });
        uris.collect::<Result<_, _>>().map(Namespaces::new)
    }

    async fn read_batch(&self, batch: &[(NodeId, AttributeId)]) -> Result<Vec<DataValue>, Error> {
        let questions =
            batch.iter().map(|(node, attribute)| ReadValueId::new(node.clone(), *attribute)).collect();
        let request = ReadRequest {
            timestamps_to_return: TimestampsToReturn::Both,
            nodes_to_read: Some(questions),
            ..Default::default()
        };
        exactly::<ReadRequest, _>(self.call(request).await?.results, batch.len())
    }
}

fn failed(code: u32) -> DataValue {
    DataValue { status: Some(StatusCode::from(code)), ..Default::default() }
}

//! Reading attributes (Part 4 §5.11.2).

use std::ops::Range;

use opcua_types::{AttributeId, DataValue, NodeId, ReadRequest, StatusCode, VariableId, Variant};

use ua_channel::{DataValueRef, ValueRef, walk_read_response};

use crate::batch::{Batches, Verdict};
use crate::codec::exactly;
use crate::delivery::decode_failure;
use crate::flight::Flight;
use crate::namespaces::Namespaces;
use crate::questions::ReadQuestions;
use crate::request::ReadOnlyRequest;
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
        let mut values = vec![DataValue::default(); what.len()];
        let limits = &self.inner.limits;
        let mut flight = Flight::new(what.len(), &limits.read, &limits.reads_at_once);
        let ask = |range: Range<usize>| {
            let (session, batch) = (self.clone(), what.get(range).unwrap_or_default().to_vec());
            async move { session.read_batch(&batch).await }
        };
        while let Some((range, answer)) = flight.next(ask).await {
            let read = match answer {
                Ok(read) => read,
                Err(error) => match flight.failed(range.clone(), error)? {
                    Verdict::Retry => continue,
                    Verdict::ItemFailed(code) => vec![failed(code)],
                },
            };
            for (slot, value) in values.iter_mut().skip(range.start).zip(read) {
                *slot = value;
            }
        }
        Ok(values)
    }

    /// Reads attributes without keeping them: each value is handed over in the bytes it came in, with its place in the
    /// list, in order. A refused or unreadable one comes with its bad status.
    ///
    /// For many values at a time: nothing is allocated for a number, a text or a time.
    ///
    /// # Errors
    ///
    /// As [`Session::read`]; what was handed over before stays handed over.
    pub async fn read_each<F>(&self, what: &[(NodeId, AttributeId)], mut value: F) -> Result<(), Error>
    where
        F: FnMut(usize, &DataValueRef<'_>),
    {
        let mut batches = Batches::new(what.len(), &self.inner.limits.read);
        while let Some(range) = batches.next() {
            let (start, batch) = (range.start, what.get(range.clone()).unwrap_or_default());
            match self.read_answer(batch).await {
                Ok(answer) => {
                    walk_read_response(&answer, |place, read| value(start.saturating_add(place), read))
                        .map_err(|error| decode_failure(ReadRequest::SERVICE, &error))?;
                }
                Err(error) => match batches.failed(range, error)? {
                    Verdict::Retry => {}
                    Verdict::ItemFailed(code) => {
                        value(start, &refused(code));
                    }
                },
            }
        }
        Ok(())
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
        exactly::<ReadRequest, _>(self.call(ReadQuestions::about(batch)).await?.results, batch.len())
    }

    /// An answer's bytes that were walked once without handing anything over: whole, readable, one value per question.
    async fn read_answer(&self, batch: &[(NodeId, AttributeId)]) -> Result<Vec<u8>, Error> {
        let caller = &self.inner.caller;
        let answer = caller.call_raw(ReadQuestions::about(batch), caller.timeout()).await?;
        let summary = walk_read_response(&answer, |_, _| {})
            .map_err(|error| decode_failure(ReadRequest::SERVICE, &error))?;
        if status::is_bad(summary.service_result) {
            return Err(Error::Service { service: ReadRequest::SERVICE, status: summary.service_result });
        }
        if summary.values != batch.len() {
            let detail = format!("{} results for {} questions", summary.values, batch.len());
            return Err(Error::UnexpectedResponse { service: ReadRequest::SERVICE, detail });
        }
        Ok(answer)
    }
}

fn refused(status: u32) -> DataValueRef<'static> {
    DataValueRef {
        value: ValueRef::Null,
        status,
        source_timestamp: 0,
        source_picoseconds: 0,
        server_timestamp: 0,
        server_picoseconds: 0,
    }
}

fn failed(code: u32) -> DataValue {
    DataValue { status: Some(StatusCode::from(code)), ..Default::default() }
}

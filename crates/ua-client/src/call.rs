//! The four method calls that this client can make, because they ask for what was missed and change nothing in the plant.

use opcua_types::{
    BinaryEncodable, CallMethodRequest, CallRequest, Context, EncodingResult, MessageInfo, MethodId, NodeId,
    ObjectId, ObjectTypeId, RequestHeader, Variant,
};

use crate::session::Session;
use crate::{Error, status};

/// A method that may be called. Object, method and the kind of its arguments are fixed by the variant: nothing else can be
/// encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermittedCall {
    /// Sends all conditions that are retained once more to every event item of the subscription (Part 9 §5.5.7).
    ConditionRefresh {
        /// The subscription.
        subscription_id: u32,
    },
    /// The same for one item (Part 9 §5.5.8).
    ConditionRefresh2 {
        /// The subscription.
        subscription_id: u32,
        /// The item.
        item_id: u32,
    },
    /// Asks which items a subscription has (Part 5 §9.1).
    GetMonitoredItems {
        /// The subscription.
        subscription_id: u32,
    },
    /// Sends the newest value of every item of the subscription once more (Part 5 §9.2).
    ResendData {
        /// The subscription.
        subscription_id: u32,
    },
}

impl PermittedCall {
    fn target(self) -> (NodeId, MethodId) {
        match self {
            Self::ConditionRefresh { .. } => {
                (ObjectTypeId::ConditionType.into(), MethodId::ConditionType_ConditionRefresh)
            }
            Self::ConditionRefresh2 { .. } => {
                (ObjectTypeId::ConditionType.into(), MethodId::ConditionType_ConditionRefresh2)
            }
            Self::GetMonitoredItems { .. } => (ObjectId::Server.into(), MethodId::Server_GetMonitoredItems),
            Self::ResendData { .. } => (ObjectId::Server.into(), MethodId::Server_ResendData),
        }
    }

    fn arguments(self) -> Vec<Variant> {
        match self {
            Self::ConditionRefresh { subscription_id }
            | Self::GetMonitoredItems { subscription_id }
            | Self::ResendData { subscription_id } => vec![Variant::UInt32(subscription_id)],
            Self::ConditionRefresh2 { subscription_id, item_id } => {
                vec![Variant::UInt32(subscription_id), Variant::UInt32(item_id)]
            }
        }
    }
}

/// A Call that was made from a [`PermittedCall`], which is the only way to make one.
#[derive(Clone, Debug)]
pub(crate) struct PermittedCallRequest(CallRequest);

impl From<PermittedCall> for PermittedCallRequest {
    fn from(call: PermittedCall) -> Self {
        let (object_id, method) = call.target();
        let call = CallMethodRequest {
            object_id,
            method_id: method.into(),
            input_arguments: Some(call.arguments()),
        };
        Self(CallRequest { methods_to_call: Some(vec![call]), ..Default::default() })
    }
}

impl PermittedCallRequest {
    pub(crate) fn header_mut(&mut self) -> &mut RequestHeader {
        &mut self.0.request_header
    }
}

impl BinaryEncodable for PermittedCallRequest {
    fn byte_len(&self, context: &Context<'_>) -> usize {
        self.0.byte_len(context)
    }

    fn encode<S: std::io::Write + ?Sized>(
        &self,
        stream: &mut S,
        context: &Context<'_>,
    ) -> EncodingResult<()> {
        self.0.encode(stream, context)
    }
}

impl MessageInfo for PermittedCallRequest {
    fn type_id(&self) -> ObjectId {
        self.0.type_id()
    }

    fn json_type_id(&self) -> ObjectId {
        self.0.json_type_id()
    }

    fn xml_type_id(&self) -> ObjectId {
        self.0.xml_type_id()
    }

    fn data_type_id(&self) -> opcua_types::DataTypeId {
        self.0.data_type_id()
    }
}

/// The items of a subscription as the server has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownItems {
    /// The server's id and our handle of each item, in the server's order.
    pub items: Vec<(u32, u32)>,
}

impl Session {
    /// Asks the server to send the newest value of every item once more.
    ///
    /// # Errors
    ///
    /// When the connection ends, no answer comes in time, or the server refuses; many do not have the method
    /// (`BadMethodInvalid`, `BadNodeIdUnknown`).
    pub async fn resend_data(&self, subscription_id: u32) -> Result<(), Error> {
        self.call_method(PermittedCall::ResendData { subscription_id }).await.map(drop)
    }

    /// Asks the server to send all retained conditions once more, between a RefreshStart and a RefreshEnd event.
    ///
    /// # Errors
    ///
    /// As [`resend_data`](Session::resend_data).
    pub async fn condition_refresh(&self, subscription_id: u32) -> Result<(), Error> {
        self.call_method(PermittedCall::ConditionRefresh { subscription_id }).await.map(drop)
    }

    /// The same for one event item.
    ///
    /// # Errors
    ///
    /// As [`resend_data`](Session::resend_data).
    pub async fn condition_refresh_item(&self, subscription_id: u32, item_id: u32) -> Result<(), Error> {
        self.call_method(PermittedCall::ConditionRefresh2 { subscription_id, item_id }).await.map(drop)
    }

    /// Asks which items a subscription has: after it was taken over, or when the answer to their creation was lost.
    ///
    /// # Errors
    ///
    /// As [`resend_data`](Session::resend_data).
    pub async fn monitored_items(&self, subscription_id: u32) -> Result<KnownItems, Error> {
        let outputs = self.call_method(PermittedCall::GetMonitoredItems { subscription_id }).await?;
        let [servers, ours] = outputs.as_slice() else { return Err(no_lists()) };
        let (servers, ours) = (numbers(servers)?, numbers(ours)?);
        if servers.len() != ours.len() {
            return Err(no_lists());
        }
        Ok(KnownItems { items: servers.into_iter().zip(ours).collect() })
    }

    async fn call_method(&self, call: PermittedCall) -> Result<Vec<Variant>, Error> {
        let response = self.call(PermittedCallRequest::from(call)).await?;
        let mut results = crate::codec::exactly::<PermittedCallRequest, _>(response.results, 1)?;
        let result = results.pop().unwrap_or_default();
        match result.status_code.bits() {
            code if status::is_bad(code) => Err(Error::Service { service: SERVICE, status: code }),
            _ => Ok(result.output_arguments.unwrap_or_default()),
        }
    }
}

/// The service's name in Part 4.
pub(crate) const SERVICE: &str = "Call";

fn no_lists() -> Error {
    let detail = "two lists of the same length should come back".to_owned();
    Error::UnexpectedResponse { service: SERVICE, detail }
}

fn numbers(list: &Variant) -> Result<Vec<u32>, Error> {
    match list {
        Variant::Array(array) => {
            let numbers = array.values.iter().map(|value| match value {
                Variant::UInt32(number) => Ok(*number),
                _ => Err(no_lists()),
            });
            numbers.collect()
        }
        Variant::Empty => Ok(Vec::new()),
        _ => Err(no_lists()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_permitted_call_goes_to_its_own_method_and_no_other() {
        let calls = [
            (PermittedCall::ConditionRefresh { subscription_id: 7 }, (2782_u32, 3875_u32), vec![7_u32]),
            (PermittedCall::ConditionRefresh2 { subscription_id: 7, item_id: 8 }, (2782, 12912), vec![7, 8]),
            (PermittedCall::GetMonitoredItems { subscription_id: 7 }, (2253, 11492), vec![7]),
            (PermittedCall::ResendData { subscription_id: 7 }, (2253, 12873), vec![7]),
        ];
        for (call, (object, method), arguments) in calls {
            let request = PermittedCallRequest::from(call);
            let [sent] = request.0.methods_to_call.as_deref().unwrap() else { panic!("{call:?}") };
            assert_eq!((sent.object_id.clone(), sent.method_id.clone()), (object.into(), method.into()));
            let sent: Vec<_> = sent.input_arguments.iter().flatten().cloned().collect();
            assert_eq!(sent, arguments.into_iter().map(Variant::UInt32).collect::<Vec<_>>());
        }
    }
}

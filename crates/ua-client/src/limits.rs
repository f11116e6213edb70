//! How much a server takes in one request.

use opcua_types::{
    AttributeId, DataValue, NodeId, ReadRequest, ReadValueId, TimestampsToReturn, VariableId, Variant,
};

use crate::Error;
use crate::batch::BatchLimit;
use crate::session::Caller;

/// What goes into one request at most, also when the server names no limit: more gains nothing and
/// delays everything else on the connection.
const MOST_PER_REQUEST: usize = 1000;

/// Limits the server announced (Part 5 §6.3.11); 0 means that it names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperationLimits {
    /// Nodes in one Read.
    pub max_nodes_per_read: u32,
    /// Nodes in one Browse, continuation points in one BrowseNext.
    pub max_nodes_per_browse: u32,
    /// Items in one CreateMonitoredItems or DeleteMonitoredItems.
    pub max_monitored_items_per_call: u32,
}

/// The announced limits and what the server taught us since.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) announced: OperationLimits,
    pub(crate) read: BatchLimit,
    pub(crate) browse: BatchLimit,
    pub(crate) monitored_items: BatchLimit,
}

impl Limits {
    pub(crate) fn new(announced: OperationLimits) -> Self {
        Self {
            announced,
            read: BatchLimit::new(announced.max_nodes_per_read, MOST_PER_REQUEST),
            browse: BatchLimit::new(announced.max_nodes_per_browse, MOST_PER_REQUEST),
            monitored_items: BatchLimit::new(announced.max_monitored_items_per_call, MOST_PER_REQUEST),
        }
    }
}

/// Reads the limits, one by one: before they are known, one node a request is the only number that is always allowed.
///
/// A server without them, or one that does not show them to us, has defaults. Only the end of the connection is an error.
pub(crate) async fn read_from_server(caller: &Caller) -> Result<OperationLimits, Error> {
    Ok(OperationLimits {
        max_nodes_per_read: read_one(
            caller,
            VariableId::Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
        )
        .await?,
        max_nodes_per_browse: read_one(
            caller,
            VariableId::Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
        )
        .await?,
        max_monitored_items_per_call: read_one(
            caller,
            VariableId::Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
        )
        .await?,
    })
}

async fn read_one(caller: &Caller, variable: VariableId) -> Result<u32, Error> {
    let request = ReadRequest {
        timestamps_to_return: TimestampsToReturn::Neither,
        nodes_to_read: Some(vec![ReadValueId::new(NodeId::from(variable), AttributeId::Value)]),
        ..Default::default()
    };
    match caller.call(request).await {
        Ok(response) => Ok(number(response.results.as_deref().and_then(<[DataValue]>::first))),
        Err(Error::Service { .. } | Error::Decode { .. } | Error::UnexpectedResponse { .. }) => Ok(0),
        Err(error) => Err(error),
    }
}

fn number(value: Option<&DataValue>) -> u32 {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Variant::UInt32(limit)) => *limit,
        Some(Variant::UInt16(limit)) => u32::from(*limit),
        Some(Variant::Int32(limit)) => u32::try_from(*limit).unwrap_or(0),
        _ => 0,
    }
}

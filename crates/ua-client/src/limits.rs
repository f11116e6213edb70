//! How much a server takes in one request.

use opcua_types::{
    AttributeId, DataValue, NodeId, ReadRequest, ReadValueId, TimestampsToReturn, VariableId, Variant,
};

use crate::Error;
use crate::batch::BatchLimit;
use crate::codec::exactly;
use crate::flight::Window;
use crate::session::Caller;

/// What goes into one request at most, also when the server names no limit: more gains nothing and
/// delays everything else on the connection.
const MOST_PER_REQUEST: usize = 1000;
/// The same for HistoryRead: an answer carries many values of each node.
const MOST_HISTORY_PER_REQUEST: usize = 10;

/// Limits the server announced (Part 5 §6.3.11); 0 means that it names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperationLimits {
    /// Nodes in one Read.
    pub max_nodes_per_read: u32,
    /// Nodes in one Browse, continuation points in one BrowseNext.
    pub max_nodes_per_browse: u32,
    /// Items in one CreateMonitoredItems or DeleteMonitoredItems.
    pub max_monitored_items_per_call: u32,
    /// Paths in one TranslateBrowsePathsToNodeIds.
    pub max_nodes_per_translate_browse_paths: u32,
    /// Nodes in one RegisterNodes or UnregisterNodes.
    pub max_nodes_per_register_nodes: u32,
    /// Nodes in one HistoryRead of values.
    pub max_nodes_per_history_read_data: u32,
    /// Nodes in one HistoryRead of events.
    pub max_nodes_per_history_read_events: u32,
    /// Continuation points of Browse that the session may hold at a time (ServerCapabilities, Part 5 §6.3.2).
    pub max_browse_continuation_points: u16,
}

/// The announced limits and what the server taught us since.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) announced: OperationLimits,
    pub(crate) read: BatchLimit,
    pub(crate) browse: BatchLimit,
    pub(crate) reads_at_once: Window,
    pub(crate) browses_at_once: Window,
    pub(crate) monitored_items: BatchLimit,
    pub(crate) translate: BatchLimit,
    pub(crate) register: BatchLimit,
    pub(crate) history_data: BatchLimit,
    pub(crate) history_events: BatchLimit,
}

impl Limits {
    pub(crate) fn new(announced: OperationLimits) -> Self {
        let limit = |announced| BatchLimit::new(announced, MOST_PER_REQUEST);
        let history = |announced| BatchLimit::new(announced, MOST_HISTORY_PER_REQUEST);
        Self {
            announced,
            read: limit(announced.max_nodes_per_read),
            browse: limit(announced.max_nodes_per_browse),
            reads_at_once: Window::default(),
            browses_at_once: Window::default(),
            monitored_items: limit(announced.max_monitored_items_per_call),
            translate: limit(announced.max_nodes_per_translate_browse_paths),
            register: limit(announced.max_nodes_per_register_nodes),
            history_data: history(announced.max_nodes_per_history_read_data),
            history_events: history(announced.max_nodes_per_history_read_events),
        }
    }
}

/// The limits besides that of Read, in the order of the fields.
const OTHERS: [VariableId; 7] = [
    VariableId::Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
    VariableId::Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
    VariableId::Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds,
    VariableId::Server_ServerCapabilities_OperationLimits_MaxNodesPerRegisterNodes,
    VariableId::Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData,
    VariableId::Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadEvents,
    VariableId::Server_ServerCapabilities_MaxBrowseContinuationPoints,
];

/// Reads the limits: first that of Read, alone, because before it is known one node a request is the only number that
/// is always allowed.
///
/// A server without them, or one that does not show them to us, has defaults. Only the end of the connection is an error.
pub(crate) async fn read_from_server(caller: &Caller) -> Result<OperationLimits, Error> {
    let first = [VariableId::Server_ServerCapabilities_OperationLimits_MaxNodesPerRead];
    let max_nodes_per_read =
        read(caller, &first).await?.and_then(|found| found.first().copied()).unwrap_or(0);
    let at_once = usize::try_from(max_nodes_per_read).ok().filter(|most| *most > 0).unwrap_or(OTHERS.len());
    let mut others = Vec::with_capacity(OTHERS.len());
    for chunk in OTHERS.chunks(at_once.min(OTHERS.len())) {
        match read(caller, chunk).await? {
            Some(found) => others.extend(found),
            // One of them may be what the server stumbles over.
            None => {
                for one in chunk {
                    let found = read(caller, std::slice::from_ref(one)).await?;
                    others.push(found.and_then(|found| found.first().copied()).unwrap_or(0));
                }
            }
        }
    }
    let mut others = others.into_iter();
    let mut next = || others.next().unwrap_or(0);
    Ok(OperationLimits {
        max_nodes_per_read,
        max_nodes_per_browse: next(),
        max_monitored_items_per_call: next(),
        max_nodes_per_translate_browse_paths: next(),
        max_nodes_per_register_nodes: next(),
        max_nodes_per_history_read_data: next(),
        max_nodes_per_history_read_events: next(),
        max_browse_continuation_points: u16::try_from(next()).unwrap_or(u16::MAX),
    })
}

/// `None` when the server refused the request as a whole or its answer is of no use.
async fn read(caller: &Caller, variables: &[VariableId]) -> Result<Option<Vec<u32>>, Error> {
    let questions = variables.iter().map(|id| ReadValueId::new(NodeId::from(*id), AttributeId::Value));
    let request = ReadRequest {
        timestamps_to_return: TimestampsToReturn::Neither,
        nodes_to_read: Some(questions.collect()),
        ..Default::default()
    };
    let answer = caller.call(request).await;
    match answer.and_then(|answer| exactly::<ReadRequest, _>(answer.results, variables.len())) {
        Ok(values) => Ok(Some(values.iter().map(number).collect())),
        Err(Error::Service { .. } | Error::Decode { .. } | Error::UnexpectedResponse { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn number(value: &DataValue) -> u32 {
    match value.value.as_ref() {
        Some(Variant::UInt32(limit)) => *limit,
        Some(Variant::UInt16(limit)) => u32::from(*limit),
        Some(Variant::Int32(limit)) => u32::try_from(*limit).unwrap_or(0),
        _ => 0,
    }
}

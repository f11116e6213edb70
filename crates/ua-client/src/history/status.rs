//! What a server means when it refuses history.

use crate::status;

/// What the status of a node's history says to the person who asked; `None` for a status that is not about history.
#[must_use]
pub fn explain_history_status(code: u32) -> Option<&'static str> {
    Some(match code & 0xFFFF_0000 {
        status::BAD_HISTORY_OPERATION_UNSUPPORTED => "the server keeps no history of this kind for the node",
        status::BAD_HISTORY_OPERATION_INVALID => "the server cannot read history in this way",
        status::BAD_SERVICE_UNSUPPORTED => "the server has no history at all",
        status::BAD_INVALID_TIMESTAMP_ARGUMENT => "the server does not take this beginning or end",
        status::BAD_TIMESTAMP_NOT_SUPPORTED => "the server does not keep the timestamps that were asked for",
        status::BAD_BOUND_NOT_FOUND => "there is no value at or beyond this end of the range",
        status::BAD_AGGREGATE_NOT_SUPPORTED => "the server does not compute this aggregate for the node",
        status::BAD_AGGREGATE_LIST_MISMATCH => "the server wants one aggregate for each node",
        status::BAD_AGGREGATE_INVALID_INPUTS => {
            "the node's values are not of a kind that can be aggregated so"
        }
        status::BAD_AGGREGATE_CONFIGURATION_REJECTED => "the server does not take these rules for aggregates",
        status::BAD_NO_CONTINUATION_POINTS => "the server has no place left to remember where it stopped",
        status::BAD_CONTINUATION_POINT_INVALID => "the server has forgotten where it stopped",
        status::BAD_NO_DATA | status::GOOD_NO_DATA => "there is no history in the range",
        status::BAD_USER_ACCESS_DENIED => "the login may not read the node's history",
        _ => return None,
    })
}

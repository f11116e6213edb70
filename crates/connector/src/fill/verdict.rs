//! What became of a gap or a job, in words.

use tagstore::{FillState, JobState, Tally, Timestamp};
use ua_client::{explain_history_status, status_name};

use super::work::{Of, Work};

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// For a gap.
    pub(super) state: FillState,
    /// For a job.
    pub(super) job: JobState,
    pub(super) cause: Option<String>,
    /// When a gap is tried again.
    pub(super) retry_at: Option<Timestamp>,
}

/// Judges a pass that went over every stream.
pub(super) fn verdict(work: &Work, now: Timestamp) -> Verdict {
    let Tally { streams, without_history, failed, .. } = work.tally;
    let values = work.reached.values;
    let (state, cause) = if streams == 0 {
        (
            FillState::Unfillable,
            Some(
                "no variable that is still collected is in it, and events are not read from history"
                    .to_owned(),
            ),
        )
    } else if without_history == streams {
        (FillState::Unfillable, Some(format!("the server keeps no history of {}", these(streams))))
    } else if failed > 0 {
        let state = if values > 0 { FillState::Partly } else { FillState::Unfillable };
        let trouble = work.reached.trouble.as_ref();
        let refused = work.reached.refused.as_ref().map(|why| format!("history refused: {why}"));
        (state, trouble.cloned().or(refused).or_else(|| Some("the history could not be read".to_owned())))
    } else if values == 0 && matches!(work.of, Of::Gap { .. }) {
        (FillState::Unfillable, Some("the server's history has nothing there".to_owned()))
    } else if without_history > 0 {
        (FillState::Filled, Some(format!("{without_history} of {streams} streams have no history")))
    } else {
        (FillState::Filled, None)
    };
    let job = match state {
        FillState::Filled => JobState::Done,
        _ => JobState::Failed,
    };
    let before = work.reached.before.as_ref().map(|(_, state)| FillState::from_word(state));
    let mut verdict = Verdict { state: with(before, state), job, cause, retry_at: None };
    if let Of::Gap { tries, .. } = work.of
        && work.reached.refused.is_some()
        && let Some(minutes) = usize::try_from(tries).ok().and_then(|tries| RETRY_MINUTES.get(tries))
    {
        verdict.state = FillState::Open;
        verdict.retry_at = Some(now.saturating_add_millis(minutes * 60_000));
    }
    verdict
}

/// Together with what became of the part before the gap was prolonged.
fn with(before: Option<FillState>, state: FillState) -> FillState {
    match (before, state) {
        (None, state) => state,
        (Some(before), state) if before == state => state,
        _ => FillState::Partly,
    }
}

fn these(streams: u64) -> String {
    if streams == 1 { "this stream".to_owned() } else { format!("these {streams} streams") }
}

/// A status for people.
pub(super) fn says(status: u32) -> String {
    match explain_history_status(status) {
        Some(words) => format!("{} ({words})", status_name(status)),
        None => status_name(status).to_owned(),
    }
}

/// No time will mend it: the server keeps no history of the node, or not for us.
pub(super) fn never(status: u32) -> bool {
    const NEVER: [&str; 12] = [
        "BadHistoryOperationUnsupported",
        "BadHistoryOperationInvalid",
        "BadServiceUnsupported",
        "BadNotSupported",
        "BadNotImplemented",
        "BadNotReadable",
        "BadUserAccessDenied",
        "BadNodeIdUnknown",
        "BadNodeIdInvalid",
        "BadNodeClassInvalid",
        "BadAttributeIdInvalid",
        "BadTimestampNotSupported",
    ];
    NEVER.contains(&status_name(status))
}

/// Nothing was recorded.
pub(super) fn no_data(status: u32) -> bool {
    ["BadNoData", "BadNoDataAvailable", "BadBoundNotFound"].contains(&status_name(status))
}

/// When a refused gap is tried again; after the last it is given up until a job goes over it.
const RETRY_MINUTES: [i64; 6] = [1, 5, 30, 120, 720, 1440];

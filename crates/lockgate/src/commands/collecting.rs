//! What `run` and `demo` share: telling what happens while collecting, and stopping without loss.

use connector::{Event, EventKind, Handle, Stopped};
use tracing::{error, info, warn};

use super::failure;
use super::stop::{Stop, Stops};
use crate::advice::{Advice, Outcome};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};

/// Drains within the connector's bound. A second Ctrl-C does not wait for it.
pub(super) async fn finish(context: &Context, handle: Handle, why: Stop, stops: &mut Stops) -> Outcome {
    let stopped = tokio::select! {
        stopped = handle.stop() => stopped,
        () = stops.interrupt() => {
            say("stopped at once; what was not acknowledged will be asked for again at the next start");
            return Ok(Exit::Interrupted);
        }
    };
    match stopped {
        Ok(Stopped::Drained) => Ok(why.exit()),
        Ok(_) => Err(Box::new(
            Advice::new(
                "run.drain_timed_out",
                Exit::Partly,
                "not everything was durable before the time was up",
            )
            .then("nothing is lost by that: what was not acknowledged is asked for again at the next start"),
        )),
        Err(error) => Err(failure::explain(context, None, &error)),
    }
}

/// One event, one line; what comes from a server is escaped.
pub(super) fn log_event(event: &Event) {
    let source = event.source.as_deref().unwrap_or("");
    match &event.kind {
        EventKind::State { state, detail, next_step } => {
            let detail = detail.as_deref().map(safe).unwrap_or_default();
            let next = next_step.as_deref().map(safe).unwrap_or_default();
            if state.is_healthy() || next.is_empty() {
                info!(source, state = state.words(), detail, "state");
            } else {
                warn!(source, state = state.words(), detail, next, "state");
            }
        }
        EventKind::Gap { stream, from, to, reason, detail } => {
            let stream = stream.as_deref().map(safe).unwrap_or_else(|| "(all)".to_owned());
            warn!(source, stream, %from, %to, reason, detail = safe(detail), "gap");
        }
        EventKind::NodeRefused { stream, status } => {
            warn!(source, stream = safe(stream), status, "the server refused a node");
        }
        EventKind::ServerCertificateChanged { pinned, now } => {
            warn!(source, pinned, now, "the server's certificate is another one than before, and trusted");
        }
        EventKind::Sealed { rows } => info!(rows, "sealed into the historian"),
        EventKind::StorageFailed { detail } => {
            error!(
                source,
                detail = safe(detail),
                "the disk refuses; nothing is acknowledged until it works again"
            );
        }
        EventKind::StorageRecovered => info!(source, "the disk works again"),
        other => info!(source, event = ?other, "event"),
    }
}

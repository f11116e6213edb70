//! What `run` and `demo` share: telling what happens while collecting, and stopping without loss.

use connector::{Event, EventKind, Handle, Stopped};
use tracing::{info, warn};

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

/// Logs what the connector does not say itself: the next step of a source in trouble, in the words of this command
/// line, and what went into the historian.
pub(super) fn log_event(event: &Event) {
    let source = event.source.as_deref().unwrap_or("");
    match &event.kind {
        EventKind::State { next_step: Some(next), .. } => warn!(source, next = safe(next), "next step"),
        EventKind::Sealed { rows } => info!(rows, "sealed into the historian"),
        _ => {}
    }
}

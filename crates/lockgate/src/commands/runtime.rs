//! The async runtime, for the commands that talk to servers.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use crate::advice::{Outcome, bug};

/// Runs `future` to its end on a runtime of its own. A file that may not grow further is an error of whoever writes it, not
/// the end of the process.
pub(crate) fn block_on<F: Future>(future: F) -> Outcome<F::Output> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| bug("the async runtime does not start", &error))?;
    runtime.block_on(async {
        // with somebody who listens, the write fails instead; asking for it again changes nothing
        let _too_large =
            signal(SignalKind::from_raw(SIGXFSZ)).map_err(|e| bug("signals cannot be received", &e))?;
        Ok(future.await)
    })
}

/// What the system sends to who writes beyond its limit for files (`ulimit -f`, `LimitFSIZE=`): the same number on Linux and
/// on the systems of BSD descent.
const SIGXFSZ: i32 = 25;

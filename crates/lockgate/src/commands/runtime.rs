//! The async runtime, for the commands that talk to servers.

use std::future::Future;

use crate::advice::{Outcome, bug};

/// Runs `future` to its end on a runtime of its own.
pub(crate) fn block_on<F: Future>(future: F) -> Outcome<F::Output> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| bug("the async runtime does not start", &error))?;
    Ok(runtime.block_on(future))
}

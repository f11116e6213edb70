//! `lockgate watch`: values of variables as they change, events of notifiers, and whatever happens on the way, a line
//! each.
//!
//! [`subscription`] is made of what the nodes are, [`follow`] keeps it alive through cuts and restarts, [`event`] and
//! [`lines`] are what is shown, [`queues`] notices what a server may have lost without a word. Nothing is kept on disk
//! here, so a line that was printed is what counts as received.

mod event;
mod follow;
mod lines;
mod queues;
mod subscription;

use self::follow::Follower;
use self::lines::Lines;
use super::nodes;
use super::target::Target;
use crate::advice::{Outcome, bug};
use crate::cli;
use crate::commands::runtime;
use crate::commands::stop::Stops;
use crate::context::Context;
use crate::exit::Exit;

pub(super) fn run(context: &Context, args: &cli::Watch) -> Outcome {
    let addresses = nodes::parse(&args.nodes)?;
    let target = Target::resolve(context, &args.target)?;
    runtime::block_on(async {
        let lines = Lines::new(context.json);
        let mut follower = Follower::begin(context, &target, args, &addresses, lines).await?;
        let mut stops = Stops::listen(args.duration).map_err(|e| bug("signals cannot be received", &e))?;
        let why = tokio::select! {
            why = stops.next() => why,
            ended = follower.run() => return Err(ended),
        };
        let refused = follower.refused();
        follower.end().await;
        Ok(if refused > 0 && why.exit() == Exit::Ok { Exit::Partly } else { why.exit() })
    })?
}

//! Another configuration while the connector runs: only what is different stops and starts, everything else goes on.
//!
//! A source that restarts leaves its subscriptions on the server and takes them up again, as after any other stop. Where a
//! setting of the subscriptions themselves is different they go on until new ones deliver. What can be found out
//! beforehand keeps everything as it was: a login or a sink whose secret is missing. A sink that does not open leaves the
//! one that ran.

use crate::config::{Config, Plan, PlannedAction, SinkConfig};
use crate::error::Error;
use crate::runtime::Handle;
use crate::sources;

impl Handle {
    /// Makes the running connector do what `new` says, and tells what became different. Settings that hold from the next
    /// start on are in the plan and nothing is done about them.
    ///
    /// # Errors
    /// What keeps a new or changed part from working; then everything goes on as it was.
    pub async fn reload(&mut self, new: Config) -> Result<Plan, Error> {
        let plan = Plan::between(self.config(), &new);
        for name in both(&plan, Plan::sources, COMING) {
            sources::login(new.source(name)?)?;
        }
        for name in both(&plan, Plan::sinks, COMING) {
            new.sinks.iter().filter(|sink| sink.name.as_str() == name).try_for_each(SinkConfig::check)?;
        }
        self.exchange_sinks(&plan, &new).await?;
        for name in both(&plan, Plan::sources, GOING) {
            self.stop_source(name).await;
        }
        // a source goes on from what is durable: everything it handed over must be, before it starts again
        self.settle().await?;
        for name in plan.sources(PlannedAction::Stop) {
            self.forget_source(name);
        }
        for name in both(&plan, Plan::sources, COMING) {
            self.start_source(new.source(name)?.clone());
        }
        self.take_over(new);
        Ok(plan)
    }

    /// New ones first: as long as they can fail, nothing else has changed.
    async fn exchange_sinks(&mut self, plan: &Plan, new: &Config) -> Result<(), Error> {
        let of = |config: &Config, name: &str| {
            config.sinks.iter().find(|sink| sink.name.as_str() == name).cloned()
        };
        let mut started: Vec<&str> = Vec::new();
        let old = self.config().clone();
        for name in both(plan, Plan::sinks, [PlannedAction::Start, PlannedAction::Restart]) {
            self.stop_sink(name).await;
            let Some(sink) = of(new, name) else { continue };
            started.push(name);
            if let Err(error) = self.start_sink(new, &sink) {
                for name in started {
                    self.stop_sink(name).await;
                    match of(&old, name) {
                        Some(before) => self.start_sink(&old, &before)?,
                        None => self.forget_sink(name)?,
                    }
                }
                return Err(error);
            }
        }
        for name in plan.sinks(PlannedAction::Stop) {
            self.stop_sink(name).await;
            tracing::warn!(sink = name, "this sink is no longer configured; what waited for it is let go");
            self.forget_sink(name)?;
        }
        Ok(())
    }
}

/// The names for which either is planned.
fn both<'a, I: Iterator<Item = &'a str>>(
    plan: &'a Plan,
    names: fn(&'a Plan, PlannedAction) -> I,
    actions: [PlannedAction; 2],
) -> Vec<&'a str> {
    actions.into_iter().flat_map(|action| names(plan, action)).collect()
}

const GOING: [PlannedAction; 2] = [PlannedAction::Stop, PlannedAction::Restart];
const COMING: [PlannedAction; 2] = [PlannedAction::Restart, PlannedAction::Start];

//! What `run` and `demo` share: telling what happens while collecting, and stopping without loss.

use std::sync::Arc;

use connector::selection::Stage;
use connector::{Config, Event, EventKind, Handle, SourceState, Stopped, SystemClock};
use connector_web::{Order, Served};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::{info, warn};

use super::failure;
use super::stop::{Stop, Stops};
use crate::advice::{Advice, Outcome};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};

/// What is served over HTTP while something runs.
#[derive(Debug)]
pub(super) struct Face {
    context: Context,
    config: watch::Sender<Arc<Config>>,
    ordering: mpsc::Sender<Order>,
    orders: mpsc::Receiver<Order>,
    /// Dropping them ends it.
    serving: JoinSet<()>,
}

impl Face {
    /// Serves until it is dropped, if the configuration says where.
    pub(super) fn open(context: &Context, config: &Config) -> Self {
        // who reads a command in a browser stands in no folder
        let absolute = std::path::absolute(&context.config).unwrap_or_else(|_| context.config.clone());
        let (ordering, orders) = mpsc::channel(1);
        let mut face = Self {
            context: context.at(absolute),
            config: watch::Sender::new(Arc::new(config.clone())),
            ordering,
            orders,
            serving: JoinSet::new(),
        };
        face.serve();
        face
    }

    /// From now on this runs.
    pub(super) fn show(&mut self, config: &Config) {
        let before = self.config.send_replace(Arc::new(config.clone()));
        if before.web != config.web {
            self.serve();
        }
    }

    /// Waits for an order. Cancel safe.
    pub(super) async fn order(&mut self) -> Order {
        match self.orders.recv().await {
            Some(order) => order,
            // not as long as this holds a sender of its own
            None => std::future::pending().await,
        }
    }

    /// Does what was ordered over HTTP.
    pub(super) async fn obey(&mut self, order: Order, handle: &mut Handle) {
        let (config, tell) = order.take();
        let done = handle.reload(config).await;
        match &done {
            Ok(_) => {
                info!("another configuration was ordered over HTTP, and runs");
                self.show(handle.config());
            }
            Err(error) => warn!(%error, "another configuration was ordered over HTTP, and refused"),
        }
        tell(done);
    }

    fn serve(&mut self) {
        self.serving = JoinSet::new();
        let config = self.config.subscribe();
        let Some(listen) = config.borrow().web else { return };
        let served = Served::new(config, Arc::new(SystemClock), Arc::new(self.context.clone()))
            .ordering(self.ordering.clone());
        self.serving.spawn(connector_web::keep_serving(listen, served));
    }
}

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

/// Writes down what happens while collecting: one event, one line, and a bounded number of lines per connection.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    refused: Folded,
    gaps: Folded,
    filled: Folded,
}

impl EventLog {
    /// Logs one event; what comes from a server is escaped.
    pub(super) fn write(&mut self, context: &Context, event: &Event) {
        let source = event.source.as_deref().unwrap_or("");
        match &event.kind {
            EventKind::State { state, detail, next_step } => {
                if *state == SourceState::Connecting {
                    *self = Self::default();
                }
                let next = next_step.as_ref().map(|step| context.next_step(step));
                log_state(source, *state, detail.as_deref(), next.as_deref());
            }
            EventKind::Gap { stream, from, to, reason, detail } => {
                let stream = stream.as_deref().map_or_else(|| "(all)".to_owned(), safe);
                match self.gaps.next() {
                    Fold::Show => warn!(source, stream, %from, %to, reason, detail = safe(detail), "gap"),
                    Fold::Last => warn!(source, "more gaps; all of them: {}", context.line(&["gaps"])),
                    Fold::Silent => {}
                }
            }
            EventKind::MoreGaps { count } => {
                warn!(source, count, "more gaps; all of them: {}", context.line(&["gaps"]))
            }
            EventKind::GapRead { from, to, state, cause, added } => {
                let cause = cause.as_deref().map(safe);
                match self.filled.next() {
                    Fold::Show => {
                        info!(source, %from, %to, state, cause, added, "gap compared with the server's history")
                    }
                    Fold::Last => info!(source, "more gaps compared: {}", context.line(&["gaps"])),
                    Fold::Silent => {}
                }
            }
            EventKind::JobEnded { job, state, cause, added } => {
                info!(source, job, state, cause = cause.as_deref().map(safe), added, "backfill");
            }
            EventKind::NodeRefused { stream, status } => match self.refused.next() {
                Fold::Show => warn!(source, stream = safe(stream), status, "the server refused a node"),
                Fold::Last => {
                    warn!(source, "the server refused more nodes; how many: {}", context.line(&["status"]))
                }
                Fold::Silent => {}
            },
            EventKind::Browsing { stage } => log_browsing(source, *stage),
            EventKind::NodesChanged { added, gone, changed, why, waiting } => {
                let look = context.line(&["diff", source]);
                match waiting {
                    true => warn!(
                        source,
                        added, gone, changed, why, "the server's nodes changed, which waits: {look}"
                    ),
                    false => info!(source, added, gone, changed, why, "the server's nodes changed"),
                }
            }
            EventKind::Resubscribed => info!(source, "subscribed with the changed settings"),
            EventKind::ServerCertificateChanged { pinned, now } => {
                warn!(
                    source,
                    pinned, now, "the server's certificate is another one than before, and trusted"
                );
            }
            EventKind::Delivered { sink, rows } if sink == "historian" => {
                info!(rows, "sealed into the historian")
            }
            EventKind::Delivered { sink, rows } => info!(sink, rows, "delivered"),
            EventKind::SinkFailed { sink, detail, next_step } => {
                let next = next_step.as_ref().map(|step| safe(&context.next_step(step)));
                warn!(sink, detail = safe(detail), next, "the sink cannot deliver; trying again");
            }
            EventKind::SinkRecovered { sink } => info!(sink, "the sink delivers again"),
            EventKind::Quarantined { sink, values, folder } => {
                warn!(sink, values, folder, "values were refused and are kept with the reason");
            }
            EventKind::Retired { rows } => info!(rows, "kept long enough and deleted from the historian"),
            EventKind::HistorianFileLost { detail } => {
                warn!(detail, "a file of the historian is lost; its time is on the gap ledger")
            }
            EventKind::Dropped { values, lost, sinks } => {
                let sinks = sinks.join(", ");
                warn!(values, lost, sinks, "values went before every sink had taken them; status tells more");
            }
            EventKind::StorageRecovered => info!("the disk works again"),
            // the connector logs a failing disk itself, and what a newer one tells is not known here
            _ => {}
        }
    }
}

fn log_browsing(source: &str, stage: Stage) {
    match stage {
        Stage::Browsing { nodes, variables, followed } => {
            info!(source, nodes, variables, followed, "browsing")
        }
        Stage::Describing { done, of } => info!(source, done, of, "reading what the variables are"),
        _ => {}
    }
}

fn log_state(source: &str, state: SourceState, detail: Option<&str>, next_step: Option<&str>) {
    let (state, detail, next) = (state.words(), detail.map(safe), next_step.map(safe));
    match next {
        None => info!(source, state, detail, "state"),
        Some(next) => warn!(source, state, detail, next, "state"),
    }
}

/// Shows the first of many lines of one kind, says once that there are more, and is silent after that.
#[derive(Debug, Default)]
struct Folded(u32);

#[derive(Debug, PartialEq, Eq)]
enum Fold {
    Show,
    Last,
    Silent,
}

impl Folded {
    const SHOWN: u32 = 20;

    fn next(&mut self) -> Fold {
        let before = self.0;
        self.0 = before.saturating_add(1);
        match before {
            0..Self::SHOWN => Fold::Show,
            Self::SHOWN => Fold::Last,
            _ => Fold::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_kind_is_said_once() {
        let mut folded = Folded::default();
        let lines: Vec<Fold> =
            (0..1000).map(|_| folded.next()).filter(|fold| *fold != Fold::Silent).collect();
        assert_eq!(lines.len(), 21);
        assert_eq!(lines.last(), Some(&Fold::Last));
    }
}

//! `lockgate config plan`: what a running lockgate would do differently if it read the configuration again.

use connector::config::{Change, ConfigPart, PlannedAction};
use connector::documents::PlanView;

use super::{config, failure};
use crate::advice::Outcome;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};

pub(super) fn run(context: &Context) -> Outcome {
    let config = config::load(context)?;
    let (planned, plan) = PlanView::of(&config).map_err(|error| failure::explain(context, None, &error))?;
    context.answer("config-plan", &planned, || planned.text())?;
    if planned.running && !plan.is_empty() {
        if plan.changes.iter().any(is_restart_of_a_source) {
            say(
                "a source is read on with its settings of before until those of now deliver; a new login or address may cost a moment, which is on the gap ledger",
            );
        }
        if plan.changes.iter().any(is_end_of_a_sink) {
            say("what still waits for a sink that stops is let go; the historian keeps it");
        }
        say("to have it done, send SIGHUP to lockgate, or with systemd: systemctl reload lockgate");
    }
    Ok(Exit::Ok)
}

fn is_restart_of_a_source(change: &Change) -> bool {
    change.action == PlannedAction::Restart && matches!(change.part, ConfigPart::Source(_))
}

fn is_end_of_a_sink(change: &Change) -> bool {
    change.action == PlannedAction::Stop && matches!(change.part, ConfigPart::Sink(_))
}

/// What is shown of it.
trait PlanText {
    fn text(&self) -> String;
}

impl PlanText for PlanView {
    fn text(&self) -> String {
        if !self.running {
            return format!("no lockgate runs; {} holds from its start on\n", safe(&self.config));
        }
        if self.changes.is_empty() {
            return format!("nothing in {} differs from what runs\n", safe(&self.config));
        }
        let mut text = String::new();
        for change in &self.changes {
            text += &format!("{} {}\n", safe(&change.part), change.action);
            for setting in &change.settings {
                text += &format!("  {}\n", safe(&setting.text));
            }
        }
        text
    }
}

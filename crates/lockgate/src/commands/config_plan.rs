//! `lockgate config plan`: what a running lockgate would do differently if it read the configuration again.

use connector::config::{Change, ConfigPart, Plan, PlannedAction};
use connector::{Config, RUNNING_FILE};
use serde::Serialize;
use tagstore::Reader;

use super::{config, data, failure};
use crate::advice::{Outcome, disk};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};

#[derive(Serialize)]
struct Planned {
    config: String,
    /// Whether a lockgate runs that could read it again.
    running: bool,
    changes: Vec<ChangeShown>,
}

#[derive(Serialize)]
struct ChangeShown {
    part: String,
    action: String,
    settings: Vec<SettingShown>,
}

#[derive(Serialize)]
struct SettingShown {
    key: String,
    from: Option<String>,
    to: Option<String>,
    #[serde(skip)]
    text: String,
}

pub(super) fn run(context: &Context) -> Outcome {
    let config = config::load(context)?;
    let running = is_running(&config)?;
    let plan = if running { plan(context, &config)? } else { Plan::default() };
    let planned = Planned {
        config: config.path().display().to_string(),
        running,
        changes: plan.changes.iter().map(ChangeShown::of).collect(),
    };
    context.answer("config-plan", &planned, || planned.text())?;
    if running && !plan.is_empty() {
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

fn is_running(config: &Config) -> Outcome<bool> {
    match Reader::open(&config.storage.data) {
        Ok(reader) => reader.is_written().map_err(|error| data::failed(&error)),
        Err(tagstore::Error::NoJournal { .. }) => Ok(false),
        Err(error) => Err(data::failed(&error)),
    }
}

fn plan(context: &Context, config: &Config) -> Outcome<Plan> {
    let path = config.storage.data.join(RUNNING_FILE);
    let running = std::fs::read_to_string(&path).map_err(|e| disk("read what runs", &path, &e))?;
    Plan::since(&running, config).map_err(|error| failure::explain(context, None, &error))
}

impl ChangeShown {
    fn of(change: &Change) -> Self {
        let settings = change.settings.iter().map(|setting| SettingShown {
            key: setting.key.clone(),
            from: setting.from.clone(),
            to: setting.to.clone(),
            text: setting.to_string(),
        });
        Self {
            part: change.part.to_string(),
            action: change.action.to_string(),
            settings: settings.collect(),
        }
    }
}

impl Planned {
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

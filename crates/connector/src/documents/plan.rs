//! `lockgate/config-plan/1`: what a running lockgate would do differently if it read the configuration again.

use serde::Serialize;
use tagstore::Reader;

use crate::config::{Change, Config, Plan};
use crate::error::Error;
use crate::runtime::RUNNING_FILE;

/// `lockgate/config-plan/1`.
#[derive(Debug, Serialize)]
pub struct PlanView {
    pub config: String,
    /// Whether a lockgate runs that could read it again.
    pub running: bool,
    pub changes: Vec<ChangeView>,
}

/// A part that is different.
#[derive(Debug, Serialize)]
pub struct ChangeView {
    pub part: String,
    pub action: String,
    pub settings: Vec<SettingView>,
}

/// A setting that is different.
#[derive(Debug, Serialize)]
pub struct SettingView {
    pub key: String,
    pub from: Option<String>,
    pub to: Option<String>,
    /// In words.
    #[serde(skip)]
    pub text: String,
}

impl PlanView {
    /// What this configuration would change in what runs.
    ///
    /// # Errors
    /// [`Error::Storage`]; [`Error::ConfigRead`] when what runs was not written down.
    pub fn of(config: &Config) -> Result<(Self, Plan), Error> {
        let running = match Reader::open(&config.storage.data) {
            Ok(reader) => reader.is_written()?,
            Err(tagstore::Error::NoJournal { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        let plan = if running { plan(config)? } else { Plan::default() };
        let changes = plan.changes.iter().map(ChangeView::of).collect();
        Ok((Self { config: config.path().display().to_string(), running, changes }, plan))
    }
}

fn plan(config: &Config) -> Result<Plan, Error> {
    let path = config.storage.data.join(RUNNING_FILE);
    let running = std::fs::read_to_string(&path).map_err(|source| Error::ConfigRead { path, source })?;
    Plan::since(&running, config)
}

impl ChangeView {
    /// The view of one change.
    pub fn of(change: &Change) -> Self {
        let settings = change.settings.iter().map(|setting| SettingView {
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

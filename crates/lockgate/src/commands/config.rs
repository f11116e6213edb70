//! The configuration file, as several commands need it.

use std::path::PathBuf;

use connector::Config;

use super::failure;
use crate::advice::{Advice, Outcome};
use crate::context::Context;
use crate::exit::Exit;

/// Reads and checks the configuration.
pub(crate) fn load(context: &Context) -> Outcome<Config> {
    if !context.config.exists() {
        return Err(Box::new(
            Advice::new("config.missing", Exit::Config, "there is no configuration file")
                .fact("file", context.config.display().to_string())
                .then("name it with --config FILE or LOCKGATE_CONFIG, or make one with")
                .then_run(&["init"]),
        ));
    }
    Config::load(&context.config).map_err(|error| failure::explain(context, None, &error))
}

/// The certificate store of the configuration, or where it would be without one.
pub(crate) fn pki(context: &Context) -> Outcome<PathBuf> {
    let beside = context.config.with_file_name("pki");
    if !context.config.exists() && beside.is_dir() {
        return Ok(beside);
    }
    Ok(load(context)?.pki)
}

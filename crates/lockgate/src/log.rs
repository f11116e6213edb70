//! Log lines on stderr: text for people, one JSON object per line for everything else.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::cli::LogForm;

/// Starts logging. `LOCKGATE_LOG` chooses what, as in `debug` or `info,connector=debug`; `default` applies without it.
pub(crate) fn start(form: Option<LogForm>, default: &str) {
    let filter = EnvFilter::try_from_env("LOCKGATE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let terminal = io::stderr().is_terminal();
    let form = form.unwrap_or(if terminal { LogForm::Text } else { LogForm::Json });
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // a log that cannot be written (its file on a full disk) must not end who writes it: to say so on stderr would
    let builder =
        fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(colour).log_internal_errors(false);
    let started = match form {
        LogForm::Text => builder.with_target(false).try_init(),
        LogForm::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
    };
    if started.is_err() {
        crate::output::say("logging was started twice");
    }
}

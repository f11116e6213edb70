//! Talking to one server now, without collecting: `doctor`, `browse`, `read`, `watch`, `history`, `select`, `diff`.
//!
//! Each takes a source of the configuration or a bare URL. [`target`] finds out which server, as whom and with which
//! security; [`meet`] goes the one road to a session that the collector goes as well; [`nodes`] reads node ids and paths,
//! [`meaning`] opens structures and names numbers.

mod browse;
mod diff;
mod doctor;
mod history;
mod meaning;
mod meet;
mod nodes;
mod read;
mod select;
mod select_import;
mod target;
mod watch;

use crate::advice::Outcome;
use crate::cli;
use crate::context::Context;

pub(super) fn browse(context: &Context, args: &cli::Browse) -> Outcome {
    browse::run(context, args)
}

pub(super) fn diff(context: &Context, args: &cli::Diff) -> Outcome {
    diff::run(context, args)
}

pub(super) fn doctor(context: &Context, args: &cli::Doctor) -> Outcome {
    doctor::run(context, args)
}

pub(super) fn read(context: &Context, args: &cli::Read) -> Outcome {
    read::run(context, args)
}

pub(super) fn select(context: &Context, args: &cli::Select) -> Outcome {
    select::run(context, args)
}

pub(super) fn watch(context: &Context, args: &cli::Watch) -> Outcome {
    watch::run(context, args)
}

pub(super) fn history(context: &Context, args: &cli::History) -> Outcome {
    history::run(context, args)
}

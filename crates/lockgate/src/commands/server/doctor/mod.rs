//! `lockgate doctor`: the whole way to a server, step by step, up to the first thing that is wrong.
//!
//! [`road`] walks the way, [`session`] tries what a logged-in session may do, [`rights`] says what the login may do
//! more than read, [`report`] is what is shown.

mod report;
mod rights;
mod road;
mod session;

use self::report::Report;
use super::target::Target;
use crate::advice::{Advice, Outcome};
use crate::cli;
use crate::commands::runtime;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::say;
use crate::output::talk::Style;

pub(super) fn run(context: &Context, args: &cli::Doctor) -> Outcome {
    let target = Target::resolve(context, &args.target)?;
    let mut report = Report::of(&target);
    let walked: Outcome<()> = runtime::block_on(road::walk(context, &target, &args.target, &mut report))?;
    let advice: Option<Box<Advice>> = walked.err();
    if let Some(advice) = &advice {
        report.stop(advice.message());
    }
    report.error = advice.map(|advice| advice.told(context));
    context.answer("doctor", &report, || report.text())?;
    match &report.error {
        None => Ok(Exit::Ok),
        Some(told) => {
            say(&told.render(Style::stderr()));
            Ok(told.exit())
        }
    }
}

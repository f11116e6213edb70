//! `lockgate completions SHELL`.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::advice::Outcome;
use crate::cli::Cli;
use crate::exit::Exit;
use crate::output::print;

pub(super) fn run(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "lockgate", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}

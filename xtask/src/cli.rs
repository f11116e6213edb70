//! The command line.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

use crate::bench::{self, Bench};
use crate::command::Command;
use crate::fuzz::{self, FuzzOptions};
use crate::interop::{self, Flow, InteropOptions, PlantOptions};
use crate::interop_pki::{self, PkiOptions};
use crate::report::Report;
use crate::steps::{self, Step};
use crate::web;
use crate::workspace::Workspace;

/// Everything that a developer or CI runs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every step in order, as CI does; or only the unit tests.
    Test {
        #[arg(value_enum)]
        which: Option<Tests>,
        /// Names of tests to run (with `unit` only).
        #[arg(requires = "which")]
        filter: Vec<String>,
    },
    /// Run one check alone.
    Check {
        #[arg(value_enum)]
        which: Check,
    },
    /// Run lockgate against servers that we did not write, and count every change.
    #[command(args_conflicts_with_subcommands = true)]
    Interop {
        #[command(flatten)]
        options: InteropOptions,
        #[command(subcommand)]
        instead: Option<Instead>,
    },
    /// Search for bytes that a parser does not survive.
    Fuzz(FuzzOptions),
    /// Measure, in a release build, and compare with what is promised.
    Bench {
        #[arg(value_enum)]
        which: Bench,
        /// How long values flow on the whole way (with `pipeline`).
        #[arg(long, default_value_t = 1.0)]
        minutes: f64,
    },
    /// Build and check the web UI, and walk through it in a browser.
    Web,
    /// Build the web UI and lockgate, and run `lockgate demo`; arguments are passed on.
    Demo {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Install the cargo tools and the foreign peers, and say where they are.
    Setup,
}

#[derive(Subcommand)]
enum Instead {
    /// Every peer, policy, mode, key size and login once, and every refusal beside it.
    Matrix,
    /// Have the cases of certificate validation judged by validators that we did not write.
    Pki(PkiOptions),
    /// Read the historian's files with DuckDB, pandas and polars, and compare with what `lockgate query` gives.
    Readers,
    /// The simulated plant at full flow, with lockgate killed and its link cut on the way, and every value counted.
    Plant(PlantOptions),
}

#[derive(Clone, Copy, ValueEnum)]
enum Tests {
    Unit,
    Doc,
}

#[derive(Clone, Copy, ValueEnum)]
enum Check {
    Fmt,
    Clippy,
    Sizes,
    Arrows,
    Deny,
    Docs,
}

pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    match cli.task {
        Task::Test { which: None, .. } => run_steps(&workspace, &Step::ALL),
        Task::Test { which: Some(Tests::Unit), filter } if !filter.is_empty() => {
            steps::unit_tests(&workspace, &filter)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Test { which: Some(Tests::Unit), .. } => run_steps(&workspace, &[Step::Unit]),
        Task::Test { which: Some(Tests::Doc), .. } => run_steps(&workspace, &[Step::Doctests]),
        Task::Check { which } => run_steps(&workspace, &[which.step()]),
        Task::Interop { instead: Some(Instead::Matrix), .. } => {
            interop::matrix(&workspace)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Interop { instead: Some(Instead::Pki(options)), .. } => {
            interop_pki::run(&workspace, &options)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Interop { instead: Some(Instead::Readers), .. } => {
            interop::readers(&workspace)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Interop { instead: Some(Instead::Plant(options)), .. } => {
            interop::plant(&workspace, &options, Flow::WithTrouble)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Interop { options, instead: None } => {
            interop::run(&workspace, &options)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Fuzz(options) => {
            for reason in fuzz::run(&workspace, &options)?.not_checked {
                println!("NOT CHECKED  {reason}");
            }
            Ok(ExitCode::SUCCESS)
        }
        Task::Bench { which, minutes } => {
            bench::run(&workspace, which, minutes)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Web => run_steps(&workspace, &[Step::Web]),
        Task::Demo { arguments } => demo(&workspace, &arguments),
        Task::Setup => {
            let tools = crate::tools::install(&workspace)?;
            println!("cargo-deny     {}\ncargo-nextest  {}", tools.deny.display(), tools.nextest.display());
            let peers = crate::peers::install(&workspace)?;
            println!(
                "python peers   {}\nnode peers     {}\nopen62541      {}\n               {}",
                peers.scripts.python.display(),
                peers.scripts.node_modules.display(),
                peers.open62541.server.display(),
                peers.open62541.client.display()
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The demo's folder lies with everything else that may be deleted, unless somebody names another.
fn demo(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    let folder = workspace.target().join("demo");
    let shown = folder.strip_prefix(workspace.root()).unwrap_or(&folder);
    let named = arguments.iter().any(|argument| argument == "--dir" || argument.starts_with("--dir="));
    web::build(workspace)?;
    let mut command = Command::cargo(workspace);
    command = command.args(["run", "--quiet", "--locked", "--package", "lockgate", "--", "demo"]);
    if !named {
        command = command.arg("--dir").arg(shown);
    }
    command.args(arguments).exit_code()
}

impl Check {
    fn step(self) -> Step {
        match self {
            Self::Fmt => Step::Fmt,
            Self::Clippy => Step::Clippy,
            Self::Sizes => Step::Sizes,
            Self::Arrows => Step::Arrows,
            Self::Deny => Step::Deny,
            Self::Docs => Step::Docs,
        }
    }
}

/// Goes on after a failure: one run shows everything that is wrong.
fn run_steps(workspace: &Workspace, steps: &[Step]) -> Result<ExitCode> {
    let mut report = Report::default();
    for step in steps {
        report.run(*step, || step.run(workspace));
    }
    Ok(report.close())
}

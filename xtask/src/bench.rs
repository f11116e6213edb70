//! Measurements that anyone can run: each prints its figures beside their limits, and fails when one is far above.

use anyhow::Result;
use clap::ValueEnum;

use crate::command::Command;
use crate::interop::{self, Flow, PlantOptions};
use crate::workspace::Workspace;
use crate::{bench_browse, bench_client, bench_server};

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Bench {
    /// Verdicts on certificates, and loading a certificate store.
    Pki,
    /// Whether the time of a refusal tells why: OPN messages and the secrets of users, in the manner of dudect.
    Timing,
    /// What our client costs, beside a client in C.
    Client,
    /// What our server costs: a large plant, a fast one, idle sessions, and each value beside a server in C.
    Server,
    /// How long a browse of a million nodes takes, and in how much memory.
    Browse,
    /// What the store appends and seals in a second, how soon it answers, and how many bytes a value takes; then the
    /// whole way from the simulated plant into sealed files, with what a value costs.
    Pipeline,
}

/// `minutes` is how long values flow on the whole way.
pub(crate) fn run(workspace: &Workspace, which: Bench, minutes: f64) -> Result<()> {
    let arguments = match which {
        Bench::Client => return bench_client::run(workspace),
        Bench::Server => return bench_server::run(workspace),
        Bench::Browse => return bench_browse::run(workspace),
        Bench::Pki => ["bench", "--quiet", "--locked", "--package", "ua-pki", "--bench", "pki"].as_slice(),
        Bench::Pipeline => &["bench", "--quiet", "--locked", "--package", "tagstore", "--bench", "pipeline"],
        Bench::Timing => {
            &["run", "--quiet", "--locked", "--release", "--package", "ua-channel", "--example", "timing"]
        }
    };
    Command::cargo(workspace).args(arguments).run()?;
    if matches!(which, Bench::Pipeline) {
        interop::plant(workspace, &PlantOptions::full(minutes), Flow::Undisturbed)?;
    }
    Ok(())
}

//! Coverage-guided fuzzing: libFuzzer around the targets of the `fuzz` crate, on stable Rust.
//!
//! The search keeps what it learns under `target/fuzz/corpus`; a finding is a file under `target/fuzz/findings`, told
//! with the command that shows it again. A finding that was mended goes to `fuzz/regressions`, where the unit tests
//! feed it for good.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::command::Command;
use crate::report::Outcome;
use crate::system;
use crate::workspace::Workspace;

/// Without these, libFuzzer is blind. The options are those of LLVM's SanitizerCoverage, as cargo-fuzz gives them.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Ccodegen-units=1",
];

/// Limits of every input: length in bytes, memory in MiB, seconds.
const LIMITS: &[&str] = &["-max_len=16384", "-rss_limit_mb=1024", "-timeout=10"];

#[derive(Args)]
pub(crate) struct FuzzOptions {
    /// One target alone, by the name of its folder under `fuzz/seeds`; without it all, three at once for two cores.
    target: Option<String>,
    /// How long each target is searched.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Show again what this input does, instead of searching.
    #[arg(long, requires = "target")]
    input: Option<PathBuf>,
}

impl FuzzOptions {
    /// What CI runs: every target for a minute.
    pub(crate) fn short() -> Self {
        Self { target: None, seconds: 60, input: None }
    }
}

pub(crate) fn run(workspace: &Workspace, options: &FuzzOptions) -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        let reason = "libFuzzer is built on Linux only; the seeds and former findings ran as unit tests";
        return Ok(Outcome { not_checked: vec![reason.to_owned()] });
    }
    let targets = targets(workspace, options.target.as_deref())?;
    system::require("c++", &["--version"], &["g++"], workspace.root())?;
    let binary = build(workspace)?;
    if let (Some(input), Some(target)) = (&options.input, targets.front()) {
        let input = fs::canonicalize(input).with_context(|| format!("cannot read {}", input.display()))?;
        Command::new(&binary, workspace.root()).env("FUZZ_TARGET", target).args(LIMITS).arg(input).run()?;
        println!("   no finding");
        return Ok(Outcome::default());
    }
    search_all(workspace, &binary, targets, options.seconds)
}

/// The names of the folders under `fuzz/seeds`; a unit test holds them together with the targets themselves.
fn targets(workspace: &Workspace, wanted: Option<&str>) -> Result<VecDeque<String>> {
    let folder = workspace.root().join("fuzz/seeds");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    if let Some(wanted) = wanted {
        if !names.iter().any(|name| name == wanted) {
            bail!("there is no target `{wanted}`; there are {}", names.join(", "));
        }
        names.retain(|name| name == wanted);
    }
    Ok(names.into())
}

/// In a folder of its own: with other flags, every dependency is another one.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let version = Command::new("rustc", workspace.root()).arg("-vV").output()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say for which machine it builds")?;
    let folder = workspace.target().join("fuzz/build");
    Command::cargo(workspace)
        .args([
            "build",
            "--quiet",
            "--locked",
            "--package",
            "fuzz",
            "--bin",
            "fuzz",
            "--features",
            "libfuzzer",
        ])
        // the target is named so that build scripts are not instrumented
        .args(["--profile", "fuzz", "--target", host, "--target-dir"])
        .arg(&folder)
        .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}"))
        .run()?;
    Ok(folder.join(host).join("fuzz/fuzz"))
}

fn search_all(
    workspace: &Workspace,
    binary: &Path,
    targets: VecDeque<String>,
    seconds: u32,
) -> Result<Outcome> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // a further minute for everybody who waits is dearer than searches that share a core
    let at_once = (cores + cores / 2).min(targets.len());
    let names = targets.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    println!("   {names}: {seconds} s each, {at_once} at once");
    let waiting = Mutex::new(targets);
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let worker = || -> Vec<Result<bool>> {
        std::iter::from_fn(next).map(|target| search(workspace, binary, &target, seconds)).collect()
    };
    let results = thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut found = 0;
    for result in results {
        let Ok(result) = result else { bail!("a worker of xtask panicked") };
        for clean in result {
            found += usize::from(!clean?);
        }
    }
    if found > 0 {
        bail!("{found} targets have findings");
    }
    Ok(Outcome::default())
}

/// Whether nothing was found.
fn search(workspace: &Workspace, binary: &Path, target: &str, seconds: u32) -> Result<bool> {
    let home = workspace.target().join("fuzz");
    let folder = |name: &str| -> Result<PathBuf> {
        let folder = home.join(name).join(target);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    };
    let (corpus, findings) = (folder("corpus")?, folder("findings")?);
    let log = home.join(format!("{target}.log"));
    let clean = Command::new(binary, workspace.root())
        .env("FUZZ_TARGET", target)
        .args(LIMITS)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .arg(corpus)
        .arg(workspace.root().join("fuzz/seeds").join(target))
        .succeeds_into(&log)?;
    let said = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
    let said = String::from_utf8_lossy(&said);
    if clean {
        println!("   {target:<12} {}", progress(&said)?);
    } else {
        tell(target, &said, &log);
    }
    Ok(clean)
}

/// From libFuzzer's last line: how much was tried and reached. A search that reaches nothing is an error, not a pass.
fn progress(said: &str) -> Result<String> {
    let number = |line: &str, name: &str| -> Option<u64> {
        let mut words = line.split_whitespace().skip_while(|word| *word != name);
        words.nth(1)?.parse().ok()
    };
    let line = |word: &str| said.lines().find(|line| line.contains(word)).unwrap_or_default();
    let (first, last) = (line("INITED"), line("DONE"));
    let runs: Option<u64> = line("Done ").split_whitespace().nth(1).and_then(|runs| runs.parse().ok());
    match (runs, number(last, "cov:"), number(last, "ft:"), number(first, "cov:")) {
        (Some(runs), Some(edges), Some(features), Some(before)) if edges > 100 => Ok(format!(
            "{runs:>9} inputs, {edges} edges reached ({before} by the seeds), {features} features, no finding"
        )),
        _ => bail!("the search reached nothing: is the coverage still built in?"),
    }
}

/// What was found, and what to do with it.
fn tell(target: &str, said: &str, log: &Path) {
    println!("   {target:<12} FINDING; the whole story is in {}", log.display());
    for line in said.lines().filter(|line| line.contains("panicked at") || line.contains("SUMMARY:")) {
        println!("      {line}");
    }
    let files = said.lines().filter_map(|line| line.split("Test unit written to ").nth(1));
    for file in files {
        println!("      again:  cargo xtask fuzz {target} --input {file}");
        println!("      mended: cp {file} fuzz/regressions/{target}/NAME-THAT-SAYS-WHAT-WAS-WRONG");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_without_coverage_does_not_pass() {
        let said = "#2\tINITED cov: 2 ft: 2 corp: 1/1b\n#9\tDONE   cov: 2 ft: 2 corp: 1/1b\nDone 9 runs in 1 second(s)\n";
        assert!(progress(said).is_err());
        assert!(progress(&said.replace("cov: 2", "cov: 1824")).unwrap().contains("9 inputs, 1824 edges"));
        assert!(progress("").is_err());
    }
}

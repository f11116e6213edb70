//! Runs steps, keeps the time, and closes with a table and the count.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::steps::Step;

/// What a step that passed still has to say.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Checks that could not be made here, each with its reason. Counted as skipped.
    pub(crate) not_checked: Vec<String>,
}

#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
    not_checked: Vec<String>,
}

struct Line {
    step: Step,
    passed: bool,
    took: Duration,
}

impl Report {
    pub(crate) fn run(&mut self, step: Step, body: impl FnOnce() -> Result<Outcome>) {
        println!("\n== {}: {}   (alone: {})", step.name(), step.about(), step.alone());
        let (result, took) = timed(body);
        let passed = match result {
            Ok(outcome) => {
                self.not_checked.extend(
                    outcome.not_checked.into_iter().map(|reason| format!("{}: {reason}", step.name())),
                );
                true
            }
            Err(error) => {
                println!("   {error:#}");
                false
            }
        };
        println!("   {}: {} in {}", step.name(), word(passed), seconds(took));
        self.lines.push(Line { step, passed, took });
    }

    /// Prints the table; the last line is the count.
    pub(crate) fn close(self) -> ExitCode {
        println!("\n{:<12} {:<8} {:>9}   run it alone", "step", "result", "took");
        for Line { step, passed, took } in &self.lines {
            println!("{:<12} {:<8} {:>9}   {}", step.name(), word(*passed), seconds(*took), step.alone());
        }
        for reason in &self.not_checked {
            println!("NOT CHECKED  {reason}");
        }
        let failed = self.lines.iter().filter(|line| !line.passed).count();
        let passed = self.lines.len().saturating_sub(failed);
        println!("{passed} passed, {failed} failed, {} skipped", self.not_checked.len());
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a step's duration is for people to read; nothing decides by it"
)]
fn timed<T>(body: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = body();
    (result, start.elapsed())
}

fn word(passed: bool) -> &'static str {
    if passed { "passed" } else { "FAILED" }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

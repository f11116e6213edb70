//! How far something long is: a bar on a terminal, a line now and then where stderr is none, and nothing that a script
//! would have to filter: all of it is talk.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use connector::selection::{Progress, Stage};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};

use super::say;
use crate::clock;

/// Shows how far a piece of work is. What was drawn is gone when this is.
pub(crate) struct Meter {
    bar: Option<ProgressBar>,
    told: Timestamp,
}

impl Meter {
    /// Nothing is shown yet.
    pub(crate) fn new() -> Self {
        let bar = io::stderr().is_terminal().then(ProgressBar::no_length);
        Self { bar, told: clock::now() }
    }

    /// It came so far: `text` says it, `share` is done and whole where the whole is known.
    pub(crate) fn show(&mut self, text: &str, share: Option<(u64, u64)>) {
        match &self.bar {
            Some(bar) => draw(bar, text, share),
            None if clock::now().duration_since(self.told) >= TOLD_EVERY => {
                self.told = clock::now();
                say(&format!("{text}{}", share.map(percent).unwrap_or_default()));
            }
            None => {}
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn draw(bar: &ProgressBar, text: &str, share: Option<(u64, u64)>) {
    let template = match share {
        Some((done, whole)) => {
            bar.set_length(whole);
            bar.set_position(done);
            "{bar:30} {percent:>3} % {msg}"
        }
        None => "{spinner} {msg}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(text.to_owned());
    bar.tick();
}

fn percent((done, whole): (u64, u64)) -> String {
    let percent = done.saturating_mul(100).checked_div(whole);
    percent.map_or_else(String::new, |percent| format!(", {percent} %"))
}

/// Does the work, and shows how far the browse in it is.
pub(crate) async fn while_browsing<T>(progress: &Progress, work: impl Future<Output = T>) -> T {
    let mut meter = Meter::new();
    let mut pace = tokio::time::interval(DRAWN_EVERY);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = pace.tick() => show(&mut meter, progress.stage()),
        }
    }
}

fn show(meter: &mut Meter, stage: Stage) {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    match stage {
        Stage::Browsing { nodes, variables, followed } => {
            let [nodes, variables, followed] =
                [nodes, variables, followed].map(|number| HumanCount(count(number)));
            let text = format!("found {nodes} nodes ({variables} variables), looked below {followed}");
            meter.show(&text, None);
        }
        Stage::Describing { done, of } => {
            let text = format!("read {} of {} variables", HumanCount(count(done)), HumanCount(count(of)));
            meter.show(&text, Some((count(done), count(of))));
        }
        _ => {}
    }
}

const DRAWN_EVERY: Duration = Duration::from_millis(100);
/// Where stderr is no terminal.
const TOLD_EVERY: SignedDuration = SignedDuration::from_secs(5);

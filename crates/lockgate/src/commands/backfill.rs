//! `lockgate backfill`: jobs that fetch the past from the history that a server keeps.
//!
//! A job is a row in the journal. A running `lockgate run` sees it within a second; without one it waits there.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::Duration;

use connector::Config;
use connector::documents::{JobView, Jobs, OneJob};
use connector::selection::PathPattern;
use tagstore::{JOURNAL_FILE, JobState, NewJob, Orders, Reader, StreamId, Timestamp};

use super::{config, data};
use crate::advice::{Advice, Outcome};
use crate::cli::{self, BackfillCommand, Range};
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, safe, say};

/// How often a job that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Looks after which it is said why a job does not begin.
const PATIENT_LOOKS: u32 = 20;

pub(super) fn run(context: &Context, args: &cli::Backfill) -> Outcome {
    let config = config::load(context)?;
    match &args.command {
        None => order(context, &config, args),
        Some(BackfillCommand::List { limit }) => list(context, &config, *limit),
        Some(BackfillCommand::Wait { id }) => wait(context, &config, *id),
        Some(BackfillCommand::Pause { id }) => change(context, &config, *id, JobState::Paused),
        Some(BackfillCommand::Resume { id }) => change(context, &config, *id, JobState::Waiting),
        Some(BackfillCommand::Cancel { id }) => change(context, &config, *id, JobState::Cancelled),
    }
}

fn order(context: &Context, config: &Config, args: &cli::Backfill) -> Outcome {
    let (from, to) = data::range(Range { from: args.from, to: args.to })?;
    let what = args.what.as_deref().unwrap_or_default();
    if let Some(pattern) = &args.only {
        let wrong = |why: String| Advice::new("usage.pattern", Exit::Usage, format!("`--only` {why}"));
        pattern.parse::<PathPattern>().map_err(wrong)?;
    }
    let reader = data::open_at(&config.storage.data)?;
    let (source, stream) = meant(config, &reader, what)?;
    let mut orders = orders(config)?;
    let pattern = args.only.clone().filter(|_| stream.is_none());
    let job = NewJob { source, stream, pattern, from, to, origin: "command", checkpoint: None };
    let id = orders.order(&job, now()).map_err(|error| data::failed(&error))?;
    if args.wait {
        say(&format!("job {id}; Ctrl-C stops the waiting, not the job"));
        return wait(context, config, id);
    }
    let one = one(&reader, id)?;
    context.answer("backfill", &one, || format!("job {id}: {}\n", one.job.interval()))?;
    if one.running {
        say(&format!("the collector begins within seconds; how far it is: {}", line(context, "list", None)));
    } else {
        say_that_nobody_collects(context);
    }
    Ok(Exit::Ok)
}

/// A source of the configuration, else a stream.
fn meant(config: &Config, reader: &Reader, what: &str) -> Outcome<(String, Option<StreamId>)> {
    if config.sources.iter().any(|source| source.name.as_str() == what) {
        return Ok((what.to_owned(), None));
    }
    let stream = reader.find_stream(what).map_err(|error| data::failed(&error))?;
    if config.source(&stream.source).is_err() {
        return Err(Box::new(
            Advice::new(
                "config.no_such_source",
                Exit::Config,
                "this stream's source is no longer configured",
            )
            .fact("stream", stream.name)
            .fact("source", stream.source),
        ));
    }
    Ok((stream.source, Some(stream.id)))
}

fn list(context: &Context, config: &Config, limit: usize) -> Outcome {
    let reader = data::open_at(&config.storage.data)?;
    let failed = |error: tagstore::Error| data::failed(&error);
    let jobs = Jobs::newest(&reader, limit).map_err(failed)?;
    context.answer("backfill-list", &jobs, || jobs.text())?;
    if !context.json && jobs.jobs.is_empty() {
        say("no job was ever ordered");
    }
    let is_open = |job: &JobView| matches!(job.state, "waiting" | "running");
    if jobs.jobs.iter().any(is_open) && !reader.is_written().map_err(failed)? {
        say_that_nobody_collects(context);
    }
    Ok(Exit::Ok)
}

fn change(context: &Context, config: &Config, id: i64, state: JobState) -> Outcome {
    let changed = orders(config)?.change(id, state, now()).map_err(|error| data::failed(&error))?;
    let Some(job) = changed else { return Err(no_such_job(id)) };
    let is_as_asked = job.state == state || (state == JobState::Waiting && job.state == JobState::Running);
    if !is_as_asked {
        return Err(Box::new(
            Advice::new("backfill.over", Exit::Usage, format!("job {id} is over: {}", job.state))
                .then("a new one is ordered with")
                .then_run(&["backfill", "SOURCE", "--from", "-1d"]),
        ));
    }
    let reader = data::open_at(&config.storage.data)?;
    let one = one(&reader, id)?;
    context.answer("backfill", &one, || format!("job {id} is {}\n", one.job.state))?;
    Ok(Exit::Ok)
}

/// Shows how far a job is until it is over.
fn wait(context: &Context, config: &Config, id: i64) -> Outcome {
    let reader = data::open_at(&config.storage.data)?;
    let refresh = stderr().is_terminal();
    let mut shown = String::new();
    let (mut warned, mut looks) = (false, 0);
    let ended = loop {
        let one = one(&reader, id)?;
        let progress = one.job.progress();
        if progress != shown {
            show(&progress, refresh);
            shown = progress;
        }
        if matches!(one.job.state, "done" | "failed" | "cancelled" | "paused") {
            break one;
        }
        if !one.running && !warned {
            finish_line(refresh);
            say_that_nobody_collects(context);
            warned = true;
        }
        if one.running && !warned && one.job.state == "waiting" && looks >= PATIENT_LOOKS {
            finish_line(refresh);
            say(&format!("it begins when values of {} flow: {}", one.job.source, context.line(&["status"])));
            warned = true;
        }
        looks += 1;
        std::thread::sleep(LOOK_EVERY);
    };
    finish_line(refresh);
    context.answer("backfill", &ended, || ended.job.ending())?;
    Ok(if ended.job.state == "done" { Exit::Ok } else { Exit::Partly })
}

/// One line that changes in place on a terminal, else one after the other.
fn show(progress: &str, refresh: bool) {
    if !refresh {
        return say(progress);
    }
    let mut out = stderr();
    // a terminal that is gone is no reason to stop waiting
    if write!(out, "\r\x1b[K{progress}").and_then(|()| out.flush()).is_err() {
        tracing::trace!("stderr is gone");
    }
}

fn finish_line(refresh: bool) {
    if refresh {
        say("");
    }
}

fn say_that_nobody_collects(context: &Context) {
    say(&format!(
        "no collector is running: the job waits until one is; start it: {}",
        context.line(&["run"])
    ));
}

fn line(context: &Context, word: &str, id: Option<i64>) -> String {
    let mut words = vec!["backfill".to_owned(), word.to_owned()];
    words.extend(id.map(|id| id.to_string()));
    context.line(&words)
}

fn orders(config: &Config) -> Outcome<Orders> {
    Orders::open(config.storage.data.join(JOURNAL_FILE)).map_err(|error| data::failed(&error))
}

fn one(reader: &Reader, id: i64) -> Outcome<OneJob> {
    OneJob::find(reader, id).map_err(|error| data::failed(&error))?.ok_or_else(|| no_such_job(id))
}

fn no_such_job(id: i64) -> Box<Advice> {
    Box::new(
        Advice::new("backfill.no_such_job", Exit::Usage, format!("there is no job {id}"))
            .then("jobs are listed by")
            .then_run(&["backfill", "list"]),
    )
}

fn now() -> Timestamp {
    Timestamp::from(clock::now())
}

/// What is shown of a job.
trait JobText {
    fn whose(&self) -> String;
    fn interval(&self) -> String;
    fn done(&self) -> u64;
    fn progress(&self) -> String;
    fn ending(&self) -> String;
    fn progress_of_end(&self) -> String;
}

impl JobText for JobView {
    fn whose(&self) -> String {
        match (&self.stream, &self.only) {
            (Some(stream), _) => stream.clone(),
            (None, Some(only)) => format!("{}: {only}", self.source),
            (None, None) => self.source.clone(),
        }
    }

    fn interval(&self) -> String {
        format!("{}, {} to {}", safe(&self.whose()), self.from, self.to)
    }

    fn done(&self) -> u64 {
        self.streams_complete + self.streams_without_history + self.streams_failed
    }

    fn progress(&self) -> String {
        let streams = match self.streams {
            0 => String::new(),
            streams => format!(", {} of {streams} streams", self.done()),
        };
        format!(
            "{}{streams}, {} values read, {} of them new",
            self.state, self.samples_read, self.samples_added
        )
    }

    fn ending(&self) -> String {
        let mut out = format!("job {} {}: {}\n", self.id, self.state, self.progress_of_end());
        if let Some(cause) = &self.cause {
            out.push_str(&format!("  {}\n", safe(cause)));
        }
        if let Some(example) = &self.example {
            out.push_str(&format!("  e.g. {}\n", safe(example)));
        }
        out
    }

    fn progress_of_end(&self) -> String {
        let mut words = format!("{} values that were missing", self.samples_added);
        words.push_str(&format!(", of {} streams", self.streams_complete));
        for (count, which) in
            [(self.streams_without_history, "without a history"), (self.streams_failed, "failed")]
        {
            if count > 0 {
                words.push_str(&format!(", {count} {which}"));
            }
        }
        words
    }
}

/// What is shown of many.
trait JobsText {
    fn text(&self) -> String;
}

impl JobsText for Jobs {
    fn text(&self) -> String {
        let mut table =
            Table::new(&["ID", "STATE", "STREAMS", "READ", "NEW", "FROM", "TO", "WHAT", "DETAIL"]);
        for job in &self.jobs {
            let streams = match job.streams {
                0 => String::new(),
                streams => format!("{}/{streams}", job.done()),
            };
            let detail = job.cause.as_deref().or(job.example.as_deref()).unwrap_or_default();
            table.row([
                job.id.to_string().as_str(),
                job.state,
                &streams,
                &job.samples_read.to_string(),
                &job.samples_added.to_string(),
                &job.from,
                &job.to,
                &job.whose(),
                detail,
            ]);
        }
        table.to_string()
    }
}

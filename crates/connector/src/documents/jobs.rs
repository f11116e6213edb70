//! `lockgate/backfill/1` and `lockgate/backfill-list/1`: jobs that fetch the past from the history that a server keeps.

use serde::Serialize;
use tagstore::{Job, Reader};

/// `lockgate/backfill-list/1`.
#[derive(Debug, Serialize)]
pub struct Jobs {
    /// There are older ones than the limit allowed.
    pub truncated: bool,
    pub jobs: Vec<JobView>,
}

/// `lockgate/backfill/1`.
#[derive(Debug, Serialize)]
pub struct OneJob {
    /// Whether a collector has this data folder open; without one a job waits.
    pub running: bool,
    pub job: JobView,
}

/// A job that fetches the past from a server's history.
#[derive(Debug, Serialize)]
pub struct JobView {
    pub id: i64,
    pub source: String,
    /// `null`: every stream of the source, or those that `only` picks.
    pub stream: Option<String>,
    pub only: Option<String>,
    pub from: String,
    pub to: String,
    pub origin: String,
    pub state: &'static str,
    pub cause: Option<String>,
    /// 0 until it is known.
    pub streams: u64,
    pub streams_complete: u64,
    pub streams_without_history: u64,
    pub streams_failed: u64,
    /// One of the streams without history, or that failed, and why.
    pub example: Option<String>,
    pub samples_read: u64,
    pub samples_added: u64,
    pub created_at: String,
    pub updated_at: String,
}

impl Jobs {
    /// The newest jobs, at most so many.
    ///
    /// # Errors
    /// That of reading.
    pub fn newest(reader: &Reader, limit: usize) -> Result<Self, tagstore::Error> {
        let mut jobs = reader.jobs(limit.saturating_add(1))?;
        let truncated = jobs.len() > limit;
        jobs.truncate(limit);
        let jobs = jobs.into_iter().map(|job| JobView::of(reader, job)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { truncated, jobs })
    }
}

impl OneJob {
    /// The job with this number; `None` when there is none.
    ///
    /// # Errors
    /// That of reading.
    pub fn find(reader: &Reader, id: i64) -> Result<Option<Self>, tagstore::Error> {
        let running = reader.is_written()?;
        let Some(job) = reader.job(id)? else { return Ok(None) };
        Ok(Some(Self { running, job: JobView::of(reader, job)? }))
    }
}

impl JobView {
    /// The view of one job.
    ///
    /// # Errors
    /// That of reading the name of its stream.
    pub fn of(reader: &Reader, job: Job) -> Result<Self, tagstore::Error> {
        let stream = match job.stream {
            None => None,
            Some(id) => {
                let streams = reader.streams()?;
                let name = streams.into_iter().find(|stream| stream.id == id).map(|stream| stream.name);
                Some(name.unwrap_or_else(|| format!("stream {id}")))
            }
        };
        Ok(Self {
            id: job.id,
            source: job.source,
            stream,
            only: job.pattern,
            from: job.from.to_string(),
            to: job.to.to_string(),
            origin: job.origin,
            state: job.state.as_str(),
            cause: job.cause,
            streams: job.tally.streams,
            streams_complete: job.tally.complete,
            streams_without_history: job.tally.without_history,
            streams_failed: job.tally.failed,
            example: job.tally.example,
            samples_read: job.tally.read,
            samples_added: job.tally.added,
            created_at: job.created_at.to_string(),
            updated_at: job.updated_at.to_string(),
        })
    }
}

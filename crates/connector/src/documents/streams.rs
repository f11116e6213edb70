//! `lockgate/streams/1`: what has been collected, by name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use tagstore::{Reader, StreamId, StreamInfo};
use ua_client::status_name;

use crate::collect::ages::{LastValue, last_values};

/// `lockgate/streams/1`.
#[derive(Debug, Serialize)]
pub struct Streams {
    pub streams: Vec<StreamView>,
}

/// A stream.
#[derive(Debug, Serialize)]
pub struct StreamView {
    pub name: String,
    pub source: String,
    /// Stable identity: application URI of the server, namespace URI, identifier.
    pub key: String,
    pub data_type: Option<String>,
    pub unit: Option<String>,
    pub description: Option<String>,
    /// Between what its numbers normally lie.
    pub range: Option<Range>,
    /// What its numbers stand for.
    pub states: Vec<State>,
    /// The last value that came, as a running connector last wrote it down; null before the first.
    pub last: Option<Last>,
}

/// The last value of a stream.
#[derive(Debug, Serialize)]
pub struct Last {
    pub time: Timestamp,
    pub age_seconds: i64,
    pub status: &'static str,
    pub status_code: u32,
}

/// Between what numbers normally lie.
#[derive(Debug, Serialize)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

/// What a number stands for.
#[derive(Debug, Serialize)]
pub struct State {
    pub value: i64,
    pub name: String,
}

impl StreamView {
    /// The views of these streams, each with its last value.
    ///
    /// # Errors
    /// That of reading what a running connector wrote.
    pub fn all(
        reader: &Reader,
        streams: Vec<StreamInfo>,
        now: Timestamp,
    ) -> Result<Vec<Self>, tagstore::Error> {
        let lasts = lasts(reader, &streams)?;
        let view = |stream: StreamInfo| view(lasts.get(&stream.id).and_then(|last| seen(*last, now)), stream);
        Ok(streams.into_iter().map(view).collect())
    }
}

/// The last value of each stream, of every source among them.
fn lasts(reader: &Reader, streams: &[StreamInfo]) -> Result<BTreeMap<StreamId, LastValue>, tagstore::Error> {
    let sources: BTreeSet<&str> = streams.iter().map(|stream| stream.source.as_str()).collect();
    let mut lasts = BTreeMap::new();
    for source in sources {
        lasts.extend(last_values(reader, source)?);
    }
    Ok(lasts)
}

fn seen(last: LastValue, now: Timestamp) -> Option<Last> {
    let time = last.time.to_jiff()?;
    let (status, status_code) = (status_name(last.status), last.status);
    Some(Last { time, age_seconds: now.duration_since(time).as_secs(), status, status_code })
}

fn view(last: Option<Last>, stream: StreamInfo) -> StreamView {
    let StreamInfo { name, source, key, data_type, unit, description, range, states, .. } = stream;
    let range = range.map(|range| Range { low: range.low, high: range.high });
    let states = states.into_iter().map(|state| State { value: state.value, name: state.name });
    StreamView { name, source, key, data_type, unit, description, range, states: states.collect(), last }
}

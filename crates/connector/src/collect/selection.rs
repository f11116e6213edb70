//! From what the rules pick to streams of the journal, ready to be subscribed to.

use tagstore::NewStream;
use ua_client::{DataFilter, DeadBand, ItemRequest};

use super::refused::Candidate;
use crate::config::SourceConfig;
use crate::error::Error;
use crate::fill::order;
use crate::pipeline::Writer;
use crate::selection::{self, Choice, Picked, Sampling};

/// Makes what is picked known to the journal.
///
/// # Errors
/// [`Error::NothingPicked`], [`Error::Storage`].
pub(super) async fn register(
    source: &SourceConfig,
    choice: &Choice,
    server_application_uri: &str,
    writer: &Writer,
) -> Result<Vec<Candidate>, Error> {
    if choice.is_empty() && source.events.is_empty() {
        return Err(Error::NothingPicked { found: choice.found });
    }
    let mut picked = choice.picked();
    let mut candidates = Vec::with_capacity(choice.len());
    let mut wanted = Vec::new();
    loop {
        let part: Vec<Picked> = picked.by_ref().take(REGISTERED_AT_ONCE).collect();
        if part.is_empty() {
            break;
        }
        let streams = part.iter().map(|picked| NewStream {
            key: picked.address.stream_key(server_application_uri),
            name: picked.name.clone(),
            source: source.name.as_str().to_owned(),
            data_type: picked.data_type.clone(),
            unit: picked.unit.clone(),
            description: picked.description.clone(),
            range: picked.range,
            states: picked.states.clone(),
        });
        let ids = writer.register(streams.collect()).await?;
        for (stream, picked) in ids.into_iter().zip(part) {
            wanted.extend(picked.sampling.backfill.map(|backfill| (stream, backfill)));
            candidates.push(candidate(source, stream, picked));
        }
    }
    order(source.name.as_str(), wanted, writer).await?;
    Ok(candidates)
}

fn candidate(source: &SourceConfig, stream: tagstore::StreamId, picked: Picked) -> Candidate {
    let Sampling { interval, publishing, queue_size, dead_band, backfill: _ } = picked.sampling;
    let publishing_interval = publishing.unwrap_or(source.publishing_interval);
    let sampling_interval = interval.unwrap_or(source.sampling_interval);
    let dead_band = match dead_band {
        None => DeadBand::None,
        Some(selection::DeadBand::Absolute(distance)) => DeadBand::Absolute(distance),
        Some(selection::DeadBand::Percent(share)) => DeadBand::Percent(share),
    };
    Candidate {
        stream,
        name: picked.name,
        publishing_interval,
        request: ItemRequest {
            node: picked.node,
            client_handle: stream.get(),
            sampling_interval,
            queue_size: queue_size
                .unwrap_or_else(|| source.queue_size_at(sampling_interval, publishing_interval)),
            discard_oldest: true,
        },
        filter: DataFilter { dead_band, ..DataFilter::default() },
    }
}

pub(super) fn warn_of_what_is_hidden(source: &SourceConfig, choice: &Choice) {
    let name = source.name.as_str();
    if choice.truncated() {
        tracing::warn!(source = name, max_nodes = source.max_nodes, "the browse stopped at its limit");
    }
    if let Some((nodes, example)) = &choice.unknown {
        tracing::warn!(
            source = name,
            nodes,
            example,
            "the server does not have the namespace of some listed nodes"
        );
    }
    if let Some((nodes, example)) = choice.hidden() {
        tracing::warn!(source = name, nodes, example, "the server does not show what is below some nodes");
    }
}

/// Streams made known to the journal at once: with a million of them, memory counts.
const REGISTERED_AT_ONCE: usize = 50_000;

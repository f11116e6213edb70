//! Which nodes of a server become streams: what the rules pick, registered in the journal.

use tagstore::NewStream;
use ua_client::{DataFilter, DeadBand, ItemRequest, Session};

use super::refused::Candidate;
use crate::config::SourceConfig;
use crate::error::Error;
use crate::fill::order;
use crate::pipeline::Writer;
use crate::selection::{self, Choice, Picked, Sampling, choose};

/// The streams of a source, registered in the journal and ready to be subscribed to.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) candidates: Vec<Candidate>,
}

/// Finds and registers every variable below the configured roots that the rules pick.
///
/// # Errors
/// [`Error::RootsMissing`], [`Error::NothingPicked`] when there is no variable, [`Error::Client`],
/// [`Error::Storage`].
pub(crate) async fn select(
    session: &Session,
    source: &SourceConfig,
    namespaces: &[String],
    server_application_uri: &str,
    writer: &Writer,
) -> Result<Selection, Error> {
    let choice = choose(session, source, namespaces).await?;
    warn_of_what_is_hidden(source, &choice);
    if choice.picked.is_empty() && source.events.is_empty() {
        return Err(Error::NothingPicked { found: choice.found });
    }
    let streams = choice.picked.iter().map(|picked| NewStream {
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
    let wanted = ids.iter().zip(&choice.picked);
    let wanted = wanted.filter_map(|(stream, picked)| Some((*stream, picked.sampling.backfill?)));
    order(source.name.as_str(), wanted.collect(), writer).await?;
    let candidates = ids.into_iter().zip(choice.picked);
    let candidates = candidates.map(|(stream, picked)| candidate(source, stream, picked)).collect();
    Ok(Selection { candidates })
}

fn candidate(source: &SourceConfig, stream: tagstore::StreamId, picked: Picked) -> Candidate {
    let Sampling { interval, queue_size, dead_band, backfill: _ } = picked.sampling;
    let sampling_interval = interval.unwrap_or(source.sampling_interval);
    let dead_band = match dead_band {
        None => DeadBand::None,
        Some(selection::DeadBand::Absolute(distance)) => DeadBand::Absolute(distance),
        Some(selection::DeadBand::Percent(share)) => DeadBand::Percent(share),
    };
    Candidate {
        stream,
        name: picked.name,
        request: ItemRequest {
            node: picked.node,
            client_handle: stream.get(),
            sampling_interval,
            queue_size: queue_size.unwrap_or_else(|| source.queue_size_at(sampling_interval)),
            discard_oldest: true,
        },
        filter: DataFilter { dead_band, ..DataFilter::default() },
    }
}

fn warn_of_what_is_hidden(source: &SourceConfig, choice: &Choice) {
    let name = source.name.as_str();
    if choice.truncated {
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
    if let Some((nodes, example)) = &choice.hidden {
        tracing::warn!(source = name, nodes, example, "the server does not show what is below some nodes");
    }
}

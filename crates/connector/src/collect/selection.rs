//! Which nodes of a server become streams: browse, describe, name, register.

use tagstore::NewStream;
use ua_client::{ItemRequest, Session, status_name};

use super::refused::Candidate;
use crate::address_space::{browse, describe};
use crate::config::SourceConfig;
use crate::error::Error;
use crate::naming::stream_names;
use crate::pipeline::Writer;

/// The streams of a source, registered in the journal and ready to be subscribed to.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) candidates: Vec<Candidate>,
}

/// Finds and registers every variable below the configured roots.
///
/// # Errors
/// [`Error::RootsMissing`], [`Error::NothingAccepted`] when there is no variable, [`Error::Client`],
/// [`Error::Storage`].
pub(crate) async fn select(
    session: &Session,
    source: &SourceConfig,
    namespaces: &[String],
    server_application_uri: &str,
    writer: &Writer,
) -> Result<Selection, Error> {
    let name = source.name.as_str();
    let found = browse(session, &source.roots, namespaces, source.max_nodes).await?;
    if found.truncated {
        tracing::warn!(source = name, max_nodes = source.max_nodes, "the browse stopped at its limit");
    }
    if let Some((node, status)) = &found.refused_example {
        let (nodes, status) = (found.refused, status_name(*status));
        tracing::warn!(source = name, nodes, example = %node, status, "the server does not show what is below some nodes");
    }
    if found.variables.is_empty() {
        return Err(Error::NothingAccepted { nodes: 0, example: "no variable below the roots".to_owned() });
    }
    let nodes: Vec<_> = found.variables.iter().map(|variable| variable.node.clone()).collect();
    let descriptions = describe(session, &nodes, namespaces).await?;
    let paths: Vec<_> =
        found.variables.into_iter().map(|variable| (variable.address, variable.path)).collect();
    let names = stream_names(name, &paths);
    let streams: Vec<NewStream> = paths
        .iter()
        .zip(&names)
        .zip(descriptions)
        .map(|(((address, _), stream_name), description)| NewStream {
            key: address.stream_key(server_application_uri),
            name: stream_name.clone(),
            source: name.to_owned(),
            data_type: description.data_type,
            unit: None,
            description: description.description,
        })
        .collect();
    let ids = writer.register(streams).await?;
    let queue_size = source.queue_size();
    let candidates = ids
        .into_iter()
        .zip(names)
        .zip(nodes)
        .map(|((stream, name), node)| Candidate {
            stream,
            name,
            request: ItemRequest {
                node,
                client_handle: stream.get(),
                sampling_interval: source.sampling_interval,
                queue_size,
                discard_oldest: true,
            },
        })
        .collect();
    Ok(Selection { candidates })
}

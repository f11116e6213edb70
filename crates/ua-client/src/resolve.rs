//! From what people write to node ids: TranslateBrowsePathsToNodeIds, RegisterNodes (Part 4 §5.9.4, §5.9.5).

use std::fmt;

use opcua_types::{
    BrowsePath as WirePath, BrowsePathResult, NodeId, RegisterNodesRequest, RelativePath,
    TranslateBrowsePathsToNodeIdsRequest, UnregisterNodesRequest,
};

use crate::batch::{Batches, Verdict};
use crate::codec::exactly;
use crate::node_address::{BrowsePath, NodeAddress};
use crate::session::Session;
use crate::{Error, status, status_name};

/// More nodes at the end of one path than anybody can use.
const MAX_TARGETS: usize = 1_000;

/// The nodes a path leads to, or the status it failed with (`BadNoMatch` when it leads nowhere).
pub type Translated = Result<Vec<NodeId>, u32>;

/// Why there is no id for what was written.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Unresolved {
    /// The server has no such namespace.
    UnknownNamespace {
        /// Its URI.
        uri: String,
    },
    /// The server refused to follow the path, or it leads nowhere.
    Refused {
        /// Its status.
        status: u32,
    },
    /// More than one node has the path.
    Ambiguous {
        /// The nodes it leads to.
        nodes: Vec<NodeId>,
    },
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownNamespace { uri } => {
                write!(f, "the server has no namespace {}", crate::error::clean(uri))
            }
            Self::Refused { status } if status & 0xFFFF_0000 == status::BAD_NO_MATCH => {
                f.write_str("the path leads to no node (BadNoMatch)")
            }
            Self::Refused { status } => write!(f, "the server answered {}", status_name(*status)),
            Self::Ambiguous { nodes } => {
                write!(f, "the path leads to {} nodes, ", nodes.len())?;
                let shown: Vec<String> =
                    nodes.iter().take(3).map(|node| crate::error::clean(&node.to_string())).collect();
                write!(f, "{}{}", shown.join(", "), if nodes.len() > 3 { ", …" } else { "" })
            }
        }
    }
}

impl Session {
    /// Finds the ids of nodes that were written down in any form: one result per address, in order.
    ///
    /// The namespace table is read only when a URI is among them, the server is asked only for paths.
    ///
    /// # Errors
    ///
    /// When the connection ends, an answer does not come in time, or the server refuses the services as a whole.
    pub async fn resolve(&self, addresses: &[NodeAddress]) -> Result<Vec<Result<NodeId, Unresolved>>, Error> {
        let by_uri = addresses.iter().any(|address| matches!(address, NodeAddress::Uri { .. }));
        let namespaces = if by_uri { self.namespaces().await? } else { Default::default() };
        let paths: Vec<_> = addresses
            .iter()
            .filter_map(|address| match address {
                NodeAddress::Path(path) => Some((BrowsePath::start(), path.relative_path())),
                _ => None,
            })
            .collect();
        let mut translated = self.translate_browse_paths(&paths).await?.into_iter();
        let found = addresses.iter().map(|address| match address {
            NodeAddress::Id(id) => Ok(id.clone()),
            NodeAddress::Uri { uri, identifier } => match namespaces.index(uri) {
                Some(namespace) => Ok(NodeId { namespace, identifier: identifier.clone() }),
                None => Err(Unresolved::UnknownNamespace { uri: uri.clone() }),
            },
            NodeAddress::Path(_) => only_one(translated.next().unwrap_or(Err(status::BAD_UNEXPECTED_ERROR))),
        });
        Ok(found.collect())
    }

    /// Follows paths of browse names from starting nodes: one result per path, in order. Nodes on other servers are
    /// left out.
    ///
    /// # Errors
    ///
    /// When the connection ends, an answer does not come in time, or the service as a whole refuses.
    pub async fn translate_browse_paths(
        &self,
        paths: &[(NodeId, RelativePath)],
    ) -> Result<Vec<Translated>, Error> {
        let mut found = Vec::with_capacity(paths.len());
        let mut batches = Batches::new(paths.len(), &self.inner.limits.translate);
        while let Some(range) = batches.next() {
            let batch = paths.get(range.clone()).unwrap_or_default();
            let browse_paths = batch
                .iter()
                .map(|(start, path)| WirePath { starting_node: start.clone(), relative_path: path.clone() });
            let request = TranslateBrowsePathsToNodeIdsRequest {
                browse_paths: Some(browse_paths.collect()),
                ..Default::default()
            };
            let answer = self.call(request).await.and_then(|answer| {
                exactly::<TranslateBrowsePathsToNodeIdsRequest, _>(answer.results, batch.len())
            });
            match answer {
                Ok(results) => found.extend(results.into_iter().map(targets)),
                Err(error) => match batches.failed(range, error)? {
                    Verdict::Retry => {}
                    Verdict::ItemFailed(code) => found.push(Err(code)),
                },
            }
        }
        Ok(found)
    }

    /// Announces nodes that will be read often; the server gives ids for this session by which it finds them faster.
    /// One id per node, in order; the same id when the server has no better one.
    ///
    /// # Errors
    ///
    /// When the connection ends, an answer does not come in time, or the service as a whole refuses (one unknown node
    /// is enough for some servers).
    pub async fn register_nodes(&self, nodes: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let mut registered = Vec::with_capacity(nodes.len());
        let mut batches = Batches::new(nodes.len(), &self.inner.limits.register);
        while let Some(range) = batches.next() {
            let batch = nodes.get(range.clone()).unwrap_or_default().to_vec();
            let count = batch.len();
            let request = RegisterNodesRequest { nodes_to_register: Some(batch), ..Default::default() };
            let answer = self
                .call(request)
                .await
                .and_then(|answer| exactly::<RegisterNodesRequest, _>(answer.registered_node_ids, count));
            match answer {
                Ok(ids) => registered.extend(ids),
                Err(error) => match batches.failed(range, error)? {
                    Verdict::Retry => {}
                    Verdict::ItemFailed(status) => {
                        return Err(Error::Service { service: "RegisterNodes", status });
                    }
                },
            }
        }
        Ok(registered)
    }

    /// Gives ids back that [`register_nodes`](Session::register_nodes) gave. The end of the session does the same.
    ///
    /// # Errors
    ///
    /// As [`register_nodes`](Session::register_nodes).
    pub async fn unregister_nodes(&self, nodes: &[NodeId]) -> Result<(), Error> {
        let mut batches = Batches::new(nodes.len(), &self.inner.limits.register);
        while let Some(range) = batches.next() {
            let batch = nodes.get(range.clone()).unwrap_or_default().to_vec();
            let request = UnregisterNodesRequest { nodes_to_unregister: Some(batch), ..Default::default() };
            if let Err(error) = self.call(request).await {
                batches.failed(range, error)?;
            }
        }
        Ok(())
    }
}

fn targets(result: BrowsePathResult) -> Translated {
    if status::is_bad(result.status_code.bits()) {
        return Err(result.status_code.bits());
    }
    let targets = result.targets.unwrap_or_default();
    let complete = targets.into_iter().filter(|target| {
        target.remaining_path_index == u32::MAX
            && target.target_id.server_index == 0
            && target.target_id.namespace_uri.is_empty()
    });
    let mut nodes: Vec<NodeId> = Vec::new();
    for target in complete.take(MAX_TARGETS) {
        // The same node by several ways is one node.
        if !nodes.contains(&target.target_id.node_id) {
            nodes.push(target.target_id.node_id);
        }
    }
    if nodes.is_empty() { Err(status::BAD_NO_MATCH) } else { Ok(nodes) }
}

fn only_one(translated: Translated) -> Result<NodeId, Unresolved> {
    let mut nodes = translated.map_err(|status| Unresolved::Refused { status })?;
    match (nodes.pop(), nodes.is_empty()) {
        (Some(node), true) => Ok(node),
        (Some(node), false) => {
            nodes.push(node);
            Err(Unresolved::Ambiguous { nodes })
        }
        (None, _) => Err(Unresolved::Refused { status: status::BAD_NO_MATCH }),
    }
}

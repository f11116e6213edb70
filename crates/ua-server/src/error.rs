//! What can go wrong while a server is set up. Once it runs, peers get status codes and the log gets the facts.

use std::{net::SocketAddr, path::PathBuf};

use opcua_types::NodeId;

/// Why a server could not be set up or started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The listen address is taken or not ours.
    #[error("listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The certificate store could not be read or written.
    #[error("certificate store {path}: {source}")]
    Store {
        /// Root of the store.
        path: PathBuf,
        /// What the store said.
        source: ua_pki::Error,
    },
    /// A node with this id is already there.
    #[error("node {0} exists already")]
    DuplicateNode(NodeId),
    /// The node that a new node should hang under, or its type, is not there.
    #[error("node {0} does not exist")]
    UnknownNode(NodeId),
    /// The parent has a child of that browse name already.
    #[error("{parent} has a child {name} already")]
    DuplicateName {
        /// The parent.
        parent: NodeId,
        /// The browse name that is taken.
        name: String,
    },
    /// More nodes or namespaces than can be numbered.
    #[error("address space is full")]
    Full,
    /// A password could not be hashed, or a stored hash is not in PHC form.
    #[error("password of user {user} cannot be used: {reason}")]
    Password {
        /// The user.
        user: String,
        /// What the hash function said.
        reason: String,
    },
    /// The configuration contradicts itself.
    #[error("{0}")]
    Config(&'static str),
}

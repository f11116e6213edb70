//! How far a look at an address space has come, for whoever shows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How far it has come. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    nodes: AtomicUsize,
    variables: AtomicUsize,
    followed: AtomicUsize,
    /// Variables to be described, 0 while that is not known.
    to_describe: AtomicUsize,
    described: AtomicUsize,
}

/// What is known of it at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Nodes are being found. How many there are nobody knows before the end.
    Browsing {
        /// Nodes found so far.
        nodes: usize,
        /// Variables among them.
        variables: usize,
        /// Nodes among them of which it is known what is below.
        followed: usize,
    },
    /// All nodes were found; what the chosen variables are is being read.
    Describing {
        /// Variables read.
        done: usize,
        /// Of so many.
        of: usize,
    },
}

impl Progress {
    /// How far it is.
    #[must_use]
    pub fn stage(&self) -> Stage {
        let get = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        match get(&self.0.to_describe) {
            0 => Stage::Browsing {
                nodes: get(&self.0.nodes),
                variables: get(&self.0.variables),
                followed: get(&self.0.followed),
            },
            of => Stage::Describing { done: get(&self.0.described).min(of), of },
        }
    }

    pub(crate) fn found(&self, nodes: usize, variables: usize) {
        self.0.nodes.store(nodes, Ordering::Relaxed);
        self.0.variables.store(variables, Ordering::Relaxed);
    }

    pub(crate) fn followed(&self, nodes: usize) {
        self.0.followed.fetch_add(nodes, Ordering::Relaxed);
    }

    pub(crate) fn will_describe(&self, variables: usize) {
        self.0.to_describe.fetch_add(variables, Ordering::Relaxed);
    }

    pub(crate) fn described(&self, variables: usize) {
        self.0.described.fetch_add(variables, Ordering::Relaxed);
    }
}

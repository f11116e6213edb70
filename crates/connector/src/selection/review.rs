//! What changed on a server since its address space was last taken over, and what that means for the streams.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use jiff::Timestamp;
use ua_client::Session;

use super::choose::{Choice, choose};
use crate::address_space::{
    Changes, Difference, Head, Place, Progress, Snapshot, Space, differences, server_start, snapshot,
};
use crate::clock;
use crate::config::SourceConfig;
use crate::error::Error;

/// A comparison.
#[derive(Debug)]
pub struct Review {
    /// When the address space was taken over.
    pub taken_at: Timestamp,
    before: Choice,
    now: Choice,
    changes: Changes,
    head: Head,
}

/// A node that came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeShown {
    /// For good, as in `nsu=urn:plant;s=Line1.Speed`.
    pub node: String,
    /// Browse names below the root, joined by `/`.
    pub path: String,
    /// Whether it has a value.
    pub is_variable: bool,
}

/// What becomes of the streams.
#[derive(Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamChanges {
    /// Streams that would come, by name.
    pub added: Vec<String>,
    /// Streams whose node the server does not have any more, or the rules no longer pick.
    pub gone: Vec<String>,
    /// Streams that would get another name: the old one and the new one.
    pub renamed: Vec<(String, String)>,
}

impl Review {
    /// Nodes that came.
    pub fn added(&self) -> impl Iterator<Item = NodeShown> {
        self.changes.added.iter().map(|place| shown(self.there(), *place))
    }

    /// Nodes that went.
    pub fn gone(&self) -> impl Iterator<Item = NodeShown> {
        self.changes.gone.iter().map(|place| shown(self.was(), *place))
    }

    /// Nodes that are another way now, and what about them is.
    pub fn changed(&self) -> impl Iterator<Item = (NodeShown, Vec<Difference>)> {
        self.changes.changed.iter().map(|(before, now)| {
            (shown(self.there(), *now), differences(self.was(), *before, self.there(), *now))
        })
    }

    /// Numbers of nodes that came, went and changed.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.changes.added.len(), self.changes.gone.len(), self.changes.changed.len())
    }

    /// Numbers of nodes before and now.
    #[must_use]
    pub fn nodes(&self) -> (usize, usize) {
        (self.was().len(), self.there().len())
    }

    /// What becomes of the streams.
    #[must_use]
    pub fn streams(&self) -> StreamChanges {
        let before: HashMap<Place, &str> = self.before.named().collect();
        let mut gone: BTreeMap<Place, &str> = self.before.named().collect();
        let mut changes = StreamChanges::default();
        for (place, name) in self.now.named() {
            let was = self.was().find(self.there(), place);
            if let Some(was) = was {
                gone.remove(&was);
            }
            match was.and_then(|was| before.get(&was)) {
                None => changes.added.push(name.to_owned()),
                Some(was) if *was != name => changes.renamed.push(((*was).to_owned(), name.to_owned())),
                Some(_) => {}
            }
        }
        changes.gone = gone.into_values().map(str::to_owned).collect();
        changes
    }

    /// Whether nothing is different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Takes over what the server has now: a `run` that works collects it within seconds, any other from its next start.
    ///
    /// # Errors
    /// [`Error::Snapshot`].
    pub async fn accept(self, data: &Path) -> Result<(), Error> {
        let path = snapshot::path(data, &self.head.source);
        let data = data.to_owned();
        let written = move || snapshot::write(&data, self.head, &self.now.known);
        let written = tokio::task::spawn_blocking(written).await;
        let written = written.unwrap_or_else(|ended| Err(std::io::Error::other(ended)));
        written.map_err(|source| Error::Snapshot { path, source })
    }

    fn was(&self) -> &Space {
        &self.before.known.space
    }

    fn there(&self) -> &Space {
        &self.now.known.space
    }
}

fn shown(space: &Space, place: Place) -> NodeShown {
    NodeShown {
        node: space.address(place).map(|address| address.to_string()).unwrap_or_default(),
        path: space.path(place).join("/"),
        is_variable: space.is_variable(place),
    }
}

/// Browses a source's server and compares it with the snapshot in the data folder; `None` when there is no snapshot.
///
/// # Errors
/// [`Error::Snapshot`] when it cannot be read; those of [`choose`].
pub async fn review(
    session: &Session,
    source: &SourceConfig,
    server_application_uri: &str,
    data: &Path,
    progress: &Progress,
) -> Result<Option<Review>, Error> {
    let Some(Snapshot { head, known }) = read_snapshot(data, source).await? else { return Ok(None) };
    let server_start = server_start(session).await?;
    let namespaces = session.namespaces().await?.into_uris();
    let now = choose(session, source, &namespaces, progress).await?;
    let changes = Changes::between(&known.space, &now.known.space);
    // as the server numbered its namespaces then: a name may depend on it
    let before = Choice::without_asking(source, known, &head.namespace_array);
    let taken_at = head.taken_at;
    let head = Head {
        source: source.name.to_string(),
        server: server_application_uri.to_owned(),
        taken_at: clock::now(),
        server_start,
        namespace_array: namespaces,
        roots: source.roots.clone(),
        max_nodes: source.max_nodes,
        ..Head::default()
    };
    Ok(Some(Review { taken_at, before, now, changes, head }))
}

/// The snapshot of a source.
///
/// # Errors
/// [`Error::Snapshot`].
pub(crate) async fn read_snapshot(data: &Path, source: &SourceConfig) -> Result<Option<Snapshot>, Error> {
    let (folder, name) = (data.to_owned(), source.name.to_string());
    let path = snapshot::path(data, source.name.as_str());
    let read = tokio::task::spawn_blocking(move || snapshot::read(&folder, &name)).await;
    let read = read.unwrap_or_else(|ended| Err(std::io::Error::other(ended)));
    read.map_err(|source| Error::Snapshot { path, source })
}

//! Which nodes a source has, and which of them become streams: from the snapshot where it is of this server, else by a
//! browse.
//!
//! A start from the snapshot lets values flow at once; whether the nodes have to be looked at again is decided by what is
//! known about the server, and done beside the flowing values (see docs/decisions/0012-*.md).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use ua_client::Session;

use super::refused::Candidate;
use super::selection::{register, warn_of_what_is_hidden};
use crate::address_space::{Changes, Head, Progress, Snapshot, snapshot};
use crate::clock;
use crate::config::{NewNodes, SourceConfig};
use crate::error::Error;
use crate::event::{EventKind, Events};
use crate::pipeline::Writer;
use crate::selection::{Choice, choose, choose_from, read_snapshot};

/// All that a look at the nodes needs.
#[derive(Clone)]
pub(super) struct Survey {
    pub(super) session: Session,
    pub(super) source: SourceConfig,
    pub(super) server: ServerNow,
    pub(super) writer: Writer,
    pub(super) events: Events,
    pub(super) data: PathBuf,
}

/// What the server says of itself now.
#[derive(Debug, Clone)]
pub(super) struct ServerNow {
    pub(super) application_uri: String,
    pub(super) start: Option<i64>,
    pub(super) namespaces: Arc<[String]>,
}

/// The streams of a source, registered in the journal and ready to be subscribed to.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) candidates: Vec<Candidate>,
    /// The server was browsed for it, which took so long; else it comes from the snapshot.
    pub(super) browsed: Option<Duration>,
    /// So many nodes came, went or changed, which waits to be accepted: what is collected stays as it was.
    pub(super) waiting: usize,
    /// When the nodes have to be browsed again, and why; `None` as long as nothing happens.
    pub(super) next: Option<(Duration, &'static str)>,
}

impl Survey {
    /// From the snapshot if there is one of this server, else by a browse.
    ///
    /// # Errors
    /// Those of [`Survey::browse`].
    pub(super) async fn quickly(&self) -> Result<Selection, Error> {
        match self.known().await {
            Some((choice, head)) if !choice.is_empty() || !self.source.events.is_empty() => {
                let candidates =
                    register(&self.source, &choice, &self.server.application_uri, &self.writer).await?;
                let next = self.next(&head);
                tracing::debug!(
                    source = self.name(),
                    nodes = head.nodes,
                    ?next,
                    "nodes known from the snapshot"
                );
                Ok(Selection { candidates, browsed: None, waiting: 0, next })
            }
            _ => match self.browse(FIRST).await? {
                // what there is has to be accepted first, and what was accepted is nothing
                Selection { waiting: 1.., .. } => Err(Error::NothingPicked { found: 0 }),
                selection => Ok(selection),
            },
        }
    }

    /// What the snapshot says, if it is of this server and of the same roots.
    async fn known(&self) -> Option<(Choice, Head)> {
        let Snapshot { head, known } = self.snapshot().await?;
        let namespaces = &self.server.namespaces;
        // what is not in it of the variables picked, because the rules are others now, is read
        let progress = Progress::default();
        match choose_from(&self.session, &self.source, known, namespaces, &progress).await {
            Ok(choice) => Some((choice, head)),
            Err(error) => {
                tracing::warn!(source = self.name(), %error, "the snapshot of the nodes is not used");
                None
            }
        }
    }

    /// The snapshot on disk, unless it is of another server or of other roots.
    async fn snapshot(&self) -> Option<Snapshot> {
        if self.source.nodes.is_some() {
            return None;
        }
        match read_snapshot(&self.data, &self.source).await {
            Ok(snapshot) => snapshot.filter(|snapshot| {
                let Head { server, roots, max_nodes, .. } = &snapshot.head;
                *server == self.server.application_uri
                    && *roots == self.source.roots
                    && *max_nodes == self.source.max_nodes
            }),
            Err(error) => {
                tracing::warn!(source = self.name(), %error, "not used; the server is browsed");
                None
            }
        }
    }

    /// Browses the server, tells what changed since the snapshot, and takes it over, unless somebody wants to see it
    /// first.
    ///
    /// # Errors
    /// [`Error::RootsMissing`], [`Error::NothingPicked`] when there is no variable, [`Error::Client`],
    /// [`Error::Storage`].
    pub(super) async fn browse(&self, why: &'static str) -> Result<Selection, Error> {
        let begun = clock::instant();
        let choice = self.looked().await?;
        warn_of_what_is_hidden(&self.source, &choice);
        let waiting = self.tell(&choice, why).await;
        let stays = waiting > 0 || self.source.nodes.is_some();
        let choice = if stays { choice } else { self.keep(choice).await };
        let candidates = match waiting {
            1.. => Vec::new(),
            0 => register(&self.source, &choice, &self.server.application_uri, &self.writer).await?,
        };
        let browsed = Some(clock::instant().saturating_duration_since(begun));
        let every = self.source.address_space.rebrowse.filter(|_| self.source.nodes.is_none());
        Ok(Selection { candidates, browsed, waiting, next: every.map(|every| (every, SCHEDULE)) })
    }

    /// Browses, and says now and then how far it is.
    async fn looked(&self) -> Result<Choice, Error> {
        let progress = Progress::default();
        let choosing = choose(&self.session, &self.source, &self.server.namespaces, &progress);
        tokio::pin!(choosing);
        let mut told = tokio::time::interval(TOLD_EVERY);
        told.tick().await;
        loop {
            tokio::select! {
                choice = &mut choosing => return choice,
                _ = told.tick() => {
                    let stage = progress.stage();
                    self.events.send(Some(self.name()), EventKind::Browsing { stage });
                }
            }
        }
    }

    /// Compares with the snapshot. Gives how many nodes have to be accepted first.
    async fn tell(&self, choice: &Choice, why: &'static str) -> usize {
        let Some(Snapshot { known, .. }) = self.snapshot().await else {
            tracing::debug!(source = self.name(), nodes = choice.known.space.len(), why, "browsed");
            return 0;
        };
        let changes = Changes::between(&known.space, &choice.known.space);
        if changes.is_empty() {
            tracing::debug!(source = self.name(), nodes = known.space.len(), why, "browsed again: as it was");
            return 0;
        }
        let waiting = self.source.address_space.new_nodes == NewNodes::Review;
        let kind = EventKind::NodesChanged {
            added: changes.added.len(),
            gone: changes.gone.len(),
            changed: changes.changed.len(),
            why,
            waiting,
        };
        self.events.send(Some(self.name()), kind);
        if waiting { changes.len() } else { 0 }
    }

    /// Writes the snapshot. Collecting does not depend on it.
    async fn keep(&self, choice: Choice) -> Choice {
        let head = self.head();
        let data = self.data.clone();
        let kept = tokio::task::spawn_blocking(move || {
            let written = snapshot::write(&data, head, &choice.known);
            (choice, written)
        });
        match kept.await {
            Ok((choice, written)) => {
                if let Err(error) = written {
                    tracing::warn!(source = self.name(), %error, "the snapshot of the nodes cannot be written");
                }
                choice
            }
            // a panic of ours: nothing can be said about it here that its own message does not say
            Err(ended) => std::panic::resume_unwind(ended.into_panic()),
        }
    }

    fn head(&self) -> Head {
        Head {
            source: self.name().to_owned(),
            server: self.server.application_uri.clone(),
            taken_at: clock::now(),
            server_start: self.server.start,
            namespace_array: self.server.namespaces.to_vec(),
            roots: self.source.roots.clone(),
            max_nodes: self.source.max_nodes,
            ..Head::default()
        }
    }

    /// When the nodes that a snapshot knows have to be browsed again, and why.
    fn next(&self, head: &Head) -> Option<(Duration, &'static str)> {
        next(head, &self.server, self.source.address_space.rebrowse, clock::now())
    }

    fn name(&self) -> &str {
        self.source.name.as_str()
    }
}

fn next(
    head: &Head,
    server: &ServerNow,
    every: Option<Duration>,
    now: Timestamp,
) -> Option<(Duration, &'static str)> {
    if head.server_start != server.start {
        return Some((Duration::ZERO, RESTARTED));
    }
    if *head.namespace_array != *server.namespaces {
        return Some((Duration::ZERO, RENUMBERED));
    }
    let age = now.duration_since(head.taken_at).max(SignedDuration::ZERO);
    let age = Duration::try_from(age).unwrap_or_default();
    every.map(|every| (every.saturating_sub(age), SCHEDULE))
}

/// Instants for a look that is due after a while.
pub(super) fn due(next: Option<(Duration, &'static str)>) -> Option<(Instant, &'static str)> {
    let (after, why) = next?;
    Some((clock::instant().checked_add(after)?, why))
}

const FIRST: &str = "nothing was known of this server";
const RESTARTED: &str = "the server was started anew";
const RENUMBERED: &str = "the server's namespace table changed";
const SCHEDULE: &str = "the schedule";
/// How often a browse that takes long says how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_browsed_again_when_the_server_may_be_another_or_the_look_is_old() {
        let server = |start, namespaces: &[&str]| ServerNow {
            application_uri: "urn:s".to_owned(),
            start: Some(start),
            namespaces: namespaces.iter().map(|uri| (*uri).to_owned()).collect(),
        };
        let head = Head {
            server_start: Some(7),
            namespace_array: vec!["urn:ua".to_owned(), "urn:a".to_owned()],
            taken_at: Timestamp::UNIX_EPOCH,
            ..Head::default()
        };
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let hour = Some(Duration::from_secs(3600));
        let same = server(7, &["urn:ua", "urn:a"]);
        let left = |seconds| Some((Duration::from_secs(seconds), SCHEDULE));
        assert_eq!(next(&head, &same, hour, at(600)), left(3000));
        assert_eq!(next(&head, &same, hour, at(9000)), left(0));
        assert_eq!(next(&head, &same, hour, at(-9000)), left(3600), "a clock that was set back");
        assert_eq!(next(&head, &same, None, at(9000)), None);
        let now = |why| Some((Duration::ZERO, why));
        assert_eq!(next(&head, &server(8, &["urn:ua", "urn:a"]), None, at(1)), now(RESTARTED));
        assert_eq!(next(&head, &server(7, &["urn:a", "urn:ua"]), None, at(1)), now(RENUMBERED));
    }
}

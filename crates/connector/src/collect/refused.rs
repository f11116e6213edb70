//! Nodes that the server refused: set aside, tried again now and then, never in the way of the others (invariant 8).

use std::time::{Duration, Instant};

use tagstore::StreamId;
use ua_client::{DataFilter, ItemRequest, status_name};

/// A node with the subscription it shall join.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) stream: StreamId,
    pub(crate) name: String,
    /// Of the subscription that it shall join.
    pub(crate) publishing_interval: Duration,
    pub(crate) request: ItemRequest,
    /// What counts as a change of its value.
    pub(crate) filter: DataFilter,
}

/// The refused nodes of one connection.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    waiting: Vec<(Candidate, u32)>,
    due: Option<Instant>,
    rounds: usize,
}

impl Refused {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Forgets those that nobody wants any more.
    pub(crate) fn keep(&mut self, wanted: impl Fn(&Candidate) -> bool) {
        self.waiting.retain(|(candidate, _)| wanted(candidate));
    }

    /// Their streams.
    pub(crate) fn streams(&self) -> impl Iterator<Item = u32> {
        self.waiting.iter().map(|(candidate, _)| candidate.stream.get())
    }

    /// One of them with its reason, for the status.
    pub(crate) fn example(&self) -> Option<String> {
        let (candidate, status) = self.waiting.first()?;
        Some(format!("{}: {}", candidate.name, status_name(*status)))
    }

    /// Sets nodes aside until the next round.
    pub(crate) fn add(&mut self, nodes: Vec<(Candidate, u32)>, now: Instant) {
        if nodes.is_empty() {
            return;
        }
        self.waiting.extend(nodes);
        let pause = PAUSES.get(self.rounds).or(PAUSES.last()).copied().unwrap_or_default();
        self.due = Some(now + pause);
    }

    /// When the next round is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes all of them for a new round.
    pub(crate) fn take(&mut self) -> Vec<Candidate> {
        self.due = None;
        self.rounds += 1;
        self.waiting.drain(..).map(|(candidate, _)| candidate).collect()
    }
}

const PAUSES: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(900),
];

#[cfg(test)]
mod tests {
    use ua_client::NodeId;

    use super::*;

    #[test]
    fn refused_nodes_are_tried_again_ever_more_seldom() {
        #[expect(clippy::disallowed_methods, reason = "a starting point to count from")]
        let now = Instant::now();
        let candidate = Candidate {
            stream: StreamId::new(1),
            name: "plc.Speed".to_owned(),
            publishing_interval: Duration::from_secs(1),
            request: ItemRequest {
                node: NodeId::new(1, 1_u32),
                client_handle: 1,
                sampling_interval: Duration::from_secs(1),
                queue_size: 10,
                discard_oldest: true,
            },
            filter: DataFilter::default(),
        };
        let mut refused = Refused::default();
        assert_eq!(refused.due(), None);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            refused.add(vec![(candidate.clone(), 0x8034_0000)], now);
            pauses.push(refused.due().unwrap().duration_since(now).as_secs());
            assert_eq!(refused.take().len(), 1);
        }
        assert_eq!(pauses, [10, 30, 60, 300, 900, 900]);
        assert_eq!((refused.len(), refused.due()), (0, None));
    }
}

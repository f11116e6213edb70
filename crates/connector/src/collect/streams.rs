//! The streams of one source, found by client handle without hashing.

use tagstore::{StreamId, Timestamp};

use super::ages::LastValue;

/// What is remembered per stream. A stream's number is its place, so that looking one up is reading an array.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, Default)]
enum Slot {
    /// Not a stream of this source: a handle that we never gave out.
    #[default]
    Foreign,
    /// Ours; the time of its last value, absent before the first, and its status.
    Ours { last: Timestamp, status: u32 },
}

impl Streams {
    /// Makes the streams known.
    pub(crate) fn add(&mut self, ids: impl IntoIterator<Item = StreamId>) {
        for id in ids {
            let Ok(place) = usize::try_from(id.get()) else { continue };
            if self.slots.len() <= place {
                self.slots.resize_with(place + 1, Slot::default);
            }
            if let Some(slot @ Slot::Foreign) = self.slots.get_mut(place) {
                *slot = Slot::Ours { last: Timestamp::ABSENT, status: 0 };
            }
        }
    }

    /// Takes note of a value of the stream with this handle and gives the time of the one before; `None` for a
    /// handle that is not ours.
    pub(crate) fn advance(
        &mut self,
        handle: u32,
        time: Timestamp,
        status: u32,
    ) -> Option<(StreamId, Timestamp)> {
        let slot = self.slots.get_mut(usize::try_from(handle).ok()?)?;
        let Slot::Ours { last, status: last_status } = slot else { return None };
        let before = *last;
        *last = time;
        *last_status = status;
        Some((StreamId::new(handle), before))
    }

    /// The last value of each stream that had one.
    pub(crate) fn last_values(&self) -> impl Iterator<Item = (StreamId, LastValue)> {
        self.slots.iter().zip(0..).filter_map(|(slot, id)| match slot {
            Slot::Ours { last, status } if !last.is_absent() => {
                Some((StreamId::new(id), LastValue { time: *last, status: *status }))
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handle_that_was_never_given_out_is_nobodys() {
        let mut streams = Streams::default();
        streams.add([StreamId::new(3), StreamId::new(7), StreamId::new(3)]);
        assert!(streams.advance(3, Timestamp::from_ticks(1), 0).is_some());
        for handle in [0, 4, 8, u32::MAX] {
            assert_eq!(streams.advance(handle, Timestamp::from_ticks(1), 0), None);
        }
    }

    #[test]
    fn time_of_the_value_before_is_given_wherever_its_clock_stood() {
        let mut streams = Streams::default();
        streams.add([StreamId::new(3)]);
        let at = Timestamp::from_ticks;
        assert_eq!(streams.advance(3, at(10), 0), Some((StreamId::new(3), Timestamp::ABSENT)));
        assert_eq!(streams.advance(3, at(5), 0), Some((StreamId::new(3), at(10))));
        assert_eq!(streams.advance(3, at(12), 0), Some((StreamId::new(3), at(5))));
    }
}

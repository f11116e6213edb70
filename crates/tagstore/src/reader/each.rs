//! Every sample of some streams, handed on one by one.

use std::ops::ControlFlow;

use super::scan::Scan;
use super::{Interval, Reader};
use crate::{Error, OwnedSample, StreamId};

impl Reader {
    /// Hands every sample of each stream to `visit`, stream by stream in the order given, each by time (source, else
    /// server, else receive time), as long as it says so. What arrived twice (same source time, status and value) is given
    /// once. The memory it takes does not depend on how many samples there are.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub fn for_each(
        &self,
        streams: &[StreamId],
        interval: Interval,
        visit: &mut dyn FnMut(OwnedSample) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        if interval.is_empty() {
            return Ok(());
        }
        for some in streams.chunks(AT_ONCE) {
            let mut places = self.places(some, interval)?;
            for &stream in some {
                let mut scan = Scan::new(self, &mut places, stream, interval)?;
                while let Some(sample) = scan.next()? {
                    if visit(sample).is_break() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

/// The journal's tail is decoded once for so many streams, and what it has of them is in memory.
pub(super) const AT_ONCE: usize = 64;

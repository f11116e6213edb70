//! Sequence numbers (Part 6 §6.7.2.4), in the form that the RSA policies and None use ("legacy"): they start anywhere,
//! rise by exactly one per chunk, are not reset by a renewal, and wrap near the end to a number below 1024.

use crate::Error;

/// Numbers for what we send: 1, 2, 3 …
#[derive(Debug, Default)]
pub(crate) struct SendSequence {
    last: u32,
}

impl SendSequence {
    pub(crate) fn next(&mut self) -> u32 {
        self.last = if self.last > WRAP_ABOVE { 1 } else { self.last.saturating_add(1) };
        self.last
    }
}

/// Checks the numbers of what we receive.
#[derive(Debug, Default)]
pub(crate) struct ReceiveSequence {
    last: Option<u32>,
}

impl ReceiveSequence {
    pub(crate) fn accept(&mut self, found: u32) -> Result<(), Error> {
        if let Some(last) = self.last {
            let follows = last.checked_add(1) == Some(found);
            // some stacks wrap on reaching the number, some on exceeding it
            let wraps = last >= WRAP_ABOVE && found < WRAPPED_BELOW;
            if !follows && !wraps {
                return Err(Error::SequenceNumber { found, last });
            }
        }
        self.last = Some(found);
        Ok(())
    }
}

/// The last number before the wrap has to be greater than this: `u32::MAX - 1024`.
const WRAP_ABOVE: u32 = 4_294_966_271;
/// The first number after the wrap has to be smaller than this.
const WRAPPED_BELOW: u32 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sending_wraps_only_above_the_limit_and_to_a_small_number() {
        let mut sequence = SendSequence { last: WRAP_ABOVE - 1 };
        assert_eq!(sequence.next(), WRAP_ABOVE);
        assert_eq!(sequence.next(), WRAP_ABOVE + 1);
        assert_eq!(sequence.next(), 1);
        assert_eq!(sequence.next(), 2);
    }

    #[test]
    fn only_the_next_number_is_accepted() {
        let mut sequence = ReceiveSequence::default();
        sequence.accept(51).unwrap();
        sequence.accept(52).unwrap();
        for wrong in [52, 51, 54, 0, 1, 1023, u32::MAX] {
            assert_eq!(sequence.accept(wrong), Err(Error::SequenceNumber { found: wrong, last: 52 }));
        }
        sequence.accept(53).unwrap();
    }

    #[test]
    fn a_wrap_is_accepted_near_the_end_only_and_only_to_small_numbers() {
        let at = |last| ReceiveSequence { last: Some(last) };
        at(WRAP_ABOVE + 1).accept(1023).unwrap();
        at(u32::MAX).accept(0).unwrap();
        at(WRAP_ABOVE - 1).accept(0).unwrap_err();
        at(WRAP_ABOVE + 1).accept(1024).unwrap_err();
        at(u32::MAX).accept(1024).unwrap_err();
    }
}

//! Sequence numbers of notification messages: what is next, and what is missing (Part 4 §5.14.1.1).

/// Notification messages that the server numbered but that did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The first number that is missing.
    pub first: u32,
    /// The last number that is missing; smaller than `first` when the count wrapped.
    pub last: u32,
}

impl Missing {
    /// How many messages are missing.
    #[must_use]
    pub fn count(&self) -> u32 {
        distance(self.first, self.last).saturating_add(1)
    }

    /// The missing numbers in order. A hostile server can make this long: bound it.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        let count = usize::try_from(self.count()).unwrap_or(usize::MAX);
        std::iter::successors(Some(self.first), |number| Some(after(*number))).take(count)
    }
}

/// What a message's number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// It is the next one.
    Due,
    /// Some before it did not come.
    Missing(Missing),
    /// It is one that was there before.
    Repeated,
}

/// The number that is due in one subscription.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sequence {
    due: Option<u32>,
}

impl Sequence {
    /// Continues after a number that is safely stored, or begins with whatever comes first.
    pub(crate) fn after(last: Option<u32>) -> Self {
        Self { due: last.map(after) }
    }

    /// Takes note of a message. A keep-alive carries the number of the next message and uses none up.
    pub(crate) fn observe(&mut self, number: u32, keep_alive: bool) -> Order {
        let next = if keep_alive { number } else { after(number) };
        let Some(due) = self.due else {
            self.due = Some(next);
            return Order::Due;
        };
        if number == due {
            self.due = Some(next);
            return Order::Due;
        }
        if distance(due, number) > HALF {
            // Some servers put the last number, not the next one, into keep-alives: that is no repetition.
            return if keep_alive { Order::Due } else { Order::Repeated };
        }
        self.due = Some(next);
        Order::Missing(Missing { first: due, last: before(number) })
    }
}

const HALF: u32 = u32::MAX / 2;

/// Numbers run from 1 to the maximum and then start at 1 again; 0 is not used.
fn after(number: u32) -> u32 {
    number.checked_add(1).unwrap_or(1)
}

fn before(number: u32) -> u32 {
    if number <= 1 { u32::MAX } else { number - 1 }
}

/// How many steps lead from one number to another.
fn distance(from: u32, to: u32) -> u32 {
    if to >= from { to - from } else { u32::MAX - from + to }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_order_leave_nothing_missing() {
        let mut sequence = Sequence::after(None);
        for number in [7, 8, 9] {
            assert_eq!(sequence.observe(number, false), Order::Due);
        }
        assert_eq!(sequence.observe(10, true), Order::Due);
        assert_eq!(sequence.observe(10, false), Order::Due);
    }

    #[test]
    fn a_hole_is_named_exactly() {
        let mut sequence = Sequence::after(Some(4));
        let Order::Missing(missing) = sequence.observe(8, false) else { panic!("a hole") };
        assert_eq!((missing.first, missing.last, missing.count()), (5, 7, 3));
        assert_eq!(missing.numbers().collect::<Vec<_>>(), [5, 6, 7]);
        assert_eq!(sequence.observe(9, false), Order::Due);
    }

    #[test]
    fn a_keep_alive_reveals_messages_that_never_came() {
        let mut sequence = Sequence::after(Some(4));
        assert_eq!(sequence.observe(6, true), Order::Missing(Missing { first: 5, last: 5 }));
        assert_eq!(sequence.observe(6, false), Order::Due);
    }

    #[test]
    fn the_count_wraps_to_one_and_not_to_zero() {
        let mut sequence = Sequence::after(Some(u32::MAX - 1));
        assert_eq!(sequence.observe(u32::MAX, false), Order::Due);
        assert_eq!(sequence.observe(1, false), Order::Due);
        let mut sequence = Sequence::after(Some(u32::MAX - 1));
        let Order::Missing(missing) = sequence.observe(3, false) else { panic!("a hole") };
        assert_eq!(missing.numbers().collect::<Vec<_>>(), [u32::MAX, 1, 2]);
    }

    #[test]
    fn an_old_number_is_a_repetition_and_changes_nothing() {
        let mut sequence = Sequence::after(Some(4));
        assert_eq!(sequence.observe(4, false), Order::Repeated);
        assert_eq!(sequence.observe(4, true), Order::Due);
        assert_eq!(sequence.observe(5, false), Order::Due);
    }
}

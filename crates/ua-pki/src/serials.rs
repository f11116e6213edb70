//! The serial numbers of a revocation list: only where they stand in it, eight bytes for each, in their order.

/// A sorted index into the encoded list; looked up by halving.
#[derive(Default)]
pub(crate) struct Serials(Box<[Span]>);

/// Where a number without its leading zeros stands. A list has less than 4 GiB.
#[derive(Clone, Copy)]
struct Span {
    start: u32,
    length: u32,
}

impl Serials {
    /// Indexes serial numbers that are parts of `list`, without leading zeros. `None` when one is not.
    pub(crate) fn index<'a>(list: &[u8], serials: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let spans = serials.map(|serial| Span::of(list, serial)).collect::<Option<Vec<_>>>();
        let mut spans = spans?;
        spans.sort_unstable_by(|a, b| a.read(list).cmp(b.read(list)));
        spans.dedup_by(|a, b| a.read(list) == b.read(list));
        Some(Self(spans.into_boxed_slice()))
    }

    /// How many different ones there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the list, which must be the one that was indexed, has this serial number, given without leading zeros.
    pub(crate) fn contains(&self, list: &[u8], serial: &[u8]) -> bool {
        self.0.binary_search_by(|span| span.read(list).cmp(serial)).is_ok()
    }
}

impl Span {
    fn of(list: &[u8], serial: &[u8]) -> Option<Self> {
        let start = serial.as_ptr().addr().checked_sub(list.as_ptr().addr())?;
        let span = Self { start: start.try_into().ok()?, length: serial.len().try_into().ok()? };
        (span.read(list) == serial).then_some(span)
    }

    fn read(self, list: &[u8]) -> &[u8] {
        let (start, length) = (usize::try_from(self.start), usize::try_from(self.length));
        let (Ok(start), Ok(length)) = (start, length) else { return &[] };
        list.get(start..start.saturating_add(length)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_found_and_no_other() {
        let list = [9, 1, 2, 3, 1, 200, 9];
        let serials = [&list[1..3], &list[3..4], &list[4..6], &list[0..1], &list[6..7], &list[2..2]];
        let index = Serials::index(&list, serials.into_iter()).unwrap();
        assert_eq!(index.len(), 5);
        for serial in serials {
            assert!(index.contains(&list, serial));
        }
        for stranger in [&[2][..], &[1], &[1, 2, 3], &[255; 20]] {
            assert!(!index.contains(&list, stranger));
        }
    }

    #[test]
    fn a_number_that_is_not_in_the_list_is_not_indexed() {
        assert!(Serials::index(&[1, 2, 3], [&[1][..]].into_iter()).is_none());
    }
}

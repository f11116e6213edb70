//! How far the bytes of a backup are, for whoever waits.

use super::size;
use crate::output::progress::Meter;

pub(super) struct Bytes {
    meter: Meter,
    doing: &'static str,
    done: u64,
    /// `None` where nobody knows before the end.
    whole: Option<u64>,
}

impl Bytes {
    pub(super) fn new(doing: &'static str, whole: Option<u64>) -> Self {
        Self { meter: Meter::new(), doing, done: 0, whole }
    }

    /// So many more are done.
    pub(super) fn add(&mut self, bytes: u64) {
        self.done = self.done.saturating_add(bytes);
        let of = self.whole.map(|whole| format!(" of {}", size(whole))).unwrap_or_default();
        let share = self.whole.map(|whole| (self.done, whole));
        self.meter.show(&format!("{} {}{of}", self.doing, size(self.done)), share);
    }
}

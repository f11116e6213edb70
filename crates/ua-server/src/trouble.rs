//! Trouble to practise with: what a server does that it should not, switched on and off while it runs.
//!
//! Nothing here weakens security: an exercise is for the reader's patience, never for its secrets.

use std::sync::atomic::{AtomicU8, Ordering};

/// How a server misbehaves when its history is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum HistoryTrouble {
    /// Not at all.
    #[default]
    None,
    /// Every node is refused with `Bad_ResourceUnavailable`, as while a historian behind the server is down.
    Refused,
    /// The same page again and again, each with a promise of more.
    Repeating,
    /// Pages without values, each with a promise of more.
    Empty,
    /// Pages cut at their size without a word that there is more, as some servers do.
    Forgetful,
}

/// The switches of a server. All are off.
#[derive(Debug, Default)]
pub struct Trouble {
    history: AtomicU8,
}

impl Trouble {
    /// Misbehaves from now on, or stops doing so.
    pub fn set_history(&self, trouble: HistoryTrouble) {
        #[expect(clippy::as_conversions, reason = "the number of the variant")]
        self.history.store(trouble as u8, Ordering::Relaxed);
    }

    /// How it misbehaves now.
    #[must_use]
    pub fn history(&self) -> HistoryTrouble {
        match self.history.load(Ordering::Relaxed) {
            1 => HistoryTrouble::Refused,
            2 => HistoryTrouble::Repeating,
            3 => HistoryTrouble::Empty,
            4 => HistoryTrouble::Forgetful,
            _ => HistoryTrouble::None,
        }
    }
}

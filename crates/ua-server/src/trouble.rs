//! Trouble to practise with: what a server does that it should not, switched on and off while it runs.
//!
//! Nothing here weakens security: an exercise is for the reader's patience, never for its secrets.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use opcua_types::NodeId;

use crate::clock::Clock;
use crate::values::{TICKS_PER_MS, Ticks};

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
    hidden: RwLock<HashSet<NodeId>>,
    hides: AtomicBool,
    changes: Mutex<Vec<Ticks>>,
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

    /// As if a node, and what only it leads to, were not there: it shows up in no browse and can neither be read nor
    /// watched. What watches it already goes on.
    pub fn hide(&self, node: NodeId) {
        self.hides.store(true, Ordering::Relaxed);
        self.hidden.write().unwrap_or_else(PoisonError::into_inner).insert(node);
    }

    /// A node that was hidden is there.
    pub fn show(&self, node: &NodeId) {
        self.hidden.write().unwrap_or_else(PoisonError::into_inner).remove(node);
    }

    pub(crate) fn is_hidden(&self, node: &NodeId) -> bool {
        self.hides.load(Ordering::Relaxed)
            && self.hidden.read().unwrap_or_else(PoisonError::into_inner).contains(node)
    }

    /// Tells the clients that watch for it that the nodes changed (GeneralModelChangeEventType, Part 5 §6.4.32).
    pub fn tell_model_change(&self) {
        // a little ahead, so that no sampler has passed it
        let at = Clock::start().now().saturating_add(AHEAD);
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.truncate(MOST_CHANGES);
        changes.insert(0, at);
    }

    /// The changes told after one instant and not after another.
    pub(crate) fn model_changes(&self, after: Ticks, until: Ticks) -> Vec<Ticks> {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.iter().copied().filter(|at| *at > after && *at <= until).collect()
    }
}

const AHEAD: Ticks = 50 * TICKS_PER_MS;
/// Newer ones push them out.
const MOST_CHANGES: usize = 100;

//! From an answer's bytes to the caller's visitor, with a look at what goes by.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher};

use ua_channel::{DataValueRef, HistoryVisitor, Modification, ValueRef};

use super::progress::Brought;

/// Where a page begins with what is known already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Again {
    pub(super) time: i64,
    pub(super) count: u64,
}

/// What came for one node of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Came {
    pub(super) status: u32,
    pub(super) continuation: Option<Vec<u8>>,
    pub(super) brought: Brought,
    /// Type of data that nobody can read.
    pub(super) unsupported: Option<u32>,
    /// The answer was readable to the node's end.
    pub(super) complete: bool,
}

/// Hands everything on under the caller's numbers of the nodes and keeps account.
pub(super) struct Relay<'a, V> {
    visitor: &'a mut V,
    /// The caller's number of each node of the request.
    nodes: &'a [usize],
    pub(super) came: Vec<Came>,
    hasher: DefaultHasher,
    /// Values at this time that were handed over already, at the beginning of a page.
    again: Option<Again>,
    /// How many more values each node may have.
    room: Vec<u64>,
    /// More results than questions: ignored here, and an error once all is read.
    surplus: bool,
}

impl<'a, V> Relay<'a, V> {
    pub(super) fn new(visitor: &'a mut V, nodes: &'a [usize], again: Option<Again>, room: Vec<u64>) -> Self {
        Self {
            visitor,
            nodes,
            came: Vec::with_capacity(nodes.len()),
            hasher: DefaultHasher::new(),
            again,
            room,
            surplus: false,
        }
    }

    /// Whether the value or event that comes now is one to hand over; takes account of it.
    fn admits(&mut self, time: i64) -> bool {
        let Some(came) = self.came.len().checked_sub(1) else { return false };
        let room = self.room.get(came).copied().unwrap_or(u64::MAX);
        let Some(Came { brought, .. }) = self.came.get_mut(came) else { return false };
        if let Some(again) = self.again.as_mut().filter(|again| again.time == time && again.count > 0) {
            again.count -= 1;
            brought.held_back = brought.held_back.saturating_add(1);
            return false;
        }
        if brought.values >= room {
            brought.held_back = brought.held_back.saturating_add(1);
            return false;
        }
        brought.values = brought.values.saturating_add(1);
        true
    }

    fn number(&self, node: usize) -> Option<usize> {
        self.nodes.get(node).copied()
    }
}

impl<V: HistoryVisitor> HistoryVisitor for Relay<'_, V> {
    fn begin_node(&mut self, node: usize, status: u32, continuation_point: Option<&[u8]>) {
        let Some(number) = self.number(node) else {
            self.surplus = true;
            return;
        };
        let continuation = continuation_point.map(<[u8]>::to_vec);
        self.came.push(Came { status, continuation, ..Came::default() });
        self.hasher = DefaultHasher::new();
        self.visitor.begin_node(number, status, continuation_point);
    }

    fn value(&mut self, value: &DataValueRef<'_>) {
        let time = value.source_timestamp;
        if self.surplus || !self.admits(time) {
            return;
        }
        if let Some(Came { brought, .. }) = self.came.last_mut() {
            brought.earliest = if brought.values == 1 { time } else { brought.earliest.min(time) };
            brought.latest = brought.latest.max(time);
            brought.at_last =
                if brought.values > 1 && brought.last == time { brought.at_last + 1 } else { 1 };
            brought.last = time;
            self.hasher.write_i64(time);
        }
        self.visitor.value(value);
    }

    fn modification(&mut self, place: usize, modification: &Modification<'_>) {
        if !self.surplus {
            self.visitor.modification(place, modification);
        }
    }

    fn event(&mut self, fields: &[ValueRef<'_>]) {
        if self.surplus || !self.admits(0) {
            return;
        }
        if self.came.last().is_some() {
            // events are rare, and an EventId among their fields makes each unlike the others; writing there cannot fail
            write!(Text(&mut self.hasher), "{fields:?}").unwrap_or_default();
        }
        self.visitor.event(fields);
    }

    fn unsupported(&mut self, type_id: u32) {
        if let Some(came) = self.came.last_mut().filter(|_| !self.surplus) {
            came.unsupported = Some(type_id);
            self.visitor.unsupported(type_id);
        }
    }

    fn end_node(&mut self, node: usize) {
        let Some(number) = self.number(node) else { return };
        if let Some(came) = self.came.last_mut() {
            came.brought.hash = self.hasher.finish();
            came.complete = true;
        }
        self.visitor.end_node(number);
    }
}

/// Text that is hashed instead of kept.
struct Text<'a>(&'a mut DefaultHasher);

impl std::fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

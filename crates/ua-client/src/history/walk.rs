//! From an answer's bytes to the caller's visitor, with a look at what goes by.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher};

use ua_channel::{DataValueRef, HistoryVisitor, Modification, ValueRef};

use super::progress::Brought;

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
    /// More results than questions: ignored here, and an error once all is read.
    surplus: bool,
}

impl<'a, V> Relay<'a, V> {
    pub(super) fn new(visitor: &'a mut V, nodes: &'a [usize]) -> Self {
        Self {
            visitor,
            nodes,
            came: Vec::with_capacity(nodes.len()),
            hasher: DefaultHasher::new(),
            surplus: false,
        }
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
        if self.surplus {
            return;
        }
        if let Some(Came { brought, .. }) = self.came.last_mut() {
            let time = value.source_timestamp;
            brought.earliest = if brought.values == 0 { time } else { brought.earliest.min(time) };
            brought.latest = brought.latest.max(time);
            brought.values = brought.values.saturating_add(1);
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
        if self.surplus {
            return;
        }
        if let Some(Came { brought, .. }) = self.came.last_mut() {
            brought.values = brought.values.saturating_add(1);
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

//! The hot paths: answers to Publish, Republish, HistoryRead, Read, Browse and BrowseNext, walked in place.

use ua_channel::{
    BrowseVisitor, BrowsedRef, DataValueRef, HistoryVisitor, Modification, NotificationVisitor, Reader,
    ReferenceRef, ValueRef, walk_browse_next_response, walk_browse_response, walk_history_read_response,
    walk_publish_response, walk_read_response, walk_republish_response,
};

pub(crate) fn run(bytes: &[u8]) {
    let mut told = Told::default();
    let walks = [
        walk_publish_response(bytes, &mut told).map(drop),
        walk_republish_response(bytes, &mut told).map(drop),
        walk_read_response(bytes, |_, value| told.value(value)).map(drop),
        walk_browse_response(bytes, &mut Counted::default()).map(drop),
        walk_browse_next_response(bytes, &mut Counted::default()).map(drop),
    ];
    let mut counted = Counted::default();
    if let Ok(summary) = walk_browse_response(bytes, &mut counted) {
        assert_eq!((counted.begun, counted.came), (summary.results, counted.announced));
    }
    let before = told.begun;
    let history = walk_history_read_response(bytes, &mut told);
    assert!(told.ended <= told.begun, "a node ended that did not begin");
    if let Ok(summary) = history {
        assert_eq!((told.begun - before, told.ended), (summary.nodes, summary.nodes));
    }
    let read = walks.iter().filter(|walk| walk.is_ok()).count();
    assert!(read <= 1, "the type in front says which one it is: {walks:?}");
    // what a value claims to be made of is part of what came
    if let Ok(ValueRef::Array { bytes: whole, .. }) = Reader::new(bytes).variant() {
        assert!(bytes.starts_with(whole) && Reader::new(whole).variant().is_ok());
    }
}

#[derive(Default)]
struct Told {
    begun: usize,
    ended: usize,
    longest: usize,
}

impl Told {
    fn see(&mut self, value: &ValueRef<'_>) {
        let len = match value {
            ValueRef::String(text) | ValueRef::QualifiedName { name: text, .. } => text.len(),
            ValueRef::LocalizedText { locale, text } => locale.len() + text.len(),
            ValueRef::ByteString(bytes) | ValueRef::Encoded { bytes, .. } | ValueRef::Array { bytes, .. } => {
                bytes.len()
            }
            _ => 0,
        };
        self.longest = self.longest.max(len);
    }
}

impl NotificationVisitor for Told {
    fn data_change(&mut self, _: u32, value: &DataValueRef<'_>) {
        self.see(&value.value);
    }
    fn status_change(&mut self, _: u32) {}
    fn event(&mut self, _: u32, fields: &[ValueRef<'_>]) {
        fields.iter().for_each(|field| self.see(field));
    }
    fn unsupported(&mut self, _: u32) {}
}

#[derive(Default)]
struct Counted {
    begun: usize,
    announced: usize,
    came: usize,
}

impl BrowseVisitor for Counted {
    fn begin_node(&mut self, _: usize, browsed: &BrowsedRef<'_>) {
        self.begun += 1;
        self.announced += browsed.references;
    }
    fn reference(&mut self, _: &ReferenceRef<'_>) {
        self.came += 1;
    }
}

impl HistoryVisitor for Told {
    fn begin_node(&mut self, _: usize, _: u32, continuation_point: Option<&[u8]>) {
        assert!(continuation_point.is_none_or(|point| (1..=8192).contains(&point.len())));
        self.begun += 1;
    }
    fn value(&mut self, value: &DataValueRef<'_>) {
        self.see(&value.value);
    }
    fn modification(&mut self, _: usize, modification: &Modification<'_>) {
        self.longest = self.longest.max(modification.user_name.len());
    }
    fn event(&mut self, fields: &[ValueRef<'_>]) {
        fields.iter().for_each(|field| self.see(field));
    }
    fn unsupported(&mut self, _: u32) {}
    fn end_node(&mut self, _: usize) {
        self.ended += 1;
    }
}

//! What happens while collecting, for a log, a screen or a test to follow.
//!
//! What people must hear is an event, once; `tracing` carries the details beside it, so that a log that follows the
//! events says nothing twice.

use jiff::Timestamp;
use tokio::sync::broadcast;

use crate::address_space::Stage;
use crate::clock;
use crate::next_step::NextStep;
use crate::status::SourceState;

/// Something happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub time: Timestamp,
    /// At which source; `None` is about the connector itself.
    pub source: Option<String>,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// A source changed its state.
    State {
        /// The new state.
        state: SourceState,
        /// What happened, a lowercase fragment.
        detail: Option<String>,
        /// What to do about it.
        next_step: Option<NextStep>,
    },
    /// An interval is missing; it is on the ledger.
    Gap {
        /// Number of the stream in the journal; `None` is every stream of the source.
        stream: Option<String>,
        /// Begin, exclusive.
        from: Timestamp,
        /// End, exclusive.
        to: Timestamp,
        /// Why, one of the ledger's words.
        reason: &'static str,
        /// What is known about it.
        detail: String,
    },
    /// More intervals are missing, of as many streams; the ledger has them all.
    MoreGaps {
        /// How many.
        count: usize,
    },
    /// A gap was compared with the server's history, whatever came of it.
    GapRead {
        /// Begin of what was read.
        from: Timestamp,
        /// Its end.
        to: Timestamp,
        /// How the gap stands now, one of the ledger's words.
        state: &'static str,
        /// Why it is not filled.
        cause: Option<String>,
        /// Values that were missing here.
        added: u64,
    },
    /// A job that fetches the past came to its end.
    JobEnded {
        /// Its number.
        job: i64,
        /// How it ended, in a word.
        state: &'static str,
        /// Why it failed.
        cause: Option<String>,
        /// Values that were missing here.
        added: u64,
    },
    /// A browse that takes long, and how far it is.
    Browsing {
        /// How far.
        stage: Stage,
    },
    /// The server's nodes are others than before.
    NodesChanged {
        /// Nodes that came.
        added: usize,
        /// Nodes that went; what was collected of them stays.
        gone: usize,
        /// Nodes that are another way: name, data type, unit …
        changed: usize,
        /// Why it was looked for.
        why: &'static str,
        /// Nothing is done about it before somebody accepts it.
        waiting: bool,
    },
    /// What is collected comes with the changed settings now; until then it came with those of before.
    Resubscribed,
    /// The server refused one node; the others go on.
    NodeRefused {
        /// Name of the stream.
        stream: String,
        /// Name of the status, as in `BadUserAccessDenied`.
        status: String,
    },
    /// The server's certificate is another one than was pinned, and the store trusts it.
    ServerCertificateChanged {
        /// Thumbprint that was pinned.
        pinned: String,
        /// Thumbprint shown now.
        now: String,
    },
    /// A sink took samples.
    Delivered {
        /// Its name; `historian` is the embedded one.
        sink: String,
        /// Samples.
        rows: u64,
    },
    /// A sink cannot deliver; it is tried again, and the journal keeps what waits.
    SinkFailed {
        /// Its name.
        sink: String,
        /// What happened, a lowercase fragment.
        detail: String,
        /// What to do about it.
        next_step: Option<NextStep>,
    },
    /// A sink that could not deliver does again.
    SinkRecovered {
        /// Its name.
        sink: String,
    },
    /// A sink's other side refused values for good; they are kept aside with the reason.
    Quarantined {
        /// Its name.
        sink: String,
        /// How many values.
        values: u64,
        /// Where they are.
        folder: String,
    },
    /// A file of the historian cannot be read; the time it covered is on the ledger.
    HistorianFileLost {
        /// What happened to which file.
        detail: String,
    },
    /// Samples were deleted because they were kept long enough.
    Retired {
        /// Rows.
        rows: u64,
    },
    /// Values went before every sink had taken them, because the journal is full or they waited too long.
    Dropped {
        /// How many.
        values: u64,
        /// Those of them that the historian did not have either; they are on the gap ledger.
        lost: u64,
        /// The sinks beside the historian that miss some.
        sinks: Vec<String>,
    },
    /// The disk refused; it is tried again, and nothing is acknowledged until it works.
    StorageFailed {
        /// What failed.
        detail: String,
    },
    /// The disk works again.
    StorageRecovered,
}

/// Where events are sent; losing one for want of a listener is fine.
#[derive(Clone, Debug)]
pub(crate) struct Events(pub(crate) broadcast::Sender<Event>);

impl Events {
    pub(crate) fn send(&self, source: Option<&str>, kind: EventKind) {
        let event = Event { time: clock::now(), source: source.map(str::to_owned), kind };
        if self.0.send(event).is_err() {
            tracing::trace!("nobody follows the events");
        }
    }
}

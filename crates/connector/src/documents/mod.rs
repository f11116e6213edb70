//! The documents that scripts get from the command line with `--json`, and the same from the HTTP API.
//!
//! A document is one object whose first member names its schema ([`document`]). What it says in words, such as the
//! command that mends something, depends on who asks: [`Spell`] knows that. How a document is shown to people is the
//! business of whoever shows it.
//!
//! **Must never**: hold a secret. Of a login there is the name, of a key nothing.
#![expect(missing_docs, reason = "what members mean stands in docs/command-line.md, for those who read them")]

mod browse;
mod buckets;
mod certificate;
mod check;
mod crl;
mod curve;
mod discovery;
mod ending;
pub mod escape;
mod events;
mod gaps;
mod jobs;
pub mod json;
mod own;
mod plan;
mod query;
mod remedy;
mod selection;
mod sinks;
mod source;
mod status;
mod streams;
mod trust;
mod verdict;

use std::fmt;

pub use browse::{NodeView, RefusedNode, Tree};
pub use buckets::{Aggregate, BucketView, Chosen, Column, Counts, Mean, Place};
pub use certificate::{CertificateView, hex, key};
pub use check::{Checked, CheckedSink};
pub use crl::{CrlView, EntryView};
pub use curve::PointView;
pub use discovery::{Discovery, EndpointView, ServerView, ShownCertificate, choose_login, known_servers};
pub use ending::Ending;
pub use escape::safe;
pub use events::{Events, EventsAsked};
pub use gaps::{GapView, Gaps, GapsAsked, SinkGapView};
pub use jobs::{JobView, Jobs, OneJob};
pub use json::document;
pub use own::{BrokenView, OwnCertificates, PairView};
pub use plan::{ChangeView, PlanView, SettingView};
pub use query::{Found, QueryAnswer, QueryBody, RowsView, ValueView};
pub use remedy::{Judged, Means, who};
pub use selection::{ImportView, OfferView, PickedView, RuleView, Selected};
pub use sinks::{MissedView, SinkView};
pub use source::{SourceView, Sources};
pub use status::{SourceStateView, Status, StorageView, TroubleView};
pub use streams::{Last, Range, State, StreamView, Streams};
pub use trust::{ListedCertificate, TrustChange, TrustList, TrustShown};
pub use verdict::{FindingView, ProblemView, VerdictView};

/// Knows how commands are typed by who asks: with the options that say where configuration and store are.
pub trait Spell: fmt::Debug {
    /// The line to copy for a command, given as its words after `lockgate`.
    fn spell(&self, words: &[String]) -> String;
}

fn line(spell: &dyn Spell, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    spell.spell(&words)
}

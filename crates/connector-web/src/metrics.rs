//! `/metrics`: numbers for Prometheus. A label for each source, never for each stream.
//!
//! Times are gauges of the moment in seconds since 1970, so that an alert asks `time() - …` and an age is right
//! however seldom it is scraped.

use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use connector::SinkState;
use connector::overview::{Overview, SourceOverview, Summary};
use connector::status::{SourceState, SourceStatus};
use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::look::Looker;
use crate::problem::Problem;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Seconds = Gauge<f64, AtomicU64>;

pub(crate) async fn metrics(State(looker): State<Looker>) -> Response {
    let unavailable = |detail| {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Problem::new(status, "data.unusable", detail).into_response()
    };
    let Ok(overview) = looker.look().await else {
        return unavailable("the data folder cannot be read; /readyz?verbose says why");
    };
    let suppressions: Vec<_> = looker
        .config()
        .sources
        .iter()
        .map(|source| (source.name.to_string(), source.danger_suppress.len()))
        .collect();
    match text(&overview, &suppressions) {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(_) => unavailable("the numbers cannot be written down"),
    }
}

fn text(overview: &Overview, suppressions: &[(String, usize)]) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("lockgate");
    let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The version that runs", build);
    register_states(&mut registry, &overview.sources);
    register_sources(&mut registry, &overview.sources);
    register_certificates(&mut registry, &overview.sources, suppressions);
    register_sinks(&mut registry, overview);
    if let Some(storage) = &overview.storage {
        register_storage(&mut registry, overview, storage);
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// One line for each state that the source has or had, 1 for the one it is in.
fn register_states(registry: &mut Registry, sources: &[SourceOverview]) {
    let states = Family::<Labels, Gauge>::default();
    for source in sources {
        for state in SourceState::ALL {
            let labels = vec![("source", source.name.clone()), ("state", state.words().to_owned())];
            states.get_or_create(&labels).set(i64::from(source.state == Some(*state)));
        }
    }
    registry.register("source_state", "1 for the state the source is in", states);
}

fn register_sources(registry: &mut Registry, sources: &[SourceOverview]) {
    let all: Vec<(&str, &SourceStatus)> = known(sources).collect();
    let gauge = |registry: &mut Registry, name: &str, help: &str, of: &dyn Fn(&SourceStatus) -> u64| {
        let family = Family::<Labels, Gauge>::default();
        for (source, last) in &all {
            family.get_or_create(&labels(source)).set(signed(of(last)));
        }
        registry.register(name, help, family);
    };
    gauge(registry, "source_streams", "Streams that the server delivers", &|last| last.streams);
    gauge(registry, "source_streams_polled", "Streams that are read in turn, not subscribed to", &|last| {
        last.streams_polled
    });
    gauge(registry, "source_streams_refused", "Nodes that the server refused", &|last| last.streams_refused);
    gauge(registry, "gaps_open", "Gaps on the ledger that nothing has closed", &|last| last.gaps_open);
    let counter = |registry: &mut Registry, name: &str, help: &str, of: &dyn Fn(&SourceStatus) -> u64| {
        let family = Family::<Labels, Counter>::default();
        for (source, last) in &all {
            family.get_or_create(&labels(source)).inc_by(of(last));
        }
        registry.register(name, help, family);
    };
    counter(registry, "samples_received", "Values made durable since the start", &|last| last.values_total);
    counter(registry, "publish_gaps", "Gaps found since the start", &|last| last.gaps_found);
    let help = "Values added from the server's history since the start";
    counter(registry, "backfilled_samples", help, &|last| last.backfilled_total);
    counter(registry, "reconnects", "Reconnects since the start", &|last| last.reconnects);
    let time =
        |registry: &mut Registry, name: &str, help: &str, of: &dyn Fn(&SourceStatus) -> Option<Timestamp>| {
            let family = Family::<Labels, Seconds>::default();
            for (source, last) in &all {
                if let Some(at) = of(last) {
                    family.get_or_create(&labels(source)).set(seconds(at));
                }
            }
            registry.register_with_unit(name, help, Unit::Seconds, family);
        };
    time(registry, "source_last_sample_timestamp", "Source time of the newest value", &|last| {
        last.last_sample_time
    });
    time(registry, "source_last_message_timestamp", "When the server last said anything", &|last| {
        last.last_message_time
    });
}

fn register_certificates(
    registry: &mut Registry,
    sources: &[SourceOverview],
    suppressions: &[(String, usize)],
) {
    let ends = Family::<Labels, Seconds>::default();
    for (source, last) in known(sources) {
        let both = [("server", last.server_certificate_not_after), ("own", last.own_certificate_not_after)];
        for (role, at) in both {
            if let Some(at) = at {
                let labels = vec![("role", role.to_owned()), ("source", source.to_owned())];
                ends.get_or_create(&labels).set(seconds(at));
            }
        }
    }
    let help = "When the certificate in use ends";
    registry.register_with_unit("certificate_expiry_timestamp", help, Unit::Seconds, ends);
    let suppressed = Family::<Labels, Gauge>::default();
    for (source, count) in suppressions {
        suppressed.get_or_create(&labels(source)).set(i64::try_from(*count).unwrap_or(i64::MAX));
    }
    registry.register("certificate_suppressions", "Certificate findings that are ignored", suppressed);
}

fn register_sinks(registry: &mut Registry, overview: &Overview) {
    let label = |sink: &str| vec![("sink", sink.to_owned())];
    let (failing, waiting) = (Family::<Labels, Gauge>::default(), Family::<Labels, Gauge>::default());
    let ages = Family::<Labels, Seconds>::default();
    let missed = Family::<Labels, Gauge>::default();
    let (sent, refused) = (Family::<Labels, Counter>::default(), Family::<Labels, Counter>::default());
    for sink in &overview.sinks {
        let labels = label(&sink.name);
        failing
            .get_or_create(&labels)
            .set(i64::from(matches!(sink.state, Some(SinkState::Failing | SinkState::Hanging))));
        waiting.get_or_create(&labels).set(signed(sink.waiting));
        let age = sink.oldest.map_or(0.0, |at| overview.at.duration_since(at).as_secs_f64().max(0.0));
        ages.get_or_create(&labels).set(age);
        missed.get_or_create(&labels).set(signed(sink.missed.iter().map(|loss| loss.values).sum()));
        if let Some(last) = &sink.last {
            sent.get_or_create(&labels).inc_by(last.delivered_total);
            refused.get_or_create(&labels).inc_by(last.quarantined_values);
        }
    }
    registry.register("sink_failing", "1 while the sink cannot deliver", failing);
    registry.register("sink_samples_waiting", "Values that the sink has yet to deliver", waiting);
    let help = "Age of the oldest value that the sink has yet to deliver";
    registry.register_with_unit("sink_oldest_sample_age", help, Unit::Seconds, ages);
    registry.register("sink_samples_missed", "Values that went before the sink had taken them", missed);
    registry.register("sink_samples_sent", "Values delivered since the start", sent);
    registry.register("sink_samples_quarantined", "Values refused and kept aside since the start", refused);
}

fn register_storage(registry: &mut Registry, overview: &Overview, storage: &Summary) {
    let gauge = |registry: &mut Registry, name: &str, help: &str, value: u64| {
        let gauge = Gauge::<i64>::default();
        gauge.set(signed(value));
        registry.register(name, help, gauge);
    };
    gauge(registry, "streams", "Streams in the catalogue", storage.streams);
    gauge(registry, "buffer_samples", "Values in the journal", storage.journal.rows);
    gauge(registry, "buffer_bytes", "Bytes of the values in the journal", storage.journal.bytes);
    gauge(registry, "historian_samples", "Values in sealed files", storage.sealed_rows);
    gauge(registry, "historian_bytes", "Bytes of sealed files", storage.sealed_bytes);
    gauge(registry, "historian_files", "Sealed files", storage.sealed_files);
    let gaps = Family::<Labels, Gauge>::default();
    let counts = overview.gaps;
    for (state, count) in [
        ("open", counts.open),
        ("filled", counts.filled),
        ("partly", counts.partly),
        ("unfillable", counts.unfillable),
    ] {
        gaps.get_or_create(&vec![("state", state.to_owned())]).set(signed(count));
    }
    registry.register("ledger_gaps", "Entries on the gap ledger, by what history made of them", gaps);
    gauge(registry, "damaged_rows", "Rows of the journal that turned out damaged", storage.damaged);
    let age = Seconds::default();
    let oldest = storage.journal.oldest.and_then(|at| at.to_jiff());
    age.set(oldest.map_or(0.0, |at| overview.at.duration_since(at).as_secs_f64().max(0.0)));
    let help = "Age of the oldest value in the journal";
    registry.register_with_unit("buffer_oldest_sample_age", help, Unit::Seconds, age);
}

fn known(sources: &[SourceOverview]) -> impl Iterator<Item = (&str, &SourceStatus)> {
    sources.iter().filter_map(|source| Some((source.name.as_str(), source.last.as_ref()?)))
}

fn labels(source: &str) -> Labels {
    vec![("source", source.to_owned())]
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn seconds(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}

//! The streams as this sink sees them: where a value of each goes, and how that is defined.

use std::collections::HashMap;

use tagstore::{Journal, Sample, StreamId, StreamInfo, ValueState};

use super::body::Body;
use super::definitions::{Container, Definition, Key, container_of, type_id, type_of};
use super::event::{self, Times};
use super::names::container_ids;
use super::states;
use super::value::Form;
use crate::config::OmfConfig;
use crate::error::Error;

/// Every stream that was met, and how things are named.
pub(super) struct Catalogue {
    type_prefix: String,
    prefix: String,
    sources: Vec<String>,
    long_integers_as_text: bool,
    states_by_name: bool,
    streams: HashMap<StreamId, Stream>,
    text: String,
}

struct Stream {
    info: StreamInfo,
    /// The name of its container.
    id: String,
    form: Form,
    /// Of a stream in the form of states.
    states: Vec<ValueState>,
    /// Where its last value went, which is where one without a kind goes.
    last: Form,
    /// Whether its source is one of those that are sent.
    sent: bool,
    /// Of a stream of events: when the last one was.
    times: Times,
}

/// What became of a value that was to be put into a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It is in.
    In,
    /// It is not for this sink.
    NotOurs,
    /// There is no more room in the request.
    Full,
    /// It has no time that could be sent.
    Timeless,
}

impl Catalogue {
    pub(super) fn new(config: &OmfConfig) -> Self {
        Self {
            type_prefix: config.type_prefix.clone(),
            prefix: config.prefix.clone(),
            sources: config.sources.iter().map(|name| name.as_str().to_owned()).collect(),
            long_integers_as_text: config.long_integers_as_text,
            states_by_name: config.states_by_name,
            streams: HashMap::new(),
            text: String::new(),
        }
    }

    pub(super) fn knows(&self, stream: StreamId) -> bool {
        self.streams.contains_key(&stream)
    }

    /// Reads the catalogue of the journal anew.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub(super) fn learn(&mut self, journal: &Journal) -> Result<(), Error> {
        let streams = journal.streams()?;
        let mut ids = container_ids(&self.prefix, &streams);
        for info in streams {
            let Some(id) = ids.remove(&info.id) else { continue };
            let plain = Form::of(info.data_type.as_deref(), self.long_integers_as_text);
            let states = self.states_by_name.then(|| states::of(&info)).flatten();
            let form = if states.is_some() { Form::State } else { plain };
            let states = states.unwrap_or_default();
            let sent = self.sources.is_empty() || self.sources.contains(&info.source);
            self.streams.insert(
                info.id,
                Stream { info, id, form, states, last: form, sent, times: Times::default() },
            );
        }
        Ok(())
    }

    /// Puts a value into a request of at most `limit` bytes; into an empty one in any case.
    pub(super) fn put(&mut self, sample: &Sample<'_>, body: &mut Body, limit: usize) -> Put {
        let Some(stream) = self.streams.get_mut(&sample.stream).filter(|stream| stream.sent) else {
            return Put::NotOurs;
        };
        let Some(time) = [sample.time(), sample.receive_time].into_iter().find_map(|time| time.to_jiff())
        else {
            return Put::Timeless;
        };
        self.text.clear();
        let form = match sample.value {
            tagstore::Value::Event(record) => {
                event::write(time, stream.times.free(time), record, &mut self.text);
                Form::Event
            }
            _ => {
                self.text.push_str("{\"Time\":\"");
                self.text.push_str(&time.to_string());
                self.text.push_str("\",\"Value\":");
                let form = stream.write(sample, &mut self.text);
                self.text.push_str(",\"Status\":");
                self.text.push_str(&sample.status.to_string());
                self.text.push('}');
                form
            }
        };
        let key = (sample.stream, form);
        let id = stream.container(form);
        if !body.is_empty() && body.length_with(key, &id, &self.text) > limit {
            return Put::Full;
        }
        if form == Form::Event {
            stream.times.take(time);
        }
        stream.last = form;
        body.push(key, &id, &self.text);
        Put::In
    }

    pub(super) fn type_prefix(&self) -> &str {
        &self.type_prefix
    }

    /// The types that a container needs, in their order. Only the last of them must be had: without states, their numbers do.
    pub(super) fn types_of(&self, (stream, form): Key) -> Vec<Definition> {
        let of_states = |stream: &Stream| Vec::from(states::types(&stream.states, &self.type_prefix));
        match self.streams.get(&stream).filter(|_| form == Form::State) {
            None => vec![type_of(form, &self.type_prefix)],
            Some(stream) => {
                of_states(stream).into_iter().chain([type_of(Form::Int32, &self.type_prefix)]).collect()
            }
        }
    }

    pub(super) fn container_of(&self, (stream, form): Key) -> Option<Container> {
        let stream = self.streams.get(&stream)?;
        let type_id = match form {
            Form::State => states::type_id(&stream.states, &self.type_prefix),
            form => type_id(form, &self.type_prefix),
        };
        Some(container_of(&stream.container(form), &stream.info, &type_id, form, &self.type_prefix))
    }
}

impl Stream {
    /// Writes the value in the form of the stream, or in the one that takes it.
    fn write(&self, sample: &Sample<'_>, out: &mut String) -> Form {
        let own = if matches!(sample.value, tagstore::Value::Null) { self.last } else { self.form };
        if own == Form::State
            && let Some(state) = self.state(&sample.value)
        {
            out.push_str(&state.to_string());
            return own;
        }
        if own.write(&sample.value, out) {
            return own;
        }
        let other = Form::that_takes(&sample.value);
        if !other.write(&sample.value, out) {
            // what takes every value of its kind has taken it
            out.push_str("null");
        }
        other
    }

    /// The number of a state that the stream has.
    fn state(&self, value: &tagstore::Value<'_>) -> Option<i64> {
        let number = match *value {
            tagstore::Value::Bool(v) => Some(i64::from(v)),
            tagstore::Value::Int(v) => Some(v),
            tagstore::Value::UInt(v) => i64::try_from(v).ok(),
            _ => None,
        };
        number.filter(|number| self.states.iter().any(|state| state.value == *number))
    }

    fn container(&self, form: Form) -> String {
        if form == self.form { self.id.clone() } else { format!("{}~{}", self.id, form.name()) }
    }
}

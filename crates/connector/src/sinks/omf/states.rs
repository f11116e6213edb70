//! Streams whose numbers stand for states: an OMF enumeration, which is a digital state set in PI.
//!
//! The enumeration is named by what is in it, so streams with the same states share one, and other names make another one.

use serde_json::{Value, json};
use tagstore::{StreamInfo, ValueState};

use super::definitions::{Definition, dynamic_type, plain};

/// The states of a stream, if PI can have them: numbers from 0 on, each with a name of its own.
pub(super) fn of(stream: &StreamInfo) -> Option<Vec<ValueState>> {
    let states = &stream.states;
    let fits = |state: &ValueState| (0..=i64::from(i16::MAX)).contains(&state.value);
    if states.is_empty() || states.len() > MOST_STATES || !states.iter().all(fits) {
        return None;
    }
    let mut named: Vec<ValueState> = Vec::with_capacity(states.len());
    for state in states {
        if named.iter().any(|other| other.value == state.value) {
            return None;
        }
        let mut name = plain(&state.name);
        if name.is_empty() || named.iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
            name = format!("{name} ({})", state.value).trim().to_owned();
        }
        named.push(ValueState { value: state.value, name });
    }
    Some(named)
}

/// The enumeration, and the type of containers whose values are of it.
pub(super) fn types(states: &[ValueState], prefix: &str) -> [Definition; 2] {
    let name = format!("{prefix}States.{:016x}", fingerprint(states));
    let values: Vec<Value> =
        states.iter().map(|state| json!({ "name": state.name, "value": state.value })).collect();
    let json = json!({ "id": name, "enum": { "type": "integer", "format": "int16", "values": values } });
    let value = json!({ "type": ["integer", "null"], "format": "int16", "reftypeid": name });
    [Definition { name, json: json.to_string() }, dynamic_type(type_id(states, prefix), &value)]
}

/// The type of containers with these states.
pub(super) fn type_id(states: &[ValueState], prefix: &str) -> String {
    format!("{prefix}UA.States.{:016x}", fingerprint(states))
}

/// FNV-1a: the same in every process and version.
fn fingerprint(states: &[ValueState]) -> u64 {
    let text = states.iter().flat_map(|state| format!("{}={}\n", state.value, state.name).into_bytes());
    text.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// More are no states.
const MOST_STATES: usize = 1000;

#[cfg(test)]
mod tests {
    use tagstore::StreamId;

    use super::*;

    fn stream(states: &[(i64, &str)]) -> StreamInfo {
        StreamInfo {
            id: StreamId::new(1),
            key: String::new(),
            name: String::new(),
            source: String::new(),
            data_type: None,
            unit: None,
            description: None,
            range: None,
            states: states
                .iter()
                .map(|(value, name)| ValueState { value: *value, name: (*name).to_owned() })
                .collect(),
        }
    }

    #[test]
    fn states_that_pi_could_not_tell_apart_get_their_number_and_those_it_cannot_have_stay_numbers() {
        let names = |states: &[(i64, &str)]| {
            Some(of(&stream(states))?.into_iter().map(|state| state.name).collect::<Vec<_>>())
        };
        assert_eq!(
            names(&[(0, "Off"), (1, "ON?"), (5, "on_"), (7, "")]).unwrap(),
            ["Off", "ON_", "on_ (5)", "(7)"]
        );
        for impossible in [&[][..], &[(-1, "Fault")], &[(40_000, "Far")], &[(1, "a"), (1, "b")]] {
            assert_eq!(names(impossible), None, "{impossible:?}");
        }
    }

    #[test]
    fn the_name_of_an_enumeration_follows_from_what_is_in_it() {
        let states = of(&stream(&[(0, "Off"), (1, "On")])).unwrap();
        assert_eq!(type_id(&states, "p."), "p.UA.States.9d24f2689d14576a");
        assert_ne!(type_id(&states[..1], "p."), type_id(&states, "p."));
    }
}

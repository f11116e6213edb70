//! What must be there before a value: a type for each form, a container for each stream.
//!
//! Both are created by create-and-assert: the same definition again is fine, so a new process says all it needs once more.
//! What the server has under a name with another definition stays as it is (409), and is logged. What it forgets (404) is
//! said again.

use serde_json::{Map, Value, json};
use tagstore::{StreamId, StreamInfo};

use super::event;
use super::value::Form;

/// A container: a stream, in one form.
pub(super) type Key = (StreamId, Form);

/// A definition on its way to the server.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) json: String,
}

/// A container with everything that is known of it, and with no more than it needs: a unit that the server does not know is no
/// reason to keep the values back.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) full: Definition,
    pub(super) bare: Definition,
}

/// The type of a form. It never changes under its name.
pub(super) fn type_of(form: Form, prefix: &str) -> Definition {
    if form == Form::Event {
        return event::event_type(type_id(form, prefix));
    }
    let (kind, format) = form.keywords();
    let mut value = json!({ "type": [kind, "null"] });
    if let (Some(format), Some(members)) = (format, value.as_object_mut()) {
        members.insert("format".to_owned(), Value::from(format));
    }
    dynamic_type(type_id(form, prefix), &value)
}

/// A type for values with their time and status.
pub(super) fn dynamic_type(name: String, value: &Value) -> Definition {
    let json = json!({
        "id": name,
        "classification": "dynamic",
        "type": "object",
        // the codes of OPC UA are understood as they are
        "metadata": { "DataQualitySchema": "OPCUA" },
        "properties": {
            "Time": { "type": "string", "format": "date-time", "isindex": true },
            "Value": value,
            "Status": { "type": "integer", "format": "uint32", "isquality": true },
        },
    });
    Definition { name, json: json.to_string() }
}

/// The container of a stream: of this type with all that is known of it, and with no more than its plain form.
pub(super) fn container_of(
    id: &str,
    stream: &StreamInfo,
    type_id: &str,
    form: Form,
    type_prefix: &str,
) -> Container {
    let definition = |json: &Value| Definition { name: id.to_owned(), json: json.to_string() };
    let plain_form = if form == Form::State { Form::Int32 } else { form };
    let bare = definition(&json!({ "id": id, "typeid": self::type_id(plain_form, type_prefix) }));
    let mut full = json!({ "id": id, "typeid": type_id, "datasource": plain(&stream.source) });
    if let Some(members) = full.as_object_mut() {
        if let Some(text) = stream.description.as_deref().map(plain).filter(|text| !text.is_empty()) {
            members.insert("description".to_owned(), Value::from(text));
        }
        let overrides = overrides(stream, form);
        if !overrides.is_empty() {
            members.insert("propertyoverrides".to_owned(), json!({ "Value": overrides }));
        }
    }
    Container { full: definition(&full), bare }
}

/// What the values of this stream mean beyond those of its type: unit and range.
fn overrides(stream: &StreamInfo, form: Form) -> Map<String, Value> {
    let mut overrides = Map::new();
    if !form.is_measured() {
        return overrides;
    }
    if let Some(unit) = stream.unit.as_deref().map(plain).filter(|unit| !unit.is_empty()) {
        overrides.insert("uom".to_owned(), Value::from(unit));
    }
    let whole = !matches!(form, Form::Float | Form::Double);
    let end = |end: f64| {
        if whole { serde_json::from_str(&format!("{end:.0}")).ok() } else { Some(Value::from(end)) }
    };
    let range = stream
        .range
        .filter(|range| range.low < range.high && range.low.is_finite() && range.high.is_finite());
    if let Some(range) = range
        && let (Some(low), Some(high)) = (end(range.low), end(range.high))
        && (!whole || (range.low.fract() == 0.0 && range.high.fract() == 0.0))
    {
        overrides.insert("minimum".to_owned(), low);
        overrides.insert("maximum".to_owned(), high);
    }
    overrides
}

pub(super) fn type_id(form: Form, prefix: &str) -> String {
    format!("{prefix}UA.{}", form.name())
}

/// A text without the signs that PI reserves also in descriptions.
pub(super) fn plain(text: &str) -> String {
    let reserved = |c: char| c.is_control() || "*?;{}[]\\'\"`|".contains(c);
    text.chars()
        .take(LONGEST_TEXT)
        .map(|c| if reserved(c) { '_' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A PI point's descriptor takes more, an AF attribute's does not.
const LONGEST_TEXT: usize = 250;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_what_servers_were_told_before() {
        let all = [Form::Boolean, Form::Double, Form::UInt64, Form::String, Form::DateTime];
        let types: Vec<String> = all.iter().map(|form| type_of(*form, "lockgate.").json).collect();
        insta::assert_snapshot!(types.join("\n"));
    }
}

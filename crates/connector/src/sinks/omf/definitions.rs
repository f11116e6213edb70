//! What must be there before a value: a type for each form, a container for each stream.
//!
//! Both are created by create-and-assert: the same definition again is fine, so a new process says all it needs once more.
//! What the server has under a name with another definition stays as it is (409), and is logged. What it forgets (404) is
//! said again.

use serde_json::{Value, json};
use tagstore::{StreamId, StreamInfo};

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
    let (kind, format) = form.keywords();
    let mut value = json!({ "type": [kind, "null"] });
    if let (Some(format), Some(members)) = (format, value.as_object_mut()) {
        members.insert("format".to_owned(), Value::from(format));
    }
    let name = type_id(form, prefix);
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

/// The container of a stream.
pub(super) fn container_of(id: &str, stream: &StreamInfo, form: Form, type_prefix: &str) -> Container {
    let definition = |json: &Value| Definition { name: id.to_owned(), json: json.to_string() };
    let mut container = json!({ "id": id, "typeid": type_id(form, type_prefix) });
    let bare = definition(&container);
    if let Some(members) = container.as_object_mut() {
        members.insert("datasource".to_owned(), Value::from(plain(&stream.source)));
        if let Some(text) = stream.description.as_deref().map(plain).filter(|text| !text.is_empty()) {
            members.insert("description".to_owned(), Value::from(text));
        }
        if let Some(unit) = stream.unit.as_deref().map(plain).filter(|unit| !unit.is_empty()) {
            members.insert("propertyoverrides".to_owned(), json!({ "Value": { "uom": unit } }));
        }
    }
    Container { full: definition(&container), bare }
}

fn type_id(form: Form, prefix: &str) -> String {
    format!("{prefix}UA.{}", form.name())
}

/// A text without the signs that PI reserves also in descriptions.
fn plain(text: &str) -> String {
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

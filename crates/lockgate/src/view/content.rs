//! A value after its structures were opened: fields by their names, numbers of enumerations with theirs.

use serde_json::{Map, Value, json};
use ua_client::{Decoded, Unopened, Variant};

use super::variant;
use connector::documents::hex;

/// What is shown of a value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    /// For scripts.
    pub(crate) json: Value,
    /// In one line for people.
    pub(crate) text: String,
    /// `Double`, `Double[3]`, or the name of the structure.
    pub(crate) data_type: String,
}

impl Content {
    /// A value of which nothing needs to be opened.
    pub(crate) fn plain(value: &Variant) -> Self {
        Self {
            json: variant::to_json(value),
            text: variant::to_text(value),
            data_type: variant::type_name(value),
        }
    }

    /// A value and what became of it.
    pub(crate) fn of(value: &Variant, decoded: &Decoded) -> Self {
        let data_type = match decoded {
            Decoded::Structure(structure) => structure.type_name.clone(),
            Decoded::List { items, .. } => structures_of(value, items),
            _ => variant::type_name(value),
        };
        let text = match decoded {
            Decoded::Value(value) => variant::to_text(value),
            other => to_text(other),
        };
        Self { json: to_json(decoded), text, data_type }
    }
}

/// An array's type by its elements, when they are structures of one type.
fn structures_of(value: &Variant, items: &[Decoded]) -> String {
    let own = variant::type_name(value);
    let name = |item: &Decoded| match item {
        Decoded::Structure(structure) => Some(structure.type_name.clone()),
        _ => None,
    };
    let Some(first) = items.first().and_then(name) else { return own };
    let lengths = own.find('[').and_then(|at| own.get(at..)).unwrap_or_default();
    if items.iter().all(|item| name(item).as_ref() == Some(&first)) {
        format!("{first}{lengths}")
    } else {
        own
    }
}

fn to_json(decoded: &Decoded) -> Value {
    match decoded {
        Decoded::Value(value) => variant::to_json(value),
        Decoded::Enumeration { value, name } => json!({ "number": value, "name": name }),
        Decoded::Flags { bits, names } => json!({ "number": bits, "names": names }),
        Decoded::Structure(structure) => {
            let fields = structure.fields.iter().filter(|(_, value)| *value != Decoded::Absent);
            let fields = fields.map(|(name, value)| (name.clone(), to_json(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Decoded::List { items, dimensions } => {
            variant::nested(items.iter().map(to_json).collect(), &lengths(dimensions.as_deref()))
        }
        Decoded::Encoded { encoding, bytes, why } => json!({
            "encoding": encoding.to_string(),
            "size": bytes.len(),
            "problem": why.to_string(),
            "body": hex(bytes).to_ascii_lowercase(),
        }),
        _ => Value::Null,
    }
}

fn to_text(decoded: &Decoded) -> String {
    match decoded {
        Decoded::Enumeration { value, name: Some(name) } => format!("{name} ({value})"),
        Decoded::Enumeration { value, name: None } => format!("{value} (no name)"),
        Decoded::Flags { bits, names } if names.is_empty() => bits.to_string(),
        Decoded::Flags { bits, names } => format!("{} ({bits})", names.join(" + ")),
        Decoded::Structure(structure) => {
            let fields = structure.fields.iter().filter(|(_, value)| *value != Decoded::Absent);
            let fields: Vec<String> =
                fields.map(|(name, value)| format!("{name}: {}", to_text(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Decoded::List { items, dimensions } => rows(items, &lengths(dimensions.as_deref())),
        Decoded::Encoded { encoding, bytes, why } => unopened(&encoding.to_string(), bytes.len(), *why),
        // with quotes around text, so that fields stay apart
        other => to_json(other).to_string(),
    }
}

fn unopened(encoding: &str, size: usize, why: Unopened) -> String {
    format!("<structure {encoding}, {size} bytes, not opened: {why}>")
}

fn rows(items: &[Decoded], dimensions: &[usize]) -> String {
    let inner = dimensions.get(1..).unwrap_or_default();
    let product = dimensions.iter().try_fold(1_usize, |product, length| product.checked_mul(*length));
    let row: usize = inner.iter().product();
    let parts: Vec<String> = if inner.is_empty() || product != Some(items.len()) || row == 0 {
        items.iter().map(to_text).collect()
    } else {
        items.chunks(row).map(|row| rows(row, inner)).collect()
    };
    format!("[{}]", parts.join(", "))
}

fn lengths(dimensions: Option<&[u32]>) -> Vec<usize> {
    let lengths = dimensions.unwrap_or_default().iter();
    lengths.map(|length| usize::try_from(*length).unwrap_or(usize::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use ua_client::{NodeId, StructureValue};

    use super::*;

    fn report(number: i64) -> Decoded {
        Decoded::Structure(StructureValue {
            type_name: "Report".to_owned(),
            data_type: NodeId::new(2, "Report"),
            fields: vec![
                ("Number".to_owned(), Decoded::Value(Variant::Int64(number))),
                ("Mode".to_owned(), Decoded::Enumeration { value: 2, name: Some("Automatic".to_owned()) }),
                ("Remark".to_owned(), Decoded::Absent),
                ("Text".to_owned(), Decoded::Value(Variant::from("a, b: c"))),
            ],
        })
    }

    #[test]
    fn a_structure_shows_its_fields_and_leaves_out_those_that_are_not_there() {
        let shown = Content::of(&Variant::Empty, &report(7));
        assert_eq!(shown.text, r#"{Number: 7, Mode: Automatic (2), Text: "a, b: c"}"#);
        let expected =
            json!({ "Number": 7, "Mode": { "number": 2, "name": "Automatic" }, "Text": "a, b: c" });
        assert_eq!((shown.json, shown.data_type.as_str()), (expected, "Report"));
    }

    #[test]
    fn a_matrix_of_what_was_opened_is_rows_of_rows() {
        let number = |value| Decoded::Enumeration { value, name: None };
        let items =
            vec![number(1), number(2), Decoded::Flags { bits: 5, names: vec!["A".into(), "C".into()] }];
        assert_eq!(rows(&items, &[3, 1]), "[[1 (no name)], [2 (no name)], [A + C (5)]]");
        assert_eq!(rows(&items, &[0, 0]), "[1 (no name), 2 (no name), A + C (5)]");
    }

    #[test]
    fn what_was_not_opened_says_which_structure_how_large_and_why() {
        let encoding = NodeId::new(2, 5001_u32);
        let closed = Decoded::Encoded { encoding, bytes: vec![1, 255], why: Unopened::NotDescribed };
        let shown = Content::of(&Variant::Empty, &closed);
        assert_eq!(
            shown.text,
            "<structure ns=2;i=5001, 2 bytes, not opened: the server does not describe this structure>"
        );
        assert_eq!((shown.json["size"].as_u64(), shown.json["body"].as_str()), (Some(2), Some("01ff")));
    }
}

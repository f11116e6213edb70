//! The JSON Schema of the configuration, for editors. The reader decides; the tests here hold the two together.

/// JSON Schema (draft 2020-12) of `lockgate.toml`.
pub const SCHEMA: &str = include_str!("schema.json");

#[cfg(test)]
pub(super) use tests::note;

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use serde_json::Value;

    use super::SCHEMA;
    use crate::config::Config;

    thread_local! {
        /// The keys that the reader asked each section for.
        static ASKED: RefCell<BTreeMap<String, BTreeSet<String>>> = RefCell::default();
    }

    pub(in crate::config) fn note(title: &str, key: &str) {
        ASKED.with_borrow_mut(|asked| asked.entry(title.to_owned()).or_default().insert(key.to_owned()));
    }

    fn schema() -> Value {
        serde_json::from_str(SCHEMA).unwrap()
    }

    fn section(title: &str) -> Value {
        let schema = schema();
        let at = match title {
            "the file" => "",
            "[application]" => "/properties/application",
            "[storage]" => "/properties/storage",
            "[web]" => "/properties/web",
            "[[source]]" => "/properties/source/items",
            "[[source.rule]]" => "/properties/source/items/properties/rule/items",
            "[[source.events]]" => "/properties/source/items/properties/events/items",
            "[source.address_space]" => "/properties/source/items/properties/address_space",
            "[source.history]" => "/properties/source/items/properties/history",
            "[[sink]]" => "/properties/sink/items",
            other => panic!("{other} has no place in the schema"),
        };
        schema.pointer(at).unwrap().clone()
    }

    const HEAD: &str = "[application]\nuri = \"urn:a:b\"\n";
    const SOURCE: &str =
        "[[source]]\nname = \"a\"\nurl = \"opc.tcp://a\"\npolicy = \"Basic256Sha256\"\nmode = \"Sign\"\n";

    fn problems(text: &str) -> String {
        Config::parse(text, Path::new("lockgate.toml"))
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn the_schema_has_the_keys_that_the_reader_knows_and_no_others() {
        let sinks =
            ["file", "omf", "stdout"].map(|kind| format!("[[sink]]\nname = \"{kind}\"\nkind = \"{kind}\"\n"));
        problems(&format!(
            "{HEAD}[storage]\n[web]\n{SOURCE}[source.history]\n[source.address_space]\n[[source.rule]]\ninclude = [\"**\"]\n[[source.events]]\n{}",
            sinks.concat()
        ));
        let asked = ASKED.with_borrow(Clone::clone);
        assert_eq!(asked.len(), 10, "{:?}", asked.keys());
        for (title, keys) in asked {
            let section = section(&title);
            let described: BTreeSet<String> =
                section["properties"].as_object().unwrap().keys().cloned().collect();
            assert_eq!(described, keys, "{title}");
            assert_eq!(section["additionalProperties"], false, "{title}");
        }
    }

    #[test]
    fn numbers_end_where_the_schema_says() {
        let in_source = |key: &str, value: i64| format!("{HEAD}{SOURCE}{key} = {value}\n");
        let in_history = |key: &str, value: i64| format!("{HEAD}{SOURCE}[source.history]\n{key} = {value}\n");
        let in_events = |key: &str, value: i64| format!("{HEAD}{SOURCE}[[source.events]]\n{key} = {value}\n");
        let in_storage = |key: &str, value: i64| format!("{HEAD}[storage]\n{key} = {value}\n");
        type Write<'a> = &'a dyn Fn(&str, i64) -> String;
        let all: [(&str, Write<'_>); 4] = [
            ("[[source]]", &in_source),
            ("[source.history]", &in_history),
            ("[[source.events]]", &in_events),
            ("[storage]", &in_storage),
        ];
        let mut checked = 0;
        for (title, write) in all {
            for (key, described) in section(title)["properties"].as_object().unwrap() {
                let (Some(least), Some(most)) =
                    (described["minimum"].as_i64(), described["maximum"].as_i64())
                else {
                    continue;
                };
                for (value, fits) in [(least, true), (most, true), (least - 1, false), (most + 1, false)] {
                    let told = problems(&write(key, value));
                    assert_eq!(told.is_empty(), fits, "{title} {key} = {value}: {told}");
                }
                checked += 1;
            }
        }
        assert!(checked >= 5, "{checked}");
    }

    #[test]
    fn choices_are_those_of_the_reader() {
        let whole = "policy = \"Basic256Sha256\"\nmode = \"Sign\"\n";
        for (key, other) in
            [("policy", "mode = \"Sign\"\n"), ("mode", "policy = \"Basic256Sha256\"\n"), ("polling", whole)]
        {
            for choice in section("[[source]]")["properties"][key]["enum"].as_array().unwrap() {
                let choice = choice.as_str().unwrap();
                let told = problems(&format!(
                    "{HEAD}[[source]]\nname = \"a\"\nurl = \"opc.tcp://a\"\n{other}{key} = \"{choice}\"\n"
                ));
                assert!(!told.contains(&format!("`{key}`:")), "{key} = {choice}: {told}");
            }
        }
    }
}

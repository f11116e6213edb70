//! What a message may say, and what becomes of it.

use serde_json::{Value, json};

use super::{CreateMode, Point, Rules, State};

type Refusal = (u16, String);

impl State {
    /// Takes each message; answers with the status of the whole and, in the body, of each.
    pub(crate) fn process(&mut self, rules: &Rules, about: &str, messages: &[Value]) -> (u16, Value) {
        let mut results = Vec::new();
        for (number, message) in messages.iter().enumerate() {
            let result = match about {
                "type" if !rules.enumerations && !message["enum"].is_null() => {
                    Err((400, "enumerations are not supported".to_owned()))
                }
                "type" => self.type_message(message),
                "container" => self.container_message(message),
                "data" => self.data_message(rules, message),
                other => Err((400, format!("messagetype {other}"))),
            };
            match result {
                Ok(()) => results.push((Some(number), 200, String::new())),
                Err((code, why)) if rules.by_message => results.push((Some(number), code, why)),
                Err((code, why)) => return (code, answer(&[(None, code, why)])),
            }
        }
        (202, answer(&results))
    }

    fn type_message(&mut self, message: &Value) -> Result<(), Refusal> {
        let id = name(message, "id")?;
        if let Some(values) = message["enum"]["values"].as_array() {
            let mut names = std::collections::HashSet::new();
            let apart = |value: &Value| names.insert(value["name"].as_str().unwrap().to_lowercase());
            if !message["classification"].is_null() || !values.iter().all(apart) {
                return Err((400, "no proper enumeration".to_owned()));
            }
            return assert_same(&mut self.types, id, message);
        }
        if message["type"] != "object" {
            return Err((400, "no object".to_owned()));
        }
        let properties = message["properties"].as_object().ok_or((400, "no properties".to_owned()))?;
        if message["classification"] == "static" {
            let indexes = properties.values().filter(|property| property["isindex"] == true);
            if indexes.filter(|index| index["type"] == "string" && index["format"].is_null()).count() != 1 {
                return Err((400, "exactly one index, of plain string".to_owned()));
            }
            return assert_same(&mut self.types, id, message);
        }
        if message["classification"] != "dynamic" {
            return Err((400, "neither dynamic nor static".to_owned()));
        }
        let indexes: Vec<_> = properties.values().filter(|property| property["isindex"] == true).collect();
        if indexes.len() != 1 || indexes[0]["type"] != "string" || indexes[0]["format"] != "date-time" {
            return Err((400, "exactly one index, of date-time".to_owned()));
        }
        for property in properties.values() {
            if let Some(reference) = property["reftypeid"].as_str()
                && self.types.get(&reference.to_lowercase()).is_none_or(|kind| kind["enum"].is_null())
            {
                return Err((404, format!("enumeration {reference} does not exist")));
            }
        }
        let quality = properties.values().filter(|property| property["isquality"] == true).count();
        if quality > 0 && message["metadata"]["DataQualitySchema"] != "OPCUA" {
            return Err((400, "a quality without its schema".to_owned()));
        }
        assert_same(&mut self.types, id, message)
    }

    fn container_message(&mut self, message: &Value) -> Result<(), Refusal> {
        let id = name(message, "id")?;
        let known = ["id", "typeid", "name", "description", "datasource", "propertyoverrides"];
        if let Some(key) =
            message.as_object().and_then(|keys| keys.keys().find(|key| !known.contains(&key.as_str())))
        {
            return Err((400, format!("keyword {key} is not supported")));
        }
        let unit = message["propertyoverrides"]["Value"]["uom"].as_str();
        let overrides = &message["propertyoverrides"]["Value"];
        if let (Some(low), Some(high)) = (overrides["minimum"].as_f64(), overrides["maximum"].as_f64())
            && low >= high
        {
            return Err((400, "the range is empty".to_owned()));
        }
        if let Some(unit) = unit.filter(|unit| unit.len() > 3) {
            return Err((400, format!("unit of measure {unit} is not known")));
        }
        for key in ["description", "datasource"] {
            if let Some(text) = message[key].as_str() {
                permitted(text)?;
            }
        }
        let type_id = name(message, "typeid")?;
        if !self.types.contains_key(&type_id) {
            return Err((404, format!("type {type_id} does not exist")));
        }
        assert_same(&mut self.containers, id, message)
    }

    /// Elements, and links from one to another or to a container.
    fn static_message(&mut self, message: &Value) -> Result<(), Refusal> {
        let values = message["values"].as_array().ok_or((400, "no values".to_owned()))?;
        if message["typeid"] != "__Link" {
            let kind = name(message, "typeid")?;
            self.types.get(&kind).ok_or((404, format!("type {kind} does not exist")))?;
            for value in values {
                permitted(value["Name"].as_str().ok_or((400, "no name".to_owned()))?)?;
                self.elements.insert(name(value, "Path")?, value["Name"].as_str().unwrap().to_owned());
            }
            return Ok(());
        }
        for link in values {
            let element = |end: &Value| {
                let path = end["index"].as_str().unwrap_or_default().to_lowercase();
                let known = self.elements.contains_key(&path);
                if known { Ok(path) } else { Err((404, format!("element {path} does not exist"))) }
            };
            let source =
                if link["source"]["index"] == "_ROOT" { String::new() } else { element(&link["source"])? };
            let target = match link["target"]["containerid"].as_str() {
                Some(id) if self.containers.contains_key(&id.to_lowercase()) => format!("|{id}"),
                Some(id) => return Err((404, format!("container {id} does not exist"))),
                None => element(&link["target"])?,
            };
            self.links.insert((source, target));
        }
        Ok(())
    }

    fn data_message(&mut self, rules: &Rules, message: &Value) -> Result<(), Refusal> {
        if message["typeid"].is_string() {
            return self.static_message(message);
        }
        let id = name(message, "containerid")?;
        let container = self.containers.get(&id).ok_or((404, format!("container {id} does not exist")))?;
        let type_id = container["typeid"].as_str().unwrap().to_lowercase();
        let properties = self.types.get(&type_id).ok_or((404, "no type".to_owned()))?["properties"].clone();
        let values = message["values"].as_array().ok_or((400, "no values".to_owned()))?;
        let mut points = Vec::new();
        for value in values {
            if rules.poison.as_ref().is_some_and(|poison| value["Value"] == *poison) {
                return Err((400, format!("{} is not taken", value["Value"])));
            }
            let given = value.as_object().ok_or((400, "a value is an object".to_owned()))?;
            for (key, value) in given {
                let property = properties.get(key).ok_or((400, format!("no property {key}")))?;
                fits(property, value).map_err(|why| (400, format!("{key}: {why}: {value}")))?;
                if let Some(reference) = property["reftypeid"].as_str().filter(|_| !value.is_null()) {
                    let states = &self.types[&reference.to_lowercase()]["enum"]["values"];
                    let known = states.as_array().unwrap().iter().any(|state| state["value"] == *value);
                    known.then_some(()).ok_or((400, format!("{value} is no state")))?;
                }
            }
            if given.len() != properties.as_object().unwrap().len() {
                return Err((400, "a property is missing".to_owned()));
            }
            points.push(Point {
                time: value["Time"].as_str().unwrap().to_owned(),
                // an event is kept as it is
                value: if properties["Value"].is_null() { value.clone() } else { value["Value"].clone() },
                status: value["Status"].as_u64().unwrap_or(0),
            });
        }
        let (kept, places) = self.points.entry(id).or_default();
        for point in points {
            match (places.get(&point.time), rules.mode) {
                (Some(&place), CreateMode::Replace) => kept[place] = point,
                (Some(_), CreateMode::NoReplace) => {}
                (None, _) | (_, CreateMode::Insert) => {
                    places.insert(point.time.clone(), kept.len());
                    kept.push(point);
                }
            }
        }
        Ok(())
    }
}

fn assert_same(
    known: &mut std::collections::BTreeMap<String, Value>,
    id: String,
    message: &Value,
) -> Result<(), Refusal> {
    match known.get(&id) {
        Some(there) if there == message => Ok(()),
        Some(_) => Err((409, format!("{id} exists with another definition"))),
        None => {
            known.insert(id, message.clone());
            Ok(())
        }
    }
}

/// Names are compared without regard to case.
fn name(message: &Value, key: &str) -> Result<String, Refusal> {
    let id = message[key].as_str().ok_or((400, format!("{key} is missing")))?;
    if id.is_empty() || id.starts_with("__") || id.trim() != id || id.chars().count() > 260 {
        return Err((400, format!("`{id}` is no name")));
    }
    permitted(id)?;
    Ok(id.to_lowercase())
}

fn permitted(text: &str) -> Result<(), Refusal> {
    match text.chars().find(|c| "*?;{}[]\\'\"|`".contains(*c) || c.is_control()) {
        Some(c) => Err((400, format!("{c:?} is reserved"))),
        None => Ok(()),
    }
}

fn fits(property: &Value, value: &Value) -> Result<(), &'static str> {
    let (kind, nullable) = match &property["type"] {
        Value::Array(kinds) => (kinds[0].as_str().unwrap(), kinds.iter().any(|kind| kind == "null")),
        kind => (kind.as_str().unwrap(), false),
    };
    if value.is_null() {
        return if nullable { Ok(()) } else { Err("null") };
    }
    let format = property["format"].as_str().unwrap_or_default();
    let right = match (kind, format) {
        ("boolean", "") => value.is_boolean(),
        ("integer", "int16") => value.as_i64().is_some_and(|v| i16::try_from(v).is_ok()),
        ("integer", "uint16") => value.as_u64().is_some_and(|v| u16::try_from(v).is_ok()),
        ("integer", "int32") => value.as_i64().is_some_and(|v| i32::try_from(v).is_ok()),
        ("integer", "uint32") => value.as_u64().is_some_and(|v| u32::try_from(v).is_ok()),
        ("integer", "int64") => value.is_i64(),
        ("integer", "uint64") => value.is_u64(),
        ("number", "float32" | "float64") => value.is_number(),
        ("string", "") => value.is_string(),
        ("string", "date-time") => {
            value.as_str().is_some_and(|text| text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok())
        }
        _ => return Err("of no supported form"),
    };
    if right { Ok(()) } else { Err("does not fit") }
}

/// The body that PI Web API answers with.
pub(crate) fn answer(results: &[(Option<usize>, u16, String)]) -> Value {
    let messages: Vec<Value> = results
        .iter()
        .map(|(index, code, why)| {
            let failed = *code >= 400;
            let severity = if failed { "Error" } else { "None" };
            let events: Vec<Value> = failed
                .then(|| {
                    json!({
                        "EventInfo": { "Message": why, "Reason": null, "Suggestions": [], "EventCode": 1800, "Parameters": [] },
                        "ExceptionInfo": null, "Severity": "Error", "InnerEvents": [],
                    })
                })
                .into_iter()
                .collect();
            json!({ "MessageIndex": index, "Status": { "Code": code, "HighestSeverity": severity }, "Events": events })
        })
        .collect();
    json!({ "OperationId": "7d0f1ff2", "Messages": messages })
}

//! The names of streams as a tree of AF elements: one for each part before a dot, linked from the root down, and each
//! container as an attribute of the last of them.
//!
//! ```text
//! line1.Mixing.Level   →   line1 ─ Mixing ─ attribute line1.Mixing.Level
//! ```
//!
//! It is said by create-and-assert like types and containers. A tree that the server does not want stops no value.

use std::collections::{HashSet, VecDeque};
use std::time::Instant;

use serde_json::{Value, json};

use super::definitions::Definition;

/// What of the tree the server has been told since this process began.
#[derive(Default)]
pub(super) struct Tree {
    elements: HashSet<String>,
    /// Containers that are not in it yet.
    pub(super) leaves: VecDeque<String>,
    /// When it is told again after it could not be.
    pub(super) not_before: Option<Instant>,
}

/// The static type of all elements.
pub(super) fn element_type(prefix: &str) -> Definition {
    let name = type_id(prefix);
    let json = json!({
        "id": name,
        "classification": "static",
        "type": "object",
        "properties": {
            "Path": { "type": "string", "isindex": true },
            "Name": { "type": "string", "isname": true },
        },
    });
    Definition { name, json: json.to_string() }
}

impl Tree {
    /// The request that puts these containers into the tree; `None` when there is nothing to say.
    pub(super) fn request(&mut self, containers: &[impl AsRef<str>], prefix: &str) -> Option<String> {
        let kind = type_id(prefix);
        let element = |path: &str| json!({ "typeid": kind, "index": path });
        let (mut elements, mut links): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
        for container in containers.iter().map(AsRef::as_ref) {
            let mut parent = "_ROOT";
            for (path, name) in levels(container) {
                if self.elements.insert(path.to_owned()) {
                    elements.push(json!({ "Path": path, "Name": name }));
                    links.push(json!({ "source": element(parent), "target": element(path) }));
                }
                parent = path;
            }
            if parent != "_ROOT" {
                links.push(json!({ "source": element(parent), "target": { "containerid": container } }));
            }
        }
        if links.is_empty() {
            return None;
        }
        let mut messages = Vec::new();
        if !elements.is_empty() {
            messages.push(json!({ "typeid": kind, "values": elements }));
        }
        messages.push(json!({ "typeid": "__Link", "values": links }));
        Some(Value::Array(messages).to_string())
    }

    /// What was told may not have arrived.
    pub(super) fn forget_elements(&mut self) {
        self.elements.clear();
    }
}

/// The elements above a container, from the root down: path and name.
fn levels(container: &str) -> impl Iterator<Item = (&str, &str)> {
    container.match_indices('.').filter_map(|(dot, _)| {
        let path = container.get(..dot)?;
        let name = path.rsplit('.').next()?;
        (!name.trim().is_empty()).then_some((path, name))
    })
}

fn type_id(prefix: &str) -> String {
    format!("{prefix}UA.Element")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_name_is_an_element_once() {
        let mut tree = Tree::default();
        let first = tree.request(&["a.b.x", "a.b.y", "plain"], "p.").unwrap();
        let first: Value = serde_json::from_str(&first).unwrap();
        assert_eq!(first[0]["values"], json!([{ "Path": "a", "Name": "a" }, { "Path": "a.b", "Name": "b" }]));
        assert_eq!(first[1]["values"].as_array().unwrap().len(), 4);
        assert_eq!(first[1]["values"][0]["source"], json!({ "typeid": "p.UA.Element", "index": "_ROOT" }));
        assert_eq!(tree.request(&["plain"], "p."), None);
        let next: Value = serde_json::from_str(&tree.request(&["a..z"], "p.").unwrap()).unwrap();
        assert_eq!(
            next[0]["values"][0]["target"],
            json!({ "containerid": "a..z" }),
            "an empty part is no element"
        );
    }
}

//! Names that PI, Edge Data Store and CONNECT all take, one for each stream.
//!
//! What one of them reserves (`* ? ; { } [ ] \ ' " | /` and the backtick), blanks at the ends, and control characters are
//! written as `%` and two hexadecimal digits per byte, and `%` itself too, so that two names never become one. They all
//! compare without regard to case; a name that differs from another in case alone gets its stream's number behind it.

use std::collections::{HashMap, HashSet};

use tagstore::{StreamId, StreamInfo};

/// The container of each stream of the catalogue. An earlier stream keeps the plain name, so that later ones change nothing.
pub(super) fn container_ids(prefix: &str, streams: &[StreamInfo]) -> HashMap<StreamId, String> {
    let mut order: Vec<&StreamInfo> = streams.iter().collect();
    order.sort_by_key(|stream| stream.id);
    let mut taken = HashSet::new();
    let mut ids = HashMap::with_capacity(order.len());
    for stream in order {
        let mut id = safe_name(&format!("{prefix}{}", stream.name));
        if id.len() > LONGEST || taken.contains(&id.to_lowercase()) {
            id.truncate(id.floor_char_boundary(LONGEST));
            id.push_str(&format!("~{}", stream.id));
        }
        taken.insert(id.to_lowercase());
        ids.insert(stream.id, id);
    }
    ids
}

fn safe_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let last = name.chars().count().saturating_sub(1);
    for (place, c) in name.chars().enumerate() {
        let at_end = place == 0 || place == last;
        if c.is_control() || RESERVED.contains(c) || (c == ' ' && at_end) || (c == '_' && place == 0) {
            escape(c, &mut out);
        } else {
            out.push(c);
        }
    }
    out
}

fn escape(c: char, out: &mut String) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        out.push_str(&format!("%{byte:02X}"));
    }
}

/// With the escape sign itself, and `~`, which sets apart what is added behind a name.
const RESERVED: &str = "*?;{}[]\\'\"|`/%~";
/// In bytes; the strictest of the three takes 260 characters.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Vec<String> {
        let streams: Vec<StreamInfo> = names
            .iter()
            .zip(1..)
            .map(|(name, id)| StreamInfo {
                id: StreamId::new(id),
                key: name.to_string(),
                name: name.to_string(),
                source: "line1".to_owned(),
                data_type: None,
                unit: None,
                description: None,
                range: None,
                states: Vec::new(),
            })
            .collect();
        let ids = container_ids("", &streams);
        streams.iter().map(|stream| ids[&stream.id].clone()).collect()
    }

    #[test]
    fn reserved_signs_are_spelled_so_that_no_two_names_become_one() {
        assert_eq!(
            ids(&["line1.[PLC]Tag{2}", "line1.%5BPLC]Tag{2}", "line1.a|b*?", "__x"]),
            ["line1.%5BPLC%5DTag%7B2%7D", "line1.%255BPLC%5DTag%7B2%7D", "line1.a%7Cb%2A%3F", "%5F_x"]
        );
    }

    #[test]
    fn names_that_differ_in_case_alone_stay_apart_and_the_first_keeps_its_own() {
        assert_eq!(
            ids(&["line1.Level", "line1.LEVEL", "line1.level"]),
            ["line1.Level", "line1.LEVEL~2", "line1.level~3"]
        );
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let (one, two) = (format!("{}é1", "x".repeat(199)), format!("{}é2", "x".repeat(199)));
        let ids = ids(&[&one, &two]);
        assert_eq!(ids, [format!("{}~1", "x".repeat(199)), format!("{}~2", "x".repeat(199))]);
    }
}

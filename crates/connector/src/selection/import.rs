//! What other connectors were told to collect, taken over as a list of nodes: the node table of the PI Connector (CSV with
//! a column `NodeId`), the data selection of the AVEVA Adapter (JSON), the published nodes of OPC Publisher (JSON).
//!
//! They name namespaces by their number; the server's table turns that into its URI, so that the list stays true when the
//! server numbers them anew.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Map, Value};
use ua_client::{EndpointUrl, NodeId};

use super::list::Listed;
use super::{DeadBand, Sampling};
use crate::naming::{NodeAddress, printable};

/// What was in the file.
#[derive(Debug, Default, PartialEq)]
pub struct Imported {
    /// What kind of file it was.
    pub format: &'static str,
    /// The nodes to collect.
    pub nodes: Vec<Listed>,
    /// How many the file itself leaves out.
    pub not_selected: usize,
    /// What could not be taken over, each with its reason.
    pub left: Vec<String>,
}

/// Reads the file of another connector.
///
/// # Errors
/// In words, when it is of no known kind or cannot be read.
pub fn import(text: &str, namespaces: &[String], server: &EndpointUrl) -> Result<Imported, String> {
    let text = text.trim_start_matches('\u{feff}');
    let entries =
        if text.trim_start().starts_with(['[', '{']) { from_json(text, server)? } else { from_csv(text)? };
    Ok(entries.listed(namespaces))
}

struct Entries {
    format: &'static str,
    entries: Vec<Entry>,
}

#[derive(Default)]
struct Entry {
    node: String,
    name: Option<String>,
    sampling: Sampling,
    /// The file says not to collect it.
    off: bool,
    /// Why it cannot be taken over.
    left: Option<String>,
}

impl Entries {
    fn listed(self, namespaces: &[String]) -> Imported {
        let mut imported = Imported { format: self.format, ..Imported::default() };
        let (mut seen, mut names) = (HashSet::new(), HashSet::new());
        for Entry { node, name, sampling, off, left } in self.entries {
            let address = match left {
                _ if off => {
                    imported.not_selected += 1;
                    continue;
                }
                Some(reason) => Err(reason),
                None => address(&node, namespaces),
            };
            match address {
                Ok(address) if seen.insert(address.to_string()) => {
                    let name = name.map(|name| printable(&name)).filter(|name| !name.is_empty());
                    // a name that is taken already would be no name
                    let name = name.filter(|name| names.insert(name.clone()));
                    imported.nodes.push(Listed { address, name, sampling });
                }
                Ok(address) => imported.left.push(format!("{address}: it is in the file already")),
                Err(reason) => imported.left.push(format!("{}: {reason}", printable(&node))),
            }
        }
        imported
    }
}

/// A node as other connectors write it: `ns=2;s=x`, `nsu=URI;s=x`, `URI#s=x`, `i=2258`.
fn address(text: &str, namespaces: &[String]) -> Result<NodeAddress, String> {
    let text = text.trim();
    let wrong = || "it is no node id".to_owned();
    if text.starts_with("nsu=") {
        return text.parse().map_err(|_| wrong());
    }
    if let Some((uri, identifier)) = text.rsplit_once('#')
        && uri.contains(':')
    {
        return format!("nsu={uri};{identifier}").parse().map_err(|_| wrong());
    }
    let node: NodeId = text.parse().map_err(|_| wrong())?;
    NodeAddress::of(&node, namespaces)
        .ok_or_else(|| format!("the server has no namespace {}", node.namespace))
}

fn from_csv(text: &str) -> Result<Entries, String> {
    let mut rows = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns: Vec<String> =
        rows.headers().map_err(|e| e.to_string())?.iter().map(str::to_ascii_lowercase).collect();
    let place = |name: &str| columns.iter().position(|column| column == name);
    let node = place("nodeid").ok_or("there is no column NodeId")?;
    let [name, interval, queue, mode] =
        ["customstreamid", "samplinginterval", "queuesize", "monitoringmode"].map(place);
    let mut entries = Vec::new();
    for row in rows.records() {
        let row = row.map_err(|error| error.to_string())?;
        let cell = |place: Option<usize>| {
            place.and_then(|place| row.get(place)).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let Some(node) = cell(Some(node)) else { continue };
        let milliseconds = cell(interval).and_then(|text| text.parse().ok()).map(Duration::from_millis);
        let sampling = Sampling {
            interval: milliseconds,
            queue_size: cell(queue).and_then(|text| text.parse().ok()).filter(|size| *size > 0),
            dead_band: None,
            ..Sampling::default()
        };
        let off = cell(mode).is_some_and(|mode| !mode.eq_ignore_ascii_case("reporting"));
        entries.push(Entry { node, name: cell(name), sampling, off, left: None });
    }
    Ok(Entries { format: "PI Connector node table", entries })
}

fn from_json(text: &str, server: &EndpointUrl) -> Result<Entries, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    let items = match value {
        Value::Array(items) => items,
        one => vec![one],
    };
    let items: Vec<Map<String, Value>> = items
        .into_iter()
        .map(|item| match item {
            Value::Object(item) => Ok(item),
            _ => Err("it is not a list of objects".to_owned()),
        })
        .collect::<Result<_, _>>()?;
    if items.iter().any(|item| field(item, "EndpointUrl").is_some()) {
        return published_nodes(&items, server);
    }
    if items.iter().any(|item| field(item, "nodeId").is_some() || field(item, "eventTypeNodeId").is_some()) {
        let entries = items.iter().map(adapter_item).collect();
        return Ok(Entries { format: "AVEVA Adapter data selection", entries });
    }
    Err("it has neither `nodeId` (AVEVA Adapter) nor `EndpointUrl` (OPC Publisher)".to_owned())
}

fn adapter_item(item: &Map<String, Value>) -> Entry {
    let text = |name: &str| field(item, name).and_then(Value::as_str).map(str::to_owned);
    let off = field(item, "selected").and_then(Value::as_bool) == Some(false);
    match text("nodeId") {
        Some(node) => {
            Entry { node, name: text("streamId").or_else(|| text("name")), off, ..Entry::default() }
        }
        None => Entry {
            node: text("eventTypeNodeId").unwrap_or_default(),
            off,
            left: Some("events are collected by rules, see docs/events.md".to_owned()),
            ..Entry::default()
        },
    }
}

/// Those of our server; of a file with a single server, that one: its address may be spelled in another way.
fn published_nodes(items: &[Map<String, Value>], server: &EndpointUrl) -> Result<Entries, String> {
    let url = |item: &Map<String, Value>| {
        field(item, "EndpointUrl")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .trim_end_matches('/')
            .to_owned()
    };
    let mut urls: Vec<String> = items.iter().map(url).collect();
    urls.sort();
    urls.dedup();
    let is_ours = |url: &str| {
        url.parse::<EndpointUrl>()
            .is_ok_and(|url| url.host().eq_ignore_ascii_case(server.host()) && url.port() == server.port())
    };
    let ours: Vec<_> = items.iter().filter(|item| urls.len() == 1 || is_ours(&url(item))).collect();
    if ours.is_empty() {
        let named: Vec<String> = urls.iter().take(5).map(|url| printable(url)).collect();
        return Err(format!("it is about other servers: {}", named.join(", ")));
    }
    let mut entries = Vec::new();
    for item in ours {
        let nodes = field(item, "OpcNodes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        entries.extend(nodes.iter().filter_map(Value::as_object).map(published_node));
        // how the first versions named the one node of an item
        if let Some(Value::Object(node)) = field(item, "NodeId")
            && let Some(node) = field(node, "Identifier").and_then(Value::as_str)
        {
            entries.push(Entry { node: node.to_owned(), ..Entry::default() });
        }
    }
    Ok(Entries { format: "OPC Publisher published nodes", entries })
}

fn published_node(item: &Map<String, Value>) -> Entry {
    let text = |name: &str| field(item, name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| field(item, name).and_then(Value::as_u64);
    let node = text("Id").or_else(|| text("ExpandedNodeId")).unwrap_or_default();
    let events = field(item, "EventFilter").is_some_and(|filter| !filter.is_null());
    let kind = number("DeadbandType").or_else(|| match text("DeadbandType").as_deref() {
        Some("Absolute") => Some(1),
        Some("Percent") => Some(2),
        _ => None,
    });
    let distance = field(item, "DeadbandValue").and_then(Value::as_f64);
    Entry {
        node,
        name: text("DisplayName"),
        sampling: Sampling {
            interval: number("OpcSamplingInterval").map(Duration::from_millis),
            queue_size: number("QueueSize")
                .and_then(|size| u32::try_from(size).ok())
                .filter(|size| *size > 0),
            dead_band: match (kind, distance) {
                (Some(1), Some(distance)) => Some(DeadBand::Absolute(distance)),
                (Some(2), Some(share)) => Some(DeadBand::Percent(share)),
                _ => None,
            },
            ..Sampling::default()
        },
        off: false,
        left: events.then(|| "events are collected by rules, see docs/events.md".to_owned()),
    }
}

/// A field whatever its letters' case: these files are written both ways.
fn field<'a>(item: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    item.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Imported, String> {
        let namespaces = ["http://opcfoundation.org/UA/", "urn:server", "urn:plant"].map(str::to_owned);
        import(text, &namespaces, &"opc.tcp://plc1:4840".parse().unwrap())
    }

    fn nodes(imported: &Imported) -> Vec<(String, Option<&str>)> {
        imported.nodes.iter().map(|one| (one.address.to_string(), one.name.as_deref())).collect()
    }

    #[test]
    fn a_node_table_of_the_pi_connector() {
        let text = "\u{feff}NodeId,CustomStreamId,SamplingInterval,QueueSize,MonitoringMode\r\n\
                    \"ns=2;s=Line1,Speed\",SINUSOID,500,20,Reporting\r\nns=2;i=7,,,,\r\nns=2;i=8,x,,,Disabled\r\n\
                    ns=9;i=1,,,,\r\nnonsense,,,,\r\nns=2;i=7,,,,\r\n";
        let imported = read(text).unwrap();
        assert_eq!(imported.format, "PI Connector node table");
        let expected = [
            ("nsu=urn:plant;s=Line1,Speed".to_owned(), Some("SINUSOID")),
            ("nsu=urn:plant;i=7".to_owned(), None),
        ];
        assert_eq!(nodes(&imported), expected);
        assert_eq!(imported.nodes[0].sampling.interval, Some(Duration::from_millis(500)));
        assert_eq!(imported.nodes[0].sampling.queue_size, Some(20));
        assert_eq!(imported.not_selected, 1);
        assert_eq!(
            imported.left,
            [
                "ns=9;i=1: the server has no namespace 9",
                "nonsense: it is no node id",
                "nsu=urn:plant;i=7: it is in the file already"
            ]
        );
    }

    #[test]
    fn a_data_selection_of_the_aveva_adapter() {
        let text = r#"[{"selected": true, "name": "n", "nodeId": "ns=2;s=a", "streamId": "Stream.A", "scheduleId": null},
            {"Selected": false, "NodeId": "ns=2;s=b"}, {"nodeId": "ns=2;s=c", "name": "C", "streamId": null},
            {"selected": true, "eventTypeNodeId": "i=2915"}]"#;
        let imported = read(text).unwrap();
        assert_eq!(imported.format, "AVEVA Adapter data selection");
        let expected =
            [("nsu=urn:plant;s=a".to_owned(), Some("Stream.A")), ("nsu=urn:plant;s=c".to_owned(), Some("C"))];
        assert_eq!(nodes(&imported), expected);
        assert_eq!((imported.not_selected, imported.left.len()), (1, 1));
        assert_eq!(imported.left, ["i=2915: events are collected by rules, see docs/events.md"]);
    }

    #[test]
    fn published_nodes_of_opc_publisher_for_this_server_only() {
        let text = r#"[{"EndpointUrl": "opc.tcp://PLC1:4840/", "OpcNodes": [
              {"Id": "nsu=urn:plant;s=a", "OpcSamplingInterval": 250, "DisplayName": "A", "QueueSize": 5},
              {"ExpandedNodeId": "http://vendor.example/UA#i=5", "DeadbandType": "Percent", "DeadbandValue": 2.5}]},
            {"EndpointUrl": "opc.tcp://other:4840", "OpcNodes": [{"Id": "i=2258"}]},
            {"EndpointUrl": "opc.tcp://plc1:4840", "NodeId": {"Identifier": "i=2258"}}]"#;
        let imported = read(text).unwrap();
        let expected = [
            ("nsu=urn:plant;s=a".to_owned(), Some("A")),
            ("nsu=http://vendor.example/UA;i=5".to_owned(), None),
            ("i=2258".to_owned(), None),
        ];
        assert_eq!(nodes(&imported), expected);
        assert_eq!(imported.nodes[0].sampling.interval, Some(Duration::from_millis(250)));
        assert_eq!(imported.nodes[1].sampling.dead_band, Some(DeadBand::Percent(2.5)));
        let others = text.replace("plc1", "plc9").replace("PLC1", "plc9");
        assert!(
            read(&others).unwrap_err().contains("other servers: opc.tcp://other:4840, opc.tcp://plc9:4840")
        );
    }

    #[test]
    fn what_is_no_such_file_is_told_in_words() {
        for (text, told) in [
            ("", "there is no column NodeId"),
            ("a,b\n1,2\n", "there is no column NodeId"),
            ("{", "it is not JSON"),
            ("[1]", "not a list of objects"),
            ("[{\"a\": 1}]", "neither `nodeId`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}

//! What is known of a server's address space, on disk: so that the next start needs no browse, and a difference can be
//! shown.
//!
//! One file per source, `address-space/SOURCE.jsonl.zst` in the data folder: lines of JSON in a zstd frame with checksum.
//! The first line says what it is ([`Head`]), each other line is one node ([`Line`]); what leads to a node comes before it.
//! Namespaces are named by URI, so a server that renumbers them changes nothing. A file is whole or not there: it is
//! written beside, made durable and renamed.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tagstore::{ValueRange, ValueState};

use super::browse::Known;
use super::space::{Added, Details, Met, Place, Space};
use crate::naming::NodeAddress;

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Always [`SCHEMA`].
    pub(crate) schema: String,
    /// Name of the source.
    pub(crate) source: String,
    /// Application URI of the server.
    pub(crate) server: String,
    /// When it was browsed.
    pub(crate) taken_at: Timestamp,
    /// When the server had been started, in ticks, if it said so.
    pub(crate) server_start: Option<i64>,
    /// The server's namespace table then.
    pub(crate) namespace_array: Vec<String>,
    /// Where the browse began.
    pub(crate) roots: Vec<String>,
    /// How many nodes it could visit.
    pub(crate) max_nodes: usize,
    /// It stopped there.
    pub(crate) truncated: bool,
    /// Nodes below which the server did not show what is there, and one of them with the status.
    pub(crate) hidden: Option<(usize, String)>,
    /// URIs of the namespaces that nodes lie in.
    pub(crate) namespaces: Vec<String>,
    /// Number of nodes.
    pub(crate) nodes: usize,
}

/// One node. What is absent is as usual: no parent, a display name like the browse name, an object, nothing said.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Line {
    /// Place of its namespace in the head.
    ns: usize,
    /// Its identifier, as in `s=Line1.Speed`.
    id: String,
    /// Line of the node that leads to it, counted from 0.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    parent: Option<usize>,
    /// Browse name.
    name: String,
    /// Display name where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    variable: bool,
    /// Browse name of the type definition.
    #[serde(rename = "type", skip_serializing_if = "is_default")]
    type_definition: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<DetailsLine>,
}

/// What was read of a variable.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct DetailsLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    data_type: Option<String>,
    #[serde(default = "scalar", skip_serializing_if = "is_scalar")]
    value_rank: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<(f64, f64)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    states: Vec<(i64, String)>,
    #[serde(skip_serializing_if = "is_default")]
    access_level: u8,
    #[serde(skip_serializing_if = "is_default")]
    historizing: bool,
    /// Unit, range and states were not asked for.
    #[serde(skip_serializing_if = "is_default")]
    attributes_only: bool,
}

/// A file, read.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) head: Head,
    pub(crate) known: Known,
}

/// Where the snapshot of a source lies.
pub(crate) fn path(data: &Path, source: &str) -> PathBuf {
    data.join(FOLDER).join(format!("{source}.jsonl.zst"))
}

/// Writes the snapshot of a source, whole or not at all. `head` is completed from what is known.
///
/// # Errors
/// The disk's.
pub(crate) fn write(data: &Path, head: Head, known: &Known) -> io::Result<()> {
    let path = path(data, &head.source);
    let folder = data.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let head = Head {
        schema: SCHEMA.to_owned(),
        truncated: known.truncated,
        hidden: known.hidden.clone(),
        namespaces: known.space.namespaces().to_vec(),
        nodes: known.space.len(),
        ..head
    };
    let unfinished = path.with_extension(format!("{}.part", std::process::id()));
    let written = File::create(&unfinished).and_then(|file| write_to(file, &head, &known.space));
    let placed = written.and_then(|()| std::fs::rename(&unfinished, &path));
    if placed.is_err() {
        // what cannot be removed is replaced by the next attempt
        drop(std::fs::remove_file(&unfinished));
    }
    placed?;
    File::open(&folder)?.sync_all()
}

fn write_to(file: File, head: &Head, space: &Space) -> io::Result<()> {
    let mut frame = zstd::Encoder::new(file, LEVEL)?;
    frame.include_checksum(true)?;
    let mut lines = BufWriter::new(frame);
    serde_json::to_writer(&mut lines, head)?;
    lines.write_all(b"\n")?;
    for place in space.places() {
        serde_json::to_writer(&mut lines, &line_of(space, place))?;
        lines.write_all(b"\n")?;
    }
    let frame = lines.into_inner().map_err(io::IntoInnerError::into_error)?;
    frame.finish()?.sync_all()
}

fn line_of(space: &Space, place: Place) -> Line {
    let uri = space.namespace_uri(place);
    let (name, shown) = (space.browse_name(place), space.display_name(place));
    Line {
        ns: space.namespaces().iter().position(|known| known == uri).unwrap_or_default(),
        id: space.address(place).map(|address| address.identifier_text()).unwrap_or_default(),
        parent: space.parent(place).map(Place::number),
        name: name.to_owned(),
        shown: (shown != name).then(|| shown.to_owned()),
        variable: space.is_variable(place),
        type_definition: space.type_definition(place).to_owned(),
        details: space.details(place).map(|details| DetailsLine {
            data_type: details.data_type,
            value_rank: details.value_rank,
            description: details.description,
            unit: details.unit,
            range: details.range.map(|range| (range.low, range.high)),
            states: details.states.into_iter().map(|state| (state.value, state.name)).collect(),
            access_level: details.access_level,
            historizing: details.historizing,
            attributes_only: !details.is_whole,
        }),
    }
}

/// Reads the snapshot of a source; `None` when there is none.
///
/// # Errors
/// The disk's, and of a file that is not what was written.
pub(crate) fn read(data: &Path, source: &str) -> io::Result<Option<Snapshot>> {
    let file = match File::open(path(data, source)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut lines = BufReader::new(zstd::Decoder::new(file)?);
    let mut text = String::new();
    lines.read_line(&mut text)?;
    let head: Head = serde_json::from_str(&text)?;
    if head.schema != SCHEMA {
        return Err(damaged(format!("it is of another form: {}", head.schema)));
    }
    let mut space = Space::new();
    let mut places = Vec::new();
    loop {
        text.clear();
        if lines.read_line(&mut text)? == 0 {
            break;
        }
        let line: Line = serde_json::from_str(&text)?;
        let place = take(&mut space, &head, &places, line);
        places.push(place.ok_or_else(|| damaged(format!("line {} names no node", places.len() + 2)))?);
    }
    if places.len() != head.nodes {
        return Err(damaged(format!("it has {} nodes of {}", places.len(), head.nodes)));
    }
    let mut known = Known::of(space);
    (known.truncated, known.hidden) = (head.truncated, head.hidden.clone());
    Ok(Some(Snapshot { head, known }))
}

fn take(space: &mut Space, head: &Head, places: &[Place], line: Line) -> Option<Place> {
    let uri = head.namespaces.get(line.ns)?;
    let address = NodeAddress::from_parts(uri.clone(), line.id.parse().ok()?);
    let parent = match line.parent {
        Some(parent) => Some(*places.get(parent)?),
        None => None,
    };
    let met = Met {
        is_variable: line.variable,
        parent,
        browse_name: &line.name,
        display_name: line.shown.as_deref().unwrap_or(&line.name),
        type_definition: &line.type_definition,
    };
    let Added::New(place) = space.add(uri, address.identifier_ref(), &met) else { return None };
    if let Some(details) = line.details {
        let states = details.states.into_iter().map(|(value, name)| ValueState { value, name });
        let details = Details {
            data_type: details.data_type,
            value_rank: details.value_rank,
            description: details.description,
            unit: details.unit,
            range: details.range.map(|(low, high)| ValueRange { low, high }),
            states: states.collect(),
            access_level: details.access_level,
            historizing: details.historizing,
            is_whole: !details.attributes_only,
        };
        space.describe(place, &details);
    }
    Some(place)
}

fn damaged(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn scalar() -> i32 {
    SCALAR
}

fn is_scalar(rank: &i32) -> bool {
    *rank == SCALAR
}

impl Default for Head {
    fn default() -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            source: String::new(),
            server: String::new(),
            taken_at: Timestamp::UNIX_EPOCH,
            server_start: None,
            namespace_array: Vec::new(),
            roots: Vec::new(),
            max_nodes: 0,
            truncated: false,
            hidden: None,
            namespaces: Vec::new(),
            nodes: 0,
        }
    }
}

/// Name and version of the form.
const SCHEMA: &str = "lockgate/address-space/1";
/// In the data folder.
const FOLDER: &str = "address-space";
/// What the standard calls a scalar (Part 3 §5.6.2).
const SCALAR: i32 = -1;
/// Fast, and a twentieth of the size.
const LEVEL: i32 = 3;

#[cfg(test)]
mod tests {
    use ua_client::IdentifierRef;

    use super::*;

    fn sample() -> Known {
        let mut space = Space::new();
        let folder = Met { browse_name: "Line 1", display_name: "Linie 1", ..Met::default() };
        let Added::New(line) = space.add("urn:plant", IdentifierRef::Numeric(7), &folder) else { panic!() };
        let ids = [
            IdentifierRef::String("a \"b\"\n;ö"),
            IdentifierRef::Guid([7; 16]),
            IdentifierRef::Opaque(&[0, 255, 1]),
        ];
        for (id, name) in ids.into_iter().zip(["Speed", "", "a/b"]) {
            let met = Met {
                is_variable: true,
                parent: Some(line),
                browse_name: name,
                display_name: name,
                type_definition: "AnalogItemType",
            };
            let Added::New(place) = space.add("urn:other", id, &met) else { panic!() };
            let details = Details {
                data_type: Some("nsu=urn:plant;i=3".to_owned()),
                value_rank: if name.is_empty() { SCALAR } else { 1 },
                description: Some("Wie schnell".to_owned()),
                unit: Some("m/s".to_owned()),
                range: Some(ValueRange { low: -0.5, high: 1e9 }),
                states: vec![ValueState { value: 2, name: "läuft".to_owned() }],
                access_level: 5,
                historizing: true,
                is_whole: name.is_empty(),
            };
            space.describe(place, &details);
        }
        Known { truncated: true, hidden: Some((3, "i=5: Bad".to_owned())), ..Known::of(space) }
    }

    fn head() -> Head {
        Head { source: "plc".to_owned(), server: "urn:s".to_owned(), ..Head::default() }
    }

    fn told(known: &Known) -> Vec<String> {
        let space = &known.space;
        let of = |place| {
            (space.address(place), space.path(place), space.display_name(place), space.type_definition(place))
        };
        let all = space.places().map(|place| format!("{:?} {:?}", of(place), space.details(place)));
        all.chain([format!("{} {:?}", known.truncated, known.hidden)]).collect()
    }

    #[test]
    fn a_snapshot_reads_back_what_was_known() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path(), "plc").unwrap().is_none());
        let known = sample();
        write(folder.path(), head(), &known).unwrap();
        let back = read(folder.path(), "plc").unwrap().unwrap();
        assert_eq!(told(&back.known), told(&known));
        assert_eq!((back.head.server.as_str(), back.head.nodes), ("urn:s", 4));
        for place in known.space.places() {
            assert_eq!(back.known.space.find(&known.space, place), Some(place));
        }
        let left = std::fs::read_dir(folder.path().join(FOLDER)).unwrap().count();
        assert_eq!(left, 1, "nothing unfinished is left");
    }

    #[test]
    fn a_file_that_was_cut_or_changed_is_no_snapshot() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), head(), &sample()).unwrap();
        let path = path(folder.path(), "plc");
        let whole = std::fs::read(&path).unwrap();
        for len in 0..whole.len() {
            std::fs::write(&path, &whole[..len]).unwrap();
            read(folder.path(), "plc").unwrap_err();
        }
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &changed).unwrap();
        read(folder.path(), "plc").unwrap_err();
    }
}

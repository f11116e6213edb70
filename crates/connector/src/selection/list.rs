//! An explicit list of nodes, as CSV: for those who know each of them, and for what is taken over from other connectors.
//!
//! ```csv
//! node,name,sampling_interval,queue_size,dead_band
//! nsu=urn:vendor:mixing;s=Line1.Speed,OPC UA.Line1.Speed,500ms,,
//! nsu=urn:vendor:mixing;s=Line1.Level,,1s,20,1 %
//! ```
//!
//! Only `node` must be there. A line that begins with `#` is a comment.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

use super::{DeadBand, Sampling};
use crate::naming::{NodeAddress, nearest, printable};

/// The list of a source and where it lies.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeList {
    /// The file.
    pub path: PathBuf,
    /// The nodes, in its order.
    pub nodes: Vec<Listed>,
}

/// A node of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Which node.
    pub address: NodeAddress,
    /// What its stream is called; `None` follows the source's template.
    pub name: Option<String>,
    /// How it is sampled, where it differs from the source.
    pub sampling: Sampling,
}

/// Reads a list.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn read_list(text: &str) -> Result<Vec<Listed>, String> {
    let mut rows = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let columns = rows.headers().map_err(|error| error.to_string())?;
    let columns: Vec<usize> = columns.iter().map(column).collect::<Result<_, _>>()?;
    if !columns.contains(&NODE) {
        return Err("line 1: there is no column `node`".to_owned());
    }
    let mut nodes = Vec::new();
    let (mut by_node, mut by_name) = (HashMap::new(), HashMap::new());
    for row in rows.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let at = |message: String| format!("line {line}: {message}");
        let mut cells = [""; COLUMNS.len()];
        for (column, text) in columns.iter().zip(row.iter()) {
            if let Some(cell) = cells.get_mut(*column) {
                *cell = text;
            }
        }
        let listed = listed(cells).map_err(at)?;
        if let Some(first) = by_node.insert(listed.address.to_string(), line) {
            return Err(at(format!("{} is on line {first} already", listed.address)));
        }
        if let Some(name) = &listed.name
            && let Some(first) = by_name.insert(name.clone(), line)
        {
            return Err(at(format!("the name `{name}` is on line {first} already")));
        }
        nodes.push(listed);
    }
    Ok(nodes)
}

/// Writes a list that [`read_list`] reads.
pub fn write_list(nodes: &[Listed]) -> String {
    let mut rows = csv::Writer::from_writer(Vec::new());
    let mut complete = rows.write_record(COLUMNS);
    for listed in nodes {
        let Sampling { interval, queue_size, dead_band, .. } = listed.sampling;
        let band = dead_band.map(|band| match band {
            DeadBand::Absolute(distance) => distance.to_string(),
            DeadBand::Percent(share) => format!("{share} %"),
        });
        let interval = interval.map(|interval| format!("{}ms", interval.as_millis()));
        let cells = [
            listed.address.to_string(),
            listed.name.clone().unwrap_or_default(),
            interval.unwrap_or_default(),
            queue_size.map(|size| size.to_string()).unwrap_or_default(),
            band.unwrap_or_default(),
        ];
        complete = complete.and_then(|()| rows.write_record(&cells));
    }
    // nothing fails that is written to memory
    complete
        .ok()
        .and_then(|()| rows.into_inner().ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

fn column(name: &str) -> Result<usize, String> {
    let lower = name.to_ascii_lowercase();
    COLUMNS.iter().position(|known| *known == lower).ok_or_else(|| match nearest(&lower, COLUMNS) {
        Some(near) => format!("line 1: there is no column `{}`; did you mean `{near}`?", printable(name)),
        None => format!("line 1: there is no column `{}`; there are {}", printable(name), COLUMNS.join(", ")),
    })
}

fn listed([node, name, interval, queue_size, dead_band]: [&str; COLUMNS.len()]) -> Result<Listed, String> {
    let address = node.parse().map_err(|error: crate::Error| error.to_string())?;
    if name != printable(name) {
        return Err("the name is too long or cannot be shown".to_owned());
    }
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let interval = given(interval).map(|text| duration(&text)).transpose()?;
    let wrong = |what: &str, text: &str| format!("{what} `{}` is no number of 1 or more", printable(text));
    let queue_size = match given(queue_size) {
        None => None,
        Some(text) => {
            Some(text.parse().ok().filter(|size| *size > 0).ok_or_else(|| wrong("the queue size", &text))?)
        }
    };
    let dead_band = given(dead_band).map(|text| band(&text)).transpose()?;
    Ok(Listed {
        address,
        name: given(name),
        sampling: Sampling { interval, queue_size, dead_band, ..Sampling::default() },
    })
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    parsed.filter(|duration| *duration <= LONGEST).ok_or_else(|| {
        format!("the sampling interval `{}` is none; write 500ms or 1s, up to a day", printable(text))
    })
}

fn band(text: &str) -> Result<DeadBand, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|band| band.is_finite() && *band >= 0.0);
    let band = match text.strip_suffix('%') {
        Some(share) => number(share).filter(|share| *share <= 100.0).map(DeadBand::Percent),
        None => number(text).map(DeadBand::Absolute),
    };
    band.ok_or_else(|| format!("the dead band `{}` is none; write 0.5 or 1 %", printable(text)))
}

const COLUMNS: [&str; 5] = ["node", "name", "sampling_interval", "queue_size", "dead_band"];
const NODE: usize = 0;
const LONGEST: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_is_written() {
        let text = "# from the old connector\nnode,Name,sampling_interval,queue_size,dead_band\n\
                    \"nsu=urn:p;s=a,b\",\"OPC \"\"UA\"\"\",500ms,20,1.5 %\nnsu=urn:p;i=7\ni=2258,,1s,,0.5\n";
        let nodes = read_list(text).unwrap();
        assert_eq!(nodes.len(), 3);
        assert_eq!(nodes[0].name.as_deref(), Some("OPC \"UA\""));
        let sampling = Sampling {
            interval: Some(Duration::from_millis(500)),
            queue_size: Some(20),
            dead_band: Some(DeadBand::Percent(1.5)),
            ..Sampling::default()
        };
        assert_eq!(nodes[0].sampling, sampling);
        assert_eq!((nodes[1].name.as_ref(), nodes[1].sampling), (None, Sampling::default()));
        assert_eq!(nodes[2].sampling.dead_band, Some(DeadBand::Absolute(0.5)));
        assert_eq!(read_list(&write_list(&nodes)).unwrap(), nodes);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, told) in [
            ("name\nx\n", "there is no column `node`"),
            ("node,nmae\n", "there is no column `nmae`; did you mean `name`?"),
            ("node\ni=85\nns=2;s=x\n", "line 3: "),
            ("node\ni=85\ni=86\ni=85\n", "line 4: i=85 is on line 2 already"),
            ("node,name\ni=85,a\ni=86,a\n", "line 3: the name `a` is on line 2 already"),
            ("node,sampling_interval\ni=85,soon\n", "line 2: the sampling interval `soon`"),
            ("node,queue_size\ni=85,0\n", "line 2: the queue size `0`"),
            ("node,dead_band\ni=85,101 %\n", "line 2: the dead band `101 %`"),
        ] {
            let error = read_list(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}

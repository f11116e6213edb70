//! Writes the case table of certificate validation into folders, for the validators of others to judge:
//! `cargo run -p ua-pki --example cases -- FOLDER`.
//!
//! Each row becomes `FOLDER/<id>_<name>/` with the store in `pki/` and what the peer sends in `<name>.der`;
//! `FOLDER/cases.json` says what to compare with and what we say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    dead_code,
    missing_docs,
    unused_imports,
    reason = "made of the tests, and fails as they do"
)]

#[path = "../tests/factory/mod.rs"]
mod factory;
#[path = "../tests/table/mod.rs"]
mod table;

use std::path::{Path, PathBuf};

use table::{Row, table};
use ua_pki::{Certificate, CertificateRules, Store};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = std::env::args_os().nth(1).map(PathBuf::from).ok_or("usage: cases FOLDER")?;
    let rows = table();
    let described = rows.iter().map(|row| write(&root, row)).collect::<Result<Vec<_>, _>>()?;
    std::fs::write(root.join("cases.json"), format!("[\n{}\n]\n", described.join(",\n")))?;
    Ok(())
}

/// Writes one row, judges it from its folder, and describes it in JSON.
fn write(root: &Path, row: &Row) -> Result<String, Box<dyn std::error::Error>> {
    let case = &row.case;
    let (folder, chain) = (row.folder(), format!("{}.der", case.name));
    let here = root.join(&folder);
    case.write_store(&here.join("pki"))?;
    std::fs::write(here.join(&chain), case.wire())?;
    let ours = match Certificate::chain_from_der(&case.wire()) {
        Ok(presented) => {
            let list = Store::open(here.join("pki"))?.trust_list()?;
            let verdict = case.verdict_with(&presented, &list, &case.suppress);
            verdict.status().map_or("Good", ua_pki::CertificateStatus::name)
        }
        Err(_) => ua_pki::CertificateStatus::Invalid.name(),
    };
    // the texts have neither quotes nor backslashes nor control characters
    let text = |text: Option<&str>| text.map_or_else(|| "null".to_owned(), |text| format!("\"{text}\""));
    let suppress: Vec<_> = case.suppress.iter().map(|status| text(Some(status.name()))).collect();
    Ok(format!(
        "{{\"folder\": {folder:?}, \"id\": {:?}, \"chain\": {chain:?}, \"now\": {:?}, \"epoch\": {}, \"role\": {:?}, \
         \"policy\": {}, \"host\": {}, \"uri\": {}, \"suppress\": [{}], \"unreadable\": {}, \"ours\": {ours:?}, \
         \"because\": {}}}",
        case.id,
        case.now.to_string(),
        case.now.as_second(),
        format!("{:?}", case.role).to_lowercase(),
        text(case.policy.map(CertificateRules::name)),
        text(case.host),
        text(case.uri),
        suppress.join(", "),
        row.unreadable,
        text(row.because),
    ))
}

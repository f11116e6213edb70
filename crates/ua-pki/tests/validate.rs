//! The case table of certificate validation, run against the store and the validator.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod cases;
mod factory;
mod table;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use table::{ELSEWHERE, PAGE, Row, table};
use tempfile::TempDir;
use ua_pki::{Certificate, CertificateStatus, Store, Verdict};

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(table);

/// Runs a check on every row and fails with all that is wrong.
fn every_row(check: impl Fn(&Row) -> Result<(), String>) {
    let wrong: Vec<_> = TABLE
        .iter()
        .filter_map(|row| {
            let because = row.because.map(|why| format!(" ({why})")).unwrap_or_default();
            check(row).err().map(|why| format!("{}{because}: {why}", row.folder()))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), TABLE.len(), wrong.join("\n"));
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, actual: T, expected: T) -> Result<(), String> {
    if actual == expected { Ok(()) } else { Err(format!("{what} is {actual:?}, expected {expected:?}")) }
}

fn statuses(verdict: &Verdict, suppressed: bool) -> Vec<CertificateStatus> {
    let some = verdict.findings().iter().filter(|finding| finding.suppressed == suppressed);
    some.map(|finding| finding.status).collect()
}

fn told(verdict: &Verdict) -> String {
    verdict.findings().iter().map(|finding| format!("\n    {} {}", finding.status, finding.message)).collect()
}

/// The store of a row, in memory where the system has such a folder: hundreds of stores would wait for the disk.
fn laid_out(row: &Row) -> (TempDir, Store) {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    row.case.write_store(folder.path()).unwrap();
    let store = Store::open(folder.path()).unwrap();
    (folder, store)
}

/// The store is laid out in a folder, what the peer sends is parsed and judged, and a refused chain is kept: all as
/// the connector and the server do.
#[test]
fn every_row_has_its_status_its_findings_and_its_rejected_files() {
    every_row(|row| {
        let (_folder, store) = laid_out(row);
        let before: BTreeSet<_> = store.rejected().unwrap().iter().map(Certificate::sha256).collect();
        let chain = Certificate::chain_from_der(&row.case.wire());
        same("readable", chain.is_ok(), !row.unreadable)?;
        let Ok(chain) = chain else { return Ok(()) };
        let verdict = row.case.verdict_with(&chain, &store.trust_list().unwrap(), &row.case.suppress);
        let explained = |why: String| why + &told(&verdict);
        same("the result", verdict.status(), row.findings.first().copied()).map_err(explained)?;
        same("what counts", statuses(&verdict, false), row.findings.clone()).map_err(explained)?;
        same("what is accepted", statuses(&verdict, true), row.accepted.clone()).map_err(explained)?;
        let steps: Vec<_> = verdict.findings().iter().map(|finding| finding.step).collect();
        same("step order", steps.is_sorted(), true)?;
        let good = verdict.clone().into_trusted().is_ok();
        same("the proof", good, row.findings.is_empty())?;
        let mut expected = before;
        if !good {
            store.reject(&chain).unwrap();
            expected.extend(chain.iter().map(Certificate::sha256));
        }
        let after: BTreeSet<_> = store.rejected().unwrap().iter().map(Certificate::sha256).collect();
        same("rejected", after, expected)?;
        same("the rest of the store", store.trust_list().unwrap().generation(), 1)
    });
}

#[test]
fn whatever_may_be_suppressed_can_be_and_nothing_else() {
    every_row(|row| {
        let Ok(chain) = Certificate::chain_from_der(&row.case.wire()) else { return Ok(()) };
        let list = if row.case.files.is_empty() {
            row.case.trust_list()
        } else {
            laid_out(row).1.trust_list().unwrap()
        };
        let verdict = row.case.verdict_with(&chain, &list, &CertificateStatus::ALL);
        same("the result with everything suppressed", verdict.status(), row.insists)?;
        let told = verdict.findings().iter().map(|finding| finding.status);
        let expected = row.case.verdict_with(&chain, &list, &[]);
        same(
            "what is still told",
            told.collect::<Vec<_>>(),
            expected.findings().iter().map(|one| one.status).collect(),
        )
    });
}

#[test]
fn every_case_of_the_catalogue_is_in_the_table_or_says_why_not() {
    let rows: BTreeSet<_> = TABLE.iter().map(|row| row.case.id).collect();
    let elsewhere: BTreeSet<_> = ELSEWHERE.iter().map(|(id, _)| *id).collect();
    let page: BTreeSet<_> = PAGE.iter().copied().collect();
    let missing: Vec<_> = page.iter().filter(|id| !rows.contains(*id) && !elsewhere.contains(*id)).collect();
    assert!(missing.is_empty(), "neither in the table nor explained: {missing:?}");
    let both: Vec<_> = rows.intersection(&elsewhere).collect();
    assert!(both.is_empty(), "in the table and explained away: {both:?}");
    let unknown: Vec<_> =
        rows.iter().chain(&elsewhere).filter(|id| !page.contains(*id) && !id.starts_with("OWN-")).collect();
    assert!(unknown.is_empty(), "not in the catalogue: {unknown:?}");
}

#[test]
fn every_row_has_a_folder_of_its_own() {
    let names: BTreeSet<_> = TABLE.iter().map(Row::folder).collect();
    assert_eq!(names.len(), TABLE.len());
    let safe = |name: &&String| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    assert!(names.iter().all(|name| safe(&name)), "{names:?}");
}

#[test]
fn two_runs_make_the_same_bytes_where_the_signature_allows_it() {
    // ecdsa-with-SHA2: its signatures have a random number in them
    let ecdsa = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
    let repeats = |der: &[u8]| !der.windows(ecdsa.len()).any(|window| window == ecdsa);
    let mut compared = 0;
    for (first, second) in TABLE.iter().zip(&table()) {
        let (first_wire, second_wire) = (first.case.wire(), second.case.wire());
        if repeats(&first_wire) {
            assert!(first_wire == second_wire, "{}", first.folder());
            compared += 1;
        }
        let trusted = first.case.trusted.iter().zip(&second.case.trusted);
        for (one, other) in trusted.filter(|(one, _)| repeats(one.der())) {
            assert!(one == other, "{}", first.folder());
        }
    }
    assert!(compared > 200, "only {compared} rows");
}

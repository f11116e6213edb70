//! What `docs/command-line.md` promises to scripts is what the code does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::path::Path;

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/command-line.md")).unwrap()
}

fn sources(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            into.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_schema_is_on_the_page_and_every_one_on_the_page_exists() {
    let mut code = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands"), &mut code);
    let mut used: Vec<&str> = ["answer(\"", "document(\"", "report(context, \""]
        .into_iter()
        .flat_map(|call| code.split(call).skip(1).map(|rest| rest.split('"').next().unwrap()))
        .collect();
    // of commands that answer with lines
    used.extend(code.split("schema: \"lockgate/").skip(1).map(|rest| rest.split('/').next().unwrap()));
    used.sort_unstable();
    used.dedup();
    let page = page();
    let mut promised: Vec<&str> =
        page.split("`lockgate/").skip(1).map(|rest| rest.split('/').next().unwrap()).collect();
    promised.sort_unstable();
    promised.dedup();
    assert_eq!(used, promised);
}

#[test]
fn every_exit_code_of_the_help_is_on_the_page() {
    let help = assert_cmd::Command::cargo_bin("lockgate").unwrap().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let listed = help.split("Exit codes:").nth(1).unwrap();
    let mut codes = 0;
    for line in listed.lines().filter(|line| !line.trim().is_empty()) {
        let number = line.split_whitespace().next().unwrap();
        assert!(page().contains(&format!("\n| {number} | ")), "{number}");
        codes += 1;
    }
    assert_eq!(codes, 11);
}

//! `lockgate select`: what is collected, seen beforehand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use common::plant::Plant;
use common::{Lab, Screen};

/// A lab with a source that works.
fn connected() -> (Lab, Plant) {
    let lab = Lab::initialised();
    let plant = Plant::start(&lab);
    let add = [
        "source",
        "add",
        "line1",
        &plant.url,
        "--user",
        "operator",
        "--password-stdin",
        "--trust",
        &plant.thumbprint,
    ];
    assert_eq!(lab.run_with_input(&add, "practise\n").code, 6);
    let shown = lab.run(&["--json", "cert", "show"]).json();
    plant.trust(&lab, shown["certificates"][0]["thumbprint"].as_str().unwrap());
    let checked = lab.run(&["source", "check", "line1"]);
    assert_eq!(checked.code, 0, "{}", checked.page());
    (lab, plant)
}

fn configuration(lab: &Lab) -> String {
    std::fs::read_to_string(lab.path().join("lockgate.toml")).unwrap()
}

fn count(screen: &Screen, key: &str) -> u64 {
    screen.json()[key].as_u64().unwrap()
}

#[test]
fn patterns_are_tried_first_written_then_and_shown_after_that() {
    let (lab, _plant) = connected();
    let all = lab.run(&["--json", "select", "line1"]);
    assert_eq!(all.code, 0, "{}", all.page());
    assert_eq!(count(&all, "picked"), count(&all, "found"));
    let before = configuration(&lab);

    let patterns = ["--include", "Plant/Mixing/**", "--include", "Plant/Filling/**", "--exclude", "**/State"];
    let select = |more: &[&str]| {
        let words: Vec<&str> =
            ["select", "line1"].into_iter().chain(patterns).chain(more.iter().copied()).collect();
        lab.run(&words)
    };
    let tried = select(&["--dry-run"]);
    assert_eq!(tried.code, 0, "{}", tried.page());
    assert_page!(tried);
    assert_eq!(configuration(&lab), before, "only tried");

    let written = select(&["--json"]);
    assert_eq!(written.code, 0, "{}", written.page());
    assert_eq!(written.json()["written"], true);
    assert!(count(&written, "picked") < count(&written, "found"));
    assert!(configuration(&lab).contains("Plant/Mixing/**"));
    let now = lab.run(&["--json", "select", "line1"]);
    assert_eq!(now.json()["streams"], written.json()["streams"]);
    assert_eq!(now.json()["rules"][0]["action"], "exclude");

    let again = select(&[]);
    assert_eq!(again.code, 2, "{}", again.page());
    assert!(again.stderr.contains("--replace"), "{}", again.page());
    assert_eq!(select(&["--replace"]).code, 0);
}

#[test]
fn what_picks_nothing_or_is_no_pattern_changes_nothing() {
    let (lab, _plant) = connected();
    let before = configuration(&lab);
    let nothing = lab.run(&["select", "line1", "--include", "Plnat/**"]);
    assert_eq!(nothing.code, 2, "{}", nothing.page());
    assert!(nothing.stderr.contains("lockgate browse line1"), "{}", nothing.page());
    let tried = lab.run(&["select", "line1", "--include", "Plnat/**", "--dry-run"]);
    assert_eq!(tried.code, 8, "{}", tried.page());
    let wrong = lab.run(&["select", "line1", "--include", "Plant["]);
    assert_eq!(wrong.code, 2, "{}", wrong.page());
    assert!(wrong.stderr.contains("is no pattern"), "{}", wrong.page());
    assert_eq!(lab.run(&["select", "nowhere"]).code, 3);
    assert_eq!(configuration(&lab), before);
}

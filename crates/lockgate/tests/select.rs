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
    connect(&lab, &plant);
    (lab, plant)
}

fn connect(lab: &Lab, plant: &Plant) {
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
    plant.trust(lab, shown["certificates"][0]["thumbprint"].as_str().unwrap());
    let checked = lab.run(&["source", "check", "line1"]);
    assert_eq!(checked.code, 0, "{}", checked.page());
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

/// Namespace index of the plant's own nodes, as `browse` shows it.
fn plant_namespace(lab: &Lab) -> String {
    let namespaces = lab.run(&["--json", "read", "line1", "i=2255"]).json();
    let uris = namespaces["nodes"][0]["value"].as_array().unwrap().clone();
    uris.iter().position(|uri| uri == "urn:lockgate:plant:model").unwrap().to_string()
}

#[test]
fn the_list_of_another_connector_is_taken_over_under_the_names_it_gave() {
    let (lab, _plant) = connected();
    let ns = plant_namespace(&lab);
    let table = format!(
        "NodeId,CustomStreamId,SamplingInterval,QueueSize,MonitoringMode\n\
         ns={ns};s=Counter0001,SINUSOID,250,20,Reporting\nns={ns};s=Counter0002,,,,\nns={ns};s=Counter0003,x,,,Disabled\n\
         ns=99;i=1,,,,\nns={ns};s=Plant.Mixing.Line1.Mixer1.RoomTemperature,Room,,,\n"
    );
    let file = lab.path().join("pi.csv");
    std::fs::write(&file, table).unwrap();
    let file = file.display().to_string();
    let before = configuration(&lab);
    let tried = lab.run(&["select", "line1", "--import", &file, "--dry-run"]);
    assert_eq!(tried.code, 0, "{}", tried.page());
    for part in
        ["a PI Connector node table: 3 nodes, 1 are not selected there", "left out: ns=99;i=1", "SINUSOID"]
    {
        assert!(tried.stdout.contains(part), "{part}: {}", tried.page());
    }
    assert_eq!(configuration(&lab), before, "only tried");
    assert!(!lab.path().join("line1.nodes.csv").exists());

    let written = lab.run(&["--json", "select", "line1", "--import", &file]);
    assert_eq!(written.code, 0, "{}", written.page());
    let shown = written.json();
    assert_eq!(
        (shown["picked"].as_u64(), shown["import"]["not_selected"].as_u64()),
        (Some(3), Some(1)),
        "{shown}"
    );
    assert!(configuration(&lab).contains("nodes = \"line1.nodes.csv\""));
    let again = lab.run(&["select", "line1", "--import", &file]);
    assert_eq!(again.code, 2, "{}", again.page());
    assert!(again.stderr.contains("--replace"), "{}", again.page());

    let ran = lab.run(&["run", "--for", "4s"]);
    assert_eq!(ran.code, 0, "{}", ran.page());
    let streams = lab.run(&["--json", "streams"]).json();
    let streams = streams["streams"].as_array().unwrap().clone();
    let mut names: Vec<&str> = streams.iter().map(|stream| stream["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Room", "SINUSOID", "line1.Counter0002"]);
    let room = streams.iter().find(|stream| stream["name"] == "Room").unwrap();
    assert_eq!((room["unit"].as_str(), room["range"]["high"].as_f64()), (Some("°C"), Some(60.0)), "{room}");
    assert!(!lab.run(&["--json", "query", "SINUSOID"]).json()["samples"].as_array().unwrap().is_empty());

    let ages = lab.run(&["streams", "--age"]);
    let lines: Vec<&str> = ages.stdout.lines().collect();
    assert!(lines[0].contains("AGE") && lines[1].starts_with("Room "), "the oldest first: {}", ages.page());
    assert!(lines[1].contains("Good"), "{}", ages.page());
    let old = lab.run(&["--json", "streams", "--older-than", "1d"]).json();
    assert_eq!(old["streams"].as_array().unwrap().len(), 0, "{old}");
}

#[test]
fn a_file_that_is_no_list_and_a_list_with_a_mistake_are_told() {
    let (lab, _plant) = connected();
    let file = lab.path().join("other.json");
    std::fs::write(&file, "[{\"a\": 1}]").unwrap();
    let refused = lab.run(&["select", "line1", "--import", &file.display().to_string()]);
    assert_eq!(refused.code, 2, "{}", refused.page());
    assert!(refused.stderr.contains("neither `nodeId`"), "{}", refused.page());
    let text = configuration(&lab).replace("[[source]]", "[[source]]\nnodes = \"mine.csv\"");
    std::fs::write(lab.path().join("lockgate.toml"), text).unwrap();
    std::fs::write(lab.path().join("mine.csv"), "node\nns=2;s=x\n").unwrap();
    let checked = lab.run(&["config", "check"]);
    assert_eq!(checked.code, 3, "{}", checked.page());
    assert!(checked.stderr.contains("mine.csv, line 2"), "{}", checked.page());
}

#[test]
fn what_changed_on_a_server_is_shown_with_the_streams_that_it_means_and_taken_over() {
    let lab = Lab::initialised();
    let mut plant = Plant::start_elsewhere();
    connect(&lab, &plant);
    let nothing = lab.run(&["diff", "line1"]);
    assert_eq!(nothing.code, 3, "{}", nothing.page());
    let ran = lab.run(&["run", "--for", "3s"]);
    assert_eq!(ran.code, 0, "{}", ran.page());
    let same = lab.run(&["diff", "line1", "--check"]);
    assert_eq!(same.code, 0, "{}", same.page());
    assert!(same.page().contains("nodes, as they were at"), "{}", same.page());

    plant.kill();
    plant.start_again_with(&["--counters", "5", "--specimens"]);
    let shown = lab.run(&["diff", "line1"]);
    assert_eq!(shown.code, 0, "it only shows\n{}", shown.page());
    let page = shown.page();
    for line in [
        "5 came, 0 went, 0 changed",
        "  + Plant/Specimens/  nsu=urn:lockgate:plant:model;s=Plant.Specimens",
        "  + Plant/Specimens/Report  nsu=urn:lockgate:plant:model;s=Plant.Specimens.Report",
        "streams: 4 more, 0 without a node, 0 renamed",
        "  + line1.Plant.Specimens.Report",
    ] {
        assert!(page.contains(line), "{line} is not in\n{page}");
    }
    let checked = lab.run(&["--json", "diff", "line1", "--check"]);
    assert_eq!((checked.code, checked.json()["accepted"].as_bool()), (8, Some(false)), "{}", checked.page());
    assert_eq!(checked.json()["streams"]["added"].as_array().map(Vec::len), Some(4));
    assert_eq!(lab.run(&["diff", "line1", "--accept"]).code, 0);
    assert_eq!(lab.run(&["diff", "line1", "--check"]).code, 0, "it is taken over");
}

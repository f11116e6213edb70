//! Talking to one server without a configuration: `doctor`, `browse`, `read` on a bare URL, against `lockgate simulate`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use common::plant::{Plant, binary};
use common::{Lab, Screen};

const PKI: [&str; 2] = ["--pki", "ours"];
const USER: [&str; 2] = ["--user", "operator"];

fn ask(lab: &Lab, command: &str, url: &str, more: &[&str], password: &str) -> Screen {
    let words: Vec<&str> =
        [command, url].into_iter().chain(PKI).chain(USER).chain(more.iter().copied()).collect();
    lab.run_with_input(&words, password)
}

fn our_thumbprint(lab: &Lab) -> String {
    let shown = lab.run(&["--json", "cert", "show", "--pki", "ours"]).json();
    shown["certificates"][0]["thumbprint"].as_str().unwrap().to_owned()
}

/// The result of each step that was tried.
fn steps(screen: &Screen) -> Vec<(String, String)> {
    let report = screen.json();
    let word = |step: &serde_json::Value, key: &str| step[key].as_str().unwrap().to_owned();
    report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (word(step, "step"), word(step, "result")))
        .collect()
}

fn failed(screen: &Screen) -> String {
    steps(screen).into_iter().find(|(_, result)| result == "failed").map(|(step, _)| step).unwrap_or_default()
}

/// A lab without a configuration, with trust on both sides.
fn trusting() -> (Lab, Plant) {
    trusting_with(Plant::start_elsewhere())
}

fn trusting_with(plant: Plant) -> (Lab, Plant) {
    let lab = Lab::empty();
    let first = ask(&lab, "doctor", &plant.url, &[], "practise\n");
    assert_eq!(first.code, 5, "{}", first.page());
    assert_eq!(lab.run(&["trust", "accept", &plant.thumbprint, "--pki", "ours"]).code, 0);
    assert_eq!(ask(&lab, "doctor", &plant.url, &[], "practise\n").code, 6);
    plant.trust(&lab, &our_thumbprint(&lab));
    (lab, plant)
}

#[test]
fn the_doctor_stops_at_the_first_thing_that_is_wrong_and_says_what_mends_it() {
    let (lab, plant) = (Lab::empty(), Plant::start_elsewhere());
    let words: Vec<&str> = ["doctor", plant.url.as_str()].into_iter().chain(PKI).collect();
    let nobody = lab.run(&words);
    assert_eq!(nobody.code, 7, "{}", nobody.page());
    assert!(nobody.stderr.contains("--user USER"), "{}", nobody.page());

    let distrust = ask(&lab, "doctor", &plant.url, &[], "practise\n");
    assert_eq!(distrust.code, 5, "{}", distrust.page());
    assert!(distrust.stdout.contains("FAILED  certificate"), "{}", distrust.page());
    assert!(distrust.stderr.contains("trust accept"), "{}", distrust.page());
    assert_eq!(lab.run(&["trust", "accept", &plant.thumbprint, "--pki", "ours"]).code, 0);

    let untrusted = ask(&lab, "doctor", &plant.url, &["--json"], "practise\n");
    assert_eq!((untrusted.code, failed(&untrusted).as_str()), (6, "channel"));
    let error = &untrusted.json()["error"];
    assert_eq!(error["code"], "trust.server_does_not_trust_us");
    plant.trust(&lab, &our_thumbprint(&lab));

    let wrong = ask(&lab, "doctor", &plant.url, &["--json"], "wrong\n");
    assert_eq!((wrong.code, failed(&wrong).as_str()), (7, "login"));

    let well = ask(&lab, "doctor", &plant.url, &["--json"], "practise\n");
    assert_eq!((well.code, failed(&well).as_str()), (0, ""), "{}", well.page());
    assert_eq!(well.json()["rights"]["may_write"], 0);
}

#[test]
fn a_kind_of_login_that_is_not_offered_is_named_before_anything_is_sent() {
    let (lab, plant) = trusting();
    let key = lab.path().join("ours/own/private").read_dir().unwrap().next().unwrap().unwrap().path();
    let certificate = lab.path().join("ours/own/certs").read_dir().unwrap().next().unwrap().unwrap().path();
    let words = ["doctor", &plant.url, "--pki", "ours", "--json", "--user-cert"];
    let words = [&words[..], &[certificate.to_str().unwrap(), "--user-key", key.to_str().unwrap()]].concat();
    let screen = lab.run(&words);
    assert_eq!(screen.code, 7, "{}", screen.page());
    assert_eq!(screen.json()["error"]["code"], "login.not_offered", "{}", screen.page());
    assert_eq!(failed(&screen), "endpoints", "{}", screen.page());
    assert!(
        screen.stderr.contains("does not offer login by user certificate; it offers user name"),
        "{}",
        screen.page()
    );
}

#[test]
fn the_doctor_tells_a_name_that_leads_nowhere_from_a_port_that_is_closed() {
    let lab = Lab::empty();
    let nowhere = lab.run(&["doctor", "opc.tcp://no-such-host.invalid", "--pki", "ours", "--json"]);
    assert_eq!((nowhere.code, failed(&nowhere).as_str()), (4, "name"), "{}", nowhere.page());
    // bound and not listening: nothing else can take it meanwhile
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let closed = lab.run(&["doctor", &format!("opc.tcp://127.0.0.1:{port}"), "--pki", "ours", "--json"]);
    assert_eq!((closed.code, failed(&closed).as_str()), (4, "tcp"), "{}", closed.page());
}

#[test]
fn nodes_are_found_by_browsing_and_read_by_id_uri_and_path() {
    let (lab, plant) = trusting();
    let browsed = ask(&lab, "browse", &plant.url, &["--depth", "4", "--json"], "practise\n");
    assert_eq!(browsed.code, 0, "{}", browsed.page());
    let tree = browsed.json();
    let nodes = tree["nodes"].as_array().unwrap();
    let variable = nodes
        .iter()
        .find(|node| node["node_class"] == "Variable" && node["node_id"].as_str().unwrap().starts_with("ns="))
        .unwrap_or_else(|| panic!("{}", browsed.page()));
    let forms = ["node_id", "expanded_node_id", "path"].map(|form| variable[form].as_str().unwrap());
    let read = ask(&lab, "read", &plant.url, &[forms[0], forms[1], forms[2], "--json"], "practise\n");
    assert_eq!(read.code, 0, "{}", read.page());
    let answers = read.json();
    for answer in answers["nodes"].as_array().unwrap() {
        assert_eq!(answer["node_id"], variable["node_id"]);
        assert_eq!(answer["status"], "Good");
        let digits = answer["source_time"].as_str().unwrap().split('.').nth(1).unwrap().len();
        assert_eq!(digits, "1234567Z".len());
    }
    let names =
        ask(&lab, "read", &plant.url, &[forms[0], "--attribute", "browsename", "--json"], "practise\n");
    assert_eq!(names.json()["nodes"][0]["value"], variable["browse_name"], "{}", names.page());
}

#[test]
fn one_bad_node_harms_one_node() {
    let (lab, plant) = trusting();
    let nodes = ["i=2258", "ns=1;s=nowhere", "nsu=urn:nowhere;s=x", "/Objects/9:Nowhere"];
    let read = ask(&lab, "read", &plant.url, &[&nodes[..], &["--json"]].concat(), "practise\n");
    assert_eq!(read.code, 8, "{}", read.page());
    let answers = read.json();
    let status: Vec<&str> = (0..4).map(|at| answers["nodes"][at]["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["Good", "BadNodeIdUnknown", "BadNodeIdUnknown", "BadNodeIdUnknown"]);
    assert!(answers["nodes"][2]["problem"].as_str().unwrap().contains("urn:nowhere"));
}

#[test]
fn what_is_no_node_no_attribute_or_no_store_is_told_before_anything_is_sent() {
    let lab = Lab::empty();
    let url = "opc.tcp://127.0.0.1:1";
    assert_eq!(lab.run(&["read", url, "--pki", "ours", "nonsense"]).code, 2);
    assert_eq!(lab.run(&["read", url, "--pki", "ours", "i=1", "--attribute", "Colour"]).code, 2);
    let nowhere = lab.run(&["read", url, "i=1"]);
    assert_eq!(nowhere.code, 3, "{}", nowhere.page());
    assert!(nowhere.stderr.contains("--pki DIR"), "{}", nowhere.page());
    assert!(!lab.path().join("ours").exists());
    let with_source = lab.run(&["read", "line1", "i=1"]);
    assert_eq!(with_source.code, 3, "{}", with_source.page());
}

/// The path of a counter of the plant: it changes twice a second.
fn counter(lab: &Lab, plant: &Plant) -> String {
    let browsed = ask(lab, "browse", &plant.url, &["--depth", "5", "--json"], "practise\n").json();
    let nodes = browsed["nodes"].as_array().unwrap();
    let is_counter = |path: &str| path.contains("Counter") && !path.contains("Counters/2:Counter/");
    let found = nodes
        .iter()
        .find(|node| node["node_class"] == "Variable" && is_counter(node["path"].as_str().unwrap()));
    found.unwrap_or_else(|| panic!("{browsed}"))["path"].as_str().unwrap().to_owned()
}

#[test]
fn watch_goes_on_when_the_server_was_killed_and_tells_the_gap() {
    let (lab, mut plant) = trusting();
    let node = counter(&lab, &plant);
    let mut watching = binary(&lab)
        .args(["watch", &plant.url, "--pki", "ours", "--user", "operator", "--json", "--for", "60s", &node])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    watching.stdin.take().unwrap().write_all(b"practise\n").unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut next = |wanted: &str| loop {
        let line: serde_json::Value = serde_json::from_str(&lines.next().expect(wanted).unwrap()).unwrap();
        if line["event"] == wanted {
            return line;
        }
    };
    let subscribed = next("subscribed");
    assert_eq!(subscribed["schema"], "lockgate/watch/1");
    assert_eq!(subscribed["nodes"][0]["status"], "Good");
    let first = next("value");
    plant.kill();
    next("disconnected");
    plant.start_again();
    assert_eq!(next("reconnected")["how"], "with a new subscription");
    let gap = next("gap");
    assert!(gap["from"].as_str().unwrap() < gap["to"].as_str().unwrap(), "{gap}");
    let later = next("value");
    assert_eq!(later["node_id"], first["node_id"]);
    watching.kill().unwrap();
    watching.wait().unwrap();
}

#[test]
fn watch_ends_by_itself_and_says_which_node_it_could_not_watch() {
    let (lab, plant) = trusting();
    let watched = ask(&lab, "watch", &plant.url, &["i=2258", "ns=1;s=nowhere", "--for", "2s"], "practise\n");
    assert_eq!(watched.code, 8, "{}", watched.page());
    assert!(watched.stdout.contains("ns=1;s=nowhere: NOT WATCHED: BadNodeIdUnknown"), "{}", watched.page());
    assert!(watched.stdout.contains("i=2258  20"), "{}", watched.page());
}

#[test]
fn history_that_a_server_does_not_keep_is_said_to_be_none() {
    let (lab, plant) = trusting();
    let asked = ask(&lab, "history", &plant.url, &["i=2258", "nsu=urn:nowhere;s=x", "--json"], "practise\n");
    assert_eq!(asked.code, 8, "{}", asked.page());
    assert!(asked.stdout.contains("urn:nowhere"), "{}", asked.page());
    let nonsense = ask(&lab, "history", &plant.url, &["i=2258", "--aggregate", "Mood", "--every", "1m"], "");
    assert_eq!(nonsense.code, 2, "{}", nonsense.page());
    assert!(nonsense.stderr.contains("Average"), "{}", nonsense.page());
}

#[test]
fn structures_show_their_fields_and_enumerations_their_names() {
    let (lab, plant) = trusting_with(Plant::start_with_specimens());
    let nodes =
        ["Report", "Mode", "Profile", "Grid"].map(|name| format!("/Objects/2:Plant/2:Specimens/2:{name}"));
    let nodes: Vec<&str> = nodes.iter().map(String::as_str).chain(["i=2256", "i=2259"]).collect();
    let read = ask(&lab, "read", &plant.url, &[&nodes[..], &["--json"]].concat(), "practise\n");
    assert_eq!(read.code, 0, "{}", read.page());
    let answers = read.json()["nodes"].clone();
    let report = &answers[0]["value"];
    let k = report["Number"].as_i64().unwrap();
    assert_eq!(answers[0]["data_type"], "BatchReport");
    let modes = ["Stopped", "Manual", "Automatic"];
    let mode = |k: i64| serde_json::json!({ "number": k % 3, "name": modes[k as usize % 3] });
    assert_eq!(report["Mode"], mode(k));
    assert_eq!(report["Weights"], serde_json::json!([k as f64, k as f64 + 0.5]));
    assert_eq!(report.get("Remark").is_some(), k % 2 == 0);
    let number = answers[1]["value"]["number"].as_i64().unwrap();
    assert_eq!(answers[1]["value"], mode(number));
    assert_eq!(answers[1]["data_type"], "Int32");
    assert_eq!(answers[3]["value"].as_array().unwrap().len(), 2);
    assert_eq!(answers[3]["data_type"], "Int32[2,3]");
    assert_eq!(answers[4]["value"]["State"]["name"], "Running", "{}", read.page());
    assert_eq!(answers[5]["value"]["name"], "Running", "{}", read.page());
    for (command, more) in [("read", &[][..]), ("watch", &["--for", "2s"]), ("history", &["--limit", "3"])] {
        let shown = ask(&lab, command, &plant.url, &[&nodes[..2], more].concat(), "practise\n");
        assert_eq!(shown.code, 0, "{}", shown.page());
        let has = |text: &str| shown.stdout.contains(text);
        assert!(has("{Number: ") && has("Weights: ["), "{}", shown.page());
        assert!(modes.iter().zip(0..).any(|(name, at)| has(&format!("{name} ({at})  "))), "{}", shown.page());
        assert!(!has("ByteString"), "{}", shown.page());
    }
}

#[test]
fn watch_of_a_notifier_shows_events_beside_values() {
    let (lab, plant) = trusting();
    let nodes = ["i=2253", "i=2258", "/Objects/2:Plant"];
    let more = [&nodes[..], &["--for", "5s", "--json"]].concat();
    let watched = ask(&lab, "watch", &plant.url, &more, "practise\n");
    assert_eq!(watched.code, 8, "{}", watched.page());
    let lines: Vec<serde_json::Value> =
        watched.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds = ["events", "values", "values"];
    let subscribed = &lines[0];
    assert_eq!([0, 1, 2].map(|at| subscribed["nodes"][at]["kind"].as_str().unwrap()), kinds);
    assert_eq!(subscribed["condition_refresh"], "Good", "{}", watched.page());
    let problem = subscribed["nodes"][2]["problem"].as_str().unwrap();
    assert!(problem.contains("reports no events"), "{problem}");
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).collect::<Vec<_>>();
    assert!(!of("value").is_empty(), "{}", watched.page());
    let events = of("event");
    assert!(events.len() >= 2, "{}", watched.page());
    for event in events {
        assert_eq!((event["node"].as_str(), event["source"].as_str()), (Some("i=2253"), Some("Filler1")));
        assert!(event["message"].as_str().unwrap().contains(" "), "{event}");
        assert!((100..=900).contains(&event["severity"].as_i64().unwrap()), "{event}");
        assert!(event["time"].as_str().unwrap().ends_with('Z'), "{event}");
        assert!(event["event_id"].as_str().unwrap().len() == 32, "{event}");
        assert!(event.get("condition").is_none(), "{event}");
    }
    let states: Vec<&str> = of("refresh").iter().map(|line| line["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["start", "end"], "{}", watched.page());
    let text = ask(&lab, "watch", &plant.url, &["i=2253", "--for", "3s"], "practise\n");
    assert!(text.stdout.contains("i=2253: its events, queue"), "{}", text.page());
    assert!(text.stdout.contains("  Filler1: "), "{}", text.page());
}

#[test]
fn what_a_login_may_do_is_what_its_role_gives_it_and_a_user_added_meanwhile_is_let_in_until_removed() {
    let (lab, plant) = trusting_with(Plant::start_with_control());
    let read = |user: &str, password: &str, name: &str| {
        let node = format!("nsu=urn:lockgate:plant:model;s=Plant.Control.{name}");
        let words =
            ["read", &plant.url, &node, "--pki", "ours", "--user", user, "--password-stdin", "--json"];
        let screen = lab.run_with_input(&words, password);
        match screen.json().pointer("/nodes/0/status") {
            Some(status) => status.as_str().unwrap().to_owned(),
            None => format!("exit {}", screen.code),
        }
    };
    let may_write = |user: &str| {
        let words = ["doctor", &plant.url, "--pki", "ours", "--user", user, "--password-stdin", "--json"];
        lab.run_with_input(&words, "practise\n").json()["rights"]["may_write"].clone()
    };
    assert_eq!([may_write("observer"), may_write("operator"), may_write("engineer")], [0, 2, 4]);
    assert_eq!(read("operator", "practise\n", "Recipe"), "BadNodeIdUnknown");
    assert_eq!(read("engineer", "practise\n", "Recipe"), "Good");
    assert_eq!(read("engineer", "practise\n", "Command"), "BadNotReadable");
    assert_eq!(read("admin", "practise\n", "Speed"), "BadUserAccessDenied");

    let home = plant.home();
    let added = home.run_with_input(
        &["--json", "simulate", "user", "add", "anna", "--role", "Engineer", "--password-stdin"],
        "geheim\n",
    );
    assert_eq!(added.json()["users"][5]["roles"][0], "Engineer", "{}", added.page());
    let hashes = std::fs::read_to_string(home.path().join("plant/users.json")).unwrap();
    assert!(hashes.contains("$argon2id$") && !hashes.contains("geheim"));
    let until = |wanted: &str| {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while read("anna", "geheim\n", "Recipe") != wanted {
            assert!(std::time::Instant::now() < end, "not {wanted} yet");
        }
    };
    until("Good");
    assert_eq!(home.run(&["simulate", "user", "remove", "anna"]).code, 0);
    until("exit 7");
}

#[test]
fn the_plant_writes_down_who_came_and_was_refused_and_no_password() {
    let (lab, plant) = trusting_with(Plant::start_elsewhere());
    assert_eq!(ask(&lab, "doctor", &plant.url, &[], "not-the-password\n").code, 7);
    assert_eq!(ask(&lab, "doctor", &plant.url, &[], "practise\n").code, 0);
    let log = std::fs::read_to_string(plant.home().path().join("plant/audit.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |message: &str| lines.iter().find(|line| line["message"] == message).unwrap();
    assert_eq!(of("login refused")["user"], "operator");
    assert_eq!(of("login refused")["status"], "BadUserAccessDenied");
    assert_eq!(
        of("user logged in")["details"]["Roles"].as_str().unwrap().rsplit(' ').next(),
        Some("Operator")
    );
    let untrusted = of("certificate refused: BadCertificateUntrusted");
    assert_eq!(untrusted["event"], "AuditCertificateUntrustedEventType");
    assert_eq!(untrusted["thumbprint"].as_str().unwrap(), our_thumbprint(&lab).replace(':', ""));
    assert!(lines.iter().all(|line| line["schema"] == "lockgate/simulate-audit/1"));
    assert!(!log.contains("practise") && !log.contains("not-the-password"));
}

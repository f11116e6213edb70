//! Commands that are suggested reach what the command before them reached: `--config` and `--pki` are repeated as given.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use common::plant::{Plant, binary};
use common::{Lab, Screen};
use connector::SourceStatus;
use tagstore::{Journal, JournalOptions};

const COMMANDS: [&str; 12] = [
    "ca", "cert", "discover", "doctor", "gaps", "init", "login", "run", "source", "status", "streams",
    "trust",
];

/// The lines that are commands to copy, without their place on the screen.
fn commands(screen: &Screen) -> Vec<String> {
    let all = format!("{}{}", screen.stdout, screen.stderr);
    let begins = |rest: &str| COMMANDS.contains(&rest.split(' ').next().unwrap());
    let at = |line: &str| {
        let (_, rest) = line.split_once(" lockgate ").filter(|(_, rest)| begins(rest))?;
        Some(format!("lockgate {}", rest.trim_end()))
    };
    all.lines().filter_map(at).collect()
}

/// Every command in `found` ends with `options`, and there is one.
fn all_end_with(screen: &Screen, options: &str) {
    let found = commands(screen);
    assert!(!found.is_empty(), "{}", screen.page());
    for command in found {
        assert!(command.ends_with(options), "{command}\n{}", screen.page());
    }
}

/// A lab whose configuration is not where it would be looked for.
fn elsewhere() -> Lab {
    let lab = Lab::empty();
    let made = lab.run(&["init", "--config", "etc/plant 3.toml", "--application-uri", "urn:test:lockgate"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    all_end_with(&made, "--config 'etc/plant 3.toml'");
    lab
}

const CONFIG: [&str; 2] = ["--config", "etc/plant 3.toml"];

fn with_config(lab: &Lab, command: &[&str]) -> Screen {
    lab.run(&[command, &CONFIG].concat())
}

#[test]
fn failures_about_a_configuration_that_was_named_name_it_again() {
    let lab = elsewhere();
    let unknown = "AB".repeat(20);
    for command in [
        vec!["status"],
        vec!["run"],
        vec!["source", "list"],
        vec!["source", "show", "line1"],
        vec!["trust", "show", "AB:CD"],
        vec!["trust", "accept", &unknown],
        vec!["cert", "create"],
        vec!["cert", "use", "next"],
        vec!["gaps"],
        vec!["ca", "list"],
    ] {
        all_end_with(&with_config(&lab, &command), "--config 'etc/plant 3.toml'");
    }
}

#[test]
fn a_configuration_named_on_the_command_line_is_repeated_although_the_environment_names_another() {
    let lab = elsewhere();
    let ask = |args: &[&str]| {
        let mut command = binary(&lab);
        let output = command.args(args).env("LOCKGATE_CONFIG", "etc/other.toml").output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let named = ask(&["source", "list", "--config", "etc/plant 3.toml"]);
    assert!(named.contains("lockgate source add NAME URL --config 'etc/plant 3.toml'"), "{named}");
    let by_environment = ask(&["source", "list"]);
    assert!(by_environment.lines().any(|line| line.trim() == "lockgate init"), "{by_environment}");
}

#[test]
fn the_next_step_of_a_source_is_spelled_for_who_reads_it() {
    let lab = elsewhere();
    let config = lab.path().join("etc/plant 3.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    text.push_str("\n[[source]]\nname = \"line1\"\nurl = \"opc.tcp://plc1\"\npolicy = \"Basic256Sha256\"\nmode = \"SignAndEncrypt\"\n");
    std::fs::write(&config, text).unwrap();
    let now = jiff::Timestamp::now();
    let status: SourceStatus = serde_json::from_value(serde_json::json!({
        "schema": SourceStatus::SCHEMA, "source": "line1", "url": "opc.tcp://plc1:4840",
        "state": "server-not-trusted", "since": now, "updated": now,
        "detail": "the server's certificate is not trusted", "error_code": "trust.server_certificate_untrusted",
        "next_step": [{ "say": "compare, then run: " }, { "run": ["trust", "accept", "AB"] }],
        "policy": "Basic256Sha256", "mode": "SignAndEncrypt", "streams": 0, "streams_refused": 0,
        "values_total": 0, "values_per_second": 0.0, "acknowledged": [], "gaps_found": 0, "gaps_open": 0,
        "reconnects": 0, "danger": [],
    }))
    .unwrap();
    let data = lab.path().join("etc/data");
    std::fs::create_dir_all(&data).unwrap();
    let mut journal = Journal::open(data.join(tagstore::JOURNAL_FILE), JournalOptions::default()).unwrap();
    journal.set_source_status("line1", &status.to_json(), now.into()).unwrap();
    let wanted = "compare, then run: lockgate trust accept AB --config 'etc/plant 3.toml'";
    let shown = with_config(&lab, &["status"]);
    assert!(shown.stdout.contains(wanted), "{}", shown.page());
    let json = with_config(&lab, &["status", "--json"]).json();
    assert_eq!(json["sources"][0]["next_step"], wanted);
}

#[test]
fn what_is_wrong_in_a_configuration_is_mended_with_a_command_that_reaches_it() {
    let lab = elsewhere();
    let config = lab.path().join("etc/plant 3.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    text.push_str("\n[[source]]\nname = \"line1\"\nurl = \"opc.tcp://plc1\"\npolicy = \"Basic256Sha256\"\nmode = \"SignAndEncrypt\"\nuser = \"reader\"\n");
    std::fs::write(&config, text).unwrap();
    all_end_with(&with_config(&lab, &["status"]), "--config 'etc/plant 3.toml'");
}

#[test]
fn a_store_that_was_named_is_named_again_until_the_server_is_trusted_in_it() {
    let lab = Lab::empty();
    let plant = Plant::start_elsewhere();
    let url = plant.url.as_str();
    for command in ["doctor", "browse"] {
        let refused =
            lab.run_with_input(&[command, url, "--user", "operator", "--pki", "my pki"], "practise\n");
        assert_eq!(refused.code, 5, "{}", refused.page());
        all_end_with(&refused, "--pki 'my pki'");
    }
    let read = lab.run_with_input(
        &["read", url, "i=2258", "--user", "operator", "--pki", "my pki", "--json"],
        "practise\n",
    );
    let next = read.json()["next"].to_string();
    let accept = format!("lockgate trust accept {} --pki 'my pki'", plant.thumbprint.replace(':', ""));
    assert!(next.contains(&accept), "{next}");
    let again = format!("lockgate doctor {url} --user operator --pki 'my pki'");
    assert!(next.contains(&again), "{next}");
    // what is suggested works as it stands
    let accepted = lab.run(&["trust", "accept", &plant.thumbprint, "--pki", "my pki"]);
    assert_eq!(accepted.code, 0, "{}", accepted.page());
    let refused = lab.run_with_input(&["doctor", url, "--user", "operator", "--pki", "my pki"], "practise\n");
    assert_eq!(refused.code, 6, "{}", refused.page());
    all_end_with(&refused, "--pki 'my pki'");
}

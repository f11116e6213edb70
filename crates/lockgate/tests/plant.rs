//! The whole road through the real binary, against `lockgate simulate`: every refusal with its exit code, then values.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    missing_docs,
    reason = "tests fail by panicking and bound their waiting by the clock"
)]

mod common;

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::Lab;
use common::plant::{Plant, binary};
use common::run::{add, our_thumbprint, plant_trusts_us, wait_for};

/// A lab with a source that works: trust on both sides, and the right password.
fn connected() -> (Lab, Plant) {
    let lab = Lab::initialised();
    let plant = Plant::start(&lab);
    let refused = add(&lab, &plant.url, &["--trust", &plant.thumbprint], "practise\n");
    assert_eq!(refused.code, 6, "{}", refused.page());
    plant.trust(&lab, &our_thumbprint(&lab));
    let checked = lab.run(&["source", "check", "line1"]);
    assert_eq!(checked.code, 0, "{}", checked.page());
    (lab, plant)
}

#[test]
fn discover_shows_what_is_offered_what_we_would_use_and_the_verdict() {
    let lab = Lab::empty();
    let plant = Plant::start(&lab);
    assert_page!(lab.run(&["discover", &plant.url]));
    let found = lab.run(&["--json", "discover", &plant.url]).json();
    assert_eq!(found["schema"], "lockgate/discover/1");
    let chosen = found["choice"].as_u64().unwrap() as usize;
    assert_eq!(found["endpoints"][chosen]["policy"], "Aes256_Sha256_RsaPss");
    assert_eq!(found["endpoints"][chosen]["mode"], "SignAndEncrypt");
    assert_eq!(found["certificates"][0]["verdict"]["status"], "BadCertificateUntrusted");
}

#[test]
fn every_refusal_on_the_way_to_values_names_the_side_and_the_next_command() {
    let lab = Lab::initialised();
    let plant = Plant::start(&lab);

    let we_refuse = add(&lab, &plant.url, &[], "wrong\n");
    assert_page!(we_refuse);
    assert_eq!(we_refuse.code, 5);
    let (theirs, ours) = (plant.thumbprint.clone(), our_thumbprint(&lab));
    assert!(we_refuse.stderr.contains(&theirs) && we_refuse.stderr.contains(&ours));
    let accept = format!("lockgate trust accept {}", theirs.replace(':', ""));
    assert!(we_refuse.stderr.contains(&accept), "{}", we_refuse.stderr);
    assert_eq!(lab.run(&["trust", "accept", &theirs]).code, 0);

    let they_refuse = lab.run(&["source", "check", "line1"]);
    assert_page!(they_refuse);
    assert_eq!(they_refuse.code, 6);
    assert!(they_refuse.stderr.contains(&ours));
    plant.trust(&lab, &ours);

    let login_refused = lab.run(&["source", "check", "line1"]);
    assert_page!(login_refused);
    assert_eq!(login_refused.code, 7);

    let through = lab.run_with_input(&["login", "line1", "--password-stdin"], "practise\n");
    assert_page!(through);
    assert_eq!(through.code, 0);
    let mistyped = lab.run_with_input(&["login", "line1", "--password-stdin"], "practice\n");
    assert_eq!(mistyped.code, 7);
    assert!(mistyped.stderr.contains("the login that was stored before is kept"), "{}", mistyped.stderr);
    assert_eq!(lab.run(&["source", "check", "line1"]).code, 0);

    let config = std::fs::read_to_string(lab.path().join("lockgate.toml")).unwrap();
    assert!(!config.contains("practise") && config.contains(&theirs.replace(':', "")), "{config}");
}

#[test]
fn a_weaker_choice_that_nobody_asked_for_is_not_used_for_the_first_time() {
    let lab = Lab::initialised();
    let plant = Plant::start(&lab);
    plant_trusts_us(&lab, &plant);
    let asked = add(&lab, &plant.url, &["--trust", &plant.thumbprint, "--mode", "sign"], "practise\n");
    assert_eq!(asked.code, 0, "{}", asked.page());

    // as if the endpoint list had been shortened at `source add`, and nobody had connected since
    let file = lab.path().join("lockgate.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let forged: Vec<&str> = config
        .lines()
        .filter(|line| !line.starts_with("asked_for") && !line.starts_with("server_thumbprint"))
        .collect();
    std::fs::write(&file, forged.join("\n")).unwrap();
    let refused = lab.run(&["source", "check", "line1"]);
    assert_eq!(refused.code, 5, "{}", refused.page());
    assert_page!(refused);
}

#[test]
fn a_certificate_that_changed_is_told_with_both_thumbprints() {
    let (lab, plant) = connected();
    let file = lab.path().join("lockgate.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config.replace(&plant.thumbprint.replace(':', ""), &"AB".repeat(20))).unwrap();
    let checked = lab.run(&["source", "check", "line1"]);
    assert_eq!(checked.code, 0, "{}", checked.page());
    assert!(checked.stderr.contains(&"AB:".repeat(19)) && checked.stderr.contains(&plant.thumbprint));
    assert_page!(checked);
}

#[test]
fn a_refused_login_leaves_the_configuration_as_it_was() {
    let lab = Lab::initialised();
    let plant = Plant::start(&lab);
    plant_trusts_us(&lab, &plant);
    let added = add(&lab, &plant.url, &["--trust", &plant.thumbprint], "practise\n");
    assert_eq!(added.code, 0, "{}", added.page());
    let file = lab.path().join("lockgate.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let own = config.replace("file = \"secrets/line1\"", "env = \"LINE1\"") + "# ours\n";
    std::fs::write(&file, &own).unwrap();
    std::fs::remove_file(lab.path().join("secrets/line1")).unwrap();
    let refused = lab.run_with_input(&["login", "line1", "--password-stdin"], "wrong\n");
    assert_eq!(refused.code, 7, "{}", refused.page());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), own);
    assert!(!lab.path().join("secrets/line1").exists());
}

#[test]
fn json_of_a_refusal_carries_the_code_and_the_facts() {
    let lab = Lab::initialised();
    let plant = Plant::start(&lab);
    let refused = add(&lab, &plant.url, &["--json"], "practise\n");
    let said = refused.json();
    assert_eq!(said["schema"], "lockgate/error/1");
    assert_eq!(said["code"], "trust.server_certificate_untrusted");
    assert_eq!(said["exit"], 5);
    assert_eq!(said["side"], "us");
}

#[test]
fn a_host_name_that_the_certificate_does_not_name_is_refused_with_both_names() {
    let lab = Lab::initialised();
    let plant = Plant::start(&lab);
    // another spelling of the same address, which no certificate names
    let url = plant.url.replace("localhost", "127.1");
    let refused = add(&lab, &url, &["--trust", &plant.thumbprint], "practise\n");
    assert_eq!(refused.code, 5, "{}", refused.page());
    assert!(refused.stderr.contains("error[trust.host_name_mismatch]"), "{}", refused.stderr);
    assert!(refused.stderr.contains("we dialled   127.1\n"), "{}", refused.stderr);
    assert!(refused.stderr.contains("it names     localhost, 127.0.0.1\n"), "{}", refused.stderr);
}

#[test]
fn a_named_thumbprint_trusts_that_certificate_and_no_other() {
    let lab = Lab::initialised();
    let plant = Plant::start(&lab);
    let refused = add(&lab, &plant.url, &["--trust", &"AB".repeat(20)], "practise\n");
    assert_page!(refused);
    assert_eq!(lab.run(&["--json", "source", "list"]).json()["sources"].as_array().unwrap().len(), 0);
    let listed = lab.run(&["--json", "trust", "list"]).json();
    assert_eq!(listed["certificates"][0]["standing"], "rejected");
}

#[test]
fn without_a_user_a_server_that_wants_one_says_so() {
    let lab = Lab::initialised();
    let plant = Plant::start(&lab);
    assert_page!(lab.run(&["source", "add", "line1", &plant.url]));
}

#[test]
fn a_password_is_not_asked_for_where_nobody_can_answer() {
    let lab = Lab::initialised();
    assert_page!(lab.run(&["source", "add", "line1", "opc.tcp://127.0.0.1:1", "--user", "operator"]));
}

#[test]
fn a_policy_that_was_asked_for_is_used_and_no_stronger_one() {
    let lab = Lab::initialised();
    let plant = Plant::start(&lab);
    let added =
        add(&lab, &plant.url, &["--policy", "Basic256Sha256", "--trust", &plant.thumbprint], "practise\n");
    assert_eq!(added.code, 6, "{}", added.page());
    let listed = lab.run(&["--json", "source", "list"]).json();
    assert_eq!(listed["sources"][0]["policy"], "Basic256Sha256");
    assert_eq!(listed["sources"][0]["mode"], "SignAndEncrypt");
}

#[test]
fn run_collects_until_its_time_is_up_and_the_values_can_be_queried() {
    let (lab, _plant) = connected();
    let ran = lab.run(&["run", "--for", "8s"]);
    assert_eq!(ran.code, 0, "{}", ran.page());
    assert_eq!(ran.stdout, "");
    for line in ran.stderr.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "not JSON: {line}");
    }
    let queried = lab.run(&["--json", "query", "Counter0001"]).json();
    let samples = queried["samples"].as_array().unwrap();
    let values: Vec<i64> = samples.iter().map(|sample| sample["value"].as_i64().unwrap()).collect();
    assert!(values.len() >= 3, "{values:?}");
    assert!(values.windows(2).all(|pair| pair[1] == pair[0] + 1), "a step is missing: {values:?}");

    let status = lab.run(&["--json", "status"]).json();
    assert_eq!(status["running"], false);
    assert_eq!(status["sources"][0]["state"], "stopped");
    assert!(status["sources"][0]["last"]["values_total"].as_u64().unwrap() > 0);
    let storage = &status["storage"];
    assert!(storage["sealed_rows"].as_u64().unwrap() > 0 && storage["unsealed_rows"] == 0, "{storage}");
}

#[test]
fn run_hands_every_value_to_whoever_reads_its_standard_output() {
    let (lab, _plant) = connected();
    let path = lab.path().join("lockgate.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "\n[[sink]]\nname = \"pipe\"\nkind = \"stdout\"\nevery = \"1s\"\n").unwrap();
    let ran = lab.run(&["run", "--for", "8s"]);
    assert_eq!(ran.code, 0, "{}", ran.page());
    let lines = ran.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let read: Vec<i64> = lines
        .filter(|line| line["stream"].as_str().unwrap().ends_with("Counter0001"))
        .map(|line| line["value"].as_i64().unwrap())
        .collect();
    assert!(read.len() >= 3, "{}", ran.page());
    assert_eq!(read, counted(&lab), "as the historian has them");
    let sink = &lab.run(&["--json", "status"]).json()["sinks"][0];
    assert_eq!((&sink["state"], &sink["waiting_values"]), (&"stopped".into(), &0.into()));
}

#[test]
fn while_it_runs_status_and_query_work_a_second_run_is_refused_and_sigterm_drains() {
    let (lab, _plant) = connected();
    let face = own_face(&lab);
    let mut running = binary(&lab).args(["run", "--for", "120s"]).stderr(Stdio::piped()).spawn().unwrap();
    let flowing = wait_for(Duration::from_secs(30), || {
        lab.run(&["--json", "status"]).json()["sources"][0]["state"] == "flowing"
    });
    assert!(flowing, "{}", lab.run(&["status"]).page());
    assert_eq!(lab.run(&["--json", "status"]).json()["running"], true);
    assert_eq!(lab.run(&["query", "Counter0001"]).code, 0);
    assert!(ask(&face, "/readyz").starts_with("HTTP/1.1 200 "), "{}", ask(&face, "/readyz?verbose"));
    let metrics = ask(&face, "/metrics");
    assert!(metrics.contains("lockgate_source_state{source=\"line1\",state=\"flowing\"} 1\n"), "{metrics}");

    let nothing = lab.run(&["config", "plan"]);
    assert!(nothing.stdout.contains("nothing in"), "{}", nothing.page());
    let config = lab.path().join("lockgate.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}sampling_interval = \"250ms\"\n")).unwrap();
    let planned = lab.run(&["config", "plan"]);
    assert_eq!(planned.code, 0, "{}", planned.page());
    assert!(
        planned.stdout.contains("source line1 restarts\n  sampling_interval: \"250ms\" is new"),
        "{}",
        planned.page()
    );
    signal(&running, "HUP");
    let done = || lab.run(&["--json", "config", "plan"]).json()["changes"].as_array().unwrap().is_empty();
    assert!(wait_for(Duration::from_secs(30), done), "{}", lab.run(&["config", "plan"]).page());
    std::fs::write(&config, text).unwrap();

    let second = lab.run(&["run", "--for", "120s"]);
    assert_eq!(second.code, 9, "{}", second.page());
    assert!(second.stderr.contains("error[data.in_use]"), "{}", second.stderr);

    signal(&running, "TERM");
    let begun = Instant::now();
    let status = running.wait().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(15), "draining took {:?}", begun.elapsed());
    let mut log = String::new();
    running.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("the configuration was read again: source line1 restarts"), "{log}");
}

/// Gives the connector's HTTP face a port that nobody else has.
fn own_face(lab: &Lab) -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let path = lab.path().join("lockgate.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("127.0.0.1:8480"), "{text}");
    std::fs::write(&path, text.replace("127.0.0.1:8480", &free.to_string())).unwrap();
    free.to_string()
}

fn ask(face: &str, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(face).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {face}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// What a service manager hears, up to the first message with this in it.
fn heard(manager: &std::os::unix::net::UnixDatagram, last: &str) -> String {
    let mut all = String::new();
    let mut buffer = [0; 4096];
    while !all.contains(last) {
        let count = manager.recv(&mut buffer).unwrap_or_else(|error| panic!("{error} after {all}"));
        all.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        all.push('\n');
    }
    all
}

#[test]
fn a_service_manager_hears_that_it_is_ready_alive_reading_its_configuration_and_stopping() {
    let (lab, _plant) = connected();
    let socket = lab.path().join("notify");
    let manager = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut running = binary(&lab)
        .args(["run", "--for", "120s"])
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "400000")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(heard(&manager, "READY=1").contains("collecting, sources: 1"));
    heard(&manager, "WATCHDOG=1");
    signal(&running, "HUP");
    let reload = heard(&manager, "RELOADING=1");
    assert!(reload.contains("MONOTONIC_USEC="), "{reload}");
    heard(&manager, "READY=1");
    signal(&running, "TERM");
    heard(&manager, "STOPPING=1");
    assert_eq!(running.wait().unwrap().code(), Some(0));
}

fn counted(lab: &Lab) -> Vec<i64> {
    let queried = lab.run(&["--json", "query", "Counter0001"]);
    if queried.code != 0 {
        return Vec::new();
    }
    queried.json()["samples"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sample| sample["value"].as_i64().unwrap())
        .collect()
}

#[test]
fn killed_in_the_middle_and_started_again_it_misses_no_step_of_a_counter() {
    let (lab, _plant) = connected();
    let start = || binary(&lab).args(["run", "--for", "120s"]).stderr(Stdio::null()).spawn().unwrap();
    let mut first = start();
    assert!(
        wait_for(Duration::from_secs(30), || counted(&lab).len() >= 4),
        "{}",
        lab.run(&["status"]).page()
    );
    first.kill().unwrap();
    first.wait().unwrap();
    let before = counted(&lab).len();

    let mut second = start();
    assert!(
        wait_for(Duration::from_secs(30), || counted(&lab).len() >= before + 6),
        "{}",
        lab.run(&["status"]).page()
    );
    signal(&second, "TERM");
    assert_eq!(second.wait().unwrap().code(), Some(0));
    let values = counted(&lab);
    assert!(values.windows(2).all(|pair| pair[1] == pair[0] + 1), "a step is missing or twice: {values:?}");
    let gaps = lab.run(&["--json", "gaps"]).json();
    assert_eq!(gaps["gaps"].as_array().unwrap().len(), 0, "{gaps}");
}

#[test]
fn ctrl_c_drains_too_and_is_told_apart() {
    let (lab, _plant) = connected();
    let mut running = binary(&lab).args(["run", "--for", "120s"]).stderr(Stdio::null()).spawn().unwrap();
    let started =
        wait_for(Duration::from_secs(30), || lab.run(&["--json", "status"]).json()["running"] == true);
    assert!(started, "{}", lab.run(&["status"]).page());
    signal(&running, "INT");
    assert_eq!(running.wait().unwrap().code(), Some(130));
}

#[test]
fn the_demo_shows_values_says_how_to_query_them_and_ends_by_itself() {
    let lab = Lab::empty();
    let demo = lab.run(&["demo", "--for", "8s"]);
    assert_eq!(demo.code, 0, "{}", demo.page());
    for part in ["TIME", "plant.Plant.Mixing.Line1.Mixer1.Temperature", "°C", "Good", "collected"] {
        assert!(demo.stdout.contains(part), "{part}: {}", demo.page());
    }
    let config = "lockgate-demo/lockgate.toml";
    assert!(demo.stderr.contains(&format!("lockgate --config {config} query")), "{}", demo.stderr);
    let states = ["(Stopped)", "(Filling)", "(Mixing)", "(Draining)"];
    assert!(states.iter().any(|state| demo.stdout.contains(state)), "{}", demo.page());
    let queried = lab.run(&["--config", config, "--json", "query", "Mixer1.Temperature"]);
    assert!(!queried.json()["samples"].as_array().unwrap().is_empty(), "{}", queried.page());

    let events = lab.run(&["--config", config, "events"]);
    assert!(events.stdout.contains("Filler1"), "{}", events.page());
    let events = lab.run(&["--config", config, "--json", "events", "--type", "BatchEventType"]);
    let events = events.json()["events"].clone();
    assert!(events.as_array().unwrap().iter().all(|event| event["fields"]["BatchNumber"].is_object()));
    let values = lab.run(&["--config", config, "events", "Mixer1.Temperature"]);
    assert_eq!(values.code, 2, "{}", values.page());

    let again = lab.run(&["demo", "--for", "2s", "--json"]);
    assert_eq!(again.code, 0, "{}", again.page());
    assert_eq!(again.json()["streams"], 32);
}

#[test]
fn the_demo_leaves_a_configuration_of_somebody_else_alone() {
    let lab = Lab::initialised();
    let before = std::fs::read(lab.path().join("lockgate.toml")).unwrap();
    assert_page!(lab.run(&["demo", "--dir", ".", "--for", "1s"]));
    assert_eq!(std::fs::read(lab.path().join("lockgate.toml")).unwrap(), before);
}

fn signal(process: &Child, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(process.id().to_string()).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_source_is_shown_with_everything_that_is_configured_for_it() {
    let (lab, plant) = connected();
    let shown = lab.run(&["source", "show", "line1", "--json"]).json();
    assert_eq!(shown["schema"], "lockgate/source-show/1");
    assert_eq!(shown["server_thumbprint"], plant.thumbprint.as_str());
    assert_eq!(shown["user"], "operator");
    let text = lab.run(&["source", "show", "line1"]);
    assert_eq!(text.code, 0, "{}", text.page());
    assert!(text.stdout.contains("security     Aes256_Sha256_RsaPss SignAndEncrypt"), "{}", text.page());
    assert_eq!(lab.run(&["source", "show", "nobody"]).code, 3);
}

#[test]
fn a_sealed_password_logs_in_and_is_written_anew_with_its_key() {
    let (lab, plant) = connected();
    let at = |name: &str| lab.path().join(name).display().to_string();
    let (key, sealed) = (at("seal.key"), at("secrets/line1.sealed"));
    assert_eq!(lab.run(&["secret", "key", &key]).code, 0);
    assert_eq!(lab.run(&["secret", "key", &key]).code, 3, "a key is never replaced");
    let command = ["secret", "seal", &sealed, "--key-file", &key, "--password-stdin", "--json"];
    let made = lab.run_with_input(&command, "practise\n");
    assert_eq!(made.code, 0, "{}", made.page());
    let reference = made.json()["reference"].as_str().unwrap().to_owned();

    let config = lab.path().join("lockgate.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let line = text.lines().find(|line| line.starts_with("password")).unwrap();
    std::fs::write(&config, text.replace(line, &format!("password = {reference}"))).unwrap();
    std::fs::remove_file(lab.path().join("secrets/line1")).unwrap();
    let checked = lab.run(&["source", "check", "line1"]);
    assert_eq!(checked.code, 0, "{}", checked.page());

    let wrong = lab.run_with_input(&["login", "line1", "--password-stdin"], "no such password\n");
    assert_eq!(wrong.code, 7, "{}", wrong.page());
    assert_eq!(lab.run(&["source", "check", "line1"]).code, 0, "the one before is kept");
    let again = lab.run_with_input(&["login", "line1", "--password-stdin"], "practise\n");
    assert_eq!(again.code, 0, "{}", again.page());
    assert!(!lab.path().join("secrets/line1").exists(), "not in clear beside it");

    std::fs::remove_file(&key).unwrap();
    let without = lab.run(&["source", "check", "line1"]);
    assert_eq!(without.code, 3, "{}", without.page());
    assert!(without.page().contains("seal.key"), "{}", without.page());
    drop(plant);
}

#[test]
fn a_plant_that_cannot_step_so_fast_says_how_many_counters_it_takes() {
    let lab = Lab::empty();
    let refused = lab.run(&["simulate", "--counters", "10", "--rate", "5000"]);
    assert_eq!(refused.code, 2, "{}", refused.page());
    assert!(refused.page().contains("--counters 50"), "{}", refused.page());
}

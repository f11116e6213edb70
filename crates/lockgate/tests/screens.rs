//! Every screen that needs no server, as the user sees it.

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

mod common;

use common::Lab;

#[test]
fn help_lists_the_commands_and_the_exit_codes() {
    assert_page!(Lab::empty().run(&["--help"]));
}

#[test]
fn help_of_source_add_says_what_can_be_chosen() {
    assert_page!(Lab::empty().run(&["source", "add", "--help"]));
}

#[test]
fn help_of_query_says_which_times_it_understands() {
    assert_page!(Lab::empty().run(&["query", "--help"]));
}

#[test]
fn an_unknown_command_is_a_usage_error() {
    assert_page!(Lab::empty().run(&["discovr", "opc.tcp://a"]));
}

#[test]
fn a_time_that_is_none_is_a_usage_error_that_lists_the_forms() {
    assert_page!(Lab::empty().run(&["query", "x", "--from", "yesterday"]));
}

#[test]
fn init_makes_configuration_and_certificate_and_says_what_comes_next() {
    let lab = Lab::empty();
    assert_page!(lab.run(&["init", "--application-uri", "urn:test:lockgate"]));
    assert_eq!(mode(&lab, "pki/own/private/lockgate.pem"), 0o600);
    insta::assert_snapshot!(std::fs::read_to_string(lab.path().join("lockgate.toml")).unwrap());
}

#[test]
fn init_never_overwrites() {
    let lab = Lab::initialised();
    let before = std::fs::read(lab.path().join("lockgate.toml")).unwrap();
    assert_page!(lab.run(&["init"]));
    assert_eq!(std::fs::read(lab.path().join("lockgate.toml")).unwrap(), before);
}

#[test]
fn init_keeps_a_certificate_that_is_there_already() {
    let lab = Lab::initialised();
    let before = lab.run(&["cert", "show"]).stdout;
    std::fs::remove_file(lab.path().join("lockgate.toml")).unwrap();
    let again = lab.run(&["--json", "init"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(again.json()["certificate_made"], false);
    assert_eq!(lab.run(&["cert", "show"]).stdout, before);
}

#[test]
fn init_refuses_another_application_uri_than_the_certificate_has() {
    let lab = Lab::initialised();
    std::fs::remove_file(lab.path().join("lockgate.toml")).unwrap();
    assert_page!(lab.run(&["init", "--application-uri", "urn:test:other"]));
}

#[test]
fn json_names_its_schema() {
    let lab = Lab::initialised();
    assert_eq!(lab.run(&["--json", "cert", "show"]).json()["schema"], "lockgate/cert-show/1");
    assert_eq!(lab.run(&["--json", "trust", "list"]).json()["schema"], "lockgate/trust-list/1");
    assert_eq!(lab.run(&["--json", "source", "list"]).json()["schema"], "lockgate/source-list/1");
    let error = lab.run(&["--json", "run"]);
    assert_eq!(error.json()["schema"], "lockgate/error/1");
    assert_eq!(error.json()["exit"], error.code);
}

#[test]
fn without_a_configuration_the_way_to_one_is_shown() {
    assert_page!(Lab::empty().run(&["source", "list"]));
}

#[test]
fn every_problem_of_a_configuration_is_shown_with_its_line() {
    let lab = Lab::empty();
    let text = "pki = \"pki\"\n[application]\nname = \"x\"\nurii = \"urn:x\"\n[storage]\nseal_every = 5\n";
    std::fs::write(lab.path().join("lockgate.toml"), text).unwrap();
    assert_page!(lab.run(&["source", "list"]));
}

#[test]
fn a_configuration_can_be_checked_without_a_server() {
    let lab = Lab::initialised();
    assert_page!(lab.run(&["config", "check"]));
    assert_eq!(lab.run(&["--json", "config", "check"]).json()["schema"], "lockgate/config-check/1");
    let path = lab.path().join("lockgate.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let source = "\n[[source]]\nname = \"line1\"\nurl = \"opc.tcp://plc1\"\npolicy = \"Basic256Sha256\"\nmode = \"Sign\"\nuser = \"reader\"\n\
                  password = { file = \"secrets/line1\" }\n";
    std::fs::write(&path, text + source).unwrap();
    let secret = lab.run(&["config", "check"]);
    assert_eq!(secret.code, 3, "{}", secret.page());
    assert!(secret.stderr.contains("lockgate login line1"), "{}", secret.page());
}

#[test]
fn run_without_a_source_says_how_to_add_one() {
    assert_page!(Lab::initialised().run(&["run"]));
}

#[test]
fn an_address_that_is_none_is_a_usage_error() {
    assert_page!(Lab::initialised().run(&["discover", "http://plc1"]));
}

#[test]
fn a_server_that_is_not_there_is_unreachable() {
    let lab = Lab::initialised();
    let screen = lab.run(&["discover", "opc.tcp://127.0.0.1:1"]);
    assert_page!(screen);
}

#[test]
fn a_source_that_is_not_configured_is_named_with_its_nearest() {
    assert_page!(Lab::initialised().run(&["source", "check", "line1"]));
}

#[test]
fn cert_show_shows_our_own_certificate() {
    assert_page!(Lab::initialised().run(&["cert", "show"]));
}

#[test]
fn an_exported_certificate_is_the_same_in_der_and_pem() {
    let lab = Lab::initialised();
    assert_page!(lab.run(&["cert", "export", "--output", "ours.der"]));
    assert_eq!(lab.run(&["cert", "export", "--output", "ours.pem"]).code, 0);
    assert_eq!(lab.run(&["cert", "show", "ours.der"]).stdout, lab.run(&["cert", "show", "ours.pem"]).stdout);
    assert_eq!(
        lab.run(&["cert", "export"]).stdout,
        std::fs::read_to_string(lab.path().join("ours.pem")).unwrap()
    );
    assert_eq!(lab.run(&["cert", "export", "--encoding", "der"]).code, 2);
}

#[test]
fn trust_is_given_by_thumbprint_and_taken_again() {
    let lab = Lab::initialised();
    let other = Lab::initialised();
    let file = other.path().join("other.der").display().to_string();
    assert_eq!(other.run(&["cert", "export", "--output", &file]).code, 0);
    let thumbprint = other.run(&["--json", "cert", "show"]).json()["certificates"][0]["thumbprint"]
        .as_str()
        .unwrap()
        .to_owned();

    assert_page!(lab.run(&["trust", "list"]));
    assert_page!(lab.run(&["trust", "import", &file]));
    assert_page!(lab.run(&["trust", "list"]));
    assert_eq!(lab.run(&["trust", "reject", &thumbprint]).code, 0);
    assert_page!(lab.run(&["trust", "list"]));
    assert_page!(lab.run(&["trust", "show", &thumbprint]));
    assert_eq!(lab.run(&["trust", "accept", &thumbprint.replace(':', "").to_lowercase()]).code, 0);
    assert_eq!(lab.run(&["--json", "trust", "list"]).json()["certificates"][0]["standing"], "trusted");
    assert_eq!(lab.run(&["trust", "remove", &thumbprint]).code, 0);
    assert_eq!(lab.run(&["trust", "list"]).stdout, "no certificates yet\n");
}

#[test]
fn trust_needs_a_whole_thumbprint_that_is_known() {
    let lab = Lab::initialised();
    assert_page!(lab.run(&["trust", "accept", "3FA9"]));
    assert_page!(lab.run(&["trust", "accept", &"AB".repeat(20)]));
}

#[test]
fn a_file_that_is_no_certificate_is_refused() {
    let lab = Lab::initialised();
    assert_page!(lab.run(&["trust", "import", "lockgate.toml"]));
    assert_page!(lab.run(&["trust", "import-crl", "lockgate.toml"]));
}

#[test]
fn a_private_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let lab = Lab::initialised();
    let key = lab.path().join("pki/own/private/lockgate.pem");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_page!(lab.run(&["cert", "show"]));
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let screen = Lab::empty().run(&["completions", shell]);
        assert_eq!(screen.code, 0);
        assert!(screen.stdout.contains("discover"), "{shell}");
    }
}

fn mode(lab: &Lab, path: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(lab.path().join(path)).unwrap().permissions().mode() & 0o777
}

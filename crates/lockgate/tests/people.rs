//! Logging in with a user's certificate: who refused whom, and what the server's administrator has to do about it.

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

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Lab, Screen};
use plant::{Plant, PlantConfig, Practice};
use tokio::runtime::Runtime;
use ua_pki::{SecurityPolicy, Store};

/// A plant that knows users by their certificates.
fn plant(runtime: &Runtime, folder: &Path) -> Plant {
    let config = PlantConfig {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        pki_dir: folder.join("server"),
        counters: 5,
        counter_period: Duration::from_millis(100),
        users: vec![],
        policies: vec![SecurityPolicy::Aes256Sha256RsaPss],
        hosts: vec!["localhost".to_owned()],
    };
    let practice = Practice { user_certificates: Some(folder.join("users")), ..Practice::default() };
    runtime.block_on(Plant::start_to_practise(config, practice)).unwrap()
}

fn only_file(folder: PathBuf) -> String {
    let mut found = folder.read_dir().unwrap();
    let file = found.next().unwrap().unwrap().path();
    assert!(found.next().is_none(), "{} holds more than one file", folder.display());
    file.to_str().unwrap().to_owned()
}

fn thumbprint(lab: &Lab, store: &str) -> String {
    let shown = lab.run(&["--json", "cert", "show", "--pki", store]).json();
    shown["certificates"][0]["thumbprint"].as_str().unwrap().to_owned()
}

#[test]
fn a_user_certificate_that_the_server_does_not_trust_is_named_with_the_list_it_belongs_in() {
    let (lab, runtime) = (Lab::empty(), Runtime::new().unwrap());
    let plant = plant(&runtime, lab.path());
    assert_eq!(lab.run(&["cert", "create", "--pki", "person"]).code, 0);
    let certificate = only_file(lab.path().join("person/own/certs"));
    let key = only_file(lab.path().join("person/own/private"));
    let login = ["--user-cert", &certificate, "--user-key", &key];
    let doctor = || -> Screen {
        lab.run(&[&["doctor", plant.endpoint_url(), "--pki", "ours", "--json"], &login[..]].concat())
    };
    let accept = |store: &str, thumbprint: &str| {
        let accepted = lab.run(&["trust", "accept", thumbprint, "--pki", store]);
        assert_eq!(accepted.code, 0, "{}", accepted.page());
    };
    assert_eq!(doctor().code, 5);
    accept("ours", doctor().json()["certificate"]["thumbprint"].as_str().unwrap());
    assert_eq!(doctor().code, 6);
    accept("server", &thumbprint(&lab, "ours"));

    let refused = doctor();
    assert_eq!(refused.code, 7, "{}", refused.page());
    let person = thumbprint(&lab, "person");
    let error = &refused.json()["error"];
    assert_eq!((&error["code"], &error["side"]), (&"login.refused".into(), &"server".into()));
    let facts = error["facts"].as_array().unwrap();
    assert!(
        facts.iter().any(|fact| fact["label"] == "user" && fact["value"] == person.as_str()),
        "{facts:?}"
    );
    assert!(error["next"][0]["say"].as_str().unwrap().contains("that of a user"), "{error}");
    let detail = |step: usize| refused.json()["steps"][step]["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail(5), "Aes256_Sha256_RsaPss SignAndEncrypt");
    assert!(detail(6).contains("proved that it holds the key"), "{}", refused.page());

    Store::open(lab.path().join("users")).unwrap().accept(&person.parse().unwrap()).unwrap();
    let well = doctor();
    assert_eq!(well.code, 0, "{}", well.page());
    assert_eq!(well.json()["steps"][7]["detail"], format!("with certificate {person}"));
}

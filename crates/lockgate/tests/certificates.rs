//! Our own certificates from the command line: made, renewed, requested and taken in, as a plant person goes about it.

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

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use common::{Lab, Screen};
use jiff::{SignedDuration, Timestamp};
use ua_pki::issue::{Authority, AuthorityProfile};
use ua_pki::{
    ApplicationIdentity, ApplicationProfile, Certificate, CertificateRequest, KeyKind, PrivateKey, Store,
};

fn good(screen: Screen) -> Screen {
    assert_eq!(screen.code, 0, "{}", screen.page());
    screen
}

/// Every file below, with its content.
fn everything(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything(&path));
        } else {
            found.insert(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
    found
}

fn in_use(lab: &Lab, pki: &str) -> String {
    let shown = good(lab.run(&["--json", "cert", "show", "--pki", pki])).json();
    shown["certificates"][0]["thumbprint"].as_str().unwrap().to_owned()
}

fn identity(valid_from: Timestamp, days: u32) -> ApplicationIdentity {
    ApplicationIdentity::self_signed(&profile(KeyKind::Rsa { bits: 2048 }, valid_from, days)).unwrap()
}

fn profile(key: KeyKind, valid_from: Timestamp, days: u32) -> ApplicationProfile {
    ApplicationProfile {
        common_name: "lockgate".to_owned(),
        organization: None,
        application_uri: "urn:test:lockgate".to_owned(),
        dns_names: vec!["plant".to_owned()],
        ip_addresses: Vec::new(),
        key,
        valid_from,
        days,
    }
}

/// A time that many days from now.
#[expect(clippy::disallowed_methods, reason = "the binary that is tested asks the clock as well")]
fn from_now(days: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(days * 24)
}

/// A configuration with a source, and this certificate in its store.
fn lab_with(identity: &ApplicationIdentity) -> Lab {
    let lab = Lab::initialised();
    std::fs::remove_dir_all(lab.path().join("pki")).unwrap();
    Store::open(lab.path().join("pki")).unwrap().save_own(identity).unwrap();
    let config = std::fs::read_to_string(lab.path().join("lockgate.toml")).unwrap();
    let source = "\n[[source]]\nname = \"line1\"\nurl = \"opc.tcp://127.0.0.1:1\"\npolicy = \"Basic256Sha256\"\nmode = \
                  \"SignAndEncrypt\"\n";
    std::fs::write(lab.path().join("lockgate.toml"), config + source).unwrap();
    lab
}

fn authority() -> Authority {
    let profile = AuthorityProfile {
        common_name: "Plant CA".to_owned(),
        organization: None,
        path_length: None,
        valid_from: from_now(-10),
        days: 3650,
    };
    Authority::root(&profile, PrivateKey::generate(KeyKind::Rsa { bits: 2048 }).unwrap()).unwrap()
}

fn answer(authority: &Authority, request: &[u8], change: impl Fn(&mut ApplicationProfile)) -> Certificate {
    let request = CertificateRequest::from_bytes(request).unwrap();
    let mut wanted = request.profile(from_now(-1), 365).unwrap();
    change(&mut wanted);
    authority.issue(&wanted, request.public_key()).unwrap()
}

#[test]
fn a_certificate_is_made_without_any_configuration_and_never_overwritten() {
    let lab = Lab::empty();
    let create = [
        "cert",
        "create",
        "--pki",
        "store",
        "--application-uri",
        "urn:plant:app",
        "--name",
        "Line 1",
        "--organization",
        "Plant",
        "--dns",
        "plc1",
        "--dns",
        "plc1.plant.example",
        "--ip",
        "10.1.2.3",
        "--ip",
        "fd00::1",
        "--key",
        "rsa3072",
        "--days",
        "100",
    ];
    assert_page!(lab.run(&create));
    let key = lab.path().join("store/own/private/lockgate.pem");
    assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
    let shown = good(lab.run(&["--json", "cert", "show", "--pki", "store"])).json();
    let certificate = &shown["certificates"][0];
    assert_eq!(certificate["application_uri"], "urn:plant:app");
    assert_eq!(certificate["subject"], "O=Plant, CN=Line 1");
    assert_eq!(certificate["dns_names"], serde_json::json!(["plc1", "plc1.plant.example"]));
    assert_eq!(certificate["ip_addresses"], serde_json::json!(["10.1.2.3", "fd00::1"]));
    assert_eq!(certificate["key"], "RSA 3072");
    let before = everything(lab.path());
    assert_page!(lab.run(&create));
    assert_eq!(everything(lab.path()), before);
}

#[test]
fn what_a_certificate_cannot_say_is_refused_before_anything_is_made() {
    let lab = Lab::empty();
    for (option, value) in [
        ("--application-uri", "plant"),
        ("--name", ""),
        ("--name", "a\u{1b}[2Jb"),
        ("--dns", "opc.tcp://plc1"),
        ("--dns", "10.1.2.3"),
        ("--days", "0"),
        ("--days", "4000000000"),
        ("--ip", "plc1"),
        ("--key", "rsa1024"),
    ] {
        let screen = lab.run(&["cert", "create", "--pki", "store", option, value]);
        assert_eq!(screen.code, 2, "{option} {value}: {}", screen.page());
    }
    assert_page!(lab.run(&["cert", "create", "--pki", "store", "--dns", "opc.tcp://plc1"]));
    assert!(!lab.path().join("store").exists());
}

#[test]
fn a_key_on_a_curve_is_for_other_applications_and_goes_to_files() {
    let lab = Lab::empty();
    assert_page!(lab.run(&["cert", "create", "--pki", "store", "--key", "ec-p256"]));
    assert!(!lab.path().join("store").exists());
    let create =
        ["cert", "create", "--output", "plc1", "--key", "ec-p256", "--application-uri", "urn:plc1:app"];
    assert_page!(lab.run(&create));
    let key = lab.path().join("plc1.key.pem");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let certificate = Certificate::from_der(&std::fs::read(lab.path().join("plc1.der")).unwrap()).unwrap();
    assert!(PrivateKey::load(&key).unwrap().belongs_to(certificate.public_key()));
    let before = everything(lab.path());
    assert_page!(lab.run(&create));
    assert_eq!(everything(lab.path()), before);
}

#[test]
fn a_renewal_waits_until_it_is_used_and_the_way_back_stays_open() {
    let lab = Lab::initialised();
    let first = in_use(&lab, "pki");
    assert_page!(lab.run(&["cert", "renew", "--days", "400"]));
    assert_eq!(in_use(&lab, "pki"), first);
    assert_page!(lab.run(&["cert", "show"]));
    assert_page!(lab.run(&["cert", "renew"]));
    good(lab.run(&["cert", "export", "--next", "--output", "next.der"]));
    let next = Certificate::from_der(&std::fs::read(lab.path().join("next.der")).unwrap()).unwrap();
    assert_page!(lab.run(&["cert", "use", "next"]));
    assert_eq!(in_use(&lab, "pki"), next.thumbprint().grouped());
    assert_page!(lab.run(&["cert", "use", "next"]));
    assert_page!(lab.run(&["cert", "export", "--next"]));
    good(lab.run(&["cert", "use", "former"]));
    assert_eq!(in_use(&lab, "pki"), first);
    // what it says is what the one before said
    let shown = good(lab.run(&["--json", "cert", "show"])).json();
    let pairs = shown["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 2);
    for member in ["subject", "application_uri", "dns_names", "key"] {
        assert_eq!(pairs[0]["certificate"][member], pairs[1]["certificate"][member]);
    }
}

#[test]
fn a_renewal_keeps_the_key_or_replaces_what_waits_when_told_to() {
    let lab = Lab::initialised();
    let renewed = |options: &[&str]| {
        let screen = good(lab.run(&[&["--json", "cert", "renew"], options].concat()));
        let file = screen.json()["certificate_file"].as_str().unwrap().to_owned();
        Certificate::from_der(&std::fs::read(lab.path().join(file)).unwrap()).unwrap()
    };
    let store = Store::open(lab.path().join("pki")).unwrap();
    let own = store.own().unwrap().unwrap();
    assert!(own.key().belongs_to(renewed(&["--same-key"]).public_key()));
    let replaced = renewed(&["--replace", "--key", "rsa4096", "--dns", "other", "--organization", "Plant"]);
    assert_eq!(replaced.public_key().kind(), KeyKind::Rsa { bits: 4096 });
    assert_eq!(replaced.dns_names(), ["other"]);
    assert_eq!(replaced.subject(), "O=Plant, CN=lockgate");
    assert_eq!(std::fs::read_dir(lab.path().join("pki/own/private")).unwrap().count(), 2);
    assert_page!(lab.run(&["cert", "renew", "--replace", "--application-uri", "urn:test:other"]));
    let used = renewed(&["--replace", "--use-now"]);
    assert_eq!(in_use(&lab, "pki"), used.thumbprint().grouped());
    assert_eq!(lab.run(&["cert", "renew", "--same-key", "--key", "rsa2048"]).code, 2);
    assert_eq!(lab.run(&["cert", "renew", "--key", "ec-p384"]).code, 2);
}

#[test]
fn a_certificate_that_has_ended_names_the_way_to_another_one() {
    let lab = lab_with(&identity(from_now(-100), 90));
    assert_page!(lab.run(&["source", "check", "line1"]));
    let screen = lab.run(&["status"]);
    assert!(screen.stdout.contains("our certificate has ended"), "{}", screen.page());
    assert!(screen.stdout.contains("lockgate cert renew --use-now"), "{}", screen.page());
    good(lab.run(&["cert", "renew", "--use-now"]));
    assert_eq!(lab.run(&["source", "check", "line1"]).code, 4, "our side is in order again");
    assert_page!(lab.run(&["cert", "use", "former"]));
}

#[test]
fn a_certificate_that_ends_soon_is_told_in_time() {
    let lab = lab_with(&identity(from_now(-10), 30));
    let status = good(lab.run(&["status"]));
    assert!(status.stdout.contains("our certificate ends in 19 days"), "{}", status.page());
    assert_eq!(good(lab.run(&["--json", "status"])).json()["certificate"]["days_left"], 19);
    assert!(good(lab.run(&["cert", "show"])).stdout.contains("needs        ends in 19 days"));
    good(lab.run(&["cert", "renew"]));
    assert!(good(lab.run(&["status"])).stdout.contains("lockgate cert use next"));
    let run = lab.run(&["run", "--for", "1s"]);
    assert!(run.stderr.contains("our certificate ends in 19 days"), "{}", run.page());
    let fresh = lab_with(&identity(from_now(-10), 365));
    let status = good(fresh.run(&["status"]));
    assert!(!status.stdout.contains("certificate"), "{}", status.page());
}

#[test]
fn a_certificate_for_another_uri_or_on_a_curve_names_the_way_to_one_that_fits() {
    let other = ApplicationProfile {
        application_uri: "urn:test:other".to_owned(),
        ..profile(KeyKind::Rsa { bits: 2048 }, from_now(-1), 365)
    };
    let lab = lab_with(&ApplicationIdentity::self_signed(&other).unwrap());
    assert_page!(lab.run(&["source", "check", "line1"]));
    good(lab.run(&["cert", "renew", "--use-now"]));
    assert_eq!(lab.run(&["source", "check", "line1"]).code, 4);
    let curve = profile(KeyKind::EcP256, from_now(-1), 365);
    let lab = lab_with(&ApplicationIdentity::self_signed(&curve).unwrap());
    assert_page!(lab.run(&["source", "check", "line1"]));
    good(lab.run(&["cert", "renew", "--key", "rsa2048", "--use-now"]));
    assert_eq!(lab.run(&["source", "check", "line1"]).code, 4);
}

#[test]
fn an_authority_signs_a_request_and_its_answer_is_taken_in() {
    let lab = Lab::initialised();
    let first = in_use(&lab, "pki");
    assert_page!(lab.run(&["cert", "csr", "--new-key", "--output", "ours.csr"]));
    assert_page!(lab.run(&["cert", "csr", "--new-key"]));
    let request = std::fs::read(lab.path().join("ours.csr")).unwrap();
    let pending = lab.path().join("pki/own/pending/key.pem");
    assert_eq!(std::fs::metadata(&pending).unwrap().permissions().mode() & 0o777, 0o600);
    let again = good(lab.run(&["cert", "csr"])).stdout;
    let again = CertificateRequest::from_bytes(again.as_bytes()).unwrap();
    assert_eq!(again.public_key(), CertificateRequest::from_bytes(&request).unwrap().public_key());
    let waiting = good(lab.run(&["cert", "show"])).stdout;
    assert!(waiting.contains("new key      waits"), "{waiting}");

    let authority = authority();
    let leaf = answer(&authority, &request, |_| {});
    // the authority first: the order does not matter
    std::fs::write(lab.path().join("answer.pem"), authority.certificate().to_pem() + &leaf.to_pem()).unwrap();
    assert_page!(lab.run(&["cert", "import", "answer.pem"]));
    assert_eq!(in_use(&lab, "pki"), first);
    assert!(!pending.exists());
    good(lab.run(&["cert", "use", "next"]));
    assert_eq!(in_use(&lab, "pki"), leaf.thumbprint().grouped());
    let shown = good(lab.run(&["--json", "cert", "show"])).json();
    assert_eq!(shown["certificates"].as_array().unwrap().len(), 2, "with its issuer");
    let listed = good(lab.run(&["--json", "trust", "list"])).json();
    assert_eq!(listed["certificates"][0]["standing"], "issuer");
    assert_page!(lab.run(&["cert", "renew"]));
    good(lab.run(&["cert", "renew", "--self-signed"]));
}

#[test]
fn the_first_certificate_of_a_store_may_come_from_an_authority() {
    let lab = Lab::empty();
    let csr = ["cert", "csr", "--pki", "store", "--application-uri", "urn:plant:app", "-o", "a.der"];
    good(lab.run(&csr));
    assert!(good(lab.run(&["cert", "show", "--pki", "store"])).stdout.contains("new key      waits"));
    let request = std::fs::read(lab.path().join("a.der")).unwrap();
    assert_eq!(request[0], 0x30, "by its ending DER");
    let leaf = answer(&authority(), &request, |_| {});
    std::fs::write(lab.path().join("answer.der"), leaf.der()).unwrap();
    let screen = good(lab.run(&["cert", "import", "answer.der", "--pki", "store"]));
    assert!(screen.stderr.contains("trust import FILE --as issuer --pki store"), "{}", screen.page());
    assert_eq!(in_use(&lab, "store"), leaf.thumbprint().grouped());
    let again = good(lab.run(&["cert", "import", "answer.der", "--pki", "store"]));
    assert!(again.stderr.contains("in use already"), "{}", again.page());
}

#[test]
fn an_answer_that_does_not_fit_is_refused_and_nothing_changes() {
    let lab = Lab::initialised();
    good(lab.run(&["cert", "csr", "--output", "ours.csr"]));
    let request = std::fs::read(lab.path().join("ours.csr")).unwrap();
    let authority = authority();
    let write = |name: &str, certificate: &Certificate| {
        std::fs::write(lab.path().join(name), certificate.der()).unwrap();
    };
    write("uri.der", &answer(&authority, &request, |wanted| wanted.application_uri = "urn:other".to_owned()));
    write("ended.der", &answer(&authority, &request, |wanted| wanted.valid_from = from_now(-500)));
    write("stranger.der", authority.certificate());
    std::fs::write(lab.path().join("nonsense.der"), b"nonsense").unwrap();
    let before = everything(&lab.path().join("pki"));
    assert_page!(lab.run(&["cert", "import", "uri.der"]));
    assert_page!(lab.run(&["cert", "import", "ended.der"]));
    assert_page!(lab.run(&["cert", "import", "stranger.der"]));
    assert_ne!(lab.run(&["cert", "import", "nonsense.der"]).code, 0);
    assert_ne!(lab.run(&["cert", "import", "none.der"]).code, 0);
    assert_eq!(everything(&lab.path().join("pki")), before);
}

#[test]
fn a_pair_of_another_tool_is_taken_in_with_its_key() {
    let lab = Lab::empty();
    let foreign = identity(from_now(-1), 365);
    std::fs::write(lab.path().join("ours.crt"), foreign.certificate().to_pem()).unwrap();
    let key = lab.path().join("ours.key");
    foreign.key().save(&key).unwrap();
    let import = ["cert", "import", "ours.crt", "--key", "ours.key", "--pki", "store"];
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_page!(lab.run(&import));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let wrong = ["cert", "import", "ours.crt", "--key", "ours.crt", "--pki", "store"];
    std::fs::set_permissions(lab.path().join("ours.crt"), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_page!(lab.run(&wrong));
    identity(from_now(-1), 365).key().save(&lab.path().join("other.key")).unwrap();
    assert_page!(lab.run(&["cert", "import", "ours.crt", "--key", "other.key", "--pki", "store"]));
    assert!(!lab.path().join("store").exists());
    good(lab.run(&import));
    assert_eq!(in_use(&lab, "store"), foreign.certificate().thumbprint().grouped());
    // another one waits beside it
    let second = identity(from_now(-1), 200);
    std::fs::write(lab.path().join("second.der"), second.certificate().der()).unwrap();
    second.key().save(&lab.path().join("second.key")).unwrap();
    good(lab.run(&["cert", "import", "second.der", "--key", "second.key", "--pki", "store"]));
    assert_eq!(in_use(&lab, "store"), foreign.certificate().thumbprint().grouped());
    assert_eq!(lab.run(&["cert", "import", "ours.crt", "--pki", "nowhere"]).code, 3);
}

#[test]
fn a_store_that_cannot_be_written_is_left_as_it_was() {
    let lab = Lab::initialised();
    // a file where the folder of the keys should be: also root cannot write there
    let private = lab.path().join("pki/own/private");
    let kept = lab.path().join("kept");
    good(lab.run(&["cert", "renew"]));
    std::fs::rename(&private, &kept).unwrap();
    std::fs::write(&private, b"").unwrap();
    let before = everything(lab.path());
    let screen = lab.run(&["cert", "renew", "--replace"]);
    assert_eq!(screen.code, 9, "{}", screen.page());
    assert!(screen.stderr.contains("pki/own/private"), "{}", screen.page());
    assert_eq!(everything(lab.path()), before);
    std::fs::remove_file(&private).unwrap();
    std::fs::rename(&kept, &private).unwrap();
    good(lab.run(&["cert", "use", "next"]));
}

#[test]
fn a_broken_pair_and_left_over_files_are_named_and_the_rest_is_shown() {
    let lab = Lab::empty();
    good(lab.run(&["cert", "create", "--pki", "pki"]));
    good(lab.run(&["cert", "renew", "--pki", "pki"]));
    let store = Store::as_it_is(lab.path().join("pki"));
    let next = store.own_pair(ua_pki::OwnRole::Next).unwrap().unwrap();
    std::fs::write(&next.key_file, "no key").unwrap();
    PrivateKey::generate(KeyKind::EcP256).unwrap().save(&lab.path().join("pki/own/private/cut.pem")).unwrap();
    std::fs::write(lab.path().join("pki/own/certs/.unfinished-1-0"), "half").unwrap();
    let shown = lab.run(&["--json", "cert", "show", "--pki", "pki"]);
    let said = shown.json();
    assert_eq!((shown.code, said["pairs"].as_array().unwrap().len()), (8, 2), "{}", shown.page());
    assert_eq!(said["broken"][0]["role"], "next");
    let leftovers = said["leftovers"].to_string();
    assert!(leftovers.contains("cut.pem") && leftovers.contains(".unfinished-1-0"), "{leftovers}");
    assert!(!leftovers.contains("lockgate.pem"), "{leftovers}");
    std::fs::remove_file(&next.certificate_file).unwrap();
    let text = lab.run(&["cert", "show", "--pki", "pki"]);
    assert!(
        text.page().contains("active: in use") && text.page().contains("cert renew --replace --pki pki"),
        "{}",
        text.page()
    );
}

#[test]
fn who_changes_our_certificates_waits_for_another_and_not_for_ever() {
    let lab = Lab::empty();
    good(lab.run(&["cert", "create", "--pki", "pki"]));
    let store = Store::open(lab.path().join("pki")).unwrap();
    let before = everything(&lab.path().join("pki"));
    let hold = store.hold_own().unwrap();
    let refused = lab.run(&["--json", "cert", "renew", "--pki", "pki"]);
    assert_eq!((refused.code, &refused.json()["code"]), (3, &"pki.busy".into()), "{}", refused.page());
    assert_eq!(everything(&lab.path().join("pki")), before, "nothing was changed");
    good(lab.run(&["cert", "show", "--pki", "pki"]));
    std::thread::scope(|scope| {
        let renewing = ["one", "two"]
            .map(|_| scope.spawn(|| lab.run(&["cert", "renew", "--use-now", "--replace", "--pki", "pki"])));
        // both wait, or come later: either way they come one after the other
        drop(hold);
        renewing.into_iter().for_each(|one| drop(good(one.join().unwrap())));
    });
    let shown = good(lab.run(&["--json", "cert", "show", "--pki", "pki"])).json();
    let roles: Vec<_> =
        shown["pairs"].as_array().unwrap().iter().map(|pair| pair["role"].as_str().unwrap()).collect();
    assert_eq!((roles, shown["leftovers"].as_array().unwrap().len()), (vec!["active", "former"], 0));
}

#[test]
fn a_pair_for_another_application_is_called_like_its_files() {
    let lab = Lab::empty();
    let name = |screen: &Screen| screen.json()["certificate"]["subject"].as_str().unwrap().to_owned();
    let made = lab.run(&["cert", "create", "--output", "plc1", "--json"]);
    assert_eq!(made.code, 0, "{}", made.page());
    assert_eq!(name(&made), "CN=plc1");
    assert!(made.json()["certificate"]["application_uri"].as_str().unwrap().ends_with(":plc1"));
    let named = lab.run(&["cert", "create", "--output", "plc2", "--name", "Mixer", "--json"]);
    assert_eq!(name(&named), "CN=Mixer");
}

/// What is wrong is said in our words; what the parser says comes behind it.
#[test]
fn what_is_wrong_with_a_damaged_file_is_said_in_words() {
    let lab = Lab::initialised();
    assert_eq!(lab.run(&["cert", "export", "--output", "good.der"]).code, 0);
    let good = std::fs::read(lab.path().join("good.der")).unwrap();
    let mut inside = good.clone();
    inside[9] = 7;
    let mut altered = good.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    let cut = format!("it is cut off: 500 bytes of {} are here", good.len());
    let cases: [(&str, &[u8], &str); 5] = [
        ("cut.der", &good[..500], &cut),
        ("inside.der", &inside, "its inside is that of no certificate (the parser says: "),
        ("text.der", b"hello, plant\n", "a text without a PEM block"),
        ("cut.pem", b"-----BEGIN CERTIFICATE-----\nMIIB\n", "its END line is missing"),
        ("altered.der", &altered, "it is not signed by its own key: it was altered or made wrongly"),
    ];
    for (file, bytes, words) in cases {
        std::fs::write(lab.path().join(file), bytes).unwrap();
        let imported = lab.run(&["trust", "import", file]);
        assert_eq!(imported.code, 2, "{}", imported.page());
        assert!(imported.stderr.contains(words) && imported.stderr.contains(file), "{}", imported.page());
        assert!(!imported.stderr.contains("Parsing Error"), "{}", imported.page());
        let judged = lab.run(&["cert", "verify", file, "--json"]);
        assert_eq!(judged.json()["status"], "BadCertificateInvalid", "{}", judged.page());
    }
    let listed = lab.run(&["trust", "list", "--json"]).json();
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 0, "nothing was taken");
}

/// Sparse files: a hundred megabytes that take no room. Bounded by what is read of them, told by their names.
#[test]
fn files_of_a_hundred_megabytes_are_refused_by_name_wherever_they_are() {
    let lab = Lab::initialised();
    let large = |path: &str, begin: &[u8]| {
        let path = lab.path().join(path);
        std::fs::write(&path, begin).unwrap();
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().set_len(100_000_000).unwrap();
    };
    large("large.der", &[0x30, 0x84, 0x05, 0xf5, 0xe0, 0xfa]);
    for command in
        [["trust", "import"], ["trust", "import-crl"], ["cert", "import"], ["ca", "issue"], ["cert", "show"]]
    {
        let refused = lab.run(&[command[0], command[1], "large.der"]);
        assert_eq!(refused.code, 2, "{}", refused.page());
        assert!(refused.stderr.contains("error[input.too_large]"), "{}", refused.page());
        assert!(refused.stderr.contains("large.der"), "{}", refused.page());
    }
    let judged = lab.run(&["cert", "verify", "large.der"]);
    assert_eq!(judged.code, 5);
    assert!(judged.stdout.contains("the file has more than 1048576 bytes"), "{}", judged.page());

    large("pki/trusted/certs/large.der", &[0x30]);
    large("pki/trusted/crl/large.crl", b"-----BEGIN X509 CRL-----");
    let listed = lab.run(&["trust", "list"]);
    assert_eq!(listed.code, 8, "{}", listed.page());
    for file in
        ["pki/trusted/certs/large.der: it has more than", "pki/trusted/crl/large.crl: it has more than"]
    {
        assert!(listed.stderr.contains(file), "{}", listed.page());
    }
    large("pki/own/roles.txt", b"active");
    let shown = lab.run(&["cert", "show"]);
    assert_eq!(shown.code, 3, "{}", shown.page());
    assert!(shown.stderr.contains("pki/own/roles.txt has more than"), "{}", shown.page());
}

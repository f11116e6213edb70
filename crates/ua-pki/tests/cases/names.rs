//! Steps 6, 7 and 8: dates, hosts and application URIs.

use rcgen::date_time_ymd;
use ua_pki::CertificateStatus::{HostNameInvalid, IssuerTimeInvalid, TimeInvalid, UriInvalid};
use ua_pki::{Role, Step};

use super::{Case, case};
use crate::factory::{
    self, Node, ROOT_KEY, SUB_KEY, app, crl, dns, ip, root, self_signed, self_signed_with, uri,
};

fn at(case: Case, time: &str) -> Case {
    case.with(|case| case.now = time.parse().unwrap())
}

#[test]
fn a_certificate_counts_from_its_first_to_its_last_second() {
    let leaf = self_signed();
    let case = |id| case(id).trusts(&leaf).presents(&leaf);
    at(case("CV-48"), "2025-12-31T23:59:59Z").fails_unless_suppressed(TimeInvalid);
    at(case("first second"), "2026-01-01T00:00:00Z").good();
    at(case("last second"), "2028-01-01T00:00:00.9Z").good();
    at(case("CV-47"), "2028-01-01T00:00:01Z").fails_unless_suppressed(TimeInvalid);
}

#[test]
fn an_issuer_out_of_date_is_told_apart() {
    let old_root =
        factory::root_with("Root", ROOT_KEY, |params| params.not_after = date_time_ymd(2027, 5, 31));
    let sub = factory::sub(&old_root);
    let leaf = app(&sub);
    let base = |id, root: &Node, sub: &Node| {
        case(id).trusts(root).knows(sub).list(crl(root, &[])).list(crl(sub, &[]))
    };
    base("root expired", &old_root, &sub).presents(&leaf).fails_unless_suppressed(IssuerTimeInvalid);
    let root = root();
    let old_sub =
        factory::sub_with(&root, "Sub", SUB_KEY, |params| params.not_after = date_time_ymd(2027, 5, 31));
    base("CV-50", &root, &old_sub).presents(&app(&old_sub)).fails_unless_suppressed(IssuerTimeInvalid);
    let young = factory::root_with("Root", ROOT_KEY, |params| params.not_before = date_time_ymd(2027, 6, 2));
    let sub = factory::sub(&young);
    base("CV-51", &young, &sub).presents(&app(&sub)).fails_unless_suppressed(IssuerTimeInvalid);
}

#[test]
fn a_leaf_may_outlive_its_issuer_while_both_are_valid() {
    let root = root();
    let leaf = factory::app_with(&root, |params| params.not_after = date_time_ymd(2030, 1, 1));
    case("CV-54").trusts(&root).list(crl(&root, &[])).presents(&leaf).good();
}

fn named(names: Vec<rcgen::SanType>) -> Node {
    self_signed_with(|params| {
        params.subject_alt_names = vec![uri("urn:plc1:app")];
        params.subject_alt_names.extend(names);
    })
}

fn dialled(id: &'static str, leaf: &Node, host: &'static str) -> Case {
    case(id).trusts(leaf).presents(leaf).with(|case| case.host = Some(host))
}

#[test]
fn a_host_matches_the_name_or_address_that_the_certificate_says() {
    let leaf = named(vec![dns("plc1.plant.example"), ip("10.1.2.3"), ip("fd00::1")]);
    for host in [
        "plc1.plant.example",
        "PLC1.Plant.Example",
        "plc1.plant.example.",
        "10.1.2.3",
        "::ffff:10.1.2.3",
        "fd00::1",
        "[fd00::1]",
        "fd00:0:0:0:0:0:0:1",
        "[FD00::0001%eth0]",
    ] {
        dialled("CV-57 CV-59", &leaf, host).good();
    }
}

#[test]
fn a_host_matches_nothing_else() {
    let leaf = named(vec![dns("plc1"), dns("*.plant.example"), dns("plc1.plant.example"), dns("10.0.0.1")]);
    for host in [
        "plc2",
        "plc1.attacker.example",
        "plc1.plant",
        "plc2.plant.example",
        "x.plc1.plant.example",
        "localhost",
        "127.0.0.1",
        "10.0.0.1",
        "",
    ] {
        dialled("CV-58 CV-60 CV-62", &leaf, host).fails_unless_suppressed(HostNameInvalid);
    }
    let verdict = dialled("CV-60", &leaf, "10.0.0.1").fails(HostNameInvalid);
    assert!(verdict.findings()[0].message.contains("written as a DNS name"));
}

#[test]
fn localhost_is_a_name_like_any_other() {
    let leaf = named(vec![dns("localhost"), ip("127.0.0.1")]);
    dialled("loopback", &leaf, "localhost").good();
    dialled("loopback", &leaf, "127.0.0.1").good();
    dialled("loopback", &leaf, "::1").fails(HostNameInvalid);
    let nameless = named(vec![dns("plc1")]);
    dialled("loopback", &nameless, "localhost").fails(HostNameInvalid);
}

#[test]
fn the_common_name_is_no_host_name() {
    let leaf = named(Vec::new());
    assert_eq!(leaf.certificate.common_name(), Some("plc1"));
    dialled("no names", &leaf, "plc1").fails(HostNameInvalid);
}

#[test]
fn only_a_server_is_asked_for_its_host() {
    let leaf = self_signed();
    for role in [Role::Client, Role::User] {
        let verdict = dialled("CV-65", &leaf, "elsewhere").with(|case| case.role = role).good();
        assert!(verdict.skipped().contains(&Step::HostName));
    }
    let verdict = dialled("CV-66", &leaf, "elsewhere").suppressing(HostNameInvalid).good();
    assert_eq!(verdict.findings().len(), 1);
}

#[test]
fn the_application_uri_must_be_the_expected_one_to_the_letter() {
    let leaf = self_signed();
    let expects = |id, uri| case(id).trusts(&leaf).presents(&leaf).with(|case| case.uri = uri);
    expects("CV-67", Some("urn:plc1:app")).good();
    for other in ["urn:plc2:app", "urn:plc1:App", "urn:plc1:app ", "urn:plc1:ap", ""] {
        expects("CV-68 CV-72", Some(other)).fails_always(UriInvalid);
    }
    let verdict = expects("not known yet", None).good();
    assert!(verdict.skipped().contains(&Step::ApplicationUri));
}

#[test]
fn an_almost_equal_application_uri_is_explained() {
    let leaf =
        self_signed_with(|params| params.subject_alt_names = vec![uri("urn:plc1:my%20app"), dns("plc1")]);
    let verdict = case("CV-68 hint")
        .trusts(&leaf)
        .presents(&leaf)
        .with(|case| case.uri = Some("urn:plc1:my app"))
        .fails(UriInvalid);
    assert!(verdict.findings()[0].message.contains("differ only in"), "{}", verdict.findings()[0].message);
}

#[test]
fn an_application_has_exactly_one_uri() {
    let none = self_signed_with(|params| params.subject_alt_names = vec![dns("plc1")]);
    let no_names = self_signed_with(|params| params.subject_alt_names.clear());
    let two = named(vec![uri("urn:plc1:other"), dns("plc1")]);
    for expected in [Some("urn:plc1:app"), None] {
        for leaf in [&none, &no_names, &two] {
            case("CV-69")
                .trusts(leaf)
                .presents(leaf)
                .with(|case| {
                    case.uri = expected;
                    case.host = None;
                })
                .fails_always(UriInvalid);
        }
    }
}

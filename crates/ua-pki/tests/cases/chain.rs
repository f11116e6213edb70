//! Steps 2 and 3: building chains, and their signatures.

use std::time::Duration;

use ua_pki::CertificateStatus::{ChainIncomplete, Invalid};
use ua_pki::{Certificate, Step};

use super::{case, within};
use crate::factory::{self, Node, OTHER_KEY, ROOT_KEY, SUB_KEY, app, crl, flipped, root, self_signed, sub};

#[test]
fn authorities_that_certify_each_other_end_in_an_incomplete_chain() {
    let (a, b) = (factory::root_with("A", ROOT_KEY, |_| {}), factory::root_with("B", SUB_KEY, |_| {}));
    let a_by_b = factory::sub_with(&b, "A", ROOT_KEY, |_| {});
    let b_by_a = factory::sub_with(&a, "B", SUB_KEY, |_| {});
    let leaf = app(&a_by_b);
    let case = case("CV-19").trusts(&leaf).presents(&leaf).presents(&a_by_b).presents(&b_by_a);
    let verdict = case.clone().fails(ChainIncomplete);
    assert!(verdict.findings()[0].message.contains("was issued by CN="), "the loop was walked round");
    case.fails_in(Step::Chain, ChainIncomplete);
}

/// A leaf below `count` subordinates below a root; leaf first.
fn ladder(count: usize) -> Vec<Node> {
    let mut nodes = vec![root()];
    for step in 0..count {
        let number = [SUB_KEY, ROOT_KEY][step % 2];
        let issuer = nodes.last().unwrap();
        nodes.push(factory::sub_with(issuer, &format!("Sub {step}"), number, |_| {}));
    }
    nodes.push(app(nodes.last().unwrap()));
    nodes.reverse();
    nodes
}

#[test]
fn ten_certificates_are_a_chain_and_eleven_are_too_many() {
    for (id, subordinates) in [("CV-20 at the limit", 8), ("CV-20", 9)] {
        let nodes = ladder(subordinates);
        assert_eq!(nodes.len(), subordinates + 2);
        let mut case = case(id).trusts(nodes.last().unwrap()).presents(&nodes[0]);
        for issuer in &nodes[1..] {
            case = case.knows(issuer).list(crl(issuer, &[]));
        }
        if subordinates == 8 {
            case.good();
        } else {
            case.fails_in(Step::Chain, ChainIncomplete);
        }
    }
}

#[test]
fn of_two_authorities_with_one_name_the_one_that_signed_is_found() {
    let (real, namesake) = (without_key_id("Root", ROOT_KEY), without_key_id("Root", OTHER_KEY));
    let leaf = app_without_key_id(&real);
    for (first, second) in [(&real, &namesake), (&namesake, &real)] {
        case("CV-21").trusts(first).trusts(second).list(crl(&real, &[])).presents(&leaf).good();
    }
    let stranger = without_key_id("Root", SUB_KEY);
    let foreign = app_without_key_id(&stranger);
    case("CV-22").trusts(&real).trusts(&namesake).presents(&foreign).fails_in(Step::Signature, Invalid);
}

#[test]
fn a_dead_end_is_left_for_another_way_to_a_root() {
    // the subordinate exists twice: once below a root that nobody has, once below the trusted one
    let (lost, real) = (factory::root_with("Lost", OTHER_KEY, |_| {}), root());
    let (dead_end, way) = (sub(&lost), sub(&real));
    let leaf = app(&way);
    case("backtracking")
        .trusts(&real)
        .list(crl(&real, &[]))
        .list(crl(&way, &[]))
        .presents(&leaf)
        .presents(&dead_end)
        .presents(&way)
        .good();
}

#[test]
fn five_hundred_namesakes_cost_bounded_work() {
    let template = without_key_id("Root", OTHER_KEY);
    let mut case = case("CV-23");
    for number in 0..500u16 {
        // copies that differ in the serial number only: none of them signed the leaf
        let [high, low] = number.to_be_bytes();
        let copy = without_key_id_serial("Root", OTHER_KEY, vec![0x11, high, low]);
        case = case.knows(&copy);
    }
    let leaf = app_without_key_id(&without_key_id("Root", ROOT_KEY));
    let case = case.trusts(&template).presents(&leaf);
    within(Duration::from_secs(10), || case.fails_in(Step::Chain, ChainIncomplete));
}

#[test]
fn cross_certified_authorities_cost_bounded_work() {
    // each of eight levels exists four times, all with the same name and key per level: 4^8 ways up, none complete
    let lost = factory::root_with("Lost", OTHER_KEY, |_| {});
    let mut case = case("cross certification");
    let mut issuer = lost.clone();
    for level in 0..8u8 {
        let number = [ROOT_KEY, SUB_KEY][usize::from(level) % 2];
        let mut last = None;
        for copy in 0..4u8 {
            let node = factory::sub_with(&issuer, &format!("Level {level}"), number, |params| {
                params.serial_number = Some(rcgen::SerialNumber::from(vec![0x20 + level, copy]));
            });
            case = case.knows(&node);
            last = Some(node);
        }
        issuer = last.unwrap();
    }
    let leaf = app(&issuer);
    let case = case.trusts(&leaf).presents(&leaf);
    within(Duration::from_secs(10), || case.fails_in(Step::Chain, ChainIncomplete));
}

#[test]
fn a_changed_signature_is_invalid_even_if_the_certificate_is_trusted() {
    let root = root();
    let bad = flipped(&app(&root).certificate, 5);
    case("CV-25")
        .trusts(&root)
        .trusts(&bad)
        .list(crl(&root, &[]))
        .presents(&bad)
        .fails_in(Step::Signature, Invalid);
    let bad = flipped(&self_signed().certificate, 5);
    case("CV-27").trusts(&bad).presents(&bad).fails_in(Step::Signature, Invalid);
}

#[test]
fn a_certificate_changed_after_signing_is_invalid() {
    let honest = self_signed().certificate;
    let changed = factory::replaced(&honest, b"urn:plc1:app", b"urn:plc2:app");
    case("CV-26")
        .trusts(&honest)
        .presents(&changed)
        .with(|case| case.uri = Some("urn:plc2:app"))
        .fails_in(Step::Signature, Invalid);
}

#[test]
fn a_broken_signature_higher_up_is_invalid_too() {
    let root = root();
    let sub = sub(&root);
    let leaf = app(&sub);
    let bad_sub = flipped(&sub.certificate, 5);
    case("CV-30")
        .trusts(&root)
        .trusts(&leaf)
        .knows(&bad_sub)
        .presents(&leaf)
        .fails_in(Step::Signature, Invalid);
}

#[test]
fn a_root_that_signed_nothing_of_it_is_not_blamed_on_the_administrator() {
    // key identifiers differ: the root is no candidate at all
    let (real, namesake) = (root(), factory::root_with("Root", OTHER_KEY, |_| {}));
    let leaf = app(&real);
    case("AKI").trusts(&namesake).presents(&leaf).fails_in(Step::Chain, ChainIncomplete);
}

#[test]
fn the_name_of_an_issuer_may_be_written_in_another_way() {
    let root = factory::root_with("Plant Root", ROOT_KEY, |_| {});
    for (id, other, good) in [
        ("upper case", rcgen::DnValue::from("PLANT root"), true),
        ("spaces", rcgen::DnValue::from(" Plant  Root "), true),
        ("string type", rcgen::DnValue::PrintableString("Plant Root".try_into().unwrap()), true),
        ("another name", rcgen::DnValue::from("PlantRoot"), false),
    ] {
        let mut spelled = root.clone();
        spelled.params.distinguished_name.push(rcgen::DnType::CommonName, other);
        let leaf = app(&spelled);
        let case = case(id).trusts(&root).list(crl(&root, &[])).presents(&leaf);
        if good {
            case.good();
        } else {
            case.fails_always(ChainIncomplete);
        }
    }
}

fn without_key_id(name: &str, key: usize) -> Node {
    without_key_id_serial(name, key, vec![1])
}

/// Without key identifiers only the name says who issued.
fn without_key_id_serial(name: &str, key: usize, serial: Vec<u8>) -> Node {
    let mut node = factory::root_with(name, key, |params| {
        params.use_authority_key_identifier_extension = false;
        params.serial_number = Some(rcgen::SerialNumber::from(serial));
        params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(b"same for all".to_vec());
    });
    node.certificate = Certificate::from_der(node.certificate.der()).unwrap();
    node
}

fn app_without_key_id(issuer: &Node) -> Node {
    factory::app_with(issuer, |params| params.use_authority_key_identifier_extension = false)
}

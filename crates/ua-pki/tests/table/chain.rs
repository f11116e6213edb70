//! Steps 2 and 3: building chains, and their signatures.

use ua_pki::Certificate;
use ua_pki::CertificateStatus::{
    ChainIncomplete, HostNameInvalid, Invalid, IssuerRevocationUnknown, RevocationUnknown, Untrusted,
    UriInvalid, UseNotAllowed,
};

use super::{Case, Row, row};
use crate::factory::{
    self, Node, OTHER_KEY, P256_KEY, ROOT_KEY, SUB_KEY, app, crl, fixture, flipped, raw, root, self_signed,
    sub,
};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = signatures();
    rows.extend(ways());
    rows.extend(names_and_keys());
    rows.extend(ecdsa());
    rows
}

fn signatures() -> Vec<Row> {
    let (root, alone) = (root(), self_signed());
    let sub = sub(&root);
    let deep = app(&sub);
    let altered_sub = flipped(&sub.certificate, 5);
    let altered = flipped(&alone.certificate, 5);
    let changed = factory::replaced(&alone.certificate, b"urn:plc1:app", b"urn:plc2:app");
    let fixed = |name| Certificate::from_der(&fixture(name)).unwrap();
    let exponent = |id, name| {
        row(id, name)
            .trusts(&fixed("exponent3-authority.der"))
            .list(ua_pki::Crl::from_der(&fixture("exponent3.crl")).unwrap())
    };
    vec![
        row("CV-26", "ctt_appT_changed")
            .trusts(&alone)
            .presents(&changed)
            .expects(Some("urn:plc2:app"))
            .fails(&[Invalid, Untrusted]),
        row("CV-27", "ctt_appTS_selfSigned").trusts(&altered).presents(&altered).fails(&[Invalid]),
        row("CV-30", "ctt_ca1T_ca2IS_appT")
            .trusts_authority(&root)
            .trusts(&deep)
            .knows(&altered_sub)
            .presents(&deep)
            .fails(&[Invalid, RevocationUnknown]),
        exponent("CV-32", "honest_signature_with_exponent_3").presents(&fixed("exponent3-honest.der")).good(),
        exponent("CV-32", "forged_signature_with_exponent_3")
            .presents(&fixed("exponent3-forged.der"))
            .fails(&[Invalid, Untrusted]),
    ]
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

fn climb(id: &'static str, name: &str, nodes: &[Node]) -> Case {
    let mut case = row(id, name).trusts(nodes.last().unwrap()).presents(&nodes[0]);
    for issuer in &nodes[1..] {
        case = case.knows(issuer).list(crl(issuer, &[]));
    }
    case
}

fn ways() -> Vec<Row> {
    let (a, b) = (factory::root_with("A", ROOT_KEY, |_| {}), factory::root_with("B", SUB_KEY, |_| {}));
    let a_by_b = factory::sub_with(&b, "A", ROOT_KEY, |_| {});
    let b_by_a = factory::sub_with(&a, "B", SUB_KEY, |_| {});
    let looped = app(&a_by_b);
    // the subordinate exists twice: once below a root that nobody has, once below the trusted one
    let (lost, real) = (factory::root_with("Lost", OTHER_KEY, |_| {}), root());
    let (dead_end, way) = (sub(&lost), sub(&real));
    let leaf = app(&way);
    // two roots that certify each other, one of which is trusted
    let other = factory::root_with("Other", OTHER_KEY, |_| {});
    let crossed = factory::sub_with(&real, "Other", OTHER_KEY, |params| {
        params.serial_number = Some(rcgen::SerialNumber::from(vec![7]));
    });
    let below_other = app(&other);
    let backwards = row("OWN-10", "chain_sent_root_first")
        .trusts_authority(&real)
        .lists_of(&[&way])
        .presents(&real)
        .presents(&way)
        .presents(&leaf);
    vec![
        row("CV-19", "loop_of_two_authorities")
            .trusts(&looped)
            .presents(&looped)
            .presents(&a_by_b)
            .presents(&b_by_a)
            .fails(&[ChainIncomplete, RevocationUnknown, IssuerRevocationUnknown]),
        climb("CV-20", "ten_certificates", &ladder(8)).good(),
        climb("CV-20", "eleven_certificates", &ladder(9)).fails(&[ChainIncomplete, Untrusted]),
        row("OWN-05", "dead_end_beside_the_way_to_a_root")
            .trusts_authority(&real)
            .lists_of(&[&way])
            .presents(&leaf)
            .presents(&dead_end)
            .presents(&way)
            .good(),
        row("OWN-06", "cross_signed_root_leads_to_the_trusted_one")
            .trusts_authority(&real)
            .lists_of(&[&other])
            .presents(&below_other)
            .presents(&other)
            .presents(&crossed)
            .good()
            .because(
                "the peer's own root ends one chain that nobody trusts; the cross certificate makes another",
            ),
        row("OWN-07", "cross_certificate_revoked_own_root_trusted")
            .trusts(&real)
            .trusts_authority(&other)
            .list(crl(&real, &[7]))
            .presents(&below_other)
            .presents(&crossed)
            .good()
            .because("the chain to the other root has nothing revoked in it"),
        row("OWN-08", "leaf_sent_twice")
            .trusts_authority(&real)
            .lists_of(&[&way])
            .presents(&leaf)
            .presents(&leaf)
            .presents(&way)
            .good(),
        row("OWN-09", "issuers_sent_out_of_order_and_root_twice")
            .trusts_authority(&real)
            .lists_of(&[&way])
            .presents(&leaf)
            .presents(&real)
            .presents(&way)
            .presents(&real)
            .good(),
        backwards
            .fails(&[HostNameInvalid, UriInvalid, UseNotAllowed, UseNotAllowed])
            .because("the first certificate is the peer's, whatever follows (Part 6 §6.2.6)"),
    ]
}

fn names_and_keys() -> Vec<Row> {
    let mut rows = Vec::new();
    let (real, namesake) = (without_key_id("Root", ROOT_KEY), without_key_id("Root", OTHER_KEY));
    let leaf = app_without_key_id(&real);
    for (name, first, second) in [("real_first", &real, &namesake), ("namesake_first", &namesake, &real)] {
        rows.push(
            row("OWN-11", format!("two_roots_with_one_name_{name}"))
                .trusts(first)
                .trusts(second)
                .list(crl(&real, &[]))
                .presents(&leaf)
                .good(),
        );
    }
    let foreign = app_without_key_id(&without_key_id("Root", SUB_KEY));
    rows.push(
        row("CV-22", "two_roots_with_one_name_and_neither_signed")
            .trusts(&real)
            .trusts(&namesake)
            .presents(&foreign)
            .fails(&[Invalid, Untrusted])
            .because("UA-.NETStandard says ChainIncomplete"),
    );
    // copies that differ in the serial number only: none of them signed the leaf
    let mut crowd = row("CV-23", "five_hundred_issuers_with_one_name").trusts(&namesake).presents(&foreign);
    let template = raw::Raw::of(&namesake);
    for number in 0..500u16 {
        let [high, low] = number.to_be_bytes();
        let copy = raw::Raw { serial: raw::integer(&[0x11, high, low]), ..template.clone() };
        crowd = crowd.knows(&copy.signed(OTHER_KEY));
    }
    rows.push(crowd.fails(&[ChainIncomplete, Untrusted]).because("the budget of work is used up: V-R3"));
    // key identifiers differ: the root is no candidate at all
    rows.push(
        row("OWN-12", "root_with_another_key_identifier")
            .trusts(&factory::root_with("Root", OTHER_KEY, |_| {}))
            .presents(&app(&root()))
            .fails(&[ChainIncomplete, Untrusted]),
    );
    rows.extend(key_identifiers());
    rows.extend(spellings());
    rows
}

/// The authority key identifier in its other form, and at odds with the rest.
fn key_identifiers() -> Vec<Row> {
    let root = root();
    let leaf = app(&root);
    // AuthorityKeyIdentifier { authorityCertIssuer, authorityCertSerialNumber }
    let by_serial = |serial: u8| {
        let name = raw::element(0xa4, &raw::Raw::of(&root).subject);
        let value = raw::sequence(&[raw::element(0xa1, &name), raw::element(0x82, &[serial])]);
        raw::forged(&leaf, root.key, |raw| raw.extension(raw::AUTHORITY_KEY).value = value)
    };
    let empty = raw::forged(&leaf, root.key, |raw| raw.extension(raw::AUTHORITY_KEY).value = vec![0x30, 0]);
    // the same key under two names: the signature would verify with either
    let twin = factory::root_with("Twin", ROOT_KEY, |_| {});
    vec![
        row("OWN-13", "authority_key_by_issuer_and_serial")
            .trusts_authority(&root)
            .presents(&by_serial(1))
            .good(),
        row("OWN-14", "authority_key_by_a_serial_of_nobody")
            .trusts_authority(&root)
            .presents(&by_serial(9))
            .good()
            .because("the serial is a hint for building (RFC 5280 §4.2.1.1); name and signature decide"),
        row("OWN-15", "authority_key_identifier_empty").trusts_authority(&root).presents(&empty).good(),
        row("OWN-16", "same_key_under_another_name")
            .trusts_authority(&twin)
            .presents(&leaf)
            .fails(&[ChainIncomplete, Untrusted]),
    ]
}

/// RFC 5280 §7.1: names are compared without case, inner spaces and string types.
fn spellings() -> Vec<Row> {
    let root = factory::root_with("Plant Root", ROOT_KEY, |_| {});
    let mut rows = Vec::new();
    for (name, other, good) in [
        ("upper_case", rcgen::DnValue::from("PLANT root"), true),
        ("spaces", rcgen::DnValue::from(" Plant  Root "), true),
        ("string_type", rcgen::DnValue::PrintableString("Plant Root".try_into().unwrap()), true),
        ("without_space", rcgen::DnValue::from("PlantRoot"), false),
    ] {
        let mut spelled = root.clone();
        spelled.params.distinguished_name.push(rcgen::DnType::CommonName, other);
        let case =
            row("OWN-17", format!("issuer_spelled_{name}")).trusts_authority(&root).presents(&app(&spelled));
        rows.push(if good { case.good() } else { case.fails(&[ChainIncomplete, Untrusted]) });
    }
    rows
}

/// Signatures that are no signatures: r and s of 0, 1, or none.
fn ecdsa() -> Vec<Row> {
    let leaf = factory::self_signed_for(P256_KEY, |_| {}).certificate;
    let parts = raw::elements(leaf.der());
    let forge = |signature: &[u8]| {
        let bits = raw::element(3, &[&[0], signature].concat());
        raw::sequence(&[parts[0].to_vec(), parts[1].to_vec(), bits])
    };
    let honest = &raw::content(parts[2])[1..];
    let numbers = raw::elements(honest);
    // the same numbers with a needless zero in front of the first
    let padded =
        raw::sequence(&[raw::element(2, &[&[0, 0], raw::content(numbers[0])].concat()), numbers[1].to_vec()]);
    let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let r_is_n = raw::sequence(&[raw::integer(&order), numbers[1].to_vec()]);
    let s_is_n = raw::sequence(&[numbers[0].to_vec(), raw::integer(&order)]);
    let mut rows = Vec::new();
    for (name, signature) in [
        ("zeros", vec![0x30, 6, 2, 1, 0, 2, 1, 0]),
        ("ones", vec![0x30, 6, 2, 1, 1, 2, 1, 1]),
        ("no_numbers", vec![0x30, 0]),
        ("nothing", Vec::new()),
        ("not_minimal", padded),
        ("r_is_n", r_is_n),
        ("s_is_n", s_is_n),
    ] {
        let forged = forge(&signature);
        rows.push(
            row("CV-31", format!("ecdsa_{name}"))
                .policy("ECC_nistP256")
                .trusts(&forged)
                .presents(&forged)
                .fails(&[Invalid]),
        );
    }
    rows
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Without key identifiers only the name says who issued.
pub(super) fn without_key_id(name: &str, key: usize) -> Node {
    factory::root_with(name, key, |params| {
        params.use_authority_key_identifier_extension = false;
        params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(b"same for all".to_vec());
    })
}

pub(super) fn app_without_key_id(issuer: &Node) -> Node {
    factory::app_with(issuer, |params| params.use_authority_key_identifier_extension = false)
}

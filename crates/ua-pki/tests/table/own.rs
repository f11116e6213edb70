//! Cases that the catalogue does not name and that follow from its rules: odd encodings, names, keys and dates.

use ua_pki::Certificate;
use ua_pki::CertificateStatus::{
    ChainIncomplete, HostNameInvalid, Invalid, IssuerTimeInvalid, IssuerUseNotAllowed, PolicyCheckFailed,
    RevocationUnknown, TimeInvalid, Untrusted, UriInvalid, UseNotAllowed,
};

use super::{Case, Row, row};
use crate::factory::raw::{self, Raw};
use crate::factory::{
    self, APP_KEY, NOBODY_KEY, OTHER_KEY, ROOT_KEY, SUB_KEY, app, fixture, flipped, root, self_signed, sub,
};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = encodings();
    rows.extend(dates());
    rows.extend(keys());
    rows.extend(hosts());
    rows.extend(uris());
    rows.extend(usages());
    rows.extend(chains());
    rows
}

/// A self-signed application, changed before it is signed, trusted and presented.
fn alone(id: &'static str, name: &str, tweak: impl FnOnce(&mut Raw)) -> Case {
    let der = raw::forged(&self_signed(), APP_KEY, tweak);
    row(id, name).trusts(&der).presents(&der)
}

/// As [`alone`], for what does not even parse: it is sent, and cannot be trusted.
fn broken(id: &'static str, name: &str, tweak: impl FnOnce(&mut Raw)) -> Row {
    row(id, name).sends(raw::forged(&self_signed(), APP_KEY, tweak)).does_not_parse()
}

fn encodings() -> Vec<Row> {
    let without_null = [&[0x30, 11], &raw::RSA_SHA256[2..13]].concat();
    let nothing = [HostNameInvalid, UriInvalid, UseNotAllowed, UseNotAllowed];
    vec![
        alone("OWN-40", "serial_negative", |raw| raw.serial = raw::element(2, &[0x80]))
            .good()
            .because("to be handled gracefully (RFC 5280 §4.1.2.2)"),
        alone("OWN-40", "serial_zero", |raw| raw.serial = raw::element(2, &[0])).good(),
        alone("OWN-40", "serial_of_21_bytes", |raw| raw.serial = raw::element(2, &[0x11; 21])).good(),
        alone("OWN-41", "alternative_names_twice", |raw| {
            let names = raw.extension(raw::ALTERNATIVE_NAMES).clone();
            raw.extensions.push(names);
        })
        .fails(&[Invalid]),
        alone("OWN-41", "basic_constraints_twice_the_second_ca", |raw| {
            raw.add(raw::BASIC_CONSTRAINTS, false, vec![0x30, 3, 1, 1, 0xff]);
        })
        .fails(&[Invalid]),
        alone("OWN-42", "extended_key_usage_unreadable", |raw| {
            raw.extension(raw::EXTENDED_KEY_USAGE).value = vec![4, 1, 0];
        })
        .fails(&[Invalid, UseNotAllowed])
        .insists(Invalid),
        alone("OWN-43", "version_3_without_extensions", |raw| raw.extensions.clear()).fails(&nothing),
        alone("OWN-44", "no_alternative_name_in_the_list", |raw| raw.names(&[])).fails(&nothing[..2]),
        alone("OWN-45", "algorithm_without_null", |raw| raw.algorithm = without_null)
            .good()
            .because("receivers accept both (RFC 4055 §5)"),
        alone("OWN-46", "alternative_names_critical", |raw| {
            raw.extension(raw::ALTERNATIVE_NAMES).critical = true;
        })
        .good(),
        alone("OWN-47", "two_unknown_uncritical_extensions", |raw| {
            raw.add(raw::UNKNOWN, false, vec![5, 0]);
            raw.add(&[0x2b, 6, 1, 4, 1, 0x86, 0x8d, 0x1f, 2], false, Vec::new());
        })
        .good(),
        broken("OWN-48", "nine_kilobytes", |raw| raw.add(raw::UNKNOWN, false, vec![0; 9000])),
        alone("OWN-49", "boolean_true_as_one", |raw| {
            raw.extension(raw::BASIC_CONSTRAINTS).value = vec![0x30, 3, 1, 1, 1];
        })
        .good()
        .because("DER says 255; it is signed and can be read in one way only"),
    ]
}

fn dates() -> Vec<Row> {
    let validity = |from: Vec<u8>, to: Vec<u8>| raw::sequence(&[from, to]);
    let from = || raw::utc("260101000000Z");
    let until = |id, name: &str, to: Vec<u8>| alone(id, name, |raw| raw.validity = validity(from(), to));
    let unreadable =
        |name: &str, to: Vec<u8>| broken("OWN-50", name, |raw| raw.validity = validity(from(), to));
    let odd = |name: &str, to: Vec<u8>| until("OWN-50", name, to).fails(&[Invalid]);
    vec![
        odd("utc_time_without_seconds", raw::utc("2801010000Z")),
        odd("utc_time_with_offset", raw::utc("280101000000+0000")),
        unreadable("29_february_of_2029", raw::utc("290229000000Z")),
        unreadable("month_13", raw::utc("281301000000Z")),
        odd("time_with_fraction", raw::generalized("20280101000000.5Z")),
        unreadable("time_without_zone", raw::generalized("20280101000000")),
        until("OWN-51", "29_february_of_2028", raw::utc("280229000000Z")).at("2028-02-28T23:59:59Z").good(),
        until("OWN-51", "after_29_february_of_2028", raw::utc("280229000000Z"))
            .at("2028-02-29T00:00:01Z")
            .fails(&[TimeInvalid]),
        until("OWN-52", "generalized_time_before_2050", raw::generalized("20280101000000Z"))
            .good()
            .because("makers should not write it so (RFC 5280 §4.1.2.5); it says what it says"),
        until("OWN-53", "ends_before_it_begins", raw::utc("250101000000Z")).fails(&[TimeInvalid]),
    ]
}

fn keys() -> Vec<Row> {
    let root = root();
    let below = |id, name: &str, key: Vec<u8>| {
        let der = raw::forged(&app(&root), root.key, |raw| raw.key = key);
        row(id, name).trusts_authority(&root).presents(&der)
    };
    let honest = Raw::of(&app(&root)).key;
    let parts = raw::elements(&honest);
    let bits = raw::content(parts[1])[1..].to_vec();
    let numbers = raw::elements(&bits);
    let modulus = raw::content(numbers[0])[1..].to_vec();
    let rsa = |algorithm: &[u8], modulus: Vec<u8>| {
        let numbers = raw::sequence(&[modulus, numbers[1].to_vec()]);
        raw::sequence(&[algorithm.to_vec(), raw::element(3, &[&[0], &numbers[..]].concat())])
    };
    let pss_only = [0x30, 11, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    let x25519 = [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 3, 0x21, 0][..], &[9; 32]].concat();
    let p256 = |point: &[u8]| {
        let algorithm = [
            0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7,
        ];
        raw::sequence(&[algorithm.to_vec(), raw::element(3, &[&[0], point].concat())])
    };
    let off_the_curve = [&[4][..], &[7; 64]].concat();
    let infinity = vec![0];
    let pss = |name: &str| {
        let leaf = Certificate::from_der(&fixture(&format!("{name}.der"))).unwrap();
        row("OWN-54", name.replace('-', "_"))
            .trusts(&leaf)
            .presents(&leaf)
            .fails(&[Invalid, PolicyCheckFailed])
    };
    vec![
        pss("pss-salt20").because("only the parameters of PS256, PS384 and PS512 are known: fail closed"),
        pss("pss-mask-sha1"),
        pss("pss-sha1"),
        below("OWN-55", "dsa_key", fixture("dsa-public-key.der")).fails(&[PolicyCheckFailed]),
        below("OWN-55", "x25519_key", x25519).fails(&[PolicyCheckFailed]),
        below("OWN-55", "rsa_key_for_pss_only", rsa(&pss_only, raw::integer(&modulus)))
            .fails(&[PolicyCheckFailed]),
        below("OWN-56", "modulus_negative", rsa(parts[0], raw::element(2, &modulus))).fails(&[Invalid]),
        below("OWN-56", "modulus_zero", rsa(parts[0], raw::element(2, &[0])))
            .fails(&[Invalid, PolicyCheckFailed]),
        below("OWN-57", "point_off_the_curve", p256(&off_the_curve)).policy("None").fails(&[Invalid]),
        below("OWN-57", "point_at_infinity", p256(&infinity)).policy("None").fails(&[Invalid]),
        below("OWN-57", "point_cut_short", p256(&off_the_curve[..64])).policy("None").fails(&[Invalid]),
    ]
}

fn hosts() -> Vec<Row> {
    let named = |id, name: &str, kind: u8, bytes: &[u8], host: &'static str| {
        alone(id, name, |raw| raw.names(&[(6, b"urn:plc1:app"), (kind, bytes)])).dials(host)
    };
    let dns = |id, name: &str, written: &str, host| named(id, name, 2, written.as_bytes(), host);
    let mapped = [&[0; 10][..], &[0xff, 0xff, 10, 1, 2, 3]].concat();
    let mismatch = [HostNameInvalid];
    vec![
        dns("OWN-58", "final_dot_in_the_certificate", "plc1.", "plc1").good(),
        dns("OWN-58", "two_final_dots", "plc1", "plc1..").fails(&mismatch),
        dns("OWN-58", "leading_dot", ".plant.example", "plc1.plant.example").fails(&mismatch),
        dns("OWN-58", "only_a_dot", ".", "").fails(&mismatch),
        dns("OWN-58", "empty_name", "", "").fails(&mismatch),
        dns("OWN-59", "underscore", "plc_1", "PLC_1").good(),
        dns("OWN-59", "space_before", " plc1", "plc1").fails(&mismatch),
        dns("OWN-60", "idna_as_the_wire_has_it", "xn--pmpe-0ra.example", "XN--pmpe-0ra.example").good(),
        dns("OWN-60", "idna_as_people_write_it", "xn--pmpe-0ra.example", "pümpe.example").good(),
        named("OWN-60", "umlaut_in_the_certificate", 2, "pümpe".as_bytes(), "pümpe")
            .fails(&[Invalid, HostNameInvalid])
            .insists(Invalid),
        named("OWN-61", "v4_in_v6_in_the_certificate", 7, &mapped, "10.1.2.3").good(),
        named("OWN-61", "address_of_five_bytes", 7, &[10, 1, 2, 3, 0], "10.1.2.3")
            .fails(&[Invalid, HostNameInvalid])
            .insists(Invalid),
        named("OWN-61", "address_with_mask", 7, &[10, 1, 2, 3, 255, 255, 255, 0], "10.1.2.3")
            .fails(&[Invalid, HostNameInvalid])
            .insists(Invalid),
        named("OWN-61", "octal_address", 7, &[8, 1, 2, 3], "010.1.2.3").fails(&mismatch),
        named("OWN-61", "short_address", 7, &[10, 0, 0, 1], "10.1").fails(&mismatch),
        named("OWN-61", "address_as_a_number", 7, &[10, 1, 2, 3], "167838211").fails(&mismatch),
    ]
}

fn uris() -> Vec<Row> {
    let uri = |name: &str, written: &str, expected| {
        alone("OWN-62", name, |raw| raw.names(&[(6, written.as_bytes()), (2, b"plc1")])).expects(expected)
    };
    vec![
        uri("percent_encoded", "urn:plc1%3Aapp", Some("urn:plc1:app")).fails(&[UriInvalid]),
        uri("percent_encoded_in_both", "urn:plc1:my%20app", Some("urn:plc1:my%20app")).good(),
        uri("percent_encoded_in_other_case", "urn:plc1:%c3%a4", Some("urn:plc1:%C3%A4")).fails(&[UriInvalid]),
        uri("empty_expecting_nothing", "", None).fails(&[UriInvalid]),
        uri("empty", "", Some("urn:plc1:app")).fails(&[UriInvalid]),
        uri("with_umlaut", "urn:plc1:ä", Some("urn:plc1:ä")).fails(&[Invalid, UriInvalid]),
        alone("OWN-62", "the_same_uri_twice", |raw| {
            raw.names(&[(6, b"urn:plc1:app"), (6, b"urn:plc1:app"), (2, b"plc1")]);
        })
        .fails(&[UriInvalid]),
        alone("OWN-62", "uri_after_the_host_and_a_mail_address", |raw| {
            raw.names(&[(2, b"plc1"), (1, b"bob@plant.example"), (6, b"urn:plc1:app")]);
        })
        .good(),
    ]
}

fn usages() -> Vec<Row> {
    let root = root();
    let any = [0x30, 6, 6, 4, 0x55, 0x1d, 37, 0];
    let below = |id, name: &str, tweak: &dyn Fn(&mut Raw)| {
        let der = raw::forged(&app(&root), root.key, tweak);
        row(id, name).trusts_authority(&root).presents(&der)
    };
    let sub = sub(&root);
    let under_sub = |id, name: &str, tweak: &dyn Fn(&mut Raw)| {
        let der = raw::forged(&sub, root.key, tweak);
        row(id, name).trusts_authority(&root).knows(&der).lists_of(&[&sub]).presents(&app(&sub))
    };
    // NameConstraints { permittedSubtrees { dNSName "plant.example" } }
    let constraints =
        raw::sequence(&[raw::element(0xa0, &raw::sequence(&[raw::element(0x82, b"plant.example")]))]);
    // a person's certificate for mail only
    let mail = [0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4];
    vec![
        below("OWN-63", "any_extended_key_usage", &|raw| {
            raw.extension(raw::EXTENDED_KEY_USAGE).value = any.to_vec()
        })
        .fails(&[UseNotAllowed])
        .because("Part 6 §6.2.2 asks for clientAuth and serverAuth by name"),
        below("OWN-63", "no_bit_of_key_usage", &|raw| raw.extension(raw::KEY_USAGE).value = vec![3, 1, 0])
            .fails(&[UseNotAllowed])
            .insists(UseNotAllowed),
        below("OWN-63", "application_with_path_length", &|raw| {
            raw.extension(raw::BASIC_CONSTRAINTS).value = vec![0x30, 3, 2, 1, 0];
        })
        .good()
        .because("it promises less than nothing: cA is FALSE"),
        under_sub("OWN-64", "authority_with_name_constraints", &|raw| {
            raw.add(raw::NAME_CONSTRAINTS, true, constraints.clone());
        })
        .fails(&[Invalid])
        .because("critical, and we do not process them (RFC 5280 §4.2)"),
        under_sub("OWN-64", "authority_with_uncritical_name_constraints", &|raw| {
            raw.add(raw::NAME_CONSTRAINTS, false, constraints.clone());
        })
        .fails(&[Invalid])
        .because(
            "its makers had to mark them critical (RFC 5280 §4.2.1.10); to ignore them would trust more than they wanted",
        ),
        under_sub("OWN-65", "authority_for_mail_only", &|raw| {
            raw.add(raw::EXTENDED_KEY_USAGE, false, mail.to_vec());
        })
        .good()
        .because("neither Part 6 nor RFC 5280 lets an authority's extended key usage speak for those below"),
        under_sub("OWN-66", "authority_with_key_usage_of_no_bit", &|raw| {
            raw.extension(raw::KEY_USAGE).value = vec![3, 1, 0];
        })
        .fails(&[IssuerUseNotAllowed])
        .insists(IssuerUseNotAllowed),
    ]
}

fn chains() -> Vec<Row> {
    let root = root();
    let sub = sub(&root);
    let (leaf, deep) = (app(&root), app(&sub));
    let altered_root = flipped(&root.certificate, 5);
    let old_root =
        factory::root_with("Root", ROOT_KEY, |params| params.not_after = rcgen::date_time_ymd(2027, 1, 1));
    let below_old = app(&old_root);
    // an application issues: the oldest forgery there is
    let evil =
        factory::app_for(&leaf, NOBODY_KEY, |params| params.distinguished_name = factory::name("evil"));
    // the root's new key, signed with its old one: self-issued, not self-signed
    let new_key = factory::sub_with(&root, "Root", NOBODY_KEY, |_| {});
    let short_root = factory::root_with("Root", ROOT_KEY, |params| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    });
    let short_new_key = factory::sub_with(&short_root, "Root", NOBODY_KEY, |_| {});
    // the same name and key twice: once as a root, once below another root
    let twice = factory::root_with("Twice", SUB_KEY, |_| {});
    let other = factory::root_with("Other", OTHER_KEY, |_| {});
    let twice_below = factory::sub_with(&other, "Twice", SUB_KEY, |_| {});
    vec![
        row("OWN-67", "altered_copy_of_the_trusted_root_sent")
            .trusts_authority(&root)
            .presents(&leaf)
            .presents(&altered_root)
            .good(),
        row("OWN-67", "altered_root_trusted")
            .trusts(&altered_root)
            .lists_of(&[&root])
            .presents(&leaf)
            .fails(&[Invalid])
            .because("the root's own signature is checked as well (Part 4 §6.1.3 step 3: every certificate)"),
        row("OWN-68", "trusted_sub_without_its_root")
            .trusts_authority(&sub)
            .presents(&deep)
            .fails(&[ChainIncomplete])
            .because("trust does not replace the chain (ST-R5)"),
        row("OWN-69", "root_trusted_and_known").trusts_authority(&root).knows(&root).presents(&leaf).good(),
        row("OWN-70", "trusted_leaf_below_an_expired_root")
            .trusts(&below_old)
            .knows_authority(&old_root)
            .presents(&below_old)
            .fails(&[IssuerTimeInvalid]),
        row("OWN-71", "application_below_an_application")
            .trusts_authority(&root)
            .presents(&evil)
            .presents(&leaf)
            .fails(&[IssuerUseNotAllowed, IssuerUseNotAllowed, RevocationUnknown])
            .insists(IssuerUseNotAllowed),
        row("OWN-72", "new_key_of_the_root_signed_with_the_old")
            .trusts_authority(&root)
            .lists_of(&[&new_key])
            .presents(&app(&new_key))
            .presents(&new_key)
            .good(),
        row("OWN-72", "self_issued_does_not_count_for_the_path_length")
            .trusts_authority(&short_root)
            .lists_of(&[&short_new_key])
            .presents(&app(&short_new_key))
            .presents(&short_new_key)
            .good(),
        row("OWN-73", "two_ways_up_and_the_trusted_one_second")
            .knows_authority(&twice)
            .knows(&twice_below)
            .trusts_authority(&other)
            .presents(&app(&twice))
            .good(),
        row("OWN-74", "ten_certificates_that_do_not_belong")
            .trusts_authority(&root)
            .with(|case| {
                case.presented.push(leaf.certificate.clone());
                case.presented.extend(std::iter::repeat_n(other.certificate.clone(), 9));
            })
            .good(),
        row("OWN-75", "certificate_of_our_own_root_as_the_peer")
            .trusts_authority(&root)
            .presents(&root)
            .fails(&[HostNameInvalid, UriInvalid, UseNotAllowed, UseNotAllowed]),
        row("OWN-76", "leaf_in_rejected_below_a_trusted_root")
            .trusts_authority(&root)
            .with(|case| case.rejected.push(leaf.certificate.clone()))
            .presents(&leaf)
            .good()
            .because("rejected decides nothing (ST-R3)"),
        row("OWN-77", "leaf_trusted_under_the_name_of_another")
            .trusts(&self_signed())
            .presents(&factory::self_signed_for(NOBODY_KEY, |_| {}))
            .fails(&[Untrusted]),
    ]
}

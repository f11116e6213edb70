//! Steps 10 and 11: revocation lists.

use rcgen::{CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, SerialNumber, date_time_ymd};
use ua_pki::CertificateStatus::{IssuerRevocationUnknown, IssuerRevoked, RevocationUnknown, Revoked};
use ua_pki::{Certificate, Crl};

use super::{Case, Row, row};
use crate::factory::{self, Node, OTHER_KEY, app, crl, crl_with, fixture, raw, root, sub};

/// The serial number of the factory's applications.
const APP: u8 = 3;
/// The serial number of the factory's subordinate authorities.
const SUB: u8 = 2;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = found();
    rows.extend(dates_and_signers());
    rows.extend(kinds());
    rows.extend(several());
    rows.extend(odd());
    rows
}

/// A leaf below a trusted root, without any list.
fn below(root: &Node, id: &'static str, name: &str) -> Case {
    row(id, name).trusts(root).presents(&app(root))
}

fn found() -> Vec<Row> {
    let root = root();
    let sub = sub(&root);
    let (leaf, deep) = (app(&root), app(&sub));
    let two = |id, name: &str| row(id, name).trusts(&root).knows(&sub).presents(&deep);
    vec![
        row("CV-91", "ctt_ca1IC_appT").knows(&root).trusts(&leaf).presents(&leaf).fails(&[RevocationUnknown]),
        below(&root, "CV-93", "ctt_ca1TC_appU_suppressed")
            .suppressing(RevocationUnknown)
            .good_telling(&[RevocationUnknown]),
        two("OWN-26", "ctt_ca1TC_ca2I_appU").lists_of(&[&sub]).fails(&[IssuerRevocationUnknown]),
        two("OWN-26", "ctt_ca1T_ca2IC_appU").lists_of(&[&root]).fails(&[RevocationUnknown]),
        row("CV-100", "ctt_ca1T_appTR")
            .trusts(&root)
            .trusts(&leaf)
            .list(crl(&root, &[7, APP, 9]))
            .presents(&leaf)
            .fails(&[Revoked]),
        two("CV-101", "ctt_ca1T_ca2IR_appU")
            .list(crl(&root, &[SUB]))
            .lists_of(&[&sub])
            .fails(&[IssuerRevoked]),
    ]
}

fn dates_and_signers() -> Vec<Row> {
    let root = root();
    let dated = |revoked: &[u8], from: (i32, u8, u8), to: (i32, u8, u8)| {
        crl_with(&root, root.key, revoked, |params| {
            params.this_update = date_time_ymd(from.0, from.1, from.2);
            params.next_update = date_time_ymd(to.0, to.1, to.2);
        })
    };
    let other = factory::root_with("Other", OTHER_KEY, |_| {});
    let without_end = raw::list(&root, |list| list.times.truncate(1));
    vec![
        below(&root, "CV-95", "list_expired")
            .list(dated(&[], (2027, 1, 1), (2027, 5, 31)))
            .fails(&[RevocationUnknown]),
        below(&root, "OWN-27", "list_from_the_future")
            .list(dated(&[], (2027, 6, 2), (2027, 7, 1)))
            .fails(&[RevocationUnknown]),
        below(&root, "OWN-28", "list_expired_that_revokes")
            .list(dated(&[APP], (2026, 1, 1), (2026, 2, 1)))
            .fails(&[Revoked]),
        below(&root, "OWN-29", "list_from_the_future_that_revokes")
            .list(dated(&[APP], (2027, 6, 2), (2027, 7, 1)))
            .fails(&[Revoked])
            .because("the authority has said so, whatever our clock says"),
        below(&root, "OWN-30", "list_without_next_update").list(without_end).fails(&[RevocationUnknown]),
        below(&root, "CV-97", "list_signed_by_another_key")
            .list(crl_with(&root, OTHER_KEY, &[], |_| {}))
            .fails(&[RevocationUnknown]),
        below(&root, "CV-97", "list_signed_by_another_key_that_revokes")
            .list(crl_with(&root, OTHER_KEY, &[APP], |_| {}))
            .lists_of(&[&root])
            .good(),
        below(&root, "OWN-31", "list_of_another_authority_with_the_serial")
            .knows(&other)
            .lists_of(&[&root])
            .list(crl(&other, &[APP]))
            .good(),
    ]
}

fn kinds() -> Vec<Row> {
    let root = root();
    let partial = crl_with(&root, root.key, &[], |params| {
        params.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint { uris: vec!["http://ca.example/crl".to_owned()] },
            scope: Some(CrlScope::UserCertsOnly),
        });
    });
    let delta = raw::list(&root, |list| {
        list.extensions.push(raw::Extension {
            id: vec![0x55, 0x1d, 27],
            critical: true,
            value: raw::integer(&[1]),
        });
    });
    let fixed = |name| Certificate::from_der(&fixture(name)).unwrap();
    let sha = |name: &str| {
        row("OWN-32", format!("list_signed_with_{name}"))
            .trusts(&fixed("crl-authority.der"))
            .list(Crl::from_der(&fixture(&format!("{name}.crl"))).unwrap())
            .presents(&fixed("crl-application.der"))
    };
    let pem = pem::encode(&pem::Pem::new("X509 CRL", crl(&root, &[]).der()));
    vec![
        below(&root, "CV-104", "partial_list").list(partial).fails(&[RevocationUnknown]),
        below(&root, "CV-104", "delta_list").list(delta).fails(&[RevocationUnknown]),
        below(&root, "CV-106", "list_as_pem").file("trusted/crl/root.crl", pem.as_bytes()).good(),
        below(&root, "CV-106", "garbage_beside_the_list")
            .file("trusted/crl/garbage.crl", &[0x30, 0x82, 0xff])
            .file("trusted/certs/notes.txt", b"call Bob")
            .lists_of(&[&root])
            .good(),
        sha("sha256").good(),
        sha("sha1").fails(&[RevocationUnknown]).because("SHA-1 proves nothing about a list"),
    ]
}

fn several() -> Vec<Row> {
    let root = root();
    let numbered = |revoked: &[u8], number: u8| {
        crl_with(&root, root.key, revoked, |params| params.crl_number = SerialNumber::from(vec![number]))
    };
    let pair = |name: &str, first, second| below(&root, "CV-103", name).list(first).list(second);
    vec![
        pair("greater_number_takes_back", numbered(&[APP], 5), numbered(&[], 6)).good(),
        pair("greater_number_takes_back_other_order", numbered(&[], 6), numbered(&[APP], 5)).good(),
        pair("same_number_does_not", numbered(&[APP], 5), numbered(&[], 5)).fails(&[Revoked]),
        pair("smaller_number_does_not", numbered(&[APP], 5), numbered(&[], 4)).fails(&[Revoked]),
    ]
}

/// Lists that follow the rules in an unusual way, or nearly.
fn odd() -> Vec<Row> {
    let root = root();
    let extension =
        |id: &[u8], critical: bool, value: Vec<u8>| raw::Extension { id: id.to_vec(), critical, value };
    let reason = |code: u8| extension(&[0x55, 0x1d, 21], false, vec![0x0a, 1, code]);
    let with_entry = |serial: Vec<u8>, extensions: Vec<raw::Extension>| {
        raw::list(&root, |list| list.entries.push((serial, extensions)))
    };
    let lists = |id, name: &str, list: Crl| below(&root, id, name).list(list);
    let unknown = [RevocationUnknown];
    let critical = raw::list(&root, |list| list.extensions.push(extension(raw::UNKNOWN, true, vec![5, 0])));
    let uncritical =
        raw::list(&root, |list| list.extensions.push(extension(raw::UNKNOWN, false, vec![5, 0])));
    let old = raw::list(&root, |list| {
        list.version.clear();
        list.extensions.clear();
    });
    let backwards = raw::list(&root, |list| list.times.reverse());
    let other_key = raw::list(&root, |list| {
        let identifier = raw::sequence(&[raw::element(0x80, &[7; 20])]);
        list.extensions.push(extension(raw::AUTHORITY_KEY, false, identifier));
    });
    let large_serial = raw::forged(&app(&root), root.key, |raw| raw.serial = raw::element(2, &[0, 0x80]));
    // a root renewed with another key, whose list has our serial
    let renewed = factory::root_with("Root", OTHER_KEY, |_| {});
    let leaf = app(&root);
    let (trusted_list, known_list) = (crl(&root, &[]), crl(&root, &[]));
    vec![
        lists("OWN-33", "unknown_critical_extension", critical).fails(&unknown),
        lists("OWN-33", "unknown_uncritical_extension", uncritical).good(),
        lists(
            "OWN-34",
            "entry_of_another_with_critical_extension",
            with_entry(vec![9], vec![extension(raw::UNKNOWN, true, vec![5, 0])]),
        )
        .fails(&unknown),
        lists(
            "OWN-34",
            "entry_with_certificate_issuer",
            with_entry(vec![9], vec![extension(&[0x55, 0x1d, 29], true, vec![0x30, 0])]),
        )
        .fails(&unknown)
        .because("an indirect list speaks of the certificates of others"),
        lists("OWN-35", "on_hold", with_entry(vec![APP], vec![reason(6)])).fails(&[Revoked]),
        lists("OWN-35", "remove_from_list_in_a_complete_list", with_entry(vec![APP], vec![reason(8)]))
            .fails(&[Revoked])
            .because("that reason belongs into delta lists only (RFC 5280 §5.3.1): taken as listed"),
        lists("OWN-36", "version_1_without_number", old).good(),
        lists("OWN-36", "ends_before_it_begins", backwards).fails(&unknown),
        lists("OWN-36", "for_another_key_by_its_identifier", other_key).fails(&unknown),
        row("OWN-37", "serial_with_a_leading_zero")
            .trusts(&root)
            .list(with_entry(vec![0x80], Vec::new()))
            .presents(&large_serial)
            .fails(&[Revoked]),
        row("OWN-37", "serial_in_the_list_of_the_renewed_root")
            .trusts_authority(&root)
            .trusts(&renewed)
            .list(crl(&renewed, &[APP]))
            .presents(&leaf)
            .good(),
        row("OWN-38", "list_of_a_trusted_authority_among_the_issuers")
            .trusts(&root)
            .file("issuers/crl/root.crl", trusted_list.der())
            .presents(&leaf)
            .good(),
        row("OWN-38", "list_of_a_known_authority_among_the_trusted")
            .knows(&root)
            .trusts(&leaf)
            .file("trusted/crl/root.crl", known_list.der())
            .presents(&leaf)
            .good(),
        row("OWN-38", "list_in_the_wrong_folder_for_certificates")
            .trusts(&root)
            .file("trusted/certs/root.crl", trusted_list.der())
            .presents(&leaf)
            .fails(&unknown),
    ]
}

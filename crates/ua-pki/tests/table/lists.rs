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

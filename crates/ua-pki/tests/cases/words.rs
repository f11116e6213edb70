//! What the administrator reads.

use std::collections::BTreeMap;

use rcgen::{CustomExtension, date_time_ymd};
use ua_pki::{Certificate, CertificateStatus, Verdict};

use super::{Case, case};
use crate::factory::{
    self, ROOT_KEY, app, crl, fixture, flipped, root, root_with, self_signed, self_signed_with, sub, uri,
};

/// Thumbprints change with the keys, so they are put back to words.
fn told(verdict: &Verdict, names: &BTreeMap<String, &str>) -> String {
    let mut text = String::new();
    for finding in verdict.findings() {
        let mark = if finding.suppressed { " (suppressed)" } else { "" };
        text += &format!(
            "{:?} {}{mark}\n  {}\n  -> {}\n",
            finding.step, finding.status, finding.message, finding.remedy
        );
    }
    for (thumbprint, name) in names {
        text = text.replace(thumbprint, name);
    }
    text
}

fn tell(case: Case) -> String {
    let mut names = BTreeMap::new();
    for (certificate, name) in case
        .presented
        .iter()
        .map(|one| (one, "<PEER>"))
        .chain(case.trusted.iter().chain(&case.issuers).map(|one| (one, "<AUTHORITY>")))
    {
        names.entry(certificate.thumbprint().to_string()).or_insert(name);
        names.entry(certificate.thumbprint().grouped()).or_insert(name);
    }
    told(&case.verdict(), &names)
}

#[test]
fn every_finding_names_the_certificate_the_facts_and_what_to_do() {
    let everything_wrong = self_signed_with(|params| {
        params.subject_alt_names = vec![uri("urn:plc2:app"), factory::dns("plc2"), factory::ip("10.0.0.2")];
        params.not_after = date_time_ymd(2027, 1, 1);
        params.key_usages.truncate(1);
        params.extended_key_usages.remove(1);
        let mut unknown = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
        unknown.set_criticality(true);
        params.custom_extensions.push(unknown);
    });
    let weak = Certificate::from_der(&fixture("sha1.der")).unwrap();
    let small = Certificate::from_der(&fixture("rsa1024.der")).unwrap();
    let old_root = root_with("Root", ROOT_KEY, |params| params.not_after = date_time_ymd(2027, 1, 1));
    let half_root = root_with("Root", ROOT_KEY, |params| params.key_usages.truncate(1));
    let long_root = root_with("Root", ROOT_KEY, |params| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    });
    let (root, sub) = (root(), sub(&root()));
    let application = self_signed();
    let forged =
        factory::app_with(&application, |params| params.distinguished_name = factory::name("forged"));
    let altered = flipped(&self_signed().certificate, 5);
    let old_list = factory::crl_with(&root, root.key, &[], |params| {
        params.this_update = date_time_ymd(2027, 1, 1);
        params.next_update = date_time_ymd(2027, 2, 1);
    });
    let cases = [
        ("unknown server", case("").presents(&self_signed())),
        ("everything wrong", case("").presents(&everything_wrong)),
        ("below an unknown authority", case("").presents(&app(&root))),
        ("below a known authority", case("").knows(&root).presents(&app(&root))),
        ("weak signature", case("").trusts(&weak).presents(&weak)),
        ("small key", case("").trusts(&small).presents(&small)),
        ("altered", case("").trusts(&altered).presents(&altered)),
        ("forged", case("").trusts(&root).presents(&flipped(&app(&root).certificate, 5))),
        ("no list", case("").trusts(&root).presents(&app(&root))),
        ("old list", case("").trusts(&root).list(old_list).presents(&app(&root))),
        ("revoked", case("").trusts(&root).list(crl(&root, &[3])).presents(&app(&root))),
        (
            "issuer revoked",
            case("")
                .trusts(&root)
                .knows(&sub)
                .list(crl(&root, &[2]))
                .list(crl(&sub, &[]))
                .presents(&app(&sub)),
        ),
        ("old authority", case("").trusts(&old_root).list(crl(&old_root, &[])).presents(&app(&old_root))),
        ("half an authority", case("").trusts(&half_root).presents(&app(&half_root))),
        ("application as authority", case("").trusts(&application).presents(&forged)),
        (
            "path too long",
            case("")
                .trusts(&long_root)
                .presents(&app(&factory::sub(&long_root)))
                .presents(&factory::sub(&long_root)),
        ),
        (
            "suppressed",
            case("").trusts(&root).presents(&app(&root)).suppressing(CertificateStatus::RevocationUnknown),
        ),
        ("nothing", case("")),
    ];
    let text: String =
        cases.into_iter().map(|(title, case)| format!("== {title}\n{}\n", tell(case))).collect();
    insta::assert_snapshot!(text);
}

//! Step 1: what does not parse is refused, what parses and must never be accepted is Invalid.

use rcgen::CustomExtension;
use ua_pki::Certificate;
use ua_pki::CertificateStatus::{Invalid, PolicyCheckFailed, UriInvalid, UseNotAllowed};

use super::{Row, row};
use crate::factory::{APP_KEY, app, app_for_modulus, crl, fixture, raw, root, self_signed, self_signed_with};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = read();
    rows.extend(unreadable());
    rows.extend(keys());
    rows
}

fn fixed(name: &str) -> Certificate {
    Certificate::from_der(&fixture(name)).unwrap()
}

/// What parses and must never be accepted.
fn read() -> Vec<Row> {
    let alone = self_signed();
    let oid_sha256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    let mut outer = alone.certificate.der().to_vec();
    let last = outer.windows(9).rposition(|window| window == oid_sha256).unwrap();
    outer[last + 8] = 0x0c;
    let with_extension = |critical| {
        self_signed_with(|params| {
            let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
            extension.set_criticality(critical);
            params.custom_extensions.push(extension);
        })
    };
    let (critical, uncritical) = (with_extension(true), with_extension(false));
    let nameless = self_signed_with(|params| params.distinguished_name = rcgen::DistinguishedName::new());
    let issuer_nameless = raw::forged(&alone, APP_KEY, |raw| raw.issuer = vec![0x30, 0]);
    let name = |text: &[u8]| {
        raw::forged(&alone, APP_KEY, |raw| raw.names(&[(6, b"urn:plc1:app"), (2, b"plc1"), (2, text)]))
    };
    let (with_nul, with_newline) = (name(b"plc1\0.evil.example"), name(b"plc1\n.evil.example"));
    let old = fixed("v1.der");
    vec![
        row("CV-29", "outer_algorithm_differs")
            .trusts(&outer)
            .presents(&outer)
            .fails(&[Invalid, Invalid, Invalid]),
        row("CV-64", "dns_name_with_nul").trusts(&with_nul).presents(&with_nul).fails(&[Invalid]),
        row("CV-64", "dns_name_with_line_end")
            .trusts(&with_newline)
            .presents(&with_newline)
            .fails(&[Invalid]),
        row("CV-87", "unknown_critical_extension").trusts(&critical).presents(&critical).fails(&[Invalid]),
        row("CV-87", "unknown_uncritical_extension").trusts(&uncritical).presents(&uncritical).good(),
        row("CV-109", "subject_and_issuer_empty")
            .trusts(&nameless)
            .presents(&nameless)
            .fails(&[Invalid, Invalid]),
        row("CV-109", "issuer_empty")
            .trusts(&issuer_nameless)
            .presents(&issuer_nameless)
            .fails(&[Invalid, ua_pki::CertificateStatus::ChainIncomplete]),
        row("CV-110", "version_1")
            .trusts(&old)
            .presents(&old)
            .fails(&[
                Invalid,
                ua_pki::CertificateStatus::HostNameInvalid,
                UriInvalid,
                UseNotAllowed,
                UseNotAllowed,
            ])
            .insists(Invalid),
    ]
}

/// What does not even parse, so that there is no verdict.
fn unreadable() -> Vec<Row> {
    let (alone, root) = (self_signed(), root());
    let der = alone.certificate.der();
    let mut indefinite = vec![0x30, 0x80];
    indefinite.extend_from_slice(&der[4..]);
    indefinite.extend_from_slice(&[0, 0]);
    let chain = [app(&root).certificate.der(), root.certificate.der()].concat();
    let names: Vec<String> = (0..10_000).map(|number| format!("host{number}")).collect();
    let names: Vec<(u8, &[u8])> = names.iter().map(|name| (2, name.as_bytes())).collect();
    let huge = raw::forged(&alone, APP_KEY, |raw| raw.names(&names));
    let crowded = raw::forged(&alone, APP_KEY, |raw| raw.names(&[(2, &b"plc1"[..]); 65]));
    vec![
        row("CV-17", "ctt_appT_trailingBytes").trusts(&alone).sends([der, &[0]].concat()).does_not_parse(),
        row("CV-17", "ctt_ca1T_appU_trailingJunk")
            .trusts_authority(&root)
            .sends([&chain[..], b"junk"].concat())
            .does_not_parse(),
        row("CV-110", "cut_short").trusts(&alone).sends(der[..der.len() - 1].to_vec()).does_not_parse(),
        row("CV-110", "indefinite_length").trusts(&alone).sends(indefinite).does_not_parse(),
        row("CV-111", "nothing_sent").trusts(&alone).sends(Vec::new()).does_not_parse(),
        row("CV-112", "revocation_list_sent")
            .trusts_authority(&root)
            .sends(crl(&root, &[]).der().to_vec())
            .does_not_parse(),
        row("CV-112", "request_sent").trusts(&alone).sends(fixture("request.csr")).does_not_parse(),
        row("CV-113", "ten_thousand_names").trusts(&alone).sends(huge).does_not_parse(),
        row("CV-113", "sixty_five_names").trusts(&alone).sends(crowded).does_not_parse(),
    ]
}

fn keys() -> Vec<Row> {
    let root = root();
    let modulus = |last: u8| {
        let mut modulus = vec![0xc5; 256];
        modulus[255] = last;
        modulus
    };
    // 3 * 2^32 + 1 has 34 bits
    let five_bytes: &[u8] = &[3, 0, 0, 0, 1];
    let mut rows = Vec::new();
    for (name, modulus, exponent, more) in [
        ("even_modulus", modulus(0xc4), &[1, 0, 1][..], None),
        ("exponent_1", modulus(0xc5), &[1], None),
        ("exponent_even", modulus(0xc5), &[1, 0, 0], None),
        ("exponent_too_large", modulus(0xc5), five_bytes, None),
        ("modulus_too_large", vec![0xc5; 1025], &[1, 0, 1], Some(PolicyCheckFailed)),
    ] {
        let leaf = app_for_modulus(&root, &modulus, exponent);
        let mut findings = vec![Invalid];
        findings.extend(more);
        rows.push(row("CV-45", name).trusts_authority(&root).presents(&leaf).fails(&findings));
    }
    let odd = fixed("explicit-curve.der");
    rows.push(row("CV-46", "curve_by_its_parameters").trusts(&odd).presents(&odd).fails(&[
        Invalid,
        Invalid,
        PolicyCheckFailed,
        PolicyCheckFailed,
    ]));
    rows
}

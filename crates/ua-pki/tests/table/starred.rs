//! The starred cases: for every kind of key that a leaf may have.

use rcgen::{CertificateParams, date_time_ymd};
use ua_pki::Certificate;
use ua_pki::CertificateStatus::{
    Invalid, IssuerUseNotAllowed, PolicyCheckFailed, RevocationUnknown, Revoked, TimeInvalid, Untrusted,
    UseNotAllowed,
};

use super::{Case, Row, row};
use crate::factory::{
    self, APP_KEY, ED25519_KEY, Node, P256_AUTHORITY_KEY, P256_KEY, P384_AUTHORITY_KEY, P384_KEY, ROOT_KEY,
    SUB_KEY, app_for, crl, fixture, flipped, raw, root_with, self_signed_for, sub_with,
};

/// A kind of key that we judge: its name, the key of the leaf, of the root and of the authority below.
struct Kind {
    name: &'static str,
    leaf: usize,
    root: usize,
    sub: usize,
    policy: &'static str,
}

pub(super) fn rows() -> Vec<Row> {
    let kinds = [
        Kind { name: "rsa2048", leaf: APP_KEY, root: ROOT_KEY, sub: SUB_KEY, policy: "Basic256Sha256" },
        Kind {
            name: "p256",
            leaf: P256_KEY,
            root: P256_AUTHORITY_KEY,
            sub: P256_AUTHORITY_KEY,
            policy: "ECC_nistP256",
        },
        Kind {
            name: "p384",
            leaf: P384_KEY,
            root: P384_AUTHORITY_KEY,
            sub: P384_AUTHORITY_KEY,
            policy: "ECC_nistP384",
        },
    ];
    kinds.iter().flat_map(|kind| [alone(kind), below(kind)].concat_rows()).chain(refused()).collect()
}

trait ConcatRows {
    fn concat_rows(self) -> Vec<Row>;
}

impl<const N: usize> ConcatRows for [Vec<Row>; N] {
    fn concat_rows(self) -> Vec<Row> {
        self.into_iter().flatten().collect()
    }
}

fn start(kind: &Kind, id: &'static str, name: &str) -> Case {
    row(id, format!("{name}_{}", kind.name)).policy(kind.policy)
}

/// Self-signed.
fn alone(kind: &Kind) -> Vec<Row> {
    let leaf = self_signed_for(kind.leaf, |_| {});
    let until = |year, month, day| {
        self_signed_for(kind.leaf, |params| params.not_after = date_time_ymd(year, month, day))
    };
    let (expired, altered) = (until(2027, 5, 31), flipped(&leaf.certificate, 5));
    let young = self_signed_for(kind.leaf, |params| params.not_before = date_time_ymd(2027, 6, 2));
    let start = |id, name: &str| start(kind, id, name);
    vec![
        start("CV-01", "ctt_appT").trusts(&leaf).presents(&leaf).good(),
        start("CV-02", "ctt_appU").presents(&leaf).fails(&[Untrusted]),
        start("CV-25", "ctt_appTS").trusts(&altered).presents(&altered).fails(&[Invalid]),
        start("CV-47", "ctt_appTE").trusts(&expired).presents(&expired).fails(&[TimeInvalid]),
        start("CV-48", "ctt_appTV").trusts(&young).presents(&young).fails(&[TimeInvalid]),
        start("CV-57", "ctt_appT_hostCase").trusts(&leaf).presents(&leaf).dials("PLC1").good(),
        start("CV-67", "ctt_appT_uri").trusts(&leaf).presents(&leaf).expects(Some("urn:plc1:app")).good(),
    ]
}

/// Below authorities.
fn below(kind: &Kind) -> Vec<Row> {
    let root = root_with("Root", kind.root, |_| {});
    let sub = sub_with(&root, "Sub", kind.sub, |_| {});
    let leaf_of = |issuer: &Node, tweak: fn(&mut CertificateParams)| app_for(issuer, kind.leaf, tweak);
    let leaf = leaf_of(&root, |_| {});
    let altered = flipped(&leaf.certificate, 5);
    let without_data = leaf_of(&root, |params| {
        params.key_usages.retain(|usage| *usage != rcgen::KeyUsagePurpose::DataEncipherment)
    });
    let without_constraints = root_with("Root", kind.root, |params| params.is_ca = rcgen::IsCa::NoCa);
    let false_authority = root_with("Root", kind.root, |params| params.is_ca = rcgen::IsCa::ExplicitNoCa);
    let start = |id, name: &str| start(kind, id, name);
    let data_encipherment =
        start("CV-73", "ctt_ca1T_appU_noDataEncipherment").trusts_authority(&root).presents(&without_data);
    vec![
        start("CV-05", "ctt_ca1T_appU").trusts_authority(&root).presents(&leaf).good(),
        start("CV-06", "ctt_ca1I_appT").knows_authority(&root).trusts(&leaf).presents(&leaf).good(),
        start("CV-08", "ctt_ca1I_ca2T_appU")
            .knows_authority(&root)
            .trusts_authority(&sub)
            .presents(&leaf_of(&sub, |_| {}))
            .good(),
        start("CV-25", "ctt_ca1T_appTS")
            .trusts_authority(&root)
            .trusts(&altered)
            .presents(&altered)
            .fails(&[Invalid]),
        if factory::is_rsa(kind.leaf) {
            data_encipherment
                .fails(&[UseNotAllowed])
                .insists(UseNotAllowed)
                .because("the factory marks keyUsage critical")
        } else {
            data_encipherment.good().because("elliptic curve keys do not encipher (Part 6 §6.2.2)")
        },
        start("CV-84", "ctt_ca1T_noConstraints_appU")
            .trusts(&without_constraints)
            .list(crl(&root, &[]))
            .presents(&leaf_of(&without_constraints, |_| {}))
            .fails(&[IssuerUseNotAllowed])
            .insists(IssuerUseNotAllowed)
            .because("suppressing it would let every application issue certificates"),
        start("CV-84", "ctt_ca1T_caFalse_appU")
            .trusts(&false_authority)
            .list(crl(&root, &[]))
            .presents(&leaf_of(&false_authority, |_| {}))
            .fails(&[IssuerUseNotAllowed])
            .insists(IssuerUseNotAllowed),
        start("CV-89", "ctt_ca1TC_appU").trusts(&root).presents(&leaf).fails(&[RevocationUnknown]),
        start("CV-89", "ctt_ca1TC_appT")
            .trusts(&root)
            .trusts(&leaf)
            .presents(&leaf)
            .fails(&[RevocationUnknown]),
        start("CV-99", "ctt_ca1T_appUR")
            .trusts(&root)
            .list(crl(&root, &[3]))
            .presents(&leaf)
            .fails(&[Revoked]),
    ]
}

/// Kinds of keys that no policy of ours has: we cannot check what they sign, so a self-signed one is Invalid; below an
/// authority that we can check, it is the policy that refuses them.
fn refused() -> Vec<Row> {
    let root = factory::root();
    let brainpool = Certificate::from_der(&fixture("brainpoolP256r1.der")).unwrap();
    let curve = raw::elements(raw::elements(brainpool.der())[0])[6].to_vec();
    let self_signed =
        [("ed25519", self_signed_for(ED25519_KEY, |_| {}).certificate), ("brainpoolP256r1", brainpool)];
    let issued = |name, tweak: fn(&mut CertificateParams)| -> (&'static str, Certificate) {
        if name == "ed25519" {
            return (name, app_for(&root, ED25519_KEY, tweak).certificate);
        }
        let plain = app_for(&root, P256_KEY, tweak);
        let der = raw::forged(&plain, root.key, |raw| raw.key = curve.clone());
        (name, Certificate::from_der(&der).unwrap())
    };
    let expires: fn(&mut CertificateParams) = |params| params.not_after = date_time_ymd(2027, 5, 31);
    let begins: fn(&mut CertificateParams) = |params| params.not_before = date_time_ymd(2027, 6, 2);
    let mut rows = Vec::new();
    for (name, leaf) in &self_signed {
        let unknown = "its signature cannot be checked: no such key is implemented";
        let both = [PolicyCheckFailed, PolicyCheckFailed];
        rows.push(
            row("CV-01", format!("ctt_appT_{name}"))
                .trusts(leaf)
                .presents(leaf)
                .fails(&[&[Invalid], &both[..]].concat())
                .because(unknown),
        );
        rows.push(
            row("CV-02", format!("ctt_appU_{name}"))
                .presents(leaf)
                .fails(&[&[Invalid], &both[..], &[Untrusted]].concat())
                .because(unknown),
        );
    }
    for kind in ["ed25519", "brainpoolP256r1"] {
        let (name, leaf) = issued(kind, |_| {});
        let altered = flipped(&leaf, 5);
        let below = |id, text: &str, leaf: &Certificate| {
            row(id, format!("ctt_ca1T_appU{text}_{name}")).trusts(&root).presents(leaf)
        };
        let refused = PolicyCheckFailed;
        let (expired, young) = (issued(kind, expires).1, issued(kind, begins).1);
        rows.extend([
            below("CV-05", "", &leaf).lists_of(&[&root]).fails(&[refused]),
            below("CV-06", "T", &leaf).trusts(&leaf).lists_of(&[&root]).fails(&[refused]),
            below("CV-25", "S", &altered).lists_of(&[&root]).fails(&[Invalid, refused, Untrusted]),
            below("CV-47", "E", &expired).lists_of(&[&root]).fails(&[refused, TimeInvalid]),
            below("CV-48", "V", &young).lists_of(&[&root]).fails(&[refused, TimeInvalid]),
            below("CV-57", "_hostCase", &leaf).lists_of(&[&root]).dials("PLC1").fails(&[refused]),
            below("CV-67", "_uri", &leaf).lists_of(&[&root]).fails(&[refused]),
            below("CV-89", "_ca1C", &leaf).fails(&[refused, RevocationUnknown]),
            below("CV-99", "R", &leaf).list(crl(&root, &[3])).fails(&[refused, Revoked]),
        ]);
    }
    rows
}

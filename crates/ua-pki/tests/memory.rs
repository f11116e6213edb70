//! Remembered verdicts: whatever a verdict depends on, a change of it is noticed although the answer was known before.
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
#![expect(dead_code, reason = "this test needs a part of the factory only")]

mod factory;

use rcgen::date_time_ymd;
use ua_pki::CertificateStatus::{
    HostNameInvalid, IssuerRevocationUnknown, IssuerTimeInvalid, PolicyCheckFailed, RevocationUnknown,
    Revoked, TimeInvalid, Untrusted, UriInvalid,
};
use ua_pki::{
    Certificate, CertificateRules, CertificateStatus, Crl, Role, Store, TrustList, ValidationContext,
    validate,
};

/// Judges as a client that dials `plc1`.
fn ask(chain: &[Certificate], trust: &TrustList) -> Option<CertificateStatus> {
    ask_with(chain, trust, |_| {})
}

fn ask_with(
    chain: &[Certificate],
    trust: &TrustList,
    change: impl FnOnce(&mut ValidationContext<'_>),
) -> Option<CertificateStatus> {
    let mut context = ValidationContext {
        now: factory::NOW.parse().unwrap(),
        role: Role::Server,
        policy: CertificateRules::from_name("Basic256Sha256"),
        host: Some("plc1"),
        application_uri: Some("urn:plc1:app"),
        suppress: &[],
    };
    change(&mut context);
    validate(chain, trust, &context).status()
}

fn at(chain: &[Certificate], trust: &TrustList, now: &str) -> Option<CertificateStatus> {
    ask_with(chain, trust, |context| context.now = now.parse().unwrap())
}

/// A leaf that runs out first, then the list of its issuer, then the one of the root, then the authority.
struct Plant {
    chain: Vec<Certificate>,
    trust: TrustList,
}

fn plant() -> Plant {
    let root = factory::root();
    let sub = factory::sub_with(&root, "Sub", factory::SUB_KEY, |params| {
        params.not_after = date_time_ymd(2027, 6, 20);
    });
    let leaf = factory::app_with(&sub, |params| params.not_before = date_time_ymd(2027, 5, 20));
    let list = |issuer: &factory::Node, day| {
        factory::crl_with(issuer, issuer.key, &[], |params| {
            params.next_update = date_time_ymd(2027, 6, day);
        })
    };
    let lists: Vec<Crl> = vec![list(&sub, 10), list(&root, 15)];
    let trust = TrustList::new(vec![root.certificate], Vec::new(), lists);
    Plant { chain: vec![leaf.certificate, sub.certificate], trust }
}

#[test]
fn what_was_good_ends_when_anything_it_rests_on_ends_or_had_not_begun() {
    let Plant { chain, trust } = plant();
    for _ in 0..2 {
        assert_eq!(ask(&chain, &trust), None);
        assert_eq!(at(&chain, &trust, "2027-06-10T00:00:00Z"), None);
        assert_eq!(at(&chain, &trust, "2027-06-10T00:00:01Z"), Some(RevocationUnknown));
        assert_eq!(at(&chain, &trust, "2027-06-20T00:00:01Z"), Some(IssuerTimeInvalid));
        assert_eq!(at(&chain, &trust, "2028-01-01T00:00:01Z"), Some(TimeInvalid));
        // a clock that is set back
        assert_eq!(at(&chain, &trust, "2027-05-19T23:59:59Z"), Some(TimeInvalid));
        assert_eq!(at(&chain, &trust, "2027-04-30T00:00:00Z"), Some(TimeInvalid));
    }
}

#[test]
fn a_list_that_counts_only_later_counts_when_its_time_has_come() {
    let root = factory::root();
    let leaf = factory::app(&root);
    let hold = factory::crl_with(&root, root.key, &[3], |params| {
        params.crl_number = rcgen::SerialNumber::from(vec![1]);
    });
    // takes the revocation back, for ten days
    let released = factory::crl_with(&root, root.key, &[], |params| {
        params.crl_number = rcgen::SerialNumber::from(vec![2]);
        params.next_update = date_time_ymd(2027, 6, 10);
    });
    let trust = TrustList::new(vec![root.certificate.clone()], Vec::new(), vec![hold, released]);
    let chain = [leaf.certificate];
    assert_eq!(ask(&chain, &trust), None);
    assert_eq!(at(&chain, &trust, "2027-06-09T00:00:00Z"), None);
    assert_eq!(at(&chain, &trust, "2027-06-11T00:00:00Z"), Some(Revoked));
}

#[test]
fn suppressed_findings_about_time_are_told_anew() {
    let Plant { chain, trust } = plant();
    let suppress = [RevocationUnknown, IssuerRevocationUnknown];
    let told = |now: &str| {
        let context = ValidationContext {
            now: now.parse().unwrap(),
            role: Role::Server,
            policy: None,
            host: None,
            application_uri: None,
            suppress: &suppress,
        };
        let verdict = validate(&chain, &trust, &context);
        assert_eq!(verdict.status(), None);
        verdict.findings().len()
    };
    assert_eq!(
        ["2027-06-09", "2027-06-12", "2027-06-18", "2027-06-09"].map(|day| told(&format!("{day}T00:00:00Z"))),
        [0, 1, 2, 0]
    );
}

#[test]
fn another_question_gets_its_own_answer() {
    let Plant { chain, trust } = plant();
    for _ in 0..2 {
        assert_eq!(ask(&chain, &trust), None);
        assert_eq!(ask_with(&chain, &trust, |context| context.host = Some("plc2")), Some(HostNameInvalid));
        assert_eq!(
            ask_with(&chain, &trust, |context| context.application_uri = Some("urn:other")),
            Some(UriInvalid)
        );
        let elliptic = CertificateRules::from_name("ECC_nistP256");
        assert_eq!(ask_with(&chain, &trust, |context| context.policy = elliptic), Some(PolicyCheckFailed));
        let suppressed = |context: &mut ValidationContext<'_>| {
            context.host = Some("plc2");
            context.suppress = &[HostNameInvalid];
        };
        assert_eq!(ask_with(&chain, &trust, suppressed), None);
        assert_eq!(ask(&chain[1..], &trust), Some(HostNameInvalid), "the authority itself");
        let other = TrustList::new(Vec::new(), trust.trusted().to_vec(), trust.crls().to_vec());
        assert_eq!(ask(&chain, &other), Some(Untrusted));
    }
}

#[test]
fn the_same_certificate_with_another_signature_is_another_one() {
    let honest = factory::self_signed().certificate;
    let trust = TrustList::new(vec![honest.clone()], Vec::new(), Vec::new());
    assert_eq!(ask(std::slice::from_ref(&honest), &trust), None);
    assert!(ask(&[factory::flipped(&honest, 0)], &trust).is_some());
}

#[test]
fn who_is_taken_out_of_the_store_or_revoked_is_not_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("pki")).unwrap();
    let root = factory::root();
    let chain = [factory::app(&root).certificate];
    store.trust(&root.certificate).unwrap();
    store.add_crl(&factory::crl(&root, &[])).unwrap();
    assert_eq!(ask(&chain, &store.trust_list().unwrap()), None);
    store
        .add_crl(&factory::crl_with(&root, root.key, &[3], |params| {
            params.crl_number = rcgen::SerialNumber::from(vec![2]);
        }))
        .unwrap();
    assert_eq!(ask(&chain, &store.trust_list().unwrap()), Some(Revoked));
    store.remove(&root.certificate.thumbprint().to_string().parse().unwrap()).unwrap();
    assert!(ask(&chain, &store.trust_list().unwrap()).is_some());
}

//! How long a decision takes: `cargo xtask bench pki`. Medians, beside the limit of each; plain, so that anyone can read
//! what was timed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::as_conversions,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a measurement fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a measurement looks at the clock")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use ua_pki::issue::{Authority, AuthorityProfile, Revocation};
use ua_pki::{
    ApplicationIdentity, ApplicationProfile, Certificate, CertificateRules, CertificateStatus, Crl, KeyKind,
    PrivateKey, Role, Store, TrustList, ValidationContext, Verdict, validate,
};

/// A machine that others use as well is slower now and then. What fails is what a change of the program explains.
const MARGIN: u32 = 5;

const FROM: &str = "2026-01-01T00:00:00Z";
const NOW: &str = "2026-06-01T00:00:00Z";
const UNTIL: &str = "2026-12-31T00:00:00Z";

fn main() -> ExitCode {
    // `cargo test --benches` builds us too, and asks for nothing
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let plant = Plant::new();
    let mut table = Table::default();
    decisions(&plant, &mut table);
    same_names(&mut table);
    store(&plant, &mut table);
    table.close()
}

/// A root, an authority below it, an application below that, all RSA-2048, as plants have them.
struct Plant {
    root: Authority,
    sub: Authority,
    /// As a peer sends it.
    chain_der: Vec<u8>,
}

impl Plant {
    fn new() -> Self {
        let rsa = || PrivateKey::generate_rsa(2048).unwrap();
        let root = Authority::root(&authority("Root"), rsa()).unwrap();
        let sub = root.subordinate(&authority("Sub"), rsa()).unwrap();
        let applicant = ApplicationIdentity::self_signed(&application("plc1")).unwrap();
        let leaf = sub.issue(&application("plc1"), applicant.certificate().public_key()).unwrap();
        let chain_der = [leaf.der(), sub.certificate().der()].concat();
        Self { root, sub, chain_der }
    }

    fn list(&self, authority: &Authority, entries: u32) -> Vec<u8> {
        authority
            .revocation_list(1, FROM.parse().unwrap(), UNTIL.parse().unwrap(), &revoked(entries))
            .unwrap()
            .der()
            .to_vec()
    }
}

fn decisions(plant: &Plant, table: &mut Table) {
    let (root_list, sub_list) = (plant.list(&plant.root, 10), plant.list(&plant.sub, 10_000));
    let strangers: Vec<Crl> = (0..98)
        .map(|number| {
            let name = format!("Another {number}");
            let other = Authority::root(&authority(&name), plant.root.key().clone()).unwrap();
            Crl::from_der(&plant.list(&other, 10_000)).unwrap()
        })
        .collect();
    // parsed anew each time, so that nothing is remembered of an earlier round
    let fresh = |more: &[Crl]| {
        let mut lists = vec![Crl::from_der(&root_list).unwrap(), Crl::from_der(&sub_list).unwrap()];
        lists.extend(more.iter().cloned());
        let trust = TrustList::new(vec![plant.root.certificate().clone()], Vec::new(), lists);
        (trust, Certificate::chain_from_der(&plant.chain_der).unwrap())
    };
    let good = |verdict: Verdict| assert_eq!(verdict.status(), None);
    let first = median(101, || fresh(&[]), |(trust, chain)| good(judge(chain, trust, "plc1")));
    table.add("first verdict, 10,000-entry list just loaded", first, Duration::from_millis(1));
    let many = median(51, || fresh(&strangers), |(trust, chain)| good(judge(chain, trust, "plc1")));
    table.add("first verdict, among 100 lists of 10,000 entries", many, Duration::from_millis(1));
    let (trust, chain) = fresh(&strangers);
    let mut round = 0;
    let again = median(
        101,
        || {
            // never asked before, so not remembered; the signature of the list is
            round += 1;
            format!("host{round}")
        },
        |host| assert_eq!(judge(&chain, &trust, host).status(), Some(CertificateStatus::HostNameInvalid)),
    );
    table.add("verdict, not remembered", again, Duration::from_millis(1));
    good(judge(&chain, &trust, "plc1"));
    let remembered = median(1001, || (), |()| good(judge(&chain, &trust, "plc1")));
    table.add("verdict, remembered", remembered, Duration::from_micros(20));
    let bytes = median(
        1001,
        || (),
        |()| good(judge(&Certificate::chain_from_der(&plant.chain_der).unwrap(), &trust, "plc1")),
    );
    table.add("verdict, remembered, from the bytes of the wire", bytes, Duration::from_millis(1));
}

/// 500 authorities of one name, each with a key of its own; the leaf does not say which one has issued it.
fn same_names(table: &mut Table) {
    let keys: Vec<KeyPair> =
        (0..500).map(|_| KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()).collect();
    let params = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let mut authority = params("Everybody");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authorities: Vec<Certificate> = keys
        .iter()
        .map(|key| Certificate::from_der(authority.self_signed(key).unwrap().der()).unwrap())
        .collect();
    let issuer = Issuer::from_params(&authority, keys.last().unwrap());
    let leaf = params("plc1").signed_by(&keys[0], &issuer).unwrap();
    let chain = [Certificate::from_der(leaf.der()).unwrap()];
    let fresh = || TrustList::new(Vec::new(), authorities.clone(), Vec::new());
    let took = median(21, fresh, |trust| {
        let status = judge(&chain, trust, "plc1").status();
        assert_eq!(status, Some(CertificateStatus::ChainIncomplete), "the budget of work ends first");
    });
    table.add("500 issuers of one name", took, Duration::from_millis(50));
}

fn store(plant: &Plant, table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("pki");
    drop(Store::open(&root).unwrap());
    let applicant = ApplicationIdentity::self_signed(&application("plc1")).unwrap();
    let key = applicant.certificate().public_key();
    for number in 0..1000 {
        let leaf = plant.sub.issue(&application(&format!("plc{number}")), key).unwrap();
        std::fs::write(root.join(format!("trusted/certs/{number}.der")), leaf.der()).unwrap();
    }
    for number in 0..100 {
        let name = format!("Authority {number}");
        let other = Authority::root(&authority(&name), plant.root.key().clone()).unwrap();
        std::fs::write(root.join(format!("issuers/crl/{number}.crl")), plant.list(&other, 1000)).unwrap();
    }
    let load = median(
        11,
        || Store::open(&root).unwrap(),
        |store| {
            let list = store.trust_list().unwrap();
            assert_eq!((list.trusted().len(), list.crls().len()), (1000, 100));
        },
    );
    table.add("load 1,000 trusted and 100 lists of 1,000", load, Duration::from_millis(500));
    let store = Store::open(&root).unwrap();
    let first = store.trust_list().unwrap();
    let look = median(
        51,
        || (),
        |()| {
            assert_eq!(black_box(store.trust_list().unwrap()).generation(), first.generation());
        },
    );
    table.add("see that none of 1,100 files has changed", look, Duration::from_millis(50));
}

fn judge(chain: &[Certificate], trust: &TrustList, host: &str) -> Verdict {
    let context = ValidationContext {
        now: NOW.parse().unwrap(),
        role: Role::Server,
        policy: CertificateRules::from_name("Basic256Sha256"),
        host: Some(host),
        application_uri: Some("urn:plc1:app"),
        suppress: &[],
    };
    validate(black_box(chain), trust, &context)
}

fn median<T>(rounds: usize, mut prepare: impl FnMut() -> T, mut run: impl FnMut(&T)) -> Duration {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let input = prepare();
            let start = Instant::now();
            run(&input);
            start.elapsed()
        })
        .collect();
    times.sort();
    times[rounds / 2]
}

#[derive(Default)]
struct Table(Vec<(&'static str, Duration, Duration)>);

impl Table {
    fn add(&mut self, what: &'static str, median: Duration, limit: Duration) {
        self.0.push((what, median, limit));
    }

    fn close(self) -> ExitCode {
        println!("{:<50} {:>10} {:>10}", "", "median", "limit");
        let mut code = ExitCode::SUCCESS;
        for (what, median, limit) in self.0 {
            let word = if median <= limit {
                "ok"
            } else if median <= limit * MARGIN {
                "over the limit"
            } else {
                code = ExitCode::FAILURE;
                "FAR OVER THE LIMIT"
            };
            println!("{what:<50} {:>10} {:>10}   {word}", format!("{median:.1?}"), format!("{limit:.0?}"));
        }
        println!("fails above {MARGIN} times a limit: what else the machine does is in the figures");
        code
    }
}

fn authority(name: &str) -> AuthorityProfile {
    AuthorityProfile {
        common_name: name.to_owned(),
        organization: None,
        path_length: None,
        valid_from: FROM.parse().unwrap(),
        days: 3650,
    }
}

fn application(name: &str) -> ApplicationProfile {
    ApplicationProfile {
        common_name: name.to_owned(),
        organization: None,
        application_uri: "urn:plc1:app".to_owned(),
        dns_names: vec!["plc1".to_owned()],
        ip_addresses: Vec::new(),
        key: KeyKind::Rsa { bits: 2048 },
        valid_from: FROM.parse().unwrap(),
        days: 365,
    }
}

/// Random-looking serial numbers of 16 bytes, as authorities give them.
fn revoked(entries: u32) -> Vec<Revocation> {
    let serial = |number: u32| {
        let mixed = u64::from(number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        [mixed.to_be_bytes(), (!mixed).to_be_bytes()].concat()
    };
    (0..entries).map(|number| Revocation { serial: serial(number), at: FROM.parse().unwrap() }).collect()
}

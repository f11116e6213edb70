//! V-R12: a connection that stands is judged again, and ends when its server would not be let in any more.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "tests fail by panicking; the site is shared with other tests"
)]

mod site;

use std::sync::Arc;
use std::time::Duration;

use connector::{Handle, SourceState, SourceStatus};
use jiff::{SignedDuration, Timestamp};
use site::{Ahead, Site, assert_nothing_missing, plant_profile};
use ua_pki::issue::{Authority, AuthorityProfile, Revocation};
use ua_pki::{ApplicationIdentity, CertificateStatus, KeyKind, OwnRole, PrivateKey, SecurityPolicy};

const POLICY: SecurityPolicy = SecurityPolicy::Basic256Sha256;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Waits for the end of the connection; everything that was collected before it is still there.
async fn ends(site: &Site, handle: Handle, before: u64) -> SourceStatus {
    let status = site.until_state(SourceState::ServerNotTrusted).await;
    handle.stop().await.unwrap();
    let counters = site.counters();
    assert_nothing_missing(&counters);
    assert!(counters.iter().all(|values| values.last().is_some_and(|last| *last >= before)), "{counters:?}");
    status
}

fn assert_names(status: &SourceStatus, code: &str, rule: CertificateStatus, step: &str, mend: &str) {
    let (detail, next) = (status.detail.as_deref().unwrap(), status.next_step.as_ref().unwrap().to_string());
    assert_eq!(status.error_code.as_deref(), Some(code));
    assert_eq!(status.status_code, Some(rule.code()));
    assert!(detail.starts_with(&format!("{}, Part 4 §6.1.3, {step}", rule.name())), "{detail}");
    assert!(next.contains(mend), "{next}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_list_that_is_dropped_into_the_store_ends_the_connection_to_the_revoked_server() {
    let now = Timestamp::now();
    let profile = AuthorityProfile {
        common_name: "Plant Root".to_owned(),
        organization: None,
        path_length: None,
        valid_from: now - SignedDuration::from_hours(2),
        days: 30,
    };
    let key = KeyKind::Rsa { bits: 2048 };
    let root = Authority::root(&profile, PrivateKey::generate(key).unwrap()).unwrap();
    let applicant = ApplicationIdentity::self_signed(&plant_profile(20)).unwrap();
    let leaf = root.issue(&plant_profile(20), applicant.certificate().public_key()).unwrap();
    let list = |number, revoked: &[Revocation]| {
        let begin = now - SignedDuration::from_mins(10);
        root.revocation_list(number, begin, now + SignedDuration::from_hours(48), revoked).unwrap()
    };
    let serial = leaf.serial_bytes().to_vec();
    let chain = vec![leaf, root.certificate().clone()];
    let plant = ApplicationIdentity::new(chain, applicant.key().clone()).unwrap();
    let site = Site::with_plant(POLICY, &plant).await;
    let store = site.our_store();
    store.trust(root.certificate()).unwrap();
    store.add_crl(&list(1, &[])).unwrap();

    let handle = site.start().await;
    site.until_state(SourceState::Flowing).await;
    site.until_counters_pass(20).await;
    let before = site.reached();
    // by hand, as an administrator would
    let revoked = list(2, &[Revocation { serial, at: now }]);
    std::fs::write(store.root().join("trusted/crl/second.crl"), revoked.der()).unwrap();
    let status = ends(&site, handle, before).await;
    assert_names(
        &status,
        "trust.certificate_revoked",
        CertificateStatus::Revoked,
        "step 11",
        "get a new certificate",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_ends_while_the_connection_stands_ends_it() {
    let plant = ApplicationIdentity::self_signed(&plant_profile(20)).unwrap();
    let site = Site::with_plant(POLICY, &plant).await;
    site.we_trust_the_server();
    let clock = Arc::new(Ahead::default());
    let handle = site.start_by(&clock).await;
    site.until_state(SourceState::Flowing).await;
    clock.by(19 * DAY);
    site.until_counters_pass(site.reached() + 20).await;
    assert!(site.status().unwrap().state.is_healthy(), "it has a day left");
    let before = site.reached();
    clock.by(DAY);
    let status = ends(&site, handle, before).await;
    let rule = CertificateStatus::TimeInvalid;
    assert_names(&status, "trust.certificate_expired", rule, "step 6", "certificate renewed");
    assert!(status.reconnects >= 1, "{status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_certificate_of_ours_is_shown_at_the_next_connect() {
    let mut site = Site::new(POLICY).await;
    let handle = site.start().await;
    let former = site.until_state(SourceState::Flowing).await.own_thumbprint.unwrap();
    let store = site.our_store();
    let mut profile = plant_profile(20);
    profile.application_uri = site.identity.application_uri().to_owned();
    let next = ApplicationIdentity::self_signed(&profile).unwrap();
    store.save_next(&next).unwrap();
    store.use_next().unwrap();
    assert_eq!(store.own_pair(OwnRole::Active).unwrap().unwrap().certificate, *next.certificate());
    site.until_counters_pass(site.reached() + 20).await;
    assert_eq!(site.status().unwrap().own_thumbprint.unwrap(), former, "a connection that stands goes on");

    site.stop_plant().await;
    site.until_state(SourceState::Unreachable).await;
    ua_pki::Store::open(site.plant_pki()).unwrap().trust(next.certificate()).unwrap();
    site.start_plant(&[POLICY]).await;
    let status = site.until_state(SourceState::Flowing).await;
    assert_eq!(status.own_thumbprint.unwrap(), next.certificate().thumbprint().to_string());
    handle.stop().await.unwrap();
}

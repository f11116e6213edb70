//! From a real server on a socket to the disk, and back after everything that can happen on the way.
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
use std::time::{Duration, Instant};

use connector::{EventKind, SourceState, Stopped, secrets};
use site::{Ahead, PASSWORD, Site, assert_nothing_missing, until};
use tagstore::GapReason;
use ua_pki::SecurityPolicy;

const POLICY: SecurityPolicy = SecurityPolicy::Aes256Sha256RsaPss;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_of_every_counter_reaches_the_disk() {
    let site = Site::new(POLICY).await;
    let handle = site.start().await;
    let status = site.until_state(SourceState::Flowing).await;
    site.until_counters_pass(site.reached() + 40).await;
    assert_eq!(handle.stop().await.unwrap(), Stopped::Drained);

    let counters = site.counters();
    assert_eq!(counters.len(), 5);
    assert_nothing_missing(&counters);
    assert!(site.gaps().is_empty(), "{:?}", site.gaps());
    assert_eq!((status.policy.as_str(), status.mode.as_str()), ("Aes256_Sha256_RsaPss", "SignAndEncrypt"));
    assert_eq!(status.user.as_deref(), Some("reader"));
    assert!(status.streams > 5 && status.danger.is_empty(), "{status:?}");
    let stopped = site.status().unwrap();
    assert_eq!(stopped.state, SourceState::Stopped);
    assert!(stopped.values_total > 200 && !stopped.acknowledged.is_empty(), "{stopped:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connector_that_is_killed_and_started_again_has_lost_nothing() {
    let site = Site::new(POLICY).await;
    for _ in 0..3 {
        let handle = site.start().await;
        site.until_counters_pass(site.reached() + 20).await;
        drop(handle);
    }
    let handle = site.start().await;
    site.until_counters_pass(site.reached() + 20).await;
    handle.stop().await.unwrap();
    assert_nothing_missing(&site.counters());
    assert!(site.gaps().is_empty(), "{:?}", site.gaps());
}

/// Whoever acknowledges before the samples are durable loses them here: the server would have forgotten them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_became_durable_was_never_acknowledged() {
    let site = Site::new(POLICY).await;
    let clock = Arc::new(Ahead::default());
    let handle = site.start_by(&clock).await;
    site.until_counters_pass(10).await;
    let lock = rusqlite::Connection::open(site.config().storage.data.join(tagstore::JOURNAL_FILE)).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = site.reached();
    // time in which the plant counts on and nothing can become durable
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(site.reached(), before, "nothing became durable while the journal was locked");
    let killed = tokio::task::spawn_blocking(move || drop(handle));
    // sources end after the writer was told to, and nobody else has the clock: what it held stays what it was
    until("every source has ended", || (Arc::strong_count(&clock) == 1).then_some(())).await;
    lock.execute_batch("ROLLBACK").unwrap();
    drop(lock);
    killed.await.unwrap();

    let handle = site.start().await;
    site.until_counters_pass(before + 100).await;
    handle.stop().await.unwrap();
    assert!(site.gaps().is_empty(), "{:?}", site.gaps());
    assert_nothing_missing(&site.counters());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_restarted_server_did_not_keep_is_on_the_ledger() {
    let mut site = Site::new(POLICY).await;
    let handle = site.start().await;
    let mut events = handle.subscribe();
    site.until_counters_pass(10).await;
    site.stop_plant().await;
    site.until_state(SourceState::Unreachable).await;
    site.start_plant(&[POLICY]).await;
    let gap = until("the gap is told", || {
        std::iter::from_fn(|| events.try_recv().ok()).find_map(|event| match event.kind {
            EventKind::Gap { from, to, reason, .. } => Some((from, to, reason)),
            _ => None,
        })
    })
    .await;
    assert!(gap.0 < gap.1, "{gap:?}");
    assert_eq!(gap.2, GapReason::ServerRestart.as_str());
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    let gaps = site.gaps();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!((gaps[0].reason, gaps[0].stream), (GapReason::ServerRestart, None));
    assert!(site.status().unwrap().reconnects >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trust_is_asked_of_us_first_and_then_of_the_server() {
    let site = Site::strangers(POLICY).await;
    let handle = site.start().await;
    let status = site.until_state(SourceState::ServerNotTrusted).await;
    assert_eq!(status.error_code.as_deref(), Some("trust.server_certificate_untrusted"));
    assert!(status.next_step.unwrap().to_string().contains("lockgate trust accept"));
    site.we_trust_the_server();
    let status = site.until_state(SourceState::WaitingForServerTrust).await;
    assert_eq!(status.error_code.as_deref(), Some("trust.server_does_not_trust_us"));
    assert_eq!(status.values_total, 0);
    site.server_trusts_us();
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    assert!(site.gaps().is_empty(), "nothing was promised before the first value");
}

/// V-R12: what was trusted when the connection was made is not trusted for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_that_is_trusted_no_longer_loses_its_session_and_continues_when_trusted_again() {
    let site = Site::new(POLICY).await;
    let handle = site.start().await;
    let mut events = handle.subscribe();
    site.until_state(SourceState::Flowing).await;
    site.until_counters_pass(20).await;
    site.our_store().remove(&site.server_thumbprint()).unwrap();
    let removed = Instant::now();
    let status = site.until_state(SourceState::ServerNotTrusted).await;
    assert!(removed.elapsed() < Duration::from_secs(20), "{:?}", removed.elapsed());
    assert_eq!(status.error_code.as_deref(), Some("trust.server_certificate_untrusted"));
    assert!(status.next_step.unwrap().to_string().contains("lockgate trust accept"));
    let told = std::iter::from_fn(|| events.try_recv().ok());
    let is_told = |kind| matches!(kind, EventKind::State { state: SourceState::ServerNotTrusted, .. });
    assert_eq!(told.filter(|event| is_told(event.kind.clone())).count(), 1);

    let before = site.reached();
    // time in which the plant counts on by forty and nobody may ask it
    tokio::time::sleep(Duration::from_secs(2)).await;
    let later = site.status().unwrap();
    assert_eq!(later.state, SourceState::ServerNotTrusted);
    assert_eq!(later.acknowledged, status.acknowledged, "nothing more is acknowledged");
    assert!(site.reached() < before + 20, "only what was received before may still become durable");

    site.our_store().accept(&site.server_thumbprint()).unwrap();
    site.until_state(SourceState::Flowing).await;
    site.until_counters_pass(before + 100).await;
    handle.stop().await.unwrap();
    assert_nothing_missing(&site.counters());
    assert!(site.gaps().is_empty(), "{:?}", site.gaps());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_login_is_named_and_mended_by_the_right_password() {
    let site = Site::new(POLICY).await;
    secrets::write(&site.secret(), "wrong").unwrap();
    let handle = site.start().await;
    let status = site.until_state(SourceState::LoginRefused).await;
    assert_eq!(status.next_step.as_ref().unwrap().to_string(), "run: lockgate login line1");
    assert!(!status.to_json().contains("wrong"));
    secrets::write(&site.secret(), PASSWORD).unwrap();
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_that_gets_weaker_is_refused_by_name() {
    let mut site = Site::new(POLICY).await;
    site.stop_plant().await;
    site.start_plant(&[SecurityPolicy::Basic256Sha256]).await;
    let handle = site.start().await;
    let status = site.until_state(SourceState::SecurityRefused).await;
    assert_eq!(status.error_code.as_deref(), Some("security.changed"));
    assert_eq!(status.values_total, 0);
    handle.stop().await.unwrap();
}

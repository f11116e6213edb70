//! What was missed is read from the server's history: whole, once, and never instead of live values.
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

use plant::{HistoryTrouble, Limits, Practice, Trouble};
use site::{Site, assert_nothing_missing, until};
use tagstore::{
    FillState, Gap, JOURNAL_FILE, Job, JobState, NewJob, Orders, OwnedSample, OwnedValue, StreamQuery,
    Timestamp,
};
use ua_pki::SecurityPolicy;

const POLICY: SecurityPolicy = SecurityPolicy::Basic256Sha256;
const SECOND: i64 = 10_000_000;

/// A site whose server forgets subscriptions after two seconds, and what goes wrong with its history.
async fn forgetful_site(history: HistoryTrouble) -> (Site, Arc<Trouble>) {
    let mut limits = Limits::default();
    limits.subscription_lifetime = Duration::from_secs(2);
    let trouble = Arc::new(Trouble::default());
    trouble.set_history(history);
    let practice = Practice { limits: Some(limits), trouble: Arc::clone(&trouble), ..Practice::default() };
    (Site::to_practise(POLICY, practice).await, trouble)
}

/// Collects, is killed, and comes back when the server has forgotten the subscriptions.
async fn outage(site: &Site) -> connector::Handle {
    let handle = site.start().await;
    site.until_counters_pass(site.reached() + 40).await;
    drop(handle);
    // the time in which nobody collects is what this is about; the server forgets in two seconds
    tokio::time::sleep(Duration::from_secs(4)).await;
    site.start().await
}

async fn until_settled(site: &Site, state: FillState) -> Gap {
    until(&format!("the gap is {state}"), || {
        site.gaps().into_iter().find(|gap| gap.repair.state == state && gap.repair.tally.streams > 0)
    })
    .await
}

fn samples(site: &Site, name: &str) -> Vec<OwnedSample> {
    let reader = site.reader();
    let stream = reader.find_stream(name).unwrap().id;
    reader.query(&StreamQuery::new(stream, usize::MAX)).unwrap()
}

/// Every step of the vessel's level, from the first to the last that is stored, as the plant computes it.
fn assert_level_is_true(site: &Site) {
    let level = samples(site, "Mixer1.Level");
    let begin = site.plant.as_ref().unwrap().started();
    assert!(level.len() > 10);
    for pair in level.windows(2) {
        let step = pair[1].source_time.ticks() - pair[0].source_time.ticks();
        assert_eq!(step, SECOND / 2, "a value is missing or doubled at {}", pair[0].source_time);
    }
    for sample in &level {
        let k = (sample.source_time.ticks() - begin) / (SECOND / 2);
        #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "small")]
        let expected = 100.0 * (k.rem_euclid(200) as f64) / 200.0;
        assert_eq!(sample.value, OwnedValue::Double(expected), "at {}", sample.source_time);
    }
}

/// As many samples are stored as can be told apart, but for the first value that each new subscription sends of a node
/// that has not changed.
fn assert_nothing_is_stored_twice(site: &Site) {
    let reader = site.reader();
    let seen: usize = reader
        .streams()
        .unwrap()
        .iter()
        .map(|stream| reader.query(&StreamQuery::new(stream.id, usize::MAX)).unwrap().len())
        .sum();
    let summary = reader.summary().unwrap();
    let surplus = summary.sealed_rows + summary.unsealed_rows - u64::try_from(seen).unwrap();
    assert!(surplus <= summary.streams, "{surplus} samples are stored twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_outage_left_out_is_filled_from_history_each_value_once() {
    let (site, _) = forgetful_site(HistoryTrouble::None).await;
    let handle = outage(&site).await;
    let gap = until_settled(&site, FillState::Filled).await;
    site.until_counters_pass(site.reached() + 20).await;
    handle.stop().await.unwrap();
    let tally = &gap.repair.tally;
    assert!(gap.stream.is_none() && tally.added > 100, "{gap:?}");
    assert_eq!((tally.streams, tally.failed, gap.repair.cause.as_ref()), (tally.complete, 0, None));
    assert_nothing_missing(&site.counters());
    assert_level_is_true(&site);
    assert_nothing_is_stored_twice(&site);
    let status = site.status().unwrap();
    assert_eq!((status.gaps_open, status.backfilled_total), (0, tally.added));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_without_a_history_are_counted_and_one_is_named() {
    let (site, _) = forgetful_site(HistoryTrouble::None).await;
    let path = site.config().path().to_owned();
    let text = std::fs::read_to_string(&path).unwrap();
    // the Server object: what it says of itself has no history
    std::fs::write(&path, text.replace("[[source]]\n", "[[source]]\nroots = [\"i=85\", \"i=2253\"]\n"))
        .unwrap();
    let handle = outage(&site).await;
    let gap = until_settled(&site, FillState::Filled).await;
    handle.stop().await.unwrap();
    let tally = &gap.repair.tally;
    assert!(tally.without_history > 0 && tally.complete >= 16, "{gap:?}");
    assert_eq!(tally.streams, tally.complete + tally.without_history);
    let example = tally.example.as_ref().unwrap();
    assert!(example.starts_with("line1.") && example.contains("keeps no history"), "{example}");
    assert!(gap.repair.cause.as_ref().unwrap().ends_with("have no history"), "{gap:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_whose_history_is_refused_stays_open_with_the_cause_and_a_job_mends_it() {
    let (site, trouble) = forgetful_site(HistoryTrouble::Refused).await;
    let handle = outage(&site).await;
    let gap =
        until("it was tried", || site.gaps().into_iter().find(|gap| gap.repair.retry_at.is_some())).await;
    assert_eq!(gap.repair.state, FillState::Open);
    assert_eq!(gap.repair.cause.as_deref(), Some("history refused: BadResourceUnavailable"));
    assert_eq!((gap.repair.tally.failed, gap.repair.tally.added), (16, 0));
    assert_eq!(site.status().unwrap().gaps_open, 1);
    trouble.set_history(HistoryTrouble::None);
    order(&site, gap.from, Timestamp::from_ticks(gap.to.ticks() + 1));
    let job = until_over(&site, 1).await;
    assert_eq!((job.state, job.cause.as_ref()), (JobState::Done, None));
    let gap = until_settled(&site, FillState::Filled).await;
    assert!(job.tally.added > 100 && gap.repair.tally.added == 0, "{job:?} {gap:?}");
    handle.stop().await.unwrap();
    assert_nothing_missing(&site.counters());
    assert_nothing_is_stored_twice(&site);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_history_began_anew_with_its_restart_fills_a_part() {
    let (mut site, _) = forgetful_site(HistoryTrouble::None).await;
    let handle = site.start().await;
    site.until_counters_pass(40).await;
    site.stop_plant().await;
    site.start_plant(&[POLICY]).await;
    let gap = until_settled(&site, FillState::Partly).await;
    handle.stop().await.unwrap();
    assert_eq!(gap.repair.cause.as_deref(), Some("the server's history begins after the gap does"));
    assert!(gap.repair.tally.failed >= 5, "the counters count from the start: {gap:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cuts_or_repeats_its_pages_is_read_to_the_end_all_the_same() {
    let (site, trouble) = forgetful_site(HistoryTrouble::Forgetful).await;
    let handle = outage(&site).await;
    let gap = until_settled(&site, FillState::Filled).await;
    assert_eq!(gap.repair.tally.failed, 0, "{gap:?}");
    trouble.set_history(HistoryTrouble::Repeating);
    let begin = site.plant.as_ref().unwrap().started();
    let from = begin - 4200 * SECOND;
    let id = order(&site, Timestamp::from_ticks(from), Timestamp::from_ticks(begin - 3000 * SECOND));
    let job = until_over(&site, id).await;
    // half of the streams have nothing there, and the server promises it for ever
    assert_eq!((job.state, job.tally.complete, job.tally.failed), (JobState::Failed, 8, 8), "{job:?}");
    handle.stop().await.unwrap();
    let level = samples(&site, "Mixer1.Level");
    assert!(level[0].source_time.ticks() < from + SECOND);
    assert_nothing_missing(&site.counters());
    assert_level_is_true(&site);
    assert_nothing_is_stored_twice(&site);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_only_promises_values_is_given_up_with_the_cause() {
    let (site, _) = forgetful_site(HistoryTrouble::Empty).await;
    let handle = outage(&site).await;
    let gap = until_settled(&site, FillState::Unfillable).await;
    handle.stop().await.unwrap();
    assert_eq!(gap.repair.cause.as_deref(), Some("the server sends the same again and again"));
}

fn order(site: &Site, from: Timestamp, to: Timestamp) -> i64 {
    let job = NewJob {
        source: site::SOURCE.to_owned(),
        stream: None,
        pattern: None,
        from,
        to,
        origin: "command",
        checkpoint: None,
    };
    let now = Timestamp::from(jiff::Timestamp::now());
    Orders::open(site.config().storage.data.join(JOURNAL_FILE)).unwrap().order(&job, now).unwrap()
}

async fn until_over(site: &Site, id: i64) -> Job {
    until("the job is over", || site.reader().job(id).unwrap().filter(|job| job.state.is_over())).await
}

/// The plant has thirty days of history from before its start: a job over a part of it, slowly, while values flow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_survives_kills_and_pauses_reads_each_value_once_and_holds_up_nothing_live() {
    let site = Site::new(POLICY).await;
    let path = site.config().path().to_owned();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "\n[source.history]\nvalues_per_second = 20000\n").unwrap();
    let handle = site.start().await;
    site.until_counters_pass(20).await;
    let begin = site.plant.as_ref().unwrap().started();
    let from = Timestamp::from_ticks(begin - 2 * 3600 * SECOND);
    // the last second came live, too
    let id = order(&site, from, Timestamp::from_ticks(begin + SECOND));
    let job = || site.reader().job(id).unwrap().unwrap();
    until("some is here", || (job().tally.added > 20_000).then_some(())).await;
    drop(handle);
    let reached = job();
    assert_eq!(reached.state, JobState::Running);

    let handle = site.start().await;
    until("it goes on", || (job().tally.added > reached.tally.added + 10_000).then_some(())).await;
    let mut orders = Orders::open(site.config().storage.data.join(JOURNAL_FILE)).unwrap();
    let now = Timestamp::from(jiff::Timestamp::now());
    orders.change(id, JobState::Paused, now).unwrap();
    let before = site.reached();
    site.until_counters_pass(before + 40).await;
    let paused = job();
    site.until_counters_pass(before + 80).await;
    assert_eq!((job().state, job().tally.added), (JobState::Paused, paused.tally.added));
    orders.change(id, JobState::Waiting, now).unwrap();

    let mut lags = Vec::new();
    let done = until("the job is over", || {
        let newest = samples(&site, "Counter0001").last().unwrap().clone();
        lags.push(newest.receive_time.ticks() - newest.source_time.ticks());
        Some(job()).filter(|job| job.state.is_over())
    })
    .await;
    handle.stop().await.unwrap();
    assert_eq!((done.state, done.tally.complete, done.tally.failed), (JobState::Done, 16, 0));
    // each of the signals that have a past, over two hours and no further
    for (name, period) in [("Mixer1.Level", SECOND / 2), ("Mixer1.Vibration", SECOND / 5)] {
        let past: Vec<_> =
            samples(&site, name).into_iter().filter(|s| s.source_time.ticks() < begin).collect();
        assert_eq!(i64::try_from(past.len()).unwrap(), 2 * 3600 * SECOND / period, "{name}");
    }
    assert_level_is_true(&site);
    assert_nothing_missing(&site.counters());
    assert_nothing_is_stored_twice(&site);
    assert!(lags.len() > 3 && lags.iter().all(|lag| *lag < 2 * SECOND), "live values wait: {lags:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_fetches_the_past_of_what_is_collected_for_the_first_time_and_never_again() {
    let site = Site::new(POLICY).await;
    let path = site.config().path().to_owned();
    let rules = "\n[[source.rule]]\ninclude = [\"**/Level\"]\nbackfill = \"1h\"\n\n[[source.rule]]\ninclude = [\"**\"]\n";
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + rules).unwrap();
    let handle = site.start().await;
    let job = until_over(&site, 1).await;
    assert_eq!((job.state, job.origin.as_str()), (JobState::Done, "rule"));
    assert_eq!((job.tally.streams, job.tally.complete), (1, 1), "{job:?}");
    handle.stop().await.unwrap();
    assert!(samples(&site, "Mixer1.Level").len() >= 7200);
    assert_level_is_true(&site);
    assert_nothing_is_stored_twice(&site);
    let handle = site.start().await;
    site.until_counters_pass(site.reached() + 20).await;
    handle.stop().await.unwrap();
    assert_eq!(site.reader().jobs(10).unwrap().len(), 1);
}

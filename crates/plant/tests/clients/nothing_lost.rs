//! Counters are the truth: whatever happens to the connection, every step arrives exactly once.

use std::time::Duration;

use crate::bench::{Bench, Received, login, next, reader, subscribe, watch};
use opcua_types::StatusCode;

const COUNTERS: u32 = 50;

#[tokio::test]
async fn counters_arrive_without_a_hole_and_with_the_instants_of_their_steps() {
    let bench = Bench::start(50).await;
    let session = bench.connect(&bench.trusted_client("client"), reader()).await.unwrap();
    let info = subscribe(&session, COUNTERS, Duration::from_millis(100)).await;
    watch(&session, &info, None).await;
    let mut received = Received::default();
    while received.values.len() < 50 * 60 {
        let delivery = next(&session).await;
        assert!(delivery.missing().is_none());
        delivery.walk(&mut received).unwrap();
        session.acknowledge(delivery.token());
    }
    assert!(received.assert_no_hole(COUNTERS, bench.plant.started()) >= 55);
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_client_that_comes_back_after_a_lost_connection_takes_over_its_subscription_and_misses_nothing() {
    let bench = Bench::start(50).await;
    let own = bench.trusted_client("client");
    let session = bench.connect(&own, reader()).await.unwrap();
    let info = subscribe(&session, COUNTERS, Duration::from_millis(50)).await;
    watch(&session, &info, None).await;
    let mut received = Received::default();
    let mut last_durable = 0;
    for _ in 0..5 {
        let delivery = next(&session).await;
        if delivery.summary().keep_alive {
            continue;
        }
        delivery.walk(&mut received).unwrap();
        session.acknowledge(delivery.token());
        last_durable = delivery.summary().sequence_number;
    }
    // these arrive, but the process dies before they are on disk: not acknowledged, not counted
    for _ in 0..3 {
        next(&session).await;
    }
    drop(session);

    // the steps made while nobody listens wait in the queues
    let resume_at = bench.plant.signals().start()
        + (received.values.last().unwrap().1 + 100) * crate::bench::PERIOD_TICKS;
    let clock = ua_server::Clock::start();
    tokio::time::sleep_until(clock.instant_at(resume_at).into()).await;

    let session = bench.connect(&own, reader()).await.unwrap();
    let available = session.transfer_subscriptions(&[info.id]).await.unwrap().remove(0).unwrap();
    let mut sequence = last_durable + 1;
    assert!(available.contains(&sequence), "{available:?} lacks {sequence}");
    while available.contains(&sequence) {
        session.republish(info.id, sequence).await.unwrap().walk(&mut received).unwrap();
        sequence += 1;
    }
    watch(&session, &info, Some(sequence - 1)).await;
    while received.assert_no_hole(COUNTERS, bench.plant.started()) < 160 {
        let delivery = next(&session).await;
        assert!(delivery.missing().is_none());
        delivery.walk(&mut received).unwrap();
        session.acknowledge(delivery.token());
    }
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_subscription_left_by_closing_the_session_can_be_taken_over_by_its_user_alone() {
    let bench = Bench::start(50).await;
    let own = bench.trusted_client("client");
    let session = bench.connect(&own, reader()).await.unwrap();
    let info = subscribe(&session, 1, Duration::from_millis(50)).await;
    session.close_keeping_subscriptions().await.unwrap();

    let stranger = bench.connect(&own, login("other", "auch lesen")).await.unwrap();
    let refused = stranger.transfer_subscriptions(&[info.id]).await.unwrap();
    assert_eq!(refused, [Err(StatusCode::BadUserAccessDenied.bits())]);
    assert!(stranger.republish(info.id, 1).await.is_err());

    let session = bench.connect(&bench.trusted_client("another-machine"), reader()).await.unwrap();
    assert!(session.transfer_subscriptions(&[info.id]).await.unwrap()[0].is_ok());
    watch(&session, &info, None).await;
    let mut received = Received::default();
    while received.values.is_empty() {
        next(&session).await.walk(&mut received).unwrap();
    }
}

#[tokio::test]
async fn an_acknowledged_message_is_gone_and_an_unacknowledged_one_is_not() {
    let bench = Bench::start(50).await;
    let session = bench.connect(&bench.trusted_client("client"), reader()).await.unwrap();
    let info = subscribe(&session, 1, Duration::from_millis(50)).await;
    watch(&session, &info, None).await;
    let first = next(&session).await;
    session.acknowledge(first.token());
    let mut kept = None;
    // acknowledgements go out with publish requests: a few rounds later the server has seen the first
    for _ in 0..6 {
        let delivery = next(&session).await;
        if !delivery.summary().keep_alive {
            kept = Some(delivery.summary().sequence_number);
        }
    }
    assert!(session.republish(info.id, first.summary().sequence_number).await.is_err());
    let mut received = Received::default();
    session.republish(info.id, kept.unwrap()).await.unwrap().walk(&mut received).unwrap();
    assert!(!received.values.is_empty());
}

//! Making subscriptions and putting nodes into them.

use std::collections::BTreeMap;
use std::time::Duration;

use ua_client::{DataFilter, ItemResult, Session, SubscriptionInfo, SubscriptionRequest, status_name};

use super::polled::{NOT_ASKED, is_for_polling};
use super::progress::SetupSubscription;
use super::refused::Candidate;
use crate::config::{Polling, SourceConfig};
use crate::error::Error;

/// What became of the nodes.
#[derive(Debug, Default)]
pub(crate) struct Subscribed {
    pub(crate) subscriptions: Vec<SetupSubscription>,
    pub(crate) refused: Vec<(Candidate, u32)>,
}

/// Makes as many subscriptions as the nodes need and puts the nodes into them. Those for which the server has no
/// subscription, or no room in one, are among the refused. What was made is told also when it fails.
///
/// # Errors
/// [`Error::NothingAccepted`] when the server refuses every single node, and none can be polled; [`Error::Client`].
pub(crate) async fn subscribe(
    session: &Session,
    source: &SourceConfig,
    candidates: Vec<Candidate>,
    outcome: &mut Subscribed,
) -> Result<(), Error> {
    let nodes = candidates.len();
    if source.polling == Polling::Always {
        outcome.refused = candidates.into_iter().map(|candidate| (candidate, NOT_ASKED)).collect();
        return Ok(());
    }
    let mut by_interval: BTreeMap<Duration, Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates {
        by_interval.entry(candidate.publishing_interval).or_default().push(candidate);
    }
    for (interval, candidates) in by_interval {
        subscribe_at(session, source, interval, candidates, outcome).await?;
    }
    let lost = |(_, status): &&(Candidate, u32)| !is_for_polling(source, *status);
    if outcome.refused.iter().filter(lost).count() == nodes
        && let Some((candidate, status)) = outcome.refused.first()
    {
        let example = format!("{}: {}", candidate.name, status_name(*status));
        return Err(Error::NothingAccepted { nodes, example });
    }
    Ok(())
}

/// The nodes of one publishing interval.
async fn subscribe_at(
    session: &Session,
    source: &SourceConfig,
    interval: Duration,
    candidates: Vec<Candidate>,
    outcome: &mut Subscribed,
) -> Result<(), Error> {
    let mut rest = candidates;
    while !rest.is_empty() {
        let after = rest.split_off(rest.len().min(ITEMS_PER_SUBSCRIPTION));
        let info = match session.create_subscription(request(interval)).await {
            Ok(info) => info,
            Err(ua_client::Error::Service { status, .. }) if is_for_polling(source, status) => {
                outcome.refused.extend(rest.into_iter().chain(after).map(|candidate| (candidate, status)));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let mut subscription = setup(&info, interval);
        let refused = add(session, source, &mut subscription, rest).await?;
        outcome.refused.extend(refused);
        if subscription.streams.is_empty() {
            session.delete_subscriptions(&[subscription.id]).await?;
        } else {
            outcome.subscriptions.push(subscription);
        }
        rest = after;
    }
    Ok(())
}

/// Makes a subscription without nodes.
///
/// # Errors
/// [`Error::Client`].
pub(crate) async fn create_one(session: &Session, source: &SourceConfig) -> Result<SetupSubscription, Error> {
    let interval = source.publishing_interval;
    Ok(setup(&session.create_subscription(request(interval)).await?, interval))
}

/// Puts nodes into a subscription and gives back those that the server refused.
///
/// # Errors
/// [`Error::Client`] when the service as a whole fails.
pub(crate) async fn add(
    session: &Session,
    source: &SourceConfig,
    subscription: &mut SetupSubscription,
    candidates: Vec<Candidate>,
) -> Result<Vec<(Candidate, u32)>, Error> {
    let results = create(session, subscription.id, &candidates).await?;
    let mut refused = Vec::new();
    let mut too_short = None;
    for (candidate, result) in candidates.into_iter().zip(results) {
        match result {
            Ok(item) => {
                if item.revised_queue_size < candidate.request.queue_size {
                    too_short = Some((candidate.request.queue_size, item.revised_queue_size));
                }
                let sampling = millis(item.revised_sampling_interval);
                subscription.sampling_ms = subscription.sampling_ms.max(sampling);
                subscription.streams.push(candidate.stream.get());
            }
            Err(status) => refused.push((candidate, status)),
        }
    }
    if let Some((wanted, granted)) = too_short {
        let source = source.name.as_str();
        tracing::warn!(source, wanted, granted, "the server keeps fewer values per node than asked");
    }
    Ok(refused)
}

/// One result per candidate, in order; those with the same filter go together.
async fn create(
    session: &Session,
    subscription: u32,
    candidates: &[Candidate],
) -> Result<Vec<ItemResult>, Error> {
    let mut results = Vec::with_capacity(candidates.len());
    for group in candidates.chunk_by(|a, b| a.filter == b.filter) {
        let requests: Vec<_> = group.iter().map(|candidate| candidate.request.clone()).collect();
        results.extend(match group.first() {
            Some(first) if first.filter != DataFilter::default() => {
                session.create_filtered_items(subscription, &requests, first.filter).await?
            }
            _ => session.create_monitored_items(subscription, &requests).await?,
        });
    }
    Ok(results)
}

fn request(publishing_interval: Duration) -> SubscriptionRequest {
    let intervals = |time: Duration| {
        let count = time.as_millis().div_ceil(publishing_interval.as_millis().max(1));
        u32::try_from(count).unwrap_or(u32::MAX).max(1)
    };
    let keep_alive_count = intervals(KEEP_ALIVE);
    SubscriptionRequest {
        publishing_interval,
        // at least three keep-alives long (Part 4 §5.14.2)
        lifetime_count: intervals(LIFETIME).max(keep_alive_count.saturating_mul(3)),
        keep_alive_count,
        max_notifications_per_publish: NOTIFICATIONS_PER_PUBLISH,
        priority: 0,
    }
}

fn setup(info: &SubscriptionInfo, asked: Duration) -> SetupSubscription {
    SetupSubscription {
        asked_ms: millis(asked),
        id: info.id,
        keep_alive_ms: millis(info.keep_alive()),
        publishing_ms: millis(info.revised_publishing_interval),
        sampling_ms: 0,
        streams: Vec::new(),
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How soon a server without news must say that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// How long the server shall keep a subscription that nobody fetches from: our restart, or an outage of the network.
const LIFETIME: Duration = Duration::from_secs(600);
/// Bounds one message, here and in the server.
const NOTIFICATIONS_PER_PUBLISH: u32 = 10_000;
/// Some servers slow down with more in one subscription.
const ITEMS_PER_SUBSCRIPTION: usize = 10_000;

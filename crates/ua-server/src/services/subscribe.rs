//! The subscription services (Part 4 §5.14).

use std::time::Duration;

use opcua_types::{
    CreateSubscriptionRequest, CreateSubscriptionResponse, DeleteSubscriptionsRequest,
    DeleteSubscriptionsResponse, ModifySubscriptionRequest, ModifySubscriptionResponse, PublishRequest,
    RepublishRequest, SetPublishingModeRequest, SetPublishingModeResponse, StatusCode, TransferResult,
    TransferSubscriptionsRequest, TransferSubscriptionsResponse,
};

use super::Scope;
use crate::{
    clock::duration_ticks,
    diagnostics::Diagnostics,
    limits::Limits,
    subscription::{self, Acknowledgement, Reply, SubscriptionSettings},
    values::{TICKS_PER_MS, Ticks},
};

pub(super) fn create(
    scope: &Scope<'_>,
    request: CreateSubscriptionRequest,
) -> Result<CreateSubscriptionResponse, StatusCode> {
    let (session, owner) = scope.session(&request.request_header)?;
    let settings = revise(
        &scope.core.config.limits,
        request.requested_publishing_interval,
        request.requested_lifetime_count,
        request.requested_max_keep_alive_count,
        request.max_notifications_per_publish,
        request.priority,
    );
    let mut engine = scope.core.engine();
    let subscription_id = engine.create_subscription(session, owner, settings, scope.now)?;
    Diagnostics::one(&scope.core.diagnostics.all_subscriptions);
    if !request.publishing_enabled {
        engine.set_publishing(session, subscription_id, false);
    }
    drop(engine);
    scope.core.wake.notify_one();
    Ok(CreateSubscriptionResponse {
        response_header: scope.good(&request.request_header),
        subscription_id,
        revised_publishing_interval: milliseconds(settings.interval),
        revised_lifetime_count: settings.lifetime_count,
        revised_max_keep_alive_count: settings.keep_alive_count,
    })
}

pub(super) fn modify(
    scope: &Scope<'_>,
    request: ModifySubscriptionRequest,
) -> Result<ModifySubscriptionResponse, StatusCode> {
    let (session, _) = scope.session(&request.request_header)?;
    let settings = revise(
        &scope.core.config.limits,
        request.requested_publishing_interval,
        request.requested_lifetime_count,
        request.requested_max_keep_alive_count,
        request.max_notifications_per_publish,
        request.priority,
    );
    scope.core.engine().modify_subscription(session, request.subscription_id, settings, scope.now)?;
    scope.core.wake.notify_one();
    Ok(ModifySubscriptionResponse {
        response_header: scope.good(&request.request_header),
        revised_publishing_interval: milliseconds(settings.interval),
        revised_lifetime_count: settings.lifetime_count,
        revised_max_keep_alive_count: settings.keep_alive_count,
    })
}

/// What we grant of what was asked (Part 4 §5.14.2.2): bounded, and a lifetime of at least three keep-alives.
fn revise(
    limits: &Limits,
    interval: f64,
    lifetime: u32,
    keep_alive: u32,
    max_notifications: u32,
    priority: u8,
) -> SubscriptionSettings {
    let interval = revise_interval(interval, limits.publishing_interval);
    let longest = duration_ticks(limits.subscription_lifetime).checked_div(interval).unwrap_or(1).max(3);
    let longest = u32::try_from(longest).unwrap_or(u32::MAX);
    let keep_alive_count =
        if keep_alive == 0 { DEFAULT_KEEP_ALIVE } else { keep_alive }.min((longest / 3).max(1));
    let lifetime_count = lifetime.max(keep_alive_count.saturating_mul(3)).min(longest);
    let all = limits.notifications_per_publish.max(1);
    let max_notifications = if max_notifications == 0 { all } else { max_notifications.min(all) };
    SubscriptionSettings { interval, lifetime_count, keep_alive_count, max_notifications, priority }
}

const DEFAULT_KEEP_ALIVE: u32 = 10;

/// Milliseconds from a client, be they NaN, negative or infinite, to an interval within bounds. 0 and less is "as fast as you can".
pub(super) fn revise_interval(milliseconds: f64, (shortest, longest): (Duration, Duration)) -> Ticks {
    let wanted = if milliseconds.is_nan() { 0.0 } else { milliseconds.max(0.0) / 1000.0 };
    let wanted = Duration::try_from_secs_f64(wanted).unwrap_or(longest);
    duration_ticks(wanted.clamp(shortest, longest)).max(1)
}

/// An interval as clients read it.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "intervals are far below 2^53 ticks")]
pub(super) fn milliseconds(interval: Ticks) -> f64 {
    interval as f64 / TICKS_PER_MS as f64
}

pub(super) fn set_publishing_mode(
    scope: &Scope<'_>,
    request: SetPublishingModeRequest,
) -> Result<SetPublishingModeResponse, StatusCode> {
    let (session, _) = scope.session(&request.request_header)?;
    let ids = scope.operations(request.subscription_ids)?;
    let mut engine = scope.core.engine();
    let results =
        ids.into_iter().map(|id| engine.set_publishing(session, id, request.publishing_enabled)).collect();
    Ok(SetPublishingModeResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results),
        diagnostic_infos: None,
    })
}

pub(super) fn delete(
    scope: &Scope<'_>,
    request: DeleteSubscriptionsRequest,
) -> Result<DeleteSubscriptionsResponse, StatusCode> {
    let (session, _) = scope.session(&request.request_header)?;
    let ids = scope.operations(request.subscription_ids)?;
    let mut engine = scope.core.engine();
    let results = ids.into_iter().map(|id| engine.delete_subscription(session, id, scope.now)).collect();
    Ok(DeleteSubscriptionsResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results),
        diagnostic_infos: None,
    })
}

pub(super) fn transfer(
    scope: &Scope<'_>,
    request: TransferSubscriptionsRequest,
) -> Result<TransferSubscriptionsResponse, StatusCode> {
    let (session, owner) = scope.session(&request.request_header)?;
    let ids = scope.operations(request.subscription_ids)?;
    let initial = request.send_initial_values;
    let mut engine = scope.core.engine();
    let results = ids.into_iter().map(|id| {
        match engine.transfer(session, &owner, id, initial, scope.core, scope.now) {
            Ok(available) => {
                TransferResult { status_code: StatusCode::Good, available_sequence_numbers: Some(available) }
            }
            Err(status_code) => TransferResult { status_code, available_sequence_numbers: None },
        }
    });
    let results = results.collect();
    drop(engine);
    scope.core.wake.notify_one();
    Ok(TransferSubscriptionsResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results),
        diagnostic_infos: None,
    })
}

pub(super) fn publish(scope: &Scope<'_>, request: PublishRequest) -> Result<Option<Vec<u8>>, StatusCode> {
    let (session, _) = scope.session(&request.request_header)?;
    let acknowledgements = request.subscription_acknowledgements.unwrap_or_default();
    if acknowledgements.len() > scope.core.config.limits.operations {
        return Err(StatusCode::BadTooManyOperations);
    }
    let acknowledgements = acknowledgements
        .iter()
        .map(|ack| Acknowledgement { subscription: ack.subscription_id, sequence: ack.sequence_number });
    let patience = Ticks::from(request.request_header.timeout_hint).saturating_mul(TICKS_PER_MS);
    let request = subscription::PublishRequest {
        reply: Reply {
            channel: scope.peer.channel,
            request_id: scope.request_id,
            request_handle: request.request_header.request_handle,
            to: scope.peer.answers.clone(),
        },
        expires: if patience == 0 { 0 } else { scope.now.saturating_add(patience) },
        acknowledgements: acknowledgements.collect(),
    };
    scope.core.engine().publish(session, request, scope.now);
    Ok(None)
}

pub(super) fn republish(scope: &Scope<'_>, request: RepublishRequest) -> Result<Option<Vec<u8>>, StatusCode> {
    let (session, _) = scope.session(&request.request_header)?;
    let handle = request.request_header.request_handle;
    let mut engine = scope.core.engine();
    engine
        .republish(session, request.subscription_id, request.retransmit_sequence_number, scope.now, handle)
        .map(Some)
}

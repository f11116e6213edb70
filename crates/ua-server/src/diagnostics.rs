//! How the server is doing: ServerDiagnosticsSummary (Part 5 §12.9).
//!
//! Everything here is counted without any other lock, because the sampler reads it under the lock of the engine.

use std::sync::atomic::{AtomicU32, Ordering};

use opcua_types::{ServerDiagnosticsSummaryDataType, StatusCode};

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    pub(crate) sessions: AtomicU32,
    pub(crate) all_sessions: AtomicU32,
    pub(crate) rejected_sessions: AtomicU32,
    pub(crate) rejected_sessions_for_security: AtomicU32,
    pub(crate) sessions_timed_out: AtomicU32,
    pub(crate) subscriptions: AtomicU32,
    pub(crate) all_subscriptions: AtomicU32,
    pub(crate) rejected_requests: AtomicU32,
    pub(crate) rejected_requests_for_security: AtomicU32,
}

/// Which number of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    ServerView,
    CurrentSession,
    CumulatedSession,
    SecurityRejectedSession,
    RejectedSession,
    SessionTimeout,
    SessionAbort,
    CurrentSubscription,
    CumulatedSubscription,
    PublishingInterval,
    SecurityRejectedRequests,
    RejectedRequests,
}

impl Diagnostics {
    /// One more.
    pub(crate) fn one(counter: &AtomicU32) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A session that was not created, or a login that was refused.
    pub(crate) fn session_refused(&self, status: StatusCode) {
        Self::one(&self.rejected_sessions);
        if is_about_security(status) {
            Self::one(&self.rejected_sessions_for_security);
        }
    }

    /// A request that was answered with a fault.
    pub(crate) fn request_refused(&self, status: StatusCode) {
        Self::one(&self.rejected_requests);
        if is_about_security(status) {
            Self::one(&self.rejected_requests_for_security);
        }
    }

    pub(crate) fn summary(&self) -> ServerDiagnosticsSummaryDataType {
        let get = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
        ServerDiagnosticsSummaryDataType {
            server_view_count: 0,
            current_session_count: get(&self.sessions),
            cumulated_session_count: get(&self.all_sessions),
            security_rejected_session_count: get(&self.rejected_sessions_for_security),
            rejected_session_count: get(&self.rejected_sessions),
            session_timeout_count: get(&self.sessions_timed_out),
            session_abort_count: 0,
            current_subscription_count: get(&self.subscriptions),
            cumulated_subscription_count: get(&self.all_subscriptions),
            publishing_interval_count: 0,
            security_rejected_requests_count: get(&self.rejected_requests_for_security),
            rejected_requests_count: get(&self.rejected_requests),
        }
    }

    pub(crate) fn count(&self, which: Count) -> u32 {
        let all = self.summary();
        match which {
            Count::ServerView => all.server_view_count,
            Count::CurrentSession => all.current_session_count,
            Count::CumulatedSession => all.cumulated_session_count,
            Count::SecurityRejectedSession => all.security_rejected_session_count,
            Count::RejectedSession => all.rejected_session_count,
            Count::SessionTimeout => all.session_timeout_count,
            Count::SessionAbort => all.session_abort_count,
            Count::CurrentSubscription => all.current_subscription_count,
            Count::CumulatedSubscription => all.cumulated_subscription_count,
            Count::PublishingInterval => all.publishing_interval_count,
            Count::SecurityRejectedRequests => all.security_rejected_requests_count,
            Count::RejectedRequests => all.rejected_requests_count,
        }
    }
}

/// Whether somebody was refused for who it is, and not for what it asked.
fn is_about_security(status: StatusCode) -> bool {
    use StatusCode as S;
    [
        S::BadUserAccessDenied,
        S::BadIdentityTokenInvalid,
        S::BadIdentityTokenRejected,
        S::BadUserSignatureInvalid,
        S::BadApplicationSignatureInvalid,
        S::BadSecurityChecksFailed,
        S::BadSecurityPolicyRejected,
        S::BadCertificateInvalid,
        S::BadCertificateUriInvalid,
        S::BadNonceInvalid,
        S::BadSecureChannelIdInvalid,
        S::BadSessionIdInvalid,
        S::BadSessionNotActivated,
    ]
    .contains(&status)
}

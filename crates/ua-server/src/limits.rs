//! Every bound the server keeps, in one place, whatever a peer asks for.

use std::time::Duration;

/// Bounds on what peers may make the server hold or do. The defaults suit a plant server with a handful of clients.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// TCP connections in all.
    pub connections: usize,
    /// TCP connections from one address.
    pub connections_per_address: usize,
    /// New connections one address may open in a second before it is made to wait.
    pub opens_per_second_per_address: u32,
    /// From accepting the connection to an open secure channel.
    pub open_timeout: Duration,
    /// A channel without a session is closed after this.
    pub idle_channel: Duration,
    /// Unsent answers that one connection may pile up, in bytes, before it is closed.
    pub send_backlog: usize,
    /// Sessions in all.
    pub sessions: usize,
    /// A session that was created has this long to be activated.
    pub activation: Duration,
    /// Shortest and longest session timeout granted.
    pub session_timeout: (Duration, Duration),
    /// Requests one session may have waiting for a Publish answer.
    pub publish_requests: usize,
    /// Continuation points of one session, of Browse and of HistoryRead each.
    pub continuation_points: usize,
    /// References returned for one node in one answer.
    pub references_per_node: usize,
    /// Operations in one request (nodes to read, nodes to browse, items to create …).
    pub operations: usize,
    /// Nodes whose history is read in one request.
    pub history_nodes: usize,
    /// Values returned of one node's history in one answer.
    pub history_values: usize,
    /// Recorded values looked at for the aggregates of one node in one answer.
    pub history_scan: usize,
    /// Subscriptions of one session.
    pub subscriptions_per_session: usize,
    /// Subscriptions in all, those without a session included.
    pub subscriptions: usize,
    /// Subscriptions of one user that wait for a session to take them over.
    pub detached_per_user: usize,
    /// Monitored items of one subscription.
    pub items_per_subscription: usize,
    /// Monitored items in all.
    pub items: usize,
    /// Longest queue of one monitored item.
    pub item_queue: u32,
    /// Values waiting in the queues of one subscription.
    pub queued_per_subscription: usize,
    /// Notifications in one publish answer.
    pub notifications_per_publish: u32,
    /// Unacknowledged messages kept for Republish, of one subscription.
    pub retransmission: usize,
    /// Shortest and longest publishing interval granted.
    pub publishing_interval: (Duration, Duration),
    /// Shortest and longest sampling interval granted.
    pub sampling_interval: (Duration, Duration),
    /// Longest time a subscription lives on without being served.
    pub subscription_lifetime: Duration,
    /// Longest array, string and byte string read from a request.
    pub array_length: usize,
    /// Longest string read from a request, in bytes.
    pub string_length: usize,
    /// Nesting of values read from a request.
    pub nesting: u64,
    /// Failed logins before the answer is delayed.
    pub free_failed_logins: u32,
    /// Longest lock-out after failed logins.
    pub login_lockout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 100,
            connections_per_address: 10,
            opens_per_second_per_address: 20,
            open_timeout: Duration::from_secs(10),
            idle_channel: Duration::from_secs(60),
            send_backlog: 16 << 20,
            sessions: 100,
            activation: Duration::from_secs(60),
            session_timeout: (Duration::from_secs(1), Duration::from_secs(3600)),
            publish_requests: 20,
            continuation_points: 10,
            references_per_node: 1_000,
            operations: 5_000,
            history_nodes: 100,
            history_values: 10_000,
            history_scan: 500_000,
            subscriptions_per_session: 50,
            subscriptions: 500,
            detached_per_user: 50,
            items_per_subscription: 10_000,
            items: 100_000,
            item_queue: 1_000,
            queued_per_subscription: 1_000_000,
            notifications_per_publish: 10_000,
            retransmission: 100,
            publishing_interval: (Duration::from_millis(20), Duration::from_secs(3600)),
            sampling_interval: (Duration::from_millis(10), Duration::from_secs(3600)),
            subscription_lifetime: Duration::from_secs(3600),
            array_length: 10_000,
            string_length: 64 << 10,
            nesting: 100,
            free_failed_logins: 5,
            login_lockout: Duration::from_secs(300),
        }
    }
}

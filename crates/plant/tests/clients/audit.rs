//! The audit events of the plant, over a real connection.

use std::time::Duration;

use opcua_types::{ObjectId, ObjectTypeId};
use plant::{Practice, Role, Roles, UserAccount};
use ua_channel::{DataValueRef, MessageSecurityMode, ValueRef};
use ua_client::{
    EventItemRequest, EventSelection, NotificationVisitor, Session, SubscriptionInfo, SubscriptionRequest,
    to_variant,
};
use ua_pki::SecurityPolicy;

use crate::bench::{Bench, client, login, next, watch};

/// The fields of the events that came, as texts.
#[derive(Default)]
struct Heard(Vec<Vec<String>>);

impl NotificationVisitor for Heard {
    fn data_change(&mut self, _: u32, _: &DataValueRef<'_>) {}

    fn event(&mut self, _: u32, fields: &[ValueRef<'_>]) {
        self.0.push(fields.iter().map(|field| to_variant(field).unwrap().to_string()).collect());
    }

    fn status_change(&mut self, status: u32) {
        panic!("status change {status:#x}");
    }

    fn unsupported(&mut self, type_id: u32) {
        panic!("notification of type {type_id}");
    }
}

impl Heard {
    fn has(&self, message: &str) -> bool {
        self.0.iter().flatten().any(|field| field.contains(message))
    }
}

async fn listen(session: &Session, selection: EventSelection) -> SubscriptionInfo {
    let request = SubscriptionRequest {
        publishing_interval: Duration::from_millis(50),
        lifetime_count: 1000,
        keep_alive_count: 10,
        max_notifications_per_publish: 0,
        priority: 0,
    };
    let info = session.create_subscription(request).await.unwrap();
    let item = EventItemRequest {
        notifier: ObjectId::Server.into(),
        client_handle: 1,
        selection,
        queue_size: 100,
        discard_oldest: true,
    };
    session.create_event_items(info.id, &[item]).await.unwrap().remove(0).unwrap();
    watch(session, &info, None).await;
    info
}

fn audit() -> EventSelection {
    EventSelection::base().only_of_type(ObjectTypeId::AuditEventType.into())
}

#[tokio::test]
async fn a_security_admin_hears_who_was_refused_and_nobody_else_does() {
    let account = |role: Role| {
        let user = UserAccount::with_password(role.name(), "secret").unwrap();
        user.with_roles(Roles::default().with(role).with(Role::Observer))
    };
    let users = Some((vec![account(Role::SecurityAdmin), account(Role::Engineer)], Vec::new()));
    let bench = Bench::start_to_practise(1, Practice { users, ..Practice::default() }).await;
    let own = bench.trusted_client("client");
    let admin = bench.connect(&own, login("SecurityAdmin", "secret")).await.unwrap();
    let (policy, sign) = (SecurityPolicy::Basic256Sha256, MessageSecurityMode::Sign);
    let signed = bench.connect_with(&own, login("SecurityAdmin", "secret"), policy, sign).await.unwrap();
    let engineer = bench.connect(&own, login("Engineer", "secret")).await.unwrap();
    listen(&admin, audit()).await;
    // these two get the plant's own events, by which they know that they have heard all there is
    listen(&signed, EventSelection::base()).await;
    listen(&engineer, EventSelection::base()).await;

    bench.connect(&client("stranger"), login("Engineer", "secret")).await.unwrap_err();
    bench.connect(&own, login("Engineer", "wrong")).await.unwrap_err();
    let mut heard = Heard::default();
    let wanted = [
        "certificate refused: BadCertificateUntrusted",
        "channel refused",
        "login refused",
        "session created",
    ];
    while !wanted.iter().all(|message| heard.has(message)) {
        next(&admin).await.walk(&mut heard).unwrap();
    }
    assert!(!heard.has("wrong") && !heard.has("secret"));

    for session in [&signed, &engineer] {
        let mut heard = Heard::default();
        while heard.0.len() < 3 {
            next(session).await.walk(&mut heard).unwrap();
        }
        assert!(
            heard.0.iter().flatten().all(|field| !field.contains("refused") && !field.contains("logged in"))
        );
    }
    bench.plant.stop().await;
}

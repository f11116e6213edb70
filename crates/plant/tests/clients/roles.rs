//! What each role gets of the plant, over a real connection.

use opcua_types::{AttributeId, DataValue, NodeId, StatusCode, Variant};
use plant::{Control, Practice, Role, Roles, UserAccount};
use ua_channel::{DataValueRef, MessageSecurityMode, ValueRef};
use ua_client::{BrowseFilter, ItemRequest, NotificationVisitor, Session, SubscriptionRequest};
use ua_pki::SecurityPolicy;

use crate::bench::{Bench, PERIOD, login, next, node, watch};

const FOLDER: &str = "Plant.Control";
const NAMES: [&str; 7] = ["Speed", "TemperatureLimit", "Recipe", "Cost", "ShiftPlan", "Command", "SetSpeed"];

fn accounts(roles: &[Role]) -> Vec<UserAccount> {
    let account = |role: &Role| {
        let user = UserAccount::with_password(role.name(), "secret").unwrap();
        if role.is_given() { user.with_roles(Roles::default().with(*role)) } else { user }
    };
    roles.iter().map(account).collect()
}

async fn bench(roles: &[Role]) -> Bench {
    let users = Some((accounts(roles), Vec::new()));
    Bench::start_to_practise(1, Practice { control: Control::All, users, ..Practice::default() }).await
}

fn status(value: &DataValue) -> &'static str {
    match value.status.unwrap_or(StatusCode::Good) {
        StatusCode::Good => "yes",
        StatusCode::BadUserAccessDenied => "denied",
        StatusCode::BadNodeIdUnknown => "unknown",
        StatusCode::BadSecurityModeInsufficient => "weak",
        StatusCode::BadNotReadable => "unread",
        other => panic!("{other}"),
    }
}

/// For each node of the folder: whether it is listed, what reading its value says, and what may be done with it: the bits of
/// UserAccessLevel, or UserExecutable.
async fn row(session: &Session) -> Vec<String> {
    let found = session.browse(&[node(FOLDER)], &BrowseFilter::default()).await.unwrap();
    let listed: Vec<_> = match &found[0] {
        Ok(found) => found.iter().map(|reference| reference.node_id.node_id.clone()).collect(),
        Err(_) => Vec::new(),
    };
    let mut row = Vec::new();
    for name in NAMES {
        let id = node(&format!("{FOLDER}.{name}"));
        let is_method = name == "SetSpeed";
        let rights = if is_method { AttributeId::UserExecutable } else { AttributeId::UserAccessLevel };
        let read = session.read(&[(id.clone(), AttributeId::Value), (id.clone(), rights)]).await.unwrap();
        let bits = match &read[1].value {
            Some(Variant::Byte(bits)) => format!("{bits:02b}"),
            Some(Variant::Boolean(may)) => may.to_string(),
            _ => status(&read[1]).to_owned(),
        };
        let value = if is_method { "" } else { status(&read[0]) };
        row.push(format!("{name} {} {value} {bits}", if listed.contains(&id) { "listed" } else { "hidden" }));
    }
    row
}

#[tokio::test]
async fn each_role_sees_reads_and_may_write_what_the_plant_gives_it() {
    let roles =
        [Role::AuthenticatedUser, Role::Observer, Role::Operator, Role::Engineer, Role::SecurityAdmin];
    let bench = bench(&roles).await;
    let own = bench.trusted_client("client");
    let expected = [
        [
            "listed denied 00",
            "listed denied 00",
            "hidden unknown unknown",
            "listed denied 00",
            "listed denied 00",
            "listed denied 00",
            "listed  false",
        ],
        [
            "listed yes 01",
            "listed yes 01",
            "hidden unknown unknown",
            "listed yes 01",
            "listed yes 01",
            "listed unread 00",
            "listed  false",
        ],
        [
            "listed yes 11",
            "listed yes 01",
            "hidden unknown unknown",
            "listed yes 01",
            "listed yes 01",
            "listed unread 10",
            "listed  true",
        ],
        [
            "listed yes 11",
            "listed yes 11",
            "listed yes 11",
            "listed yes 01",
            "listed yes 01",
            "listed unread 10",
            "listed  true",
        ],
        [
            "listed denied 00",
            "listed denied 00",
            "hidden unknown unknown",
            "listed denied 00",
            "listed denied 00",
            "listed denied 00",
            "listed  false",
        ],
    ];
    for (role, expected) in roles.into_iter().zip(expected) {
        let session = bench.connect(&own, login(role.name(), "secret")).await.unwrap();
        let expected: Vec<_> =
            NAMES.iter().zip(expected).map(|(name, rest)| format!("{name} {rest}")).collect();
        assert_eq!(row(&session).await, expected, "{role:?}");
        session.close().await.unwrap();
    }
    bench.plant.stop().await;
}

#[tokio::test]
async fn over_a_channel_that_is_not_encrypted_an_observer_is_told_what_is_missing() {
    let bench = bench(&[Role::Observer]).await;
    let own = bench.trusted_client("client");
    let (policy, mode) = (SecurityPolicy::Basic256Sha256, MessageSecurityMode::Sign);
    let session = bench.connect_with(&own, login("Observer", "secret"), policy, mode).await.unwrap();
    let row = row(&session).await;
    assert_eq!(row[3], "Cost listed weak weak");
    assert_eq!(row[4], "ShiftPlan hidden weak weak");
    assert_eq!(row[0], "Speed listed yes 01");
    session.close().await.unwrap();
    bench.plant.stop().await;
}

/// Statuses of what arrives for one item.
#[derive(Default)]
struct Statuses(Vec<u32>);

impl NotificationVisitor for Statuses {
    fn data_change(&mut self, _: u32, value: &DataValueRef<'_>) {
        assert!(value.status == 0 || matches!(value.value, ValueRef::Null), "no value comes with a refusal");
        self.0.push(value.status);
    }

    fn status_change(&mut self, status: u32) {
        panic!("status change {status:#x}");
    }

    fn unsupported(&mut self, type_id: u32) {
        panic!("notification of type {type_id}");
    }
}

#[tokio::test]
async fn who_loses_a_role_while_connected_is_told_and_reads_no_more() {
    let bench = bench(&[Role::Observer]).await;
    let own = bench.trusted_client("client");
    let session = bench.connect(&own, login("Observer", "secret")).await.unwrap();
    let request = SubscriptionRequest {
        publishing_interval: PERIOD,
        lifetime_count: 1000,
        keep_alive_count: 1000,
        max_notifications_per_publish: 0,
        priority: 0,
    };
    let info = session.create_subscription(request).await.unwrap();
    let item = ItemRequest {
        node: node("Counter0001"),
        client_handle: 1,
        sampling_interval: PERIOD,
        queue_size: 1000,
        discard_oldest: true,
    };
    session.create_monitored_items(info.id, &[item]).await.unwrap().remove(0).unwrap();
    watch(&session, &info, None).await;
    let mut got = Statuses::default();
    while got.0.len() < 3 {
        let delivery = next(&session).await;
        delivery.walk(&mut got).unwrap();
    }
    assert!(got.0.iter().all(|status| *status == 0));

    // the user is there, the role is not
    bench.plant.set_users(&[UserAccount::with_password("Observer", "other").unwrap()], &[]).unwrap();
    let counter = [(node("Counter0001"), AttributeId::Value)];
    assert_eq!(status(&session.read(&counter).await.unwrap()[0]), "denied");
    let denied = StatusCode::BadUserAccessDenied.bits();
    while got.0.last() != Some(&denied) {
        next(&session).await.walk(&mut got).unwrap();
    }
    // the user is gone: what is left is what everybody sees
    bench.plant.set_users(&[], &[]).unwrap();
    let state = (NodeId::new(0, 2259), AttributeId::Value);
    let read = session.read(&[counter[0].clone(), state]).await.unwrap();
    assert_eq!((status(&read[0]), status(&read[1])), ("unknown", "yes"));
    session.close().await.unwrap();
    bench.plant.stop().await;
}

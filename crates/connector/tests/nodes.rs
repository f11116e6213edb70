//! Nodes that a server refuses, and values of every kind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "tests fail by panicking; the site is shared with other tests"
)]

mod site;

use std::sync::Arc;

use connector::SourceState;
use site::{PASSWORD, SOURCE, Site, USER, until};
use tagstore::{OwnedValue, StreamQuery};
use ua_client::Variant;
use ua_client::types::{DataTypeId, NodeId, ObjectId, StatusCode};
use ua_pki::SecurityPolicy;
use ua_server::{
    AddressSpace, NodeRules, NodeSpec, PushedValues, Role, Roles, Running, Sample, Server, ServerConfig,
    Slot, UserAccount, Value, VariableKind, VariableSpec,
};

const POLICY: SecurityPolicy = SecurityPolicy::Basic256Sha256;
/// 2026-01-01 in ticks.
const TIME: i64 = 134_116_992_000_000_000;

/// A server in the plant's place, with one variable per value, that takes at most `items` monitored items.
async fn serve(site: &mut Site, items: usize, values: Vec<(DataTypeId, Sample)>) -> Running {
    serve_behind(site, items, values, &[]).await
}

/// The same behind other namespaces, which come first in the server's table.
async fn serve_behind(
    site: &mut Site,
    items: usize,
    values: Vec<(DataTypeId, Sample)>,
    others: &[&str],
) -> Running {
    if site.plant.is_some() {
        site.stop_plant().await;
    }
    let mut config = ServerConfig::new("lockgate plant", "urn:lockgate:plant", site.plant_pki());
    config.listen = ([127, 0, 0, 1], site.port).into();
    config.hosts = vec!["localhost".to_owned()];
    config.policies = vec![POLICY];
    let observer = Roles::default().with(Role::Observer);
    config.users = vec![UserAccount::with_password(USER, PASSWORD).unwrap().with_roles(observer)];
    config.limits.items = items;
    let mut space = AddressSpace::new(&config.application_uri, &config.limits).unwrap();
    for other in others {
        space.add_namespace(other).unwrap();
    }
    let namespace = space.add_namespace("urn:test:nodes").unwrap();
    space.set_namespace_rules(namespace, NodeRules::observed()).unwrap();
    let source = PushedValues::new(values.len());
    for (index, (data_type, sample)) in values.into_iter().enumerate() {
        let slot = Slot(u32::try_from(index).unwrap());
        let name = format!("V{index}");
        let spec = NodeSpec { id: NodeId::new(namespace, name.as_str()), name, description: None };
        let variable = VariableSpec { data_type, slot, minimum_sampling: 0.0, kind: VariableKind::Plain };
        space.add_variable(&ObjectId::ObjectsFolder.into(), spec, variable).unwrap();
        assert!(source.push(slot, sample));
    }
    Server::bind(config, space, Arc::new(source)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_a_server_refuses_do_not_stop_the_others() {
    let mut site = Site::new(POLICY).await;
    let good = |number| (DataTypeId::Int32, Sample::good(Value::Int32(number), TIME));
    let server = serve(&mut site, 4, (0..6).map(good).collect()).await;
    site.set("polling = \"never\"");
    let handle = site.start().await;
    let status =
        until("the server refused two nodes", || site.status().filter(|s| s.streams_refused == 2)).await;
    assert_eq!(status.streams, 4);
    assert!(status.refused_example.unwrap().contains("BadTooManyMonitoredItems"));
    until("the other four deliver", || site.status().filter(|s| s.values_total >= 4)).await;
    site.until_state(SourceState::Flowing).await;
    handle.stop().await.unwrap();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn value_of_every_kind_is_kept_with_time_and_status() {
    let mut site = Site::new(POLICY).await;
    let array = Variant::from(vec![1_i32, 2, 3]);
    let server = serve(
        &mut site,
        100,
        vec![
            (DataTypeId::Double, Sample::good(Value::Double(-0.0), TIME)),
            (DataTypeId::String, Sample::good(Value::Text("läuft".into()), TIME)),
            (DataTypeId::DateTime, Sample::good(Value::DateTime(TIME + 1), TIME)),
            (DataTypeId::Int32, Sample::good(Value::Other(Arc::new(array)), TIME)),
            (DataTypeId::Float, Sample::bad(StatusCode::BadSensorFailure, TIME)),
        ],
    )
    .await;
    let handle = site.start().await;
    until("five values are durable", || site.status().filter(|s| s.values_total >= 5)).await;
    handle.stop().await.unwrap();
    server.stop().await;

    let reader = site.reader();
    let mut kept = Vec::new();
    for stream in reader.streams().unwrap() {
        let sample = reader.query(&StreamQuery::new(stream.id, 1)).unwrap().remove(0);
        assert_eq!(sample.source_time.ticks(), TIME);
        assert_eq!(stream.source, SOURCE);
        kept.push((stream.name, stream.data_type.unwrap(), sample.status, sample.value));
    }
    kept.sort_by(|a, b| a.0.cmp(&b.0));
    let row = |name: &str, data_type: &str, status: u32, value: OwnedValue| {
        (format!("line1.{name}"), data_type.to_owned(), status, value)
    };
    let array = vec![0x86, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0];
    assert_eq!(
        kept,
        [
            row("V0", "Double", 0, OwnedValue::Double(-0.0)),
            row("V1", "String", 0, OwnedValue::Text("läuft".to_owned())),
            row("V2", "DateTime", 0, OwnedValue::Text("2026-01-01T00:00:00.0000001Z".to_owned())),
            row("V3", "Int32", 0, OwnedValue::Bytes(array)),
            row("V4", "Float", StatusCode::BadSensorFailure.bits(), OwnedValue::Null),
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_that_renumbers_its_namespaces_goes_on_in_the_same_streams() {
    let mut site = Site::new(POLICY).await;
    let good = |number| (DataTypeId::Int32, Sample::good(Value::Int32(number), TIME));
    let server = serve(&mut site, 100, (0..3).map(good).collect()).await;
    let handle = site.start().await;
    until("three values are durable", || site.status().filter(|s| s.values_total >= 3)).await;
    let before = site.reader().streams().unwrap();
    server.stop().await;
    site.until_state(SourceState::Unreachable).await;

    let later = |number| (DataTypeId::Int32, Sample::good(Value::Int32(number), TIME + 1));
    let others = ["urn:test:vendor", "urn:test:another"];
    let server = serve_behind(&mut site, 100, (10..13).map(later).collect(), &others).await;
    until("the new values are durable", || site.status().filter(|s| s.values_total >= 6)).await;
    handle.stop().await.unwrap();
    server.stop().await;

    let reader = site.reader();
    assert_eq!(reader.streams().unwrap(), before, "nobody was renamed, none is new");
    for (number, stream) in before.iter().enumerate() {
        let number = i64::try_from(number).unwrap();
        let values: Vec<_> = reader.query(&StreamQuery::new(stream.id, 10)).unwrap();
        let values: Vec<_> = values.into_iter().map(|sample| sample.value).collect();
        assert_eq!(values, [OwnedValue::Int(number), OwnedValue::Int(number + 10)], "{}", stream.name);
    }
}

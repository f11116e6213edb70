//! The plant as a client meets it: who gets in, and what is shown.

use plant::Plant;

use crate::bench::{Bench, PATIENCE, client, config, file_count, login, node, reader, strongest};
use opcua_types::{AttributeId, NodeId, StatusCode};
use ua_channel::MessageSecurityMode;
use ua_client::{Error, Login, Side, get_endpoints};
use ua_pki::{SecurityPolicy, ThumbprintQuery};

#[tokio::test]
async fn an_unknown_client_is_turned_away_kept_for_the_administrator_and_let_in_once_accepted() {
    let bench = Bench::start(1).await;
    let own = client("stranger");
    let refused = bench.connect(&own, reader()).await.expect_err("nobody has accepted it yet");
    assert_eq!(refused.side(), Side::Server, "{refused}");
    let store = bench.store();
    assert_eq!(store.rejected().unwrap(), [own.certificate().clone()]);

    store.accept(&ThumbprintQuery::Sha1(own.certificate().thumbprint())).unwrap();
    let session = bench.connect(&own, reader()).await.unwrap();
    session.close().await.unwrap();
    bench.plant.stop().await;
}

#[tokio::test]
async fn a_client_that_is_trusted_no_longer_is_cut_off_while_it_is_connected() {
    let bench = Bench::start(1).await;
    let own = bench.trusted_client("client");
    let session = bench.connect(&own, reader()).await.unwrap();
    let state = [(NodeId::new(0, 2259), AttributeId::Value)];
    session.read(&state).await.unwrap();
    let store = bench.store();
    let thumbprint = ThumbprintQuery::Sha1(own.certificate().thumbprint());
    store.remove(&thumbprint).unwrap();
    let cut = async {
        while session.read(&state).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, cut).await.expect("the connection outlives the trust in its client");
    let refused = bench.connect(&own, reader()).await.expect_err("nobody trusts it any more");
    assert_eq!(refused.side(), Side::Server, "{refused}");
    store.accept(&thumbprint).unwrap();
    bench.connect(&own, reader()).await.unwrap().close().await.unwrap();
    bench.plant.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_refused_alike_and_nobody_is_let_in_without_a_user() {
    let bench = Bench::start(1).await;
    let own = bench.trusted_client("client");
    for attempt in [login("reader", "falsch"), login("nobody", "lesen"), login("Reader", "lesen")] {
        match bench.connect(&own, attempt).await {
            Err(Error::LoginRefused { status }) => assert_eq!(status, StatusCode::BadUserAccessDenied.bits()),
            other => panic!("{other:?}"),
        }
    }
    assert!(bench.connect(&own, Login::Anonymous).await.is_err());
    bench.connect(&own, reader()).await.unwrap().close().await.unwrap();
}

#[tokio::test]
async fn every_policy_and_mode_that_is_offered_works() {
    let bench = Bench::start(1).await;
    let own = bench.trusted_client("client");
    let endpoints = get_endpoints(&bench.url, PATIENCE).await.unwrap();
    assert_eq!(endpoints.len(), 6);
    assert_eq!(strongest(&endpoints).policy, Some(SecurityPolicy::Aes256Sha256RsaPss));
    for endpoint in endpoints {
        assert_ne!(endpoint.mode, MessageSecurityMode::None);
        let session =
            bench.connect_with(&own, reader(), endpoint.policy.unwrap(), endpoint.mode).await.unwrap();
        let read = session.read(&[(NodeId::new(0, 2259), AttributeId::Value)]).await.unwrap();
        assert_eq!(read[0].value, Some(opcua_types::Variant::Int32(0)));
        session.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_does_not_talk_to_a_client_that_comes_with_the_servers_own_certificate() {
    let bench = Bench::start(1).await;
    let mirror = std::sync::Arc::new(bench.store().own().unwrap().unwrap());
    bench.store().trust(mirror.certificate()).unwrap();
    assert!(bench.connect(&mirror, reader()).await.is_err());
}

#[tokio::test]
async fn reading_gives_one_result_a_node_and_a_bad_node_harms_itself_alone() {
    let bench = Bench::start(2).await;
    let own = bench.trusted_client("client");
    let session = bench.connect(&own, reader()).await.unwrap();
    let asked = [
        (node("Counter0001"), AttributeId::Value),
        (node("Counter0003"), AttributeId::Value),
        (node("Counter0002"), AttributeId::Executable),
        (node("Counter0002"), AttributeId::UserAccessLevel),
        (node("Plant.Mixing.Line1.Mixer1.RoomTemperature"), AttributeId::Value),
    ];
    let read = session.read(&asked).await.unwrap();
    assert_eq!(read.len(), 5);
    assert_eq!(read[1].status, Some(StatusCode::BadNodeIdUnknown));
    assert_eq!(read[2].status, Some(StatusCode::BadAttributeIdInvalid));
    assert_eq!(
        read[3].value,
        Some(opcua_types::Variant::Byte(5)),
        "to be read, now and its past, and nothing else"
    );
    assert_eq!(read[4].source_timestamp.as_ref().unwrap().ticks(), bench.plant.started());
    assert!(read[0].is_valid());
}

#[tokio::test]
async fn more_counters_than_fit_into_one_answer_are_found_by_browsing() {
    let bench = Bench::start(1500).await;
    let own = bench.trusted_client("client");
    let session = bench.connect(&own, reader()).await.unwrap();
    let found = session.browse(&[node("Plant.Counters")], &ua_client::BrowseFilter::default()).await.unwrap();
    let found = found[0].as_ref().unwrap();
    let counters = found.iter().filter(|r| r.browse_name.name.as_ref().starts_with("Counter"));
    assert_eq!(counters.count(), 1500);
    assert_eq!(file_count(&bench.folder.path().join("plant/rejected/certs")), 0);
}

#[tokio::test]
async fn a_plant_that_stops_lets_its_clients_and_its_port_go_and_comes_back_as_itself() {
    let mut bench = Bench::start(1).await;
    let own = bench.trusted_client("client");
    let session = bench.connect(&own, reader()).await.unwrap();
    let address = bench.plant.local_addr();
    let before = bench.store().own().unwrap().unwrap().certificate().thumbprint();
    bench.plant.stop().await;
    tokio::time::timeout(PATIENCE, session.closed()).await.unwrap();

    bench.plant = Plant::start(config(&bench.folder, address, 1)).await.unwrap();
    assert_eq!(bench.store().own().unwrap().unwrap().certificate().thumbprint(), before);
    bench.connect(&own, reader()).await.unwrap().close().await.unwrap();
}

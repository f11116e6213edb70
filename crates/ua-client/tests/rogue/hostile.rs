//! HC-22 to HC-48, as far as they are not in their own files: lists, numbers, texts and cuts that only harm who sends them.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use ua_client::types::{
    ApplicationDescription, DateTime, EndpointDescription, FindServersResponse, GetEndpointsResponse,
    MessageSecurityMode, NotificationMessage, PublishResponse,
};
use ua_client::{
    AttributeId, Error, Missing, NodeId, SecurityRequirement, Side, SubscriptionWatch, UserTokenKind, choose,
    find_servers, get_endpoints,
};
use ua_pki::SecurityPolicy;

use crate::server::*;

const SOON: Duration = Duration::from_secs(5);

/// Answers this kind of request with these bytes, and all others honestly.
fn answering(wanted: u32, answer: Vec<u8>) -> Script {
    Script {
        service: Box::new(move |kind, _, honest| match kind {
            kind if kind == wanted => Act::Answer(answer.clone()),
            _ => honest.map_or(Act::Nothing, Act::Answer),
        }),
        ..Script::honest()
    }
}

fn listing(endpoints: Vec<EndpointDescription>) -> Script {
    Script { endpoints, ..Script::honest() }
}

#[tokio::test]
async fn endpoint_lists_that_are_empty_endless_or_lie_about_their_length_are_no_choice() {
    let strongest = SecurityRequirement::strongest(UserTokenKind::Anonymous);
    let empty = listing(vec![]).start().await;
    let listed = get_endpoints(&empty.url, SOON).await.unwrap();
    assert!(matches!(choose(&listed, strongest), Err(Error::NoUsableEndpoint { .. })));

    let endless = listing(vec![EndpointDescription::default(); 501]).start().await;
    let error = get_endpoints(&endless.url, SOON).await.expect_err("nobody has so many");
    assert!(matches!(error, Error::UnexpectedResponse { service: "GetEndpoints", .. }), "{error:?}");

    let mut lying = encode(&GetEndpointsResponse::default());
    lying.truncate(lying.len() - 4);
    lying.extend(1_000_000_i32.to_le_bytes());
    let lying = answering(GET_ENDPOINTS, lying).start().await;
    let error = get_endpoints(&lying.url, SOON).await.expect_err("there are none");
    assert!(matches!(error, Error::Decode { .. }), "{error:?}");
}

#[tokio::test]
async fn endpoints_of_nonsense_are_passed_over_and_the_servers_own_ranking_is_not_obeyed() {
    let open = EndpointDescription {
        security_level: 255,
        ..endpoint(SecurityPolicy::None, MessageSecurityMode::None)
    };
    let mut unknown = endpoint(POLICY, MessageSecurityMode::SignAndEncrypt);
    unknown.security_policy_uri = "http://x/\u{1b}[2J\u{202e}\r\n#New\u{1b}]0;evil\u{7}".into();
    let invalid = endpoint(POLICY, MessageSecurityMode::Invalid);
    let mut secure = endpoint(POLICY, MessageSecurityMode::SignAndEncrypt);
    secure.security_level = 0;
    let server = listing(vec![open, unknown, invalid, EndpointDescription::default(), secure]).start().await;
    let listed = get_endpoints(&server.url, SOON).await.unwrap();
    let choice = choose(&listed, SecurityRequirement::strongest(UserTokenKind::Anonymous)).unwrap();
    let chosen = &listed[choice.index];
    assert_eq!((chosen.policy, chosen.mode), (Some(POLICY), ua_channel::MessageSecurityMode::SignAndEncrypt));
    // what is shown of the rest cannot drive a terminal (HC-41)
    for (_, why) in &choice.refused {
        assert!(!why.chars().any(|c| c.is_control() || c == '\u{202e}'), "{why:?}");
    }
}

#[tokio::test]
async fn session_parameters_and_clocks_of_nonsense_are_lived_with() {
    let nonsense = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e308];
    for (timeout, year) in nonsense.into_iter().zip([1601_u16, 1970, 2126, 9999, 1926, 2026]) {
        let script = Script {
            created: Box::new(move |response| {
                response.revised_session_timeout = timeout;
                response.max_request_message_size = 1;
                response.response_header.timestamp = DateTime::ymd(year, 1, 1);
            }),
            activated: Box::new(move |response| {
                response.response_header.timestamp = DateTime::ymd(year, 12, 31);
            }),
            ..Script::honest()
        };
        let session = script.start().await.connect().await.unwrap();
        assert!(session.revised_timeout() <= Duration::from_secs(365 * 86_400), "{timeout}");
        session.read(&[(NodeId::new(1, 5), AttributeId::Value)]).await.unwrap();
    }
}

#[tokio::test]
async fn faults_and_rubbish_in_place_of_every_answer_are_typed_errors() {
    let rubbish: [Vec<u8>; 5] =
        [fault(0x8001_0000), vec![], vec![0xFF; 40], vec![1, 0, 0x8D], encode(&PublishResponse::default())];
    for kind in [GET_ENDPOINTS, CREATE_SESSION, ACTIVATE_SESSION] {
        for answer in &rubbish {
            let rogue = answering(kind, answer.clone()).start().await;
            let result = match kind {
                GET_ENDPOINTS => get_endpoints(&rogue.url, SOON).await.map(drop),
                _ => rogue.connect().await.map(drop),
            };
            let error = result.expect_err("that was no answer");
            assert!(!matches!(error.side(), Side::Network), "{kind}: {error:?}");
        }
    }
}

#[tokio::test]
async fn notifications_of_nobodys_with_absurd_numbers_are_bounded() {
    let message = |subscription_id, sequence_number| {
        encode(&PublishResponse {
            subscription_id,
            notification_message: NotificationMessage {
                sequence_number,
                notification_data: Some(vec![ua_client::types::ExtensionObject::null()]),
                ..Default::default()
            },
            ..Default::default()
        })
    };
    // the list of available numbers says a million and brings none
    let mut lying = message(9, 2);
    let at = lying.len() - (4 + 1 + 4 + 8 + 4 + 3 + 4 + 4);
    lying[at..at + 4].copy_from_slice(&1_000_000_i32.to_le_bytes());
    let answers = std::sync::Mutex::new(
        vec![message(9, 1), message(12345, 77), lying, message(9, 2_000_000_000)].into_iter(),
    );
    let script = Script {
        service: Box::new(move |kind, _, honest| match kind {
            PUBLISH => answers.lock().unwrap().next().map_or(Act::Nothing, Act::Answer),
            _ => honest.map_or(Act::Nothing, Act::Answer),
        }),
        ..Script::honest()
    };
    let session = script.start().await.connect().await.unwrap();
    let watch = SubscriptionWatch { id: 9, keep_alive: Duration::from_secs(60), last_sequence: Some(0) };
    session.start_publishing(&[watch], 1).await.unwrap();
    assert_eq!(session.next_publish().await.unwrap().missing(), None);
    let strange = session.next_publish().await.unwrap();
    assert_eq!((strange.summary().subscription_id, strange.missing()), (12345, None));
    assert!(matches!(session.next_publish().await, Err(Error::Decode { .. })));
    // two thousand million missing messages are two numbers
    let far = session.next_publish().await.unwrap();
    assert_eq!(far.missing(), Some(Missing { first: 2, last: 1_999_999_999 }));
}

#[tokio::test]
async fn a_discovery_server_can_name_thousands_of_addresses_and_only_usable_ones_are_kept() {
    const FIND_SERVERS: u32 = 422;
    let urls = ["opc.wss://plc1:443", "/etc/passwd", "http://plc1", "opc.tcp://plc1:4841", "", "opc.tcp://"];
    let many = urls.iter().cycle().take(9_000).map(|url| (*url).into()).collect();
    let server = ApplicationDescription { discovery_urls: Some(many), ..Default::default() };
    let answer = encode(&FindServersResponse { servers: Some(vec![server]), ..Default::default() });
    let rogue = answering(FIND_SERVERS, answer).start().await;
    let known = find_servers(&rogue.url, SOON).await.unwrap();
    assert!(known[0].urls.len() <= 2000);
    assert!(known[0].urls.iter().all(|url| url.as_str().starts_with("opc.tcp://plc1:4841")));
}

/// Passes on everything to the server, and so many bytes back, then hangs up.
async fn cutting(server: std::net::SocketAddr, after: usize) -> std::net::SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(server).await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (from_server, mut to_server) = server.into_split();
        let there = tokio::spawn(async move { copy(&mut from_client, &mut to_server).await });
        copy(&mut from_server.take(u64::try_from(after).unwrap()), &mut to_client).await.unwrap_or_default();
        to_client.shutdown().await.unwrap_or_default();
        there.abort();
    });
    address
}

#[tokio::test]
async fn a_connection_cut_after_any_number_of_bytes_ends_in_an_error_and_never_in_waiting() {
    let rogue = Script::honest().start().await;
    let request = rogue.request().await;
    let server = format!("{}:{}", request.url.host(), request.url.port()).parse().unwrap();
    let (mut cut, mut whole) = (0, 0);
    for after in (0..32).chain((32..12_000).step_by(397)) {
        let mut request = request.clone();
        request.url = format!("opc.tcp://{}", cutting(server, after).await).parse().unwrap();
        let connected = tokio::time::timeout(SOON, ua_client::connect(request)).await.expect("it waits");
        match connected {
            Ok(_) => whole += 1,
            Err(error) => {
                cut += 1;
                let known = matches!(
                    error,
                    Error::RefusedByServer { .. } | Error::ConnectionLost { .. } | Error::Unreachable { .. }
                );
                assert!(known, "after {after} bytes: {error:?}");
            }
        }
    }
    assert!(cut > 40 && whole > 0, "{cut} cut, {whole} whole");
}

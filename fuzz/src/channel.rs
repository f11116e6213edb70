//! What a peer sends before and after anything is proven: frames, OPN messages and chunks, to both roles.
//!
//! The first byte says who gets them and in which state. Only channels without security, and OPN messages of all
//! policies: behind a MAC no fuzzer gets any further.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use ua_channel::{
    ChannelEvent, ClientChannel, ClientChannelConfig, ClientSecurity, Limits, MessageSecurityMode, PeerJudge,
    Phase, ServerChannel, ServerChannelConfig, SystemRandom,
};
use ua_pki::{
    ApplicationIdentity, Certificate, CertificateStatus, PrivateKey, SecurityPolicy, TrustedCertificate,
};

pub(crate) fn run(bytes: &[u8]) {
    let Some((state, bytes)) = bytes.split_first() else { return };
    match state % 6 {
        0 => feed_client(client(), bytes),
        1 => feed_server(server(), bytes),
        2 => {
            let mut client = client();
            client.handle_bytes(*NOW, &acknowledge());
            feed_client(client, &opn(1, bytes));
        }
        3 => feed_client(open_client(), &chunks(bytes, 2)),
        4 => feed_client(open_client(), bytes),
        _ => feed_server(open_server(), &chunks(bytes, 2)),
    }
}

fn feed_client(mut client: ClientChannel, bytes: &[u8]) {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    for part in [first, second] {
        client.handle_bytes(*NOW, part);
        while client.poll_transmit().is_some() {}
    }
    check(&mut || client.poll_event(), bytes.len());
    if let Some(at) = client.poll_timeout() {
        client.handle_timeout(at);
    }
    client.handle_timeout(*NOW + Duration::from_secs(7200));
    assert_eq!(client.phase(), Phase::Closed, "nobody renews for two hours");
    client.handle_bytes(*NOW, bytes);
    check(&mut || client.poll_event(), 0);
}

fn feed_server(mut server: ServerChannel, bytes: &[u8]) {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    for part in [first, second] {
        server.handle_bytes(*NOW, part);
        while server.poll_transmit().is_some() {}
    }
    check(&mut || server.poll_event(), bytes.len());
    server.handle_timeout(*NOW + Duration::from_secs(7200));
}

/// Messages are made of what came, and after the end there is nothing.
fn check(next: &mut dyn FnMut() -> Option<ChannelEvent>, most: usize) {
    let (mut told, mut ended) = (0, false);
    while let Some(event) = next() {
        assert!(!ended, "{event:?} after the end");
        match event {
            ChannelEvent::Message { body, .. } => told += body.len(),
            ChannelEvent::Aborted { reason, .. } => told += reason.len(),
            ChannelEvent::Closed(_) => ended = true,
            _ => {}
        }
    }
    // a reason that is not UTF-8 grows threefold
    assert!(told <= 3 * most, "{told} bytes out of {most}");
}

/// Chunks with the right channel, token and sequence numbers, so that the rest of them is looked at. Each is described by
/// kind, request id, length and content.
fn chunks(mut bytes: &[u8], first: u32) -> Vec<u8> {
    let mut wire = Vec::new();
    for sequence in first.. {
        let [kind, request, len, rest @ ..] = bytes else { break };
        let (content, rest) = rest.split_at(usize::from(*len).min(rest.len()));
        bytes = rest;
        let kind = [b"MSGF", b"MSGC", b"MSGA", b"CLOF"][usize::from(kind % 4)];
        wire.extend(frame(kind, &[CHANNEL, 1, sequence, u32::from(*request)], content));
    }
    wire
}

fn frame(kind: &[u8; 4], numbers: &[u32], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(8 + 4 * numbers.len() + content.len()).unwrap_or(u32::MAX);
    let numbers = numbers.iter().flat_map(|number| number.to_le_bytes());
    kind.iter().copied().chain(size.to_le_bytes()).chain(numbers).chain(content.iter().copied()).collect()
}

fn acknowledge() -> Vec<u8> {
    frame(b"ACKF", &[0, 65_536, 65_536, 0, 0], &[])
}

/// An OPN message without security.
fn opn(sequence: u32, body: &[u8]) -> Vec<u8> {
    let uri = SecurityPolicy::None.uri().as_bytes();
    let len = u32::try_from(uri.len()).unwrap_or(0).to_le_bytes();
    let numbers = [sequence.to_le_bytes(), 1_u32.to_le_bytes()].concat();
    frame(b"OPNF", &[CHANNEL], &[&len[..], uri, &[0xFF; 8], &numbers, body].concat())
}

fn client() -> ClientChannel {
    let config = ClientChannelConfig {
        endpoint_url: "opc.tcp://plc1:4840".to_owned(),
        security: ClientSecurity::None,
        limits: Limits::client(),
        lifetime: Duration::from_secs(3600),
        open_timeout: Duration::from_secs(10),
        wall_clock: jiff::Timestamp::UNIX_EPOCH,
    };
    let mut client = ClientChannel::new(config, Box::new(SystemRandom), *NOW).unwrap();
    while client.poll_transmit().is_some() {}
    client
}

/// With requests 2, 3 and 4 waiting for their answers.
fn open_client() -> ClientChannel {
    let mut client = client();
    client.handle_bytes(*NOW, &acknowledge());
    client.handle_bytes(*NOW, &opn(1, OPENED));
    assert!(client.is_open(), "{:?}", client.poll_event());
    for _ in 0..3 {
        client.send(*NOW, b"question").unwrap();
    }
    while client.poll_event().is_some() {}
    while client.poll_transmit().is_some() {}
    client
}

fn server() -> ServerChannel {
    let offered = [SecurityPolicy::Basic256Sha256, SecurityPolicy::Aes256Sha256RsaPss]
        .map(|policy| (policy, MessageSecurityMode::SignAndEncrypt));
    let config = ServerChannelConfig {
        limits: Limits::server(),
        identity: Arc::clone(&IDENTITY),
        offered: [&offered[..], &[(SecurityPolicy::None, MessageSecurityMode::None)]].concat(),
        channel_id: CHANNEL,
        judge: Arc::new(Nobody),
        min_lifetime: Duration::from_secs(10),
        max_lifetime: Duration::from_secs(3600),
        open_timeout: Duration::from_secs(5),
        session_deadline: Duration::from_secs(60),
        wall_clock: jiff::Timestamp::UNIX_EPOCH,
    };
    ServerChannel::new(config, Box::new(SystemRandom), *NOW)
}

/// As a client of ours opens it.
fn open_server() -> ServerChannel {
    let mut server = server();
    let url = b"opc.tcp://plc1:4840";
    let hello = [&19_u32.to_le_bytes()[..], url].concat();
    server.handle_bytes(*NOW, &frame(b"HELF", &[0, 65_536, 65_536, 0, 0], &hello));
    let mut first = opn(1, OPEN);
    // the client does not know the channel's number yet
    first[8..12].fill(0);
    server.handle_bytes(*NOW, &first);
    while server.poll_transmit().is_some() {}
    while server.poll_event().is_some() {}
    server
}

struct Nobody;

impl PeerJudge for Nobody {
    fn judge(&self, _: &[Certificate], _: SecurityPolicy) -> Result<TrustedCertificate, CertificateStatus> {
        Err(CertificateStatus::Untrusted)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "there is no other way to get an instant; which one does not matter"
)]
static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The keys of ua-channel's test vectors, which protect nothing.
pub(crate) static IDENTITY: LazyLock<Arc<ApplicationIdentity>> = LazyLock::new(|| {
    let key = PrivateKey::from_pkcs8_pem(include_str!("../../crates/ua-channel/tests/vectors/key2048.pem"));
    let certificate = include_bytes!("../../crates/ua-channel/tests/vectors/cert2048.der");
    let chain = vec![Certificate::from_der(certificate).unwrap()];
    Arc::new(ApplicationIdentity::new(chain, key.unwrap()).unwrap())
});

const CHANNEL: u32 = 4711;

/// OpenSecureChannelResponse: header, protocol version, channel 4711, token 1, created, an hour, no nonce.
const OPENED: &[u8] = &[
    1, 0, 0xC1, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0,
    0, 0, 0, 0x67, 0x12, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xEE, 0x36, 0, 0xFF, 0xFF, 0xFF,
    0xFF,
];

/// OpenSecureChannelRequest: header, protocol version, issue, mode None, no nonce, an hour.
const OPEN: &[u8] = &[
    1, 0, 0xBE, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x80, 0xEE, 0x36, 0,
];

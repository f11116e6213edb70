//! Peers that follow the protocol and sign with valid keys, but break one rule of OPN (rules SC-01 to SC-05, SC-16,
//! SC-17; cases HC-09, HC-10, HC-12, HC-13, HS-04, HS-08).

use std::sync::Arc;
use std::time::{Duration, Instant};

use ua_pki::{ApplicationIdentity, SecurityPolicy};

use super::open::{OpenRequest, OpenResponse, RequestKind};
use crate::common::{Pair, Seeded, Setup, base, client_identity, server_identity, stranger};
use crate::security::{MessageSecurityMode, asymmetric, policy};
use crate::wire::chunk::{self, AsymmetricHeader};
use crate::wire::frame::{self, BufferSizes};
use crate::wire::writer::Write;
use crate::{
    ChannelEvent, ClientChannel, ClientChannelConfig, ClientSecurity, CloseReason, Error, Limits,
    ServerChannel,
};

const POLICY: SecurityPolicy = SecurityPolicy::Basic256Sha256;

/// An OPN message in which everything can be wrong.
#[derive(Clone)]
struct Forged {
    policy: SecurityPolicy,
    header_channel: u32,
    sender_certificate: Vec<u8>,
    thumbprint: Vec<u8>,
    signer: Arc<ApplicationIdentity>,
    receiver: Arc<ApplicationIdentity>,
    sequence: u32,
    request_id: u32,
    body: Vec<u8>,
}

impl Forged {
    fn new(
        from: Arc<ApplicationIdentity>,
        to: Arc<ApplicationIdentity>,
        sequence: u32,
        request_id: u32,
    ) -> Self {
        Self {
            policy: POLICY,
            header_channel: 4711,
            sender_certificate: from.chain_der(),
            thumbprint: to.certificate().thumbprint().as_bytes().to_vec(),
            signer: from,
            receiver: to,
            sequence,
            request_id,
            body: Vec::new(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let (mut frame, header_len) = chunk::asymmetric(
            self.header_channel,
            self.policy,
            Some(&self.sender_certificate),
            Some(&self.thumbprint),
        );
        frame.put_u32(self.sequence);
        frame.put_u32(self.request_id);
        frame.extend_from_slice(&self.body);
        match policy::row(self.policy) {
            Some(row) => {
                let key = self.receiver.certificate().public_key();
                asymmetric::seal(row, self.signer.key(), key, frame, header_len).unwrap()
            }
            None => {
                let len = frame.len();
                frame::set_size(&mut frame, len);
                frame
            }
        }
    }
}

/// A client under test and what the rogue server learnt from its last OPN.
struct Victim {
    client: ClientChannel,
    now: Instant,
    request_id: u32,
    client_nonce: Vec<u8>,
}

impl Victim {
    /// A client that waits for the answer to its first OPN.
    fn opening() -> Self {
        let peer = crate::common::trusted(&server_identity(), POLICY);
        let config = ClientChannelConfig {
            endpoint_url: "opc.tcp://localhost".to_owned(),
            security: ClientSecurity::Secured {
                policy: POLICY,
                mode: MessageSecurityMode::SignAndEncrypt,
                own: client_identity(),
                peer,
            },
            limits: Limits::client(),
            lifetime: Duration::from_secs(3600),
            open_timeout: Duration::from_secs(10),
            wall_clock: crate::common::WALL.parse().unwrap(),
        };
        let now = base();
        let mut client = ClientChannel::new(config, Box::new(Seeded(1)), now).unwrap();
        client.poll_transmit().unwrap();
        client.handle_bytes(now, &frame::acknowledge(BufferSizes::of(&Limits::server())));
        let mut victim = Self { client, now, request_id: 0, client_nonce: Vec::new() };
        victim.read_open();
        victim
    }

    /// A client that opened and waits for the answer to its renewal; the rogue's first chunk had sequence 1.
    fn renewing() -> Self {
        let mut victim = Self::opening();
        victim.deliver(&victim.answer(|_, _| {}));
        assert!(victim.client.is_open());
        victim.now += Duration::from_secs(2700);
        victim.client.handle_timeout(victim.now);
        victim.read_open();
        while victim.client.poll_event().is_some() {}
        victim
    }

    fn read_open(&mut self) {
        let bytes = self.client.poll_transmit().unwrap();
        let header = AsymmetricHeader::read(&bytes).unwrap();
        let row = policy::row(POLICY).unwrap();
        let opened = asymmetric::open(
            row,
            server_identity().key(),
            client_identity().certificate(),
            &bytes,
            header.len,
        )
        .unwrap();
        let (_, request_id, body) = chunk::sequence_header(&opened).unwrap();
        self.request_id = request_id;
        self.client_nonce = OpenRequest::read(body).unwrap().1.nonce.to_vec();
    }

    /// The answer that a correct server would give, after `twist`.
    fn answer(&self, twist: impl FnOnce(&mut Forged, &mut OpenResponse<'_>)) -> Vec<u8> {
        let renewal = u32::from(self.client.is_open());
        let mut forged = Forged::new(server_identity(), client_identity(), 1 + renewal, self.request_id);
        let nonce = if renewal == 0 { [0xA0; 32] } else { [0xA1; 32] };
        let mut response = OpenResponse {
            channel_id: 4711,
            token_id: 1 + renewal,
            created_at: 0,
            lifetime: 3_600_000,
            nonce: &nonce,
        };
        twist(&mut forged, &mut response);
        if forged.body.is_empty() {
            response.write(0, &mut forged.body);
        }
        forged.bytes()
    }

    fn deliver(&mut self, bytes: &[u8]) {
        self.client.handle_bytes(self.now, bytes);
    }

    fn refuses(mut self, twist: impl FnOnce(&mut Forged, &mut OpenResponse<'_>)) -> Error {
        self.deliver(&self.answer(twist));
        assert_eq!(self.client.poll_transmit(), None, "nothing is said to a rogue server");
        match self.client.poll_event() {
            Some(ChannelEvent::Closed(CloseReason::Protocol(error))) => error,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_answer_from_another_certificate_key_or_policy_is_refused() {
    let other_certificate = Victim::opening().refuses(|forged, _| {
        forged.sender_certificate = stranger().chain_der();
        forged.signer = stranger();
    });
    assert_eq!(other_certificate, Error::CertificateChanged);
    let certificate_behind_another = Victim::opening().refuses(|forged, _| {
        forged.sender_certificate = [stranger().chain_der(), server_identity().chain_der()].concat();
    });
    assert_eq!(certificate_behind_another, Error::CertificateChanged);
    let no_certificate = Victim::opening().refuses(|forged, _| forged.sender_certificate.clear());
    assert_eq!(no_certificate, Error::CertificateChanged);
    let other_key = Victim::opening().refuses(|forged, _| forged.signer = stranger());
    assert_eq!(other_key, Error::SecurityChecksFailed);
    for thumbprint in [vec![], vec![0; 20], vec![0; 1000]] {
        let wrong_thumbprint = Victim::opening().refuses(|forged, _| forged.thumbprint = thumbprint);
        assert_eq!(wrong_thumbprint, Error::SecurityChecksFailed);
    }
    for policy in [SecurityPolicy::Aes256Sha256RsaPss, SecurityPolicy::None] {
        let other_policy = Victim::opening().refuses(|forged, _| forged.policy = policy);
        assert_eq!(other_policy, Error::PolicyRejected { found: policy.uri().to_owned() });
    }
}

#[test]
fn an_answer_with_an_unusable_nonce_is_refused() {
    for nonce in [vec![], vec![1; 31], vec![1; 33], vec![0; 32], vec![1; 1000]] {
        let error = Victim::opening().refuses(|forged, response| {
            OpenResponse { nonce: &nonce, ..*response }.write(0, &mut forged.body);
        });
        assert_eq!(error, Error::NonceInvalid, "{} bytes", nonce.len());
    }
    let victim = Victim::opening();
    let own = victim.client_nonce.clone();
    let error = victim.refuses(|forged, response| {
        OpenResponse { nonce: &own, ..*response }.write(0, &mut forged.body);
    });
    assert_eq!(error, Error::NonceInvalid, "our own");
    let error = Victim::renewing().refuses(|forged, response| {
        OpenResponse { nonce: &[0xA0; 32], ..*response }.write(0, &mut forged.body);
    });
    assert_eq!(error, Error::NonceInvalid, "used before on this channel");
}

#[test]
fn an_answer_with_wrong_numbers_is_refused() {
    let error = Victim::opening().refuses(|forged, _| forged.request_id += 1);
    assert!(matches!(error, Error::RequestUnknown { .. }));
    let error = Victim::opening().refuses(|forged, _| forged.header_channel = 1);
    assert_eq!(error, Error::ChannelId { found: 1, expected: 4711 });
    let error = Victim::opening().refuses(|forged, response| {
        forged.header_channel = 0;
        response.channel_id = 0;
    });
    assert_eq!(error, Error::ChannelId { found: 0, expected: 1 });
    let error = Victim::opening().refuses(|forged, _| forged.body = vec![1, 0, 0xC1, 1, 0]);
    assert_eq!(error, Error::Malformed { what: "OpenSecureChannel response" });
}

#[test]
fn a_renewal_may_not_change_the_channel_repeat_the_token_or_restart_the_sequence() {
    let mut victim = Victim::renewing();
    victim.deliver(&victim.answer(|_, _| {}));
    assert_eq!(victim.client.poll_event(), Some(ChannelEvent::Renewed));
    victim.deliver(&victim.answer(|forged, _| forged.sequence = 3));
    let twice = Some(ChannelEvent::Closed(CloseReason::Protocol(Error::UnexpectedMessage { found: "OPN" })));
    assert_eq!(victim.client.poll_event(), twice);

    let error = Victim::renewing().refuses(|forged, response| {
        forged.header_channel = 4712;
        response.channel_id = 4712;
    });
    assert_eq!(error, Error::ChannelId { found: 4712, expected: 4711 });
    let error = Victim::renewing().refuses(|_, response| response.token_id = 1);
    assert_eq!(error, Error::TokenUnknown { found: 1 });
    let error = Victim::renewing().refuses(|forged, _| forged.sequence = 1);
    assert_eq!(error, Error::SequenceNumber { found: 1, last: 1 });
    let error = Victim::renewing().refuses(|forged, _| {
        forged.sender_certificate = stranger().chain_der();
        forged.signer = stranger();
    });
    assert_eq!(error, Error::CertificateChanged);
}

#[test]
fn a_bad_service_result_is_reported_as_such() {
    let error = Victim::opening().refuses(|forged, response| {
        response.write(0, &mut forged.body);
        // behind type id, timestamp and request handle
        forged.body[16..20].copy_from_slice(&0x8055_0000_u32.to_le_bytes());
    });
    assert_eq!(error, Error::OpenFailed { status: 0x8055_0000 });
}

#[test]
fn absurd_lifetimes_lead_neither_to_endless_renewal_nor_to_none() {
    for (lifetime, renew_after) in [(0, 7500), (1, 7500), (60_000, 45_000), (u32::MAX, 2_700_000)] {
        let mut victim = Victim::opening();
        victim.deliver(&victim.answer(|_, response| response.lifetime = lifetime));
        let renew_at = victim.client.poll_timeout().unwrap();
        assert_eq!(renew_at - victim.now, Duration::from_millis(renew_after), "{lifetime} ms");
    }
}

/// A server under test, addressed by a client that holds the trusted key.
struct Target {
    server: ServerChannel,
    now: Instant,
}

impl Target {
    fn opening() -> Self {
        let mut pair = Setup::new(POLICY, MessageSecurityMode::SignAndEncrypt).pair();
        let hello = pair.client.poll_transmit().unwrap();
        pair.server.handle_bytes(pair.now, &hello);
        let Pair { server, now, .. } = pair;
        Self { server, now }.settled()
    }

    fn open() -> Self {
        let mut target = Self::opening();
        target.deliver(&Self::request(|_, _| {}));
        assert!(target.server.is_open());
        target.settled()
    }

    /// Open for long enough to be renewed.
    fn due() -> Self {
        let mut target = Self::open();
        target.now += Duration::from_secs(2);
        target
    }

    fn settled(mut self) -> Self {
        while self.server.poll_event().is_some() || self.server.poll_transmit().is_some() {}
        self
    }

    /// A correct first OPN, after `twist`.
    fn request(twist: impl FnOnce(&mut Forged, &mut OpenRequest<'_>)) -> Vec<u8> {
        let mut forged = Forged::new(client_identity(), server_identity(), 1, 1);
        forged.header_channel = 0;
        let mut request =
            OpenRequest { kind: RequestKind::Issue, mode: 3, nonce: &[0xC0; 32], lifetime: 3_600_000 };
        twist(&mut forged, &mut request);
        if forged.body.is_empty() {
            request.write(0, &mut forged.body);
        }
        forged.bytes()
    }

    /// A correct renewal, after `twist`.
    fn renewal(twist: impl FnOnce(&mut Forged, &mut OpenRequest<'_>)) -> Vec<u8> {
        Self::request(|forged, request| {
            forged.header_channel = 4711;
            forged.sequence = 2;
            forged.request_id = 2;
            request.kind = RequestKind::Renew;
            request.nonce = &[0xC1; 32];
            twist(forged, request);
        })
    }

    fn deliver(&mut self, bytes: &[u8]) {
        self.server.handle_bytes(self.now, bytes);
    }

    fn refuses(mut self, bytes: &[u8]) -> Error {
        self.deliver(bytes);
        let error = match self.server.poll_event() {
            Some(ChannelEvent::Closed(CloseReason::Protocol(error))) => error,
            other => panic!("{other:?}"),
        };
        let said = self.server.poll_transmit().unwrap();
        assert_eq!(frame::read_error(&said), (error.status(), String::new()), "status alone, no reason");
        error
    }
}

#[test]
fn a_server_refuses_every_twisted_first_open() {
    let refuses =
        |twist: fn(&mut Forged, &mut OpenRequest<'_>)| Target::opening().refuses(&Target::request(twist));
    assert_eq!(refuses(|forged, _| forged.signer = stranger()), Error::SecurityChecksFailed);
    assert_eq!(refuses(|forged, _| forged.thumbprint = vec![1; 20]), Error::SecurityChecksFailed);
    assert_eq!(refuses(|forged, _| forged.sender_certificate.clear()), Error::SecurityChecksFailed);
    assert_eq!(refuses(|forged, _| forged.sender_certificate = vec![0x30; 100]), Error::SecurityChecksFailed);
    assert_eq!(refuses(|_, request| request.kind = RequestKind::Renew), Error::SecurityChecksFailed);
    assert_eq!(refuses(|_, request| request.mode = 0), Error::ModeRejected { found: 0 });
    assert_eq!(refuses(|_, request| request.mode = 1), Error::ModeRejected { found: 1 });
    assert_eq!(refuses(|_, request| request.mode = 4), Error::ModeRejected { found: 4 });
    assert_eq!(refuses(|_, request| request.nonce = &[]), Error::NonceInvalid);
    assert_eq!(refuses(|_, request| request.nonce = &[1; 31]), Error::NonceInvalid);
    assert_eq!(refuses(|_, request| request.nonce = &[0; 32]), Error::NonceInvalid);
    let foreign_channel = Error::ChannelId { found: 4711, expected: 0 };
    assert_eq!(refuses(|forged, _| forged.header_channel = 4711), foreign_channel);
    let malformed = Error::Malformed { what: "OpenSecureChannel request" };
    assert_eq!(refuses(|forged, _| forged.body = vec![0; 40]), malformed);
    let secured_mode_without_policy = refuses(|forged, _| forged.policy = SecurityPolicy::None);
    assert_eq!(secured_mode_without_policy, Error::ModeRejected { found: 3 });
}

#[test]
fn a_server_refuses_every_twisted_renewal_and_a_second_issue() {
    let mut target = Target::due();
    target.deliver(&Target::renewal(|_, _| {}));
    assert_eq!(target.server.poll_event(), Some(ChannelEvent::Renewed));

    let refuses =
        |twist: fn(&mut Forged, &mut OpenRequest<'_>)| Target::due().refuses(&Target::renewal(twist));
    assert_eq!(refuses(|_, request| request.kind = RequestKind::Issue), Error::SecurityChecksFailed);
    assert_eq!(refuses(|_, request| request.mode = 2), Error::SecurityChecksFailed);
    assert_eq!(refuses(|_, request| request.nonce = &[0xC0; 32]), Error::NonceInvalid);
    assert_eq!(refuses(|forged, _| forged.sequence = 1), Error::SequenceNumber { found: 1, last: 1 });
    let foreign_channel = Error::ChannelId { found: 12, expected: 4711 };
    assert_eq!(refuses(|forged, _| forged.header_channel = 12), foreign_channel);
    let found = SecurityPolicy::Aes256Sha256RsaPss.uri().to_owned();
    let other_policy = refuses(|forged, _| forged.policy = SecurityPolicy::Aes256Sha256RsaPss);
    assert_eq!(other_policy, Error::PolicyRejected { found });
    let other_certificate = refuses(|forged, _| {
        forged.sender_certificate = stranger().chain_der();
        forged.signer = stranger();
    });
    assert_eq!(other_certificate, Error::CertificateChanged);
}

#[test]
fn a_server_does_not_renew_in_a_loop_and_looks_at_nothing_for_it() {
    let too_soon = Error::RenewedTooSoon { interval: Duration::from_secs(2) };
    assert_eq!(Target::open().refuses(&Target::renewal(|_, _| {})), too_soon);
    // not even the certificate is looked at
    let unread = Target::renewal(|forged, _| forged.sender_certificate.clear());
    assert_eq!(Target::open().refuses(&unread), too_soon);
    let mut target = Target::due();
    target.deliver(&Target::renewal(|_, _| {}));
    assert_eq!(target.server.poll_event(), Some(ChannelEvent::Renewed));
    let mut target = target.settled();
    target.now += Duration::from_millis(1999);
    let again = Target::renewal(|forged, request| {
        (forged.sequence, forged.request_id) = (3, 3);
        request.nonce = &[0xC2; 32];
    });
    assert_eq!(target.refuses(&again), too_soon);
}

#[test]
fn an_open_with_one_block_repeated_is_refused_before_it_is_decrypted() {
    let mut bytes = Target::request(|_, _| {});
    let header_len = AsymmetricHeader::read(&bytes).unwrap().len;
    let block = bytes[header_len..header_len + 384].to_vec();
    for _ in 0..10 {
        bytes.extend_from_slice(&block);
    }
    let len = bytes.len();
    frame::set_size(&mut bytes, len);
    assert_eq!(Target::opening().refuses(&bytes), Error::SecurityChecksFailed);
}

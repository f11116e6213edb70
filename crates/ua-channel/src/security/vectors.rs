//! Known answers from another stack (tests/vectors), against the functions of this folder.

use ua_pki::{ApplicationIdentity, Certificate, PrivateKey, SecurityPolicy};

use super::symmetric::Protection;
use super::{
    MAX_SECRET, MessageSecurityMode, asymmetric, decrypt_password, decrypt_secret, encrypt_password,
    encrypt_secret, key_derivation, policy, sign_peer_proof, verify_peer_proof,
};
use crate::wire::chunk::{self, AsymmetricHeader};
use crate::wire::frame::{ChunkKind, FrameKind};
use crate::{Error, Random, SystemRandom};

fn hex(text: &str) -> Vec<u8> {
    match text {
        "-" => Vec::new(),
        text => (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(text.get(at..at + 2).unwrap(), 16).unwrap())
            .collect(),
    }
}

fn rows(file: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    file.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(' ').collect())
}

fn key(bits: &str) -> PrivateKey {
    PrivateKey::from_pkcs8_pem(match bits {
        "2048" => include_str!("../../tests/vectors/key2048.pem"),
        "3072" => include_str!("../../tests/vectors/key3072.pem"),
        _ => include_str!("../../tests/vectors/key4096.pem"),
    })
    .unwrap()
}

fn certificate(bits: &str) -> Certificate {
    Certificate::from_der(match bits {
        "2048" => include_bytes!("../../tests/vectors/cert2048.der").as_slice(),
        "3072" => include_bytes!("../../tests/vectors/cert3072.der").as_slice(),
        _ => include_bytes!("../../tests/vectors/cert4096.der").as_slice(),
    })
    .unwrap()
}

fn policy_named(name: &str) -> SecurityPolicy {
    SecurityPolicy::from_name(name).unwrap()
}

#[test]
fn derived_keys_are_those_of_another_stack() {
    for row in rows(include_str!("../../tests/vectors/p_sha256.txt")) {
        let expected = hex(row[2]);
        assert_eq!(*key_derivation::p_sha256(&hex(row[0]), &hex(row[1]), expected.len()), expected);
    }
}

#[test]
fn sealed_chunks_are_byte_for_byte_those_of_another_stack_and_its_chunks_open() {
    let mut seen = 0;
    for row in rows(include_str!("../../tests/vectors/chunks.txt")) {
        let policy_row = policy::row(policy_named(row[1])).unwrap();
        let mode = match row[2] {
            "Sign" => MessageSecurityMode::Sign,
            _ => MessageSecurityMode::SignAndEncrypt,
        };
        let keys = Protection::derive(policy_row, mode, &hex(row[4]), &hex(row[3])).unwrap();
        let (body, mut foreign) = (hex(row[5]), hex(row[6]));
        if row[0] == "aes" {
            let mut frame = chunk::symmetric(FrameKind::Message(ChunkKind::Final), 7, 3, 9, 11);
            frame.extend_from_slice(&body);
            assert_eq!(keys.seal(frame).unwrap(), foreign, "{} {} {} bytes", row[1], row[2], body.len());
        }
        let opened = keys.open(&mut foreign).unwrap();
        assert_eq!(chunk::sequence_header(opened).unwrap(), (9, 11, body.as_slice()));
        seen += 1;
    }
    assert_eq!(seen, 108);
}

#[test]
fn open_messages_of_another_stack_open_with_every_key_size_on_both_ends() {
    let mut seen = 0;
    for row in rows(include_str!("../../tests/vectors/open.txt")) {
        let policy_row = policy::row(policy_named(row[0])).unwrap();
        let (own, peer) = (key(row[1]), certificate(row[2]));
        let (body, frame) = (hex(row[3]), hex(row[4]));
        let header = AsymmetricHeader::read(&frame).unwrap();
        assert_eq!(header.policy().unwrap(), policy_named(row[0]));
        assert_eq!(header.receiver_thumbprint, certificate(row[1]).thumbprint().as_bytes());
        let opened = asymmetric::open(policy_row, &own, &peer, &frame, header.len).unwrap();
        assert_eq!(chunk::sequence_header(&opened).unwrap(), (51, 1, body.as_slice()));
        seen += 1;
    }
    assert_eq!(seen, 36);
}

#[test]
fn a_changed_byte_anywhere_in_an_open_message_is_the_one_uniform_error() {
    let all: Vec<_> = rows(include_str!("../../tests/vectors/open.txt")).collect();
    let row = all.first().unwrap();
    let policy_row = policy::row(policy_named(row[0])).unwrap();
    let (own, peer) = (key(row[1]), certificate(row[2]));
    let frame = hex(row[4]);
    let header_len = AsymmetricHeader::read(&frame).unwrap().len;
    for at in 0..frame.len() {
        let mut changed = frame.clone();
        changed[at] ^= 0x40;
        let result = asymmetric::open(policy_row, &own, &peer, &changed, header_len);
        assert_eq!(result.unwrap_err(), Error::SecurityChecksFailed, "byte {at}");
    }
}

#[test]
fn open_messages_with_more_blocks_than_any_real_one_are_not_decrypted() {
    let policy_row = policy::row(SecurityPolicy::Basic256Sha256).unwrap();
    let frame = vec![0; 100 + 9 * 256];
    let result = asymmetric::open(policy_row, &key("2048"), &certificate("2048"), &frame, 100);
    assert_eq!(result.unwrap_err(), Error::SecurityChecksFailed);
}

#[test]
fn blocks_that_hold_less_than_they_could_are_refused_like_any_other_fault() {
    let policy_row = policy::row(SecurityPolicy::Basic256Sha256).unwrap();
    let (own, peer) = (key("2048"), certificate("2048"));
    for lens in [[1, 1, 1], [100, 200, 214], [214, 214, 213]] {
        let mut frame = vec![0; 50];
        for len in lens {
            let block = peer.public_key().encrypt_block(policy_row.encryption, &vec![7; len]).unwrap();
            frame.extend(block);
        }
        let result = asymmetric::open(policy_row, &own, &peer, &frame, 50);
        assert_eq!(result.unwrap_err(), Error::SecurityChecksFailed);
    }
}

#[test]
fn sealed_open_messages_open_for_every_pair_of_key_sizes_and_every_padding_length() {
    for policy in [SecurityPolicy::Basic256Sha256, SecurityPolicy::Aes256Sha256RsaPss] {
        let policy_row = policy::row(policy).unwrap();
        for (sender, receiver) in [("2048", "2048"), ("4096", "2048"), ("2048", "3072"), ("3072", "4096")] {
            for len in [0, 1, 2, 200, 214, 215, 300, 446, 447, 470] {
                let mut frame = vec![1; 50];
                frame.extend(vec![2; len]);
                let sealed =
                    asymmetric::seal(policy_row, &key(sender), certificate(receiver).public_key(), frame, 50)
                        .unwrap();
                let size = u32::from_le_bytes(sealed[4..8].try_into().unwrap());
                assert_eq!(usize::try_from(size).unwrap(), sealed.len());
                let opened =
                    asymmetric::open(policy_row, &key(receiver), &certificate(sender), &sealed, 50).unwrap();
                assert_eq!(*opened, vec![2; len], "{policy:?} {sender} to {receiver}, {len} bytes");
            }
        }
    }
}

#[test]
fn passwords_encrypted_by_another_stack_are_read_and_bound_to_the_nonce() {
    for row in rows(include_str!("../../tests/vectors/passwords.txt")) {
        let policy = policy_named(row[0]);
        let own = key(row[1]);
        let algorithm = policy.encryption_scheme().unwrap().uri();
        let (nonce, password, cipher) = (hex(row[2]), hex(row[3]), hex(row[4]));
        let read = decrypt_password(policy, &own, Some(algorithm), &cipher, &nonce).unwrap();
        assert_eq!(*read, password);
        let mut other_nonce = nonce.clone();
        other_nonce[0] ^= 1;
        let mut other_cipher = cipher.clone();
        other_cipher[9] ^= 1;
        for refused in [
            decrypt_password(policy, &own, Some(algorithm), &cipher, &other_nonce),
            decrypt_password(policy, &own, Some(algorithm), &other_cipher, &nonce),
            decrypt_password(policy, &own, Some(algorithm), &[], &nonce),
            decrypt_password(policy, &own, Some(algorithm), &cipher[1..], &nonce),
            decrypt_password(policy, &own, Some("http://www.w3.org/2001/04/xmlenc#rsa-1_5"), &cipher, &nonce),
            decrypt_password(policy, &own, None, &cipher, &nonce),
            decrypt_password(SecurityPolicy::None, &own, Some(algorithm), &cipher, &nonce),
        ] {
            assert_eq!(refused.unwrap_err(), Error::SecretRejected);
        }
    }
}

/// 2026-11-23T05:00:00Z, when the secrets of the vectors were signed.
const SIGNED: i64 = 134_398_836_000_000_000;
const FIVE_MINUTES: i64 = 3_000_000_000;
const THEN: std::ops::RangeInclusive<i64> = SIGNED - FIVE_MINUTES..=SIGNED + FIVE_MINUTES;

fn identity(bits: &str) -> ApplicationIdentity {
    ApplicationIdentity::new(vec![certificate(bits)], key(bits)).unwrap()
}

/// Gives the keys that another stack drew.
struct Drawn(Vec<u8>);

impl Random for Drawn {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), Error> {
        buf.copy_from_slice(&self.0);
        Ok(())
    }
}

#[test]
fn encrypted_secrets_made_elsewhere_are_read_and_ours_are_the_same_bytes_but_for_the_rsa_block() {
    let mut seen = 0;
    for row in rows(include_str!("../../tests/vectors/encrypted_secrets.txt")) {
        let policy = policy_named(row[0]);
        let own = identity(row[1]);
        let (nonce, secret, keys, theirs) = (hex(row[2]), hex(row[3]), hex(row[4]), hex(row[5]));
        let uri = policy.encryption_scheme().unwrap().uri();
        for algorithm in [None, Some(""), Some(uri)] {
            let read = decrypt_secret(policy, &own, algorithm, &theirs, &nonce, &THEN).unwrap();
            assert_eq!(*read, secret);
        }
        let ours =
            encrypt_secret(policy, own.certificate(), &secret, &nonce, SIGNED, &mut Drawn(keys)).unwrap();
        assert_eq!(ours.algorithm_uri, uri);
        // head, policy, thumbprint, time, length of the key data
        let head = 9 + 4 + policy.uri().len() + 24 + 8 + 2;
        let block = head + own.key().key_bytes();
        let end = theirs.len() - 32;
        assert_eq!(ours.bytes[..head], theirs[..head]);
        assert_eq!(ours.bytes[block..end], theirs[block..end]);
        assert_eq!(*decrypt_secret(policy, &own, None, &ours.bytes, &nonce, &THEN).unwrap(), secret);
        seen += 1;
    }
    assert_eq!(seen, 45);
}

#[test]
fn whatever_is_wrong_with_an_encrypted_secret_it_is_refused_in_the_one_way() {
    let all: Vec<_> = rows(include_str!("../../tests/vectors/encrypted_secrets.txt")).collect();
    let row = all.get(3).unwrap();
    let policy = policy_named(row[0]);
    let own = identity(row[1]);
    let (nonce, secret) = (hex(row[2]), hex(row[5]));
    let open = |bytes: &[u8]| decrypt_secret(policy, &own, None, bytes, &nonce, &THEN);
    open(&secret).unwrap();
    for at in 0..secret.len() {
        let mut changed = secret.clone();
        changed[at] ^= 0x40;
        assert_eq!(open(&changed).unwrap_err(), Error::SecretRejected, "byte {at}");
        assert_eq!(open(&secret[..at]).unwrap_err(), Error::SecretRejected, "cut at {at}");
    }
    let longer = [secret.as_slice(), &[0]].concat();
    let rsa15 = Some("http://www.w3.org/2001/04/xmlenc#rsa-1_5");
    let late = SIGNED + 1..=SIGNED + FIVE_MINUTES;
    let early = SIGNED - FIVE_MINUTES..=SIGNED - 1;
    let other = SecurityPolicy::Aes256Sha256RsaPss;
    for refused in [
        open(&longer),
        decrypt_secret(policy, &own, rsa15, &secret, &nonce, &THEN),
        decrypt_secret(policy, &own, None, &secret, &nonce[1..], &THEN),
        decrypt_secret(policy, &own, None, &secret, &[0; 32], &THEN),
        decrypt_secret(policy, &own, None, &secret, &nonce, &late),
        decrypt_secret(policy, &own, None, &secret, &nonce, &early),
        decrypt_secret(other, &own, None, &secret, &nonce, &THEN),
        decrypt_secret(SecurityPolicy::None, &own, None, &secret, &nonce, &THEN),
        decrypt_secret(policy, &identity("3072"), None, &secret, &nonce, &THEN),
    ] {
        assert_eq!(refused.unwrap_err(), Error::SecretRejected);
    }
}

#[test]
fn a_secret_with_keys_of_its_own_that_do_not_fit_or_padding_that_lies_is_refused() {
    let policy = SecurityPolicy::Aes256Sha256RsaPss;
    let row = policy::row(policy).unwrap();
    let (own, nonce) = (identity("2048"), [7; 32]);
    // everything as it should be, except for the lengths of the keys and what is in the payload
    let made = |key_lens: [usize; 3], payload: &[u8]| {
        let mut packed = Vec::new();
        for len in key_lens {
            packed.extend(u32::try_from(len).unwrap().to_le_bytes());
            packed.extend(vec![5; len]);
        }
        let key_data = asymmetric::encrypt(row.encryption, own.certificate().public_key(), &packed).unwrap();
        let mut payload = payload.to_vec();
        super::symmetric::CipherKey::new(row.cipher, &[5; 32], &[5; 16])
            .unwrap()
            .encrypt(&mut payload)
            .unwrap();
        let mut body = Vec::new();
        for text in [policy.uri().as_bytes(), own.certificate().thumbprint().as_bytes()] {
            body.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
            body.extend(text);
        }
        body.extend(SIGNED.to_le_bytes());
        body.extend(u16::try_from(key_data.len()).unwrap().to_le_bytes());
        body.extend([key_data, payload].concat());
        let mut bytes = vec![1, 0, 0x89, 0x44, 1];
        bytes.extend(u32::try_from(body.len() + 32).unwrap().to_le_bytes());
        bytes.extend(body);
        let mac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[5; 32]);
        let signature = aws_lc_rs::hmac::sign(&mac, &bytes);
        [bytes.as_slice(), signature.as_ref()].concat()
    };
    let payload = |nonce_len: u32, secret_len: u32, padding: &[u8], size: u16| {
        let nonce_len = nonce_len.to_le_bytes();
        [&nonce_len[..], &nonce, &secret_len.to_le_bytes(), b"secret", padding, &size.to_le_bytes()].concat()
    };
    let open = |bytes: Vec<u8>| decrypt_secret(policy, &own, None, &bytes, &nonce, &THEN);
    let lens = [32, 32, 16];
    let good = payload(32, 6, &[16; 16], 16);
    assert_eq!(*open(made(lens, &good)).unwrap(), b"secret");
    for wrong in [[31, 32, 16], [32, 31, 17], [32, 32, 15], [0, 0, 0], [33, 32, 16], [32, 32, 32]] {
        assert_eq!(open(made(wrong, &good)).unwrap_err(), Error::SecretRejected, "{wrong:?}");
    }
    for wrong in [
        payload(33, 6, &[16; 16], 16),
        payload(u32::MAX, 6, &[16; 16], 16),
        payload(32, 7, &[16; 16], 16),
        payload(32, 1000, &[16; 16], 16),
        payload(32, u32::MAX - 1, &[16; 16], 16),
        payload(32, 6, &[16; 16], 15),
        payload(32, 6, &[16; 16], 0x0110),
        payload(32, 6, &[0; 16], 16),
        vec![0; 16],
    ] {
        assert_eq!(open(made(lens, &wrong)).unwrap_err(), Error::SecretRejected);
    }
}

#[test]
fn both_forms_of_a_secret_are_told_apart_by_themselves_and_have_their_limits() {
    let (policy, own, nonce) = (SecurityPolicy::Basic256Sha256, identity("2048"), [7; 32]);
    let scheme = policy.encryption_scheme().unwrap();
    let public = own.certificate().public_key();
    let legacy = encrypt_password(policy, public, b"short", &nonce).unwrap();
    let read = decrypt_secret(policy, &own, Some(scheme.uri()), &legacy.bytes, &nonce, &THEN);
    assert_eq!(*read.unwrap(), b"short");
    let encrypt = |len, random: &mut dyn Random| {
        encrypt_secret(policy, own.certificate(), &vec![b'x'; len], &nonce, SIGNED, random)
    };
    let longest = encrypt(MAX_SECRET, &mut SystemRandom).unwrap();
    let read = decrypt_secret(policy, &own, None, &longest.bytes, &nonce, &THEN).unwrap();
    assert_eq!(read.len(), MAX_SECRET);
    let refused = encrypt(MAX_SECRET + 1, &mut SystemRandom).unwrap_err();
    assert_eq!(refused, Error::PasswordTooLong { len: MAX_SECRET + 1, max: MAX_SECRET });
    let none = encrypt_secret(SecurityPolicy::None, own.certificate(), b"x", &nonce, 0, &mut SystemRandom);
    assert_eq!(none.unwrap_err(), Error::CryptoFailed, "nothing is ever sent in clear by this function");
    let twice = [encrypt(9, &mut SystemRandom).unwrap(), encrypt(9, &mut SystemRandom).unwrap()];
    assert_ne!(twice[0], twice[1]);
}

#[test]
fn the_length_field_of_a_password_cannot_lie() {
    let policy = SecurityPolicy::Aes256Sha256RsaPss;
    let scheme = policy.encryption_scheme().unwrap();
    let (own, nonce) = (key("2048"), [7; 32]);
    for len in [0, 31, 32 + 65, 1000, u32::MAX] {
        let mut plain = len.to_le_bytes().to_vec();
        plain.extend([b'x'; 65]);
        plain.extend(nonce);
        let cipher = asymmetric::encrypt(scheme, certificate("2048").public_key(), &plain).unwrap();
        let refused = decrypt_password(policy, &own, Some(scheme.uri()), &cipher, &nonce);
        assert_eq!(refused.unwrap_err(), Error::SecretRejected, "length {len}");
    }
}

#[test]
fn what_a_stack_pads_behind_a_password_does_not_matter() {
    let policy = SecurityPolicy::Basic256Sha256;
    let scheme = policy.encryption_scheme().unwrap();
    let nonce = [7; 32];
    for padding in [vec![], vec![0; 150], vec![0xAA; 150]] {
        let plain = [38u32.to_le_bytes().as_slice(), b"secret", &nonce, &padding].concat();
        let cipher = asymmetric::encrypt(scheme, certificate("2048").public_key(), &plain).unwrap();
        let read = decrypt_password(policy, &key("2048"), Some(scheme.uri()), &cipher, &nonce).unwrap();
        assert_eq!(*read, b"secret");
    }
}

#[test]
fn own_passwords_come_back_and_long_ones_are_refused() {
    for policy in [
        SecurityPolicy::Basic256Sha256,
        SecurityPolicy::Aes128Sha256RsaOaep,
        SecurityPolicy::Aes256Sha256RsaPss,
    ] {
        let server = certificate("3072");
        for password in [b"".as_slice(), b"secret", &[0; 64]] {
            let sent = encrypt_password(policy, server.public_key(), password, &[9; 32]).unwrap();
            let read =
                decrypt_password(policy, &key("3072"), Some(sent.algorithm_uri), &sent.bytes, &[9; 32]);
            assert_eq!(*read.unwrap(), password);
        }
        let long = encrypt_password(policy, server.public_key(), &[0; 65], &[9; 32]);
        assert_eq!(long.unwrap_err(), Error::PasswordTooLong { len: 65, max: 64 });
    }
    let clear = encrypt_password(SecurityPolicy::None, certificate("2048").public_key(), b"secret", &[9; 32]);
    assert_eq!(clear.unwrap_err(), Error::CryptoFailed);
}

#[test]
fn proofs_of_another_stack_verify_and_nothing_else_does() {
    for row in rows(include_str!("../../tests/vectors/proofs.txt")) {
        let policy = policy_named(row[0]);
        let signer = certificate(row[1]);
        let (own, nonce, signature) = (hex(row[2]), hex(row[3]), hex(row[4]));
        let algorithm = policy.signature_scheme().unwrap().uri();
        let verify = |algorithm, own: &[u8], nonce: &[u8], signature: &[u8]| {
            verify_peer_proof(policy, signer.public_key(), own, nonce, algorithm, signature)
        };
        verify(Some(algorithm), &own, &nonce, &signature).unwrap();
        for refused in [
            verify(None, &own, &nonce, &signature),
            verify(Some("http://www.w3.org/2000/09/xmldsig#rsa-sha1"), &own, &nonce, &signature),
            verify(Some(algorithm), &own[1..], &nonce, &signature),
            verify(Some(algorithm), &own, &nonce[1..], &signature),
            verify(Some(algorithm), &own, &nonce, &signature[1..]),
            verify(Some(algorithm), &own, &nonce, &[]),
        ] {
            assert_eq!(refused.unwrap_err(), Error::SignatureInvalid);
        }
        let ours = sign_peer_proof(policy, &key(row[1]), &own, &nonce).unwrap();
        verify(Some(ours.algorithm), &own, &nonce, &ours.signature).unwrap();
        if policy != SecurityPolicy::Aes256Sha256RsaPss {
            assert_eq!(ours.signature, signature, "PKCS#1 v1.5 signatures are the same in every stack");
        }
    }
}

//! Known answers from another stack (tests/vectors), against the functions of this folder.

use ua_pki::{Certificate, PrivateKey, SecurityPolicy};

use super::symmetric::Protection;
use super::{
    MessageSecurityMode, asymmetric, decrypt_password, encrypt_password, key_derivation, policy,
    sign_peer_proof, verify_peer_proof,
};
use crate::Error;
use crate::wire::chunk::{self, AsymmetricHeader};
use crate::wire::frame::{ChunkKind, FrameKind};

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

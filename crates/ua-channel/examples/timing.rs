//! Does the time that a refusal takes tell why? `cargo xtask bench timing` runs this in a release build.
//!
//! In the manner of dudect: two classes of wrong input, in random order, and Welch's t over the times of each. A class
//! differs from its partner only in what must stay secret: whether the RSA padding was right. |t| above 4.5 is a
//! finding, if it comes again on a quiet machine: what else runs there is measured too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    missing_docs,
    unused_crate_dependencies,
    reason = "a measurement that cannot be made ends"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use common::{Pair, Setup, client_identity, server_identity};
use ua_channel::{
    MessageSecurityMode, Random, SystemRandom, decrypt_secret, encrypt_password, encrypt_secret,
};
use ua_pki::SecurityPolicy;

const POLICY: SecurityPolicy = SecurityPolicy::Aes256Sha256RsaPss;
/// Wrong inputs made of each class: so many that none is learned by heart.
const INPUTS: usize = 64;
const ROUNDS: usize = 20_000;
/// Beyond this a difference is no accident (dudect).
const LIMIT: f64 = 4.5;

fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    println!("{rounds} refusals of each class, |t| above {LIMIT} is a finding");
    let measured = [
        ("OPN: RSA padding wrong, or right and the signature wrong", open_messages(rounds)),
        ("OPN: padding of the first block wrong, or of the last", open_blocks(rounds)),
        ("password: RSA padding wrong, or right and the nonce wrong", passwords(rounds)),
        ("encrypted secret: RSA padding wrong, or right and the signature wrong", secrets(rounds)),
    ];
    let mut worst: f64 = 0.0;
    for (what, t) in measured {
        println!("|t| = {:6.2}  {what}", t.abs());
        worst = worst.max(t.abs());
    }
    if worst > LIMIT { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Times `refuse` for both classes in random order; Welch's t over what is left without the slowest tenth.
fn compare<T>(
    rounds: usize,
    classes: [Vec<Vec<u8>>; 2],
    mut prepare: impl FnMut() -> T,
    mut refuse: impl FnMut(&mut T, &[u8]),
) -> f64 {
    let mut times = [Vec::with_capacity(rounds), Vec::with_capacity(rounds)];
    while times.iter().any(|times| times.len() < rounds) {
        let mut coin = [0; 2];
        SystemRandom.fill(&mut coin).unwrap();
        let class = usize::from(coin[0] & 1);
        let input = &classes[class][usize::from(coin[1]) % classes[class].len()];
        let mut state = prepare();
        let begun = Instant::now();
        refuse(&mut state, black_box(input));
        times[class].push(begun.elapsed().as_nanos() as f64);
    }
    let mut all: Vec<f64> = times.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let slow = all[all.len() * 9 / 10];
    let [a, b] = times.map(|times| moments(times.into_iter().filter(|time| *time < slow)));
    (a.mean - b.mean) / (a.variance / a.count + b.variance / b.count).sqrt()
}

struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

fn moments(times: impl Iterator<Item = f64>) -> Moments {
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for time in times {
        count += 1.0;
        let off = time - mean;
        mean += off / count;
        squares += off * (time - mean);
    }
    Moments { count, mean, variance: squares / (count - 1.0) }
}

fn random(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    SystemRandom.fill(&mut bytes).unwrap();
    bytes
}

fn many(make: impl FnMut(usize) -> Vec<u8>) -> Vec<Vec<u8>> {
    (0..INPUTS).map(make).collect()
}

/// A block that does not decrypt: below the modulus, else it would be refused without any work.
fn broken_block() -> Vec<u8> {
    let mut block = random(server_identity().key().key_bytes());
    block[0] = 0;
    block
}

fn good_block(len: usize) -> Vec<u8> {
    let scheme = POLICY.encryption_scheme().unwrap();
    server_identity().certificate().public_key().encrypt_block(scheme, &random(len)).unwrap()
}

/// Bytes of a block that is full, as those of an OPN are.
fn full() -> usize {
    POLICY.encryption_scheme().unwrap().plain_block(server_identity().key().key_bytes())
}

fn open_messages(rounds: usize) -> f64 {
    open_with(rounds, [many(|_| [broken_block(), broken_block()].concat()), many(|_| good_blocks())])
}

fn open_blocks(rounds: usize) -> f64 {
    let first = many(|_| [broken_block(), good_block(full())].concat());
    let last = many(|_| [good_block(full()), broken_block()].concat());
    open_with(rounds, [first, last])
}

fn good_blocks() -> Vec<u8> {
    [good_block(full()), good_block(full())].concat()
}

/// OPN messages of an honest client with other blocks in them, to a server that has just said ACK.
fn open_with(rounds: usize, blocks: [Vec<Vec<u8>>; 2]) -> f64 {
    let setup = || Setup::new(POLICY, MessageSecurityMode::SignAndEncrypt).pair();
    let greet = |pair: &mut Pair| {
        let hello = pair.client.poll_transmit().unwrap();
        pair.server.handle_bytes(pair.now, &hello);
        let acknowledge = pair.server.poll_transmit().unwrap();
        pair.client.handle_bytes(pair.now, &acknowledge);
        pair.client.poll_transmit().unwrap()
    };
    let header = header_of(&greet(&mut setup()));
    let classes = blocks.map(|blocks| {
        let message = |blocks: Vec<u8>| {
            let mut message = [header.as_slice(), &blocks].concat();
            let size = u32::try_from(message.len()).unwrap();
            message[4..8].copy_from_slice(&size.to_le_bytes());
            message
        };
        blocks.into_iter().map(message).collect()
    });
    let ready = || {
        let mut pair = setup();
        greet(&mut pair);
        pair
    };
    compare(rounds, classes, ready, |pair, message| pair.server.handle_bytes(pair.now, message))
}

/// The clear part: frame header, channel, and three byte strings.
fn header_of(open: &[u8]) -> Vec<u8> {
    let mut at = 12;
    for _ in 0..3 {
        let len = u32::from_le_bytes(open[at..at + 4].try_into().unwrap());
        at += 4 + usize::try_from(len).unwrap();
    }
    assert!(
        open[..at].windows(20).any(|part| part == server_identity().certificate().thumbprint().as_bytes())
    );
    assert_eq!(client_identity().chain().len(), 1);
    open[..at].to_vec()
}

const NONCE: [u8; 32] = [7; 32];

fn passwords(rounds: usize) -> f64 {
    let server = server_identity();
    let key = server.certificate().public_key();
    let right = many(|_| encrypt_password(POLICY, key, b"password", &[8; 32]).unwrap().bytes);
    refused_secrets(rounds, [many(|_| broken_block()), right])
}

fn secrets(rounds: usize) -> f64 {
    let server = server_identity();
    let made = |_| {
        let certificate = server.certificate();
        encrypt_secret(POLICY, certificate, &[b'x'; 100], &NONCE, 0, &mut SystemRandom).unwrap().bytes
    };
    // type, encoding, length, policy, thumbprint, signing time, length of the key data
    let head = 9 + 4 + POLICY.uri().len() + 24 + 8 + 2;
    let spoilt = |n: usize, block: Vec<u8>| {
        let mut secret: Vec<u8> = made(n);
        secret[head..head + block.len()].copy_from_slice(&block);
        secret
    };
    let scheme = POLICY.encryption_scheme().unwrap();
    // keys of the right lengths that are not those it was signed with
    let other = || {
        let mut keys = Vec::new();
        for len in [32_u32, 32, 16] {
            keys.extend(len.to_le_bytes());
            keys.extend(random(usize::try_from(len).unwrap()));
        }
        server.certificate().public_key().encrypt_block(scheme, &keys).unwrap()
    };
    refused_secrets(rounds, [many(|n| spoilt(n, broken_block())), many(|n| spoilt(n, other()))])
}

fn refused_secrets(rounds: usize, classes: [Vec<Vec<u8>>; 2]) -> f64 {
    let server = server_identity();
    let algorithm = POLICY.encryption_scheme().map(|scheme| scheme.uri());
    for class in &classes {
        let refused = decrypt_secret(POLICY, &server, algorithm, &class[0], &NONCE, &(0..=0));
        assert!(refused.is_err());
    }
    compare(
        rounds,
        classes,
        || (),
        |(), secret| {
            black_box(decrypt_secret(POLICY, &server, algorithm, secret, &NONCE, &(0..=0)).is_err());
        },
    )
}

//! Comparing a password with its hash, in memory that is used again.

use std::sync::{Mutex, PoisonError};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, PasswordHash},
};

/// A hash fills 19 MB. Given back each time, such blocks stay with the process all the same, scattered over the heaps of its threads:
/// a hundred logins held 200 MB. So as many are kept as there are logins at a time.
static SPARE: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());
/// As many as the server lets log in at a time.
const KEPT: usize = 2;

/// Whether it is the password that was hashed, with the algorithm and at the cost that the hash names.
pub(super) fn matches(password: &[u8], hash: &PasswordHash) -> bool {
    let spare = || SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut memory = spare().pop().unwrap_or_default();
    let computed = compute(password, hash, &mut memory);
    let mut kept = spare();
    if kept.len() < KEPT {
        kept.push(memory);
    }
    drop(kept);
    // `Output` is compared in constant time
    computed.is_some() && computed == hash.hash
}

fn compute(password: &[u8], hash: &PasswordHash, memory: &mut Vec<Block>) -> Option<Output> {
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map(Version::try_from).transpose().ok()?.unwrap_or_default();
    let params = Params::try_from(hash).ok()?;
    memory.resize(params.block_count(), Block::default());
    let mut output = vec![0; params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
    let argon2 = Argon2::new(algorithm, version, params);
    argon2.hash_password_into_with_memory(password, hash.salt.as_ref()?, &mut output, memory).ok()?;
    Output::new(&output).ok()
}

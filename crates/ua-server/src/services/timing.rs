//! Does the time that a refused login takes tell why? A statistical test in the manner of dudect: two kinds of wrong logins in random
//! order, and Welch's t over the times of each. (That of refused channels and secrets is `cargo xtask bench timing`.)

use opcua_types::{ExtensionObject, StatusCode, UserNameIdentityToken};
use ua_channel::{Random, SystemRandom};

use super::{
    logins::{activate, request, user_token},
    test_target::{FIRST_NONCE, Target},
};

const ROUNDS: usize = 30;
/// Beyond this a difference is no accident (dudect).
const LIMIT: f64 = 4.5;

fn token(name: &str) -> UserNameIdentityToken {
    user_token(name, "falsch", &FIRST_NONCE)
}

/// A secret of the right length that does not decrypt.
fn garbled(name: &str) -> UserNameIdentityToken {
    let mut garbled = token(name);
    let mut bytes = vec![0; garbled.password.as_ref().len()];
    SystemRandom.fill(&mut bytes).unwrap();
    // below the modulus, else it would be refused without any work
    bytes[0] = 0;
    garbled.password = bytes.into();
    garbled
}

/// Welch's t over the times that two refusals take, without the slowest tenth.
fn compare(kinds: [UserNameIdentityToken; 2]) -> f64 {
    // nobody is made to wait: it is the refusal itself that is looked at
    let target = Target::configured(|config| config.limits.free_failed_logins = u32::MAX - 1);
    let requests = kinds.map(|token| request(ExtensionObject::from_message(token), &FIRST_NONCE));
    let mut times = [Vec::new(), Vec::new()];
    while times.iter().any(|times| times.len() < ROUNDS) {
        let mut coin = [0];
        SystemRandom.fill(&mut coin).unwrap();
        let kind = usize::from(coin[0] & 1);
        let begun = target.core.clock.instant();
        let refused = activate(&target, &requests[kind]);
        times[kind].push((target.core.clock.instant() - begun).as_secs_f64());
        assert_eq!(refused, Err(StatusCode::BadUserAccessDenied));
    }
    let mut all: Vec<f64> = times.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let slow = all[all.len() * 9 / 10];
    let [a, b] =
        times.map(|times| moments(&times.into_iter().filter(|time| *time < slow).collect::<Vec<_>>()));
    (a.0 - b.0) / (a.1 + b.1).sqrt()
}

/// The mean, and the variance of the mean.
fn moments(times: &[f64]) -> (f64, f64) {
    let count = f64::from(u32::try_from(times.len()).unwrap());
    let mean = times.iter().sum::<f64>() / count;
    let squares: f64 = times.iter().map(|time| (time - mean).powi(2)).sum();
    (mean, squares / (count - 1.0) / count)
}

#[test]
fn the_time_of_a_refused_login_tells_neither_whether_the_user_exists_nor_whether_the_secret_was_one() {
    // a name longer than any user's is refused without a hash, which is no secret: the measure must see that
    let seen = compare([token("reader"), token(&"n".repeat(300))]);
    assert!(seen.abs() > LIMIT, "the measure sees nothing: {seen}");
    for (what, kinds) in [
        ("a user that does not exist", [token("reader"), token("nobody")]),
        ("a secret that does not decrypt", [token("reader"), garbled("reader")]),
        ("both", [token("reader"), garbled("nobody")]),
    ] {
        // an accident does not come twice; a leak does
        let t = compare(kinds.clone());
        let again = if t.abs() > LIMIT { compare(kinds) } else { t };
        assert!(again.abs() < LIMIT, "{what}: t = {t}, then {again}");
    }
}

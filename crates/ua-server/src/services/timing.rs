//! Does the time that a refused login takes tell why? A statistical test in the manner of dudect: two kinds of wrong logins in random
//! order, and whether the times of one are longer than those of the other, by their ranks (Mann and Whitney): a machine that is busy with something
//! else makes some of them very long, and a rank does not mind. (That of refused channels and secrets is `cargo xtask bench timing`.)

use opcua_types::{ExtensionObject, StatusCode, UserNameIdentityToken};
use ua_channel::{Random, SystemRandom};

use super::{
    logins::{activate, request, user_token},
    test_target::{FIRST_NONCE, Target},
};

const ROUNDS: usize = 30;
/// Beyond this a difference is no accident (dudect); 30 times that are all longer than 30 others are 6.6.
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

/// How far the times of two refusals are apart, by their ranks, in standard deviations.
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
    let [first, second] = times;
    let longer =
        first.iter().map(|time| second.iter().filter(|other| *time > **other).count()).sum::<usize>();
    let number = |count: usize| f64::from(u32::try_from(count).unwrap());
    let (pairs, all) = (number(first.len() * second.len()), number(first.len() + second.len()));
    (number(longer) - pairs / 2.0) / (pairs * (all + 1.0) / 12.0).sqrt()
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
        assert!(again.abs() < LIMIT, "{what}: {t} deviations, then {again}");
    }
}

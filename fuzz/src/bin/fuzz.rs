//! libFuzzer around one target, which `FUZZ_TARGET` names. `cargo xtask fuzz` builds it with coverage and runs it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<fuzz::Target> = LazyLock::new(wanted);

fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));

#[expect(
    clippy::panic,
    reason = "a fuzzer that does not know what to do must not look as if it found nothing"
)]
fn wanted() -> fuzz::Target {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    match fuzz::target(&name) {
        Some(target) => target,
        None => panic!("FUZZ_TARGET=`{name}` names no target: run `cargo xtask fuzz --help`"),
    }
}

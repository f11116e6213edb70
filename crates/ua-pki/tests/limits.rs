//! What is large: bounded time and memory, and a clear answer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    missing_docs,
    reason = "tests fail by panicking"
)]
#![expect(dead_code, reason = "this test needs a part of the factory only")]

mod factory;

use std::time::{Duration, Instant};

use factory::raw;
use ua_pki::{Crl, Error};

/// Runs work that must stay bounded whatever the input; the limit leaves room for a slow machine.
#[expect(clippy::disallowed_methods, reason = "measures, decides nothing by the time")]
fn within<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    assert!(started.elapsed() < limit, "took {:?}", started.elapsed());
    result
}

#[test]
fn a_list_with_a_million_entries_is_read_and_one_of_49_megabytes_is_not() {
    let root = factory::root();
    let mut list = raw::RawList::of(&root);
    list.entries = (0..1_000_000u32).map(|number| (number.to_be_bytes().to_vec(), Vec::new())).collect();
    let der = list.signed(root.key);
    assert!(der.len() > 20_000_000, "CV-107: {} bytes", der.len());
    let read = within(Duration::from_secs(60), || Crl::from_der(&der).unwrap());
    assert_eq!(read.len(), 1_000_000);
    let refused = within(Duration::from_secs(1), || Crl::from_der(&vec![0x30; 49 * 1024 * 1024]));
    assert!(matches!(refused, Err(Error::LimitExceeded { .. })));
}

//! The OMF sink against a server that keeps what it is sent: what arrives is what the journal held, value by value, through
//! every way in which such a server fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "tests fail by panicking; the double can do more than one test needs"
)]

#[path = "omf_desk/mod.rs"]
mod desk;
#[path = "omf_double/mod.rs"]
mod double;

use desk::Desk;
use double::{Double, Fault, Rules};
use tagstore::OwnedValue;

#[tokio::test]
async fn every_value_arrives_with_its_time_and_status() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "");
    desk.fill("line1.Level", "Double", (0..500).map(|n| OwnedValue::Double(f64::from(n) / 8.0)));
    desk.fill("line1.Count", "UInt32", (0..500).map(OwnedValue::UInt));
    let running = desk.start().await;
    desk.until_empty().await;
    running.stop().await.unwrap();
    assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
    assert_eq!(server.points("line1.Count"), desk.expected("line1.Count"));
    assert!(server.state().requests.iter().all(|request| request.gzip), "compressed");
}

#[tokio::test]
async fn values_are_whole_through_a_server_that_is_busy_and_one_that_forgets_to_answer() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "");
    desk.fill("line1.Level", "Double", (0..3000).map(|n| OwnedValue::Double(f64::from(n))));
    server.script([Fault::status(503), Fault::ResetAfter, Fault::status(500)]);
    let running = desk.start().await;
    desk.until_empty().await;
    running.stop().await.unwrap();
    assert_eq!(server.faults_left(), 0);
    assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
}

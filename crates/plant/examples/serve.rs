//! Serves a plant until it is interrupted: `serve PKI_DIR PORT COUNTERS PERIOD_MS PASSWORD [STREAMS]`.
#![allow(clippy::unwrap_used, reason = "an example for the bench; it fails by panicking")]

use std::time::Duration;

use plant::{Plant, PlantConfig, Practice};
use ua_pki::SecurityPolicy;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().unwrap();
    let config = PlantConfig {
        pki_dir: next().into(),
        listen: format!("127.0.0.1:{}", next()).parse().unwrap(),
        counters: next().parse().unwrap(),
        counter_period: Duration::from_millis(next().parse().unwrap()),
        users: vec![("reader".to_owned(), next())],
        policies: vec![
            SecurityPolicy::Basic256Sha256,
            SecurityPolicy::Aes128Sha256RsaOaep,
            SecurityPolicy::Aes256Sha256RsaPss,
        ],
        hosts: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
    };
    let streams = arguments.next().map_or(0, |streams| streams.parse().unwrap());
    let practice = Practice { streams, ..Practice::default() };
    let plant = Plant::start_to_practise(config, practice).await.unwrap();
    println!("{}", plant.endpoint_url());
    tokio::signal::ctrl_c().await.unwrap();
    plant.stop().await;
}

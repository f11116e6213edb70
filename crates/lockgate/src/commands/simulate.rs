//! `lockgate simulate`: the simulated plant alone, an OPC UA server to practise on.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use plant::{Plant, PlantConfig, Practice, Specimens};
use serde::Serialize;
use ua_pki::{SecurityPolicy, Store};

use super::stop::Stops;
use super::{runtime, store};
use crate::advice::{Advice, Outcome, bug, chain};
use crate::cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::log;
use crate::output::escape::shell;
use crate::output::{safe, say};

/// The user of a plant to practise on; not a secret, and worth nothing elsewhere.
pub(super) const USER: &str = "operator";
pub(super) const PASSWORD: &str = "practise";
const COUNTER_PERIOD: Duration = Duration::from_millis(500);
/// The server looks at a value no more often than every 10 ms.
const FASTEST: u32 = 100;

/// What the plant has besides its named signals.
pub(super) struct Size {
    /// How many counters.
    pub(super) counters: u32,
    /// How often all of them together step in a second; absent: each twice.
    pub(super) rate: Option<u32>,
    /// Variables of rare kinds.
    pub(super) specimens: Specimens,
}

impl Size {
    fn period(&self) -> Outcome<Duration> {
        let Some(rate) = self.rate else { return Ok(COUNTER_PERIOD) };
        let least = rate.div_ceil(FASTEST);
        if self.counters < least {
            let counters = self.counters;
            let message = format!("{counters} counters cannot step {rate} times a second");
            let advice = Advice::new("simulate.rate", Exit::Usage, message);
            return Err(Box::new(
                advice.then(format!("take at least {least} of them, with --counters {least}")),
            ));
        }
        Ok(Duration::from_secs_f64(f64::from(self.counters) / f64::from(rate)))
    }
}

pub(super) fn run(context: &Context, args: &cli::Simulate) -> Outcome {
    log::start(None, "info");
    runtime::block_on(serve(context, args))?
}

#[derive(Serialize)]
struct Serving {
    url: String,
    user: &'static str,
    password: &'static str,
    pki: String,
    thumbprint: String,
}

async fn serve(context: &Context, args: &cli::Simulate) -> Outcome {
    let mut stops = Stops::listen(args.duration).map_err(|e| bug("signals cannot be received", &e))?;
    let pki = args.dir.join("pki");
    let specimens = if args.specimens { Specimens::All } else { Specimens::None };
    let size = Size { counters: args.counters, rate: args.rate, specimens };
    let plant = start(&pki, args.port, &size).await?;
    let serving = Serving {
        url: plant.endpoint_url().to_owned(),
        user: USER,
        password: PASSWORD,
        pki: pki.display().to_string(),
        thumbprint: thumbprint(&pki)?,
    };
    context.answer("simulate", &serving, || serving.text())?;
    say("a client that connects is refused until it is trusted; then:");
    say(&format!("  lockgate trust list --pki {}", shell(&serving.pki)));
    say(&format!("  lockgate trust accept THUMBPRINT --pki {}", shell(&serving.pki)));
    let why = stops.next().await;
    plant.stop().await;
    Ok(why.exit())
}

impl Serving {
    fn text(&self) -> String {
        let lines = [
            ("plant", self.url.as_str()),
            ("thumbprint", &self.thumbprint),
            ("login", &format!("user {}, password {}", self.user, self.password)),
            ("pki", &self.pki),
        ];
        lines.iter().map(|(label, value)| format!("{label:<12} {}\n", safe(value))).collect()
    }
}

/// Starts a plant on the loopback interface with every policy we know.
pub(super) async fn start(pki: &Path, port: u16, size: &Size) -> Outcome<Plant> {
    let counter_period = size.period()?;
    std::fs::create_dir_all(pki).map_err(|e| crate::advice::disk("make the plant's folder", pki, &e))?;
    let config = PlantConfig {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        pki_dir: pki.to_path_buf(),
        counters: usize::try_from(size.counters).unwrap_or(usize::MAX),
        counter_period,
        users: vec![(USER.to_owned(), PASSWORD.to_owned())],
        policies: vec![
            SecurityPolicy::Basic256Sha256,
            SecurityPolicy::Aes128Sha256RsaOaep,
            SecurityPolicy::Aes256Sha256RsaPss,
        ],
        hosts: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
    };
    let practice = Practice { specimens: size.specimens, ..Practice::default() };
    Plant::start_to_practise(config, practice).await.map_err(|error| {
        Box::new(
            Advice::new(
                "simulate.failed",
                Exit::Config,
                format!("the plant does not start: {}", chain(&error)),
            )
            .fact("port", port.to_string())
            .then("if the port is taken, choose another with --port, or 0 for a free one"),
        )
    })
}

/// The plant's own thumbprint, as an administrator of the plant would read it out.
fn thumbprint(pki: &Path) -> Outcome<String> {
    let own = Store::open(pki).and_then(|store| store.own()).map_err(|e| store::failed(pki, &e))?;
    Ok(own.map(|own| own.certificate().thumbprint().grouped()).unwrap_or_default())
}

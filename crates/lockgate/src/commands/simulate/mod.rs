//! `lockgate simulate`: the simulated plant alone, an OPC UA server to practise on.

mod audit;
mod user;
mod users;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use audit::AuditFile;
use plant::{AuditSink, Control, Plant, PlantConfig, Practice, Specimens};
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
use crate::output::talk::Style;
use crate::output::{safe, say};
use users::UsersFile;

/// The user of a plant to practise on; not a secret, and worth nothing elsewhere.
pub(super) const USER: &str = "operator";
pub(super) const PASSWORD: &str = "practise";
const COUNTER_PERIOD: Duration = Duration::from_millis(500);
/// How soon a change of the users is noticed.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The server looks at a value no more often than every 10 ms.
const FASTEST: u32 = 100;

/// What the plant has besides its named signals.
pub(super) struct Size {
    /// How many counters.
    pub(super) counters: u32,
    /// How many variables of a works.
    pub(super) streams: u32,
    /// How often all of them together step in a second; absent: each twice.
    pub(super) rate: Option<u32>,
    /// Variables of rare kinds.
    pub(super) specimens: Specimens,
    /// Nodes that not everybody may use.
    pub(super) control: Control,
}

impl Size {
    fn period(&self) -> Outcome<Duration> {
        let Some(rate) = self.rate else { return Ok(COUNTER_PERIOD) };
        let least = rate.div_ceil(FASTEST);
        let (counters, streams) = (self.counters, self.streams);
        let all = counters.saturating_add(streams);
        if all < least {
            let (what, option, others) = match streams {
                0 => (format!("{counters} counters cannot step"), "--counters", 0),
                _ => (
                    format!("{counters} counters and {streams} streams cannot change"),
                    "--streams",
                    counters,
                ),
            };
            let message = format!("{what} {rate} times a second");
            let advice = Advice::new("simulate.rate", Exit::Usage, message);
            let enough = least.saturating_sub(others);
            return Err(Box::new(
                advice.then(format!("take at least {enough} of them, with {option} {enough}")),
            ));
        }
        Ok(Duration::from_secs_f64(f64::from(all) / f64::from(rate)))
    }
}

pub(super) fn run(context: &Context, args: &cli::Simulate) -> Outcome {
    if let Some(command) = &args.command {
        return user::run(context, command);
    }
    // what its clients do is told by the audit trail, line by line
    log::start(None, "info,ua_server=error");
    runtime::block_on(serve(context, args))?
}

#[derive(Serialize)]
struct Serving {
    url: String,
    /// Who can practise at once; nobody where the users were changed.
    user: Option<&'static str>,
    password: Option<&'static str>,
    pki: String,
    thumbprint: String,
    users_file: String,
    audit_log: String,
    /// Where certificates of users are trusted, if they may log in so.
    user_pki: Option<String>,
    users: Vec<Login>,
}

/// A user, and as what that one logs in.
#[derive(Serialize)]
struct Login {
    name: String,
    roles: Vec<String>,
}

async fn serve(context: &Context, args: &cli::Simulate) -> Outcome {
    let mut stops = Stops::listen(args.duration).map_err(|e| bug("signals cannot be received", &e))?;
    let pki = args.dir.join("pki");
    let specimens = if args.specimens { Specimens::All } else { Specimens::None };
    let control = if args.control { Control::All } else { Control::None };
    let size = Size { counters: args.counters, streams: args.streams, rate: args.rate, specimens, control };
    let users_file = users::path(&args.dir);
    let user_pki = args.user_certificates.then(|| args.dir.join("users"));
    let known = users::open(&args.dir)?;
    let audit_log = args.dir.join("audit.jsonl");
    let audit: Arc<dyn AuditSink> = Arc::new(AuditFile::open(audit_log.clone())?);
    let people =
        People { accounts: accounts(&known)?, user_pki: user_pki.clone(), anonymous: known.anonymous, audit };
    let has_practice_user =
        people.accounts.0.iter().any(|user| user.name() == USER && user.has_password(PASSWORD));
    let plant = start(&pki, args.port, &size, Some(people)).await?;
    let serving = Serving {
        url: plant.endpoint_url().to_owned(),
        user: has_practice_user.then_some(USER),
        password: has_practice_user.then_some(PASSWORD),
        pki: pki.display().to_string(),
        thumbprint: thumbprint(&pki)?,
        users_file: users_file.display().to_string(),
        audit_log: audit_log.display().to_string(),
        user_pki: user_pki.map(|path| path.display().to_string()),
        users: known.users.iter().map(Login::of).collect(),
    };
    context.answer("simulate", &serving, || serving.text())?;
    say("a client that connects is refused until it is trusted; then:");
    say(&format!("  lockgate trust list --pki {}", shell(&serving.pki)));
    say(&format!("  lockgate trust accept THUMBPRINT --pki {}", shell(&serving.pki)));
    let why = tokio::select! {
        why = stops.next() => why,
        never = follow(context, &plant, &users_file) => match never {},
    };
    plant.stop().await;
    Ok(why.exit())
}

impl Serving {
    fn text(&self) -> String {
        let login = match (self.user, self.password) {
            (Some(user), Some(password)) => format!("user {user}, password {password}"),
            _ => "with a user of yours".to_owned(),
        };
        let lines = [
            ("plant", self.url.as_str()),
            ("thumbprint", &self.thumbprint),
            ("login", &login),
            ("pki", &self.pki),
            ("user pki", self.user_pki.as_deref().unwrap_or("none: users log in by password")),
            ("audit log", &self.audit_log),
            ("users", &self.users_file),
        ];
        let mut text: String =
            lines.iter().map(|(label, value)| format!("{label:<12} {}\n", safe(value))).collect();
        for user in &self.users {
            text.push_str(&format!("  {:<10} {}\n", safe(&user.name), safe(&user.roles.join(", "))));
        }
        text
    }
}

/// Starts a plant on the loopback interface with every policy we know.
pub(super) async fn start(pki: &Path, port: u16, size: &Size, people: Option<People>) -> Outcome<Plant> {
    let counter_period = size.period()?;
    std::fs::create_dir_all(pki).map_err(|e| crate::advice::disk("make the plant's folder", pki, &e))?;
    let config = PlantConfig {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        pki_dir: pki.to_path_buf(),
        counters: usize::try_from(size.counters).unwrap_or(usize::MAX),
        counter_period,
        users: match people {
            Some(_) => Vec::new(),
            None => vec![(USER.to_owned(), PASSWORD.to_owned())],
        },
        policies: vec![
            SecurityPolicy::Basic256Sha256,
            SecurityPolicy::Aes128Sha256RsaOaep,
            SecurityPolicy::Aes256Sha256RsaPss,
        ],
        hosts: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
    };
    let mut practice = Practice {
        streams: usize::try_from(size.streams).unwrap_or(usize::MAX),
        specimens: size.specimens,
        control: size.control,
        ..Practice::default()
    };
    if let Some(people) = people {
        practice.users = Some(people.accounts);
        practice.user_certificates = people.user_pki;
        practice.anonymous = people.anonymous;
        practice.audit = Some(people.audit);
    }
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

/// Who may use the plant.
pub(super) struct People {
    accounts: users::Accounts,
    /// Store of the certificates of users.
    user_pki: Option<PathBuf>,
    anonymous: bool,
    audit: Arc<dyn AuditSink>,
}

fn accounts(file: &UsersFile) -> Outcome<users::Accounts> {
    file.accounts().map_err(|why| Box::new(Advice::new("simulate.users", Exit::Config, why)))
}

impl Login {
    fn of(user: &users::User) -> Self {
        Self { name: user.name.clone(), roles: user.roles.clone() }
    }
}

/// Looks after the users file: what changes in it holds at once, and what cannot be read changes nothing.
async fn follow(context: &Context, plant: &Plant, path: &Path) -> Infallible {
    let mut seen = std::fs::read(path).ok();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = std::fs::read(path).ok();
        if now == seen {
            continue;
        }
        seen = now;
        let taken = users::read(path).and_then(|file| {
            let (accounts, rules) = accounts(&file)?;
            plant
                .set_users(&accounts, &rules)
                .map_err(|error| Box::new(Advice::new("simulate.users", Exit::Config, chain(&error))))?;
            Ok(accounts.len())
        });
        match taken {
            Ok(count) => say(&format!("users changed: {count} may log in by name")),
            Err(advice) => {
                say("the users stay as they were");
                say(&advice.told(context).render(Style::stderr()));
            }
        }
    }
}

/// The plant's own thumbprint, as an administrator of the plant would read it out.
fn thumbprint(pki: &Path) -> Outcome<String> {
    let own = Store::open(pki).and_then(|store| store.own()).map_err(|e| store::failed(pki, &e))?;
    Ok(own.map(|own| own.certificate().thumbprint().grouped()).unwrap_or_default())
}

//! `lockgate login NAME`: keeps user name and password for a source outside the configuration, or where certificate and key
//! of a user are, and tries them.
//! A login that the server refuses does not replace what was configured before.

use connector::config::SourceLogin;

use super::source::{Ours, pin, report};
use super::{config, failure, secret};
use crate::advice::{Advice, Outcome};
use crate::cli;
use crate::context::Context;
use crate::exit::Exit;

pub(super) fn run(context: &Context, args: &cli::Login) -> Outcome {
    let mut config = config::load(context)?;
    let explain = |error| failure::explain(context, None, &error);
    let was = config.source(&args.name).map_err(explain)?.login.clone();
    // the file as it was, to the last comment, and the secret that the new one is written over
    let (before, held) = (config.clone(), secret::held(&config, &args.name, &was));
    let login = match secret::certificate(context, &args.certificate)? {
        Some(login) => login,
        None => {
            let user = match (&args.user, &was) {
                (Some(user), _) => user.clone(),
                (None, SourceLogin::UserName { user, .. }) => user.clone(),
                (None, _) => return Err(no_user(&args.name)),
            };
            let password = secret::From::of(args.password_stdin)?.read(&user)?;
            secret::keep(context, &config, &args.name, &user, &password, &was)?
        }
    };
    config.set_login(&args.name, &login).map_err(explain)?;
    config.save().map_err(explain)?;

    let source = config.source(&args.name).map_err(explain)?.clone();
    let ours = Ours::load(context, &config)?;
    let reached = match ours.try_source(context, &config, &source, None) {
        Err(advice) if advice.exit() == Exit::LoginRefused => {
            match (&login, held) {
                (SourceLogin::UserName { user, .. }, Some(password)) => {
                    drop(secret::keep(context, &config, &args.name, user, &password, &was)?);
                }
                (login, _) => secret::forget(login)?,
            }
            before.save().map_err(explain)?;
            return Err(Box::new(advice.then(match was {
                SourceLogin::Anonymous => "the source logs in as anonymous, as before",
                _ => "the login that was stored before is kept",
            })));
        }
        reached => reached?,
    };
    let changed = pin(context, &mut config, &source, &ours.store, &reached)?;
    report(context, "login", &source, &reached, changed)
}

fn no_user(name: &str) -> Box<Advice> {
    Box::new(
        Advice::new("usage.no_user", Exit::Usage, "this source logs in without a password; whose is it?")
            .then("name the user:")
            .then_run(&["login", name, "--user", "USER"]),
    )
}

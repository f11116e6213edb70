//! `lockgate login NAME`: keeps user name and password for a source outside the configuration, and tries them.
//! A login that the server refuses does not replace one that may have been right.

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
    let source = config.source(&args.name).map_err(explain)?.clone();
    let user = match (&args.user, &source.login) {
        (Some(user), _) => user.clone(),
        (None, SourceLogin::UserName { user, .. }) => user.clone(),
        (None, SourceLogin::Anonymous) => return Err(no_user(context, &args.name)),
    };
    let before = secret::held(&source.login);
    let password = secret::From::of(args.password_stdin)?.read(&user)?;
    let login = secret::keep(context, &config, &args.name, &user, &password)?;
    config.set_login(&args.name, &login).map_err(explain)?;
    config.save().map_err(explain)?;

    let source = config.source(&args.name).map_err(explain)?.clone();
    let ours = Ours::load(context, &config)?;
    let reached = match (ours.try_source(context, &config, &source, None), before) {
        (Err(advice), Some((user, password))) if advice.exit() == Exit::LoginRefused => {
            let login = secret::keep(context, &config, &args.name, &user, &password)?;
            config.set_login(&args.name, &login).map_err(explain)?;
            config.save().map_err(explain)?;
            return Err(Box::new(advice.then("the login that was stored before is kept")));
        }
        (reached, _) => reached?,
    };
    pin(context, &mut config, &args.name, &reached)?;
    report(context, "login", &source, &reached)
}

fn no_user(context: &Context, name: &str) -> Box<Advice> {
    Box::new(
        Advice::new("usage.no_user", Exit::Usage, "this source logs in as anonymous; whose password is it?")
            .then("name the user:")
            .then_run(&context.words(&["login", name, "--user", "USER"])),
    )
}

//! `lockgate user` and `lockgate token`: who may use the web page and the HTTP API.

use connector_web::{AccessError, TokenShown, UserShown, Users};
use serde::Serialize;

use super::{config, secret};
use crate::advice::{Advice, Outcome, disk};
use crate::cli;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, say};

#[derive(Serialize)]
struct UserList {
    users: Vec<UserShown>,
}

#[derive(Serialize)]
struct TokenList {
    tokens: Vec<TokenShown>,
}

#[derive(Serialize)]
struct Changed<'a> {
    done: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct TokenMade<'a> {
    name: &'a str,
    role: connector_web::Role,
    token: &'a str,
}

pub(super) fn user(context: &Context, command: &cli::User) -> Outcome {
    let config = config::load(context)?;
    let users = Users::of(&config);
    match command {
        cli::User::Add(args) => {
            let password = secret::From::of(args.password_stdin)?.read(&args.name)?;
            let added = users.add(&args.name, args.role.into(), &password, clock::now());
            added.map_err(|error| explain(&error, &["user", "list"]))?;
            report(context, "user-change", "added", &args.name)
        }
        cli::User::List => {
            let list = users.list().map_err(|error| explain(&error, &["user", "list"]))?;
            let list = UserList { users: list };
            context.answer("user-list", &list, || table(&list.users))?;
            if !context.json && list.users.is_empty() {
                say(&format!(
                    "no user yet; add one with: {}",
                    context.line(&["user", "add", "NAME", "--role", "admin"])
                ));
            }
            Ok(Exit::Ok)
        }
        cli::User::Password { name, password_stdin } => {
            let password = secret::From::of(*password_stdin)?.read(name)?;
            let set = users.set_password(name, &password);
            set.map_err(|error| explain(&error, &["user", "list"]))?;
            report(context, "user-change", "has another password", name)
        }
        cli::User::Remove { name } => {
            users.remove(name).map_err(|error| explain(&error, &["user", "list"]))?;
            report(context, "user-change", "removed", name)
        }
    }
}

pub(super) fn token(context: &Context, command: &cli::Token) -> Outcome {
    let config = config::load(context)?;
    let users = Users::of(&config);
    match command {
        cli::Token::Add { name, role } => {
            let role = (*role).into();
            let made = users.add_token(name, role, clock::now());
            let made = made.map_err(|error| explain(&error, &["token", "list"]))?;
            let shown = TokenMade { name, role, token: &made.secret };
            context.answer("token-add", &shown, || format!("{}\n", shown.token))?;
            if !context.json {
                say(
                    "it is not kept and cannot be shown again; a program sends it as: Authorization: Bearer TOKEN",
                );
            }
            Ok(Exit::Ok)
        }
        cli::Token::List => {
            let list = users.tokens().map_err(|error| explain(&error, &["token", "list"]))?;
            let list = TokenList { tokens: list };
            context.answer("token-list", &list, || table(&list.tokens))?;
            if !context.json && list.tokens.is_empty() {
                say(&format!("no token yet; make one with: {}", context.line(&["token", "add", "NAME"])));
            }
            Ok(Exit::Ok)
        }
        cli::Token::Remove { name } => {
            users.remove_token(name).map_err(|error| explain(&error, &["token", "list"]))?;
            report(context, "token-change", "removed", name)
        }
    }
}

fn report(context: &Context, schema: &str, done: &'static str, name: &str) -> Outcome {
    context.answer(schema, &Changed { done, name }, || format!("{name} {done}\n"))?;
    Ok(Exit::Ok)
}

fn table(all: &[UserShown]) -> String {
    let mut table = Table::new(&["NAME", "ROLE", "SINCE"]);
    for one in all {
        table.row([one.name.as_str(), one.role.word(), &one.created.to_string()]);
    }
    table.to_string()
}

fn explain(error: &AccessError, list: &[&str]) -> Box<Advice> {
    let text = error.to_string();
    match error {
        AccessError::Io { path, source } => disk("use the file of users", path, source),
        AccessError::Damaged { path } => Box::new(
            Advice::new("user.damaged", Exit::Storage, "the file of users is damaged; nobody can log in")
                .fact("file", path.display().to_string())
                .then("put it back from a backup, or remove it and begin with a new first user"),
        ),
        AccessError::Exists | AccessError::Unknown => {
            Box::new(Advice::new("user.name", Exit::Usage, text).then("see what is there:").then_run(list))
        }
        _ => Box::new(Advice::new("user.refused", Exit::Usage, text)),
    }
}

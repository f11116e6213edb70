//! How a source logs in: where password, key and token are kept, never what they are.

use std::path::Path;

use toml_edit::Item;

use super::model::{SecretRef, SourceLogin};
use super::section::Section;
use crate::next_step::NextStep;

/// Reads `user` and `password`, `user_certificate` and `user_key`, or `token`.
pub(super) fn read_login(section: &mut Section<'_, '_, '_>, source: &str, folder: &Path) -> SourceLogin {
    let certificate = read_certificate(section, folder);
    let token = section.item("token").map(|item| {
        let clear = NextStep::from(own_file("token"));
        (item.span(), read_secret(section, "token", item, folder, clear))
    });
    let password = read_password(section, source, folder);
    let given = [certificate.is_some(), token.is_some(), password != SourceLogin::Anonymous];
    if given.into_iter().filter(|given| *given).count() > 1 {
        let message = "a source logs in with one of `user`, `user_certificate` and `token`".to_owned();
        section.problem(None, message, None);
    }
    match (certificate, token) {
        (Some(login), _) => login,
        (None, Some((_, Some(token)))) => SourceLogin::IssuedToken { token },
        // a problem with the token is noted already
        (None, _) => password,
    }
}

fn read_certificate(section: &mut Section<'_, '_, '_>, folder: &Path) -> Option<SourceLogin> {
    let certificate = section.text("user_certificate").filter(|path| !path.is_empty());
    let key = section.text("user_key").filter(|path| !path.is_empty());
    let (lonely, missing) = match (certificate, key) {
        (Some(certificate), Some(key)) => {
            let (certificate, key) = (folder.join(certificate), folder.join(key));
            return Some(SourceLogin::Certificate { certificate, key });
        }
        (Some(_), None) => ("user_certificate", "user_key"),
        (None, Some(_)) => ("user_key", "user_certificate"),
        (None, None) => return None,
    };
    let span = section.span_of(lonely);
    section.problem(span, format!("`{lonely}` without `{missing}`"), None);
    None
}

/// A password written in clear is refused with the command that stores it properly; the text is not repeated.
fn read_password(section: &mut Section<'_, '_, '_>, source: &str, folder: &Path) -> SourceLogin {
    let user = section.text("user").filter(|user| !user.is_empty()).map(str::to_owned);
    let user_span = section.span_of("user");
    let password = section.item("password").map(|item| {
        let clear = NextStep::say("take `user` and `password` out and run: ")
            .then_run(&["login", source, "--user", "NAME"])
            .then_say(" (it asks for the password and keeps it in a file of its own)");
        (item.span(), read_secret(section, "password", item, folder, clear))
    });
    match (user, password) {
        (None, None) => SourceLogin::Anonymous,
        (Some(user), Some((_, Some(password)))) => SourceLogin::UserName { user, password },
        // the problem with the password is noted already
        (_, Some((_, None))) => SourceLogin::Anonymous,
        (Some(user), None) => {
            section.problem(
                user_span,
                format!("user `{user}` has no password"),
                Some(
                    NextStep::say("take `user` out and run: ").then_run(&["login", source, "--user", &user]),
                ),
            );
            SourceLogin::Anonymous
        }
        (None, Some((span, Some(_)))) => {
            section.problem(span, "`password` without `user`".to_owned(), None);
            SourceLogin::Anonymous
        }
    }
}

/// A secret of a sink, by reference. A problem is noted when it is none.
pub(super) fn read_sink_secret(
    section: &mut Section<'_, '_, '_>,
    key: &'static str,
    folder: &Path,
) -> Option<SecretRef> {
    let item = section.item(key)?;
    read_secret(section, key, item, folder, own_file(key).into())
}

fn own_file(key: &str) -> String {
    format!("put it into a file that only its owner can read, and write: {key} = {{ file = \"PATH\" }}")
}

/// `clear` is what to do when the secret itself is written there.
fn read_secret(
    section: &mut Section<'_, '_, '_>,
    key: &'static str,
    item: &Item,
    folder: &Path,
    clear: NextStep,
) -> Option<SecretRef> {
    if item.as_table_like().is_none() {
        section.problem(item.span(), format!("the {key} is written in clear"), Some(clear));
        return None;
    }
    let title = match key {
        "password" => "`password`",
        "client_secret" => "`client_secret`",
        _ => "`token`",
    };
    section.section(key, title, |inner| {
        let sealed = inner.text("sealed").map(|path| folder.join(path));
        let opens = inner.section("key", "`key`", |key| in_clear(key, "`key`", folder, false)).flatten();
        match (sealed, opens) {
            (None, None) => in_clear(inner, title, folder, true),
            (Some(path), Some(opens)) => {
                // asked for so that a second place is no unknown key
                match in_clear_places(inner, folder).is_empty() {
                    true => return Some(SecretRef::Sealed { path, key: Box::new(opens) }),
                    false => inner.problem(None, format!("{title} names more than one place"), None),
                }
                None
            }
            (sealed, _) => {
                in_clear_places(inner, folder);
                let (there, missing) = if sealed.is_some() { ("sealed", "key") } else { ("key", "sealed") };
                inner.problem(None, format!("{title}: `{there}` without a usable `{missing}`"), None);
                None
            }
        }
    })?
}

/// Exactly one place where something lies as it is.
fn in_clear(
    section: &mut Section<'_, '_, '_>,
    title: &str,
    folder: &Path,
    or_sealed: bool,
) -> Option<SecretRef> {
    let mut given = in_clear_places(section, folder);
    if given.len() == 1 {
        return given.pop();
    }
    let places =
        if or_sealed { "`file`, `env`, `credential` and `sealed`" } else { "`file`, `env` and `credential`" };
    section.problem(None, format!("{title} names exactly one of {places}"), None);
    None
}

fn in_clear_places(section: &mut Section<'_, '_, '_>, folder: &Path) -> Vec<SecretRef> {
    let file = section.text("file").map(|path| SecretRef::File(folder.join(path)));
    let environment = section.text("env").map(|name| SecretRef::Environment(name.to_owned()));
    let credential = section.text("credential").map(|name| SecretRef::Credential(name.to_owned()));
    [file, environment, credential].into_iter().flatten().collect()
}

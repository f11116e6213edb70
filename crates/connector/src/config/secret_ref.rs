//! `user` and `password` of a source: where the secret is kept, never the secret.

use std::path::Path;

use toml_edit::Item;

use super::model::{SecretRef, SourceLogin};
use super::section::Section;

/// Reads `user` and `password`. A password written in clear is refused with the command that stores it properly;
/// the text is not repeated.
pub(super) fn read_login(section: &mut Section<'_, '_, '_>, source: &str, folder: &Path) -> SourceLogin {
    let user = section.text("user").filter(|user| !user.is_empty()).map(str::to_owned);
    let user_span = section.span_of("user");
    let password =
        section.item("password").map(|item| (item.span(), read_secret(section, item, source, folder)));
    match (user, password) {
        (None, None) => SourceLogin::Anonymous,
        (Some(user), Some((_, Some(password)))) => SourceLogin::UserName { user, password },
        // the problem with the password is noted already
        (_, Some((_, None))) => SourceLogin::Anonymous,
        (Some(user), None) => {
            section.problem(
                user_span,
                format!("user `{user}` has no password"),
                Some(format!("take `user` out and run: lockgate login {source} --user {user}")),
            );
            SourceLogin::Anonymous
        }
        (None, Some((span, Some(_)))) => {
            section.problem(span, "`password` without `user`".to_owned(), None);
            SourceLogin::Anonymous
        }
    }
}

fn read_secret(
    section: &mut Section<'_, '_, '_>,
    item: &Item,
    source: &str,
    folder: &Path,
) -> Option<SecretRef> {
    if item.as_table_like().is_none() {
        section.problem(
            item.span(),
            "the password is written in clear".to_owned(),
            Some(format!(
                "take `user` and `password` out and run: lockgate login {source} --user NAME (it asks for the password and keeps it \
                 in a file of its own)"
            )),
        );
        return None;
    }
    section.section("password", "`password`", |inner| {
        let file = inner.text("file").map(|path| SecretRef::File(folder.join(path)));
        let environment = inner.text("env").map(|name| SecretRef::Environment(name.to_owned()));
        let credential = inner.text("credential").map(|name| SecretRef::Credential(name.to_owned()));
        let mut given: Vec<SecretRef> = [file, environment, credential].into_iter().flatten().collect();
        if given.len() == 1 {
            return given.pop();
        }
        let message = "`password` names exactly one of `file`, `env` and `credential`".to_owned();
        inner.problem(None, message, None);
        None
    })?
}

//! Passwords on their way from the user to the secret file: asked for on the terminal without echo, or read from
//! stdin when told so. Never an argument, which every user of the machine could read.

use std::io::{self, BufRead as _};
use std::path::PathBuf;

use connector::Config;
use connector::config::{SecretRef, SourceLogin};
use connector::{sealed as sealing, secrets};
use zeroize::Zeroizing;

use super::failure;
use crate::advice::{Advice, Outcome, disk};
use crate::cli::UserCertificate;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::talk;

/// Where a password comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// The terminal, without echo.
    Terminal,
    /// The first line of stdin.
    Stdin,
}

impl From {
    /// Stdin when asked for it, else the terminal; a usage error when there is no terminal.
    pub(crate) fn of(password_stdin: bool) -> Outcome<Self> {
        match (password_stdin, talk::can_ask()) {
            (true, _) => Ok(Self::Stdin),
            (false, true) => Ok(Self::Terminal),
            (false, false) => Err(Box::new(
                Advice::new(
                    "usage.no_terminal",
                    Exit::Usage,
                    "a password is needed and there is nobody to ask",
                )
                .then("give it on stdin: add --password-stdin and pipe the password in"),
            )),
        }
    }

    /// The terminal where there is one, else stdin.
    pub(crate) fn terminal_or_stdin(password_stdin: bool) -> Self {
        if password_stdin || !talk::can_ask() { Self::Stdin } else { Self::Terminal }
    }

    /// The password of `user`.
    pub(crate) fn read(self, user: &str) -> Outcome<Zeroizing<String>> {
        let text = match self {
            Self::Terminal => Zeroizing::new(rpassword::prompt_password(format!(
                "password of {}: ",
                crate::output::safe(user)
            ))?),
            Self::Stdin => {
                let mut line = Zeroizing::new(String::new());
                io::stdin().lock().read_line(&mut line)?;
                Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned())
            }
        };
        if text.is_empty() {
            return Err(Box::new(
                Advice::new("usage.empty_password", Exit::Usage, "the password is empty")
                    .then("for no login at all, leave out --user: the source then logs in as anonymous"),
            ));
        }
        Ok(text)
    }
}

/// Keeps the password where the source's was if that was sealed, else beside the configuration, for its owner alone, and
/// says how a source refers to it.
pub(crate) fn keep(
    context: &Context,
    config: &Config,
    source: &str,
    user: &str,
    password: &str,
    was: &SourceLogin,
) -> Outcome<SourceLogin> {
    if let Some(reference @ SecretRef::Sealed { path, key }) = sealed(was) {
        sealing::write(path, key, password).map_err(|error| failure::explain(context, None, &error))?;
        return Ok(SourceLogin::UserName { user: user.to_owned(), password: reference.clone() });
    }
    let path = path(config, source);
    secrets::write(&path, password).map_err(|error| failure::explain(context, None, &error))?;
    Ok(SourceLogin::UserName { user: user.to_owned(), password: SecretRef::File(path) })
}

/// A login with the certificate that was named, if one was: both files are read once, so that what is wrong with them is
/// said before anything is saved. They stay where they are.
pub(crate) fn certificate(context: &Context, args: &UserCertificate) -> Outcome<Option<SourceLogin>> {
    let (Some(certificate), Some(key)) = (&args.user_cert, &args.user_key) else { return Ok(None) };
    let whole = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let (certificate, key) = (whole(certificate), whole(key));
    secrets::user_certificate(&certificate, &key).map_err(|error| failure::explain(context, None, &error))?;
    Ok(Some(SourceLogin::Certificate { certificate, key }))
}

/// The password that lies where [`keep`] would put another one, as far as it can be read.
pub(crate) fn held(config: &Config, source: &str, was: &SourceLogin) -> Option<Zeroizing<String>> {
    match sealed(was) {
        Some(reference) => secrets::read(reference).ok(),
        None => secrets::read(&SecretRef::File(path(config, source))).ok(),
    }
}

fn sealed(login: &SourceLogin) -> Option<&SecretRef> {
    match login {
        SourceLogin::UserName { password: reference @ SecretRef::Sealed { .. }, .. } => Some(reference),
        _ => None,
    }
}

/// Deletes the file that [`keep`] wrote for a login that shall not stay.
pub(crate) fn forget(login: &SourceLogin) -> Outcome<()> {
    let SourceLogin::UserName { password: SecretRef::File(path), .. } = login else { return Ok(()) };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk("delete", path, &error)),
        _ => Ok(()),
    }
}

fn path(config: &Config, source: &str) -> PathBuf {
    config.folder().join("secrets").join(source)
}

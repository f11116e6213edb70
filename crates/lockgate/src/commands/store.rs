//! The certificate store, as several commands need it: where it is, how it opens, what its failures mean.

use std::path::{Path, PathBuf};

use ua_pki::{Certificate, Error, Store, ThumbprintQuery};

use crate::advice::{Advice, Outcome, bug, disk};
use crate::context::Context;
use crate::exit::Exit;

/// Opens the store at `--pki`, or the one of the configuration.
pub(crate) fn open(context: &Context, named: Option<&Path>) -> Outcome<Store> {
    let root = existing(context, named)?;
    Store::open(&root).map_err(|error| failed(&root, &error))
}

/// As [`open`], to look at: nothing of the store is made, not even a folder that is missing.
pub(crate) fn look(context: &Context, named: Option<&Path>) -> Outcome<Store> {
    existing(context, named).map(Store::as_it_is)
}

fn existing(context: &Context, named: Option<&Path>) -> Outcome<PathBuf> {
    let root = match named {
        Some(path) => path.to_path_buf(),
        None => super::config::pki(context)?,
    };
    if !root.is_dir() {
        return Err(Box::new(
            Advice::new("pki.missing", Exit::Config, "there is no certificate store here")
                .fact("folder", root.display().to_string())
                .then(
                    "put the folder back, or name the right one with --pki or in the configuration; where there is \
                     no configuration yet, this makes both:",
                )
                .then_run(&["init"]),
        ));
    }
    Ok(root)
}

/// A thumbprint as the user typed it.
pub(crate) fn query(text: &str) -> Outcome<ThumbprintQuery> {
    text.parse().map_err(|error: Error| {
        Box::new(
            Advice::new("trust.not_a_thumbprint", Exit::Usage, error.to_string())
                .then("thumbprints are listed in full by")
                .then_run(&["trust", "list"]),
        )
    })
}

/// What a failure of the store means for the user.
pub(crate) fn failed(root: &Path, error: &Error) -> Box<Advice> {
    match error {
        Error::Io { path, source } => disk("use the certificate store", path, source),
        Error::KeyPermissions { path, mode } => Box::new(
            Advice::new("pki.key_permissions", Exit::Config, "our private key can be read by others")
                .rule("a private key is readable by its owner alone")
                .fact("file", path.display().to_string())
                .fact("mode", format!("{mode:03o}"))
                .then(format!("chmod 600 {}", path.display()))
                .then(
                    "and consider the key known: make a new certificate if others had access to this machine",
                ),
        ),
        Error::KeyMismatch { .. }
        | Error::UnusableKey(_)
        | Error::Malformed(_)
        | Error::MalformedCrl(_)
        | Error::LimitExceeded { .. }
        | Error::TooLarge { .. }
        | Error::SymbolicLink(_)
        | Error::NotAFile { .. }
        | Error::OwnRoles { .. }
        | Error::NoOwnPair { .. }
        | Error::OwnPairWaits { .. } => Box::new(
            Advice::new("pki.unusable", Exit::Config, error.to_string())
                .fact("store", root.display().to_string()),
        ),
        Error::StoreBusy(_) => Box::new(
            Advice::new("pki.busy", Exit::Config, "another lockgate changes our certificates in this store")
                .fact("store", root.display().to_string())
                .then("nothing was changed; try again when it is done"),
        ),
        Error::NotFound { folder, query } => Box::new(
            Advice::new(
                "trust.not_found",
                Exit::Usage,
                format!("no {folder} certificate has this thumbprint"),
            )
            .fact("thumbprint", query.clone())
            .then("see what is there:")
            .then_run(&["trust", "list"]),
        ),
        Error::Unsuitable { .. } | Error::UnsupportedKey { .. } => Box::new(
            Advice::new("cert.unsuitable", Exit::Usage, error.to_string())
                .rule("what a certificate of an application says (Part 6 §6.2.2)"),
        ),
        other => bug("the certificate store failed", other),
    }
}

/// Finds a certificate in a list by its thumbprint.
pub(crate) fn find(list: &[Certificate], query: &ThumbprintQuery) -> Option<Certificate> {
    list.iter().find(|certificate| query.matches(certificate)).cloned()
}

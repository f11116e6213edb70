//! The way in: what is known about a failure, and who explains it.

use std::path::Path;

use connector::{Error, SourceConfig};
use ua_pki::{Certificate, Store};

use super::{certificate, connection};
use crate::advice::{Advice, disk};
use crate::commands::{data, store};
use crate::context::Context;
use crate::exit::Exit;

/// What is known about the connection that failed, beyond the error itself.
#[derive(Default)]
pub(crate) struct About<'a> {
    /// Name of the source, when it has one.
    pub(crate) source: Option<&'a str>,
    /// The source as configured, when it is.
    pub(crate) configured: Option<&'a SourceConfig>,
    /// Where we dialled.
    pub(crate) url: Option<&'a str>,
    /// Host that was dialled.
    pub(crate) host: Option<&'a str>,
    /// The user that was named for this address.
    pub(crate) user: Option<&'a str>,
    /// The user's certificate that was shown for this address.
    pub(crate) user_certificate: Option<&'a Certificate>,
    /// Our certificate.
    pub(crate) own: Option<&'a Certificate>,
    /// Our store.
    pub(crate) store: Option<&'a Store>,
    /// What the server calls itself: product URI and application name.
    pub(crate) make: Option<(&'a str, &'a str)>,
}

/// The explanation of `error`.
pub(crate) fn explain(context: &Context, about: Option<&About<'_>>, error: &Error) -> Box<Advice> {
    let nothing = About::default();
    let about = about.unwrap_or(&nothing);
    match error {
        Error::ServerNotTrusted { thumbprint, pinned, verdict } => {
            Box::new(certificate::not_trusted(context, about, *thumbprint, *pinned, verdict))
        }
        Error::Storage(inner) => data::failed(inner),
        Error::ConfigInvalid { path, problems } => {
            let advice = Advice::new(error.code(), Exit::Config, "the configuration is not valid")
                .fact("file", path.display().to_string());
            Box::new(
                problems
                    .iter()
                    .fold(advice, |advice, problem| advice.fact("problem", context.problem(problem))),
            )
        }
        Error::ConfigWrite { path, source } | Error::SecretWrite { path, source } => {
            disk("write", path, source)
        }
        Error::Pki(inner) => store::failed(about.store.map_or(Path::new("pki"), Store::root), inner),
        _ => Box::new(connection::explain(context, about, error)),
    }
}

//! `lockgate cert csr`: a request, with which an authority makes a certificate for a key of ours.

use std::ffi::OsStr;
use std::path::Path;

use serde::Serialize;
use ua_pki::{ApplicationProfile, CertificateRequest, Error, KeyKind, OwnRole, PrivateKey, issue};

use super::own::{self, Ours};
use crate::advice::{Advice, Outcome, bug, disk};
use crate::cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{file, print, safe, say};

#[derive(Serialize)]
struct Requested {
    path: Option<String>,
    /// `active`: for the key in use; `pending`: for a key that waits in the store.
    key: &'static str,
    key_kind: String,
    subject: String,
    application_uri: Option<String>,
    dns_names: Vec<String>,
    ip_addresses: Vec<String>,
    /// The request as PEM.
    request: String,
}

pub(super) fn run(context: &Context, args: &cli::Csr) -> Outcome {
    let pki = args.store.pki.as_deref();
    let config = own::configured(context, pki)?;
    let ours = Ours::make(context, pki)?;
    let present = ours.pair(OwnRole::Active)?;
    let certificate = present.as_ref().map(|pair| &pair.certificate);
    let profile = own::profile(&args.names, config.as_ref(), certificate, connector::identity::VALID_DAYS)?;
    let (key, waits) = key(&ours, args, &profile)?;
    let failed = |error: Error| ours.failed(&error);
    let der = issue::request(&profile, &key).map_err(failed)?;
    let read = CertificateRequest::from_bytes(&der).map_err(|e| bug("our own request cannot be read", &e))?;
    if waits {
        ours.store.save_pending_key(&key).map_err(failed)?;
    }
    let requested = Requested {
        path: args.output.as_ref().map(|path| path.display().to_string()),
        key: if waits { "pending" } else { "active" },
        key_kind: key.kind().to_string(),
        subject: read.subject().to_owned(),
        application_uri: read.application_uri().map(str::to_owned),
        dns_names: read.dns_names().to_vec(),
        ip_addresses: read.ip_addresses().iter().map(ToString::to_string).collect(),
        request: issue::request_pem(&der),
    };
    match args.output.as_deref() {
        Some(path) => {
            write(path, &der, &requested.request)?;
            context.answer("cert-csr", &requested, || requested.text())?;
        }
        None if context.json => context.answer("cert-csr", &requested, String::new)?,
        None => print(&requested.request)?,
    }
    if waits {
        say("the key stays here and waits for its certificate; the one in use stays in use");
    }
    say("the request holds no secret; give it to the authority, and take in the certificate it makes:");
    say(&format!("  {}", ours.line(&["cert", "import", "FILE"])));
    Ok(Exit::Ok)
}

/// The key to ask for, and whether it is one that waits for its certificate.
fn key(ours: &Ours<'_>, args: &cli::Csr, profile: &ApplicationProfile) -> Outcome<(PrivateKey, bool)> {
    let failed = |error: Error| ours.failed(&error);
    if let Some(key) = ours.store.pending_key().map_err(failed)?.filter(|_| !args.replace) {
        return if args.new_key { Err(waits_already(ours)) } else { Ok((key, true)) };
    }
    if !args.new_key
        && let Some(own) = ours.store.own().map_err(failed)?
    {
        return Ok((own.key().clone(), false));
    }
    let kind = args.key.map_or(KeyKind::Rsa { bits: 2048 }, cli::Key::kind);
    own::refuse_curve(kind)?;
    // the names are checked before time is spent on a key
    profile.check().map_err(failed)?;
    Ok((PrivateKey::generate(kind).map_err(failed)?, true))
}

fn write(path: &Path, der: &[u8], pem: &str) -> Outcome<()> {
    let binary = path.extension().and_then(OsStr::to_str) == Some("der");
    let bytes = if binary { der } else { pem.as_bytes() };
    file::replace(path, bytes).map_err(|e| disk("write the request", path, &e))
}

impl Requested {
    fn text(&self) -> String {
        let mut hosts = self.dns_names.clone();
        hosts.extend(self.ip_addresses.iter().cloned());
        let key = if self.key == "pending" { "a new one, which waits" } else { "the one in use" };
        let key = format!("{key} ({})", self.key_kind);
        let lines = [
            ("written", self.path.as_deref().unwrap_or("-")),
            ("subject", &self.subject),
            ("application", self.application_uri.as_deref().unwrap_or("-")),
            ("hosts", &hosts.join(", ")),
            ("key", &key),
        ];
        lines.iter().map(|(label, value)| format!("{label:<12} {}\n", safe(value))).collect()
    }
}

fn waits_already(ours: &Ours<'_>) -> Box<Advice> {
    Box::new(
        Advice::new("cert.key_waits", Exit::Config, "a new key waits already for its certificate")
            .fact("store", ours.store.root().display().to_string())
            .then("to write its request once more:")
            .then_run(&["cert", "csr"])
            .then("to forget it (a certificate made for it is then of no use) and ask for another key:")
            .then_run(&["cert", "csr", "--new-key", "--replace"]),
    )
}

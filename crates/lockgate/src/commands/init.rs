//! `lockgate init`: a commented configuration, a certificate store and our own certificate. Never overwrites.

use std::fs;
use std::path::Path;

use connector::{Config, identity};
use serde::Serialize;
use ua_pki::{ApplicationIdentity, Store};

use super::{failure, store};
use crate::advice::{Advice, Outcome, disk};
use crate::cli;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};
use crate::view::{CertificateText, CertificateView};

#[derive(Debug, Serialize)]
struct Made {
    config: String,
    pki: String,
    certificate_made: bool,
    application_uri: String,
    certificate: CertificateView,
}

pub(super) fn run(context: &Context, args: &cli::Init) -> Outcome {
    let config = match &args.dir {
        Some(dir) => dir.join("lockgate.toml"),
        None => context.config.clone(),
    };
    if config.exists() {
        return Err(exists(&config));
    }
    let context = &if args.dir.is_some() { context.at(config.clone()) } else { context.clone() };
    fs::create_dir_all(context.base()).map_err(|e| disk("make the folder", context.base(), &e))?;
    let pki = context.config.with_file_name("pki");
    let store = Store::open(&pki).map_err(|e| store::failed(&pki, &e))?;
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    let uri = application_uri(&store, args, &host)?;
    let (identity, certificate_made) = make(context, &store, &args.name, &uri, host)?;
    let view = CertificateView::of(identity.certificate());
    let made = Made {
        config: config.display().to_string(),
        pki: pki.display().to_string(),
        certificate_made,
        application_uri: identity.application_uri().to_owned(),
        certificate: view,
    };
    context.answer("init", &made, || made.text())?;
    say(&format!("next: {}", context.line(&["discover", "opc.tcp://HOST:4840"])));
    Ok(Exit::Ok)
}

impl Made {
    fn text(&self) -> String {
        let certificate = if self.certificate_made { "made" } else { "kept (there was one already)" };
        format!(
            "config       {}\npki          {}\ncertificate  {certificate}\n{}",
            safe(&self.config),
            safe(&self.pki),
            self.certificate.text()
        )
    }
}

/// The URI of the certificate that is there already, else the one asked for.
fn application_uri(store: &Store, args: &cli::Init, host: &str) -> Outcome<String> {
    let own = store.own().map_err(|e| store::failed(store.root(), &e))?;
    match (own, &args.application_uri) {
        (Some(own), Some(asked)) if own.application_uri() != asked => Err(Box::new(
            Advice::new(
                "init.other_certificate",
                Exit::Config,
                "there is a certificate for another application",
            )
            .fact("store", store.root().display().to_string())
            .fact("it is for", own.application_uri())
            .fact("asked for", asked.as_str())
            .then("leave out --application-uri to go on with it, or start in another folder with --dir"),
        )),
        (Some(own), _) => Ok(own.application_uri().to_owned()),
        (None, Some(asked)) => Ok(asked.clone()),
        (None, None) => Ok(format!("urn:{host}:lockgate")),
    }
}

/// Configuration and certificate; no configuration is left behind when there can be no certificate.
fn make(
    context: &Context,
    store: &Store,
    name: &str,
    uri: &str,
    host: String,
) -> Outcome<(ApplicationIdentity, bool)> {
    let explain = |error: connector::Error| failure::explain(context, None, &error);
    let config = Config::create(&context.config, name, uri).map_err(explain)?;
    // a machine's own name is not always one that DNS allows
    let hosts = Some(host).filter(|host| ua_pki::is_dns_name(host)).into_iter().collect();
    identity::ensure(&config, store, hosts, Vec::new(), clock::now()).map_err(|error| {
        match fs::remove_file(&context.config) {
            Ok(()) => explain(error),
            Err(e) => disk("take back the configuration", &context.config, &e),
        }
    })
}

fn exists(path: &Path) -> Box<Advice> {
    Box::new(
        Advice::new("config.exists", Exit::Config, "there is a configuration already; it was left as it is")
            .fact("file", path.display().to_string())
            .then("to start anew elsewhere:")
            .then_run_alone(&["init", "--dir", "DIR"]),
    )
}

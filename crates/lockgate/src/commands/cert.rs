//! `lockgate cert …`: our own certificate, to be looked at and to be carried to a server.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use serde::Serialize;
use ua_pki::{ApplicationIdentity, Certificate};

use super::store::{failed, open};
use crate::advice::{Advice, Outcome, disk};
use crate::cli::{self, Encoding};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{print, safe, say};
use crate::view::CertificateView;

pub(super) fn run(context: &Context, command: &cli::Cert) -> Outcome {
    match command {
        cli::Cert::Show { file: Some(file), .. } => show(context, &super::trust::read_chain(file)?),
        cli::Cert::Show { file: None, store } => show(context, own(context, store.pki.as_deref())?.chain()),
        cli::Cert::Export { output, encoding, store } => {
            let identity = own(context, store.pki.as_deref())?;
            export(context, identity.certificate(), output.as_deref(), *encoding)
        }
    }
}

/// Our identity, or advice on how to make one.
pub(super) fn own(context: &Context, pki: Option<&Path>) -> Outcome<ApplicationIdentity> {
    let store = open(context, pki)?;
    store.own().map_err(|e| failed(store.root(), &e))?.ok_or_else(|| {
        Box::new(
            Advice::new("pki.no_certificate", Exit::Config, "we have no application certificate yet")
                .fact("store", store.root().display().to_string())
                .then(
                    "put own/certs and own/private back; where there is no configuration yet, this makes both:",
                )
                .then_run(&["init"]),
        )
    })
}

#[derive(Serialize)]
struct Shown {
    certificates: Vec<CertificateView>,
}

fn show(context: &Context, chain: &[Certificate]) -> Outcome {
    let shown = Shown { certificates: chain.iter().map(CertificateView::of).collect() };
    context.answer("cert-show", &shown, || {
        shown.certificates.iter().map(CertificateView::text).collect::<Vec<_>>().join("\n")
    })?;
    Ok(Exit::Ok)
}

#[derive(Serialize)]
struct Exported {
    path: String,
    certificate: CertificateView,
}

fn export(
    context: &Context,
    certificate: &Certificate,
    output: Option<&Path>,
    encoding: Option<Encoding>,
) -> Outcome {
    let Some(path) = output else {
        match encoding {
            Some(Encoding::Der) => return Err(needs_file()),
            Some(Encoding::Pem) | None => print(&certificate.to_pem())?,
        }
        return Ok(Exit::Ok);
    };
    let bytes = match encoding.unwrap_or_else(|| by_ending(path)) {
        Encoding::Der => certificate.der().to_vec(),
        Encoding::Pem => certificate.to_pem().into_bytes(),
    };
    fs::write(path, bytes).map_err(|e| disk("write the certificate", path, &e))?;
    let exported =
        Exported { path: path.display().to_string(), certificate: CertificateView::of(certificate) };
    context.answer("cert-export", &exported, || {
        format!(
            "{:<12} {}\n{:<12} {}\n",
            "written",
            safe(&exported.path),
            "thumbprint",
            exported.certificate.thumbprint
        )
    })?;
    say("this file holds no secret; put it into the server's list of trusted client certificates");
    Ok(Exit::Ok)
}

fn by_ending(path: &Path) -> Encoding {
    match path.extension().and_then(OsStr::to_str) {
        Some("pem") => Encoding::Pem,
        _ => Encoding::Der,
    }
}

fn needs_file() -> Box<Advice> {
    Box::new(
        Advice::new("usage.binary_output", Exit::Usage, "DER is binary and is not written to the terminal")
            .then_run(&["cert", "export", "--encoding", "der", "--output", "lockgate.der"]),
    )
}

//! `lockgate cert export`: our own certificate as a file, to be carried to a server.

use std::ffi::OsStr;
use std::path::Path;

use serde::Serialize;
use ua_pki::OwnRole;

use super::own::Ours;
use super::renew::nothing_to_use;
use crate::advice::{Advice, Outcome, disk};
use crate::cli::Encoding;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{file, print, safe, say};
use crate::view::CertificateView;

#[derive(Serialize)]
struct Exported {
    path: String,
    certificate: CertificateView,
}

pub(super) fn run(
    context: &Context,
    output: Option<&Path>,
    encoding: Option<Encoding>,
    role: OwnRole,
    pki: Option<&Path>,
) -> Outcome {
    let ours = Ours::look(context, pki)?;
    let pair = match (ours.pair(role)?, role) {
        (Some(pair), _) => pair,
        (None, OwnRole::Next) => return Err(nothing_to_use(&ours, role)),
        (None, _) => return Err(ours.none()),
    };
    let certificate = &pair.certificate;
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
    file::replace(path, &bytes).map_err(|e| disk("write the certificate", path, &e))?;
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

//! Files that a user names: read with a bound, recognised by their content, and told for what they are when they are
//! not what was asked for.

use std::path::Path;

use ua_pki::{Certificate, CertificateRequest, Crl, Error, Item, Material, UnprovenRequest};

use crate::advice::{Advice, Outcome};
use crate::exit::Exit;

/// What is in the file; at least one thing.
pub(super) fn read(file: &Path) -> Outcome<Material> {
    let material = Material::read(file).map_err(|error| unreadable(file, &error))?;
    if material.items().is_empty() {
        return Err(Box::new(
            Advice::new("input.empty", Exit::Usage, "this file is empty")
                .fact("file", file.display().to_string())
                .then("copy it again; a certificate has about a thousand bytes"),
        ));
    }
    Ok(material)
}

/// The certificates in a file, in their order, and nothing else: a damaged one among them is an error.
pub(super) fn certificates(file: &Path) -> Outcome<Vec<Certificate>> {
    let material = read(file)?;
    let mut certificates = Vec::new();
    for item in material.items() {
        match item {
            Item::Certificate(certificate) => certificates.push(certificate.clone()),
            // a key beside its certificate is common, and none of our business
            Item::PrivateKey if material.certificates().next().is_some() => {}
            other => return Err(not_a_certificate(file, other)),
        }
    }
    Ok(certificates)
}

/// The one revocation list in a file.
pub(super) fn crl(file: &Path) -> Outcome<Crl> {
    let material = read(file)?;
    match material.items() {
        [Item::Crl(crl)] => Ok(crl.clone()),
        [Item::Crl(_), ..] => Err(wrong(
            file,
            "trust.not_a_revocation_list",
            "this file holds more than one thing; a file with one revocation list is needed".to_owned(),
        )),
        items => {
            let what = items.first().map(Item::describe).unwrap_or_default();
            let text = format!("this is no revocation list we can read, but {what}");
            Err(wrong(file, "trust.not_a_revocation_list", text))
        }
    }
}

/// The one request in a file, signed by its applicant.
pub(super) fn request(file: &Path) -> Outcome<CertificateRequest> {
    let material = read(file)?;
    let request = match material.items() {
        [Item::Request(request)] => UnprovenRequest::clone(request),
        items => {
            let what = items.first().map(Item::describe).unwrap_or_default();
            let text = format!("this is no certificate request we can read, but {what}");
            return Err(wrong(file, "ca.not_a_request", text));
        }
    };
    let subject = request.subject().to_owned();
    request.prove().map_err(|_| {
        let text = "this request is not signed with the key that it asks to certify";
        Box::new(
            Advice::new("ca.request_not_signed", Exit::Usage, text)
                .fact("file", file.display().to_string())
                .fact("subject", subject)
                .then("make the request again, and carry the file over unchanged"),
        )
    })
}

pub(super) fn not_a_certificate(file: &Path, item: &Item) -> Box<Advice> {
    let text = format!("this is no certificate we can read, but {}", item.describe());
    wrong(file, "trust.not_a_certificate", text)
}

fn wrong(file: &Path, code: &'static str, text: String) -> Box<Advice> {
    let advice = Advice::new(code, Exit::Usage, text).fact("file", file.display().to_string());
    Box::new(advice.then("DER and PEM are understood; what a file holds is shown by").then_run_alone(&[
        "cert",
        "show",
        &file.display().to_string(),
    ]))
}

/// Why a file that was named could not be read.
pub(super) fn unreadable(file: &Path, error: &Error) -> Box<Advice> {
    let advice = match error {
        Error::TooLarge { .. } => {
            let text = "this file is too large to be a certificate, a request or a revocation list";
            Advice::new("input.too_large", Exit::Usage, text)
                .fact("limit", format!("{} bytes", Material::MAX_BYTES))
        }
        Error::NotAFile { kind, .. } => {
            Advice::new("input.unreadable", Exit::Config, format!("this is {kind}, not a file"))
        }
        Error::Io { source, .. } => {
            Advice::new("input.unreadable", Exit::Config, format!("this file cannot be read: {source}"))
                .then("check the name of the file, and that this user may read it")
        }
        other => Advice::new("input.unreadable", Exit::Config, format!("this file cannot be read: {other}")),
    };
    Box::new(advice.fact("file", file.display().to_string()))
}

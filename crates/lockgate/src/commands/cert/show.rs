//! `lockgate cert show`: our own certificate, or the one in a file.

use std::path::Path;

use serde::Serialize;
use ua_pki::Certificate;

use super::own;
use crate::advice::Outcome;
use crate::commands::trust::read_chain;
use crate::context::Context;
use crate::exit::Exit;
use crate::view::CertificateView;

#[derive(Serialize)]
struct Shown {
    certificates: Vec<CertificateView>,
}

pub(super) fn run(context: &Context, file: Option<&Path>, pki: Option<&Path>) -> Outcome {
    match file {
        Some(file) => show(context, &read_chain(file)?),
        None => show(context, own(context, pki)?.chain()),
    }
}

fn show(context: &Context, chain: &[Certificate]) -> Outcome {
    let shown = Shown { certificates: chain.iter().map(CertificateView::of).collect() };
    context.answer("cert-show", &shown, || {
        shown.certificates.iter().map(CertificateView::text).collect::<Vec<_>>().join("\n")
    })?;
    Ok(Exit::Ok)
}

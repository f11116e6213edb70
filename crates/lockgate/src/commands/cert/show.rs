//! `lockgate cert show`: our own certificate, or whatever a file holds: certificates, revocation lists, requests.

use std::path::Path;

use serde::Serialize;
use ua_pki::{Item, Material};

use super::pairs;
use crate::advice::{Advice, Outcome};
use crate::commands::material;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};
use crate::view::{CertificateText, CertificateView, CrlText, CrlView, RequestView};

#[derive(Default, Serialize)]
struct Shown {
    certificates: Vec<CertificateView>,
    revocation_lists: Vec<CrlView>,
    requests: Vec<RequestView>,
    /// How many private keys the file holds; nothing of them is shown.
    private_keys: usize,
    /// What could not be read, in words to go after "this is".
    unreadable: Vec<String>,
    /// The same in the order of the file.
    #[serde(skip)]
    pages: Vec<String>,
}

pub(super) fn run(context: &Context, file: Option<&Path>, pki: Option<&Path>) -> Outcome {
    let Some(file) = file else { return pairs::show(context, pki) };
    let shown = in_file(file, &material::read(file)?)?;
    context.answer("cert-show", &shown, || shown.pages.join("\n"))?;
    if shown.private_keys > 0 {
        say(
            "the file also holds a private key, of which nothing is shown: do not carry this file to anybody",
        );
    }
    for what in &shown.unreadable {
        say(&format!("not shown: {}", safe(what)));
    }
    Ok(if shown.unreadable.is_empty() { Exit::Ok } else { Exit::Partly })
}

fn in_file(file: &Path, material: &Material) -> Outcome<Shown> {
    let mut shown = Shown::default();
    for item in material.items() {
        match item {
            Item::Certificate(one) => shown.certificate(CertificateView::of(one)),
            Item::Crl(crl) => {
                let view = CrlView::of(crl);
                shown.pages.push(format!("revocation list\n{}", view.text()));
                shown.revocation_lists.push(view);
            }
            Item::Request(request) => {
                let view = RequestView::of(request);
                shown.pages.push(format!("certificate request\n{}", view.text()));
                shown.requests.push(view);
            }
            Item::PrivateKey => shown.private_keys = shown.private_keys.saturating_add(1),
            Item::Other(what) => shown.unreadable.push(what.clone()),
        }
    }
    match (shown.pages.is_empty(), shown.private_keys, shown.unreadable.first()) {
        (false, ..) => Ok(shown),
        (true, 1.., _) => Err(only_a_key(file)),
        (true, 0, what) => Err(nothing(file, what.map_or("nothing", String::as_str))),
    }
}

impl Shown {
    fn certificate(&mut self, view: CertificateView) {
        self.pages.push(view.full_text());
        self.certificates.push(view);
    }
}

fn only_a_key(file: &Path) -> Box<Advice> {
    Box::new(
        Advice::new("input.private_key", Exit::Usage, "this is a private key; nothing of it is shown")
            .fact("file", file.display().to_string())
            .then("keep it to yourself: whoever has it can pass for the application it belongs to")
            .then("the certificate beside it is what others need"),
    )
}

fn nothing(file: &Path, what: &str) -> Box<Advice> {
    let text = format!("this is no certificate, revocation list or request we can read, but {what}");
    Box::new(
        Advice::new("input.nothing_to_show", Exit::Usage, text)
            .fact("file", file.display().to_string())
            .then("DER and PEM are understood"),
    )
}

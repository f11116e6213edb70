//! `lockgate cert show` without a file: what we have, what is in use, and what each of them needs.

use std::path::Path;

use connector::documents::{OwnCertificates, PairView};

use super::own::Ours;
use crate::advice::Outcome;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::safe;
use crate::view::CertificateText;

pub(super) fn show(context: &Context, pki: Option<&Path>) -> Outcome {
    let ours = Ours::look(context, pki)?;
    let shown = OwnCertificates::of(context, &ours.store, clock::now()).map_err(|e| ours.failed(&e))?;
    let shown = shown.ok_or_else(|| ours.none())?;
    context.answer("cert-show", &shown, || shown.text(&ours))?;
    Ok(if shown.broken.is_empty() { Exit::Ok } else { Exit::Partly })
}

/// What is shown of a pair.
trait PairText {
    fn text(&self) -> String;
}

impl PairText for PairView {
    fn text(&self) -> String {
        let role = match self.role {
            "active" => "active: in use",
            "next" => "next: waits to be used",
            _ => "former: kept for the way back",
        };
        let needs = self.needs.as_ref().map(|needs| format!("{:<12} {}\n", "needs", safe(needs)));
        format!(
            "{:<12} {role}\n{:<12} {}\n{}{}",
            "role",
            "file",
            safe(&self.certificate_file),
            self.certificate.full_text(),
            needs.unwrap_or_default()
        )
    }
}

/// What is shown of them all.
trait OwnText {
    fn text(&self, ours: &Ours<'_>) -> String;
}

impl OwnText for OwnCertificates {
    fn text(&self, ours: &Ours<'_>) -> String {
        let mut parts: Vec<String> = self.pairs.iter().map(PairText::text).collect();
        if self.key_waits {
            let take_in = ours.line(&["cert", "import", "FILE"]);
            parts.push(format!(
                "{:<12} waits for the certificate that an authority makes for it\n{:<12} {}\n",
                "new key",
                "needs",
                safe(&format!("the authority's answer: {take_in}"))
            ));
        }
        for broken in &self.broken {
            let mend = match broken.role {
                "next" => format!(
                    "needs        to be put back, or made anew: {}\n",
                    ours.line(&["cert", "renew", "--replace"])
                ),
                _ => "needs        to be put back; nothing else rests on it\n".to_owned(),
            };
            parts.push(format!("{:<12} {}: {}\n{mend}", "broken", broken.role, safe(&broken.message)));
        }
        if !self.leftovers.is_empty() {
            let files: String =
                self.leftovers.iter().map(|file| format!("{:<12} {}\n", "left over", safe(file))).collect();
            parts.push(format!("{files}{:<12} nothing; no pair uses them, remove them\n", "needs"));
        }
        parts.join("\n")
    }
}

//! `lockgate trust …`: the certificates we trust, and those that wait for a decision.
//!
//! Trust is only ever given to a certificate named by its full thumbprint.

use std::path::Path;

use connector::documents::{ListedCertificate, TrustChange, TrustList, TrustShown};
use ua_pki::Certificate;

use super::store::{failed, find, open, query};
use super::trust_import;
use crate::advice::{Advice, Outcome};
use crate::cli;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, safe, say};
use crate::view::{CertificateText, CertificateView, Judged, Means, VerdictText};

pub(super) fn run(context: &Context, command: &cli::Trust) -> Outcome {
    match command {
        cli::Trust::List(dir) => list(context, dir.pki.as_deref()),
        cli::Trust::Show(which) => show(context, which),
        cli::Trust::Accept(which) => accept(context, which),
        cli::Trust::Reject(which) => reject(context, which),
        cli::Trust::Remove(which) => remove(context, which),
        cli::Trust::Import(args) => trust_import::run(context, args),
        cli::Trust::ImportCrl { file, store } => trust_import::crl(context, file, store.pki.as_deref()),
    }
}

fn list(context: &Context, dir: Option<&Path>) -> Outcome {
    let store = open(context, dir)?;
    let root = store.root().to_path_buf();
    let list = TrustList::of(&store).map_err(|e| failed(&root, &e))?;
    context.answer("trust-list", &list, || list.text())?;
    if !context.json {
        for problem in &list.problems {
            say(&format!("ignored {}: {}", safe(&problem.path), safe(&problem.message)));
        }
        if list.certificates.iter().any(|listed| listed.standing == TrustList::REJECTED) {
            say("rejected certificates wait for you: compare the thumbprint on the server, then");
            say(&format!("  {}", context.line(&["trust", "accept", "THUMBPRINT"])));
        }
    }
    Ok(if list.problems.is_empty() { Exit::Ok } else { Exit::Partly })
}

/// What is shown of them.
trait ListText {
    fn text(&self) -> String;
}

impl ListText for TrustList {
    fn text(&self) -> String {
        if self.certificates.is_empty() {
            return "no certificates yet\n".to_owned();
        }
        let mut table = Table::new(&["STANDING", "THUMBPRINT", "SUBJECT", "APPLICATION", "VALID UNTIL"]);
        for ListedCertificate { standing, certificate } in &self.certificates {
            let until = certificate.not_after.get(..10).unwrap_or(&certificate.not_after);
            let application = certificate.application_uri.as_deref().unwrap_or("");
            table.row([*standing, &certificate.thumbprint, &certificate.subject, application, until]);
        }
        table.to_string()
    }
}

fn show(context: &Context, which: &cli::OneCertificate) -> Outcome {
    let store = open(context, which.store.pki.as_deref())?;
    let wanted = query(&which.thumbprint)?;
    let means = Means { context, judged: Judged::Rejected };
    let found = TrustShown::find(&store, &wanted, clock::now(), &means);
    let shown = found.map_err(|e| failed(store.root(), &e))?.ok_or_else(|| not_found(&which.thumbprint))?;
    context.answer("trust-show", &shown, || {
        format!("{:<12} {}\n{}{}", "standing", shown.standing, shown.certificate.text(), shown.verdict.text())
    })?;
    Ok(Exit::Ok)
}

fn changed(context: &Context, done: &'static str, certificate: &Certificate) -> Outcome {
    let changed = TrustChange { done, certificate: CertificateView::of(certificate) };
    context.answer("trust-change", &changed, || format!("{done}\n{}", changed.certificate.text()))?;
    Ok(Exit::Ok)
}

fn accept(context: &Context, which: &cli::OneCertificate) -> Outcome {
    let store = open(context, which.store.pki.as_deref())?;
    let wanted = query(&which.thumbprint)?;
    let trusted = store.trusted().map_err(|e| failed(store.root(), &e))?;
    if let Some(already) = find(&trusted, &wanted) {
        return changed(context, "was trusted already", &already);
    }
    let certificate = store.accept(&wanted).map_err(|e| match e {
        ua_pki::Error::NotFound { .. } => not_found(&which.thumbprint),
        other => failed(store.root(), &other),
    })?;
    changed(context, "trusted from now on", &certificate)
}

fn reject(context: &Context, which: &cli::OneCertificate) -> Outcome {
    let store = open(context, which.store.pki.as_deref())?;
    let wanted = query(&which.thumbprint)?;
    let certificate = store.remove(&wanted).map_err(|e| match e {
        ua_pki::Error::NotFound { .. } => not_found(&which.thumbprint),
        other => failed(store.root(), &other),
    })?;
    store.reject(std::slice::from_ref(&certificate)).map_err(|e| failed(store.root(), &e))?;
    changed(context, "not trusted any more", &certificate)
}

fn remove(context: &Context, which: &cli::OneCertificate) -> Outcome {
    let store = open(context, which.store.pki.as_deref())?;
    let wanted = query(&which.thumbprint)?;
    let certificate = store.remove(&wanted).map_err(|e| match e {
        ua_pki::Error::NotFound { .. } => not_found(&which.thumbprint),
        other => failed(store.root(), &other),
    })?;
    changed(context, "removed", &certificate)
}

fn not_found(thumbprint: &str) -> Box<Advice> {
    Box::new(
        Advice::new("trust.not_found", Exit::Usage, "no certificate in the store has this thumbprint")
            .fact("thumbprint", thumbprint)
            .then("see what is there:")
            .then_run(&["trust", "list"]),
    )
}

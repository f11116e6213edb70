//! Changing whom we trust, and getting our own certificate to carry to a server.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use connector::documents::{CertificateView, CrlView, TrustChange};
use serde::Serialize;
use std::path::Path;
use ua_pki::{Becomes, Certificate, Crl, Destination, Material, OwnRole, Store};

use super::call::{Call, document};
use super::guard::noted;
use super::reads::thumbprint;
use super::route::{Answer, Body, Kind, Needs, Param, Route, Run, Verb};
use crate::problem::Problem;

const fn change(
    verb: Verb,
    path: &'static str,
    about: &'static str,
    audit: &'static str,
    run: fn(&Call) -> Result<Response, Problem>,
) -> Route {
    Route {
        verb,
        path,
        needs: Needs::Admin,
        about,
        params: &[],
        body: Body::None,
        answer: Answer::Document("trust-change"),
        audit: Some(audit),
        run: Run::Now(run),
    }
}

pub(super) const ROUTES: &[Route] = &[
    change(
        Verb::Post,
        "/trust/{thumbprint}/accept",
        "Trusts a certificate that waits; compare the thumbprint on the server before",
        "trust.accept",
        accept,
    ),
    change(
        Verb::Post,
        "/trust/{thumbprint}/reject",
        "Takes the trust away; the certificate waits among the rejected ones",
        "trust.reject",
        reject,
    ),
    change(Verb::Delete, "/trust/{thumbprint}", "Removes a certificate", "trust.remove", remove),
    Route {
        verb: Verb::Post,
        path: "/trust/revocation-lists",
        needs: Needs::Admin,
        about: "Takes in a revocation list of an authority, DER or PEM",
        params: &[],
        body: Body::Bytes { most: 8 << 20, kind: "application/pkix-crl" },
        answer: Answer::Document("crl-import"),
        audit: Some("trust.import-crl"),
        run: Run::Now(import_crl),
    },
    Route {
        verb: Verb::Get,
        path: "/certificates/own",
        needs: Needs::Viewer,
        about: "Our certificate in use, to carry to a server; it holds no secret",
        params: &[Param { name: "form", kind: Kind::Choice(&["der", "pem"]), about: "Form of the file" }],
        body: Body::None,
        answer: Answer::File(&["application/pkix-cert", "application/x-pem-file"]),
        audit: None,
        run: Run::Now(own),
    },
];

#[derive(Serialize)]
struct Imported {
    done: &'static str,
    crl: CrlView,
}

fn opened(call: &Call) -> Result<Store, Problem> {
    Ok(Store::open(&call.config().pki)?)
}

fn changed(done: &'static str, certificate: &Certificate) -> Result<Response, Problem> {
    let response =
        document("trust-change", &TrustChange { done, certificate: CertificateView::of(certificate) })?;
    Ok(noted(response, format!("{done}: {} {}", certificate.thumbprint().grouped(), certificate.subject())))
}

fn accept(call: &Call) -> Result<Response, Problem> {
    let (store, wanted) = (opened(call)?, thumbprint(call)?);
    let trusted = store.trusted()?;
    if let Some(already) = trusted.iter().find(|certificate| wanted.matches(certificate)) {
        return changed("was trusted already", already);
    }
    changed("trusted from now on", &store.accept(&wanted)?)
}

fn reject(call: &Call) -> Result<Response, Problem> {
    let (store, wanted) = (opened(call)?, thumbprint(call)?);
    let certificate = store.remove(&wanted)?;
    store.reject(std::slice::from_ref(&certificate))?;
    changed("not trusted any more", &certificate)
}

fn remove(call: &Call) -> Result<Response, Problem> {
    let (store, wanted) = (opened(call)?, thumbprint(call)?);
    changed("removed", &store.remove(&wanted)?)
}

fn import_crl(call: &Call) -> Result<Response, Problem> {
    let material = Material::from_bytes(call.bytes());
    let crl = Crl::from_bytes(call.bytes())?;
    let store = opened(call)?;
    let plan = store.plan_file(Path::new("uploaded.crl"), &material, Destination::Trusted)?;
    if let Some(Becomes::Refused(why)) = plan.entries().first().map(|entry| &entry.becomes) {
        return Err(Problem::bad("trust.revocation_list_refused", format!("not taken: {why}")));
    }
    if plan.count(&Becomes::Trusted) > 0 || plan.count(&Becomes::Issuer) > 0 {
        return Err(Problem::bad("trust.revocation_list_refused", "send the revocation list alone"));
    }
    let there = plan.count(&Becomes::AlreadyThere) > 0;
    store.import(&plan)?;
    let done = if there { "was there already" } else { "revocation list used from now on" };
    let response = document("crl-import", &Imported { done, crl: CrlView::of(&crl) })?;
    Ok(noted(response, format!("{done}: {}", crl.issuer())))
}

fn own(call: &Call) -> Result<Response, Problem> {
    let none = || Problem::not_found("pki.no_certificate", "we have no application certificate yet");
    let pair = call.store().own_pair(OwnRole::Active)?.ok_or_else(none)?;
    let (kind, name, bytes) = match call.text("form") {
        Some("pem") => ("application/x-pem-file", "lockgate.pem", pair.certificate.to_pem().into_bytes()),
        _ => ("application/pkix-cert", "lockgate.der", pair.certificate.der().to_vec()),
    };
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let disposition = disposition.map_err(|error| Problem::internal(&error))?;
    let kind = HeaderValue::from_static(kind);
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response())
}

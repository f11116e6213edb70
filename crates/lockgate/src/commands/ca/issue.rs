//! `lockgate ca issue`: a certificate for a request, and where it has to go.

use std::path::Path;

use serde::Serialize;
use ua_pki::authority::AuthorityFolder;
use ua_pki::{ApplicationProfile, Certificate, CertificateRequest};

use super::place::{Place, day, start};
use crate::advice::{Advice, Outcome, disk};
use crate::cli::CaIssue;
use crate::commands::material;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{file, safe, say, talk};
use crate::view::{CertificateText, CertificateView, key};

/// Five years, as our own certificates.
const DAYS: u32 = 5 * 365;

#[derive(Serialize)]
struct Issued {
    path: String,
    output: Option<String>,
    certificate: CertificateView,
}

pub(super) fn run(context: &Context, args: &CaIssue) -> Outcome {
    let request = material::request(&args.request)?;
    let place = Place::new(context, args.place.dir.as_deref());
    let mut folder = place.open()?;
    if let Some(output) = &args.output
        && std::fs::symlink_metadata(output).is_ok()
    {
        return Err(exists(output));
    }
    folder.check_key(request.public_key()).map_err(|error| place.failed(&error))?;
    let profile = profile(&place, &folder, &request, args)?;
    confirm(&profile, &request, args)?;
    let certificate = folder.issue(&profile, request.public_key()).map_err(|error| place.failed(&error))?;
    let entry = folder.issued().last().map(|entry| folder.issued_path(entry));
    let path = entry.unwrap_or_else(|| place.dir.clone());
    if let Some(output) = &args.output {
        write(output, &certificate).map_err(|error| {
            let advice = disk("write the certificate", output, &error);
            Box::new(advice.then(format!("it was signed, and lies in {}", path.display())))
        })?;
    }
    let issued = Issued {
        path: path.display().to_string(),
        output: args.output.as_ref().map(|output| output.display().to_string()),
        certificate: CertificateView::of(&certificate),
    };
    context.answer("ca-issue", &issued, || issued.text())?;
    next(context, &folder, &issued);
    Ok(Exit::Ok)
}

/// What will be signed: the request's names, ours for the rest.
fn profile(
    place: &Place<'_>,
    folder: &AuthorityFolder,
    request: &CertificateRequest,
    args: &CaIssue,
) -> Outcome<ApplicationProfile> {
    let start = start().max(folder.certificate().not_before());
    let rest = folder.certificate().not_after().as_second().saturating_sub(start.as_second());
    let rest = u32::try_from(rest.div_euclid(24 * 60 * 60)).unwrap_or(0);
    if rest == 0 {
        let until = folder.certificate().not_after();
        return Err(place.failed(&ua_pki::Error::Issue(format!("the authority itself ends at {until}"))));
    }
    let days = args.days.unwrap_or(DAYS.min(rest));
    let mut profile = request.profile(start, days).map_err(|error| place.failed(&error))?;
    for name in &args.dns {
        if !profile.dns_names.contains(name) {
            profile.dns_names.push(name.clone());
        }
    }
    for address in &args.ip {
        if !profile.ip_addresses.contains(address) {
            profile.ip_addresses.push(*address);
        }
    }
    Ok(profile)
}

/// Shows what will be signed, and asks for a yes where there is a terminal to ask on.
fn confirm(profile: &ApplicationProfile, request: &CertificateRequest, args: &CaIssue) -> Outcome<()> {
    let hosts: Vec<String> = profile
        .dns_names
        .iter()
        .cloned()
        .chain(profile.ip_addresses.iter().map(ToString::to_string))
        .collect();
    say("to be signed, for use as OPC UA client and server:");
    let fact = |label: &str, value: &str| say(&format!("  {label:<12} {}", safe(value)));
    fact("subject", request.subject());
    fact("application", &profile.application_uri);
    if hosts.is_empty() {
        fact("hosts", "(none: good for a client; clients of a server with it will miss the host name)");
    } else {
        fact("hosts", &hosts.join(", "));
    }
    fact("key", &key(profile.key));
    fact("days", &profile.days.to_string());
    if args.yes || !talk::can_ask() {
        return Ok(());
    }
    say("only whoever holds the key can have made the request; who that is, only you can know");
    let answer =
        talk::ask("sign it? (yes/no) ").map_err(|error| disk("read the answer", &args.request, &error))?;
    if answer.as_deref() == Some("yes") {
        return Ok(());
    }
    Err(Box::new(Advice::new("ca.refused", Exit::Usage, "not signed: the answer was not yes")))
}

/// Never over a file that is there.
fn write(path: &Path, certificate: &Certificate) -> std::io::Result<()> {
    let pem = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("pem"));
    let bytes = if pem { certificate.to_pem().into_bytes() } else { certificate.der().to_vec() };
    file::write_new(path, &bytes)
}

fn exists(path: &Path) -> Box<Advice> {
    let text = "there is a file of this name already; it was left as it is, and nothing was signed";
    Box::new(
        Advice::new("output.exists", Exit::Usage, text)
            .fact("file", path.display().to_string())
            .then("name another file with --output"),
    )
}

fn next(context: &Context, folder: &AuthorityFolder, issued: &Issued) {
    let file = issued.output.as_ref().unwrap_or(&issued.path);
    say("next: carry the certificate back to the application that made the request. For lockgate, there:");
    say(&format!("  {}", context.line(&["cert", "import", file])));
    say("for another application: where its maker wants it; ca.der belongs beside it");
    say("everybody it talks to needs the authority once, certificate and revocation list:");
    let authority = folder.certificate_path().display().to_string();
    let crl = folder.crl_path().display().to_string();
    say(&format!("  {}", context.line(&["trust", "import", &authority])));
    say(&format!("  {}", context.line(&["trust", "import-crl", &crl])));
    if let Ok(Some(list)) = folder.current_list() {
        say(&format!("the revocation list ends on {}", list.next_update().map(day).unwrap_or_default()));
    }
}

impl Issued {
    fn text(&self) -> String {
        let output = self.output.as_ref().map(|output| format!("{:<12} {}\n", "copy", safe(output)));
        format!(
            "{:<12} {}\n{}{}",
            "signed",
            safe(&self.path),
            output.unwrap_or_default(),
            self.certificate.text()
        )
    }
}

//! `lockgate cert create`: a certificate and its key where there are none.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use ua_pki::{ApplicationIdentity, ApplicationProfile, OwnPair, OwnRole};

use super::own::{self, Ours};
use crate::advice::{Advice, Outcome, disk};
use crate::cli;
use crate::commands::store;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{file, safe, say};
use crate::view::{CertificateText, CertificateView};

#[derive(Serialize)]
struct Created {
    /// `null` when the pair was written to files outside a store.
    store: Option<String>,
    certificate_file: String,
    key_file: String,
    certificate: CertificateView,
}

pub(super) fn run(context: &Context, args: &cli::Create) -> Outcome {
    let pki = args.store.pki.as_deref();
    let config = match args.output {
        Some(_) => None,
        None => own::configured(context, pki)?,
    };
    let mut names = args.names.clone();
    if let Some(output) = &args.output {
        // the pair is for another application, which is hardly called lockgate
        names.name = names.name.or_else(|| Some(output.file_name()?.to_string_lossy().into_owned()));
    }
    let mut profile = own::profile(&names, config.as_ref(), None, args.days)?;
    profile.key = args.key.kind();
    match &args.output {
        Some(output) => outside(context, output, &profile),
        None => inside(context, pki, &profile),
    }
}

fn inside(context: &Context, pki: Option<&Path>, profile: &ApplicationProfile) -> Outcome {
    own::refuse_curve(profile.key)?;
    // before a store is made for it
    profile.check().map_err(|e| store::failed(pki.unwrap_or(Path::new("pki")), &e))?;
    let ours = Ours::make(context, pki)?;
    if let Some(present) = ours.pair(OwnRole::Active)? {
        return Err(exists(&present));
    }
    let identity = ApplicationIdentity::self_signed(profile).map_err(|e| ours.failed(&e))?;
    ours.store.save_own(&identity).map_err(|e| ours.failed(&e))?;
    let pair = ours.pair(OwnRole::Active)?.ok_or_else(|| ours.none())?;
    let created = Created {
        store: Some(ours.store.root().display().to_string()),
        certificate_file: pair.certificate_file.display().to_string(),
        key_file: pair.key_file.display().to_string(),
        certificate: CertificateView::of(identity.certificate()),
    };
    context.answer("cert-create", &created, || created.text())?;
    own::carry(&ours, OwnRole::Active).iter().for_each(|line| say(line));
    Ok(Exit::Ok)
}

fn outside(context: &Context, output: &Path, profile: &ApplicationProfile) -> Outcome {
    let (certificate, key) = (with_ending(output, "der")?, with_ending(output, "key.pem")?);
    if let Some(path) = [&certificate, &key].into_iter().find(|path| fs::symlink_metadata(path).is_ok()) {
        return Err(Box::new(
            Advice::new(
                "cert.file_exists",
                Exit::Usage,
                "there is such a file already; it was left as it is",
            )
            .fact("file", path.display().to_string())
            .then("take another name for --output"),
        ));
    }
    let failed = |error: &ua_pki::Error| store::failed(output, error);
    let identity = ApplicationIdentity::self_signed(profile).map_err(|e| failed(&e))?;
    file::write_new(&certificate, identity.certificate().der())
        .map_err(|e| disk("write the certificate", &certificate, &e))?;
    if let Err(error) = identity.key().save(&key) {
        // a certificate without its key is of no use; the first error is the one to report
        drop(fs::remove_file(&certificate));
        return Err(failed(&error));
    }
    let created = Created {
        store: None,
        certificate_file: certificate.display().to_string(),
        key_file: key.display().to_string(),
        certificate: CertificateView::of(identity.certificate()),
    };
    context.answer("cert-create", &created, || created.text())?;
    say("the key is a secret: nobody but its application may read that file");
    say(
        "names and URI are those of this machine where --name, --application-uri, --dns and --ip do not say others:",
    );
    say("the application URI must be the one that the application itself is configured with");
    Ok(Exit::Ok)
}

fn with_ending(output: &Path, ending: &str) -> Outcome<PathBuf> {
    let name = output.file_name().ok_or_else(|| {
        Box::new(
            Advice::new("usage.no_file_name", Exit::Usage, "--output needs a name for the two files")
                .fact("given", output.display().to_string())
                .then_run_alone(&["cert", "create", "--output", "plc1", "--application-uri", "urn:plc1:app"]),
        )
    })?;
    let mut name = name.to_os_string();
    name.push(".");
    name.push(ending);
    Ok(output.with_file_name(name))
}

impl Created {
    fn text(&self) -> String {
        format!(
            "{:<12} {}\n{:<12} {}\n{}",
            "written",
            safe(&self.certificate_file),
            "key",
            safe(&self.key_file),
            self.certificate.text()
        )
    }
}

fn exists(present: &OwnPair) -> Box<Advice> {
    Box::new(
        Advice::new(
            "cert.exists",
            Exit::Config,
            "we have an application certificate already; it was left as it is",
        )
        .fact("file", present.certificate_file.display().to_string())
        .fact("thumbprint", present.certificate.thumbprint().grouped())
        .fact("application", present.certificate.application_uri().unwrap_or("(no application URI)"))
        .fact("valid until", present.certificate.not_after().to_string())
        .then("to make the one that takes its place, when the servers trust it:")
        .then_run(&["cert", "renew"]),
    )
}

//! `lockgate ca init`: an authority's key, certificate and first revocation list. Never overwrites.

use serde::Serialize;
use ua_pki::authority::AuthorityFolder;
use ua_pki::issue::AuthorityProfile;
use ua_pki::{KeyKind, PrivateKey};

use super::place::{Place, day, in_days, start};
use crate::advice::Outcome;
use crate::cli::{CaInit, CaKey};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};
use crate::view::{CertificateText, CertificateView, CrlView};

#[derive(Serialize)]
struct Made {
    dir: String,
    certificate_file: String,
    crl_file: String,
    key_file: String,
    certificate: CertificateView,
    crl: CrlView,
}

pub(super) fn run(context: &Context, args: &CaInit) -> Outcome {
    let place = Place::new(context, args.place.dir.as_deref());
    let failed = |error| place.failed(&error);
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    let profile = AuthorityProfile {
        common_name: args.name.clone().unwrap_or_else(|| format!("{host} authority")),
        organization: args.organization.clone(),
        path_length: Some(0),
        valid_from: start(),
        days: args.days,
    };
    let key = PrivateKey::generate(args.key.kind()).map_err(|error| place.failed(&error))?;
    let folder =
        AuthorityFolder::create(&place.dir, &profile, key, in_days(args.list.days)).map_err(failed)?;
    let list = folder.current_list().map_err(|error| place.failed(&error))?;
    let list =
        list.ok_or_else(|| place.failed(&ua_pki::Error::Issue("the list is gone again".to_owned())))?;
    let made = Made {
        dir: place.dir.display().to_string(),
        certificate_file: folder.certificate_path().display().to_string(),
        crl_file: folder.crl_path().display().to_string(),
        key_file: folder.key_path().display().to_string(),
        certificate: CertificateView::of(folder.certificate()),
        crl: CrlView::of(&list),
    };
    context.answer("ca-init", &made, || made.text())?;
    let (certificate, crl) = (made.certificate_file.as_str(), made.crl_file.as_str());
    say("next: everybody who shall trust what it signs needs both files. For lockgate:");
    say(&format!("  {}", context.line(&["trust", "import", certificate])));
    say(&format!("  {}", context.line(&["trust", "import-crl", crl])));
    say("on an OPC UA server: ca.der into its folder trusted/certs, ca.crl into trusted/crl");
    say("then sign requests:");
    say(&format!("  {}", place.command(&["ca", "issue", "REQUEST.csr"])));
    say(&format!(
        "keep {} to yourself and back up the folder: with that key anybody makes certificates that all of them trust",
        safe(&made.key_file)
    ));
    say(&format!(
        "the revocation list ends on {}; a new one has to be everywhere before:",
        list.next_update().map(day).unwrap_or_default()
    ));
    say(&format!("  {}", place.command(&["ca", "crl"])));
    Ok(Exit::Ok)
}

impl Made {
    fn text(&self) -> String {
        format!(
            "folder       {}\n{}\n{:<12} {}\n{:<12} {}\n",
            safe(&self.dir),
            self.certificate.text(),
            "certificate",
            safe(&self.certificate_file),
            "list",
            safe(&self.crl_file)
        )
    }
}

impl CaKey {
    fn kind(self) -> KeyKind {
        match self {
            Self::Rsa2048 => KeyKind::Rsa { bits: 2048 },
            Self::Rsa3072 => KeyKind::Rsa { bits: 3072 },
            Self::Rsa4096 => KeyKind::Rsa { bits: 4096 },
            Self::EcP256 => KeyKind::EcP256,
            Self::EcP384 => KeyKind::EcP384,
        }
    }
}

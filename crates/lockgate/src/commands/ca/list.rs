//! `lockgate ca list`: what was issued, and how it stands.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use ua_pki::authority::{AuthorityFolder, Issued};
use ua_pki::{Crl, Thumbprint};

use super::place::{Place, day};
use crate::advice::Outcome;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, safe, say};
use crate::view::{CertificateView, CrlView};
use connector::documents::hex;

/// How long before its end a list is worth a word.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Serialize)]
struct List {
    dir: String,
    authority: CertificateView,
    crl: Option<CrlView>,
    certificates: Vec<IssuedView>,
}

/// An issued certificate for people and scripts.
#[derive(Debug, Serialize)]
pub(super) struct IssuedView {
    standing: &'static str,
    serial: String,
    thumbprint: String,
    sha256: String,
    subject: String,
    not_before: String,
    not_after: String,
    revoked_at: Option<String>,
    path: String,
}

impl IssuedView {
    pub(super) fn of(folder: &AuthorityFolder, issued: &Issued, now: Timestamp) -> Self {
        let standing = if issued.revoked.is_some() {
            "revoked"
        } else if now > issued.not_after {
            "expired"
        } else {
            "valid"
        };
        Self {
            standing,
            serial: issued.serial.clone(),
            thumbprint: Thumbprint::grouped(&issued.thumbprint),
            sha256: hex(&issued.sha256),
            subject: issued.subject.clone(),
            not_before: issued.not_before.to_string(),
            not_after: issued.not_after.to_string(),
            revoked_at: issued.revoked.map(|at| at.to_string()),
            path: folder.issued_path(issued).display().to_string(),
        }
    }

    pub(super) fn text(&self) -> String {
        let lines = [
            ("standing", self.standing),
            ("thumbprint", &self.thumbprint),
            ("serial", &self.serial),
            ("subject", &self.subject),
            ("valid until", &self.not_after),
        ];
        lines.iter().map(|(label, value)| format!("{label:<12} {}\n", safe(value))).collect()
    }
}

pub(super) fn run(context: &Context, dir: Option<&Path>) -> Outcome {
    let place = Place::new(context, dir);
    let folder = place.open()?;
    let now = clock::now();
    let crl = folder.current_list().map_err(|error| place.failed(&error))?;
    let list = List {
        dir: place.dir.display().to_string(),
        authority: CertificateView::of(folder.certificate()),
        crl: crl.as_ref().map(CrlView::of),
        certificates: folder.issued().iter().map(|issued| IssuedView::of(&folder, issued, now)).collect(),
    };
    context.answer("ca-list", &list, || list.text())?;
    remind(&place, crl.as_ref(), now);
    Ok(Exit::Ok)
}

/// Says when the revocation list needs care.
fn remind(place: &Place<'_>, crl: Option<&Crl>, now: Timestamp) {
    let what = match crl.map(Crl::next_update) {
        None => "the current revocation list is missing".to_owned(),
        Some(None) => return,
        Some(Some(until)) if until <= now => {
            format!(
                "the revocation list ended on {}: every certificate of this authority is refused now",
                day(until)
            )
        }
        Some(Some(until)) if until.duration_since(now) < SOON => {
            format!("the revocation list ends on {}", day(until))
        }
        Some(Some(_)) => return,
    };
    say(&format!("{what}; make a new one and carry it to everybody who trusts the authority:"));
    say(&format!("  {}", place.command(&["ca", "crl"])));
}

impl List {
    fn text(&self) -> String {
        let until = self.crl.as_ref().and_then(|crl| crl.next_update.clone());
        let head = format!(
            "{:<12} {}\n{:<12} {}\n{:<12} {}\n{:<12} {}\n\n",
            "authority",
            safe(&self.authority.subject),
            "thumbprint",
            self.authority.thumbprint,
            "valid until",
            self.authority.not_after,
            "list until",
            until.as_deref().unwrap_or("(no list)")
        );
        if self.certificates.is_empty() {
            return format!("{head}nothing issued yet\n");
        }
        let mut table = Table::new(&["STANDING", "THUMBPRINT", "SUBJECT", "SERIAL", "VALID UNTIL"]);
        for one in &self.certificates {
            let until = one.not_after.get(..10).unwrap_or(&one.not_after);
            table.row([one.standing, &one.thumbprint, &one.subject, &one.serial, until]);
        }
        format!("{head}{table}")
    }
}

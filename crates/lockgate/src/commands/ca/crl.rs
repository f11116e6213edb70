//! `lockgate ca crl`: a fresh revocation list, and what happens without one.

use serde::Serialize;
use ua_pki::Crl;
use ua_pki::authority::AuthorityFolder;

use super::place::{Place, day, in_days, start};
use crate::advice::Outcome;
use crate::cli::CaCrl;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};
use crate::view::{CrlText, CrlView};

#[derive(Serialize)]
struct Made {
    path: String,
    crl: CrlView,
}

pub(super) fn run(context: &Context, args: &CaCrl) -> Outcome {
    let place = Place::new(context, args.place.dir.as_deref());
    let mut folder = place.open()?;
    let list = folder.revocation_list(start(), in_days(args.days)).map_err(|error| place.failed(&error))?;
    let made = Made { path: folder.crl_path().display().to_string(), crl: CrlView::of(&list) };
    context
        .answer("ca-crl", &made, || format!("{:<12} {}\n{}", "list", safe(&made.path), made.crl.text()))?;
    carry(context, &place, &folder, &list);
    Ok(Exit::Ok)
}

/// Where a new list has to go, and until when.
pub(super) fn carry(context: &Context, place: &Place<'_>, folder: &AuthorityFolder, list: &Crl) {
    let path = folder.crl_path().display().to_string();
    say("next: carry the list to everybody who trusts this authority. For lockgate:");
    say(&format!("  {}", context.line(&["trust", "import-crl", &path])));
    say("on an OPC UA server: ca.crl into its folder trusted/crl, in place of the old one");
    let until = list.next_update();
    say(&format!(
        "it ends on {}: without a newer one, from then on every certificate of this authority is refused \
         (BadCertificateRevocationUnknown). Renew it before:",
        until.map(day).unwrap_or_default()
    ));
    say(&format!("  {}", place.command(&["ca", "crl"])));
    if until == Some(folder.certificate().not_after()) {
        say("it ends with the authority itself: a new authority has to be in place before that day");
    }
}

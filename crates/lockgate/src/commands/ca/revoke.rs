//! `lockgate ca revoke`: takes a certificate back, and makes the list that says so.

use serde::Serialize;
use ua_pki::Error;
use ua_pki::authority::IssuedQuery;

use super::crl::carry;
use super::list::IssuedView;
use super::place::{Place, in_days, start};
use crate::advice::Outcome;
use crate::cli::CaRevoke;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::safe;
use crate::view::{CrlText, CrlView};

#[derive(Serialize)]
struct Revoked {
    done: &'static str,
    revoked: IssuedView,
    path: String,
    crl: CrlView,
}

pub(super) fn run(context: &Context, args: &CaRevoke) -> Outcome {
    let place = Place::new(context, args.place.dir.as_deref());
    let query: IssuedQuery = args.which.parse().map_err(|error| place.failed(&error))?;
    let mut folder = place.open()?;
    let (now, from) = (clock::now(), start());
    let until = in_days(args.list.days);
    let (done, entry, list) = match folder.revoke(&query, from, until) {
        Ok((entry, list)) => ("revoked from now on", entry, list),
        Err(Error::AlreadyRevoked { .. }) => {
            let entry = folder.issued().iter().find(|entry| query.matches(entry)).cloned();
            let entry = entry.ok_or_else(|| place.failed(&Error::NotIssued { query: query.to_string() }))?;
            let list = match folder.current_list().map_err(|error| place.failed(&error))? {
                Some(list) => list,
                // the one that should say so is not there
                None => folder.revocation_list(from, until).map_err(|error| place.failed(&error))?,
            };
            ("was revoked already", entry, list)
        }
        Err(error) => return Err(place.failed(&error)),
    };
    let revoked = Revoked {
        done,
        revoked: IssuedView::of(&folder, &entry, now),
        path: folder.crl_path().display().to_string(),
        crl: CrlView::of(&list),
    };
    context.answer("ca-revoke", &revoked, || revoked.text())?;
    carry(context, &place, &folder, &list);
    Ok(Exit::Ok)
}

impl Revoked {
    fn text(&self) -> String {
        format!(
            "{}\n{}\n{:<12} {}\n{}",
            self.done,
            self.revoked.text(),
            "list",
            safe(&self.path),
            self.crl.text()
        )
    }
}

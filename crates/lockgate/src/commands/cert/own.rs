//! Our identity as the store has it.

use std::path::Path;

use ua_pki::ApplicationIdentity;

use crate::advice::{Advice, Outcome};
use crate::commands::store::{failed, open};
use crate::context::Context;
use crate::exit::Exit;

/// Our identity, or advice on how to make one.
pub(in crate::commands) fn own(context: &Context, pki: Option<&Path>) -> Outcome<ApplicationIdentity> {
    let store = open(context, pki)?;
    store.own().map_err(|e| failed(store.root(), &e))?.ok_or_else(|| {
        Box::new(
            Advice::new("pki.no_certificate", Exit::Config, "we have no application certificate yet")
                .fact("store", store.root().display().to_string())
                .then(
                    "put own/certs and own/private back; where there is no configuration yet, this makes both:",
                )
                .then_run(&["init"]),
        )
    })
}

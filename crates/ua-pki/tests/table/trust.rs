//! Step 5: who gives trust to whom.

use ua_pki::CertificateStatus::{ChainIncomplete, RevocationUnknown, TimeInvalid, Untrusted};

use super::{Row, row};
use crate::factory::{self, OTHER_KEY, app, app_with, root, self_signed, self_signed_with, sub};

pub(super) fn rows() -> Vec<Row> {
    let (alone, root) = (self_signed(), root());
    let sub = sub(&root);
    let (leaf, deep) = (app(&root), app(&sub));
    let expired = self_signed_with(|params| params.not_after = rcgen::date_time_ymd(2027, 5, 31));
    let renewed = self_signed_with(|params| params.serial_number = Some(rcgen::SerialNumber::from(vec![99])));
    let forged_root = factory::root_with("Root", OTHER_KEY, |_| {});
    let old_root = factory::root_with("Root", factory::ROOT_KEY, |params| {
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    });
    let stranger = app_with(&root, |params| params.distinguished_name = factory::name("stranger"));
    vec![
        row("CV-03", "ctt_appI").knows(&alone).presents(&alone).fails(&[Untrusted]),
        row("CV-04", "ctt_appT_rejected")
            .trusts(&alone)
            .with(|case| case.rejected.push(alone.certificate.clone()))
            .presents(&alone)
            .good(),
        row("CV-07", "ctt_ca1I_appU").knows_authority(&root).presents(&leaf).fails(&[Untrusted]),
        row("CV-09", "ctt_ca1T_ca2I_appU")
            .trusts_authority(&root)
            .knows_authority(&sub)
            .presents(&deep)
            .good(),
        row("CV-10", "ctt_ca1I_ca2I_appT")
            .knows_authority(&root)
            .knows_authority(&sub)
            .trusts(&deep)
            .presents(&deep)
            .good(),
        row("CV-11", "ctt_ca1I_ca2I_appU")
            .knows_authority(&root)
            .knows_authority(&sub)
            .presents(&deep)
            .fails(&[Untrusted]),
        row("CV-12", "ctt_ca1U_appT").trusts(&leaf).presents(&leaf).fails(&[ChainIncomplete]),
        row("CV-14", "ctt_ca1T_ca2sent_appU")
            .trusts_authority(&root)
            .lists_of(&[&sub])
            .presents(&deep)
            .presents(&sub)
            .good(),
        row("CV-15", "ctt_ca1sent_ca2sent_appU")
            .presents(&deep)
            .presents(&sub)
            .presents(&root)
            .fails(&[Untrusted]),
        row("CV-49", "ctt_appUE").presents(&expired).fails(&[Untrusted, TimeInvalid]),
        row("CV-92", "ctt_ca1IC_appU").knows(&root).presents(&leaf).fails(&[Untrusted, RevocationUnknown]),
        row("CV-118", "ctt_appT_renewedU").trusts(&alone).presents(&renewed).fails(&[Untrusted]),
        row("OWN-01", "root_with_the_name_of_a_trusted_one")
            .trusts_authority(&root)
            .presents(&app(&forged_root))
            .presents(&forged_root)
            .fails(&[Untrusted]),
        row("OWN-02", "renewed_root_beside_the_expired_one")
            .trusts(&old_root)
            .trusts_authority(&root)
            .presents(&leaf)
            .presents(&old_root)
            .good(),
        row("OWN-03", "unrelated_certificate_after_the_leaf")
            .trusts(&alone)
            .presents(&alone)
            .presents(&stranger)
            .good(),
    ]
}

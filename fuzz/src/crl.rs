//! A revocation list as an administrator brings it; also signed anew, so that it counts.

use ua_pki::{Crl, TrustList};

use crate::world::{self, assert_harmless, judge};

pub(crate) fn run(bytes: &[u8]) {
    match Crl::from_bytes(bytes) {
        Ok(list) => {
            read(&list);
            assert_eq!(Crl::from_der(list.der()).unwrap().len(), list.len());
        }
        Err(error) => assert_harmless(&error.to_string()),
    }
    for signer in [1, 2] {
        let Ok(list) = Crl::from_der(&world::signed_anew(bytes, signer)) else { return };
        read(&list);
        // alone, and beside the list that is right: whatever it says, it must not take a revocation back unnumbered
        let alone = TrustList::new(vec![world::ROOT.clone()], vec![world::SUB.clone()], vec![list.clone()]);
        let mut lists = world::LISTS.clone();
        lists.push(list);
        let beside = TrustList::new(vec![world::ROOT.clone()], vec![world::SUB.clone()], lists);
        for leaf in &world::ISSUED[2..] {
            judge(std::slice::from_ref(leaf), &alone, 0x31);
            judge(std::slice::from_ref(leaf), &beside, 0x41);
        }
    }
}

fn read(list: &Crl) {
    assert_harmless(list.issuer());
    assert!(list.len() <= list.der().len());
    assert!(format!("{list:?} {} {:?}", list.this_update(), list.next_update()).len() < 100_000);
}

//! Steps 6, 7 and 8: dates, hosts and application URIs.

use std::time::Duration;

use rcgen::date_time_ymd;
use ua_pki::CertificateStatus::{HostNameInvalid, IssuerTimeInvalid, TimeInvalid, UriInvalid};
use ua_pki::Role;

use super::{Row, row};
use crate::factory::{
    self, Node, ROOT_KEY, SUB_KEY, app, dns, ip, root, self_signed, self_signed_with, sub, uri,
};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = dates();
    rows.extend(hosts());
    rows.extend(uris());
    rows
}

fn dates() -> Vec<Row> {
    let (alone, root) = (self_signed(), root());
    let alone_at = |id, name: &str, time: &str| row(id, name).trusts(&alone).presents(&alone).at(time);
    let old_root =
        factory::root_with("Root", ROOT_KEY, |params| params.not_after = date_time_ymd(2027, 5, 31));
    let young_root =
        factory::root_with("Root", ROOT_KEY, |params| params.not_before = date_time_ymd(2027, 6, 2));
    let old_sub =
        factory::sub_with(&root, "Sub", SUB_KEY, |params| params.not_after = date_time_ymd(2027, 5, 31));
    let two_levels = |id, name: &str, root: &Node, sub: &Node| {
        row(id, name)
            .trusts_authority(root)
            .knows_authority(sub)
            .presents(&app(sub))
            .fails(&[IssuerTimeInvalid])
    };
    let longer = factory::app_with(&root, |params| params.not_after = date_time_ymd(2030, 1, 1));
    let for_ever = self_signed_with(|params| {
        params.not_before = date_time_ymd(1950, 1, 1);
        params.not_after = date_time_ymd(9999, 12, 31) + Duration::from_secs(86_399);
    });
    let until = |year| self_signed_with(|params| params.not_after = date_time_ymd(year, 1, 1));
    let (pivot, before) = (until(2050), until(2049));
    vec![
        alone_at("CV-47", "one_second_after", "2028-01-01T00:00:01Z").fails(&[TimeInvalid]),
        alone_at("CV-47", "within_the_last_second", "2028-01-01T00:00:00.9Z").good(),
        alone_at("CV-48", "one_second_before", "2025-12-31T23:59:59Z").fails(&[TimeInvalid]),
        alone_at("CV-48", "first_second", "2026-01-01T00:00:00Z").good(),
        two_levels("CV-50", "ctt_ca1T_ca2IE_appU", &root, &old_sub),
        two_levels("CV-51", "ctt_ca1TV_ca2I_appU", &young_root, &sub(&young_root)),
        two_levels("OWN-18", "ctt_ca1TE_ca2I_appU", &old_root, &sub(&old_root)),
        alone_at("CV-52", "ctt_appTE_suppressed", "2029-01-01T00:00:00Z")
            .suppressing(TimeInvalid)
            .good_telling(&[TimeInvalid]),
        row("CV-54", "ctt_ca1T_appU_outlives").trusts_authority(&root).presents(&longer).good(),
        row("CV-55", "from_1950_without_end").trusts(&for_ever).presents(&for_ever).good(),
        row("CV-55", "until_2050").trusts(&pivot).presents(&pivot).at("2049-12-31T00:00:00Z").good(),
        row("CV-55", "after_2050")
            .trusts(&pivot)
            .presents(&pivot)
            .at("2050-01-01T00:00:01Z")
            .fails(&[TimeInvalid]),
        row("CV-55", "until_2049").trusts(&before).presents(&before).at("2048-12-31T00:00:00Z").good(),
    ]
}

pub(super) fn named(names: Vec<rcgen::SanType>) -> Node {
    self_signed_with(|params| {
        params.subject_alt_names = vec![uri("urn:plc1:app")];
        params.subject_alt_names.extend(names);
    })
}

fn hosts() -> Vec<Row> {
    let good = named(vec![dns("plc1.plant.example"), ip("10.1.2.3"), ip("fd00::1")]);
    let mut rows = Vec::new();
    for (id, name, host) in [
        ("CV-57", "same", "plc1.plant.example"),
        ("CV-57", "other_case", "PLC1.Plant.Example"),
        ("CV-57", "final_dot", "plc1.plant.example."),
        ("CV-59", "v4", "10.1.2.3"),
        ("CV-59", "v4_in_v6", "::ffff:10.1.2.3"),
        ("CV-59", "v6", "fd00::1"),
        ("CV-59", "v6_in_brackets", "[fd00::1]"),
        ("CV-59", "v6_in_full", "fd00:0:0:0:0:0:0:1"),
        ("CV-59", "v6_with_zone", "[FD00::0001%eth0]"),
    ] {
        rows.push(row(id, format!("host_{name}")).trusts(&good).presents(&good).dials(host).good());
    }
    let odd = named(vec![dns("plc1"), dns("*.plant.example"), dns("plc1.plant.example"), dns("10.0.0.1")]);
    for (id, name, host) in [
        ("CV-58", "other", "plc2"),
        ("CV-58", "longer", "plc1.attacker.example"),
        ("CV-58", "shorter", "plc1.plant"),
        ("CV-62", "wildcard", "plc2.plant.example"),
        ("CV-58", "below", "x.plc1.plant.example"),
        ("CV-58", "localhost", "localhost"),
        ("CV-58", "loopback", "127.0.0.1"),
        ("CV-60", "address_as_dns_name", "10.0.0.1"),
        ("CV-58", "empty", ""),
    ] {
        let case = row(id, format!("host_{name}")).trusts(&odd).presents(&odd).dials(host);
        rows.push(case.fails(&[HostNameInvalid]));
    }
    rows.extend(international_hosts());
    let (alone, local) = (self_signed(), named(vec![dns("localhost"), ip("127.0.0.1")]));
    let nameless = named(Vec::new());
    let local_row = |name: &str, host| row("OWN-19", name).trusts(&local).presents(&local).dials(host);
    rows.extend([
        row("CV-65", "client_on_another_host")
            .trusts(&alone)
            .presents(&alone)
            .dials("elsewhere")
            .role(Role::Client)
            .good(),
        row("CV-66", "host_suppressed")
            .trusts(&alone)
            .presents(&alone)
            .dials("elsewhere")
            .suppressing(HostNameInvalid)
            .good_telling(&[HostNameInvalid]),
        local_row("localhost_by_name", "localhost").good(),
        local_row("localhost_by_address", "127.0.0.1").good(),
        local_row("localhost_by_the_other_address", "::1").fails(&[HostNameInvalid]),
        row("OWN-20", "common_name_is_no_host")
            .trusts(&nameless)
            .presents(&nameless)
            .fails(&[HostNameInvalid]),
    ]);
    rows
}

/// Certificates spell names in ASCII, people do not (RFC 5280 §7.2).
fn international_hosts() -> Vec<Row> {
    let plant = named(vec![dns("xn--plnt-moa.example"), dns("xn--fa-hia.example"), dns("plc1.example")]);
    let dials = |name: &str, host| row("OWN-80", name).trusts(&plant).presents(&plant).dials(host);
    vec![
        dials("host_with_umlaut", "plänt.example").good(),
        dials("host_with_umlaut_in_upper_case_and_final_dot", "PLÄNT.Example.").good(),
        dials("host_with_umlaut_of_two_characters", "pla\u{308}nt.example").good(),
        dials("host_with_umlaut_spelled_as_in_the_certificate", "XN--PLNT-MOA.example").good(),
        dials("host_with_sharp_s", "faß.example")
            .good()
            .because("IDNA 2008: ß is a letter of its own, and `fass.example` another host"),
        dials("host_of_wide_letters", "ｐｌｃ1.example")
            .good()
            .because("UTS 46 maps them, and the same mapping is done before the host is looked up"),
        dials("host_without_the_umlaut", "plant.example").fails(&[HostNameInvalid]),
        dials("host_with_ss", "fass.example").fails(&[HostNameInvalid]),
        dials("host_with_a_cyrillic_letter", "рlc1.example").fails(&[HostNameInvalid]),
        dials("host_that_is_no_name", "plä nt.example").fails(&[HostNameInvalid]),
        dials("host_below_a_name_with_umlaut", "x.plänt.example").fails(&[HostNameInvalid]),
    ]
}

fn uris() -> Vec<Row> {
    let alone = self_signed();
    let expects = |id, name: &str, uri| row(id, name).trusts(&alone).presents(&alone).expects(uri);
    let mut rows = Vec::new();
    for (id, name, other) in [
        ("CV-68", "uri_differs", "urn:plc2:app"),
        ("CV-68", "uri_in_other_case", "urn:plc1:App"),
        ("CV-68", "uri_with_space", "urn:plc1:app "),
        ("CV-68", "uri_cut", "urn:plc1:ap"),
        ("CV-72", "uri_empty", ""),
    ] {
        rows.push(expects(id, name, Some(other)).fails(&[UriInvalid]));
    }
    rows.push(expects("OWN-21", "uri_not_known_yet", None).good());
    let none = self_signed_with(|params| params.subject_alt_names = vec![dns("plc1")]);
    let no_names = self_signed_with(|params| params.subject_alt_names.clear());
    let two = named(vec![uri("urn:plc1:other"), dns("plc1")]);
    for (id, name, leaf) in
        [("CV-69", "no_uri", &none), ("CV-69", "no_names", &no_names), ("OWN-22", "two_uris", &two)]
    {
        for (known, expected) in [("", Some("urn:plc1:app")), ("_expecting_nothing", None)] {
            let case = row(id, format!("{name}{known}")).trusts(leaf).presents(leaf).expects(expected);
            rows.push(case.with(|case| case.host = None).fails(&[UriInvalid]));
        }
    }
    rows
}

//! Steps 7 and 8: the host that was dialled and the application URI. Only the leaf is looked at.

use super::chain::Path;
use super::report::{Fault, Report, Weight};
use super::{Role, host};
use crate::{Actor, CertificateStatus, Fact, Remedy, Step};

/// 7: the host that was dialled is named; only for servers.
pub(super) fn host_name(report: &mut Report<'_>, path: &Path) {
    let host = report.context.host.filter(|_| report.context.role == Role::Server);
    let (Some(host), Some(leaf)) = (host, path.certificates.first()) else {
        return report.skip(Step::HostName);
    };
    if host::matches(leaf, host) {
        return;
    }
    let mut names: Vec<String> = leaf.dns_names().to_vec();
    names.extend(leaf.ip_addresses().iter().map(ToString::to_string));
    let named = if names.is_empty() { "no host at all".to_owned() } else { names.join(", ") };
    let hint = if host::is_address_in_dns_name(leaf, host) {
        " (the address is there, but written as a DNS name, which does not count)"
    } else if leaf.dns_names().iter().any(|name| name.starts_with("*.")) {
        " (a wildcard does not count)"
    } else {
        ""
    };
    let remedy = if names.is_empty() {
        Remedy::new(
            Actor::Owner,
            format!("have the server's certificate issued again with {host} among its names"),
        )
    } else {
        Remedy::new(
            Actor::Us,
            format!(
                "if {host} is the right server, use one of the names in its certificate in the URL, or have the \
                 certificate issued again with {host} among its names"
            ),
        )
    };
    let mut facts = vec![Fact::new("dialled", host)];
    facts.extend(names.iter().map(|name| Fact::new("named", name)));
    report.add(Fault {
        step: Step::HostName,
        status: CertificateStatus::HostNameInvalid,
        weight: Weight::Suppressible,
        certificate: leaf,
        message: format!("does not name {host}, the host that was dialled; it names {named}{hint}"),
        facts,
        remedy,
    });
}

/// 8: the application URI; not for users.
pub(super) fn application_uri(report: &mut Report<'_>, path: &Path) {
    let Some(leaf) = path.certificates.first().filter(|_| report.context.role != Role::User) else {
        return report.skip(Step::ApplicationUri);
    };
    let owner = report.owner();
    let (uris, expected) = (leaf.facts().names.uris.as_slice(), report.context.application_uri);
    let message = match (uris, expected) {
        (_, Some("")) => format!("cannot be compared: {owner} says it has an empty application URI"),
        ([], _) => "has no application URI".to_owned(),
        ([one], _) if one.is_empty() => "has an empty application URI".to_owned(),
        ([one], Some(expected)) if one == expected => return,
        ([one], Some(expected)) => {
            let hint = if loosely(one) == loosely(expected) {
                " (they differ only in upper case, spaces or percent-encoding)"
            } else {
                ""
            };
            format!("has the application URI {one}; expected {expected}{hint}")
        }
        ([_], None) => return report.skip(Step::ApplicationUri),
        (several, _) => {
            format!("has {} URIs ({}); exactly one is allowed", several.len(), several.join(", "))
        }
    };
    let text = match expected {
        Some("") => format!("give {owner} an application URI, the one in its certificate"),
        Some(expected) if uris.len() == 1 => format!(
            "give {owner} a certificate for {expected}, or the application URI that its certificate has; if it was \
             replaced on purpose, its new application URI has to be expected here"
        ),
        _ => format!("have a certificate issued with exactly one URI: the application URI of {owner}"),
    };
    let mut facts: Vec<Fact> = uris.iter().map(|uri| Fact::new("found", uri)).collect();
    facts.extend(expected.map(|expected| Fact::new("expected", expected)));
    report.add(Fault {
        step: Step::ApplicationUri,
        status: CertificateStatus::UriInvalid,
        weight: Weight::Mandatory,
        certificate: leaf,
        message,
        facts,
        remedy: Remedy::new(Actor::Owner, text),
    });
}

/// For hints only: never for deciding.
fn loosely(uri: &str) -> String {
    uri.replace("%20", " ").split_whitespace().collect::<String>().to_lowercase()
}

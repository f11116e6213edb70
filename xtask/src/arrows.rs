//! Who may know whom: the arrows of docs/ARCHITECTURE.md, checked on what cargo resolved.
//!
//! Three rules. A crate of ours names only the crates listed for it. No runtime and no network library stands
//! anywhere under the crates that must be testable without either. And their own sources name no socket type.
//! Development dependencies are free: a test may drive a machine over a real socket.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{DependencyKind, Metadata, PackageId};
use proc_macro2::{TokenStream, TokenTree};

use crate::report::Outcome;
use crate::workspace::Workspace;

/// Crate → the crates of ours that it may name.
const ARROWS: &[(&str, &[&str])] = &[
    ("ua-pki", &[]),
    ("ua-channel", &["ua-pki"]),
    ("ua-codec", &[]),
    ("ua-client", &["ua-channel", "ua-codec", "ua-pki"]),
    ("ua-server", &["ua-channel", "ua-codec", "ua-pki"]),
    ("plant", &["ua-server", "ua-pki"]),
    ("tagstore", &[]),
    ("connector", &["ua-client", "ua-channel", "ua-pki", "tagstore"]),
    ("connector-web", &["connector", "tagstore", "ua-client", "ua-pki"]),
    ("lockgate", &["connector", "connector-web", "plant", "ua-client", "ua-pki", "tagstore"]),
    ("fuzz", &["ua-pki", "ua-channel", "ua-client"]),
    ("xtask", &[]),
];

/// Sans-io: no runtime, no socket, not even far below.
const SANS_IO: &[&str] = &["ua-pki", "ua-channel", "ua-codec", "tagstore"];

const NETWORK_LIBRARIES: &[&str] =
    &["tokio", "async-std", "smol", "async-io", "mio", "socket2", "hyper", "reqwest", "ureq", "quinn"];

const SOCKET_TYPES: &[&str] =
    &["TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs", "UnixStream", "UnixListener", "UnixDatagram"];

pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let graph = Graph::new(workspace.metadata())?;
    let mut wrong = graph.forbidden_arrows();
    for name in SANS_IO {
        wrong.extend(graph.found_under(name, NETWORK_LIBRARIES));
    }
    wrong.extend(graph.opc_ua_under("tagstore"));
    wrong.extend(socket_types_named(workspace)?);
    if wrong.is_empty() {
        println!("   {} crates, {} arrows", graph.ours.len(), graph.arrows().count());
        return Ok(Outcome::default());
    }
    for line in &wrong {
        println!("   {line}");
    }
    bail!(
        "{} forbidden: see the picture in docs/ARCHITECTURE.md and the table in xtask/src/arrows.rs",
        wrong.len()
    )
}

/// Normal and build dependencies as cargo resolved them, for every platform.
struct Graph<'a> {
    names: BTreeMap<&'a PackageId, &'a str>,
    ours: BTreeMap<&'a str, &'a PackageId>,
    edges: BTreeMap<&'a PackageId, Vec<&'a PackageId>>,
}

impl<'a> Graph<'a> {
    fn new(metadata: &'a Metadata) -> Result<Self> {
        let resolve = metadata.resolve.as_ref().context("cargo metadata resolved nothing")?;
        let edges = resolve.nodes.iter().map(|node| {
            let used = node.deps.iter().filter(|dependency| {
                dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development)
            });
            (&node.id, used.map(|dependency| &dependency.pkg).collect())
        });
        Ok(Self {
            names: metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect(),
            ours: metadata
                .workspace_packages()
                .iter()
                .map(|package| (package.name.as_str(), &package.id))
                .collect(),
            edges: edges.collect(),
        })
    }

    /// (crate, crate) for each arrow between crates of ours.
    fn arrows(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.ours.iter().flat_map(|(name, id)| {
            let targets = self.edges.get(id).into_iter().flatten();
            targets
                .filter_map(|target| self.name(target))
                .filter(|to| self.ours.contains_key(to))
                .map(|to| (*name, to))
        })
    }

    fn forbidden_arrows(&self) -> Vec<String> {
        let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
        let unknown = self
            .ours
            .keys()
            .filter(|name| !allowed.contains_key(*name))
            .map(|name| format!("{name}: not on the map; add it there, and to docs/ARCHITECTURE.md"));
        let wrong = self
            .arrows()
            .filter(|(from, to)| allowed.get(from).is_some_and(|targets| !targets.contains(to)))
            .map(|(from, to)| format!("{from} → {to}: no such arrow"));
        unknown.chain(wrong).collect()
    }

    /// One line per forbidden package below `root`, with the way that leads to it.
    fn found_under(&self, root: &str, forbidden: &[&str]) -> Vec<String> {
        self.ways(root)
            .into_iter()
            .filter(|way| way.last().is_some_and(|name| forbidden.contains(name)))
            .map(|way| format!("{}: must stay without I/O", way.join(" → ")))
            .collect()
    }

    fn opc_ua_under(&self, root: &str) -> Vec<String> {
        self.ways(root)
            .into_iter()
            .filter(|way| way.last().is_some_and(|name| name.contains("opcua")))
            .map(|way| format!("{}: the store knows no OPC UA", way.join(" → ")))
            .collect()
    }

    /// The shortest way from `root` to each package below it.
    fn ways(&self, root: &str) -> Vec<Vec<&'a str>> {
        let Some((name, id)) = self.ours.get_key_value(root) else { return Vec::new() };
        let mut seen = BTreeSet::from([*id]);
        let mut queue = VecDeque::from([(*id, vec![*name])]);
        let mut found = Vec::new();
        while let Some((id, way)) = queue.pop_front() {
            for target in self.edges.get(id).into_iter().flatten() {
                let Some(name) = self.name(target) else { continue };
                if seen.insert(target) {
                    let mut longer = way.clone();
                    longer.push(name);
                    queue.push_back((target, longer));
                }
            }
            found.push(way);
        }
        found
    }

    fn name(&self, id: &PackageId) -> Option<&'a str> {
        self.names.get(id).copied()
    }
}

fn socket_types_named(workspace: &Workspace) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for path in workspace.files()? {
        let Some(text) = path.to_str() else { continue };
        let sans_io = SANS_IO.iter().any(|name| text.starts_with(&format!("crates/{name}/src/")));
        if !sans_io || !text.ends_with(".rs") {
            continue;
        }
        let source = fs::read_to_string(workspace.root().join(&path))?;
        let tokens: TokenStream = source.parse().map_err(|error| anyhow::anyhow!("{text}: {error}"))?;
        for (line, name) in identifiers(tokens, SOCKET_TYPES) {
            wrong.push(format!("{text}:{line}: names {name}; this crate must stay without I/O"));
        }
    }
    Ok(wrong)
}

/// Every place where one of `wanted` stands as an identifier; comments and strings are not code.
fn identifiers(tokens: TokenStream, wanted: &[&str]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => found.extend(identifiers(group.stream(), wanted)),
            TokenTree::Ident(ident) => {
                let name = ident.to_string();
                if wanted.contains(&name.as_str()) {
                    found.push((ident.span().start().line, name));
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_in_code_is_found_and_one_in_a_comment_is_not() {
        let source = "// TcpStream\nfn f() { let _ = \"TcpStream\"; std::net::TcpStream::connect(a); }";
        let found = identifiers(source.parse().unwrap(), SOCKET_TYPES);
        assert_eq!(found, [(2, "TcpStream".to_owned())]);
    }

    #[test]
    fn every_arrow_leads_to_a_crate_that_is_listed_earlier_so_none_goes_in_a_circle() {
        for (index, (name, targets)) in ARROWS.iter().enumerate() {
            for target in *targets {
                let position = ARROWS.iter().position(|(other, _)| other == target);
                assert!(position.is_some_and(|at| at < index), "{name} → {target}");
            }
        }
    }
}

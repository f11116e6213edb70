//! `lockgate browse`: the nodes below a node, level by level.

use std::collections::{HashMap, HashSet};

use connector::documents::{NodeView, RefusedNode, Tree};
use ua_client::types::ObjectId;
use ua_client::{BrowseFilter, Error, Namespaces, NodeAddress, NodeId, Reference, Session, status_name};

use super::meet::meet;
use super::nodes;
use super::target::Target;
use crate::advice::{Advice, Outcome};
use crate::cli;
use crate::commands::{failure, runtime};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::progress::Meter;
use crate::output::{safe, say};

pub(super) fn run(context: &Context, args: &cli::Browse) -> Outcome {
    let text = args.node.clone().unwrap_or_else(|| "/Objects".to_owned());
    let addresses = nodes::parse(std::slice::from_ref(&text))?;
    let target = Target::resolve(context, &args.target)?;
    let tree: Outcome<Tree> = runtime::block_on(async {
        let opened = meet(context, &target, &args.target).await?;
        let tree = walk(context, &opened.session, &addresses, &text, args).await;
        if let Err(error) = opened.session.close().await {
            tracing::debug!(%error, "the server did not confirm the end of the session");
        }
        tree
    })?;
    let tree = tree?;
    context.answer("browse", &tree, || tree.text())?;
    if tree.truncated {
        say(&format!("stopped after {} nodes; raise --limit to see more", tree.nodes.len()));
    }
    for refused in &tree.refused {
        say(&format!("{} shows nothing below it: {}", safe(&refused.node_id), refused.status));
    }
    Ok(if tree.refused.is_empty() { Exit::Ok } else { Exit::Partly })
}

async fn walk(
    context: &Context,
    session: &Session,
    addresses: &[NodeAddress],
    text: &str,
    args: &cli::Browse,
) -> Outcome<Tree> {
    let explain = |error: Error| failure::explain(context, None, &connector::Error::Client(error));
    let root = match nodes::resolve(context, session, addresses).await?.pop().map(|asked| asked.id) {
        Some(Ok(root)) => root,
        Some(Err(problem)) => return Err(no_such_node(text, &problem)),
        None => ObjectId::ObjectsFolder.into(),
    };
    let namespaces = session.namespaces().await.map_err(explain)?;
    let path = if text.starts_with('/') { Some(text.trim_end_matches('/').to_owned()) } else { None };
    let mut walk = Walk {
        namespaces,
        limit: args.limit,
        visited: HashSet::from([root.clone()]),
        tree: Tree { root: text.to_owned(), nodes: Vec::new(), truncated: false, refused: Vec::new() },
    };
    let mut level = vec![(root, path, 0)];
    let filter = BrowseFilter { max_references_per_node: args.limit, ..BrowseFilter::default() };
    let mut meter = Meter::new();
    for depth in 1..=args.depth {
        let mut parents = std::mem::take(&mut level);
        while !parents.is_empty() {
            let part: Vec<_> = parents.drain(..parents.len().min(PARENTS_AT_ONCE)).collect();
            meter.show(&format!("found {} nodes, level {depth}", walk.tree.nodes.len()), None);
            let ids: Vec<NodeId> = part.iter().map(|(id, ..)| id.clone()).collect();
            let answers = session.browse(&ids, &filter).await.map_err(explain)?;
            for ((id, path, place), answer) in part.into_iter().zip(answers) {
                match answer {
                    Ok(references) => {
                        for reference in references {
                            level.extend(walk.enter(&reference, path.as_deref(), place, depth));
                        }
                    }
                    Err(status) if depth == 1 => {
                        return Err(no_such_node(text, status_name(status)));
                    }
                    Err(status) => {
                        let refused = RefusedNode { node_id: id.to_string(), status: status_name(status) };
                        walk.tree.refused.push(refused);
                    }
                }
            }
        }
        if level.is_empty() {
            break;
        }
    }
    Ok(walk.tree)
}

struct Walk {
    namespaces: Namespaces,
    limit: usize,
    visited: HashSet<NodeId>,
    tree: Tree,
}

impl Walk {
    /// Takes note of a node; gives it back to be followed, with its path and its place in the list, counted from 1.
    fn enter(
        &mut self,
        reference: &Reference,
        parent_path: Option<&str>,
        parent: usize,
        depth: u16,
    ) -> Option<(NodeId, Option<String>, usize)> {
        if self.tree.nodes.len() >= self.limit {
            self.tree.truncated = true;
            return None;
        }
        let id = reference.node_id.node_id.clone();
        let elsewhere = reference.node_id.server_index != 0 || !reference.node_id.namespace_uri.is_empty();
        let shown = NodeView::of(reference, &self.namespaces, parent_path, depth);
        let path = parent_path.is_some().then(|| shown.path.clone());
        self.tree.nodes.push(NodeView { parent, ..shown });
        let first_time = !elsewhere && self.visited.insert(id.clone());
        first_time.then_some((id, path, self.tree.nodes.len()))
    }
}

/// What is shown of it.
trait TreeText {
    fn text(&self) -> String;
}

impl TreeText for Tree {
    /// One line per node, indented below its parent.
    fn text(&self) -> String {
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            children.entry(node.parent).or_default().push(index);
        }
        let mut out = String::new();
        let mut waiting: Vec<usize> = children.get(&0).into_iter().flatten().rev().copied().collect();
        while let Some(index) = waiting.pop() {
            let Some(node) = self.nodes.get(index) else { continue };
            let indent = "  ".repeat(usize::from(node.depth.saturating_sub(1)));
            out.push_str(&format!(
                "{indent}{}  [{}]  {}\n",
                safe(&node.browse_name),
                node.node_class,
                safe(&node.node_id)
            ));
            waiting.extend(children.get(&(index + 1)).into_iter().flatten().rev());
        }
        if out.is_empty() { "nothing below this node\n".to_owned() } else { out }
    }
}

/// So often it is said how far it is.
const PARENTS_AT_ONCE: usize = 1000;

fn no_such_node(text: &str, problem: &str) -> Box<Advice> {
    Box::new(
        Advice::new("server.node", Exit::Partly, format!("{text} cannot be browsed: {problem}"))
            .then("begin at the top to see what there is: leave the node out"),
    )
}

//! `lockgate diff`: what changed on a server since its nodes were last taken over, and what that means.

use connector::SourceConfig;
use connector::selection::{NodeShown, Progress, Review, review};
use connector::sources::open_as;
use serde::Serialize;

use super::meet::explain;
use super::target::Target;
use crate::advice::{Advice, Outcome};
use crate::cli;
use crate::commands::{config, failure, runtime};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::progress::while_browsing;
use crate::output::{safe, say};

#[derive(Serialize)]
struct Answer {
    source: String,
    /// When the nodes were taken over.
    taken_at: String,
    /// What there is now was taken over by this call.
    accepted: bool,
    nodes_before: usize,
    nodes_now: usize,
    added: Vec<Node>,
    gone: Vec<Node>,
    changed: Vec<Changed>,
    streams: Streams,
}

#[derive(Serialize)]
struct Node {
    node: String,
    path: String,
    variable: bool,
}

#[derive(Serialize)]
struct Changed {
    #[serde(flatten)]
    node: Node,
    differences: Vec<Difference>,
}

#[derive(Serialize)]
struct Difference {
    what: &'static str,
    from: String,
    to: String,
}

#[derive(Serialize)]
struct Streams {
    added: Vec<String>,
    gone: Vec<String>,
    renamed: Vec<Renamed>,
}

#[derive(Serialize)]
struct Renamed {
    from: String,
    to: String,
}

pub(super) fn run(context: &Context, args: &cli::Diff) -> Outcome {
    let config = config::load(context)?;
    let source =
        config.source(&args.source).map_err(|error| failure::explain(context, None, &error))?.clone();
    if source.nodes.is_some() {
        return Err(listed(&source));
    }
    let target = Target::of_source(context, &config, source.clone())?;
    let data = &config.storage.data;
    let (answer, same) = runtime::block_on(async {
        let Some(review) = look(context, &target, &source, data).await? else {
            return Err(unknown(&source));
        };
        let mut answer = Answer::of(&source, &review);
        let same = review.is_empty();
        if args.accept {
            let failed = |error| failure::explain(context, Some(&target.about(None)), &error);
            review.accept(data).await.map_err(failed)?;
            answer.accepted = true;
        }
        Ok((answer, same))
    })??;
    context.answer("diff", &answer, || answer.text(args.limit))?;
    if answer.accepted {
        say("taken over; a lockgate that runs collects it within seconds");
    }
    Ok(if args.check && !same { Exit::Partly } else { Exit::Ok })
}

async fn look(
    context: &Context,
    target: &Target,
    source: &SourceConfig,
    data: &std::path::Path,
) -> Outcome<Option<Review>> {
    let (login, identity) = (target.login.clone(), std::sync::Arc::clone(&target.identity));
    let opened = match open_as(source, login, &target.store, identity, &target.session_name).await {
        Ok(opened) => opened,
        Err(error) => return Err(explain(context, target, &error).await),
    };
    let progress = Progress::default();
    let looking = review(&opened.session, source, &opened.server_application_uri, data, &progress);
    let found = while_browsing(&progress, looking).await;
    if let Err(error) = opened.session.close().await {
        tracing::debug!(%error, "the server did not confirm the end of the session");
    }
    found.map_err(|error| failure::explain(context, Some(&target.about(None)), &error))
}

fn listed(source: &SourceConfig) -> Box<Advice> {
    Box::new(
        Advice::new(
            "usage.nodes_are_listed",
            Exit::Usage,
            "this source collects the nodes of a list, whatever else its server has",
        )
        .fact("source", source.name.as_str())
        .then("which of them the server has is shown by")
        .then_run(&["select", source.name.as_str()]),
    )
}

fn unknown(source: &SourceConfig) -> Box<Advice> {
    Box::new(
        Advice::new(
            "diff.nothing_known",
            Exit::Config,
            "there is nothing to compare with: the nodes of this source were never taken over",
        )
        .fact("source", source.name.as_str())
        .then("they are when it is collected for the first time")
        .then_run(&["run"])
        .then("what is there, and what would be collected, is shown by")
        .then_run(&["select", source.name.as_str(), "--dry-run"]),
    )
}

impl Node {
    fn of(NodeShown { node, path, is_variable, .. }: NodeShown) -> Self {
        Self { node, path, variable: is_variable }
    }
}

impl Answer {
    fn of(source: &SourceConfig, review: &Review) -> Self {
        let (nodes_before, nodes_now) = review.nodes();
        let streams = review.streams();
        let changed = review.changed().map(|(node, differences)| {
            let differences =
                differences.into_iter().map(|one| Difference { what: one.what, from: one.from, to: one.to });
            Changed { node: Node::of(node), differences: differences.collect() }
        });
        Self {
            source: source.name.to_string(),
            taken_at: review.taken_at.to_string(),
            accepted: false,
            nodes_before,
            nodes_now,
            added: review.added().map(Node::of).collect(),
            gone: review.gone().map(Node::of).collect(),
            changed: changed.collect(),
            streams: Streams {
                added: streams.added,
                gone: streams.gone,
                renamed: streams.renamed.into_iter().map(|(from, to)| Renamed { from, to }).collect(),
            },
        }
    }

    fn text(&self, limit: usize) -> String {
        let Self { source, taken_at, nodes_before, nodes_now, .. } = self;
        let (added, gone, changed) = (&self.added, &self.gone, &self.changed);
        if added.is_empty() && gone.is_empty() && changed.is_empty() {
            return format!("{source}: {nodes_now} nodes, as they were at {taken_at}\n");
        }
        let mut text = format!(
            "{source}: {nodes_before} nodes at {taken_at}, {nodes_now} now; {} came, {} went, {} changed\n",
            added.len(),
            gone.len(),
            changed.len()
        );
        let line = |sign: &str, node: &Node| {
            let kind = if node.variable { "" } else { "/" };
            format!("  {sign} {}{kind}  {}", safe(&node.path), safe(&node.node))
        };
        text += &some(added, limit, |node| line("+", node));
        text += &some(gone, limit, |node| line("-", node));
        text += &some(changed, limit, |node| {
            let said: Vec<String> = node.differences.iter().map(Difference::text).collect();
            format!("{}\n      {}", line("~", &node.node), said.join("; "))
        });
        let Streams { added, gone, renamed } = &self.streams;
        if added.is_empty() && gone.is_empty() && renamed.is_empty() {
            return text + "the streams stay as they are\n";
        }
        text += &format!(
            "streams: {} more, {} without a node, {} renamed\n",
            added.len(),
            gone.len(),
            renamed.len()
        );
        text += &some(added, limit, |name| format!("  + {}", safe(name)));
        text += &some(gone, limit, |name| format!("  - {}", safe(name)));
        text + &some(renamed, limit, |Renamed { from, to }| format!("  ~ {} -> {}", safe(from), safe(to)))
    }
}

impl Difference {
    fn text(&self) -> String {
        let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { safe(text) };
        format!("{} was {}, is {}", self.what.replace('_', " "), shown(&self.from), shown(&self.to))
    }
}

/// The first lines, and how many more there are.
fn some<T>(all: &[T], limit: usize, line: impl Fn(&T) -> String) -> String {
    let mut text: String = all.iter().take(limit).map(|one| line(one) + "\n").collect();
    if all.len() > limit {
        text += &format!("  and {} more\n", all.len() - limit);
    }
    text
}

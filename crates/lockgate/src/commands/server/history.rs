//! `lockgate history`: what the server itself has kept, a line per value as it comes.

use jiff::tz::TimeZone;
use serde::Serialize;
use ua_client::{
    AGGREGATES, DataValue, DataValueRef, HistoryPages, HistoryRange, HistoryVisitor, NodeHistory, NodeId,
    ProcessedHistory, RawHistory, Session, ValueRef, aggregate, explain_history_status, status_name, ticks,
    to_data_value,
};

use super::meaning::Meaning;
use super::meet::meet;
use super::nodes::{self, Asked};
use super::target::Target;
use crate::advice::{Advice, Outcome};
use crate::cli;
use crate::clock;
use crate::commands::{failure, runtime};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{json, print, safe, say};
use crate::view::content::Content;
use crate::view::variant;
use connector::time_range::{TimeError, When};

/// A line of the answer. In JSON its `event` names it.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    /// The reading begins.
    Reading { schema: &'static str, nodes: usize, from: Option<String>, to: Option<String> },
    Value {
        node: &'a str,
        node_id: String,
        value: serde_json::Value,
        data_type: String,
        status: &'static str,
        status_code: u32,
        source_time: Option<String>,
        server_time: Option<String>,
    },
    /// A node has come to its end.
    End {
        node: &'a str,
        values: u64,
        /// `complete`, `limited`, `refused`, `unreadable` or `circles`.
        state: &'static str,
        status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        problem: Option<String>,
    },
}

/// What is asked for, in the server's time.
enum Question {
    Raw(RawHistory),
    Processed(ProcessedHistory),
    At(Vec<i64>),
}

pub(super) fn run(context: &Context, args: &cli::History) -> Outcome {
    let addresses = nodes::parse(&args.nodes)?;
    let question = question(args)?;
    let target = Target::resolve(context, &args.target)?;
    runtime::block_on(async {
        let opened = meet(context, &target, &args.target).await?;
        let asked = nodes::resolve(context, &opened.session, &addresses).await?;
        let read = read(context, &opened.session, &asked, &question).await;
        if let Err(error) = opened.session.close().await {
            tracing::debug!(%error, "the server did not confirm the end of the session");
        }
        read
    })?
}

fn question(args: &cli::History) -> Outcome<Question> {
    let (now, zone) = (clock::now(), TimeZone::system());
    let instant = |when: When| when.resolve(now, &zone).map(ticks).map_err(|error| no_time(&error));
    if !args.at.is_empty() {
        return Ok(Question::At(args.at.iter().map(|when| instant(*when)).collect::<Outcome<_>>()?));
    }
    let mut range = HistoryRange::between(instant(args.range.from)?, instant(args.range.to)?);
    if args.newest_first {
        range = range.newest_first();
    }
    match (&args.aggregate, args.every) {
        (Some(name), Some(interval)) => Ok(Question::Processed(ProcessedHistory {
            range,
            interval,
            aggregate: aggregate(name).ok_or_else(|| no_aggregate(name))?,
            configuration: None,
            at_most: Some(args.limit),
        })),
        _ => Ok(Question::Raw(RawHistory { at_most: Some(args.limit), ..RawHistory::new(range) })),
    }
}

fn no_time(error: &TimeError) -> Box<Advice> {
    Box::new(Advice::new("usage.time", Exit::Usage, error.to_string()))
}

fn no_aggregate(name: &str) -> Box<Advice> {
    Box::new(
        Advice::new("usage.aggregate", Exit::Usage, format!("there is no aggregate {name}"))
            .then(format!("the standard's are {}", AGGREGATES.join(", "))),
    )
}

/// What one answer brought: values with the place of their node.
#[derive(Default)]
struct Page {
    node: usize,
    values: Vec<(usize, DataValue)>,
}

impl HistoryVisitor for Page {
    fn begin_node(&mut self, node: usize, _: u32, _: Option<&[u8]>) {
        self.node = node;
    }
    fn value(&mut self, value: &DataValueRef<'_>) {
        let unreadable = DataValueRef { value: ValueRef::Null, status: BAD_DECODING_ERROR, ..*value };
        let read = to_data_value(value).or_else(|_| to_data_value(&unreadable));
        self.values.extend(read.ok().map(|read| (self.node, read)));
    }
    fn unsupported(&mut self, _: u32) {}
    fn end_node(&mut self, _: usize) {}
}

async fn read(context: &Context, session: &Session, asked: &[Asked], question: &Question) -> Outcome {
    let explain = |error: ua_client::Error| explain(context, error);
    let known: Vec<(&Asked, &NodeId)> =
        asked.iter().filter_map(|asked| Some((asked, asked.id.as_ref().ok()?))).collect();
    let ids: Vec<NodeId> = known.iter().map(|(_, id)| (*id).clone()).collect();
    let mut failed = 0;
    begin(context, question, asked.len())?;
    for asked in asked {
        if let Err(problem) = &asked.id {
            failed += 1;
            end(context, &asked.text, 0, ("refused", "BadNodeIdUnknown"), Some(problem.clone()))?;
        }
    }
    if ids.is_empty() {
        return Ok(Exit::Partly);
    }
    let mut pages = ask(session, ids, question).map_err(explain)?;
    let meaning = Meaning::of(session, known.iter().map(|(_, id)| *id)).await.map_err(explain)?;
    let mut counts = vec![0_u64; known.len()];
    let mut page = Page::default();
    while let Some(brought) = pages.next_page(&mut page).await.map_err(explain)? {
        for (node, value) in page.values.drain(..) {
            if let Some((asked, id)) = known.get(node) {
                let content = meaning.open(session, id, &value).await.map_err(explain)?;
                tell(context, (&asked.text, id), &value, content)?;
            }
        }
        for node in brought.nodes {
            let Some((asked, _)) = known.get(node.node) else { continue };
            let Some(count) = counts.get_mut(node.node) else { continue };
            *count += node.values;
            let Some((state, problem)) = ending(node.state) else { continue };
            failed += usize::from(problem.is_some());
            end(context, &asked.text, *count, state, problem)?;
        }
    }
    Ok(if failed > 0 { Exit::Partly } else { Exit::Ok })
}

fn ask(session: &Session, ids: Vec<NodeId>, question: &Question) -> Result<HistoryPages, ua_client::Error> {
    match question {
        Question::Raw(raw) => session.history_raw(ids, *raw),
        Question::Processed(processed) => session.history_processed(ids, processed),
        Question::At(times) => session.history_at_times(ids, times),
    }
}

/// State and status of a node that has come to its end, and what was wrong.
fn ending(state: NodeHistory) -> Option<((&'static str, &'static str), Option<String>)> {
    match state {
        NodeHistory::More => None,
        NodeHistory::Complete => Some((("complete", "Good"), None)),
        NodeHistory::Enough => Some((("limited", "Good"), None)),
        NodeHistory::Refused { status } => {
            let name = status_name(status);
            let why = explain_history_status(status).unwrap_or("the server refused it");
            Some((("refused", name), Some(why.to_owned())))
        }
        NodeHistory::Unreadable => {
            let why = "its history came in a form that cannot be read";
            Some((("unreadable", "BadDecodingError"), Some(why.to_owned())))
        }
        NodeHistory::Circles => {
            let why = "the server sends the same again and again; it was given up";
            Some((("circles", "BadInvalidState"), Some(why.to_owned())))
        }
        _ => Some((("refused", "Bad"), Some("it came to no end".to_owned()))),
    }
}

fn begin(context: &Context, question: &Question, nodes: usize) -> Outcome<()> {
    if !context.json {
        return Ok(());
    }
    let (from, to) = match question {
        Question::Raw(raw) => (raw.range.from(), raw.range.to()),
        Question::Processed(processed) => (processed.range.from(), processed.range.to()),
        Question::At(times) => {
            (times.iter().min().copied().unwrap_or(0), times.iter().max().copied().unwrap_or(0))
        }
    };
    let (from, to) = (variant::time(from), variant::time(to));
    line(&Line::Reading { schema: "lockgate/history/1", nodes, from, to })
}

fn tell(context: &Context, (node, id): (&str, &NodeId), value: &DataValue, content: Content) -> Outcome<()> {
    let status = value.status.unwrap_or_default().bits();
    let source_time = value.source_timestamp.as_ref().and_then(variant::time_of);
    let server_time = value.server_timestamp.as_ref().and_then(variant::time_of);
    if context.json {
        return line(&Line::Value {
            node,
            node_id: id.to_string(),
            value: content.json,
            data_type: content.data_type,
            status: status_name(status),
            status_code: status,
            source_time,
            server_time,
        });
    }
    let time = source_time.or(server_time).unwrap_or_else(|| "?".to_owned());
    let text = safe(&content.text);
    print(&format!("{time}  {}  {text}  {}\n", safe(node), status_name(status)))?;
    Ok(())
}

fn end(
    context: &Context,
    node: &str,
    values: u64,
    (state, status): (&'static str, &'static str),
    problem: Option<String>,
) -> Outcome<()> {
    if context.json {
        return line(&Line::End { node, values, state, status, problem });
    }
    let node = safe(node);
    match (problem, state) {
        (Some(problem), _) if values == 0 => say(&format!("{node}: {status}: {problem}")),
        (Some(problem), _) => say(&format!("{node}: {status}: {problem}, after {values} values")),
        (None, "limited") => {
            say(&format!("{node}: {values} values; there are more, raise --limit to see them"))
        }
        (None, _) => say(&format!("{node}: {values} values")),
    }
    Ok(())
}

fn line(line: &Line<'_>) -> Outcome<()> {
    print(&format!("{}\n", json::line(line)?))?;
    Ok(())
}

fn explain(context: &Context, error: ua_client::Error) -> Box<Advice> {
    if let ua_client::Error::Service { status, .. } = &error
        && let Some(why) = explain_history_status(*status)
    {
        return Box::new(
            Advice::new("server.no_history", Exit::Partly, format!("{why} ({})", status_name(*status)))
                .then("live values are not touched by this; gaps cannot be filled from this server"),
        );
    }
    failure::explain(context, None, &connector::Error::Client(error))
}

const BAD_DECODING_ERROR: u32 = 0x8007_0000;

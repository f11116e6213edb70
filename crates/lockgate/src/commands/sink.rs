//! `lockgate sink quarantine`: what the other side of a sink refused for good, and sending it once more.

use connector::config::SinkConfig;
use connector::{Config, RefusedMessage, refused_messages, send_again};
use serde::Serialize;

use super::{config, failure};
use crate::advice::{Advice, Outcome};
use crate::cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, safe, say};

#[derive(Serialize)]
struct List {
    messages: Vec<MessageView>,
}

#[derive(Serialize)]
struct Retried {
    sink: String,
    sent: usize,
    kept: usize,
    messages: Vec<MessageView>,
}

#[derive(Serialize)]
struct MessageView {
    sink: String,
    file: String,
    at: String,
    container: String,
    values: usize,
    code: u16,
    reason: String,
    /// Only after sending it again: whether the server took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<bool>,
}

pub(super) fn run(context: &Context, command: &cli::Sink) -> Outcome {
    let config = config::load(context)?;
    let cli::Sink::Quarantine(command) = command;
    match command {
        cli::Quarantine::List { sink } => list(context, &config, sink.as_deref()),
        cli::Quarantine::Retry { sink } => retry(context, &config, find(&config, sink)?),
    }
}

fn list(context: &Context, config: &Config, sink: Option<&str>) -> Outcome {
    let sinks: Vec<&SinkConfig> = match sink {
        Some(name) => vec![find(config, name)?],
        None => config.sinks.iter().collect(),
    };
    let mut list = List { messages: Vec::new() };
    for sink in sinks {
        let refused =
            refused_messages(config, sink).map_err(|error| failure::explain(context, None, &error))?;
        list.messages.extend(refused.iter().map(|message| MessageView::of(sink, message)));
    }
    context.answer("sink-quarantine-list", &list, || table(&list.messages))?;
    if !context.json && list.messages.is_empty() {
        say("nothing was refused");
    }
    Ok(Exit::Ok)
}

fn retry(context: &Context, config: &Config, sink: &SinkConfig) -> Outcome {
    let mut messages = Vec::new();
    let sent = send_again(config, sink, |message, refused| {
        let mut view = MessageView::of(sink, message);
        view.sent = Some(refused.is_none());
        if let Some(reason) = refused {
            reason.clone_into(&mut view.reason);
        }
        messages.push(view);
    });
    sent.map_err(|error| failure::explain(context, None, &error))?;
    let sent = messages.iter().filter(|message| message.sent == Some(true)).count();
    let kept = messages.len() - sent;
    let retried = Retried { sink: sink.name.to_string(), sent, kept, messages };
    context.answer("sink-quarantine-retry", &retried, || {
        let refused: Vec<&MessageView> =
            retried.messages.iter().filter(|message| message.sent == Some(false)).collect();
        let table = if refused.is_empty() { String::new() } else { table(refused) };
        format!("{table}{sent} taken, {kept} refused again\n")
    })?;
    Ok(if kept == 0 { Exit::Ok } else { Exit::Partly })
}

fn find<'a>(config: &'a Config, name: &str) -> Outcome<&'a SinkConfig> {
    config.sinks.iter().find(|sink| sink.name.as_str() == name).ok_or_else(|| {
        let known: Vec<&str> = config.sinks.iter().map(|sink| sink.name.as_str()).collect();
        let advice =
            Advice::new("config.no_such_sink", Exit::Config, format!("no sink is named `{}`", safe(name)));
        Box::new(match known.as_slice() {
            [] => advice.then("no sink is configured beside the historian"),
            known => advice.then(format!("the sinks are {}", known.join(", "))),
        })
    })
}

fn table<'a>(messages: impl IntoIterator<Item = &'a MessageView>) -> String {
    let mut table = Table::new(&["SINK", "REFUSED AT", "POINT", "VALUES", "CODE", "REASON", "FILE"]);
    for message in messages {
        table.row([
            message.sink.clone(),
            safe(&message.at),
            safe(&message.container),
            message.values.to_string(),
            message.code.to_string(),
            safe(&message.reason),
            safe(&message.file),
        ]);
    }
    table.to_string()
}

impl MessageView {
    fn of(sink: &SinkConfig, message: &RefusedMessage) -> Self {
        Self {
            sink: sink.name.to_string(),
            file: message.file.display().to_string(),
            at: message.at.clone(),
            container: message.container.clone(),
            values: message.values,
            code: message.code,
            reason: message.reason.clone(),
            sent: None,
        }
    }
}

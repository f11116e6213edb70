//! `lockgate select`: which variables of a source are collected, and what that means, before it is so.

use connector::alarms::{Offer, offers};
use connector::documents::{ImportView, OfferView, RuleView, Selected};
use connector::selection::{Action, Choice, PathPattern, Progress, Rule, choose};
use connector::sources::open_as;
use connector::{Config, SourceConfig};

use super::meet::explain;
use super::select_import;
use super::target::Target;
use crate::advice::{Advice, Outcome};
use crate::cli;
use crate::commands::{config, failure, runtime};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::progress::while_browsing;
use crate::output::{Table, safe, say};

pub(super) fn run(context: &Context, args: &cli::Select) -> Outcome {
    let mut config = config::load(context)?;
    let asked = rules_of(args);
    let foreign = args.import.as_deref().map(select_import::read).transpose()?;
    let mut source =
        config.source(&args.source).map_err(|error| failure::explain(context, None, &error))?.clone();
    let writes = (!asked.is_empty() || foreign.is_some()) && !args.dry_run;
    if writes && (!source.rules.is_empty() || source.nodes.is_some()) && !args.replace {
        return Err(has_rules(context, args));
    }
    if !asked.is_empty() {
        (source.rules, source.nodes) = (asked, None);
    }
    let target = Target::of_source(context, &config, source.clone())?;
    let (choice, events, imported) =
        runtime::block_on(ask(context, &target, &mut source, foreign.as_deref()))??;
    let nothing = choice.is_empty() && events.is_empty();
    if writes && nothing {
        return Err(picks_nothing(&source, &choice));
    }
    if writes {
        write(context, &mut config, &source)?;
    }
    let asks = args.include.is_empty() && args.exclude.is_empty() && args.import.is_none();
    let shown = if context.json { usize::MAX } else { args.limit };
    let events = events.into_iter().map(OfferView::of).collect();
    let answer =
        Selected { import: imported, events, ..Selected::of(&source, &choice, writes || asks, shown) };
    context.answer("select", &answer, || answer.text())?;
    tell(context, args, &source, &answer, writes);
    Ok(if nothing { Exit::Partly } else { Exit::Ok })
}

/// Those of the command line: what is excluded is excluded, whatever is included.
fn rules_of(args: &cli::Select) -> Vec<Rule> {
    let rule = |action, paths: &[PathPattern]| Rule {
        action,
        paths: paths.to_vec(),
        data_types: Vec::new(),
        type_definitions: Vec::new(),
        namespaces: Vec::new(),
        historizing: None,
        access_level: 0,
    };
    let exclude = (!args.exclude.is_empty()).then(|| rule(Action::Exclude, &args.exclude));
    let include = Action::Include(connector::selection::Sampling::default());
    let include = (!args.include.is_empty()).then(|| rule(include, &args.include));
    exclude.into_iter().chain(include).collect()
}

/// What is picked of the variables and of the events, and what came of a foreign list.
type Asked = (Choice, Vec<Offer>, Option<ImportView>);

async fn ask(
    context: &Context,
    target: &Target,
    source: &mut SourceConfig,
    foreign: Option<&str>,
) -> Outcome<Asked> {
    let identity = std::sync::Arc::clone(&target.identity);
    let login = target.login.clone();
    let opened = match open_as(source, login, &target.store, identity, &target.session_name).await {
        Ok(opened) => opened,
        Err(error) => return Err(explain(context, target, &error).await),
    };
    let failed = |error| failure::explain(context, Some(&target.about(None)), &error);
    let namespaces = opened.session.namespaces().await.map_err(|error| failed(error.into()))?.into_uris();
    let imported = match foreign {
        Some(text) => Some(select_import::into(source, text, &namespaces, context)?),
        None => None,
    };
    let progress = Progress::default();
    let choosing = choose(&opened.session, source, &namespaces, &progress);
    let choice = while_browsing(&progress, choosing).await.map_err(failed);
    let events = offers(&opened.session, source).await.map_err(failed);
    if let Err(error) = opened.session.close().await {
        tracing::debug!(%error, "the server did not confirm the end of the session");
    }
    Ok((choice?, events?, imported))
}

fn write(context: &Context, config: &mut Config, source: &SourceConfig) -> Outcome<()> {
    let failed = |error| failure::explain(context, None, &error);
    match &source.nodes {
        None => config.set_rules(source.name.as_str(), &source.rules).map_err(failed)?,
        Some(list) => {
            select_import::write(list)?;
            config.set_nodes(source.name.as_str(), &list.path).map_err(failed)?;
        }
    }
    config.save().map_err(failed)
}

fn has_rules(context: &Context, args: &cli::Select) -> Box<Advice> {
    let source = args.source.as_str();
    let advice = Advice::new(
        "usage.has_rules",
        Exit::Usage,
        "the source has rules or a list of nodes already, and nothing was changed",
    )
    .fact("configuration", context.config.display().to_string())
    .then("see what they pick with")
    .then_run(&["select", source]);
    Box::new(advice.then("put the new ones in their place with --replace, or see beforehand with --dry-run"))
}

fn picks_nothing(source: &SourceConfig, choice: &Choice) -> Box<Advice> {
    let what = format!(
        "the rules or the list pick none of the {} variables found, and nothing was changed",
        choice.found
    );
    Box::new(
        Advice::new("select.nothing", Exit::Usage, what)
            .then("a pattern is held against the path of browse names below the objects folder; look at them with")
            .then_run(&["browse", source.name.as_str()]),
    )
}

fn tell(context: &Context, args: &cli::Select, source: &SourceConfig, answer: &Selected, wrote: bool) {
    if answer.truncated {
        say(&format!("the browse stopped at max_nodes = {} of the source", source.max_nodes));
    }
    if wrote {
        let file = context.config.display();
        say(&format!("written to {file}; a lockgate that runs takes it at its next start"));
    } else if args.dry_run {
        say("nothing was changed");
    }
}

/// What is shown of it.
trait SelectedText {
    fn text(&self) -> String;
}

impl SelectedText for Selected {
    fn text(&self) -> String {
        let verb = if self.written { "picks" } else { "would pick" };
        let mut text = format!("{} {verb} {} of {} variables\n", self.source, self.picked, self.found);
        text += &self.import.as_ref().map(select_import::text).unwrap_or_default();
        if let Some(list) = &self.list {
            text += &format!("  listed in {}\n", safe(list));
        }
        for rule in &self.rules {
            text += &format!("  {}\n", safe(&rule.text()));
        }
        match self.values_per_second_at_most {
            Some(rate) => {
                text +=
                    &format!("  at most {rate:.1} values a second, if every value changed at every sample\n")
            }
            None => text += "  as many values a second as the server samples\n",
        }
        text +=
            &format!("  up to {} values kept by the server while we are away\n", self.values_queued_at_most);
        if self.hidden > 0 {
            text += &format!("  the server does not show what is below {} nodes\n", self.hidden);
        }
        if self.unknown > 0 {
            text += &format!("  the server does not have the namespace of {} listed nodes\n", self.unknown);
        }
        if self.collisions > 0 {
            text += &format!("  {} names would be the same; the node was added to them\n", self.collisions);
        }
        for events in &self.events {
            text += &format!("  {}\n", safe(&events.text()));
        }
        if self.streams.is_empty() {
            return text;
        }
        let mut table = Table::new(&["STREAM", "TYPE", "SAMPLED", "QUEUE", "DEAD BAND"]);
        for stream in &self.streams {
            let (kind, band) = (stream.data_type.as_deref(), stream.dead_band.as_deref());
            let sampled = match stream.sampling_interval_ms {
                0 => "every change".to_owned(),
                ms => format!("{ms} ms"),
            };
            let (kind, band) = (kind.unwrap_or_default(), band.unwrap_or_default());
            table.row([stream.name.as_str(), kind, &sampled, &stream.queue_size.to_string(), band]);
        }
        text += "\n";
        text += &table.to_string();
        match self.picked.saturating_sub(self.streams.len()) {
            0 => text,
            more => text + &format!("and {more} more\n"),
        }
    }
}

/// What is shown of events.
trait OfferText {
    fn text(&self) -> String;
}

impl OfferText for OfferView {
    /// On one line, as people read it.
    fn text(&self) -> String {
        let Self { name, notifier, problem, types, fields } = self;
        if let Some(problem) = problem {
            return format!("no events for {name}: {problem}");
        }
        let mut named: Vec<&str> = types.iter().take(SHOWN_TYPES).map(String::as_str).collect();
        if types.len() > SHOWN_TYPES {
            named.push("…");
        }
        let (named, fields) = (named.join(", "), fields.len());
        let many = if types.len() == 1 { "type" } else { "types" };
        format!(
            "events of {notifier} for {name}: {} {many} ({named}), {fields} fields of their own",
            types.len()
        )
    }
}

/// More are in the answer to `--json`.
const SHOWN_TYPES: usize = 5;

/// What is shown of a rule.
trait RuleText {
    fn text(&self) -> String;
}

impl RuleText for RuleView {
    /// On one line, as people read it.
    fn text(&self) -> String {
        let mut text = format!("{} {}", self.action, self.paths.join(", "));
        for (what, texts) in
            [("type", &self.data_types), ("defined by", &self.type_definitions), ("in", &self.namespaces)]
        {
            if !texts.is_empty() {
                text += &format!("; {what} {}", texts.join(" or "));
            }
        }
        if !self.access_level.is_empty() {
            text += &format!("; with {}", self.access_level.join(" and "));
        }
        match self.historizing {
            Some(true) => text + "; with a past",
            Some(false) => text + "; without a past",
            None => text,
        }
    }
}

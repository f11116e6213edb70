//! From text to a checked [`Config`], or to every problem in it.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use toml_edit::{Document, Item, TableLike};
use ua_channel::MessageSecurityMode;
use ua_client::EndpointUrl;
use ua_pki::{CertificateStatus, SecurityPolicy};

use super::address_space;
use super::event_rule::read_events;
use super::model::{
    Application, AskedFor, Config, DEFAULT_INTERVAL, DEFAULT_MAX_NODES, DEFAULT_ROOT, DEFAULT_SEAL, History,
    JournalFull, LEAST_PUBLISHING, LONGEST_QUEUE, Polling, SourceConfig, SourceName, Storage,
};
use super::problem::Problems;
use super::rule::read_rules;
use super::secret_ref::read_login;
use super::section::Section;
use super::sink::read_sinks;
use crate::error::Error;
use crate::naming::{NamespaceAliases, NodeAddress, nearest, printable};
use crate::next_step::NextStep;
use crate::selection::{NodeList, read_list};

impl Config {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// [`Error::ConfigRead`] when the file cannot be read, [`Error::ConfigInvalid`] with all its problems.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::ConfigRead { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Checks `text` as if it were the content of the file at `path`.
    ///
    /// # Errors
    /// [`Error::ConfigInvalid`] with every problem of the text.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let mut problems = Problems::new(text);
        let config = read_document(text, path, &mut problems);
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Error::ConfigInvalid { path: path.to_owned(), problems: problems.into_sorted() }),
        }
    }
}

fn read_document(text: &str, path: &Path, problems: &mut Problems<'_>) -> Option<Config> {
    let document = match Document::parse(text.to_owned()) {
        Ok(document) => document,
        Err(error) => {
            // only the first line: the rest of the parser's text quotes the file, which may hold a secret
            let message = error.message().lines().next().unwrap_or("not TOML").to_owned();
            problems.add(error.span(), message, None);
            return None;
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut root = Section::new("the file", document.as_table(), None, problems);
    let pki = folder.join(root.text("pki").unwrap_or("pki"));
    let application = root.section("application", "[application]", read_application).flatten();
    if application.is_none() && root.span_of("application").is_none() {
        let help = Some(
            NextStep::say("an example is written into an empty folder by: ")
                .then_run(&["init", "--dir", "DIR"]),
        );
        root.problem(None, "section [application] is missing".to_owned(), help);
    }
    let storage = root.section("storage", "[storage]", |s| read_storage(s, folder));
    let storage = storage.unwrap_or_else(|| Storage {
        data: folder.join("data"),
        seal_every: DEFAULT_SEAL,
        journal_limit: None,
        journal_full: JournalFull::Wait,
        journal_age: None,
        keep: None,
    });
    let web = root.section("web", "[web]", |section| section.parsed("listen", parse_listen)).flatten();
    let tables = root.item("source");
    let sinks = root.item("sink");
    root.finish();
    let sources = tables.map(|item| read_sources(item, folder, problems)).unwrap_or_default();
    if let Some(item) = sinks {
        check_sources_of_sinks(item, &sources, problems);
    }
    let sinks = sinks.map(|item| read_sinks(item, folder, problems)).unwrap_or_default();
    Some(Config {
        path: path.to_owned(),
        document: document.into_mut(),
        application: application?,
        storage,
        pki,
        sources,
        sinks,
        web,
    })
}

/// A sink that waits for a source that is not there would wait for ever, and nobody would be told.
fn check_sources_of_sinks(sinks: &Item, sources: &[SourceConfig], problems: &mut Problems<'_>) {
    let tables = sinks.as_array_of_tables().into_iter().flatten();
    let named = tables.filter_map(|table| table.get("sources")?.as_array()).flatten();
    for value in named {
        let Some(name) = value.as_str() else { continue };
        let known = || sources.iter().map(|source| source.name.as_str());
        if !known().any(|known| known == name) {
            let help = nearest(name, known()).map(|near| format!("did you mean `{near}`?").into());
            problems.add(value.span(), format!("there is no source `{}`", printable(name)), help);
        }
    }
}

/// Without a login only this machine may ask.
fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let example = "write an address and a port, as in \"127.0.0.1:8480\"";
    let address: SocketAddr = text.parse().map_err(|_| example.to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!("{} is not a loopback address; other machines cannot be let in yet", address.ip()))
    }
}

fn read_application(section: &mut Section<'_, '_, '_>) -> Option<Application> {
    let name = section.text("name").unwrap_or("lockgate").to_owned();
    let uri = section.required_text("uri")?.to_owned();
    if !uri.contains(':') || uri.chars().any(char::is_whitespace) {
        let span = section.span_of("uri");
        let help = Some("an application URI looks like \"urn:gateway1:lockgate\"".into());
        section.problem(span, "`uri` is not a URI".to_owned(), help);
    }
    Some(Application { name, uri })
}

fn read_storage(section: &mut Section<'_, '_, '_>, folder: &Path) -> Storage {
    let journal_limit = section.integer("journal_max_mib", 16..=LARGEST_JOURNAL).map(|mib: u64| mib << 20);
    let journal_full = section.parsed("journal_full", parse_journal_full).unwrap_or_default();
    if journal_full == JournalFull::DropOldest && section.item("journal_max_mib").is_none() {
        let span = section.span_of("journal_full");
        let help = Some("say when it is full: journal_max_mib = 4096".into());
        section.problem(span, "a journal without `journal_max_mib` is never full".to_owned(), help);
    }
    let days = |days: u64| Duration::from_secs(days * DAY);
    Storage {
        data: folder.join(section.text("data").unwrap_or("data")),
        seal_every: section.duration("seal_every", DEFAULT_SEAL, Duration::from_secs(1)),
        journal_limit,
        journal_full,
        journal_age: section.integer("journal_max_days", 1..=LONGEST_KEPT).map(days),
        keep: section.integer("keep_days", 1..=LONGEST_KEPT).map(days),
    }
}

fn parse_journal_full(text: &str) -> Result<JournalFull, String> {
    match text {
        "wait" => Ok(JournalFull::Wait),
        "drop-oldest" => Ok(JournalFull::DropOldest),
        _ => Err(format!("`{text}` is neither \"wait\" nor \"drop-oldest\"")),
    }
}

fn read_sources(item: &Item, folder: &Path, problems: &mut Problems<'_>) -> Vec<SourceConfig> {
    let Some(tables) = item.as_array_of_tables() else {
        let help = Some("write it as [[source]]".into());
        problems.add(item.span(), "`source` must be a list of sections".to_owned(), help);
        return Vec::new();
    };
    let mut names = HashSet::new();
    let mut sources = Vec::new();
    for table in tables {
        let table_like: &dyn TableLike = table;
        let mut section = Section::new("[[source]]", table_like, table.span(), problems);
        let source = read_source(&mut section, folder);
        if let Some(source) = &source
            && !names.insert(source.name.clone())
        {
            let span = section.span_of("name");
            section.problem(span, format!("two sources are named `{}`", source.name), None);
        }
        section.finish();
        sources.extend(source);
    }
    sources
}

fn read_source(section: &mut Section<'_, '_, '_>, folder: &Path) -> Option<SourceConfig> {
    let name = section.required_text("name").is_some().then(|| section.parsed("name", parse_name)).flatten();
    let url = section.required_text("url").is_some().then(|| section.parsed("url", parse_url)).flatten();
    let policy =
        section.required_text("policy").is_some().then(|| section.parsed("policy", parse_policy)).flatten();
    let mode = section.required_text("mode").is_some().then(|| section.parsed("mode", parse_mode)).flatten();
    let asked_for = read_asked_for(section);
    let label = name.as_ref().map_or("SOURCE", SourceName::as_str).to_owned();
    let login = read_login(section, &label, folder);
    let server_application_uri = section.text("server_application_uri").map(str::to_owned);
    let server_thumbprint =
        section.parsed("server_thumbprint", |t| t.parse().map_err(|e: ua_pki::Error| e.to_string()));
    let roots = section.list("roots", parse_root).unwrap_or_else(|| vec![DEFAULT_ROOT.to_owned()]);
    let publishing_interval = section.duration("publishing_interval", DEFAULT_INTERVAL, LEAST_PUBLISHING);
    let sampling_interval = section.duration("sampling_interval", DEFAULT_INTERVAL, Duration::ZERO);
    let configured_queue_size = section.integer("queue_size", 1..=LONGEST_QUEUE);
    let polling = section.parsed("polling", read_polling).unwrap_or_default();
    let rules = section.item("rule").map(|item| read_rules(item, section.problems())).unwrap_or_default();
    let events = section.item("events").map(|item| read_events(item, section.problems())).unwrap_or_default();
    let max_nodes = section.integer("max_nodes", 1..=MOST_NODES).unwrap_or(DEFAULT_MAX_NODES);
    let nodes = read_nodes(section, folder, max_nodes);
    if nodes.is_some() && !rules.is_empty() {
        let span = section.span_of("nodes");
        section.problem(span, "a source has either a list of `nodes` or rules".to_owned(), None);
    }
    let stream_name = section.parsed("stream_name", str::parse).unwrap_or_default();
    let namespace_aliases =
        section.item("namespaces").map(|item| read_aliases(item, section.problems())).unwrap_or_default();
    let history = section.section("history", "[source.history]", read_history).unwrap_or_default();
    let address_space =
        section.section("address_space", "[source.address_space]", address_space::read).unwrap_or_default();
    let danger_without_security = section.flag("danger_without_security");
    let danger_suppress = section.list("danger_suppress", parse_suppression).unwrap_or_default();
    let source = SourceConfig {
        name: name?,
        url: url?,
        policy: policy?,
        mode: mode?,
        asked_for,
        server_application_uri,
        server_thumbprint,
        login,
        roots,
        publishing_interval,
        sampling_interval,
        configured_queue_size,
        polling,
        max_nodes,
        rules,
        events,
        nodes,
        stream_name,
        namespace_aliases,
        history,
        address_space,
        danger_without_security,
        danger_suppress,
    };
    check_security(section, &source);
    Some(source)
}

fn read_polling(text: &str) -> Result<Polling, String> {
    let known = Polling::WORDS.into_iter().find(|(_, word)| *word == text);
    known.map(|(polling, _)| polling).ok_or_else(|| {
        format!("`{text}` is no way of polling; one of \"when-refused\", \"always\", \"never\"")
    })
}

/// The list of nodes in a file of its own; a mistake in it is one of the configuration.
fn read_nodes(section: &mut Section<'_, '_, '_>, folder: &Path, most: usize) -> Option<NodeList> {
    section.parsed("nodes", |name| {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let nodes = read_list(&text).map_err(|error| format!("{}, {error}", path.display()))?;
        if nodes.is_empty() || nodes.len() > most {
            return Err(format!("{} lists {} nodes; 1 to {most} can be", path.display(), nodes.len()));
        }
        Ok(NodeList { path, nodes })
    })
}

/// Alias = URI in the file; by URI here, because that is how it is asked for.
fn read_aliases(item: &Item, problems: &mut Problems<'_>) -> NamespaceAliases {
    let Some(table) = item.as_table_like() else {
        let help = Some("write it as namespaces = { mixing = \"urn:vendor:mixing\" }".into());
        problems.add(item.span(), "`namespaces` must be a table of short names".to_owned(), help);
        return NamespaceAliases::new();
    };
    let mut aliases = NamespaceAliases::new();
    for (alias, uri) in table.iter() {
        let Some(text) = uri.as_str() else {
            problems.add(uri.span(), format!("the namespace of `{alias}` must be a URI in quotes"), None);
            continue;
        };
        if alias != printable(alias) {
            problems.add(uri.span(), "a short name of a namespace cannot be shown".to_owned(), None);
        } else if let Some(other) = aliases.insert(text.to_owned(), alias.to_owned()) {
            problems.add(uri.span(), format!("`{other}` and `{alias}` are the same namespace"), None);
        }
    }
    aliases
}

fn read_history(section: &mut Section<'_, '_, '_>) -> History {
    let History { repair, values_per_second } = History::default();
    History {
        repair: if section.item("repair").is_some() { section.flag("repair") } else { repair },
        values_per_second: section
            .integer("values_per_second", 1..=FASTEST_READING)
            .unwrap_or(values_per_second),
    }
}

fn read_asked_for(section: &mut Section<'_, '_, '_>) -> AskedFor {
    let named = section.list("asked_for", |text| match text {
        "policy" => Ok(AskedFor { policy: true, mode: false }),
        "mode" => Ok(AskedFor { policy: false, mode: true }),
        _ => Err(format!("`{text}` is neither \"policy\" nor \"mode\"")),
    });
    named.unwrap_or_default().into_iter().fold(AskedFor::default(), |all, one| AskedFor {
        policy: all.policy || one.policy,
        mode: all.mode || one.mode,
    })
}

/// Policy and mode belong together, and no security at all needs its own word.
fn check_security(section: &mut Section<'_, '_, '_>, source: &SourceConfig) {
    let no_policy = source.policy == SecurityPolicy::None;
    let no_mode = source.mode == MessageSecurityMode::None;
    let span = section.span_of("mode");
    if no_policy != no_mode {
        let message = "policy None and mode None go together or not at all".to_owned();
        section.problem(span, message, None);
    } else if no_mode && !source.danger_without_security {
        let help = "for a test on a closed network write danger_without_security = true".into();
        section.problem(span, "this source would have no security".to_owned(), Some(help));
    } else if !no_mode && source.danger_without_security {
        let span = section.span_of("danger_without_security");
        let message = "danger_without_security is set, but policy and mode ask for security".to_owned();
        section.problem(span, message, Some("remove danger_without_security".into()));
    }
}

fn parse_name(text: &str) -> Result<SourceName, String> {
    text.parse().map_err(|error: Error| error.to_string())
}

fn parse_url(text: &str) -> Result<EndpointUrl, String> {
    text.parse().map_err(|error: ua_client::Error| error.to_string())
}

fn parse_policy(text: &str) -> Result<SecurityPolicy, String> {
    POLICIES.into_iter().find(|policy| policy.name() == text).ok_or_else(|| {
        format!("`{text}` is no policy we use; one of {}", POLICIES.map(SecurityPolicy::name).join(", "))
    })
}

fn parse_mode(text: &str) -> Result<MessageSecurityMode, String> {
    match text {
        "None" => Ok(MessageSecurityMode::None),
        "Sign" => Ok(MessageSecurityMode::Sign),
        "SignAndEncrypt" => Ok(MessageSecurityMode::SignAndEncrypt),
        _ => Err(format!("`{text}` is no mode; one of SignAndEncrypt, Sign, None")),
    }
}

fn parse_root(text: &str) -> Result<String, String> {
    text.parse::<NodeAddress>().map(|_| text.to_owned()).map_err(|error| error.to_string())
}

fn parse_suppression(text: &str) -> Result<CertificateStatus, String> {
    let status =
        CertificateStatus::from_name(text).ok_or_else(|| format!("`{text}` is no certificate status"))?;
    if status.suppressible() { Ok(status) } else { Err(format!("{text} cannot be suppressed")) }
}

/// In days: longer than Parquet's times reach back is for ever.
const LONGEST_KEPT: u64 = 100_000;
/// In MiB: a pebibyte is as far as any disk goes.
const LARGEST_JOURNAL: u64 = 1 << 30;
/// In seconds.
const DAY: u64 = 86_400;
/// Values of history in a second; more than any server gives.
const FASTEST_READING: u32 = 10_000_000;
/// Memory: a visited node takes some hundred bytes.
const MOST_NODES: usize = 10_000_000;
const POLICIES: [SecurityPolicy; 4] = [
    SecurityPolicy::Aes256Sha256RsaPss,
    SecurityPolicy::Aes128Sha256RsaOaep,
    SecurityPolicy::Basic256Sha256,
    SecurityPolicy::None,
];

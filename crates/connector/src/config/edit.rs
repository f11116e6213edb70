//! Changing the file without harming what people wrote in it: comments, order and spelling stay.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

use super::address_space;
use super::event_rule::write_events;
use super::model::{
    AskedFor, Config, DEFAULT_INTERVAL, DEFAULT_MAX_NODES, DEFAULT_ROOT, History, Polling, SecretRef,
    SourceConfig, SourceLogin,
};
use super::rule::write_rules;
use super::section::show;
use crate::error::Error;
use crate::naming::NameTemplate;
use crate::selection::Rule;

impl Config {
    /// Writes a fresh configuration file with its explanations. The folder must exist.
    ///
    /// # Errors
    /// [`Error::ConfigExists`] rather than overwriting; [`Error::ConfigWrite`].
    pub fn create(path: &Path, name: &str, application_uri: &str) -> Result<Self, Error> {
        if path.exists() {
            return Err(Error::ConfigExists { path: path.to_owned() });
        }
        let mut document: DocumentMut =
            TEMPLATE.parse().map_err(|_| Error::ConfigExists { path: path.to_owned() })?;
        if let Some(application) = document.get_mut("application").and_then(Item::as_table_mut) {
            fill(application, "name", name);
            fill(application, "uri", application_uri);
        }
        let config = Self::parse(&document.to_string(), path)?;
        config.save()?;
        Ok(config)
    }

    /// Writes the file: a new file beside it, fsynced, then renamed over it.
    ///
    /// # Errors
    /// [`Error::ConfigWrite`].
    pub fn save(&self) -> Result<(), Error> {
        write_atomically(&self.path, self.document.to_string().as_bytes())
            .map_err(|source| Error::ConfigWrite { path: self.path.clone(), source })
    }

    /// Adds a source at the end. Call [`Config::save`] to keep it.
    ///
    /// # Errors
    /// [`Error::SourceExists`]; [`Error::ConfigInvalid`] when the source makes no sense.
    pub fn add_source(&mut self, source: &SourceConfig) -> Result<(), Error> {
        if self.sources.iter().any(|s| s.name == source.name) {
            return Err(Error::SourceExists { name: source.name.to_string() });
        }
        let folder = self.folder().to_owned();
        self.edit(|document| {
            let sources = document.entry("source").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
            if let Some(tables) = sources.as_array_of_tables_mut() {
                tables.push(source_table(source, &folder));
            }
        })
    }

    /// Removes a source. Its samples stay. Call [`Config::save`] to keep the change.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`].
    pub fn remove_source(&mut self, name: &str) -> Result<(), Error> {
        self.source(name)?;
        self.edit(|document| {
            if let Some(tables) = document.get_mut("source").and_then(Item::as_array_of_tables_mut) {
                tables.retain(|table| table.get("name").and_then(Item::as_str) != Some(name));
            }
        })
    }

    /// Sets how a source logs in. Call [`Config::save`] to keep the change.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`].
    pub fn set_login(&mut self, name: &str, login: &SourceLogin) -> Result<(), Error> {
        let folder = self.folder().to_owned();
        self.edit_source(name, |table| write_login(table, login, &folder))
    }

    /// Sets which variables of a source are collected, in place of the rules it has. Call [`Config::save`] to keep the
    /// change.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`]; [`Error::ConfigInvalid`] when a rule makes no sense.
    pub fn set_rules(&mut self, name: &str, rules: &[Rule]) -> Result<(), Error> {
        self.edit_source(name, |table| {
            table.remove("nodes");
            write_rules(table, rules);
        })
    }

    /// Sets the list of nodes that a source collects, in place of rules and of the list it has. The list's file must be
    /// there. Call [`Config::save`] to keep the change.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`]; [`Error::ConfigInvalid`] when the list cannot be read.
    pub fn set_nodes(&mut self, name: &str, list: &Path) -> Result<(), Error> {
        let list = shown(list, self.folder());
        self.edit_source(name, |table| {
            table.remove("rule");
            table.insert("nodes", value(list));
        })
    }

    /// Records the application URI and the certificate with which the server proved itself.
    /// Call [`Config::save`] to keep the change.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`].
    pub fn pin_server(
        &mut self,
        name: &str,
        application_uri: &str,
        thumbprint: ua_pki::Thumbprint,
    ) -> Result<(), Error> {
        self.edit_source(name, |table| {
            table.insert("server_application_uri", value(application_uri));
            table.insert("server_thumbprint", value(thumbprint.to_string()));
        })
    }

    fn edit_source(&mut self, name: &str, change: impl FnOnce(&mut Table)) -> Result<(), Error> {
        self.source(name)?;
        self.edit(|document| {
            let tables = document.get_mut("source").and_then(Item::as_array_of_tables_mut);
            let table = tables.and_then(|tables| {
                tables.iter_mut().find(|t| t.get("name").and_then(Item::as_str) == Some(name))
            });
            if let Some(table) = table {
                change(table);
            }
        })
    }

    /// Every change is checked like a file that was just read, so that no edit can write what `load` refuses.
    fn edit(&mut self, change: impl FnOnce(&mut DocumentMut)) -> Result<(), Error> {
        let mut document = self.document.clone();
        change(&mut document);
        *self = Self::parse(&document.to_string(), &self.path)?;
        Ok(())
    }
}

fn source_table(source: &SourceConfig, folder: &Path) -> Table {
    let mut table = Table::new();
    table.insert("name", value(source.name.as_str()));
    table.insert("url", value(source.url.as_str()));
    table.insert("policy", value(source.policy.name()));
    table.insert("mode", value(crate::status::mode_name(source.mode)));
    let AskedFor { policy, mode } = source.asked_for;
    let asked_for: Array = [(policy, "policy"), (mode, "mode")]
        .into_iter()
        .filter_map(|(asked, word)| asked.then_some(word))
        .collect();
    if !asked_for.is_empty() {
        table.insert("asked_for", value(asked_for));
    }
    if let Some(uri) = &source.server_application_uri {
        table.insert("server_application_uri", value(uri.as_str()));
    }
    if let Some(thumbprint) = &source.server_thumbprint {
        table.insert("server_thumbprint", value(thumbprint.to_string()));
    }
    write_login(&mut table, &source.login, folder);
    if source.roots != [DEFAULT_ROOT] {
        table.insert("roots", value(source.roots.iter().map(String::as_str).collect::<Array>()));
    }
    if source.publishing_interval != DEFAULT_INTERVAL {
        table.insert("publishing_interval", value(show(source.publishing_interval)));
    }
    if source.sampling_interval != DEFAULT_INTERVAL {
        table.insert("sampling_interval", value(show(source.sampling_interval)));
    }
    if let Some(size) = source.configured_queue_size {
        table.insert("queue_size", value(i64::from(size)));
    }
    if source.polling != Polling::default() {
        table.insert("polling", value(source.polling.word()));
    }
    if source.max_nodes != DEFAULT_MAX_NODES {
        table.insert("max_nodes", value(i64::try_from(source.max_nodes).unwrap_or(i64::MAX)));
    }
    if let Some(list) = &source.nodes {
        table.insert("nodes", value(shown(&list.path, folder)));
    }
    if source.stream_name != NameTemplate::default() {
        table.insert("stream_name", value(source.stream_name.to_string()));
    }
    if !source.namespace_aliases.is_empty() {
        let aliases = source.namespace_aliases.iter();
        let aliases: InlineTable =
            aliases.map(|(uri, alias)| (alias.as_str(), Value::from(uri.as_str()))).collect();
        table.insert("namespaces", value(aliases));
    }
    if source.danger_without_security {
        table.insert("danger_without_security", value(true));
    }
    if !source.danger_suppress.is_empty() {
        table.insert(
            "danger_suppress",
            value(source.danger_suppress.iter().map(|s| s.name()).collect::<Array>()),
        );
    }
    if source.history != History::default() {
        let mut history = Table::new();
        history.insert("repair", value(source.history.repair));
        history.insert("values_per_second", value(i64::from(source.history.values_per_second)));
        table.insert("history", Item::Table(history));
    }
    address_space::write(&mut table, source.address_space);
    write_rules(&mut table, &source.rules);
    write_events(&mut table, &source.events);
    table
}

fn write_login(table: &mut Table, login: &SourceLogin, folder: &Path) {
    let keys: &[&str] = match login {
        SourceLogin::Anonymous => &[],
        SourceLogin::UserName { .. } => &["user", "password"],
        SourceLogin::Certificate { .. } => &["user_certificate", "user_key"],
        SourceLogin::IssuedToken { .. } => &["token"],
    };
    for other in ["user", "password", "user_certificate", "user_key", "token"] {
        if !keys.contains(&other) {
            table.remove(other);
        }
    }
    match login {
        SourceLogin::Anonymous => {}
        SourceLogin::UserName { user, password } => {
            table.insert("user", value(user.as_str()));
            table.insert("password", value(secret(password, folder)));
        }
        SourceLogin::Certificate { certificate, key } => {
            table.insert("user_certificate", value(shown(certificate, folder)));
            table.insert("user_key", value(shown(key, folder)));
        }
        SourceLogin::IssuedToken { token } => {
            table.insert("token", value(secret(token, folder)));
        }
    }
}

impl SecretRef {
    /// As it stands in the configuration, such as `{ file = "secrets/line1" }`.
    #[must_use]
    pub fn as_setting(&self) -> String {
        secret(self, Path::new("")).to_string().trim().to_owned()
    }
}

/// Where a secret is kept, as the file says it.
fn secret(reference: &SecretRef, folder: &Path) -> InlineTable {
    let mut inline = InlineTable::new();
    let (key, place) = match reference {
        SecretRef::Sealed { path, key } => {
            inline.insert("sealed", Value::from(shown(path, folder)));
            inline.insert("key", Value::from(secret(key, folder)));
            return inline;
        }
        SecretRef::File(path) => ("file", shown(path, folder)),
        SecretRef::Environment(name) => ("env", name.clone()),
        SecretRef::Credential(name) => ("credential", name.clone()),
    };
    inline.insert(key, Value::from(place));
    inline
}

/// A path, from the folder of the configuration if it is below it.
fn shown(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned()
}

/// Sets a key that the template has, keeping the comment above it.
fn fill(table: &mut Table, key: &str, text: &str) {
    if let Some(item) = table.get_mut(key) {
        *item = value(text);
    }
}

/// A crash leaves the old file or the new one, never half of one.
fn write_atomically(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
    name.push(".new");
    let fresh = path.with_file_name(name);
    let mut file = fs::File::create(&fresh)?;
    file.write_all(content)?;
    if let Ok(old) = fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::File::open(folder)?.sync_all()
}

const TEMPLATE: &str = r#"# lockgate: read OPC UA servers, keep every value.
# Paths are relative to the folder of this file. Add a source with: lockgate source add NAME URL

# our certificate, and the certificates we trust
pki = "pki"

[application]
name = ""
# must be the URI inside our certificate
uri = ""

[storage]
# journal and historian
data = "data"
# after how many days samples are deleted; without it they are kept for ever
# keep_days = 400
# how large the journal may grow while a sink is behind. Without it: as the disk goes
# journal_max_mib = 4096
# and what then: "wait" leaves new values on the servers, "drop-oldest" lets the oldest go that a sink has not taken
# journal_full = "wait"
# after how many days a sink that is behind does not get a value any more; the historian keeps it
# journal_max_days = 30
# how often collected samples are sealed into Parquet files
seal_every = "1m"

[web]
# health (/readyz) and metrics (/metrics), for this machine only
listen = "127.0.0.1:8480"
"#;

//! The configuration file `lockgate.toml`: what it may hold, how it is read, checked and changed.
//!
//! ```toml
//! pki = "pki"                                   # own certificate, trusted, issuers, rejected
//!
//! [application]
//! name = "lockgate"
//! uri = "urn:gateway1:lockgate"                 # must be the URI inside our certificate
//!
//! [storage]
//! data = "data"                                 # journal and historian
//! seal_every = "60s"
//! journal_max_mib = 4096                        # while a sink is behind; and what then:
//! journal_full = "wait"                         # or "drop-oldest"
//! journal_max_days = 30                         # what a sink has not taken after these days it does not get any more
//!
//! [web]
//! listen = "127.0.0.1:8480"                     # health and metrics, loopback only
//!
//! [[source]]
//! name = "line1"
//! url = "opc.tcp://plc1:4840"
//! policy = "Basic256Sha256"                     # exactly this, chosen at `source add`; weaker is an error
//! mode = "SignAndEncrypt"
//! asked_for = ["mode"]                          # which of the two a person named; the rest was the strongest offered
//! server_application_uri = "urn:plc1:server"    # pinned: another one is an error
//! server_thumbprint = "3FA9…"                   # last seen: a change is told, trust is decided by the store
//! user = "reader"
//! password = { file = "secrets/line1" }         # or { env = "…" }, { credential = "…" }, or sealed; never the text itself
//! roots = ["i=85"]                              # or "nsu=<namespace uri>;s=…"
//! publishing_interval = "500ms"
//! sampling_interval = "500ms"
//! polling = "when-refused"                      # or "always", "never": read in turn instead of subscribed
//!
//! nodes = "line1.nodes.csv"                     # these nodes and no browsing, instead of rules
//! stream_name = "{source}.{path}"               # {path:/} {name} {display_name} {namespace} {identifier} {node} …
//! namespaces = { mix = "urn:vendor:mixing" }    # short names for {namespace}
//! [source.history]                              # what the server itself keeps
//! repair = true                                 # gaps are filled from it
//! values_per_second = 10000                     # read no faster
//! [source.address_space]                        # when its nodes are browsed again
//! rebrowse = "24h"                              # or "never"
//! new_nodes = "collect"                         # or "review": they wait for `lockgate diff --accept`
//!
//! [[sink]]                                      # beside the historian
//! name = "files"
//! kind = "file"
//! folder = "out"
//! format = "jsonl"                              # or "csv", "parquet"
//! every = "1m"
//!
//! [[sink]]                                      # see docs/sinks.md
//! name = "pi"
//! kind = "omf"
//! url = "https://pi1/piwebapi/omf"
//! target = "pi-web-api"                         # or "edge-data-store", "connect"
//! user = "PLANT\\lockgate"
//! password = { file = "secrets/pi" }
//!
//! [[source.rule]]                               # the first rule that fits a variable decides
//! exclude = ["**/Diagnostics/**"]
//!
//! [[source.rule]]
//! include = ["Mixing/**"]                       # and: data_type, type_definition, namespace, historizing
//! data_type = ["Double", "Float"]
//! sampling_interval = "1s"                      # and: queue_size, dead_band = { absolute = 0.5 } or { percent = 1 }
//!
//! [[source.events]]                             # one stream of alarms and events; see docs/events.md
//! name = "alarms"                               # of the stream: line1.alarms
//! types = ["AlarmConditionType"]                # with what is derived from it; and: notifier, sources, refresh, queue_size
//! min_severity = 500
//! ```
//!
//! Rules: every path is relative to the folder of the file. A key nobody knows is an error with the nearest known
//! key, because a mistyped security setting that is silently ignored is a hole. All problems of a file are
//! reported at once, each with its line. Edits (`source add`, `login`) keep comments and order.
//!
//! The reader works on the parsed document itself, not through serde: so it knows the line of every value, and a
//! secret typed where none belongs is never copied into an error message.

mod address_space;
mod edit;
mod event_rule;
mod model;
mod omf;
mod plan;
mod problem;
mod read;
mod rule;
mod schema;
mod secret_ref;
mod section;
mod sink;

pub use address_space::{AddressSpaceConfig, NewNodes};
pub use model::{
    Application, AskedFor, Config, FileFormat, History, JournalFull, Polling, SecretRef, SinkConfig,
    SinkKind, SourceConfig, SourceLogin, SourceName, Storage,
};
pub use omf::{OmfConfig, OmfLogin, OmfTarget};
pub use plan::{Change, ConfigPart, Plan, PlannedAction, Setting};
pub use problem::Problem;
pub use schema::SCHEMA;

//! The command line, as clap reads it. One subcommand is one file in `commands/`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::exit;
use crate::time_range::{self, When};

/// Secure, lossless, read-only connector from OPC UA servers to historians and streams.
#[derive(Debug, Parser)]
#[command(name = "lockgate", version, after_help = exit::HELP, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Configuration file
    #[arg(
        long,
        global = true,
        env = "LOCKGATE_CONFIG",
        default_value = "lockgate.toml",
        value_name = "FILE"
    )]
    pub(crate) config: PathBuf,
    /// Answer on stdout as one JSON object that names its schema
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Reads the command line; ends the process with code 2 and a usage message when it is wrong.
pub(crate) fn parse() -> Cli {
    Cli::parse()
}

/// What can be asked of lockgate.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a configuration file and our own application certificate
    Init(Init),
    /// List the endpoints of a server, which one we would use and why, and whether we trust it
    Discover(Discover),
    /// The servers we read
    #[command(subcommand)]
    Source(Source),
    /// Store the user name and password for a source, and try them at once
    Login(Login),
    /// The certificates we trust, and those that wait for a decision
    #[command(subcommand)]
    Trust(Trust),
    /// Our own certificate, and a look into others
    #[command(subcommand)]
    Cert(Cert),
    /// Collect from every source until stopped
    Run(Run),
    /// How fresh the data of every source is
    Status(Status),
    /// The streams that have been collected
    Streams(Streams),
    /// The values of one stream
    Query(Query),
    /// Write the values of streams to a file
    Export(Export),
    /// The intervals in which values are known to be missing
    Gaps(Gaps),
    /// A simulated plant, the connector and the historian in one go
    Demo(Demo),
    /// The simulated plant alone: an OPC UA server to practise on
    Simulate(Simulate),
    /// Print a completion script for a shell
    Completions {
        /// Shell to complete in
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Folder to put configuration, certificate and data in (default: the folder of --config)
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Application name, shown on servers and written into the certificate
    #[arg(long, default_value = "lockgate")]
    pub(crate) name: String,
    /// Application URI, unique for this installation (default: urn:HOST:lockgate)
    #[arg(long, value_name = "URI")]
    pub(crate) application_uri: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Discover {
    /// Server, as in opc.tcp://plc1:4840
    pub(crate) url: String,
    /// Certificate store to judge the server by (default: the one of the configuration, if there is one)
    #[arg(long, value_name = "DIR")]
    pub(crate) pki: Option<PathBuf>,
    /// Give up after this long
    #[arg(long, default_value = "10s", value_parser = time_range::duration, value_name = "DURATION")]
    pub(crate) timeout: Duration,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Source {
    /// Add a server: choose its strongest endpoint, settle trust, log in once
    Add(SourceAdd),
    /// List the configured sources
    List,
    /// Take a source out of the configuration; collected data and trust stay
    Remove {
        /// Name of the source
        name: String,
    },
    /// Connect and log in now, and say what is wrong if it fails
    Check {
        /// Name of the source
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SourceAdd {
    /// Name of the source; stream names start with it
    pub(crate) name: String,
    /// Server, as in opc.tcp://plc1:4840
    pub(crate) url: String,
    /// Log in as this user (default: anonymous)
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Read the password from the first line of stdin instead of asking for it
    #[arg(long, requires = "user")]
    pub(crate) password_stdin: bool,
    /// Use exactly this security policy (default: the strongest that is offered)
    #[arg(long, value_enum)]
    pub(crate) policy: Option<Policy>,
    /// Use exactly this message security mode (default: sign-and-encrypt if offered)
    #[arg(long, value_enum)]
    pub(crate) mode: Option<Mode>,
    /// Collect below this node, such as i=85 or nsu=urn:plant;s=Line1; may be repeated
    #[arg(long = "root", value_name = "NODE")]
    pub(crate) roots: Vec<String>,
    /// Trust the server's certificate if it has exactly this thumbprint (SHA-1 or SHA-256)
    #[arg(long, value_name = "THUMBPRINT")]
    pub(crate) trust: Option<String>,
}

/// Security policies that can be asked for. SHA-1 policies do not exist here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Policy {
    /// RSA 2048-4096, AES-256-CBC, SHA-256
    #[value(name = "Basic256Sha256", alias = "basic256sha256")]
    Basic256Sha256,
    /// RSA 2048-4096 OAEP, AES-128-CBC, SHA-256
    #[value(name = "Aes128_Sha256_RsaOaep", alias = "aes128sha256rsaoaep")]
    Aes128Sha256RsaOaep,
    /// RSA 2048-4096 OAEP-SHA256 and PSS, AES-256-CBC, SHA-256
    #[value(name = "Aes256_Sha256_RsaPss", alias = "aes256sha256rsapss")]
    Aes256Sha256RsaPss,
}

/// Message security modes that can be asked for. None is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Signed, readable by anybody on the way
    Sign,
    /// Signed and encrypted
    SignAndEncrypt,
}

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Name of the source
    pub(crate) name: String,
    /// User name (default: the one already configured)
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Read the password from the first line of stdin instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// Where the certificate store is.
#[derive(Debug, Args)]
pub(crate) struct PkiDir {
    /// Certificate store (default: the one of the configuration)
    #[arg(long, value_name = "DIR")]
    pub(crate) pki: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// List trusted, issuer and rejected certificates
    List(PkiDir),
    /// Show one certificate of the store with the verdict on it
    Show(OneCertificate),
    /// Trust a certificate that was rejected; compare the thumbprint on the server first
    Accept(OneCertificate),
    /// Stop trusting a certificate and keep it among the rejected
    Reject(OneCertificate),
    /// Delete a certificate from the store
    Remove(OneCertificate),
    /// Take a certificate file (DER or PEM) into the store
    Import {
        /// Certificate file
        file: PathBuf,
        /// What to take it as
        #[arg(long = "as", value_enum, default_value_t = ImportAs::Trusted)]
        role: ImportAs,
        #[command(flatten)]
        store: PkiDir,
    },
    /// Take a certificate revocation list (DER or PEM) into the store
    ImportCrl {
        /// Revocation list file
        file: PathBuf,
        #[command(flatten)]
        store: PkiDir,
    },
}

#[derive(Debug, Args)]
pub(crate) struct OneCertificate {
    /// Thumbprint, SHA-1 or SHA-256, in full; colons and blanks do not matter
    pub(crate) thumbprint: String,
    #[command(flatten)]
    pub(crate) store: PkiDir,
}

/// The two meanings of a certificate in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportAs {
    /// Trusted by itself
    Trusted,
    /// Only helps to build chains
    Issuer,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cert {
    /// Show our own certificate, or the one in a file
    Show {
        /// Certificate file, DER or PEM
        file: Option<PathBuf>,
        #[command(flatten)]
        store: PkiDir,
    },
    /// Write our own certificate to a file, to be carried to a server
    Export {
        /// File to write; by its ending .der, .crt or .pem (default: PEM on stdout)
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Encoding (default: by the ending of the file)
        #[arg(long, value_enum)]
        encoding: Option<Encoding>,
        #[command(flatten)]
        store: PkiDir,
    },
}

/// How a certificate is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Encoding {
    /// Binary; what most servers expect
    Der,
    /// Text
    Pem,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Stop by itself after this long
    #[arg(long = "for", value_parser = time_range::duration, value_name = "DURATION")]
    pub(crate) duration: Option<Duration>,
    /// Form of the log lines on stderr (default: text on a terminal, else JSON)
    #[arg(long, value_enum)]
    pub(crate) log: Option<LogForm>,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// For people
    Text,
    /// One object per line
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Show again whenever it changes, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Streams {
    /// Only streams whose name contains this
    pub(crate) filter: Option<String>,
}

/// An interval of time.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Range {
    /// Start, included: -1h, -2d, 2026-08-27, 2026-08-27T06:00:00Z
    #[arg(long, default_value = "-1h", allow_hyphen_values = true, value_name = "TIME")]
    pub(crate) from: When,
    /// End, not included
    #[arg(long, default_value = "now", allow_hyphen_values = true, value_name = "TIME")]
    pub(crate) to: When,
}

#[derive(Debug, Args)]
pub(crate) struct Query {
    /// Name of the stream, or an ending of it that only one stream has
    pub(crate) stream: String,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Form of the answer (--json is the same as --format json)
    #[arg(long, value_enum, default_value_t = QueryFormat::Table)]
    pub(crate) format: QueryFormat,
    /// At most this many values, counted from the start of the interval
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) limit: usize,
}

/// How `query` prints values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueryFormat {
    /// For people
    Table,
    /// Comma separated, with a header
    Csv,
    /// One object
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Names of streams, or unique endings of them (default: every stream)
    pub(crate) streams: Vec<String>,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Form of the file
    #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
    pub(crate) format: ExportFormat,
    /// File to write; it must not exist yet
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// What `export` can write. For Parquet, copy the historian's folder: its files are Parquet as they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Comma separated, with a header
    Csv,
    /// One JSON object per line
    Jsonl,
}

#[derive(Debug, Args)]
pub(crate) struct Gaps {
    /// Only gaps that reach into this interval
    #[arg(long, allow_hyphen_values = true, value_name = "TIME")]
    pub(crate) from: Option<When>,
    /// End of that interval
    #[arg(long, default_value = "now", allow_hyphen_values = true, value_name = "TIME")]
    pub(crate) to: When,
    /// Only gaps of this source
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Folder for everything the demo makes; it can be deleted afterwards
    #[arg(long, default_value = "lockgate-demo", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Stop by itself after this long (default: on Ctrl-C)
    #[arg(long = "for", value_parser = time_range::duration, value_name = "DURATION")]
    pub(crate) duration: Option<Duration>,
    /// Port of the simulated plant on the loopback interface; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// Folder for the plant's certificate store
    #[arg(long, default_value = "plant", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Port on the loopback interface; 0 takes a free one
    #[arg(long, default_value_t = 4840)]
    pub(crate) port: u16,
    /// Counters besides the named signals
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) counters: u32,
    /// Stop by itself after this long (default: on Ctrl-C)
    #[arg(long = "for", value_parser = time_range::duration, value_name = "DURATION")]
    pub(crate) duration: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}

//! From nothing to a source that works: `init`, `discover`, `source`, `login`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use connector::time_range;

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
pub(crate) enum ConfigCommand {
    /// Check the configuration, our certificate and the logins without talking to any server
    Check,
    /// Print the JSON Schema of the configuration, for editors that check while you write
    Schema,
    /// Show what a running lockgate would do differently if it read the configuration again
    Plan,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Source {
    /// Add a server: choose its strongest endpoint, settle trust, log in once
    Add(SourceAdd),
    /// List the configured sources
    List,
    /// Show one source with everything that is configured for it
    Show {
        /// Name of the source
        name: String,
    },
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
    #[command(flatten)]
    pub(crate) certificate: UserCertificate,
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
    #[command(flatten)]
    pub(crate) certificate: UserCertificate,
}

/// A user who logs in with a certificate instead of a password.
#[derive(Debug, Args)]
pub(crate) struct UserCertificate {
    /// Log in with this user certificate (DER or PEM) instead of a name and a password
    #[arg(long, value_name = "FILE", requires = "user_key", conflicts_with_all = ["user", "password_stdin"])]
    pub(crate) user_cert: Option<PathBuf>,
    /// The private key to --user-cert (PEM, mode 0600)
    #[arg(long, value_name = "FILE", requires = "user_cert")]
    pub(crate) user_key: Option<PathBuf>,
}

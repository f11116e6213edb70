//! Our own certificate, and a look into others: `cert`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use ua_pki::KeyKind;

use super::{PkiDir, Verify};

#[derive(Debug, Subcommand)]
pub(crate) enum Cert {
    /// Show our own certificate, or the one in a file
    Show {
        /// Certificate file, DER or PEM
        file: Option<PathBuf>,
        #[command(flatten)]
        store: PkiDir,
    },
    /// Judge a certificate by all steps of OPC UA, and say what would have to be done; changes nothing
    Verify(Verify),
    /// Make a certificate and its key where there are none; never overwrites
    Create(Create),
    /// Make the certificate that takes the place of ours, beside the one in use
    Renew(Renew),
    /// Use the next certificate from now on, or go back to the former one
    Use {
        /// Which one
        #[arg(value_enum)]
        which: Which,
        #[command(flatten)]
        store: PkiDir,
    },
    /// Write a request, with which an authority makes a certificate for our key
    Csr(Csr),
    /// Take in the certificate that an authority made for our key, or a certificate with its key
    Import {
        /// Certificate file, DER or PEM; its issuers may be in it, in any order
        file: PathBuf,
        /// File of the private key, PEM or DER (default: ours that the certificate is for)
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Replace a certificate that waits already to be used next
        #[arg(long)]
        replace: bool,
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
        /// The certificate that waits to be used next
        #[arg(long)]
        next: bool,
        #[command(flatten)]
        store: PkiDir,
    },
}

/// What a certificate says, where it is not what is there already.
#[derive(Debug, Clone, Args)]
pub(crate) struct Names {
    /// Application URI (default: that of the configuration or of our certificate, else urn:HOST:NAME)
    #[arg(long, value_name = "URI")]
    pub(crate) application_uri: Option<String>,
    /// Common name (default: that of our certificate or of the configuration, else lockgate; with --output that of the
    /// files)
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Organisation that runs the application
    #[arg(long, value_name = "NAME")]
    pub(crate) organization: Option<String>,
    /// Host name of the application; may be repeated (default: those of our certificate, else this machine)
    #[arg(long, value_name = "HOST")]
    pub(crate) dns: Vec<String>,
    /// IP address of the application; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) ip: Vec<IpAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    #[command(flatten)]
    pub(crate) names: Names,
    /// Kind of key
    #[arg(long, value_enum, default_value_t = Key::Rsa2048)]
    pub(crate) key: Key,
    /// Days it is valid, from now
    #[arg(long, default_value_t = connector::identity::VALID_DAYS)]
    pub(crate) days: u32,
    /// Write NAME.der and NAME.key.pem for another application, which the certificate calls NAME where --name does not
    /// say otherwise; the store is left alone
    #[arg(short, long, value_name = "NAME", conflicts_with = "pki")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: PkiDir,
}

#[derive(Debug, Args)]
pub(crate) struct Renew {
    /// Keep the key and make a new certificate for it only
    #[arg(long, conflicts_with = "key")]
    pub(crate) same_key: bool,
    /// Kind of the new key (default: that of the key in use)
    #[arg(long, value_enum)]
    pub(crate) key: Option<Key>,
    /// Days it is valid, from now
    #[arg(long, default_value_t = connector::identity::VALID_DAYS)]
    pub(crate) days: u32,
    /// Use it at once: for a certificate that servers refuse anyway
    #[arg(long)]
    pub(crate) use_now: bool,
    /// Replace a certificate that waits already to be used next
    #[arg(long)]
    pub(crate) replace: bool,
    /// Sign it ourselves although an authority signed the one in use
    #[arg(long)]
    pub(crate) self_signed: bool,
    #[command(flatten)]
    pub(crate) names: Names,
    #[command(flatten)]
    pub(crate) store: PkiDir,
}

#[derive(Debug, Args)]
pub(crate) struct Csr {
    /// File to write; by its ending .der, .csr or .pem (default: PEM on stdout)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Make a new key, which waits in the store for its certificate (default: the key that waits, else the one in use)
    #[arg(long)]
    pub(crate) new_key: bool,
    /// Kind of the new key
    #[arg(long, value_enum, requires = "new_key")]
    pub(crate) key: Option<Key>,
    /// Replace a key that waits already for its certificate
    #[arg(long, requires = "new_key")]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) names: Names,
    #[command(flatten)]
    pub(crate) store: PkiDir,
}

/// A certificate of ours that is not in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// The one that waits
    Next,
    /// The one that was in use before
    Former,
}

/// Kinds of keys that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Key {
    /// RSA, 2048 bits: what every server takes
    #[value(name = "rsa2048")]
    Rsa2048,
    /// RSA, 3072 bits
    #[value(name = "rsa3072")]
    Rsa3072,
    /// RSA, 4096 bits: slow on small servers
    #[value(name = "rsa4096")]
    Rsa4096,
    /// Curve P-256; for other applications
    #[value(name = "ec-p256")]
    EcP256,
    /// Curve P-384; for other applications
    #[value(name = "ec-p384")]
    EcP384,
}

impl Key {
    pub(crate) fn kind(self) -> KeyKind {
        match self {
            Self::Rsa2048 => KeyKind::Rsa { bits: 2048 },
            Self::Rsa3072 => KeyKind::Rsa { bits: 3072 },
            Self::Rsa4096 => KeyKind::Rsa { bits: 4096 },
            Self::EcP256 => KeyKind::EcP256,
            Self::EcP384 => KeyKind::EcP384,
        }
    }
}

/// How a certificate is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Encoding {
    /// Binary; what most servers expect
    Der,
    /// Text
    Pem,
}

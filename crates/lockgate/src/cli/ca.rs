//! A certificate authority for a plant without one: `ca`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum Ca {
    /// Make an authority: its key, its certificate and a first, empty revocation list
    Init(CaInit),
    /// Sign a certificate request
    Issue(CaIssue),
    /// Take a certificate back, with a new revocation list at once
    Revoke(CaRevoke),
    /// Make a fresh revocation list, before the current one runs out
    Crl(CaCrl),
    /// List the certificates that were issued
    List(CaDir),
}

/// Where the authority is.
#[derive(Debug, Args)]
pub(crate) struct CaDir {
    /// Folder of the authority (default: ca/ beside the configuration)
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// How long a revocation list is good for.
#[derive(Debug, Args)]
pub(crate) struct ListDays {
    /// Days until the next revocation list has to be everywhere
    #[arg(id = "crl-days", long = "crl-days", default_value_t = 180, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_525))]
    pub(crate) days: u32,
}

#[derive(Debug, Args)]
pub(crate) struct CaInit {
    #[command(flatten)]
    pub(crate) place: CaDir,
    /// Name of the authority, unlike that of any other (default: HOST authority)
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Organisation, such as the plant
    #[arg(long, value_name = "NAME")]
    pub(crate) organization: Option<String>,
    /// Days until the authority ends; nothing that it issues outlives it
    #[arg(long, default_value_t = 3650, value_name = "N")]
    pub(crate) days: u32,
    /// Kind of key; applications below it must have the same kind, RSA or elliptic curve
    #[arg(long, value_enum, default_value_t = CaKey::Rsa3072)]
    pub(crate) key: CaKey,
    #[command(flatten)]
    pub(crate) list: ListDays,
}

/// Kinds of key for an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CaKey {
    /// RSA, 2048 bits
    #[value(name = "rsa-2048")]
    Rsa2048,
    /// RSA, 3072 bits
    #[value(name = "rsa-3072")]
    Rsa3072,
    /// RSA, 4096 bits
    #[value(name = "rsa-4096")]
    Rsa4096,
    /// Elliptic curve P-256
    #[value(name = "ec-p256")]
    EcP256,
    /// Elliptic curve P-384
    #[value(name = "ec-p384")]
    EcP384,
}

#[derive(Debug, Args)]
pub(crate) struct CaIssue {
    /// Certificate request file (PKCS#10), DER or PEM
    #[arg(value_name = "CSR")]
    pub(crate) request: PathBuf,
    #[command(flatten)]
    pub(crate) place: CaDir,
    /// Days until the certificate ends (default: 1825, or as long as the authority itself)
    #[arg(long, value_name = "N")]
    pub(crate) days: Option<u32>,
    /// Another host name, beside those in the request; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) dns: Vec<String>,
    /// Another IP address, beside those in the request; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) ip: Vec<IpAddr>,
    /// Write the certificate here as well, DER or by the ending .pem; the file must not exist yet
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Sign without asking; on a terminal the request is shown first and needs a yes
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CaRevoke {
    /// Thumbprint (SHA-1 or SHA-256, in full) or serial number of the certificate
    #[arg(value_name = "THUMBPRINT")]
    pub(crate) which: String,
    #[command(flatten)]
    pub(crate) place: CaDir,
    #[command(flatten)]
    pub(crate) list: ListDays,
}

#[derive(Debug, Args)]
pub(crate) struct CaCrl {
    #[command(flatten)]
    pub(crate) place: CaDir,
    /// Days until the next revocation list has to be everywhere
    #[arg(long, default_value_t = 180, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_525))]
    pub(crate) days: u32,
}

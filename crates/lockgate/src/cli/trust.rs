//! Whom we trust: `trust`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

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

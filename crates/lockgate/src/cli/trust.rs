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
    /// Take certificates into the store: from a file (DER or PEM), or from the whole store folder of another product
    Import(TrustImport),
    /// Take a certificate revocation list (DER or PEM) into the store
    ImportCrl {
        /// Revocation list file
        file: PathBuf,
        #[command(flatten)]
        store: PkiDir,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TrustImport {
    /// Certificate file, or a folder with trusted/ and issuers/ in it
    #[arg(value_name = "FILE|FOLDER")]
    pub(crate) path: PathBuf,
    /// What to take the certificates of a file as (default: trusted); a folder says that itself
    #[arg(long = "as", value_enum)]
    pub(crate) role: Option<ImportAs>,
    /// Only show what would become of everything
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Take a folder, or several certificates to be trusted, without asking
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) store: PkiDir,
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

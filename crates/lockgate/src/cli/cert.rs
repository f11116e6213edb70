//! Our own certificate, and a look into others: `cert`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

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

//! Exit codes are a contract: scripts branch on them, so they are named here, listed in `lockgate --help` and
//! asserted by tests. A number is never given a second meaning.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything asked for was done.
    Ok,
    /// Something happened that should be impossible; please report it.
    Unexpected,
    /// The command line itself is wrong: unknown option, malformed time, no such stream.
    Usage,
    /// The configuration is missing, malformed or contradicts what is asked.
    Config,
    /// No OPC UA server answers at the URL.
    Unreachable,
    /// We do not trust the server: its certificate, its proof of holding the key, or the security it offers.
    ServerNotTrusted,
    /// The server does not trust our certificate.
    NotTrustedByServer,
    /// The server refused the user name or password.
    LoginRefused,
    /// Done for some of what was asked; the message names the rest.
    Partly,
    /// The disk or a sink failed.
    Storage,
    /// Stopped by Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number given to the shell.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::Unreachable => 4,
            Self::ServerNotTrusted => 5,
            Self::NotTrustedByServer => 6,
            Self::LoginRefused => 7,
            Self::Partly => 8,
            Self::Storage => 9,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The list shown under `lockgate --help`.
pub(crate) const HELP: &str = "\
Exit codes:
    0  done
    1  unexpected: a bug, please report it
    2  usage
    3  configuration invalid
    4  cannot reach the server
    5  we do not trust the server: its certificate, its proof or the security it offers
    6  the server does not trust our certificate
    7  login refused
    8  partly done
    9  disk or sink failed
  130  interrupted";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_code_is_listed_in_the_help() {
        let all = [
            Exit::Ok,
            Exit::Unexpected,
            Exit::Usage,
            Exit::Config,
            Exit::Unreachable,
            Exit::ServerNotTrusted,
            Exit::NotTrustedByServer,
            Exit::LoginRefused,
            Exit::Partly,
            Exit::Storage,
            Exit::Interrupted,
        ];
        for exit in all {
            let number = format!("{:>5}  ", exit.code());
            assert!(HELP.lines().any(|line| line.starts_with(&number)), "{exit:?} is not in the help");
        }
    }
}

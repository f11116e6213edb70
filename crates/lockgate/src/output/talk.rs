//! The two channels to the user.

use std::io::{self, IsTerminal as _, Write as _};

/// Writes data to stdout. A reader that has gone away (`| head`) is not an error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Says one line to the person in front of the terminal.
pub(crate) fn say(line: &str) {
    // nobody to tell it to if stderr itself is gone
    writeln!(io::stderr().lock(), "{line}").ok();
}

/// Whether somebody can be asked a question: both ends of the talk are a terminal.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for one line on the terminal. `None` when the input ended.
pub(crate) fn ask(question: &str) -> io::Result<Option<String>> {
    let mut err = io::stderr().lock();
    write!(err, "{question}")?;
    err.flush()?;
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}

/// How to emphasise on stderr.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    colour: bool,
}

impl Style {
    /// Colour only on a terminal, and never against `NO_COLOR` (<https://no-color.org>).
    pub(crate) fn stderr() -> Self {
        Self { colour: wants_colour(std::env::var_os("NO_COLOR").as_deref()) && io::stderr().is_terminal() }
    }

    /// No emphasis at all.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { colour: false }
    }

    /// Something is wrong.
    pub(crate) fn bad(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// The label of a fact.
    pub(crate) fn label(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// A command to copy.
    pub(crate) fn command(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn wants_colour(no_color: Option<&std::ffi::OsStr>) -> bool {
    no_color.is_none_or(std::ffi::OsStr::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_non_empty_no_color_switches_colour_off() {
        assert!(wants_colour(None));
        assert!(wants_colour(Some("".as_ref())));
        assert!(!wants_colour(Some("1".as_ref())));
    }
}

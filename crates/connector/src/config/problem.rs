//! What is wrong with a configuration file, and where.

use std::fmt;
use std::ops::Range;

use crate::next_step::{NextStep, short};

/// One thing wrong in the configuration, with its place and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong, a lowercase fragment. Never holds a secret.
    pub message: String,
    /// What to do about it.
    pub help: Option<NextStep>,
}

impl Problem {
    /// One line for people; `spell` makes the line to copy out of the words of a command.
    pub fn text(&self, spell: impl Fn(&[String]) -> String) -> String {
        let help = self.help.as_ref().map(|help| format!("; {}", help.text(spell)));
        let help = help.unwrap_or_default();
        format!("line {}, column {}: {}{help}", self.line, self.column, self.message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(short))
    }
}

/// Collects the problems of one text.
pub(super) struct Problems<'a> {
    text: &'a str,
    found: Vec<Problem>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, found: Vec::new() }
    }

    pub(super) fn add(&mut self, span: Option<Range<usize>>, message: String, help: Option<NextStep>) {
        let (line, column) = self.place(span.map_or(0, |s| s.start));
        self.found.push(Problem { line, column, message, help });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The problems in the order of the file.
    pub(super) fn into_sorted(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|p| (p.line, p.column));
        self.found
    }

    fn place(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

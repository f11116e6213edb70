//! Reading one table of the file: every key asked for is a known key, every key left over is a problem.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use jiff::SignedDuration;
use toml_edit::{Item, TableLike, Value};

use super::problem::Problems;
use crate::naming::nearest;
use crate::next_step::NextStep;

/// One table, the keys asked of it so far, and where its problems go.
pub(super) struct Section<'doc, 'p, 'text> {
    title: &'static str,
    table: &'doc dyn TableLike,
    span: Option<Range<usize>>,
    asked: Vec<&'static str>,
    problems: &'p mut Problems<'text>,
}

impl<'doc, 'p, 'text> Section<'doc, 'p, 'text> {
    pub(super) fn new(
        title: &'static str,
        table: &'doc dyn TableLike,
        span: Option<Range<usize>>,
        problems: &'p mut Problems<'text>,
    ) -> Self {
        Self { title, table, span, asked: Vec::new(), problems }
    }

    /// The raw item of `key`, marked as known.
    pub(super) fn item(&mut self, key: &'static str) -> Option<&'doc Item> {
        self.asked.push(key);
        #[cfg(test)]
        super::schema::note(self.title, key);
        self.table.get(key).filter(|item| !item.is_none())
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<&'doc str> {
        let item = self.item(key)?;
        let text = item.as_str();
        if text.is_none() {
            self.wrong_type(key, item, "a text in quotes");
        }
        text
    }

    pub(super) fn required_text(&mut self, key: &'static str) -> Option<&'doc str> {
        if self.item(key).is_none() {
            let span = self.span.clone();
            self.problem(span, format!("`{key}` is missing in {}", self.title), None);
            return None;
        }
        self.text(key)
    }

    /// A text that `parse` understands; its error is the message.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(key)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(message) => {
                let span = self.span_of(key);
                self.problem(span, format!("`{key}`: {message}"), None);
                None
            }
        }
    }

    pub(super) fn duration(&mut self, key: &'static str, default: Duration, least: Duration) -> Duration {
        let parsed = self.parsed(key, |text| {
            let signed: SignedDuration =
                text.parse().map_err(|_| "not a duration; write \"500ms\", \"1s\" or \"5m\"".to_owned())?;
            Duration::try_from(signed)
                .ok()
                .filter(|d| *d >= least && *d <= LONGEST)
                .ok_or_else(|| format!("must lie between {} and {}", show(least), show(LONGEST)))
        });
        parsed.unwrap_or(default)
    }

    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        let Some(item) = self.item(key) else { return false };
        item.as_bool().unwrap_or_else(|| {
            self.wrong_type(key, item, "true or false");
            false
        })
    }

    pub(super) fn integer<T: TryFrom<i64> + PartialOrd + std::fmt::Display>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<T>,
    ) -> Option<T> {
        let item = self.item(key)?;
        let value = item.as_integer().and_then(|n| T::try_from(n).ok()).filter(|n| range.contains(n));
        if item.as_integer().is_none() {
            self.wrong_type(key, item, "a whole number");
        } else if value.is_none() {
            self.problem(
                item.span(),
                format!("`{key}` must lie between {} and {}", range.start(), range.end()),
                None,
            );
        }
        value
    }

    /// A number, whole or not.
    pub(super) fn number(&mut self, key: &'static str) -> Option<f64> {
        let item = self.item(key)?;
        #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "people write small numbers")]
        let number = item.as_float().or_else(|| item.as_integer().map(|whole| whole as f64));
        if number.is_none() {
            self.wrong_type(key, item, "a number");
        }
        number.filter(|number| number.is_finite())
    }

    /// A list of texts, each understood by `parse`.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let item = self.item(key)?;
        let Some(array) = item.as_array() else {
            self.wrong_type(key, item, "a list of texts");
            return None;
        };
        let mut out = Vec::new();
        for value in array {
            match value.as_str().ok_or_else(|| "must be a text in quotes".to_owned()).and_then(&parse) {
                Ok(parsed) => out.push(parsed),
                Err(message) => self.problem(value.span(), format!("`{key}`: {message}"), None),
            }
        }
        Some(out)
    }

    /// Where problems with what is inside an item go.
    pub(super) fn problems(&mut self) -> &mut Problems<'text> {
        self.problems
    }

    /// A table inside this one, handed to `read` if it is there.
    pub(super) fn section<T>(
        &mut self,
        key: &'static str,
        title: &'static str,
        read: impl FnOnce(&mut Section<'doc, '_, 'text>) -> T,
    ) -> Option<T> {
        let item = self.item(key)?;
        let Some(table) = item.as_table_like() else {
            self.wrong_type(key, item, "a section");
            return None;
        };
        let mut inner = Section::new(title, table, item.span(), self.problems);
        let value = read(&mut inner);
        inner.finish();
        Some(value)
    }

    pub(super) fn problem(&mut self, span: Option<Range<usize>>, message: String, help: Option<NextStep>) {
        self.problems.add(span.or_else(|| self.span.clone()), message, help);
    }

    pub(super) fn span_of(&self, key: &str) -> Option<Range<usize>> {
        self.table.get(key).and_then(Item::span)
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(self) {
        for (key, item) in self.table.iter() {
            if self.asked.contains(&key) {
                continue;
            }
            let span = self.table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
            let help =
                nearest(key, self.asked.iter().copied()).map(|near| format!("did you mean `{near}`?").into());
            self.problems.add(span, format!("unknown key `{key}` in {}", self.title), help);
        }
    }

    fn wrong_type(&mut self, key: &str, item: &Item, expected: &str) {
        let found = item.as_value().map_or("a section", Value::type_name);
        self.problem(item.span(), format!("`{key}` must be {expected}, not {found}"), None);
    }
}

/// A duration the way the file writes it.
pub(super) fn show(duration: Duration) -> String {
    SignedDuration::try_from(duration).map_or_else(|_| format!("{duration:?}"), |d| format!("{d:#}"))
}

const LONGEST: Duration = Duration::from_secs(24 * 3600);

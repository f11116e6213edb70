//! Plain tables for people: a header, columns as wide as their content, two spaces between.

use std::fmt;

use super::safe;

/// A table under construction. Cells are escaped when they are added.
#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column heads and no rows.
    pub(crate) fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; missing cells stay empty, surplus ones are not shown.
    pub(crate) fn row<I, S>(&mut self, cells: I)
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        let mut cells: Vec<String> = cells.into_iter().map(|cell| safe(cell.as_ref())).collect();
        cells.resize(self.header.len(), String::new());
        self.rows.push(cells);
    }

    fn widths(&self) -> Vec<usize> {
        let width = |text: &str| text.chars().count();
        let mut widths: Vec<usize> = self.header.iter().map(|head| width(head)).collect();
        for row in &self.rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(cell));
            }
        }
        widths
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        let head: Vec<String> = self.header.iter().map(|head| (*head).to_owned()).collect();
        for row in std::iter::once(&head).chain(&self.rows) {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_have_no_trailing_blanks() {
        let mut table = Table::new(&["NAME", "URL"]);
        table.row(["line1", "opc.tcp://a"]);
        table.row(["a much longer name", ""]);
        assert_eq!(
            table.to_string(),
            "NAME                URL\nline1               opc.tcp://a\na much longer name\n"
        );
    }

    #[test]
    fn a_cell_cannot_break_out_of_its_line() {
        let mut table = Table::new(&["NAME"]);
        table.row(["a\nb"]);
        assert_eq!(table.to_string(), "NAME\na\\u{a}b\n");
    }
}

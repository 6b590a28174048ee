//! Tables for people.

use std::io::{self, Write as _};

use crate::Failure;
use crate::terminal::Paint;

/// Columns with a heading each, as wide as what is in them.
pub(super) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(headings: impl Into<Vec<&'static str>>) -> Self {
        Self {
            headings: headings.into(),
            rows: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(cells.into());
    }

    pub(super) fn print(&self) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let mut lines = self.lines().into_iter();
        if let Some(headings) = lines.next() {
            writeln!(out, "{}", Paint::stdout().strong(headings))?;
        }
        for line in lines {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        let headings = self.headings.iter().map(|heading| (*heading).to_owned());
        let rows = std::iter::once(headings.collect()).chain(self.rows.iter().cloned());
        let rows: Vec<Vec<String>> = rows.collect();
        let mut widths = vec![0; self.headings.len()];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths);
            let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let mut table = Table::new(["A", "LONGER", "C"]);
        table.row(["a long cell".to_owned(), "b".to_owned(), "c".to_owned()]);
        assert_eq!(
            table.lines(),
            ["A            LONGER  C", "a long cell  b       c"]
        );
    }
}

//! Aligned columns of plain text.

use std::fmt::{self, Write};

use super::escape::escaped;

/// Longest cell, in characters; what is longer is cut and ends with `…`.
const CELL_CHARS_MAX: usize = 64;

/// Rows of cells. Every cell is escaped; columns are as wide as their widest
/// cell, counted in characters.
pub(super) struct TextTable<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> TextTable<COLUMNS> {
    pub(super) fn new(headings: [&str; COLUMNS]) -> Self {
        TextTable { rows: vec![headings.map(str::to_owned)] }
    }

    pub(super) fn row(&mut self, cells: [String; COLUMNS]) {
        self.rows.push(cells.map(|cell| cell_text(&cell)));
    }
}

impl<const COLUMNS: usize> fmt::Display for TextTable<COLUMNS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = [0; COLUMNS];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in &self.rows {
            let mut line = String::new();
            for (width, cell) in widths.iter().zip(row) {
                write!(line, "{cell:width$}  ")?;
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn cell_text(cell: &str) -> String {
    let text = escaped(cell);
    match text.char_indices().nth(CELL_CHARS_MAX) {
        None => text,
        Some(_) => text.chars().take(CELL_CHARS_MAX - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_long_cells_are_cut() {
        let mut table = TextTable::new(["a", "name", "z"]);
        table.row(["é".into(), "x\ny".into(), "1".into()]);
        table.row(["long".into(), "y".repeat(100), String::new()]);
        let cut = format!("{}…", "y".repeat(63));
        let gap = " ".repeat(60);
        assert_eq!(
            table.to_string(),
            format!("a     name{gap}  z\né     x\\ny{gap}  1\nlong  {cut}\n")
        );
    }
}

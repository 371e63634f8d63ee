//! A table of plain text that fits the width of a usual terminal.

use std::io::{self, Write};

/// The maximum width of a table.
const MAX_WIDTH: usize = 80;

/// The columns that a table of runs omits if it is too wide, in this order. The JSON report has all of
/// them.
const OMITTED: [&str; 2] = ["p95", "efficiency"];

/// Writes a table and an empty line. A column has a name and a width; one of width 0 is left out. The
/// first one is text; the others are figures, with at least one space before each. A table that is too wide
/// has columns as narrow as their content; if it is still too wide, it omits some.
pub(in crate::report) fn write_table<const N: usize>(
    out: &mut dyn Write,
    columns: [(&str, usize); N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> io::Result<()> {
    write_table_without(&OMITTED, out, columns, rows)
}

/// [`write_table`], with the columns to omit first if it is too wide.
pub(super) fn write_table_without<const N: usize>(
    omitted: &[&str],
    out: &mut dyn Write,
    columns: [(&str, usize); N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> io::Result<()> {
    let head = columns.map(|(name, _)| name.to_owned());
    let rows: Vec<[String; N]> = std::iter::once(head).chain(rows).collect();
    let widths = fitted_widths(omitted, columns, &rows);
    for row in &rows {
        for (place, (cell, width)) in row.iter().zip(widths).enumerate() {
            match width.checked_sub(1) {
                None => {}
                Some(_) if place == 0 => write!(out, "{cell:<width$}")?,
                Some(width) => write!(out, " {cell:>width$}")?,
            }
        }
        writeln!(out)?;
    }
    writeln!(out)
}

/// Returns the width of each column, 0 for an omitted one.
fn fitted_widths<const N: usize>(
    omitted: &[&str],
    columns: [(&str, usize); N],
    rows: &[[String; N]],
) -> [usize; N] {
    let mut widths = columns.map(|(_, width)| width);
    let is_too_wide = |widths: &[usize; N]| widths.iter().sum::<usize>() > MAX_WIDTH;
    if is_too_wide(&widths) {
        for (place, width) in widths.iter_mut().enumerate().filter(|(_, width)| **width > 0) {
            let cells = rows.iter().filter_map(|row| row.get(place));
            let content = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            *width = content + if place == 0 { 0 } else { 2 };
        }
    }
    for name in omitted {
        if is_too_wide(&widths)
            && let Some(place) = columns.iter().position(|(column, _)| column == name)
            && let Some(width) = widths.get_mut(place)
        {
            *width = 0;
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(figures: &str) -> String {
        let columns = [("mode", 12), ("elapsed", 34), ("p95", 30), ("efficiency", 12)];
        let mut out = Vec::new();
        write_table(&mut out, columns, [["gil", figures, figures, "25 %"].map(str::to_owned)])
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_wide_table_has_narrow_columns_and_then_fewer() {
        assert_eq!(
            table("1.20 s"),
            "mode  elapsed     p95  efficiency\ngil    1.20 s  1.20 s        25 %\n\n"
        );
        let figures = "9".repeat(32);
        let narrow = table(&figures);
        assert!(!narrow.contains("p95") && narrow.contains("efficiency"), "{narrow}");
        assert!(narrow.lines().all(|line| line.len() <= MAX_WIDTH), "{narrow}");
    }
}

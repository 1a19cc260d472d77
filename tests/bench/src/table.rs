//! Tables that can be read on a terminal and put into a document as they are.

/// A table in Markdown, with columns as wide as what is in them. The first `texts` columns are text, the others numbers.
pub(crate) fn markdown(head: &[&str], rows: &[Vec<String>], texts: usize) -> String {
    let width = |column: usize, name: &str| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([name.chars().count(), 3]).max().unwrap_or(3)
    };
    let widths: Vec<usize> = head.iter().enumerate().map(|(column, name)| width(column, name)).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column < texts { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule = widths.iter().enumerate().map(|(column, width)| {
        let dashes = "-".repeat(width - 1);
        if column < texts { format!("{dashes}-") } else { format!("{dashes}:") }
    });
    let mut text = line(&mut head.iter().copied());
    text.push_str(&line(&mut rule.collect::<Vec<_>>().iter().map(String::as_str)));
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// A number as people read it: thousands apart, decimals only where it is small.
pub(crate) fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows = [vec!["video, guest".to_owned(), "1".to_owned()], vec!["é".to_owned(), "12,345".to_owned()]];
        let expected = "\
            | what         |   rate |\n\
            | ------------ | -----: |\n\
            | video, guest |      1 |\n\
            | é            | 12,345 |\n";
        assert_eq!(markdown(&["what", "rate"], &rows, 1), expected);
    }

    #[test]
    fn numbers_have_their_thousands_apart() {
        let shown = [0.04, 9.96, 99.94, 100.0, 999.5, 12_345.6, 1_234_567.0].map(number);
        assert_eq!(shown, ["0.0", "10.0", "99.9", "100", "1,000", "12,346", "1,234,567"]);
    }
}

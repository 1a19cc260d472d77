//! `application/x-www-form-urlencoded`, strictly: what is not UTF-8 is refused instead of being mended.

/// The pairs of a form or a query string; `None` when a percent sequence is broken or the text is not UTF-8.
pub(super) fn pairs(text: &[u8]) -> Option<Vec<(String, String)>> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

fn pair(text: &[u8]) -> Option<(String, String)> {
    let mut halves = text.splitn(2, |byte| *byte == b'=');
    let name = decode(halves.next().unwrap_or_default())?;
    Some((name, decode(halves.next().unwrap_or_default())?))
}

fn decode(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(*rest.next()?)? << 4 | hex(*rest.next()?)?,
            other => *other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::pairs;

    fn read(text: &str) -> Option<Vec<(String, String)>> {
        pairs(text.as_bytes())
    }

    #[test]
    fn decodes_names_and_values() {
        let expected = [("a b", "1+1=2"), ("é", ""), ("empty", "")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        assert_eq!(read("a+b=1%2B1=2&%C3%a9=&&empty"), Some(expected));
        assert_eq!(read(""), Some(vec![]));
    }

    #[test]
    fn refuses_what_is_not_utf8_and_broken_sequences() {
        for text in ["a=%FF", "a=%C3", "a=%", "a=%4", "a=%zz", "%FF=a", "a=%+1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

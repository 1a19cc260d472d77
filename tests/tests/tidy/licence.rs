//! Reading SPDX licence expressions, and which of them this project accepts.

/// Licences that ask for no more than a notice.
const ACCEPTED: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "bzip2-1.0.6",
];

/// Single crates under other licences, each with the reason why it may come in.
const EXCEPTIONS: [(&str, &str, &str); 1] =
    [("option-ext", "MPL-2.0", "file-level copyleft on a crate that is used as it is")];

/// Whether a crate under this licence may come in.
pub(crate) fn is_accepted(package: &str, expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let excepted = |licence: &str| EXCEPTIONS.iter().any(|(name, known, _)| *name == package && *known == licence);
    let mut rest = words.as_slice();
    let accepted = any(&mut rest, &|licence| ACCEPTED.contains(&licence) || excepted(licence));
    accepted == Some(true) && rest.is_empty()
}

/// Whether one of the alternatives is accepted; `None` where the expression cannot be read.
fn any(words: &mut &[&str], accepts: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut accepted = all(words, accepts)?;
    while take(words, "OR") {
        accepted |= all(words, accepts)?;
    }
    Some(accepted)
}

fn all(words: &mut &[&str], accepts: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut accepted = one(words, accepts)?;
    while take(words, "AND") {
        accepted &= one(words, accepts)?;
    }
    Some(accepted)
}

fn one(words: &mut &[&str], accepts: &dyn Fn(&str) -> bool) -> Option<bool> {
    if take(words, "(") {
        let inner = any(words, accepts)?;
        return take(words, ")").then_some(inner);
    }
    let (licence, rest) = words.split_first()?;
    *words = rest;
    if take(words, "WITH") {
        let (exception, rest) = words.split_first()?;
        *words = rest;
        return Some(accepts(&format!("{licence} WITH {exception}")));
    }
    Some(accepts(licence))
}

fn take(words: &mut &[&str], word: &str) -> bool {
    let found = words.first() == Some(&word);
    if found {
        *words = &words[1..];
    }
    found
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    for sound in [
        "MIT",
        "MIT OR GPL-3.0-only",
        "GPL-2.0/Apache-2.0",
        "(MIT OR GPL-3.0-only) AND Zlib",
        "Apache-2.0 WITH LLVM-exception OR X",
    ] {
        assert!(is_accepted("x", sound), "{sound}");
    }
    for refused in [
        "",
        "none",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "MPL-2.0",
        "MIT OR",
        "(MIT",
        "MIT)",
        "Apache-2.0 WITH X",
        "MIT Zlib",
    ] {
        assert!(!is_accepted("x", refused), "{refused}");
    }
}

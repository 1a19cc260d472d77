//! Text that people type: trimmed, bounded in characters, free of control characters.

use crate::InvalidValue;

/// Which characters and how many a text value takes.
pub(crate) struct TextRule {
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) lines: bool,
}

/// Trims and checks; the message names the bound that was missed.
pub(crate) fn check(text: &str, rule: &TextRule) -> Result<String, InvalidValue> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 && rule.least > 0 {
        return Err(InvalidValue::new("is required"));
    }
    if length < rule.least || length > rule.most {
        let (least, most) = (rule.least, rule.most);
        return Err(InvalidValue::new(match least {
            0 => format!("must have at most {most} characters"),
            _ => format!("must have {least} to {most} characters"),
        }));
    }
    if text.chars().any(|c| is_forbidden(c, rule.lines)) {
        return Err(InvalidValue::new("must not contain control or text-direction characters"));
    }
    Ok(text.to_owned())
}

/// Control characters break logs and terminals; the explicit direction marks of Unicode (UAX #9) let a name show
/// as another. Right-to-left scripts need neither, but running text that was copied from elsewhere may carry marks.
fn is_forbidden(c: char, lines: bool) -> bool {
    let line = matches!(c, '\n' | '\r' | '\t');
    let direction = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if lines { c.is_control() && !line } else { c.is_control() || direction }
}

/// Defines a text value: private content, `parse`, `as_str`, `from_stored`.
macro_rules! text_value {
    ($(#[$doc:meta])* $name:ident, $least:literal..=$most:literal $(, $lines:ident)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
        pub struct $name(String);

        impl $name {
            /// The most characters (Unicode scalar values) that it holds.
            pub const MAX_CHARS: usize = $most;

            /// Trims the text and checks it.
            pub fn parse(text: &str) -> Result<Self, $crate::InvalidValue> {
                #[allow(unused_mut, unused_assignments, clippy::allow_attributes)]
                let mut lines = false;
                $( stringify!($lines); lines = true; )?
                let rule = $crate::text::TextRule { least: $least, most: $most, lines };
                $crate::text::check(text, &rule).map(Self)
            }

            /// Takes a value back from a store, which may hold what older rules allowed.
            pub fn from_stored(text: String) -> Self {
                Self(text)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = $crate::InvalidValue;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }
    };
}
pub(crate) use text_value;

#[cfg(test)]
mod tests {
    use super::{TextRule, check};
    use proptest::prelude::*;

    const LINE: TextRule = TextRule { least: 1, most: 5, lines: false };

    #[test]
    fn bounds_count_characters_not_bytes() {
        assert_eq!(check("  שלום  ", &LINE).as_deref(), Ok("שלום"));
        assert_eq!(check("🎉🎉🎉🎉🎉", &LINE).as_deref(), Ok("🎉🎉🎉🎉🎉"));
        assert!(check("🎉🎉🎉🎉🎉🎉", &LINE).is_err());
        assert!(check("   ", &LINE).is_err());
    }

    #[test]
    fn control_and_direction_characters_are_refused() {
        for text in ["a\0b", "a\u{202E}b", "a\u{2067}b", "a\nb", "a\u{7f}"] {
            assert!(check(text, &LINE).is_err(), "{text:?}");
        }
        let lines = TextRule { lines: true, ..LINE };
        assert!(check("a\nb", &lines).is_ok() && check("a\u{2067}b", &lines).is_ok());
        assert!(check("a\0b", &lines).is_err());
    }

    proptest! {
        #[test]
        fn what_passes_passes_again(text: String) {
            if let Ok(once) = check(&text, &LINE) {
                prop_assert_eq!(check(&once, &LINE), Ok(once));
            }
        }
    }
}

//! Input by field, whether it came as JSON, as an urlencoded form or as the text parts of a multipart form.
//!
//! Here only the kind of a value is judged; what it must look like is the use case's to say.

use std::collections::HashMap;

use secrecy::SecretString;
use serde_json::Value;

use super::urlencoded;
use crate::error::{ApiError, Code, OffendingField};

/// What an endpoint takes, read out of named fields.
pub(crate) trait Input: Sized {
    /// Takes the fields it knows; all others are ignored.
    fn take(fields: &mut Fields) -> Self;
}

/// Named values as they arrived.
#[derive(Default)]
pub(crate) struct Fields {
    values: HashMap<String, Value>,
    refused: Vec<OffendingField>,
}

impl Fields {
    /// Reads a JSON object.
    pub(super) fn from_json(bytes: &[u8]) -> Result<Self, ApiError> {
        let malformed = || ApiError::new(Code::MalformedBody, "The body must be a JSON object");
        let values = serde_json::from_slice(bytes).map_err(|_| malformed())?;
        Ok(Self { values, refused: vec![] })
    }

    /// Reads an urlencoded form.
    pub(super) fn from_urlencoded(bytes: &[u8]) -> Result<Self, ApiError> {
        let malformed = || ApiError::new(Code::MalformedBody, "The body must be an urlencoded form in UTF-8");
        Ok(urlencoded::pairs(bytes).ok_or_else(malformed)?.into_iter().collect())
    }

    /// The text of a field; absent when it is missing or null.
    pub(crate) fn text(&mut self, field: &'static str) -> Option<String> {
        match self.values.remove(field)? {
            Value::String(text) => Some(text),
            Value::Null => None,
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.refused.push(OffendingField { field: field.into(), message: "must be text".into() });
                None
            }
        }
    }

    /// The text of a field that has two spellings; the first one wins.
    pub(crate) fn text_or(&mut self, field: &'static str, alias: &'static str) -> Option<String> {
        let aliased = self.text(alias);
        self.text(field).or(aliased)
    }

    /// The whole number of a field, as a number or in decimal digits; absent when it is missing or null.
    pub(crate) fn number(&mut self, field: &'static str) -> Option<u64> {
        let value = self.values.remove(field)?;
        let number = match &value {
            Value::Null => return None,
            Value::Number(number) => number.as_u64(),
            Value::String(digits) => digits.parse().ok(),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        if number.is_none() {
            self.refused.push(OffendingField { field: field.into(), message: "must be a whole number".into() });
        }
        number
    }

    /// What the fields of an object in a field say; they go before fields of the same names beside it.
    pub(crate) fn unfold(&mut self, field: &'static str) {
        match self.values.remove(field) {
            Some(Value::Object(inner)) => self.values.extend(inner),
            None | Some(Value::Null) => {}
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                self.refused.push(OffendingField { field: field.into(), message: "must be an object".into() });
            }
        }
    }

    /// The text of a field that must not show anywhere.
    pub(crate) fn secret(&mut self, field: &'static str) -> Option<SecretString> {
        self.text(field).map(SecretString::from)
    }

    /// Reads an input; fields of a wrong kind are told all at once.
    pub(crate) fn read<T: Input>(mut self) -> Result<T, ApiError> {
        let input = T::take(&mut self);
        if self.refused.is_empty() { Ok(input) } else { Err(ApiError::invalid(self.refused)) }
    }
}

impl FromIterator<(String, String)> for Fields {
    /// Of several values of one field the last one counts, as in JSON.
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        let values = pairs.into_iter().map(|(name, text)| (name, Value::String(text))).collect();
        Self { values, refused: vec![] }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, Input};

    struct Names {
        full_name: Option<String>,
        email: Option<String>,
    }

    impl Input for Names {
        fn take(fields: &mut Fields) -> Self {
            Self { full_name: fields.text_or("fullName", "fullname"), email: fields.text("email") }
        }
    }

    #[test]
    fn both_spellings_are_read_and_others_ignored() {
        let names: Names =
            Fields::from_json(br#"{"fullname":"Ada","email":null,"tags":[1,{}]}"#).unwrap().read().unwrap();
        assert_eq!((names.full_name.as_deref(), names.email), (Some("Ada"), None));
        let names: Names = Fields::from_urlencoded(b"fullName=A&fullname=B").unwrap().read().unwrap();
        assert_eq!(names.full_name.as_deref(), Some("A"));
    }

    #[test]
    fn all_fields_of_a_wrong_kind_are_told_at_once() {
        let fields = Fields::from_json(br#"{"fullName":7,"email":["a"]}"#).unwrap();
        let refusal = fields.read::<Names>().map(|_| ()).unwrap_err();
        assert_eq!(refusal.to_string(), "fullName must be text; email must be text");
    }

    struct Signed {
        version: Option<u64>,
        name: Option<String>,
    }

    impl Input for Signed {
        fn take(fields: &mut Fields) -> Self {
            fields.unfold("upload");
            Self { version: fields.number("version"), name: fields.text("name") }
        }
    }

    #[test]
    fn numbers_are_read_from_digits_too_and_objects_unfolded() {
        for text in [
            r#"{"version":7,"name":"x"}"#,
            r#"{"version":"7","name":"x"}"#,
            r#"{"upload":{"version":7,"name":"x"},"version":8}"#,
            r#"{"upload":{"version":7},"name":"x"}"#,
        ] {
            let signed: Signed = Fields::from_json(text.as_bytes()).unwrap().read().unwrap();
            assert_eq!((signed.version, signed.name.as_deref()), (Some(7), Some("x")), "{text}");
        }
        let absent: Signed = Fields::from_json(br#"{"upload":null,"version":null}"#).unwrap().read().unwrap();
        assert_eq!((absent.version, absent.name), (None, None));
        for text in
            [r#"{"version":-1}"#, r#"{"version":1.5}"#, r#"{"version":"x"}"#, r#"{"version":[]}"#, r#"{"upload":7}"#]
        {
            assert!(Fields::from_json(text.as_bytes()).unwrap().read::<Signed>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_malformed() {
        for text in ["", "[]", "7", "null", "{", "{\"a\":1}x", "{\"a\":\"\\ud800\"}"] {
            assert!(Fields::from_json(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Fields::from_json(b"{\"a\":\"\xff\"}").is_err());
    }
}

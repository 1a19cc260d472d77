//! Reading input field by field and telling all that is wrong with it at once.

use aviary_domain::InvalidValue;

use crate::error::{Error, FieldError};

/// Collects what is wrong with the fields of one input.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<FieldError>);

impl Fields {
    /// Keeps a good value; notes a bad one under its field.
    pub(crate) fn read<T>(&mut self, field: &'static str, value: Result<T, InvalidValue>) -> Option<T> {
        value.map_err(|error| self.refuse(field, error.message())).ok()
    }

    /// A field that must be there.
    pub(crate) fn required<T>(
        &mut self,
        field: &'static str,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, InvalidValue>,
    ) -> Option<T> {
        self.read(field, text.ok_or_else(|| InvalidValue::new("is required")).and_then(parse))
    }

    /// A field that may be left out: `None` when it is, or when it is bad and was noted.
    pub(crate) fn optional<T>(
        &mut self,
        field: &'static str,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, InvalidValue>,
    ) -> Option<T> {
        text.and_then(|text| self.read(field, parse(text)))
    }

    /// A thing, often a file, that must be there.
    pub(crate) fn present<T>(&mut self, field: &'static str, thing: Option<T>) -> Option<T> {
        self.read(field, thing.ok_or_else(|| InvalidValue::new("is required")))
    }

    /// Notes that a field is bad.
    pub(crate) fn refuse(&mut self, field: &'static str, message: &str) {
        self.0.push(FieldError { field, message: message.to_owned() });
    }

    /// Goes on only when nothing was noted.
    pub(crate) fn check(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }

    /// All that was noted.
    pub(crate) fn into_error(self) -> Error {
        Error::Invalid(self.0)
    }
}

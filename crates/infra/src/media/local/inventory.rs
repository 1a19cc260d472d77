//! What lies in the media folder.

use async_trait::async_trait;
use aviary_domain::file::FileKey;
use aviary_domain::media::MediaError;
use aviary_domain::media::inventory::{InventoryPart, MediaInventory};

use super::{LocalMedia, here, stored_length};
use crate::media::blocking;
use crate::media::spool::storage_error;

/// The list is given in parts by the first digit of the names, so that few of many names are in memory at once.
const DIGITS: &str = "0123456789abcdef";

#[async_trait]
impl MediaInventory for LocalMedia {
    async fn list(&self, from: Option<String>) -> Result<InventoryPart, MediaError> {
        let digit = from.as_deref().unwrap_or("0").to_owned();
        let next = DIGITS.split_once(digit.as_str()).and_then(|(_, rest)| rest.get(..1)).map(str::to_owned);
        let keys = self.keys().map_err(storage_error)?;
        let names = blocking(move || {
            let part = keys.filter(|key| !matches!(key, Ok(key) if !key.stem().is_some_and(|s| s.starts_with(&digit))));
            part.collect::<Result<Vec<_>, _>>().map_err(storage_error)
        });
        Ok(InventoryPart { names: names.await?, next })
    }

    async fn holds(&self, key: &FileKey) -> Result<bool, MediaError> {
        here(key)?;
        match self.path(key) {
            Some(path) => Ok(stored_length(path).await?.is_some()),
            None => Ok(!key.is_derived()),
        }
    }
}

//! What lies at Cloudinary, and in the local folder beside it.

use async_trait::async_trait;
use aviary_domain::file::FileKey;
use aviary_domain::media::inventory::{InventoryPart, MediaInventory};
use aviary_domain::media::{Access, MediaError};

use super::asset::{Asset, Kind};
use super::{CloudinaryMedia, Place};

/// The shelves at Cloudinary, in the order of the walk; the local folder comes last.
const SHELVES: [(&str, Kind, Access); 4] = [
    ("films", Kind::Video, Access::Public),
    ("private-films", Kind::Video, Access::Private),
    ("images", Kind::Image, Access::Public),
    ("private-images", Kind::Image, Access::Private),
];
const LOCAL: &str = "local";

/// Where a part begins: a shelf, and the place on it, if it is not its beginning.
fn read_place(from: &str) -> (&str, Option<&str>) {
    from.split_once(':').map_or((from, None), |(shelf, cursor)| (shelf, Some(cursor)))
}

fn place(shelf: &str, cursor: &str) -> String {
    format!("{shelf}:{cursor}")
}

impl CloudinaryMedia {
    /// Whether an asset lies there, whoever may fetch it; has its playlist made if it does, where one is wanted.
    pub(super) async fn exists(&self, asset: &Asset, playlist: bool) -> Result<bool, MediaError> {
        // Somebody may have opened or closed it who could not say so any more.
        for access in [Access::Public, Access::Private] {
            if self.provider.explicit(asset, access, playlist).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[async_trait]
impl MediaInventory for CloudinaryMedia {
    async fn list(&self, from: Option<String>) -> Result<InventoryPart, MediaError> {
        let (section, cursor) = from.as_deref().map_or((SHELVES[0].0, None), read_place);
        if section == LOCAL {
            let InventoryPart { names, next } = self.local.list(cursor.map(str::to_owned)).await?;
            return Ok(InventoryPart { names, next: next.map(|cursor| place(LOCAL, &cursor)) });
        }
        let at = SHELVES.iter().position(|(name, ..)| *name == section);
        let unknown = || MediaError::Backend(format!("{section} is no place of this list").into());
        let (at, (_, kind, access)) = at.and_then(|at| Some((at, SHELVES.get(at)?))).ok_or_else(unknown)?;
        let listing = self.provider.list(*kind, *access, &self.addresses.prefix(*kind), cursor).await?;
        let names = listing.resources.iter().filter_map(|listed| self.addresses.name(&listed.public_id)).collect();
        let next_section = || SHELVES.get(at + 1).map_or(LOCAL, |(name, ..)| name).to_owned();
        let next = listing.next_cursor.map_or_else(next_section, |cursor| place(section, &cursor));
        Ok(InventoryPart { names, next: Some(next) })
    }

    async fn holds(&self, key: &FileKey) -> Result<bool, MediaError> {
        match self.place(key) {
            Place::Cloud(asset, _) => Ok(self.exists(&asset, false).await? || self.local.holds(&key.unmarked()).await?),
            Place::Derived(film, _) => match self.addresses.asset(&film) {
                Some(asset) => self.exists(&asset, false).await,
                None => Ok(false),
            },
            Place::Local => {
                let asset = self.addresses.asset(key);
                Ok(self.local.holds(key).await?
                    || match asset {
                        Some(asset) => self.exists(&asset, false).await?,
                        None => false,
                    })
            }
            Place::Adopted(_) | Place::Foreign => Ok(true),
        }
    }
}

//! Files as Cloudinary names them: public ids from our names and back, and the URLs under which they are fetched.

use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::{Access, Rendition};

use super::mark::Mark;
use super::settings::CloudinarySettings;
use super::signature::Signer;

/// The HLS playlist of a film: the streaming profile alone in its component.
pub(super) const HLS: &str = "sp_auto";
/// The same as it is asked for in advance.
pub(super) const EAGER_HLS: &str = "sp_auto/m3u8";

/// Which kind of asset: part of its identity, like its delivery type and its public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    Video,
}

impl Kind {
    /// As Cloudinary spells the resource type.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
        }
    }

    fn of(format: FileFormat) -> Self {
        match format {
            FileFormat::Jpeg | FileFormat::Png => Self::Image,
            FileFormat::Mp4 | FileFormat::Mov | FileFormat::WebM | FileFormat::Mkv => Self::Video,
        }
    }
}

/// As Cloudinary spells who may fetch an asset: its delivery type.
pub(super) fn delivery_type(access: Access) -> &'static str {
    match access {
        Access::Public => "upload",
        Access::Private => "authenticated",
    }
}

/// Reads a delivery type; `None` for those that are not used here.
pub(super) fn read_delivery_type(text: &str) -> Option<Access> {
    [Access::Public, Access::Private].into_iter().find(|access| delivery_type(*access) == text)
}

/// The other one of the two.
pub(super) fn other(access: Access) -> Access {
    match access {
        Access::Public => Access::Private,
        Access::Private => Access::Public,
    }
}

/// An asset, wherever it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asset {
    pub kind: Kind,
    pub public_id: String,
}

/// Translates between names and public ids.
///
/// A public id is the folder, the name's own folder, and `{32 digits}-{format}`: Cloudinary keeps the ending out of a public
/// id, and what it sends about one does not say its format.
pub(super) struct Addresses {
    folder: String,
    /// Delivery prefix and cloud.
    base: String,
}

impl Addresses {
    pub(super) fn new(settings: &CloudinarySettings) -> Self {
        Self { folder: settings.folder.clone(), base: format!("{}/{}", settings.delivery_prefix, settings.cloud) }
    }

    /// The asset of a name of our own; `None` for other names and for derived stills.
    pub(super) fn asset(&self, name: &FileKey) -> Option<Asset> {
        let (format, stem) = (name.format()?, name.stem()?);
        let public_id = format!("{}/{}/{stem}-{}", self.folder, format.folder(), format.extension());
        Some(Asset { kind: Kind::of(format), public_id })
    }

    /// The name that a public id stands for; `None` where it is none of ours.
    pub(super) fn name(&self, public_id: &str) -> Option<FileKey> {
        let ours = public_id.strip_prefix(&self.folder)?.strip_prefix('/')?;
        let (stem, extension) = ours.rsplit_once('-')?;
        FileKey::parse(&format!("{stem}.{extension}")).ok()
    }

    /// How the public ids of our assets of a kind begin.
    pub(super) fn prefix(&self, kind: Kind) -> String {
        let format = match kind {
            Kind::Image => FileFormat::Jpeg,
            Kind::Video => FileFormat::Mp4,
        };
        format!("{}/{}/", self.folder, format.folder())
    }

    /// The URL of a file of our own in the form that is shown; `None` for a name that is not one.
    pub(super) fn url(&self, signer: &Signer, name: &FileKey, mark: Mark, rendition: Rendition) -> Option<String> {
        let transformation = match rendition {
            Rendition::Film | Rendition::Still => "",
            Rendition::Avatar => "c_fill,g_auto,w_512,h_512",
            Rendition::Cover => "c_limit,w_2560",
        };
        self.delivered(signer, name, mark, transformation, name.format()?.extension())
    }

    /// The URL of the still that is made out of a film.
    pub(super) fn poster_url(&self, signer: &Signer, film: &FileKey, mark: Mark) -> Option<String> {
        self.delivered(signer, film, mark, "so_2,c_fill,w_640,h_360", FileFormat::Jpeg.extension())
    }

    /// The URL of a film's HLS playlist.
    pub(super) fn playlist_url(&self, signer: &Signer, film: &FileKey, mark: Mark) -> Option<String> {
        self.delivered(signer, film, mark, HLS, "m3u8")
    }

    fn delivered(
        &self,
        signer: &Signer,
        name: &FileKey,
        mark: Mark,
        transformation: &str,
        extension: &str,
    ) -> Option<String> {
        let Asset { kind, public_id } = self.asset(name)?;
        let file = format!("{public_id}.{extension}");
        let place = Delivered { kind, access: mark.access, transformation, version: mark.version, file: &file };
        Some(format!("{}/{}", self.base, place.signed_path(signer)))
    }
}

/// What stands in a delivery URL after the name of the cloud.
pub(super) struct Delivered<'a> {
    pub kind: Kind,
    pub access: Access,
    /// Empty for the file as it came.
    pub transformation: &'a str,
    pub version: u64,
    /// Public id and extension, as a URL spells them.
    pub file: &'a str,
}

impl Delivered<'_> {
    /// The path; only what is private needs a signature.
    pub(super) fn signed_path(&self, signer: &Signer) -> String {
        match self.access {
            Access::Public => self.path(None),
            Access::Private => {
                let covered = [self.transformation, self.file].into_iter().filter(|part| !part.is_empty());
                self.path(Some(&signer.delivery(&covered.collect::<Vec<_>>().join("/"))))
            }
        }
    }

    /// The path with this signature, or with none.
    pub(super) fn path(&self, signature: Option<&str>) -> String {
        let version = format!("v{}", self.version);
        let kind = self.kind.as_str();
        let parts =
            [kind, delivery_type(self.access), signature.unwrap_or_default(), self.transformation, &version, self.file];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }
}

/// Told apart from a folder's name: a version is a `v` and digits.
pub(super) fn read_version(component: &str) -> Option<u64> {
    component.strip_prefix('v').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use aviary_domain::file::{FileFormat, FileKey};
    use aviary_domain::media::{Access, Rendition};
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::{Addresses, Kind, read_version};
    use crate::media::cloudinary::mark::Mark;
    use crate::media::cloudinary::settings::CloudinarySettings;
    use crate::media::cloudinary::signature::{SignatureAlgorithm, Signer};

    fn addresses() -> Addresses {
        Addresses::new(&CloudinarySettings::parse_url("cloudinary://1:b@demo?folder=a/b").unwrap())
    }

    fn signer() -> Signer {
        Signer::new(SignatureAlgorithm::Sha1, SecretString::from("b"))
    }

    fn film() -> FileKey {
        FileKey::new(FileFormat::Mp4, [7; 16])
    }

    const STEM: &str = "07070707070707070707070707070707";

    #[test]
    fn public_urls_name_version_and_form() {
        let (addresses, signer, mark) = (addresses(), signer(), Mark::stored(12));
        let base = "https://res.cloudinary.com/demo";
        let url = |name: &FileKey, rendition| addresses.url(&signer, name, mark, rendition).unwrap();
        assert_eq!(url(&film(), Rendition::Film), format!("{base}/video/upload/v12/a/b/videos/{STEM}-mp4.mp4"));
        let image = FileKey::new(FileFormat::Png, [7; 16]);
        assert_eq!(url(&image, Rendition::Still), format!("{base}/image/upload/v12/a/b/images/{STEM}-png.png"));
        let face = "c_fill,g_auto,w_512,h_512";
        assert_eq!(url(&image, Rendition::Avatar), format!("{base}/image/upload/{face}/v12/a/b/images/{STEM}-png.png"));
        let banner = "c_limit,w_2560";
        assert_eq!(
            url(&image, Rendition::Cover),
            format!("{base}/image/upload/{banner}/v12/a/b/images/{STEM}-png.png")
        );
        let poster = addresses.poster_url(&signer, &film(), mark).unwrap();
        assert_eq!(poster, format!("{base}/video/upload/so_2,c_fill,w_640,h_360/v12/a/b/videos/{STEM}-mp4.jpg"));
        let playlist = addresses.playlist_url(&signer, &film(), mark).unwrap();
        assert_eq!(playlist, format!("{base}/video/upload/sp_auto/v12/a/b/videos/{STEM}-mp4.m3u8"));
    }

    #[test]
    fn private_urls_are_signed_over_form_and_public_id() {
        let (addresses, signer) = (addresses(), signer());
        let mark = Mark { access: Access::Private, ..Mark::stored(12) };
        let base = "https://res.cloudinary.com/demo/video/authenticated";
        let signature = signer.delivery(&format!("a/b/videos/{STEM}-mp4.mp4"));
        let url = addresses.url(&signer, &film(), mark, Rendition::Film).unwrap();
        assert_eq!(url, format!("{base}/{signature}/v12/a/b/videos/{STEM}-mp4.mp4"));
        let signature = signer.delivery(&format!("sp_auto/a/b/videos/{STEM}-mp4.m3u8"));
        let playlist = addresses.playlist_url(&signer, &film(), mark).unwrap();
        assert_eq!(playlist, format!("{base}/{signature}/sp_auto/v12/a/b/videos/{STEM}-mp4.m3u8"));
    }

    #[test]
    fn a_public_id_of_others_has_no_name() {
        for public_id in [
            String::new(),
            STEM.to_owned(),
            format!("a/b/videos/{STEM}"),
            format!("a/b/videos/{STEM}-png"),
            format!("a/b/images/{STEM}-mp4"),
            format!("a/videos/{STEM}-mp4"),
            format!("a/b/c/videos/{STEM}-mp4"),
            format!("a/bvideos/{STEM}-mp4"),
            format!("a/b/videos/{STEM}-mp4/x"),
            format!("a/b/videos/{}-mp4", STEM.replace('7', "G")),
        ] {
            assert_eq!(addresses().name(&public_id), None, "{public_id}");
        }
    }

    #[test]
    fn versions_are_told_from_folders() {
        assert_eq!(read_version("v123"), Some(123));
        for folder in ["v", "123", "vx1", "v1x", "v+1", "videos"] {
            assert_eq!(read_version(folder), None, "{folder}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_told_by_its_public_id(random: [u8; 16], format in prop::sample::select(FileFormat::ALL.to_vec())) {
            let name = FileKey::new(format, random);
            let asset = addresses().asset(&name.marked("u1")).unwrap();
            prop_assert!(asset.public_id.starts_with(&addresses().prefix(asset.kind)));
            prop_assert_eq!(asset.kind == Kind::Video, name.is_film());
            prop_assert_eq!(addresses().name(&asset.public_id), Some(name));
        }
    }
}

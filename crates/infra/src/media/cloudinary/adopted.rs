//! Files that another application left on our cloud: a row has their URL, from which everything else is told.

use aviary_domain::file::FileKey;
use aviary_domain::media::Access;
use reqwest::Url;

use super::asset::{Asset, Delivered, Kind, read_delivery_type, read_version};
use super::settings::CloudinarySettings;
use super::signature::Signer;

/// A delivery URL of our own cloud, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Adopted {
    pub asset: Asset,
    pub access: Access,
    /// Everything up to the name of the cloud.
    base: String,
    transformation: String,
    version: u64,
    /// Public id and extension, as the URL spells them.
    file: String,
}

/// How delivery URLs of our cloud begin.
pub(super) struct Cloud {
    bases: Vec<String>,
}

impl Cloud {
    pub(super) fn new(settings: &CloudinarySettings) -> Self {
        let usual = ["https://res.cloudinary.com", "http://res.cloudinary.com"];
        let prefixes = std::iter::once(settings.delivery_prefix.as_str()).chain(usual);
        Self { bases: prefixes.map(|prefix| format!("{prefix}/{}", settings.cloud)).collect() }
    }

    /// Takes a URL apart; `None` where it is of another cloud, of a kind or delivery type that is not used here, or names no
    /// version, without which a folder could be taken for a transformation.
    pub(super) fn read(&self, key: &FileKey) -> Option<Adopted> {
        let text = key.as_str();
        if text.contains(['?', '#']) {
            return None;
        }
        let matching = |base: &String| Some((base.clone(), text.strip_prefix(base.as_str())?.strip_prefix('/')?));
        let (base, path) = self.bases.iter().find_map(matching)?;
        let mut parts = path.split('/');
        let kind = match parts.next()? {
            "image" => Kind::Image,
            "video" => Kind::Video,
            _ => return None,
        };
        let access = read_delivery_type(parts.next()?)?;
        let rest: Vec<&str> = parts.collect();
        let at = rest.iter().position(|part| read_version(part).is_some())?;
        let version = read_version(rest.get(at)?)?;
        let unsigned = rest.get(..at)?.iter().filter(|part| !part.starts_with("s--")).copied();
        let transformation = unsigned.collect::<Vec<_>>().join("/");
        let file = rest.get(at + 1..)?.join("/");
        let stem = file.rsplit_once('.').filter(|(_, extension)| !extension.contains('/')).map(|(stem, _)| stem);
        let public_id = decode(stem.unwrap_or(&file))?;
        (!public_id.is_empty()).then_some(Adopted {
            asset: Asset { kind, public_id },
            access,
            base,
            transformation,
            version,
            file,
        })
    }
}

impl Adopted {
    /// The key of the same file after it was opened or closed.
    pub(super) fn moved(&self, access: Access, version: u64) -> FileKey {
        let place = Delivered { access, version, ..self.delivered() };
        FileKey::from_stored(format!("{}/{}", self.base, place.path(None)))
    }

    /// The URL under which it is fetched.
    pub(super) fn url(&self, signer: &Signer) -> String {
        format!("{}/{}", self.base, self.delivered().signed_path(signer))
    }

    fn delivered(&self) -> Delivered<'_> {
        let Self { asset, access, transformation, version, file, .. } = self;
        Delivered { kind: asset.kind, access: *access, transformation, version: *version, file }
    }
}

/// What a path means, with its percent signs resolved.
fn decode(path: &str) -> Option<String> {
    // A query is decoded like a path, except that its plus signs are spaces and its `&` and `=` divide it.
    let hidden = path.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let url = Url::parse(&format!("path:?{hidden}")).ok()?;
    url.query_pairs().next().map(|(text, _)| text.into_owned())
}

#[cfg(test)]
mod tests {
    use aviary_domain::file::FileKey;
    use aviary_domain::media::Access;
    use secrecy::SecretString;

    use super::{Adopted, Cloud};
    use crate::media::cloudinary::asset::Kind;
    use crate::media::cloudinary::settings::CloudinarySettings;
    use crate::media::cloudinary::signature::{SignatureAlgorithm, Signer};

    fn read(url: &str) -> Option<Adopted> {
        let settings =
            CloudinarySettings::parse_url("cloudinary://1:b@demo?delivery_prefix=http://localhost:9").unwrap();
        Cloud::new(&settings).read(&FileKey::from_stored(url.to_owned()))
    }

    #[test]
    fn a_url_of_our_cloud_is_understood() {
        let adopted = read("http://res.cloudinary.com/demo/video/upload/v123/x/my%20film.mp4").unwrap();
        assert_eq!((adopted.asset.kind, adopted.asset.public_id.as_str()), (Kind::Video, "x/my film"));
        assert_eq!(adopted.access, Access::Public);
        let signer = Signer::new(SignatureAlgorithm::Sha1, SecretString::from("b"));
        assert_eq!(adopted.url(&signer), "http://res.cloudinary.com/demo/video/upload/v123/x/my%20film.mp4");
        let plain = read("http://localhost:9/demo/image/upload/v5/a+b&c=d.e.png").unwrap();
        assert_eq!((plain.asset.kind, plain.asset.public_id.as_str()), (Kind::Image, "a+b&c=d.e"));
    }

    #[test]
    fn what_was_closed_is_fetched_with_a_signature() {
        let signer = Signer::new(SignatureAlgorithm::Sha1, SecretString::from("b"));
        let open = read("https://res.cloudinary.com/demo/video/upload/w_100/v123/x/y.mp4").unwrap();
        let closed = open.moved(Access::Private, 124);
        assert_eq!(closed.as_str(), "https://res.cloudinary.com/demo/video/authenticated/w_100/v124/x/y.mp4");
        let signature = signer.delivery("w_100/x/y.mp4");
        let url = format!("https://res.cloudinary.com/demo/video/authenticated/{signature}/w_100/v124/x/y.mp4");
        assert_eq!(read(closed.as_str()).unwrap().url(&signer), url);
        assert_eq!(read(&url).unwrap().moved(Access::Public, 123).as_str(), open.url(&signer));
    }

    #[test]
    fn other_urls_are_left_alone() {
        for url in [
            "",
            "https://example.org/demo/video/upload/v1/x.mp4",
            "https://res.cloudinary.com/demo2/video/upload/v1/x.mp4",
            "https://res.cloudinary.com/other/video/upload/v1/x.mp4",
            "https://res.cloudinary.com/demo/raw/upload/v1/x.txt",
            "https://res.cloudinary.com/demo/video/private/v1/x.mp4",
            "https://res.cloudinary.com/demo/video/fetch/v1/x.mp4",
            "https://res.cloudinary.com/demo/video/upload/x.mp4",
            "https://res.cloudinary.com/demo/video/upload/v1",
            "https://res.cloudinary.com/demo/video/upload/v1/",
            "https://res.cloudinary.com/demo/video/upload/v1/x.mp4?y",
        ] {
            assert_eq!(read(url), None, "{url}");
        }
    }
}

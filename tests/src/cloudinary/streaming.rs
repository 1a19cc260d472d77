//! HLS: a film's playlist, the playlist of the one rendition that it leads to, and the segment that this leads to. Each is an
//! asset of the same film: under the same delivery type, and for signed URLs alone where the film is.
//!
//! What the real one writes into its playlists is documented nowhere for private films. Here every line is a URL that can be
//! fetched as it stands, signed if it has to be: less would not play, and more is not needed.

use super::answer::Refusal;
use super::asset::{Asset, Place, Streaming, url};
use super::shared::Account;
use super::still::Transformation;

/// The playlist that is asked for, once it is made.
pub(crate) fn playlist(
    account: &Account,
    place: &Place,
    asset: &Asset,
    asked: &Transformation,
) -> Result<String, Refusal> {
    let is_master = asked.profile.as_deref() == Some("auto");
    if !is_master {
        assert_rendition(asset, asked)?;
    }
    assert_made(asset.streaming)?;
    let (width, height) = asset.size;
    let path = |extension| {
        let whole = url(account, place, &rendition(asset), asset.version, extension);
        whole.strip_prefix(&account.origin).map(str::to_owned).unwrap_or(whole)
    };
    if is_master {
        let lines = ["#EXTM3U", "#EXT-X-VERSION:6"].join("\n");
        let stream = format!("#EXT-X-STREAM-INF:BANDWIDTH=845678,RESOLUTION={width}x{height}");
        return Ok(format!("{lines}\n{stream}\n{}\n", path("m3u8")));
    }
    let seconds = asset.duration.unwrap_or_default();
    let head = format!("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:{:.0}", seconds.ceil());
    Ok(format!("{head}\n#EXTINF:{seconds:.3},\n{}\n#EXT-X-ENDLIST\n", path("ts")))
}

/// Whether the segment of the rendition is there, which is the film itself.
pub(crate) fn segment(asset: &Asset, asked: &Transformation) -> Result<(), Refusal> {
    assert_rendition(asset, asked)?;
    assert_made(asset.streaming)
}

/// The transformation of the only rendition.
fn rendition(asset: &Asset) -> String {
    format!("c_limit,h_{},w_{}", asset.size.1, asset.size.0)
}

fn assert_rendition(asset: &Asset, asked: &Transformation) -> Result<(), Refusal> {
    let made = Transformation::read(&[&rendition(asset)])?;
    if *asked == made { Ok(()) } else { Err(Refusal::new(400, "Invalid streaming profile")) }
}

fn assert_made(streaming: Streaming) -> Result<(), Refusal> {
    match streaming {
        Streaming::Made => Ok(()),
        Streaming::AtWork => Err(Refusal::new(423, "Derived asset is being processed")),
        Streaming::Failed => Err(Refusal::new(400, "Unsupported video format or file")),
        Streaming::Unasked => Err(Refusal::new(
            400,
            "Video is too large to process synchronously, please use an eager transformation with eager_async=true \
             to resolve",
        )),
    }
}

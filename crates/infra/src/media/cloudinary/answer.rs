//! What Cloudinary's answers say, as far as it may be relied on.

use aviary_domain::media::Access;
use serde::Deserialize;
use serde_json::Value;

use super::asset::{Asset, delivery_type};

/// An asset as an answer describes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    pub public_id: String,
    pub version: u64,
    /// Cloudinary's signature over public id and version; some answers have none.
    pub signature: Option<String>,
    resource_type: String,
    #[serde(rename = "type")]
    delivery_type: String,
    pub bytes: Option<u64>,
    /// The file name's ending of this kind of file.
    pub format: Option<String>,
    duration: Option<Value>,
    width: Option<Value>,
    height: Option<Value>,
    is_audio: Option<bool>,
}

/// A page of a list of assets.
#[derive(Debug, Deserialize)]
pub(super) struct Listing {
    pub resources: Vec<Listed>,
    pub next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    pub public_id: String,
}

impl Described {
    /// Whether it is this asset.
    pub(super) fn is(&self, asset: &Asset, access: Access) -> bool {
        self.public_id == asset.public_id
            && self.resource_type == asset.kind.as_str()
            && self.delivery_type == delivery_type(access)
    }

    /// The length in seconds, if one is told.
    pub(super) fn duration(&self) -> Option<f64> {
        number(self.duration.as_ref()).filter(|seconds| seconds.is_finite() && *seconds > 0.0)
    }

    /// Width and height of a frame in pixels, 0 where they are not told.
    pub(super) fn frame(&self) -> (u32, u32) {
        let pixels = |value: &Option<Value>| {
            let whole = value.as_ref().and_then(|value| match value {
                Value::String(text) => text.parse().ok(),
                other => other.as_u64(),
            });
            whole.and_then(|pixels| u32::try_from(pixels).ok()).unwrap_or_default()
        };
        (pixels(&self.width), pixels(&self.height))
    }

    /// Whether it has sound and no picture.
    pub(super) fn is_audio(&self) -> bool {
        self.is_audio == Some(true)
    }
}

/// Some numbers come as text.
fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use aviary_domain::media::Access;
    use serde_json::json;

    use super::Described;
    use crate::media::cloudinary::asset::{Asset, Kind};

    fn described(more: &serde_json::Value) -> Described {
        let mut answer = json!({"public_id": "a/x", "version": 3, "resource_type": "video", "type": "upload"});
        answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(answer).unwrap()
    }

    #[test]
    fn numbers_are_read_as_they_come() {
        let plain = described(&json!({"duration": 12.5, "width": 640, "height": 360, "bytes": 9, "nested": {"x": []}}));
        assert_eq!((plain.duration(), plain.frame(), plain.bytes), (Some(12.5), (640, 360), Some(9)));
        let texts = described(&json!({"duration": "12.5", "width": "640", "height": null}));
        assert_eq!((texts.duration(), texts.frame(), texts.bytes), (Some(12.5), (640, 0), None));
        for odd in [json!(0), json!(-1.0), json!("NaN"), json!("inf"), json!([]), json!(null)] {
            assert_eq!(described(&json!({ "duration": odd })).duration(), None);
        }
    }

    #[test]
    fn an_asset_is_told_by_kind_type_and_public_id() {
        let asset = |kind, id: &str| Asset { kind, public_id: id.to_owned() };
        let described = described(&json!({}));
        assert!(described.is(&asset(Kind::Video, "a/x"), Access::Public));
        assert!(!described.is(&asset(Kind::Image, "a/x"), Access::Public));
        assert!(!described.is(&asset(Kind::Video, "a/y"), Access::Public));
        assert!(!described.is(&asset(Kind::Video, "a/x"), Access::Private));
    }
}

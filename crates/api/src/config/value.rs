//! How single values of the configuration are read. Each refusal is the end of a sentence that starts with the value.

use std::time::Duration;

use actix_web::http::Uri;

/// The fewest bytes of a secret: as many as the hash of HS256 has.
pub(super) const MIN_SECRET_BYTES: usize = 32;

/// Longer times are typing mistakes, and would overflow where they are added to the present.
const LONGEST: Duration = Duration::from_hours(3650 * 24);

/// Which web pages of other origins may call the API.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CorsOrigins {
    /// None.
    #[default]
    Nobody,
    /// All, without cookies: a page of any origin that could act with its visitor's cookies would own the account.
    Anyone,
    /// These, with cookies.
    These(Vec<String>),
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("must be text or json".to_owned()),
        }
    }
}

/// Whether browsers send cookies along when another site asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SameSite {
    /// Never.
    Strict,
    /// When a link is followed.
    #[default]
    Lax,
    /// Always.
    None,
}

impl SameSite {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "strict" => Ok(Self::Strict),
            "lax" => Ok(Self::Lax),
            "none" => Ok(Self::None),
            _ => Err("must be strict, lax or none".to_owned()),
        }
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err("must be on or off".to_owned()),
    }
}

pub(super) fn host(text: &str) -> Result<String, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let name = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    if name || bare.parse::<std::net::IpAddr>().is_ok() {
        Ok(bare.to_owned())
    } else {
        Err("must be a host name or an IP address, without a scheme or port".to_owned())
    }
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "must be a port: a whole number from 0 to 65535".to_owned())
}

pub(super) fn bcrypt_cost(text: &str) -> Result<u32, String> {
    whole_number(text, 4..=16, "4 to 16")
}

pub(super) fn workers(text: &str) -> Result<usize, String> {
    whole_number(text, 1..=1024, "1 to 1024")
}

fn whole_number<T>(text: &str, range: std::ops::RangeInclusive<T>, shown: &str) -> Result<T, String>
where
    T: std::str::FromStr + PartialOrd,
{
    text.parse()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("must be a whole number from {shown}"))
}

/// `15m`, `1d`, `900s`; a bare number counts seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let refused = || "must be a duration: 900 (seconds), 900s, 15m, 12h, 10d or 2w, at most ten years".to_owned();
    let (number, unit) = number_and_unit(text).ok_or_else(refused)?;
    let seconds = match unit.as_str() {
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return Err(refused()),
    };
    let duration = number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(refused)?;
    if duration > LONGEST { Err(refused()) } else { Ok(duration) }
}

pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be longer than nothing".to_owned()),
        duration => Ok(duration),
    }
}

/// A size, or `off` or 0 for none.
pub(super) fn quota(text: &str) -> Result<Option<u64>, String> {
    if text == "0" || text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    size(text).map(Some).map_err(|_| "must be off or a size: 1048576, 100MB (decimal) or 2GiB (binary)".to_owned())
}

/// A folder of a Cloudinary account: names joined by slashes.
pub(super) fn cloudinary_folder(text: &str) -> Result<String, String> {
    let name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if text.len() <= 100 && text.split('/').all(name) {
        Ok(text.to_owned())
    } else {
        Err("must be a folder: names of letters, digits, '-' and '_', joined by '/', 100 characters at most".to_owned())
    }
}

/// Plain bytes, or with a decimal (`100MB`) or binary (`2GiB`) unit.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let refused = || "must be a size from 1 byte up: 1048576, 100MB (decimal) or 2GiB (binary)".to_owned();
    let (number, unit) = number_and_unit(text).ok_or_else(refused)?;
    let factor: u64 = match unit.as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(refused()),
    };
    // Stores and HTTP libraries count in signed 64 bits.
    let bytes = number.checked_mul(factor).filter(|bytes| i64::try_from(*bytes).is_ok());
    bytes.filter(|bytes| *bytes > 0).ok_or_else(refused)
}

fn number_and_unit(text: &str) -> Option<(u64, String)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim().to_ascii_lowercase()))
}

/// `https://host`, `https://host/prefix`; a slash at the end is dropped.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    if web_uri(url).is_some_and(|uri| uri.query().is_none()) {
        Ok(url.to_owned())
    } else {
        Err("must be an absolute http or https URL without a query".to_owned())
    }
}

pub(super) fn cors_origins(text: &str) -> Result<CorsOrigins, String> {
    if text == "*" {
        return Ok(CorsOrigins::Anyone);
    }
    let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    origins.map(origin).collect::<Result<_, _>>().map(CorsOrigins::These)
}

/// A slash at the end is dropped: browsers send origins without one.
fn origin(text: &str) -> Result<String, String> {
    let origin = text.trim_end_matches('/').to_ascii_lowercase();
    if web_uri(&origin).is_some_and(|uri| uri.path() == "/" && uri.query().is_none()) {
        Ok(origin)
    } else {
        Err("must be `*` or origins such as https://app.example.org, separated by commas".to_owned())
    }
}

fn web_uri(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.host().is_some_and(|host| !host.is_empty());
    let anonymous = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    (web && host && anonymous).then_some(uri)
}

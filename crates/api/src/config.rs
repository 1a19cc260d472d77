//! Configuration: flags and environment in, checked [`Settings`] out, every mistake told at once.
//! Nothing here opens a file or a socket.

pub mod cloudinary;
pub mod options;
pub mod value;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use aviary_domain::media::site::MediaSite;
use aviary_infra::media::cloudinary::CloudinarySettings;
use secrecy::SecretString;

pub use cloudinary::CloudinaryOptions;
pub use options::{Cli, Command, ConfigCommand, MediaCommand, Options, SeedSize};
pub use value::{CorsOrigins, LogFormat, SameSite};

/// Everything the server can be told, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name or address to listen on.
    pub host: String,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// Under which URL clients reach this server, without a slash at the end; derived from the listener when absent.
    pub public_url: Option<String>,
    /// The folder that this process has to itself: the embedded store is in it, secrets that were not given, and the
    /// media unless they have a folder of their own.
    pub data_dir: PathBuf,
    /// The folder of the media; processes that share a store share it.
    pub media_dir: PathBuf,
    /// The MongoDB deployment that is the store; the embedded one in the data folder when absent. May hold a password.
    pub mongodb_uri: Option<SecretString>,
    /// Whether a MongoDB database that needs it is migrated before it is served.
    pub migrate: bool,
    /// Which web pages of other origins may call the API.
    pub cors: CorsOrigins,
    /// Secrets and lives of tokens.
    pub tokens: TokenSettings,
    /// How cookies are set.
    pub cookies: CookieSettings,
    /// The cost of hashing a password.
    pub bcrypt_cost: u32,
    /// The largest video in bytes.
    pub max_video_bytes: u64,
    /// The largest image in bytes.
    pub max_image_bytes: u64,
    /// What the films and stills of one user may have together, in bytes; `None` for any size.
    pub storage_quota: Option<u64>,
    /// How long links to files last that not everybody may fetch.
    pub link_life: Duration,
    /// How long one view of a viewer lasts before the next one counts.
    pub view_window: Duration,
    /// Whether wrong passwords are limited, wherever they are tried.
    pub rate_limits: bool,
    /// How log lines look.
    pub log_format: LogFormat,
    /// How long running requests may go on once the server is told to stop.
    pub shutdown_timeout: Duration,
    /// Threads that serve requests.
    pub workers: usize,
    /// Whether the last entry of `X-Forwarded-For` is the client's address.
    pub trust_proxy: bool,
    /// The account at Cloudinary that keeps the media; the media folder when absent.
    pub cloudinary: Option<CloudinarySettings>,
}

/// Secrets and lives of tokens. An absent secret is made once and kept in the data folder.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// Signs access tokens.
    pub access_secret: Option<SecretString>,
    /// How long an access token works.
    pub access_life: Duration,
    /// Signs refresh tokens.
    pub refresh_secret: Option<SecretString>,
    /// How long a refresh token works.
    pub refresh_life: Duration,
}

/// How cookies are set.
#[derive(Debug, Clone, Copy)]
pub struct CookieSettings {
    /// Whether browsers send them over HTTPS (and to localhost) alone.
    pub secure: bool,
    /// Whether browsers send them along when another site asks.
    pub same_site: SameSite,
}

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The environment variable.
    pub variable: &'static str,
    /// What is wrong with it.
    pub message: String,
}

/// All that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "The configuration has {count} mistake{}:", if count == 1 { "" } else { "s" })?;
        self.0.iter().try_for_each(|m| write!(f, "\n  {}: {}", m.variable, m.message))
    }
}

impl std::error::Error for Mistakes {}

impl Settings {
    /// Where files are kept.
    pub fn media_site(&self) -> MediaSite {
        self.cloudinary.as_ref().map_or(MediaSite::Folder, CloudinarySettings::site)
    }

    /// The base of absolute URLs, without a slash at the end, for a server that listens on `port`.
    ///
    /// Loopback and wildcard addresses become `localhost`: that is where browsers keep `Secure` cookies without TLS.
    pub fn base_url(&self, port: u16) -> String {
        if let Some(url) = &self.public_url {
            return url.clone();
        }
        match self.host.parse::<std::net::IpAddr>() {
            Ok(ip) if ip.is_loopback() || ip.is_unspecified() => format!("http://localhost:{port}"),
            Ok(std::net::IpAddr::V6(ip)) => format!("http://[{ip}]:{port}"),
            _ => format!("http://{}:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests;

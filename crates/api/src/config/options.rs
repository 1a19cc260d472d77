//! The command line and the environment as they were typed, and how they become [`Settings`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use secrecy::{ExposeSecret, SecretString};

use super::cloudinary::CloudinaryOptions;
use super::value::{self, CorsOrigins, LogFormat, SameSite};
use super::{CookieSettings, Mistake, Mistakes, Settings, TokenSettings};

/// Aviary: video, tweets, comments, likes, subscriptions and playlists over HTTP, in one process.
#[derive(Parser)]
#[command(name = "aviary", version)]
pub struct Cli {
    /// What to do; without one, the server runs.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The configuration.
    #[command(flatten)]
    pub options: Options,
}

/// What to do.
#[derive(Subcommand, Clone)]
pub enum Command {
    /// Run the server (the default).
    Serve,
    /// Bring the store up to this version, or adopt the MongoDB database of another application; tell what was done.
    Migrate {
        /// Only tell what would be done, with the full report; change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Then distribute the collections over the shards of a MongoDB cluster (version 8.0 or later).
        #[arg(long)]
        shard: bool,
    },
    /// Recompute every stored count from the facts and report what differs; the server must not be running.
    Reconcile {
        /// Set what differs to the facts.
        #[arg(long)]
        repair: bool,
    },
    /// Copy everything to another home and compare both; run it again to go on after a stop. No server may be running.
    Copy {
        /// The other home: the MongoDB URI of an empty database, with its name, or a folder without a home. In the environment a
        /// password in it is not seen by who lists the processes.
        #[arg(long, env = "COPY_TO", hide_env_values = true)]
        to: SecretString,
    },
    /// Fill an empty home with made-up data to try things out on; run it again to go on after a stop. Everybody in it has the same
    /// password, which is printed: no home for real people. Its videos have no files, only addresses that lead nowhere.
    Seed {
        /// How much: small is 5,000 videos and 200,000 likes, in seconds; large 200,000 videos and 3,000,000 likes, in minutes.
        #[arg(long)]
        size: SeedSize,
        /// Which data: the same size and number make the same, row by row.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Look after the media.
    #[command(subcommand)]
    Media(MediaCommand),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// How much is made up.
#[derive(ValueEnum, Clone, Copy)]
pub enum SeedSize {
    /// 1,000 users.
    Small,
    /// 20,000 users.
    Large,
}

/// What to do with the media.
#[derive(Subcommand, Clone, Copy)]
pub enum MediaCommand {
    /// Compare the rows with the stored files, both ways, and report what differs; of an embedded store the server must not be
    /// running.
    Check {
        /// Set it right: remove files that nothing owns, try again to remove those that were given up, and have videos
        /// without their film fail.
        #[arg(long)]
        fix: bool,
    },
    /// Upload the files of the media folder to the Cloudinary account and have the rows name them there; run it again to go on after a
    /// stop. No server may be running.
    Upload,
}

/// What to do with the configuration.
#[derive(Subcommand, Clone, Copy)]
pub enum ConfigCommand {
    /// Tell whether the configuration is sound, with every mistake at once.
    Check,
}

/// The configuration as it was typed. A blank value counts as absent.
#[derive(Args, Default, Clone)]
#[command(next_help_heading = "Configuration")]
pub struct Options {
    /// Name or address to listen on [default: 127.0.0.1]
    #[arg(long, global = true, env = "HOST")]
    pub host: Option<String>,
    /// Port to listen on; 0 takes a free one [default: 8000]
    #[arg(long, global = true, env = "PORT")]
    pub port: Option<String>,
    /// URL under which clients reach this server [default: http://HOST:PORT]
    #[arg(long, global = true, env = "PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Folder for the store, the media and the secrets [default: ./data]
    #[arg(long, global = true, env = "DATA_DIR")]
    pub data_dir: Option<String>,
    /// Folder for the media, which servers of one database share [default: media in the data folder]
    #[arg(long, global = true, env = "MEDIA_DIR")]
    pub media_dir: Option<String>,
    /// MongoDB replica set or sharded cluster to store in, as mongodb://… [default: embedded, in the data folder]
    #[arg(long, global = true, env = "MONGODB_URI", hide_env_values = true)]
    pub mongodb_uri: Option<SecretString>,
    /// Before serving, do what `aviary migrate` does to a MongoDB database that needs it: on or off [default: off]
    #[arg(
        long, global = true, env = "MIGRATE",
        num_args = 0..=1, require_equals = true, default_missing_value = "on"
    )]
    pub migrate: Option<String>,
    /// Origins, separated by commas, whose pages may call the API with cookies; `*`: any, without cookies [default: none]
    #[arg(long, global = true, env = "CORS_ORIGIN")]
    pub cors_origin: Option<String>,
    /// Signs access tokens; 32 bytes or more [default: made once in the data folder]
    #[arg(long, global = true, env = "ACCESS_TOKEN_SECRET", hide_env_values = true)]
    pub access_token_secret: Option<SecretString>,
    /// How long an access token works: 15m, 1d, 900s or seconds [default: 1d]
    #[arg(long, global = true, env = "ACCESS_TOKEN_EXPIRY")]
    pub access_token_expiry: Option<String>,
    /// Signs refresh tokens; 32 bytes or more [default: made once in the data folder]
    #[arg(long, global = true, env = "REFRESH_TOKEN_SECRET", hide_env_values = true)]
    pub refresh_token_secret: Option<SecretString>,
    /// How long a refresh token works [default: 10d]
    #[arg(long, global = true, env = "REFRESH_TOKEN_EXPIRY")]
    pub refresh_token_expiry: Option<String>,
    /// Send cookies over HTTPS (and to localhost) alone: on or off [default: on]
    #[arg(long, global = true, env = "COOKIE_SECURE")]
    pub cookie_secure: Option<String>,
    /// Send cookies along when another site asks: strict, lax or none [default: lax]
    #[arg(long, global = true, env = "COOKIE_SAMESITE")]
    pub cookie_samesite: Option<String>,
    /// Cost of hashing a password, 4 to 16; one more doubles the time [default: 10]
    #[arg(long, global = true, env = "BCRYPT_COST")]
    pub bcrypt_cost: Option<String>,
    /// Largest video, in bytes or as 2GiB [default: 5GB]
    #[arg(long, global = true, env = "MAX_VIDEO_BYTES")]
    pub max_video_bytes: Option<String>,
    /// Largest image, in bytes or as 10MB [default: 10MB]
    #[arg(long, global = true, env = "MAX_IMAGE_BYTES")]
    pub max_image_bytes: Option<String>,
    /// What the films and stills of one user may have together, in bytes or as 20GiB; off: any size [default: 20GiB]
    #[arg(long, global = true, env = "STORAGE_QUOTA")]
    pub storage_quota: Option<String>,
    /// How long the links to files last that not everybody may fetch [default: 6h]
    #[arg(long, global = true, env = "LINK_LIFE")]
    pub link_life: Option<String>,
    /// How long one view of a viewer lasts before the next one counts [default: 30m]
    #[arg(long, global = true, env = "VIEW_WINDOW")]
    pub view_window: Option<String>,
    /// Limit wrong passwords, wherever they are tried: on or off [default: on]
    #[arg(long, global = true, env = "RATE_LIMITS")]
    pub rate_limits: Option<String>,
    /// How log lines look: text or json; `RUST_LOG` says which are written [default: text]
    #[arg(long, global = true, env = "LOG_FORMAT")]
    pub log_format: Option<String>,
    /// How long running requests may go on once the server is told to stop [default: 30s]
    #[arg(long, global = true, env = "SHUTDOWN_TIMEOUT")]
    pub shutdown_timeout: Option<String>,
    /// Threads that serve requests [default: one for each core]
    #[arg(long, global = true, env = "WORKERS")]
    pub workers: Option<String>,
    /// Take the client's address from the last entry of X-Forwarded-For: on or off [default: off]
    #[arg(long, global = true, env = "TRUST_PROXY")]
    pub trust_proxy: Option<String>,
    /// The account that keeps the media.
    #[command(flatten)]
    pub cloudinary: CloudinaryOptions,
}

impl Options {
    /// Checks everything and tells every mistake at once.
    pub fn resolve(&self) -> Result<Settings, Mistakes> {
        let mut checks = Checks::default();
        let settings = self.read(&mut checks);
        if settings.cookies.same_site == SameSite::None && !settings.cookies.secure {
            checks.add("COOKIE_SAMESITE", "`none` needs COOKIE_SECURE=on: browsers drop such cookies otherwise");
        }
        if settings.mongodb_uri.is_some() {
            checks.require_secrets(&settings.tokens);
        }
        if checks.0.is_empty() { Ok(settings) } else { Err(Mistakes(checks.0)) }
    }

    fn read(&self, checks: &mut Checks) -> Settings {
        let folder = |text: &str| Ok(PathBuf::from(text));
        let data_dir = checks.value("DATA_DIR", self.data_dir.as_ref(), "data", folder);
        let media_dir = checks.optional("MEDIA_DIR", self.media_dir.as_ref(), folder);
        Settings {
            host: checks.value("HOST", self.host.as_ref(), "127.0.0.1", value::host),
            port: checks.value("PORT", self.port.as_ref(), "8000", value::port),
            public_url: checks.optional("PUBLIC_URL", self.public_url.as_ref(), value::base_url),
            media_dir: media_dir.unwrap_or_else(|| data_dir.join("media")),
            data_dir,
            mongodb_uri: checks.mongodb_uri(self.mongodb_uri.as_ref()),
            migrate: checks.value("MIGRATE", self.migrate.as_ref(), "off", value::switch),
            cors: checks
                .optional("CORS_ORIGIN", self.cors_origin.as_ref(), value::cors_origins)
                .unwrap_or(CorsOrigins::Nobody),
            tokens: self.read_tokens(checks),
            cookies: CookieSettings {
                secure: checks.value("COOKIE_SECURE", self.cookie_secure.as_ref(), "on", value::switch),
                same_site: checks.value("COOKIE_SAMESITE", self.cookie_samesite.as_ref(), "lax", SameSite::parse),
            },
            bcrypt_cost: checks.value("BCRYPT_COST", self.bcrypt_cost.as_ref(), "10", value::bcrypt_cost),
            max_video_bytes: checks.value("MAX_VIDEO_BYTES", self.max_video_bytes.as_ref(), "5GB", value::size),
            max_image_bytes: checks.value("MAX_IMAGE_BYTES", self.max_image_bytes.as_ref(), "10MB", value::size),
            view_window: checks.value("VIEW_WINDOW", self.view_window.as_ref(), "30m", value::duration),
            storage_quota: checks.value("STORAGE_QUOTA", self.storage_quota.as_ref(), "20GiB", value::quota),
            link_life: checks.value("LINK_LIFE", self.link_life.as_ref(), "6h", value::positive_duration),
            rate_limits: checks.value("RATE_LIMITS", self.rate_limits.as_ref(), "on", value::switch),
            log_format: checks.value("LOG_FORMAT", self.log_format.as_ref(), "text", LogFormat::parse),
            shutdown_timeout: checks.value("SHUTDOWN_TIMEOUT", self.shutdown_timeout.as_ref(), "30s", value::duration),
            workers: checks
                .optional("WORKERS", self.workers.as_ref(), value::workers)
                .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            trust_proxy: checks.value("TRUST_PROXY", self.trust_proxy.as_ref(), "off", value::switch),
            cloudinary: self.cloudinary.resolve(checks),
        }
    }

    fn read_tokens(&self, checks: &mut Checks) -> TokenSettings {
        TokenSettings {
            access_secret: checks.secret("ACCESS_TOKEN_SECRET", self.access_token_secret.as_ref()),
            access_life: checks.value(
                "ACCESS_TOKEN_EXPIRY",
                self.access_token_expiry.as_ref(),
                "1d",
                value::positive_duration,
            ),
            refresh_secret: checks.secret("REFRESH_TOKEN_SECRET", self.refresh_token_secret.as_ref()),
            refresh_life: checks.value(
                "REFRESH_TOKEN_EXPIRY",
                self.refresh_token_expiry.as_ref(),
                "10d",
                value::positive_duration,
            ),
        }
    }
}

/// Collects what is wrong while values are read.
#[derive(Default)]
pub(super) struct Checks(pub(super) Vec<Mistake>);

impl Checks {
    pub(super) fn add(&mut self, variable: &'static str, message: impl Into<String>) {
        self.0.push(Mistake { variable, message: message.into() });
    }

    /// The value that was typed, `None` when it is blank or wrong; what is wrong is noted.
    pub(super) fn optional<T>(
        &mut self,
        variable: &'static str,
        typed: Option<&String>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = typed.map(|text| text.trim()).filter(|text| !text.is_empty())?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.add(variable, format!("`{text}` {message}"));
                None
            }
        }
    }

    /// The value that was typed, else the default.
    fn value<T: Default>(
        &mut self,
        variable: &'static str,
        typed: Option<&String>,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        // The type's own default only ever stands in beside a noted mistake, so nobody sees it.
        self.optional(variable, typed, &parse).unwrap_or_else(|| parse(default).unwrap_or_default())
    }

    /// A secret is never repeated in the mistake.
    fn secret(&mut self, variable: &'static str, typed: Option<&SecretString>) -> Option<SecretString> {
        let secret = typed.filter(|secret| !secret.expose_secret().trim().is_empty())?;
        if secret.expose_secret().len() < value::MIN_SECRET_BYTES {
            self.add(variable, format!("must have at least {} bytes", value::MIN_SECRET_BYTES));
            return None;
        }
        Some(secret.clone())
    }

    /// A URI may hold a password, so it is never repeated either.
    fn mongodb_uri(&mut self, typed: Option<&SecretString>) -> Option<SecretString> {
        let uri = typed.map(|uri| uri.expose_secret().trim()).filter(|uri| !uri.is_empty())?;
        if uri.starts_with("mongodb://") || uri.starts_with("mongodb+srv://") {
            return Some(uri.into());
        }
        self.add("MONGODB_URI", "must begin with mongodb:// or mongodb+srv://");
        None
    }

    /// Nodes that share a store must accept each other's tokens, so none may make secrets of its own.
    fn require_secrets(&mut self, tokens: &TokenSettings) {
        let secrets =
            [("ACCESS_TOKEN_SECRET", &tokens.access_secret), ("REFRESH_TOKEN_SECRET", &tokens.refresh_secret)];
        for (variable, secret) in secrets {
            if secret.is_none() && self.0.iter().all(|mistake| mistake.variable != variable) {
                self.add(variable, "is required with MONGODB_URI, the same on every node");
            }
        }
    }
}

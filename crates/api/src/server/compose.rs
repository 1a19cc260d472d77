//! Opening the adapters and building the application over them.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use actix_web::http::Uri;
use anyhow::Context;
use aviary_application::{Application, LoginLimits, Policy, Ports};
use aviary_domain::Store;
use aviary_domain::media::MediaStore;
use aviary_domain::media::direct::DirectUploads;
use aviary_domain::media::inventory::MediaInventory;
use aviary_domain::media::notice::MediaNotices;
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::security::Entropy;
use aviary_domain::time::Clock;
use aviary_infra::media::cloudinary::{CloudinaryMedia, CloudinarySettings};
use aviary_infra::media::local::{LocalMedia, LocalMediaSettings};
use aviary_infra::security::{BcryptHasher, JwtSettings, JwtTokens, SystemEntropy, secrets};
use aviary_infra::system::{ObjectIds, SystemClock};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::config::Settings;
use crate::routes;
use crate::state::{AppState, TokenLives};

/// Builds what handlers reach over an open store, which holds the data folder's lock; blocks while it opens the folder.
pub(super) fn build(settings: &Settings, port: u16, store: Store) -> anyhow::Result<AppState> {
    let base_url = settings.base_url(port);
    let secrets = Secrets::load(settings)?;
    let outside = Outside::open(settings, &base_url, &secrets)?;
    let Outside { media, entropy, clock } = &outside;
    let state = AppState {
        application: Application::new(outside.ports(settings, &secrets, store.clone()), policy(settings)),
        store,
        media: media.store.clone(),
        local: media.local.clone(),
        takes_stills: settings.cloudinary.is_some() || media.local.has_tools(),
        link_life: settings.link_life,
        clock: clock.clone(),
        entropy: entropy.clone(),
        base_url,
        cors: settings.cors.clone(),
        token_lives: TokenLives { access: settings.tokens.access_life, refresh: settings.tokens.refresh_life },
        cookies: settings.cookies,
        trust_proxy: settings.trust_proxy,
        started: Instant::now(),
    };
    if !state.takes_stills {
        tracing::warn!("ffmpeg and ffprobe were not found: every video needs a thumbnail of its own");
    }
    Ok(state)
}

/// The use cases alone, for a command; blocks as [`build`] does.
pub(crate) fn application(settings: &Settings, store: Store) -> anyhow::Result<Application> {
    let secrets = Secrets::load(settings)?;
    let outside = Outside::open(settings, &settings.base_url(settings.port), &secrets)?;
    Ok(Application::new(outside.ports(settings, &secrets, store), policy(settings)))
}

/// The adapters of everything but the store.
struct Outside {
    media: Media,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
}

impl Outside {
    fn open(settings: &Settings, base_url: &str, secrets: &Secrets) -> anyhow::Result<Self> {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new(&secrets.viewer_salt));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let links = LocalMediaSettings::new(&settings.media_dir, base_url, secrets.links());
        let local = Arc::new(LocalMedia::open(links)?);
        let media = match &settings.cloudinary {
            None => Media::local(local),
            Some(account) => {
                let notification_url = webhook(settings, account, base_url);
                let account = CloudinarySettings { notification_url, ..account.clone() };
                Media::cloudinary(account, local, clock.clone())?
            }
        };
        Ok(Self { media, entropy, clock })
    }

    fn ports(&self, settings: &Settings, secrets: &Secrets, store: Store) -> Ports {
        Ports {
            store,
            media: self.media.store.clone(),
            upkeep: self.media.upkeep.clone(),
            direct: self.media.direct.clone(),
            notices: self.media.notices.clone(),
            inventory: self.media.inventory.clone(),
            hasher: Arc::new(BcryptHasher::new(settings.bcrypt_cost, settings.workers)),
            tokens: Arc::new(JwtTokens::new(&JwtSettings {
                access_secret: secrets.access.clone(),
                refresh_secret: secrets.refresh.clone(),
                access_life: settings.tokens.access_life,
                refresh_life: settings.tokens.refresh_life,
            })),
            entropy: self.entropy.clone(),
            clock: self.clock.clone(),
            ids: Arc::new(ObjectIds::new(self.clock.clone())),
        }
    }
}

/// One media home, by what it can do.
struct Media {
    store: Arc<dyn MediaStore>,
    upkeep: Arc<dyn MediaUpkeep>,
    direct: Arc<dyn DirectUploads>,
    notices: Arc<dyn MediaNotices>,
    inventory: Arc<dyn MediaInventory>,
    local: Arc<LocalMedia>,
}

impl Media {
    fn local(local: Arc<LocalMedia>) -> Self {
        Self {
            store: local.clone(),
            upkeep: local.clone(),
            direct: local.clone(),
            notices: local.clone(),
            inventory: local.clone(),
            local,
        }
    }

    fn cloudinary(account: CloudinarySettings, local: Arc<LocalMedia>, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let remote = Arc::new(CloudinaryMedia::new(account, local.clone(), clock)?);
        Ok(Self {
            store: remote.clone(),
            upkeep: remote.clone(),
            direct: remote.clone(),
            notices: remote.clone(),
            inventory: remote,
            local,
        })
    }
}

/// Where the account is to tell that its work is done: to nobody where nobody outside reaches this server. The films are
/// then asked for, which takes a little longer.
fn webhook(settings: &Settings, account: &CloudinarySettings, base_url: &str) -> Option<String> {
    let reached = settings.public_url.is_some() || is_of_this_machine(&account.upload_prefix);
    if !reached {
        tracing::info!("PUBLIC_URL is not set: Cloudinary tells nothing by itself and is asked instead");
    }
    reached.then(|| format!("{base_url}{}{}", routes::PREFIX, routes::notice::WEBHOOK))
}

/// A stand-in for the account that runs beside the server reaches it by any name.
fn is_of_this_machine(url: &str) -> bool {
    let host = url.parse::<Uri>().ok().and_then(|url| url.host().map(str::to_owned)).unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn policy(settings: &Settings) -> Policy {
    Policy {
        view_window: settings.view_window,
        max_video_bytes: settings.max_video_bytes,
        max_image_bytes: settings.max_image_bytes,
        storage_quota: settings.storage_quota,
        media_site: settings.media_site(),
        login_limits: settings.rate_limits.then(LoginLimits::default),
    }
}

struct Secrets {
    access: SecretString,
    refresh: SecretString,
    viewer_salt: SecretString,
}

impl Secrets {
    fn load(settings: &Settings) -> anyhow::Result<Self> {
        let kept = |name| keep(&settings.data_dir, name);
        let given = |secret: &Option<SecretString>, name| secret.clone().map_or_else(|| kept(name), Ok);
        let access = given(&settings.tokens.access_secret, "access-token.secret")?;
        let refresh = given(&settings.tokens.refresh_secret, "refresh-token.secret")?;
        let viewer_salt = match settings.mongodb_uri {
            None => kept("viewer-salt.secret")?,
            // Nodes that share a store must know a viewer again, so they share the salt with the secret.
            Some(_) => format!("viewers of {}", access.expose_secret()).into(),
        };
        Ok(Self { access, refresh, viewer_salt })
    }

    /// Signs links to files: what one node signed, every other one has to take.
    fn links(&self) -> SecretString {
        format!("links of {}", self.access.expose_secret()).into()
    }
}

fn keep(folder: &Path, name: &str) -> anyhow::Result<SecretString> {
    let path = folder.join(name);
    secrets::load_or_create(&path).with_context(|| format!("the secret {} cannot be kept", path.display()))
}

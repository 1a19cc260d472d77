//! Opening the adapters and building the application over them.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use aviary_application::{Application, LoginLimits, Policy, Ports};
use aviary_domain::Store;
use aviary_domain::security::Entropy;
use aviary_infra::media::local::{LocalMedia, LocalMediaSettings};
use aviary_infra::security::{BcryptHasher, JwtSettings, JwtTokens, SystemEntropy, secrets};
use aviary_infra::system::{ObjectIds, SystemClock};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::config::Settings;
use crate::state::{AppState, TokenLives};

/// Everything that a server runs on.
pub(super) struct Opened {
    /// What handlers reach.
    pub(super) state: AppState,
    /// Randomness for the background tasks.
    pub(super) entropy: Arc<dyn Entropy>,
}

/// Builds the application over an open store, which holds the data folder's lock; blocks while it opens the folder.
pub(super) fn build(settings: &Settings, port: u16, store: Store) -> anyhow::Result<Opened> {
    let base_url = settings.base_url(port);
    let media = LocalMedia::open(LocalMediaSettings::new(&settings.media_dir, &base_url))?;
    let media = Arc::new(media);
    if !media.has_tools() {
        tracing::warn!("ffmpeg and ffprobe were not found: every video needs a thumbnail of its own");
    }
    let secrets = Secrets::load(settings)?;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new(&secrets.viewer_salt));
    let clock = Arc::new(SystemClock);
    let ports = Ports {
        store: store.clone(),
        media: media.clone(),
        hasher: Arc::new(BcryptHasher::new(settings.bcrypt_cost, settings.workers)),
        tokens: Arc::new(JwtTokens::new(&JwtSettings {
            access_secret: secrets.access,
            refresh_secret: secrets.refresh,
            access_life: settings.tokens.access_life,
            refresh_life: settings.tokens.refresh_life,
        })),
        entropy: entropy.clone(),
        clock: clock.clone(),
        ids: Arc::new(ObjectIds::new(clock)),
    };
    let state = AppState {
        application: Application::new(ports, policy(settings)),
        store,
        media,
        entropy: entropy.clone(),
        base_url,
        cors: settings.cors.clone(),
        token_lives: TokenLives { access: settings.tokens.access_life, refresh: settings.tokens.refresh_life },
        cookies: settings.cookies,
        trust_proxy: settings.trust_proxy,
        started: Instant::now(),
    };
    Ok(Opened { state, entropy })
}

fn policy(settings: &Settings) -> Policy {
    Policy {
        view_window: settings.view_window,
        max_video_bytes: settings.max_video_bytes,
        max_image_bytes: settings.max_image_bytes,
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
}

fn keep(folder: &Path, name: &str) -> anyhow::Result<SecretString> {
    let path = folder.join(name);
    secrets::load_or_create(&path).with_context(|| format!("the secret {} cannot be kept", path.display()))
}

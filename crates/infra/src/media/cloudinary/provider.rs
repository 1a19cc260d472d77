//! The calls to Cloudinary's API, each signed, repeated where that may help, and its answer checked.

use std::sync::Arc;

use aviary_domain::Timestamp;
use aviary_domain::media::Access;
use aviary_domain::time::Clock;
use reqwest::multipart::Form;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::answer::{Described, Listing};
use super::asset::{Asset, EAGER_HLS, Kind, delivery_type};
use super::caller::{Caller, Persistence, Reply, exchange};
use super::failure::{Failed, Failure};
use super::settings::{CloudinarySettings, CloudinarySettingsError};
use super::signature::Signer;

/// Parameters of a request as they are sent.
pub(super) type Parameters = Vec<(&'static str, String)>;

/// An account at Cloudinary.
pub(super) struct Provider {
    pub(super) settings: CloudinarySettings,
    pub(super) signer: Signer,
    pub(super) http: Client,
    /// The API of our cloud.
    cloud: Url,
    pub(super) api: Caller,
    /// Where files are fetched is another server: it may be well while the other one is not.
    delivery: Caller,
    clock: Arc<dyn Clock>,
}

/// What a film's playlist says of the work on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Playlist {
    Made,
    AtWork,
    /// There is no such film.
    NoFilm,
    /// It is not made, and will not be.
    Impossible,
}

impl Provider {
    pub(super) fn new(settings: CloudinarySettings, clock: Arc<dyn Clock>) -> Result<Self, CloudinarySettingsError> {
        settings.check()?;
        let patience = &settings.patience;
        let http = Client::builder()
            .user_agent(concat!("aviary/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(patience.connect)
            .pool_max_idle_per_host(16)
            .redirect(Policy::none())
            .referer(false)
            .build()
            .map_err(CloudinarySettingsError::Connections)?;
        let (api, delivery) = (Caller::new(patience), Caller::new(patience));
        let signer = Signer::new(settings.algorithm, settings.secret.clone());
        Ok(Self { cloud: settings.api()?, settings, signer, http, api, delivery, clock })
    }

    /// Whether it answers, as far as is known. When it did not lately, one caller asks for all.
    pub(super) async fn reachable(&self) -> Result<(), Failure> {
        if self.api.is_reachable() {
            return Ok(());
        }
        let limit = self.settings.patience.connect.min(self.settings.patience.answer);
        let ping = || exchange(self.authorized(self.endpoint(&["ping"])), limit);
        match self.api.once(ping).await {
            Err(failure) if failure.may_pass() => Err(failure),
            // Whatever it says, it says something.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Removes an asset. One that is not there is no failure.
    pub(super) async fn destroy(&self, asset: &Asset, access: Access) -> Result<(), Failed> {
        #[derive(Deserialize)]
        struct Destroyed {
            result: String,
        }
        self.signed_call("destroy", || async {
            let parameters = vec![
                ("public_id", asset.public_id.clone()),
                ("type", delivery_type(access).to_owned()),
                ("invalidate", "true".to_owned()),
            ];
            let reply = self.post(asset.kind, "destroy", parameters).await?;
            let Destroyed { result } = read(&reply)?;
            match result.as_str() {
                "ok" | "not found" => Ok(()),
                _ => Err(unbelievable("it was neither removed nor absent", &reply)),
            }
        })
        .await
    }

    /// Moves an asset to the other delivery type; its URLs of before find nothing. `None` when it is not there.
    pub(super) async fn rename(&self, asset: &Asset, from: Access, to: Access) -> Result<Option<Described>, Failed> {
        self.signed_call("rename", || async {
            let parameters = vec![
                ("from_public_id", asset.public_id.clone()),
                ("to_public_id", asset.public_id.clone()),
                ("type", delivery_type(from).to_owned()),
                ("to_type", delivery_type(to).to_owned()),
                ("overwrite", "true".to_owned()),
                ("invalidate", "true".to_owned()),
            ];
            let reply = self.post(asset.kind, "rename", parameters).await;
            found(reply)?.map(|reply| self.believe(&reply, asset, to)).transpose()
        })
        .await
    }

    /// Asks what an asset is, and has its playlist made if it is wanted. `None` when it is not there.
    pub(super) async fn explicit(
        &self,
        asset: &Asset,
        access: Access,
        playlist: bool,
    ) -> Result<Option<Described>, Failed> {
        self.signed_call("explicit", || async {
            let mut parameters =
                vec![("public_id", asset.public_id.clone()), ("type", delivery_type(access).to_owned())];
            if playlist {
                parameters.extend(self.playlist_parameters());
            }
            let reply = self.post(asset.kind, "explicit", parameters).await;
            found(reply)?.map(|reply| self.believe(&reply, asset, access)).transpose()
        })
        .await
    }

    /// Asks what an asset is in more detail; this counts against a limit by the hour. `None` when it is not there.
    pub(super) async fn details(&self, asset: &Asset, access: Access) -> Result<Option<Described>, Failed> {
        self.signed_call("resource", || async {
            let mut path = vec!["resources", asset.kind.as_str(), delivery_type(access)];
            path.extend(asset.public_id.split('/'));
            let mut url = self.endpoint(&path);
            url.query_pairs_mut().append_pair("media_metadata", "true");
            let reply = exchange(self.authorized(url), self.settings.patience.answer).await;
            found(reply)?.map(|reply| self.believe(&reply, asset, access)).transpose()
        })
        .await
    }

    /// A page of the list of assets whose public ids begin so.
    pub(super) async fn list(
        &self,
        kind: Kind,
        access: Access,
        prefix: &str,
        cursor: Option<&str>,
    ) -> Result<Listing, Failed> {
        self.signed_call("list", || async {
            let mut url = self.endpoint(&["resources", kind.as_str(), delivery_type(access)]);
            url.query_pairs_mut().append_pair("prefix", prefix).append_pair("max_results", "500");
            if let Some(cursor) = cursor {
                url.query_pairs_mut().append_pair("next_cursor", cursor);
            }
            read(&exchange(self.authorized(url), self.settings.patience.answer).await?)
        })
        .await
    }

    /// Asks for a film's playlist where viewers fetch it.
    pub(super) async fn playlist(&self, url: &str) -> Result<Playlist, Failed> {
        let Ok(url) = Url::parse(url) else { return Ok(Playlist::NoFilm) };
        let within = Persistence::within(self.settings.patience.deadline);
        let ask = || async {
            match exchange(self.http.get(url.clone()), self.settings.patience.answer).await {
                Ok(reply) if reply.body.starts_with(b"#EXTM3U") => Ok(Playlist::Made),
                Ok(reply) => Err(unbelievable("what was fetched is no playlist", &reply)),
                Err(failure) => match failure.status() {
                    Some(423) => Ok(Playlist::AtWork),
                    Some(404 | 410) => Ok(Playlist::NoFilm),
                    _ if failure.is_about_the_file() => Ok(Playlist::Impossible),
                    _ => Err(failure),
                },
            }
        };
        self.delivery.call("playlist", within, ask).await
    }

    /// Adds time, key and signature. Everything else is signed as it is.
    pub(super) fn signed(&self, mut parameters: Parameters, now: Timestamp) -> Parameters {
        parameters.push(("timestamp", now.seconds().to_string()));
        parameters.retain(|(_, value)| !value.is_empty());
        let signature = self.signer.request(&parameters);
        parameters.push(("api_key", self.settings.api_key.clone()));
        parameters.push(("signature", signature));
        parameters
    }

    /// A form with these parameters, signed now.
    pub(super) fn form(&self, parameters: Parameters) -> Form {
        let signed = self.signed(parameters, self.clock.now());
        signed.into_iter().fold(Form::new(), |form, (name, value)| form.text(name, value))
    }

    /// What has a film's playlist made, without anybody waiting for it.
    pub(super) fn playlist_parameters(&self) -> Parameters {
        let url = self.settings.notification_url.clone().unwrap_or_default();
        vec![
            ("eager", EAGER_HLS.to_owned()),
            ("eager_async", "true".to_owned()),
            ("eager_notification_url", url.clone()),
            ("notification_url", url),
        ]
    }

    /// A place of the API of this cloud.
    pub(super) fn endpoint(&self, path: &[&str]) -> Url {
        let mut url = self.cloud.clone();
        // Only URLs without a host have no path, and those are refused in the settings.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        url
    }

    /// Reads what an answer says of an asset, and makes sure that it is the one that was asked about.
    pub(super) fn believe(&self, reply: &Reply, asset: &Asset, access: Access) -> Result<Described, Failure> {
        let described: Described = read(reply)?;
        if !described.is(asset, access) {
            return Err(unbelievable("the answer is about another asset", reply));
        }
        match &described.signature {
            Some(signature) if !self.signer.is_answer(&asset.public_id, described.version, signature) => {
                Err(unbelievable("the answer's signature does not fit", reply))
            }
            _ => Ok(described),
        }
    }

    async fn signed_call<T, F>(&self, call: &'static str, attempt: impl Fn() -> F) -> Result<T, Failed>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        self.api.call(call, Persistence::within(self.settings.patience.deadline), attempt).await
    }

    async fn post(&self, kind: Kind, action: &str, parameters: Parameters) -> Result<Reply, Failure> {
        let request = self.http.post(self.endpoint(&[kind.as_str(), action])).multipart(self.form(parameters));
        exchange(request, self.settings.patience.answer).await
    }

    fn authorized(&self, url: Url) -> RequestBuilder {
        self.http.get(url).basic_auth(&self.settings.api_key, Some(self.settings.secret.expose_secret()))
    }
}

/// Absence is an answer.
fn found(reply: Result<Reply, Failure>) -> Result<Option<Reply>, Failure> {
    match reply {
        Err(failure) if failure.status() == Some(404) => Ok(None),
        other => other.map(Some),
    }
}

fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T, Failure> {
    // What the parser says repeats the text.
    serde_json::from_slice(&reply.body).map_err(|_| unbelievable("the answer cannot be read", reply))
}

pub(super) fn unbelievable(what: &'static str, reply: &Reply) -> Failure {
    Failure::Unbelievable { what, request: reply.request.clone() }
}

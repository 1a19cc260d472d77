//! How a Cloudinary account is reached, and how `CLOUDINARY_URL` says it. No message here repeats a secret.

use std::fmt;
use std::time::Duration;

use aviary_domain::media::site::MediaSite;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::signature::SignatureAlgorithm;

const API: &str = "https://api.cloudinary.com";
const DELIVERY: &str = "https://res.cloudinary.com";
const FOLDER: &str = "aviary";

const ADDRESS: &str = "it is an absolute http or https URL";

/// How a Cloudinary account is reached.
#[derive(Debug, Clone)]
pub struct CloudinarySettings {
    /// The name of the cloud.
    pub cloud: String,
    /// The key that goes with the secret; it is no secret itself.
    pub api_key: String,
    /// What signs requests and URLs.
    pub secret: SecretString,
    /// The folder there that is ours alone, without slashes at its ends.
    pub folder: String,
    /// Where its API is: `https://api.cloudinary.com`.
    pub upload_prefix: String,
    /// Where files are fetched from: `https://res.cloudinary.com`.
    pub delivery_prefix: String,
    /// The hash that the account signs with.
    pub algorithm: SignatureAlgorithm,
    /// The absolute URL under which it may tell us that a film is ready; without it only asking tells.
    pub notification_url: Option<String>,
    /// How long is waited for it.
    pub patience: Patience,
}

/// How long is waited for Cloudinary, and when no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the answer to a call that carries no file.
    pub answer: Duration,
    /// Within which such a call and its repetitions begin; the last one has [`Self::answer`] besides.
    pub deadline: Duration,
    /// Between two pieces of a file that is being sent.
    pub stall: Duration,
    /// For the answer once a file, or a part of one, is sent.
    pub stored: Duration,
    /// From the first failure of an upload, or of a part of one, until it is given up.
    pub resend: Duration,
    /// After so many failures in a row nobody waits any more; at least 1.
    pub failures: u32,
    /// For so long, until one call tries again.
    pub pause: Duration,
}

impl Default for Patience {
    /// 5 s for a connection, 15 s for an answer, 30 s with repetitions; 30 s between pieces of a file, 120 s for its answer,
    /// 60 s for sending it again; 10 s without a try after 5 failures.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(15),
            deadline: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            stored: Duration::from_mins(2),
            resend: Duration::from_mins(1),
            failures: 5,
            pause: Duration::from_secs(10),
        }
    }
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CloudinarySettingsError {
    /// It is no `cloudinary://key:secret@cloud`.
    #[error("must look like cloudinary://<key>:<secret>@<cloud>")]
    Form,
    /// A part is missing or has characters that it cannot have.
    #[error("{part} is not valid: {rule}")]
    Part {
        /// Which part.
        part: CloudinaryPart,
        /// What it must be.
        rule: &'static str,
    },
    /// The query has a parameter that nothing reads.
    #[error("unknown parameter; known are folder, upload_prefix, delivery_prefix, signature_algorithm and secure")]
    Parameter,
    /// The machine lacks what encrypted connections need.
    #[error("no encrypted connection can be made")]
    Connections(#[source] reqwest::Error),
}

/// A part of the settings that may be wrong by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloudinaryPart {
    /// The name of the cloud.
    Cloud,
    /// The key that goes with the secret.
    ApiKey,
    /// The secret.
    Secret,
    /// The folder that is ours.
    Folder,
    /// Where the API is.
    UploadPrefix,
    /// Where files are fetched from.
    DeliveryPrefix,
    /// The hash that the account signs with.
    Algorithm,
    /// Where the account tells us what it has done.
    NotificationUrl,
}

/// As a part of a sentence.
impl fmt::Display for CloudinaryPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cloud => "the name of the cloud",
            Self::ApiKey => "the api key",
            Self::Secret => "the api secret",
            Self::Folder => "folder",
            Self::UploadPrefix => "upload_prefix",
            Self::DeliveryPrefix => "delivery_prefix",
            Self::Algorithm => "signature_algorithm",
            Self::NotificationUrl => "the notification URL",
        })
    }
}

impl CloudinarySettings {
    /// An account in its usual place, with the folder `aviary` and SHA-1.
    pub fn new(
        cloud: impl Into<String>,
        api_key: impl Into<String>,
        secret: SecretString,
    ) -> Result<Self, CloudinarySettingsError> {
        let settings = Self {
            cloud: cloud.into(),
            api_key: api_key.into(),
            secret,
            folder: FOLDER.to_owned(),
            upload_prefix: API.to_owned(),
            delivery_prefix: DELIVERY.to_owned(),
            algorithm: SignatureAlgorithm::default(),
            notification_url: None,
            patience: Patience::default(),
        };
        settings.check().map(|()| settings)
    }

    /// Reads `cloudinary://<key>:<secret>@<cloud>`, optionally followed by a query with `folder`, `upload_prefix`,
    /// `delivery_prefix` and `signature_algorithm` (`sha1` or `sha256`). `secure` is what we are anyway and is passed over.
    pub fn parse_url(url: &str) -> Result<Self, CloudinarySettingsError> {
        use CloudinarySettingsError::Form;
        let rest = url.trim().strip_prefix("cloudinary://").ok_or(Form)?;
        let (account, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, cloud) = account.rsplit_once('@').ok_or(Form)?;
        let (key, secret) = user.split_once(':').ok_or(Form)?;
        let mut settings = Self::new(cloud.trim_end_matches('/'), key, SecretString::from(secret))?;
        let query = Url::parse(&format!("query:?{query}")).map_err(|_| Form)?;
        for (name, value) in query.query_pairs() {
            let value = value.into_owned();
            match &*name {
                "folder" => settings.folder = value,
                "upload_prefix" => settings.upload_prefix = value,
                "delivery_prefix" => settings.delivery_prefix = value,
                "signature_algorithm" => {
                    let rule = "it is sha1 or sha256";
                    let refused = CloudinarySettingsError::Part { part: CloudinaryPart::Algorithm, rule };
                    settings.algorithm = SignatureAlgorithm::parse(&value).ok_or(refused)?;
                }
                "secure" => {}
                _ => return Err(CloudinarySettingsError::Parameter),
            }
        }
        settings.tidy();
        settings.check().map(|()| settings)
    }

    /// Where the files are, without what it takes to get there.
    pub fn site(&self) -> MediaSite {
        MediaSite::Account { name: self.cloud.clone(), folder: self.folder.trim_matches('/').to_owned() }
    }

    /// The API of this cloud.
    pub(super) fn api(&self) -> Result<Url, CloudinarySettingsError> {
        let refused = |_| CloudinarySettingsError::Part { part: CloudinaryPart::UploadPrefix, rule: ADDRESS };
        Url::parse(&format!("{}/v1_1/{}", self.upload_prefix, self.cloud)).map_err(refused)
    }

    /// Slashes at the ends of folder and prefixes do no harm.
    pub(super) fn tidy(&mut self) {
        self.folder = self.folder.trim_matches('/').to_owned();
        for prefix in [&mut self.upload_prefix, &mut self.delivery_prefix] {
            prefix.truncate(prefix.trim_end_matches('/').len());
        }
    }

    /// Whether everything can be put into requests and URLs as it is.
    pub(super) fn check(&self) -> Result<(), CloudinarySettingsError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let word = |text: &str| !text.is_empty() && text.chars().all(plain);
        let shown = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
        let url = |text: &str| {
            Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty())
        };
        let prefix = |text: &str| url(text) && !text.contains(['?', '#']);
        let letters = "it has letters, digits, - and _";
        let folder = self.folder.split('/').all(word) && self.folder.len() <= 100;
        for (part, rule, holds) in [
            (CloudinaryPart::Cloud, letters, word(&self.cloud)),
            (CloudinaryPart::ApiKey, letters, word(&self.api_key)),
            (CloudinaryPart::Secret, "it has no spaces", shown(self.secret.expose_secret())),
            (CloudinaryPart::Folder, "it has words of letters, digits, - and _, with / between them", folder),
            (CloudinaryPart::UploadPrefix, ADDRESS, prefix(&self.upload_prefix)),
            (CloudinaryPart::DeliveryPrefix, ADDRESS, prefix(&self.delivery_prefix)),
            (CloudinaryPart::NotificationUrl, ADDRESS, self.notification_url.as_deref().is_none_or(url)),
        ] {
            if !holds {
                return Err(CloudinarySettingsError::Part { part, rule });
            }
        }
        Ok(())
    }
}

/// The account, without its secret.
impl fmt::Display for CloudinarySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cloudinary://{}@{}/{}", self.api_key, self.cloud, self.folder)
    }
}

#[cfg(test)]
mod tests {
    use aviary_domain::media::site::MediaSite;
    use secrecy::ExposeSecret;

    use super::{CloudinarySettings, SignatureAlgorithm};

    #[test]
    fn an_account_is_read() {
        let settings = CloudinarySettings::parse_url("cloudinary://123:s-e_c@demo").unwrap();
        assert_eq!((settings.cloud.as_str(), settings.api_key.as_str()), ("demo", "123"));
        assert_eq!(settings.secret.expose_secret(), "s-e_c");
        assert_eq!(settings.folder, "aviary");
        assert_eq!(settings.upload_prefix, "https://api.cloudinary.com");
        assert_eq!(settings.delivery_prefix, "https://res.cloudinary.com");
        assert_eq!(settings.algorithm, SignatureAlgorithm::Sha1);
        assert_eq!(settings.notification_url, None);
    }

    #[test]
    fn the_query_says_what_differs() {
        let url = "cloudinary://123:secret@demo?upload_prefix=http%3A%2F%2F127.0.0.1:9/&folder=/a/b/&secure=true\
                   &signature_algorithm=sha256&delivery_prefix=http://localhost:9/res/";
        let settings = CloudinarySettings::parse_url(url).unwrap();
        assert_eq!(settings.upload_prefix, "http://127.0.0.1:9");
        assert_eq!(settings.delivery_prefix, "http://localhost:9/res");
        assert_eq!(settings.folder, "a/b");
        assert_eq!(settings.algorithm, SignatureAlgorithm::Sha256);
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_the_secret() {
        for url in [
            "",
            "hunter2",
            "https://123:hunter2@demo",
            "cloudinary://123:hunter2",
            "cloudinary://hunter2@demo",
            "cloudinary://:hunter2@demo",
            "cloudinary://123:hunter2@",
            "cloudinary://123:@demo",
            "cloudinary://123:hunter2@de mo",
            "cloudinary://123:hunter2@demo/cname.example.org",
            "cloudinary://123:hunter2@demo?folder=",
            "cloudinary://123:hunter2@demo?folder=a//b",
            "cloudinary://123:hunter2@demo?folder=../b",
            "cloudinary://123:hunter2@demo?upload_prefix=ftp://x",
            "cloudinary://123:hunter2@demo?delivery_prefix=x",
            "cloudinary://123:hunter2@demo?delivery_prefix=http://x/?hunter2",
            "cloudinary://123:hunter2@demo?signature_algorithm=md5",
            "cloudinary://123:hunter2@demo?hunter2=1",
        ] {
            let refused = CloudinarySettings::parse_url(url).map(|_| url).unwrap_err();
            let said = format!("{refused} {refused:?}");
            assert!(!said.contains("hunter2"), "{url}: {said}");
        }
    }

    #[test]
    fn settings_do_not_show_their_secret() {
        let settings = CloudinarySettings::parse_url("cloudinary://123:hunter2@demo").unwrap();
        assert!(!format!("{settings:?} {settings}").contains("hunter2"));
        assert_eq!(settings.to_string(), "cloudinary://123@demo/aviary");
        let (name, folder) = ("demo".to_owned(), "aviary".to_owned());
        assert_eq!(settings.site(), MediaSite::Account { name, folder });
    }
}

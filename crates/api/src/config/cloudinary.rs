//! The account at Cloudinary that keeps the media: one URL, or the three variables that its applications use.

use aviary_infra::media::cloudinary::{CloudinaryPart, CloudinarySettings, CloudinarySettingsError};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::options::Checks;
use super::value;

const URL: &str = "CLOUDINARY_URL";
const CLOUD: &str = "CLOUDINARY_CLOUD_NAME";
const KEY: &str = "CLOUDINARY_API_KEY";
const SECRET: &str = "CLOUDINARY_API_SECRET";
const FOLDER: &str = "CLOUDINARY_FOLDER";

/// The account as it was typed. Its parts count as secrets, as people mix them up.
#[derive(Args, Default, Clone)]
pub struct CloudinaryOptions {
    /// Account that keeps the media, as `cloudinary://KEY:SECRET@CLOUD` [default: none; the media folder keeps them]
    #[arg(long, global = true, env = "CLOUDINARY_URL", hide_env_values = true)]
    pub cloudinary_url: Option<SecretString>,
    /// Name of the account; with key and secret the same as the URL
    #[arg(long, global = true, env = "CLOUDINARY_CLOUD_NAME", hide_env_values = true)]
    pub cloudinary_cloud_name: Option<SecretString>,
    /// Key of the account
    #[arg(long, global = true, env = "CLOUDINARY_API_KEY", hide_env_values = true)]
    pub cloudinary_api_key: Option<SecretString>,
    /// Secret of the account
    #[arg(long, global = true, env = "CLOUDINARY_API_SECRET", hide_env_values = true)]
    pub cloudinary_api_secret: Option<SecretString>,
    /// Folder of the account that has them; each store needs one of its own [default: aviary]
    #[arg(long, global = true, env = "CLOUDINARY_FOLDER")]
    pub cloudinary_folder: Option<String>,
}

impl CloudinaryOptions {
    /// The account; `None` when nothing names one, or when something is wrong with it, which is noted.
    pub(super) fn resolve(&self, checks: &mut Checks) -> Option<CloudinarySettings> {
        let folder = checks.optional(FOLDER, self.cloudinary_folder.as_ref(), value::cloudinary_folder);
        let account = match typed(self.cloudinary_url.as_ref()) {
            Some(url) => self.by_url(url, checks),
            None => self.by_parts(checks),
        };
        let account = account?;
        Some(match folder {
            Some(folder) => CloudinarySettings { folder, ..account },
            None => account,
        })
    }

    fn by_url(&self, url: &str, checks: &mut Checks) -> Option<CloudinarySettings> {
        let account = match CloudinarySettings::parse_url(url) {
            Ok(account) => account,
            Err(error) => {
                checks.add(URL, error.to_string());
                return None;
            }
        };
        // Applications of the family set both forms; where they differ, nobody knows which account is meant.
        let parts = [
            (CLOUD, &self.cloudinary_cloud_name, account.cloud.as_str()),
            (KEY, &self.cloudinary_api_key, account.api_key.as_str()),
            (SECRET, &self.cloudinary_api_secret, account.secret.expose_secret()),
        ];
        for (variable, part, own) in parts {
            if typed(part.as_ref()).is_some_and(|part| part != own) {
                checks.add(variable, format!("is another one than in {URL}: unset one of them"));
            }
        }
        Some(account)
    }

    fn by_parts(&self, checks: &mut Checks) -> Option<CloudinarySettings> {
        let parts = [
            (CLOUD, &self.cloudinary_cloud_name),
            (KEY, &self.cloudinary_api_key),
            (SECRET, &self.cloudinary_api_secret),
        ];
        let parts = parts.map(|(variable, part)| (variable, typed(part.as_ref())));
        if let [(_, Some(cloud)), (_, Some(key)), (_, Some(secret))] = parts {
            let account = CloudinarySettings::new(cloud, key, SecretString::from(secret));
            return account.map_err(|error| checks.add(at_fault(&error), error.to_string())).ok();
        }
        if parts.iter().any(|(_, part)| part.is_some()) {
            for (variable, _) in parts.iter().filter(|(_, part)| part.is_none()) {
                checks.add(variable, "is required with the other parts of the Cloudinary account");
            }
        }
        None
    }
}

/// Which of the three variables an error is about.
fn at_fault(error: &CloudinarySettingsError) -> &'static str {
    match error {
        CloudinarySettingsError::Part { part: CloudinaryPart::ApiKey, .. } => KEY,
        CloudinarySettingsError::Part { part: CloudinaryPart::Secret, .. } => SECRET,
        _ => CLOUD,
    }
}

fn typed(value: Option<&SecretString>) -> Option<&str> {
    value.map(|value| value.expose_secret().trim()).filter(|text| !text.is_empty())
}

//! What configuration accepts, and how it refuses.

use std::time::Duration;

use aviary_infra::media::cloudinary::CloudinarySettings;
use clap::Parser;
use secrecy::{ExposeSecret, SecretString};

use super::value::{duration, quota, size};
use super::{Cli, CloudinaryOptions, Command, CorsOrigins, MediaCommand, Mistakes, Options, SameSite};

#[test]
fn nothing_set_is_a_sound_configuration() {
    let settings = Options::default().resolve().unwrap();
    assert_eq!((settings.host.as_str(), settings.port), ("127.0.0.1", 8000));
    assert_eq!(settings.tokens.access_life, Duration::from_hours(24));
    assert_eq!(settings.tokens.refresh_life, Duration::from_hours(240));
    assert_eq!((settings.data_dir.to_str(), settings.media_dir.to_str()), (Some("data"), Some("data/media")));
    assert_eq!(settings.max_video_bytes, 5_000_000_000);
    assert_eq!(settings.storage_quota, Some(20 << 30));
    assert_eq!(settings.link_life, Duration::from_hours(6));
    assert!(settings.cloudinary.is_none());
    assert_eq!(settings.view_window, Duration::from_mins(30));
    assert!(settings.cookies.secure && settings.rate_limits && !settings.trust_proxy);
    assert_eq!(settings.cookies.same_site, SameSite::Lax);
    assert_eq!(settings.cors, CorsOrigins::Nobody);
    assert!(settings.workers >= 1);
}

#[test]
fn every_mistake_is_told_at_once_with_its_variable() {
    let mut options = Options {
        host: Some("http://x".into()),
        port: Some("70000".into()),
        public_url: Some("example.org".into()),
        migrate: Some("perhaps".into()),
        cors_origin: Some("https://ok.example, nonsense".into()),
        access_token_secret: Some("short".into()),
        access_token_expiry: Some("soon".into()),
        refresh_token_expiry: Some("0s".into()),
        cookie_secure: Some("off".into()),
        cookie_samesite: Some("none".into()),
        bcrypt_cost: Some("99".into()),
        max_video_bytes: Some("-1".into()),
        max_image_bytes: Some("0".into()),
        rate_limits: Some("maybe".into()),
        log_format: Some("xml".into()),
        workers: Some("0".into()),
        ..Options::default()
    };
    options.mongodb_uri = Some("postgres://user:hunter2@host".into());
    options.storage_quota = Some("plenty".into());
    options.link_life = Some("0".into());
    options.cloudinary.cloudinary_api_secret = Some("hunter3".into());
    options.cloudinary.cloudinary_folder = Some("../x".into());
    let mistakes = options.resolve().unwrap_err();
    let named: Vec<_> = mistakes.0.iter().map(|m| m.variable).collect();
    let expected = [
        "HOST",
        "PORT",
        "PUBLIC_URL",
        "MONGODB_URI",
        "MIGRATE",
        "CORS_ORIGIN",
        "ACCESS_TOKEN_SECRET",
        "ACCESS_TOKEN_EXPIRY",
        "REFRESH_TOKEN_EXPIRY",
        "BCRYPT_COST",
        "MAX_VIDEO_BYTES",
        "MAX_IMAGE_BYTES",
        "STORAGE_QUOTA",
        "LINK_LIFE",
        "RATE_LIMITS",
        "LOG_FORMAT",
        "WORKERS",
        "CLOUDINARY_FOLDER",
        "CLOUDINARY_CLOUD_NAME",
        "CLOUDINARY_API_KEY",
        "COOKIE_SAMESITE",
    ];
    assert_eq!(named, expected);
    let shown = mistakes.to_string();
    assert!(shown.starts_with("The configuration has 21 mistakes:\n  HOST: `http://x` must be"), "{shown}");
    assert!(!shown.contains("hunter") && !shown.contains("short"), "a secret shows: {shown}");
}

#[test]
fn secrets_do_not_show_in_debug() {
    let options = Options {
        access_token_secret: Some("a-very-long-access-secret-nobody-may-see".into()),
        refresh_token_secret: Some("a-very-long-refresh-secret-nobody-may-see".into()),
        ..Options::default()
    };
    let shown = format!("{:?}", options.resolve().unwrap());
    assert!(shown.contains("REDACTED") && !shown.contains("nobody-may-see"), "{shown}");
}

#[test]
fn nodes_that_share_a_store_share_their_secrets() {
    let mut options = Options {
        mongodb_uri: Some("mongodb://user:hunter2@host/aviary".into()),
        access_token_secret: Some("a-very-long-access-secret-nobody-may-see".into()),
        ..Options::default()
    };
    let mistakes = options.resolve().unwrap_err().to_string();
    assert!(mistakes.contains("REFRESH_TOKEN_SECRET: is required with MONGODB_URI"), "{mistakes}");
    assert!(!mistakes.contains("hunter") && !mistakes.contains("ACCESS_TOKEN_SECRET"), "{mistakes}");
    options.refresh_token_secret = Some("a-very-long-refresh-secret-nobody-may-see".into());
    assert!(!format!("{:?}", options.resolve().unwrap()).contains("hunter"));
}

#[test]
fn media_lie_in_the_data_folder_or_where_servers_share_them() {
    let media = |data: &str, media: Option<&str>| {
        let options =
            Options { data_dir: Some(data.to_owned()), media_dir: media.map(str::to_owned), ..Options::default() };
        options.resolve().unwrap().media_dir.to_str().unwrap().to_owned()
    };
    assert_eq!(media("/srv/one", None), "/srv/one/media");
    assert_eq!(media("/srv/one", Some(" ")), "/srv/one/media");
    assert_eq!(media("/srv/one", Some("/mnt/shared")), "/mnt/shared");
}

#[test]
fn blank_values_count_as_absent() {
    let mut options = Options { port: Some(" ".into()), access_token_secret: Some("".into()), ..Options::default() };
    options.mongodb_uri = Some("".into());
    let settings = options.resolve().unwrap();
    assert_eq!(settings.port, 8000);
    assert!(settings.tokens.access_secret.is_none() && settings.mongodb_uri.is_none());
}

#[test]
fn durations_have_units_or_count_seconds() {
    for (text, seconds) in [("900", 900), ("900s", 900), ("15m", 900), ("1d", 86_400), ("10D", 864_000), ("2 h", 7200)]
    {
        assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
    }
    for text in ["", "m", "1.5h", "-1s", "15 minutes", "999999999999999999999", "99999999w"] {
        assert!(duration(text).is_err(), "{text}");
    }
}

#[test]
fn sizes_are_bytes_or_have_units() {
    for (text, bytes) in [("1", 1), ("1048576", 1 << 20), ("2GiB", 2 << 30), ("100MB", 100_000_000), ("4 kib", 4096)] {
        assert_eq!(size(text), Ok(bytes), "{text}");
    }
    for text in ["", "0", "-1", "1.5GB", "10 bananas", "MB", "99999999999GiB", "18446744073709551615"] {
        assert!(size(text).is_err(), "{text}");
    }
}

#[test]
fn a_quota_is_a_size_or_off() {
    for (text, bytes) in [("off", None), ("OFF", None), ("0", None), ("1", Some(1)), ("2GiB", Some(2 << 30))] {
        assert_eq!(quota(text), Ok(bytes), "{text}");
    }
    for text in ["", "-1", "none", "0GB", "1.5GB"] {
        assert!(quota(text).is_err(), "{text}");
    }
}

const ACCOUNT: &str = "cloudinary://key:hunter2@cloud";

fn cloudinary(change: impl FnOnce(&mut CloudinaryOptions)) -> Result<Option<CloudinarySettings>, Mistakes> {
    let mut options = Options::default();
    change(&mut options.cloudinary);
    options.resolve().map(|settings| settings.cloudinary)
}

fn three(options: &mut CloudinaryOptions) {
    options.cloudinary_cloud_name = Some(" cloud ".into());
    options.cloudinary_api_key = Some("key".into());
    options.cloudinary_api_secret = Some("hunter2".into());
}

#[test]
fn an_account_is_named_by_a_url_or_by_its_three_parts() {
    let by_url = cloudinary(|options| options.cloudinary_url = Some(ACCOUNT.into())).unwrap().unwrap();
    let by_parts = cloudinary(three).unwrap().unwrap();
    for account in [&by_url, &by_parts] {
        assert_eq!((account.cloud.as_str(), account.api_key.as_str()), ("cloud", "key"));
        assert_eq!((account.secret.expose_secret(), account.folder.as_str()), ("hunter2", "aviary"));
        assert!(!format!("{account:?}").contains("hunter2"));
    }
    let both = cloudinary(|options| {
        three(options);
        options.cloudinary_url = Some(ACCOUNT.into());
        options.cloudinary_folder = Some("tube/media".into());
    });
    assert_eq!(both.unwrap().unwrap().folder, "tube/media");
    assert!(cloudinary(|options| options.cloudinary_url = Some(" ".into())).unwrap().is_none());
}

#[test]
fn half_an_account_and_two_accounts_are_mistakes_that_show_no_secret() {
    type Part = fn(&mut CloudinaryOptions) -> &mut Option<SecretString>;
    let named = |mistakes: Mistakes| {
        assert!(!mistakes.to_string().contains("hunter"), "{mistakes}");
        mistakes.0.iter().map(|mistake| mistake.variable).collect::<Vec<_>>()
    };
    let half = cloudinary(|options| options.cloudinary_api_secret = Some("hunter2".into()));
    assert_eq!(named(half.unwrap_err()), ["CLOUDINARY_CLOUD_NAME", "CLOUDINARY_API_KEY"]);
    let two = cloudinary(|options| {
        three(options);
        options.cloudinary_url = Some("cloudinary://key:hunter3@other".into());
    });
    assert_eq!(named(two.unwrap_err()), ["CLOUDINARY_CLOUD_NAME", "CLOUDINARY_API_SECRET"]);
    let parts: [(&str, Part); 3] = [
        ("CLOUDINARY_CLOUD_NAME", |options| &mut options.cloudinary_cloud_name),
        ("CLOUDINARY_API_KEY", |options| &mut options.cloudinary_api_key),
        ("CLOUDINARY_API_SECRET", |options| &mut options.cloudinary_api_secret),
    ];
    for (variable, part) in parts {
        let broken = cloudinary(|options| {
            three(options);
            *part(options) = Some("hunter 4".into());
        });
        assert_eq!(named(broken.unwrap_err()), [variable]);
    }
    for url in ["https://key:hunter2@cloud", "cloudinary://hunter2", "cloudinary://key:hunter2@", "hunter2"] {
        let broken = cloudinary(|options| options.cloudinary_url = Some(url.into()));
        assert_eq!(named(broken.unwrap_err()), ["CLOUDINARY_URL"], "{url}");
    }
}

#[test]
fn origins_are_trimmed_and_checked() {
    let cors =
        |value: &str| Options { cors_origin: Some(value.into()), ..Options::default() }.resolve().map(|s| s.cors);
    assert_eq!(cors("*"), Ok(CorsOrigins::Anyone));
    let two = CorsOrigins::These(vec!["http://localhost:3000".into(), "https://a.example".into()]);
    assert_eq!(cors("http://localhost:3000/ ,https://A.example,"), Ok(two));
    for value in ["null", "*,https://a.example", "https://a.example/path", "ftp://a.example", "https://u:p@a.example"] {
        assert!(cors(value).is_err(), "{value}");
    }
}

#[test]
fn the_base_url_is_one_that_browsers_reach() {
    let url = |host: &str, public: Option<&str>| {
        let options = Options { host: Some(host.into()), public_url: public.map(str::to_owned), ..Options::default() };
        options.resolve().unwrap().base_url(8123)
    };
    assert_eq!(url("127.0.0.1", None), "http://localhost:8123");
    assert_eq!(url("0.0.0.0", None), "http://localhost:8123");
    assert_eq!(url("[::1]", None), "http://localhost:8123");
    assert_eq!(url("192.0.2.7", None), "http://192.0.2.7:8123");
    assert_eq!(url("2001:db8::1", None), "http://[2001:db8::1]:8123");
    assert_eq!(url("127.0.0.1", Some("https://tube.example/")), "https://tube.example");
}

#[test]
fn flags_stand_before_and_after_commands() {
    for args in [["aviary", "--port", "9", "migrate"], ["aviary", "migrate", "--port", "9"]] {
        let cli = Cli::try_parse_from(args).unwrap();
        assert!(matches!(cli.command, Some(Command::Migrate { dry_run: false, shard: false })));
        assert_eq!(cli.options.port.as_deref(), Some("9"));
    }
}

#[test]
fn migrating_is_a_command_and_a_switch_of_serving() {
    let cli = Cli::try_parse_from(["aviary", "migrate", "--shard", "--dry-run"]).unwrap();
    assert!(matches!(cli.command, Some(Command::Migrate { dry_run: true, shard: true })));
    assert!(!cli.options.resolve().unwrap().migrate);
    for (args, on) in [
        (["aviary", "serve", "--migrate"], true),
        (["aviary", "--migrate", "serve"], true),
        (["aviary", "serve", "--migrate=off"], false),
    ] {
        let cli = Cli::try_parse_from(args).unwrap();
        assert!(matches!(cli.command, Some(Command::Serve)), "{args:?}");
        assert_eq!(cli.options.resolve().unwrap().migrate, on, "{args:?}");
    }
    assert!(Cli::try_parse_from(["aviary", "serve", "--dry-run"]).is_err());
}

#[test]
fn the_media_are_checked_and_only_mended_when_told() {
    for (args, told) in
        [(["aviary", "media", "check"].as_slice(), false), (&["aviary", "media", "check", "--fix"], true)]
    {
        let cli = Cli::try_parse_from(args).unwrap();
        assert!(matches!(cli.command, Some(Command::Media(MediaCommand::Check { fix })) if fix == told), "{args:?}");
    }
}

#[test]
fn a_copy_needs_a_target_and_does_not_show_it() {
    let cli = Cli::try_parse_from(["aviary", "copy", "--to", "mongodb://ada:secret@db/home"]).unwrap();
    let Some(Command::Copy { to }) = cli.command else { panic!("another command") };
    assert!(!format!("{to:?}").contains("ada"));
    assert!(Cli::try_parse_from(["aviary", "copy"]).is_err());
}

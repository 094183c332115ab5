#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::http::rate_limit::{Class, SubjectKind};

const URL: &str = "postgresql://desk:hunter2@db.internal/desk";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn settings(more: &[(&str, &str)]) -> Settings {
    let base = [
        ("DATABASE_URL", URL),
        ("INSIGHTDESK_TOKEN_SECRET", SECRET),
        ("INSIGHTDESK_MASTER_KEY", MASTER_KEY),
    ];
    let all = base.iter().chain(more);
    Settings::read_from(all.map(|(name, value)| ((*name).into(), (*value).into()))).unwrap()
}

fn refusal(more: &[(&str, &str)]) -> String {
    settings(more).check().unwrap_err().to_string()
}

#[test]
fn the_required_settings_are_enough() {
    let config = settings(&[]).check().unwrap();
    assert_eq!(config.http_addr, "127.0.0.1:3001".parse().unwrap());
    assert_eq!(config.body_limit_bytes, 1_048_576);
    assert_eq!(config.roles, Roles::all());
    assert!(config.valkey_url.is_none());
}

#[test]
fn every_missing_or_wrong_setting_is_named_at_once() {
    let given = [
        ("INSIGHTDESK_HTTP_ADDR", "everywhere"),
        ("INSIGHTDESK_POOL_QUERIES", "0"),
        ("INSIGHTDESK_ROLES", "api,cook"),
        ("INSIGHTDESK_LOG_FORMAT", "xml"),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let error = Settings::read_from(given)
        .unwrap()
        .check()
        .unwrap_err()
        .to_string();
    for named in [
        "DATABASE_URL is missing",
        "INSIGHTDESK_TOKEN_SECRET is missing",
        "INSIGHTDESK_MASTER_KEY is missing: set it to 32 random bytes in base64",
        "INSIGHTDESK_HTTP_ADDR is \"everywhere\": use an address and port",
        "INSIGHTDESK_POOL_QUERIES is 0: use a whole number from 1 to 1000",
        "INSIGHTDESK_ROLES is \"api,cook\"",
        "INSIGHTDESK_LOG_FORMAT is \"xml\": use text or json",
    ] {
        assert!(error.contains(named), "{named} is not in {error}");
    }
}

#[test]
fn a_pool_too_small_for_a_check_of_the_read_models_is_refused() {
    let pool = |size| [("INSIGHTDESK_POOL_PROJECTOR", size)];
    let error = refusal(&pool("3"));
    assert!(error.contains("INSIGHTDESK_POOL_PROJECTOR is 3"), "{error}");
    assert!(settings(&pool("4")).check().is_ok());
}

#[test]
fn a_short_token_secret_is_refused_and_not_shown() {
    let error = refusal(&[("INSIGHTDESK_TOKEN_SECRET", "tooshort")]);
    assert!(error.contains("INSIGHTDESK_TOKEN_SECRET is too short"));
    assert!(!error.contains("tooshort"));
}

#[test]
fn a_signing_key_is_given_as_digits_or_in_a_file_and_never_shown() {
    let digits = "a".repeat(64);
    let dir = std::env::temp_dir().join(format!("signing-key-{}", std::process::id()));
    std::fs::write(&dir, format!("{digits}\n")).unwrap();
    let file = dir.display().to_string();
    let given = [("INSIGHTDESK_SIGNING_KEY", digits.as_str())];
    let in_file = [("INSIGHTDESK_SIGNING_KEY_FILE", file.as_str())];
    let public = |more: &[(&str, &str)]| {
        let config = settings(more).check().unwrap();
        assert!(!format!("{config:?}").contains(&digits));
        config.signing_key.unwrap().public_key()
    };
    assert_eq!(public(&given), public(&in_file));
    assert!(settings(&[]).check().unwrap().signing_key.is_none());
    let error = refusal(&[given[0], in_file[0]]);
    assert!(
        error.contains("INSIGHTDESK_SIGNING_KEY and INSIGHTDESK_SIGNING_KEY_FILE are both"),
        "{error}"
    );
    let error = refusal(&[("INSIGHTDESK_SIGNING_KEY", "hunter2")]);
    assert!(
        error.contains("INSIGHTDESK_SIGNING_KEY is not a signing key"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
    std::fs::remove_file(dir).unwrap();
    let error = refusal(&in_file);
    assert!(error.contains("INSIGHTDESK_SIGNING_KEY_FILE is"), "{error}");
}

#[test]
fn bad_urls_are_refused_and_not_shown() {
    let error = refusal(&[
        ("DATABASE_URL", "mysql://me:hunter2@x/y"),
        ("VALKEY_URL", "hunter2"),
    ]);
    assert!(
        error.contains("DATABASE_URL is not a PostgreSQL URL"),
        "{error}"
    );
    assert!(error.contains("VALKEY_URL is not a Valkey URL"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn secrets_are_not_in_the_debug_form() {
    let config = settings(&[("VALKEY_URL", "valkey://:hunter2@localhost:6379")]).check();
    let shown = format!("{:?}", config.unwrap());
    assert!(
        !shown.contains("hunter2") && !shown.contains(SECRET),
        "{shown}"
    );
}

#[test]
fn the_environment_wins_over_the_file() {
    let file =
        std::env::temp_dir().join(format!("insightdesk-config-{}.toml", uuid::Uuid::now_v7()));
    std::fs::write(&file, "writer_count = 2\nroles = \"saga\"\n").unwrap();
    let path = file.to_str().unwrap();
    let config = settings(&[
        ("INSIGHTDESK_CONFIG", path),
        ("INSIGHTDESK_WRITER_COUNT", "3"),
    ])
    .check();
    std::fs::remove_file(&file).unwrap();
    let config = config.unwrap();
    assert_eq!(config.writer_count, 3);
    assert!(config.roles.has(Role::Saga) && !config.roles.has(Role::Api));
}

#[test]
fn a_misspelt_key_of_the_file_is_named() {
    let file =
        std::env::temp_dir().join(format!("insightdesk-config-{}.toml", uuid::Uuid::now_v7()));
    std::fs::write(&file, "writer_cuont = 2\n").unwrap();
    let error = refusal(&[("INSIGHTDESK_CONFIG", file.to_str().unwrap())]);
    std::fs::remove_file(&file).unwrap();
    assert!(error.contains("writer_cuont"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let environment = [(
        "INSIGHTDESK_CONFIG".to_owned(),
        "/nowhere/desk.toml".to_owned(),
    )];
    let error = Settings::read_from(environment).err().unwrap();
    assert!(error.to_string().contains("/nowhere/desk.toml"));
}

#[test]
fn what_was_given_wins_over_what_is_filled_in() {
    let config = settings(&[])
        .or_database_url("postgresql://other/")
        .or_valkey_url("valkey://localhost:6379");
    let config = config.with_roles("projector").check().unwrap();
    assert_eq!(config.database_url.expose(), URL);
    assert!(config.valkey_url.is_some());
    assert!(config.roles.has(Role::Projector) && !config.roles.has(Role::Saga));
}

#[test]
fn rust_log_wins_over_every_other_filter() {
    let own = ("INSIGHTDESK_LOG_FILTER", "warn");
    let config = settings(&[own]).or_log_filter("info").check().unwrap();
    assert_eq!(config.log_filter, "warn");

    let config = settings(&[own, ("RUST_LOG", "trace")]).check().unwrap();
    assert_eq!(config.log_filter, "trace");
}

#[test]
fn master_keys_may_lie_in_a_file_of_their_own() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("second:{MASTER_KEY}\n")).unwrap();
    let from = |path: &str| {
        let base = [
            ("DATABASE_URL", URL),
            ("INSIGHTDESK_TOKEN_SECRET", SECRET),
            ("INSIGHTDESK_MASTER_KEY_FILE", path),
        ];
        let base = base.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Settings::read_from(base).unwrap().check()
    };
    let config = from(file.path().to_str().unwrap()).unwrap();
    assert!(config.master_key.expose().starts_with("second:"));
    let refused = from("/nowhere/keys").unwrap_err().to_string();
    assert!(
        refused.contains("names /nowhere/keys, which cannot be read"),
        "{refused}"
    );
}

#[test]
fn a_master_key_of_another_length_is_refused_and_not_shown() {
    let error = refusal(&[("INSIGHTDESK_MASTER_KEY", "c2hvcnQta2V5")]);
    assert!(
        error.contains("INSIGHTDESK_MASTER_KEY has a key (number 1)"),
        "{error}"
    );
    assert!(!error.contains("c2hvcnQta2V5"), "{error}");
}

#[test]
fn requests_are_limited_unless_that_is_switched_off() {
    let switched = |value| settings(&[("INSIGHTDESK_RATE_LIMITS", value)]);
    assert!(settings(&[]).check().unwrap().rate_limits.is_some());
    assert!(switched("on").check().unwrap().rate_limits.is_some());
    assert!(switched("off").check().unwrap().rate_limits.is_none());
    assert!(switched("false").check().is_err());
}

#[test]
fn a_budget_is_set_by_its_name() {
    let given = ("INSIGHTDESK_RATE_LIMIT_COMMANDS_PERSON", "7/m burst 9");
    let budgets = settings(&[given]).check().unwrap().rate_limits.unwrap();
    let budget = budgets.of(Class::Commands, SubjectKind::Person);
    assert_eq!(budget.to_string(), "7/m burst 9");
    let error = refusal(&[("INSIGHTDESK_RATE_LIMIT_COMMANDS_PERSON", "lots")]);
    assert!(
        error.contains("INSIGHTDESK_RATE_LIMIT_COMMANDS_PERSON is \"lots\": use a rate"),
        "{error}"
    );
}

#[test]
fn by_default_no_proxy_is_believed_no_page_let_in_and_nothing_said_of_tls() {
    let web = settings(&[]).check().unwrap().web;
    assert_eq!(web.clients, ClientAddresses::default());
    assert_eq!(web.cors, Cors::default());
    assert_eq!(web.transport, TransportSecurity::Unknown);
}

#[test]
fn what_stands_before_the_api_is_checked() {
    for (name, value, expected) in [
        (
            "INSIGHTDESK_TRUSTED_PROXIES",
            "everybody",
            "a list of networks",
        ),
        (
            "INSIGHTDESK_FORWARDING_HEADER",
            "x-real-ip",
            "x-forwarded-for or forwarded",
        ),
        ("INSIGHTDESK_CORS_ORIGINS", "*", "a list of origins"),
        ("INSIGHTDESK_CORS_CREDENTIALS", "yes", "on or off"),
        ("INSIGHTDESK_HSTS", "max", "on or off"),
    ] {
        let error = refusal(&[(name, value)]);
        assert!(
            error.contains(&format!("{name} is {value:?}: use {expected}")),
            "{error}"
        );
    }
}

#[test]
fn mail_waits_unless_a_way_for_it_is_set() {
    let mail = settings(&[]).check().unwrap().mail;
    assert!(matches!(mail.way, MailWay::Nowhere));
    assert_eq!(mail.public_url.as_str(), "http://127.0.0.1:3001");
}

#[test]
fn mail_goes_to_a_server_or_into_a_directory() {
    let from = (
        "INSIGHTDESK_MAIL_FROM",
        "Nordlicht <support@nordlicht.example>",
    );
    let smtp = (
        "INSIGHTDESK_MAIL_SMTP_URL",
        "smtps://desk:hunter2@mail.example",
    );
    let directory = ("INSIGHTDESK_MAIL_DIRECTORY", "/var/mail/desk");
    let config = settings(&[from, smtp]).or_mail_directory("/other").check();
    let config = config.unwrap();
    assert!(matches!(config.mail.way, MailWay::Smtp(_)));
    assert_eq!(config.mail.from.domain(), "nordlicht.example");
    assert!(!format!("{config:?}").contains("hunter2"));
    let given = settings(&[directory]).or_mail_directory("/other").check();
    let MailWay::Directory(path) = given.unwrap().mail.way else {
        panic!("no directory");
    };
    assert_eq!(path.to_str(), Some("/var/mail/desk"));
    let both = refusal(&[from, smtp, directory]);
    assert!(both.contains("INSIGHTDESK_MAIL_DIRECTORY and INSIGHTDESK_MAIL_SMTP_URL are both set"));
    let nobody = refusal(&[smtp]);
    assert!(nobody.contains("INSIGHTDESK_MAIL_FROM is missing"));
}

#[test]
fn wrong_settings_of_mail_are_named_and_show_no_password() {
    let error = refusal(&[
        ("INSIGHTDESK_MAIL_FROM", "support"),
        (
            "INSIGHTDESK_MAIL_SMTP_URL",
            "smtp://desk:hunter2@mail.example?tls=none",
        ),
        ("INSIGHTDESK_PUBLIC_URL", "desk.example"),
    ]);
    for named in [
        "INSIGHTDESK_MAIL_FROM is \"support\"",
        "INSIGHTDESK_MAIL_SMTP_URL has tls=none for a host that is not this machine",
        "INSIGHTDESK_PUBLIC_URL is \"desk.example\": use a base of links",
    ] {
        assert!(error.contains(named), "{named} is not in {error}");
    }
    assert!(!error.contains("hunter2"), "{error}");
}

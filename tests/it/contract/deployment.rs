//! `compose.yaml` and the Dockerfile are right about this program.

use crate::harness::MASTER_KEY;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Parser;
use insightdesk::cli::Cli;
use platform::config::Settings;
use serde_yaml_ng::Value;

/// Those that run this program, those that it needs, and the one that prepares the database for it.
const OWN: [&str; 4] = ["migrate", "api", "projector", "saga"];
const SERVERS: [&str; 2] = ["postgres", "valkey"];
const ROLES: &str = "roles";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The services, with what they share spelled out.
fn services() -> Value {
    let text = std::fs::read_to_string(root().join("compose.yaml")).unwrap();
    let mut file: Value = serde_yaml_ng::from_str(&text).unwrap();
    file.apply_merge().unwrap();
    file["services"].clone()
}

/// A command of compose: a list of words.
fn words(service: &Value) -> Vec<String> {
    let words = service["command"].as_sequence().unwrap();
    words
        .iter()
        .map(|word| word.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_services_are_the_program_and_what_it_needs() {
    let services = services();
    let names: BTreeSet<&str> = services
        .as_mapping()
        .unwrap()
        .keys()
        .map(|name| name.as_str().unwrap())
        .collect();
    let known = OWN.into_iter().chain(SERVERS).chain([ROLES]);
    assert_eq!(names, known.collect());
}

/// The administrator of the database is a superuser, whom no policy stops.
#[test]
fn only_what_makes_the_roles_logs_in_as_the_administrator_of_the_database() {
    let services = services();
    let url = |name: &str, variable: &str| {
        let url = services[name]["environment"][variable].as_str().unwrap();
        let (login, _) = url
            .strip_prefix("postgresql://")
            .unwrap()
            .split_once('@')
            .unwrap();
        login.split(':').next().unwrap().to_owned()
    };
    let administrator = services["postgres"]["environment"]["POSTGRES_USER"]
        .as_str()
        .unwrap();
    assert_eq!(url(ROLES, "ADMINISTRATOR_URL"), administrator);
    let login = url(ROLES, "DATABASE_URL");
    assert_ne!(login, administrator);
    for name in OWN {
        assert_eq!(url(name, "DATABASE_URL"), login, "{name}");
        let environment = serde_yaml_ng::to_string(&services[name]["environment"]).unwrap();
        assert!(!environment.contains("POSTGRES_PASSWORD"), "{name}");
    }
    let script = words(&services[ROLES]).concat();
    assert!(
        script.contains(&format!("ALTER ROLE {login} LOGIN NOSUPERUSER")),
        "{script}"
    );
    assert!(
        script.contains("NOBYPASSRLS") && script.contains("insightdesk roles"),
        "{script}"
    );
}

#[test]
fn every_command_is_one_of_the_program() {
    let services = services();
    for name in OWN {
        let line = std::iter::once("insightdesk".to_owned()).chain(words(&services[name]));
        assert!(Cli::try_parse_from(line).is_ok(), "{name}");
    }
}

#[test]
fn the_services_together_play_every_role() {
    let services = services();
    let played: BTreeSet<String> = ["api", "projector", "saga"]
        .iter()
        .flat_map(|name| words(&services[*name]).into_iter().last())
        .collect();
    let roles = ["api", "projector", "saga"].map(str::to_owned);
    assert_eq!(played, roles.into());
}

/// A misspelt variable would be ignored, so each is tried as a key of the configuration file, where it is refused.
#[test]
fn every_variable_is_a_setting_with_a_right_value() {
    let services = services();
    for name in OWN {
        let variables = services[name]["environment"].as_mapping().unwrap();
        let lines = variables.iter().map(|(variable, value)| {
            let variable = variable.as_str().unwrap();
            let key = variable.strip_prefix("INSIGHTDESK_").unwrap_or(variable);
            let value = filled_in(value.as_str().unwrap());
            format!("{} = {value:?}\n", key.to_lowercase())
        });
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("insightdesk.toml");
        std::fs::write(&file, lines.collect::<String>()).unwrap();
        let config = ("INSIGHTDESK_CONFIG".to_owned(), file.display().to_string());
        let config = Settings::read_from([config]).unwrap().check();
        assert!(config.is_ok(), "{name}: {}", config.unwrap_err());
    }
}

/// With every `${NAME:?message}` set.
fn filled_in(text: &str) -> String {
    let mut parts = text.split("${");
    let mut filled = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap();
        filled.push_str(if name.starts_with("INSIGHTDESK_MASTER_KEY") {
            MASTER_KEY
        } else {
            "0123456789abcdef0123456789abcdef"
        });
        filled.push_str(rest);
    }
    filled
}

#[test]
fn every_secret_must_be_given() {
    let text = std::fs::read_to_string(root().join("compose.yaml")).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    for line in lines.filter(|line| line.contains("${")) {
        assert!(line.contains(":?"), "this has a default: {}", line.trim());
    }
}

#[test]
fn every_service_that_lasts_has_a_health_check_and_comes_back() {
    let services = services();
    for name in OWN
        .iter()
        .chain(&SERVERS)
        .filter(|name| **name != "migrate")
    {
        let service = &services[*name];
        let check = &service["healthcheck"];
        for field in ["test", "interval", "timeout", "retries"] {
            assert!(!check[field].is_null(), "{name} has no {field}");
        }
        assert_eq!(service["restart"], "unless-stopped", "{name}");
    }
}

#[test]
fn the_program_starts_on_a_migrated_database() {
    let services = services();
    let needs = &services[ROLES]["depends_on"]["postgres"]["condition"];
    assert_eq!(needs, "service_healthy");
    let needs = &services["migrate"]["depends_on"][ROLES]["condition"];
    assert_eq!(needs, "service_completed_successfully");
    for name in OWN.iter().filter(|name| **name != "migrate") {
        let needs = &services[*name]["depends_on"]["migrate"]["condition"];
        assert_eq!(needs, "service_completed_successfully", "{name}");
    }
}

#[test]
fn only_the_api_is_published_and_only_to_this_machine() {
    let services = services();
    for (name, service) in services.as_mapping().unwrap() {
        let ports = service["ports"].as_sequence().cloned().unwrap_or_default();
        assert_eq!(ports.is_empty(), name != "api", "{name:?}");
        for port in ports {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{port:?}");
        }
    }
}

#[test]
fn what_the_dockerfile_copies_is_there() {
    let text = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    let copies = text.lines().filter_map(|line| line.strip_prefix("COPY "));
    let local: Vec<PathBuf> = copies
        .filter(|line| !line.starts_with("--from"))
        .flat_map(|line| {
            let mut paths: Vec<&str> = line.split_whitespace().collect();
            paths.pop();
            paths
        })
        .map(|path| root().join(path))
        .collect();
    assert!(!local.is_empty());
    for path in local {
        assert!(path.exists(), "{}", path.display());
    }
    assert!(text.contains("target/release/insightdesk /usr/local/bin/insightdesk"));
    assert!(
        text.contains("\nUSER insightdesk\n"),
        "it must not run as root"
    );
}

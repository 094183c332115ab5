//! Where settings come from: a file, and over it the environment.

use std::collections::HashMap;

use config::{Config as Sources, Environment, File, FileFormat};

use super::{DATABASE_URL, LOG_FILTER, PREFIX, VALKEY_URL, keys};
use crate::config::ConfigError;

pub(super) fn read_file(path: Option<&String>) -> Result<Sources, ConfigError> {
    let Some(path) = path else {
        return Ok(Sources::default());
    };
    Sources::builder()
        .add_source(File::new(path, FileFormat::Toml))
        .build()
        .map_err(|source| ConfigError::File {
            path: path.clone(),
            source,
        })
}

pub(super) fn unknown_keys(file: &Sources) -> Vec<String> {
    let table = file
        .clone()
        .try_deserialize::<HashMap<String, config::Value>>();
    let mut unknown: Vec<String> = table
        .unwrap_or_default()
        .into_keys()
        .filter(|key| !keys().any(|known| known == key))
        .map(|key| format!("{key} in the configuration file is no setting: correct or remove it"))
        .collect();
    unknown.sort();
    unknown
}

pub(super) fn merge(
    file: &Sources,
    environment: HashMap<String, String>,
) -> Result<Sources, ConfigError> {
    let database_url = environment.get("DATABASE_URL").cloned();
    let valkey_url = environment.get("VALKEY_URL").cloned();
    let log_filter = environment.get("RUST_LOG").cloned();
    let merged = Sources::builder()
        .add_source(file.clone())
        .add_source(Environment::with_prefix(PREFIX).source(Some(environment)))
        .set_override_option(DATABASE_URL, database_url)
        .and_then(|builder| builder.set_override_option(VALKEY_URL, valkey_url))
        .and_then(|builder| builder.set_override_option(LOG_FILTER, log_filter))
        .and_then(|builder| builder.build());
    merged.map_err(|source| ConfigError::Invalid {
        problems: vec![source.to_string()],
    })
}

//! A database of its own for each test, and what the tests share.

pub mod http;

use platform::config::{Config, Settings};
use platform::private::test_servers;
use uuid::Uuid;

/// The configuration of a server on a fresh, migrated database. It serves on a free port.
pub async fn fresh_config() -> Config {
    let servers = test_servers().await.unwrap();
    let name = format!("it_{}", Uuid::new_v4().simple());
    let url = servers.create_database(&name).await.unwrap();
    let config = config_of(&url, servers.valkey_url());
    insightdesk::node::migrate(&config).await.unwrap();
    config
}

fn config_of(database_url: &str, valkey_url: &str) -> Config {
    let environment = [
        ("DATABASE_URL", database_url),
        ("VALKEY_URL", valkey_url),
        ("INSIGHTDESK_HTTP_ADDR", "127.0.0.1:0"),
        (
            "INSIGHTDESK_TOKEN_SECRET",
            "a secret of the tests, thirty-two bytes",
        ),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Settings::read_from(environment).unwrap().check().unwrap()
}

/// The configuration of another process on a database that is there.
pub async fn config_of_database(name: &str) -> Config {
    let servers = test_servers().await.unwrap();
    config_of(&servers.database_url_of(name), servers.valkey_url())
}

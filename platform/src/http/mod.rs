//! The HTTP parts that command and query endpoints share.

pub mod auth;
pub mod body;
pub mod client_address;
pub mod conditional;
pub mod cors;
pub mod entity_tag;
pub mod exports;
pub mod gate;
pub mod health;
pub mod json_text;
pub mod one_description;
pub mod page;
pub mod problem;
mod query;
pub mod rate_limit;
pub mod request_id;
pub mod routes;
mod schema_check;
pub mod security_headers;
pub mod serve;
mod shell;
pub mod spec;
mod traffic;
pub mod views;
pub mod within;

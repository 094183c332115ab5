//! The HTTP parts that command and query endpoints share.

pub mod auth;
pub mod body;
pub mod gate;
pub mod health;
pub mod one_description;
pub mod problem;
pub mod request_id;
pub mod routes;
mod schema_check;
pub mod serve;
mod shell;
pub mod spec;
pub mod views;

//! Attacks, each as a test that says what must not happen.

mod api_keys;
mod client_address;
mod cross_origin;
mod encrypted_connections;
mod internals;
mod limits;
mod machines;
mod mass_assignment;
mod object_access;
mod permissions;
mod private_teams;
mod refresh_cookie;
mod response_headers;
mod roles;
mod row_security;
mod secrets;
mod ways_in;

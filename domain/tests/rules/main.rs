//! The rules of the domain, each a test whose name states it: given events, when a command comes, then these events and no
//! others, or this refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod calendar;
mod company;
mod golden;
mod measures;
mod message;
mod metadata;
mod organization;
mod personal;
mod policy;
mod promises;
mod properties;
mod query;
mod roles;
mod samples;
mod scenario;
mod security;
mod service_levels;
mod sign_on;
mod simulation;
mod sla;
mod team;
mod text;
mod ticket;
mod user;
mod vectors;
mod view;
mod warnings;

//! What the tests stand on: one private PostgreSQL and Valkey for all of them, a database for each, a server in this
//! process with a clock that the test moves, and people who send requests to it.
//!
//! ```ignore
//! let app = TestApp::start().await;
//! let ticket = app.customer().opens("Printer on fire").await;
//! app.agent().replies(ticket, "Which one?").await.expect(201);
//! assert_eq!(app.customer().ticket(ticket).await["status"], "open");
//! ```
//!
//! Queries of a person carry the newest `Consistency-Token` that anybody of their organization was given, so they see what
//! the test did before; [`Request::without_token`] leaves it out.

pub mod access;
mod app;
mod binary;
mod client;
mod database;
mod event_stream;
mod eventually;
mod mailbox;
mod people;
pub mod provider;

pub use app::{MASTER_KEY, SECRET, TestApp, serve, start_of_time, whole_log};
pub use binary::Binary;
pub use client::{Answer, Client, Request, encoded, time_of, uuid_of};
pub use database::Database;
pub use event_stream::{Block, EventStream};
pub use eventually::{DEADLINE, eventually};
pub use mailbox::Mailbox;
pub use people::{Organization, Person};

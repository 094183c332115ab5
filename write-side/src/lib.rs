//! The write side: every change of InsightDesk passes through here.
//!
//! [`dispatch`] is the one place through which a command passes, whether it comes from HTTP ([`http`]), the SLA saga
//! ([`saga`]) or an import. [`commands`] holds the use cases: which aggregates a request touches, and in which order.
//! [`identity`] lets people in: accounts, passwords, sessions. [`expiry`] removes stored answers that nobody asks for any
//! more. [`mail`] keeps letters until they are sent.
//!
//! Invariants:
//! - A command is one append: all its events are in the log, or none is.
//! - What a command decides on is a guess until the append confirms the versions of the streams that it touched.
//! - A refusal is only answered after the touched streams were read from the log itself.
//! - An answer comes from the decided state, never from a read model.
//!
//! Never here: reads of projections (but through [`platform::http::views`]' trait), decisions about tickets (they live in
//! `domain`), SQL of the log (it lives in `event-store`).

pub mod commands;
pub mod dispatch;
pub mod expiry;
pub mod http;
pub mod identity;
pub mod mail;
pub mod notices;
pub mod saga;
pub mod simulations;

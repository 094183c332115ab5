//! The decisions of InsightDesk: what a command may do, which events it yields, and what state those events mean.
//!
//! Each aggregate ([`organization`], [`user`], [`team`], [`company`], [`calendar`], [`service_levels`], [`ticket`], [`message`],
//! [`view`])
//! is two plain functions:
//! `decide(state, command) -> events or error` and `evolve(state, event) -> state`.
//! [`security`] holds facts that were noticed and not decided: what happened to people's ways in.
//! [`calendar`] is the arithmetic of working time too, [`sla`] folds a ticket's events into its clocks, [`aggregate`] offers the same functions as `eventually` aggregates.
//!
//! Invariants:
//! - Deciding and folding are pure: the same inputs give the same outputs, on any machine, at any time.
//!   The time of a command is an input ([`command::Issued::now`]).
//! - Folding never fails: what is recorded is a fact, even where today's rules would refuse it.
//! - State is reached through events only, so folding the recorded events gives the state that deciding saw.
//! - Values that reach an event were parsed into their types first ([`text`], [`ids`]).
//!
//! Never here: I/O, a clock, a random source, SQL, HTTP, a runtime.

pub mod actor;
pub mod aggregate;
pub mod calendar;
pub mod command;
pub mod company;
pub mod error;
pub mod event;
pub mod ids;
pub mod message;
pub mod metadata;
pub mod organization;
pub mod personal;
pub mod security;
pub mod service_levels;
pub mod sla;
pub mod team;
pub mod text;
pub mod ticket;
mod upcast;
pub mod user;
pub mod view;

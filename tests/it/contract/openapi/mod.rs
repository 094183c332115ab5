//! The API's description: that it is the committed one, that it says what an integrator needs, and that the server keeps
//! it.

mod access;
mod answers;
mod calls;
mod committed;
mod examples;
mod injection;
mod people;
pub mod refusals;
mod rules;
pub mod spec;
mod tickets;

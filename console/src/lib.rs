//! The console: pages for people who answer tickets, made by the server, without a build step and without an installation.
//!
//! Invariants:
//! - Every page stands on the API of this process, asked through its gate with the token of whoever looks (see
//!   [`platform::http::within`]): the console can do nothing that its person could not do through the API.
//! - Tokens lie in cookies that no script can read and that no foreign page makes a browser send; whatever changes something
//!   has to come from a page of the console itself.
//! - No page holds a script or style of its own: the policy of contents forbids both.
//! - Everything works by links and forms; scripts make it quicker.
//!
//! Never here: a query of the database, a command to the dispatcher, a rule about who may do what.

pub mod http;

mod charts;
mod past;
mod reported;
mod shown;
mod words;

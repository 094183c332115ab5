//! Signing on by another site: the providers that an organization sets up, and the people who come by them.
//!
//! Invariants:
//! - Who comes by a provider of an organization gets into that organization alone, and changes nothing about the account
//!   that the same person may have in others: an organization believes the provider that it chose, others do not.
//! - A person is recognized by their identity at the provider. Only the first time an address tells who they are, and only
//!   one that the provider vouches for.
//! - The secret that the browser keeps is what state, nonce and PKCE verifier are derived from. The database has its hash
//!   alone, so nothing in it completes a flow.

mod links;
mod providers;
mod recognition;
mod set_up;
mod way;

pub use providers::SignOnProvider;
pub use set_up::{NewProvider, ProviderChanges};
pub use way::{Begun, Returned, SignOnChoice};

pub(super) use providers::reseal;
pub(super) use way::SignedOnAs;

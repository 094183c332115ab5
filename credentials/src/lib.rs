//! What proves who somebody is: how each kind of secret is made, given out, stored and checked.
//!
//! Invariants:
//! - A secret is stored as a hash, from which it cannot be had back; only the shared secret of TOTP cannot be one, and
//!   whoever stores that seals it.
//! - Every comparison with a secret takes the same time whatever was given.
//! - Secrets come from the operating system's randomness, are overwritten when they leave memory, and no `Debug` shows
//!   one.
//! - Every input has a bound, and what is too long is refused before any work is done on it.
//!
//! Never here: HTTP, SQL, a clock of its own, the question of who may do what, counting of tries. The caller stores, counts and
//! throttles.

pub mod api_key;
pub mod code;
mod hash;
pub mod password;
mod random;
pub mod recovery;
pub mod token;
pub mod totp;

pub use hash::{SecretHash, UnreadableSecretHash};
pub use random::NoRandomness;

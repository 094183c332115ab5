//! Passwords: what one is, which are good enough, and how they are hashed.
//!
//! [`Password`] is what a person typed. [`PasswordPolicy`] says whether a new one is good enough; it is never asked at a
//! login. [`PasswordHasher`] hashes and verifies by Argon2id on a bounded number of threads.

mod hasher;
mod policy;
mod settings;
mod stored;
mod text;
mod turn;

pub use hasher::{HashError, PasswordHasher, Verdict};
pub use policy::{OwnNames, PasswordPolicy, Strength, WeakPassword};
pub use settings::{Argon2Settings, SettingsError};
pub use stored::{PhcString, UnreadableHash};
pub use text::{LENGTH_MAX, Password, PasswordFormError};

//! Sealed personal data: what identifies a person, or what a person wrote, lies in the log sealed with a key of that person.
//!
//! [`Keyring`] seals at the one boundary between the events of `domain` and those of the log, and opens on the way back.
//! Each person of an organization has a data key, wrapped by a master key of the configuration ([`MasterKeys`]).
//! Destroying the data key forgets the person, while the log stays byte for byte what it was.
//!
//! Invariants:
//! - A key is in the database before anything is sealed with it.
//! - A sealed text opens only in its place: the same organization, person, stream, event and field.
//! - A person whose key was destroyed never gets another one. What was theirs reads as a placeholder, not as an error.
//! - A changed text is an error, never garbage.
//! - Keys are overwritten when they leave memory, and leave it after [`KEY_LIFETIME`] at the latest.
//!
//! Never here: decisions about which fields are personal (`domain::personal`), SQL of the log, HTTP.

mod answers;
mod cipher;
mod error;
mod events;
mod fields;
mod keyring;
mod master;
mod newcomers;
mod object;
mod place;
mod rotation;

pub use answers::AnswerPart;
pub use cipher::CipherError;
pub use error::{MasterKeyMismatch, SealingError, UnusableKey};
pub use events::{Owners, blank, blanked};
pub use keyring::{DESTROY, KEY_LIFETIME, KEYS_MAX, Keyring, Place};
pub use master::{MasterKeyError, MasterKeys};

//! Letters on their way to people: none is lost, and none is sent that was not to be.
//!
//! [`Outbox::enqueue`] writes a letter in the transaction of what it tells of. [`Delivery`] sends what is due, in any number
//! of servers at once. A letter lies sealed, since it holds secrets and an address, and its row is blanked when it is sent.
//!
//! Invariants:
//! - A letter whose transaction committed is sent, given up with a reason, or taken away with a person whom it
//!   is about and who was erased; one whose transaction did not is never seen.
//! - A server that dies between sending and marking leaves a letter that is sent once more, with the same Message-ID.
//! - No transaction is open while a mail server is spoken to.

mod delivery;
mod outbox;

pub use delivery::{Delivery, DeliveryError, Options};
pub use outbox::{EnqueueError, Outbox, Outgoing, ResealError};

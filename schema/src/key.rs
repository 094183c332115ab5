//! Prefixes of the Valkey keys.

/// First part of every key that this product writes.
pub const PREFIX: &str = "insightdesk:";

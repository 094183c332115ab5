//! The command endpoints.

//! Query endpoints.

//! Attacks, each as a test that says what must not happen.

mod internals;
mod mass_assignment;
mod permissions;

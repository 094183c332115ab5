//! What the project promises about itself: its structure, its spec, its deployment files.

mod asvs_document;
mod dependencies;
mod deployment;
mod events_document;
mod house_rules;
pub mod openapi;

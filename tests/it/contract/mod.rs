//! What the project promises about itself: its structure, its spec, its deployment files.

mod house_rules;

//! The query endpoints in process, over rows that the tests write into the core read models.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answer;
mod cache;
mod consistency;
mod conversation;
mod counts;
mod cursors;
mod customers;
mod desk;
mod detail;
mod export;
mod faults;
mod filters;
mod isolation;
mod kept_answers;
mod people;
mod reports;
mod rows;
mod search;
mod slow_counts;
mod sorting;

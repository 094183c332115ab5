//! What people do with the product, from the first request to the last answer.

mod audit;
mod checkpoint;
mod companies;
mod consistency;
mod conversation;
mod erasure;
mod export;
mod first_keys;
mod idempotency;
mod import;
mod invitations;
mod mailed;
mod master_key;
mod people;
mod readme_tour;
mod second_factor;
mod second_factor_policy;
mod service_levels;
mod shut_organizations;
mod sign_in;
mod sign_on;
mod ticket_life;
mod told_by_mail;
mod traces;
mod work;

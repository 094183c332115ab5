//! The composition root of InsightDesk: what the one binary can be told to do.
//!
//! Only this package sees the write side, the projector and the read side together. [`server`] puts them into one
//! process; [`up`] does so with servers of its own and a demo organization; [`import`] takes another system's history over;
//! [`export`] and [`restore`] carry the log as files.
//!
//! Invariants:
//! - Everything that changes the log passes through the write side's dispatcher.
//! - Whatever a command started, it stops before it ends.
//!
//! Never here: decisions about tickets, SQL of the product's tables, HTTP outside of `http/`.

pub mod cli;
mod demo;
mod directory;
pub mod export;
pub mod http;
pub mod import;
pub mod node;
mod operate;
pub mod permissions;
pub mod restore;
pub mod server;
pub mod simulation;
mod state_dir;
pub mod up;

use std::io::Write;

use anyhow::Result;
use cli::{Cli, Command, ImportCommand, OrganizationCommand, UserCommand};

/// Does what the command line says.
///
/// # Errors
/// When it could not be done; the message says why and what to do.
pub fn run(cli: Cli) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(dispatch(cli.command))
}

async fn dispatch(command: Command) -> Result<()> {
    match command {
        Command::RotateMasterKey => operate::rotate_master_key().await,
        Command::Migrate => operate::migrate().await,
        Command::Roles => Ok(std::io::stdout().write_all(operate::roles()?.as_bytes())?),
        Command::Import(ImportCommand::ServicenowLog(log)) => operate::import(log).await,
        Command::Verify(options) => operate::verify(options).await,
        Command::Checkpoint { public_key: true } => operate::public_key(),
        Command::Checkpoint { public_key: false } => operate::checkpoint().await,
        Command::Organization(OrganizationCommand::Create { slug, name }) => {
            operate::create_organization(slug, name).await
        }
        Command::Organization(OrganizationCommand::List) => operate::list_organizations().await,
        Command::Organization(OrganizationCommand::Suspend { slug }) => {
            operate::suspend_organization(slug).await
        }
        Command::Organization(OrganizationCommand::Resume { slug }) => {
            operate::resume_organization(slug).await
        }
        Command::Organization(OrganizationCommand::Delete { slug, confirm }) => {
            operate::delete_organization(slug, confirm).await
        }
        Command::User(UserCommand::Create {
            organization,
            name,
            email,
            role,
        }) => operate::create_user(organization, name, email, role.into()).await,
        Command::Up => up::run().await,
        Command::Serve { roles } => operate::serve(roles).await,
        Command::Rebuild { check } => operate::rebuild(check).await,
        Command::Replay(options) => operate::replay(options).await,
        Command::Simulate(options) => operate::simulate(options).await,
        Command::Token {
            organization,
            user,
            hours,
        } => operate::token(organization, &user, hours).await,
        Command::Export(options) => operate::export(options).await,
        Command::Restore { paths } => operate::restore(&paths).await,
        Command::Openapi => {
            // Not `print!`, which panics when the reader has gone away.
            Ok(std::io::stdout().write_all(http::openapi()?.as_bytes())?)
        }
        Command::Permissions => {
            let (table, scopes) = (permissions::table()?, permissions::scopes());
            let permissions = permissions::permissions();
            Ok(writeln!(
                std::io::stdout(),
                "{table}\n{scopes}\n{permissions}"
            )?)
        }
    }
}

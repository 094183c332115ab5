//! What `up` prints when everything runs: where it is, and what to paste.

use std::net::SocketAddr;

use anyhow::Result;
use chrono::TimeDelta;
use domain::ids::OrganizationId;
use platform::auth::{Grant, TokenKeys, TokenSigner};
use platform::clock::{Clock, SystemClock};
use platform::config::{Config, MailWay};
use platform::http::serve::{BASE_PATH, CONSOLE_PATH, DOCS_PATH};

use crate::demo;
use crate::state_dir::StateDir;

/// Each `up` makes new ones.
const TOKEN_DAYS: i64 = 30;
const TOKENS_FILE: &str = "tokens.env";

/// Prints the addresses and the demo's tokens, and writes the tokens to a file that a shell can source.
///
/// # Errors
/// When a token cannot be signed or the file not be written.
pub fn print(
    config: &Config,
    state: &StateDir,
    address: SocketAddr,
    organization: OrganizationId,
    password: &str,
) -> Result<()> {
    let base = format!("http://{address}");
    let mut variables = vec![("API".to_owned(), format!("{base}{BASE_PATH}"))];
    let signer = TokenSigner::new(TokenKeys::parse(&config.token_secret)?);
    for person in demo::PEOPLE {
        let (id, lifetime) = (person.id(organization), TimeDelta::days(TOKEN_DAYS));
        let token = signer.sign(
            &Grant::alone(organization, id, person.role),
            SystemClock.now(),
            lifetime,
        )?;
        let name = person.key.to_uppercase();
        variables.push((format!("{name}_ID"), id.to_string()));
        variables.push((format!("{name}_TOKEN"), token));
    }
    variables.push(("DEMO_PASSWORD".to_owned(), password.to_owned()));
    variables.push((
        "TEAM_ID".to_owned(),
        demo::team_id(organization).to_string(),
    ));
    let exports: Vec<String> = variables
        .iter()
        .map(|(name, value)| format!("export {name}={value}\n"))
        .collect();
    let file = state.write(TOKENS_FILE, &exports.concat())?;
    println!("\nInsightDesk is running.\n");
    println!("  API            {base}{BASE_PATH}");
    println!("  console        {base}{CONSOLE_PATH}");
    println!("  documentation  {base}{DOCS_PATH}");
    match &config.mail.way {
        MailWay::Directory(path) => println!("  mail           {}\n", path.display()),
        MailWay::Smtp(_) => println!("  mail           sent by SMTP\n"),
        MailWay::Nowhere => println!("  mail           waits: no way for it is set\n"),
    }
    println!(
        "The demo organization has a customer, two agents and an admin. Their tokens, good for {TOKEN_DAYS} days:\n"
    );
    for (name, value) in variables
        .iter()
        .filter(|(name, _)| name.ends_with("_TOKEN"))
    {
        println!("export {name}={value}");
    }
    println!("\nThey sign in to the console with the password {password}:\n");
    for person in demo::PEOPLE {
        println!("  {:<20} {}", person.email, person.role.as_str());
    }
    println!(
        "\nAll tokens at once, with the ids of these people and the address as $API:\n\n  . {}\n",
        file.display()
    );
    println!("A first ticket, ready to paste into another terminal in this directory:\n");
    println!("  . {} && {}\n", file.display(), FIRST_TICKET);
    println!("Ctrl-C stops everything.");
    Ok(())
}

const FIRST_TICKET: &str = r#"curl -sS "$API/tickets" -H "Authorization: Bearer $CUSTOMER_TOKEN" -H 'Content-Type: application/json' -d '{"subject": "My printer is on fire", "body": "Smoke comes out of it."}'"#;

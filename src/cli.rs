//! The command line.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::text::{Email, Name, Slug};
use event_store::Position;
use event_store::checkpoint::PublicKey;
use platform::config::Roles;
use projector::replay::ReplayNamespace;

use crate::export::Format;

/// Customer support that keeps every change.
#[derive(Debug, Parser)]
#[command(name = "insightdesk", version, propagate_version = true, after_help = SETTINGS_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const SETTINGS_HELP: &str = "\
Settings come from the environment, or from the TOML file that INSIGHTDESK_CONFIG names:
  DATABASE_URL              postgresql://user:password@host/database, with ?sslmode=require for TLS
  VALKEY_URL                valkey://host:6379, valkeys:// for TLS; may be left out
  INSIGHTDESK_TOKEN_SECRET  signs access tokens, at least 32 bytes
  INSIGHTDESK_MASTER_KEY    wraps the keys of personal data, 32 bytes in base64; or a file of them:
  INSIGHTDESK_MASTER_KEY_FILE
  INSIGHTDESK_HTTP_ADDR     where to serve, 127.0.0.1:3001 unless set
Without DATABASE_URL, commands use the database of a running `insightdesk up` of the same directory.";

/// What the program can be told to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start everything here: PostgreSQL, Valkey, a demo organization, API, projector and saga.
    ///
    /// Data stays in .insightdesk/ of the current directory; Ctrl-C stops all that was started. With DATABASE_URL and
    /// VALKEY_URL set, those servers are used instead.
    Up,
    /// Serve on the servers that DATABASE_URL and VALKEY_URL name.
    Serve {
        /// What this process does: a list of api, projector and saga [default: all].
        #[arg(long = "role", value_name = "ROLES", value_parser = parse_roles)]
        roles: Option<String>,
    },
    /// Bring the database to the schema of this version.
    Migrate,
    /// Print the SQL by which an administrator of the database lets the login of DATABASE_URL run the product in it.
    ///
    /// `migrate` does the same by itself where the login may create roles. Pipe it into psql, on the same database.
    Roles,
    /// Wrap the keys of all personal data with the current master key.
    ///
    /// Put the new key first in INSIGHTDESK_MASTER_KEY_FILE, keep the former one after it, restart every server, then run
    /// this. No event is touched; it may be interrupted and run again.
    RotateMasterKey,
    /// Take over the history of another system.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Build the read models anew from the log, beside the live ones, and switch.
    Rebuild {
        /// Compare a fresh rebuild with the live read models row by row instead of switching.
        #[arg(long)]
        check: bool,
    },
    /// Build the read models as they were at a time, in a schema of their own, for analysts.
    Replay(ReplayOptions),
    /// Replay the log of an organization beside draft policies or calendars: which promises would have been kept.
    ///
    /// Writes nothing. Progress goes to standard error, the numbers to standard output.
    Simulate(SimulateOptions),
    /// Prove the log: no position and no version missing, no event changed.
    Verify(VerifyOptions),
    /// Print a signed checkpoint of the log: keep it away from the database, and hold the log against it with `verify`.
    ///
    /// It is signed with INSIGHTDESK_SIGNING_KEY, or the key in the file that INSIGHTDESK_SIGNING_KEY_FILE names.
    Checkpoint {
        /// Print the public key that checks the signatures, and no checkpoint.
        #[arg(long)]
        public_key: bool,
    },
    /// Write the log, or a part of it, to files for other programs, or for `restore`.
    Export(ExportOptions),
    /// Write an exported log into an empty database: the same positions, versions and hashes.
    Restore {
        /// Directories of exports, or their files.
        #[arg(required = true, value_name = "DIR|FILE")]
        paths: Vec<PathBuf>,
    },
    /// Print an access token of a user.
    Token {
        /// The organization's slug.
        #[arg(long = "org", value_name = "SLUG", value_parser = parse_slug)]
        organization: Slug,
        /// The user's id or e-mail address.
        #[arg(long, value_name = "ID-or-EMAIL")]
        user: String,
        /// How long the token is good for.
        #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=87_600))]
        hours: u32,
    },
    /// Print the OpenAPI description of the API.
    Openapi,
    /// Print which role may call which operation of the API.
    Permissions,
    /// Manage organizations.
    #[command(subcommand, alias = "organizations")]
    Organization(OrganizationCommand),
    /// Manage users.
    #[command(subcommand)]
    User(UserCommand),
}

/// What is replayed, or dropped.
#[derive(Debug, Args)]
pub struct ReplayOptions {
    /// The time: what was recorded up to then is shown, such as 2026-03-01T00:00:00Z.
    #[arg(long, value_name = "TIME", required_unless_present = "drop")]
    pub as_of: Option<DateTime<Utc>>,
    /// The schema, which must not be there [default: core_as_of_ and the time].
    #[arg(long, value_name = "NAME")]
    pub schema: Option<ReplayNamespace>,
    /// Drop the schema of an earlier replay instead.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["as_of", "schema"])]
    pub drop: Option<ReplayNamespace>,
}

/// Which organization is simulated, under what, and for which time.
#[derive(Debug, Args)]
pub struct SimulateOptions {
    /// The organization's slug.
    #[arg(long, value_name = "SLUG", value_parser = parse_slug)]
    pub organization: Slug,
    /// The whole ordered list of policies as JSON, as GET /service-levels/policies shows it [default: those that held].
    #[arg(long, value_name = "FILE", required_unless_present = "calendars")]
    pub policies: Option<PathBuf>,
    /// Calendars as JSON, as GET /calendars shows them, each in the place of the one of its id [default: those that held].
    #[arg(long, value_name = "FILE")]
    pub calendars: Option<PathBuf>,
    /// Count what is counted at this time or later, such as 2026-03-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub from: DateTime<Utc>,
    /// Count what is counted before this time.
    #[arg(long, value_name = "TIME")]
    pub to: DateTime<Utc>,
    /// Promise something to imported tickets, too. Really nothing ever was.
    #[arg(long)]
    pub imported: bool,
    /// How the numbers are told.
    #[arg(long, value_enum, default_value_t = SimulationFormat::Table)]
    pub format: SimulationFormat,
}

/// How a simulation is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SimulationFormat {
    /// For people.
    Table,
    /// For programs, with up to 10,000 differences.
    Json,
}

/// How much of the log is proven, and against what.
#[derive(Debug, Default, Args)]
pub struct VerifyOptions {
    /// Prove also that the log is the one which this checkpoint was taken of: nothing before it was changed.
    #[arg(long, value_name = "CHECKPOINT")]
    pub against: Option<PathBuf>,
    /// Walk only what came after a position of every partition, or after a checkpoint.
    #[arg(long, value_name = "POSITION|CHECKPOINT", conflicts_with = "against", value_parser = parse_since)]
    pub since: Option<Since>,
    /// The key that the checkpoint must be signed with [default: the one of INSIGHTDESK_SIGNING_KEY].
    #[arg(long, value_name = "KEY")]
    pub public_key: Option<PublicKey>,
}

/// Which events go where.
#[derive(Debug, Args)]
pub struct ExportOptions {
    /// The kind of file.
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    pub format: Format,
    /// Only events recorded at this time or later, such as 2026-03-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub from: Option<DateTime<Utc>>,
    /// Only events recorded before this time.
    #[arg(long, value_name = "TIME")]
    pub to: Option<DateTime<Utc>>,
    /// Only events of the organization with this slug.
    #[arg(long, value_name = "SLUG", value_parser = parse_slug)]
    pub organization: Option<Slug>,
    /// Only events of these types, such as ticket.opened,sla.breached.
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    pub types: Vec<String>,
    /// A new file that ends in .ndjson or .parquet as the format does, or a new directory.
    #[arg(long, value_name = "DIR|FILE")]
    pub output: PathBuf,
}

/// Where a walk begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// After this position of every partition.
    Position(Position),
    /// After the checkpoint in this file.
    Checkpoint(PathBuf),
}

/// What can be imported.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// An incident update log: CSV, plain or gzip, one row an update.
    ///
    /// A second run of the same file imports nothing; an interrupted one is continued by running it again.
    ServicenowLog(ServicenowLog),
}

/// Which log goes where.
#[derive(Debug, Args)]
pub struct ServicenowLog {
    /// The log, .csv or .csv.gz.
    pub file: PathBuf,
    /// The slug of the organization that gets the tickets. It must exist: see `organization create`.
    #[arg(long, value_name = "SLUG", value_parser = parse_slug)]
    pub organization: Slug,
    /// Where rows go that cannot be imported [default: FILE's name with .rejects.csv, in the current directory].
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
}

/// What can be done with organizations.
#[derive(Debug, Subcommand)]
pub enum OrganizationCommand {
    /// Make an organization. One with the same slug is left as it is.
    Create {
        /// Its short name, unique in the installation: lower case letters, digits and inner hyphens.
        #[arg(long, value_parser = parse_slug)]
        slug: Slug,
        /// What people read.
        #[arg(long, value_parser = parse_name)]
        name: Name,
    },
    /// List all organizations: slug, id, standing and name.
    List,
    /// Shut the people of an organization out until it is resumed. Nothing of it is lost; its deadlines go on.
    Suspend {
        /// Its slug.
        #[arg(value_parser = parse_slug)]
        slug: Slug,
    },
    /// Let the people of a suspended organization in again.
    Resume {
        /// Its slug.
        #[arg(value_parser = parse_slug)]
        slug: Slug,
    },
    /// Delete a suspended organization for ever: everybody in it is erased, what they wrote can never be read again.
    ///
    /// The events stay in the log without what is personal in them, so that `verify` still proves it. An interrupted run is
    /// continued by running it again.
    Delete {
        /// Its slug.
        #[arg(value_parser = parse_slug)]
        slug: Slug,
        /// Its slug once more.
        #[arg(long, value_name = "SLUG", value_parser = parse_slug)]
        confirm: Slug,
    },
}

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make a user and print their id.
    Create {
        /// The organization's slug.
        #[arg(long = "org", value_name = "SLUG", value_parser = parse_slug)]
        organization: Slug,
        /// What people read.
        #[arg(long, value_parser = parse_name)]
        name: Name,
        /// Their e-mail address, unique in the organization.
        #[arg(long, value_parser = parse_email)]
        email: Email,
        /// What they may do.
        #[arg(long, value_enum, default_value_t = UserRole::Customer)]
        role: UserRole,
    },
}

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum UserRole {
    /// Opens tickets and answers on their own.
    Customer,
    /// Works on every customer's tickets.
    Agent,
    /// An agent who also sets teams and exports what is held about people.
    Lead,
    /// A lead who also sets users and policies, and erases people.
    Admin,
}

impl From<UserRole> for domain::actor::Role {
    fn from(role: UserRole) -> Self {
        match role {
            UserRole::Customer => Self::Customer,
            UserRole::Agent => Self::Agent,
            UserRole::Lead => Self::Lead,
            UserRole::Admin => Self::Admin,
        }
    }
}

fn parse_roles(text: &str) -> Result<String, String> {
    match text.parse::<Roles>() {
        Ok(_) => Ok(text.to_owned()),
        Err(()) => Err("write a list of api, projector and saga, such as api,saga".to_owned()),
    }
}

fn parse_since(text: &str) -> Result<Since, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = text.parse().map_err(|_| format!("{text} is no position"))?;
        let position = Position::new(number).map_err(|error| error.to_string())?;
        return Ok(Since::Position(position));
    }
    Ok(Since::Checkpoint(PathBuf::from(text)))
}

fn parse_slug(text: &str) -> Result<Slug, String> {
    Slug::parse(text).map_err(|error| error.to_string())
}

fn parse_name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.to_string())
}

fn parse_email(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_of_the_manual_is_understood() {
        let lines = [
            "up",
            "serve",
            "serve --role api,projector,saga",
            "migrate",
            "roles",
            "rotate-master-key",
            "import servicenow-log log.csv.gz --organization demo --rejects bad.csv",
            "rebuild --check",
            "replay --as-of 2026-03-01T00:00:00Z --schema march",
            "replay --drop march",
            "simulate --organization acme --policies p.json --from 2026-03-01T00:00:00Z --to 2026-04-01T00:00:00Z",
            "simulate --organization acme --calendars c.json --from 2026-03-01T00:00:00Z --to 2026-04-01T00:00:00Z --imported --format json",
            "verify",
            "verify --against checkpoint.json --public-key d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9778737",
            "verify --since 1000",
            "verify --since checkpoint.json",
            "export --output log",
            "export --format parquet --from 2026-03-01T00:00:00Z --to 2026-04-01T00:00:00Z --organization demo --types ticket.opened,sla.breached --output march.parquet",
            "restore log",
            "restore one.ndjson two.ndjson",
            "checkpoint",
            "checkpoint --public-key",
            "token --org demo --user ada@example.com --hours 2",
            "openapi",
            "permissions",
            "organization create --slug acme --name Acme",
            "organizations list",
            "organization suspend acme",
            "organization resume acme",
            "organization delete acme --confirm acme",
            "user create --org acme --name Ada --email ada@example.com --role admin",
            "user create --org acme --name Lea --email lea@example.com --role lead",
        ];
        for line in lines {
            let words = std::iter::once("insightdesk").chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{line}");
        }
    }

    #[test]
    fn a_wrong_value_is_told_with_what_is_right() {
        let wrong = |line: &str| {
            let words = std::iter::once("insightdesk").chain(line.split(' '));
            Cli::try_parse_from(words).unwrap_err().to_string()
        };
        assert!(wrong("serve --role api,web").contains("api, projector and saga"));
        assert!(wrong("replay").contains("--as-of"));
        assert!(
            wrong("replay --as-of 2026-03-01T00:00:00Z --schema core").contains("choose another")
        );
        assert!(wrong("verify --since 1 --against 2.json").contains("cannot be used with"));
        assert!(wrong("verify --public-key 12").contains("64 hexadecimal digits"));
        assert!(wrong("token --org Demo! --user 1").contains("inner hyphens"));
    }
}

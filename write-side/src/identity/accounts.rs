//! Accounts: the logins of people, and whom each may act as.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use deadpool_postgres::GenericClient;
use domain::ids::{OrganizationId, UserId};
use domain::text::Email;
use event_store::Partition;
use schema::table::{ACCOUNTS, MEMBERSHIPS};
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::IdentityError;

const COLUMNS: &str =
    "a.account_id, a.email, a.password, a.generation, a.totp_confirmed_at IS NOT NULL";
const BY_EMAIL: &str = formatcp!("SELECT {COLUMNS} FROM {ACCOUNTS} a WHERE a.email = $1");
const BY_ID: &str = formatcp!("SELECT {COLUMNS} FROM {ACCOUNTS} a WHERE a.account_id = $1");
const CREATE: &str = formatcp!(
    "INSERT INTO {ACCOUNTS} (account_id, email, password, password_changed_at, created_at) \
     VALUES ($1, $2, $3, CASE WHEN $3::text IS NULL THEN NULL ELSE $4::timestamptz END, $4) \
     ON CONFLICT (email) DO NOTHING"
);
/// A new password ends what began with the former one.
const SET_PASSWORD: &str = formatcp!(
    "UPDATE {ACCOUNTS} SET password = $2, password_changed_at = $3, generation = generation + 1 \
      WHERE account_id = $1 RETURNING generation"
);
/// The same password, hashed with today's parameters; not when another was chosen meanwhile.
const REHASH: &str =
    formatcp!("UPDATE {ACCOUNTS} SET password = $3 WHERE account_id = $1 AND password = $2");
const MEMBERSHIPS_OF: &str = formatcp!(
    "SELECT m.org_id, m.partition, m.user_id FROM {MEMBERSHIPS} m WHERE m.account_id = $1 ORDER BY m.created_at, m.org_id"
);
const ACCOUNT_OF: &str = formatcp!(
    "SELECT {COLUMNS} FROM {MEMBERSHIPS} m JOIN {ACCOUNTS} a ON a.account_id = m.account_id \
      WHERE m.org_id = $1 AND m.user_id = $2"
);
/// An address that went from one person to another takes its login along, and a person with another address gets another
/// login.
const LEAVE: &str = formatcp!(
    "DELETE FROM {MEMBERSHIPS} \
      WHERE org_id = $2 AND (account_id = $1 OR user_id = $3) AND NOT (account_id = $1 AND user_id = $3)"
);
const JOIN: &str = formatcp!(
    "INSERT INTO {MEMBERSHIPS} (account_id, org_id, partition, user_id, created_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
);

/// An account.
#[derive(Clone)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// The address that its owner has shown to be theirs.
    pub email: String,
    /// The hash of its password, a PHC string.
    pub password: Option<String>,
    /// Raised when every session has to end.
    pub generation: i32,
    /// Whether the second factor is in use.
    pub has_second_factor: bool,
}

/// Whom an account may act as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// In this organization,
    pub organization_id: OrganizationId,
    /// which lives here,
    pub partition: Partition,
    /// as this person.
    pub user_id: UserId,
}

fn account(row: &Row) -> Result<Account, IdentityError> {
    Ok(Account {
        id: row.try_get(0)?,
        email: row.try_get(1)?,
        password: row.try_get(2)?,
        generation: row.try_get(3)?,
        has_second_factor: row.try_get(4)?,
    })
}

/// The account of an address.
///
/// # Errors
/// When the database fails; so it is for all here.
pub async fn by_email(
    client: &impl GenericClient,
    email: &Email,
) -> Result<Option<Account>, IdentityError> {
    let statement = client.prepare_cached(BY_EMAIL).await?;
    let row = client.query_opt(&statement, &[&email.as_str()]).await?;
    row.as_ref().map(account).transpose()
}

/// The account of an id.
///
/// # Errors
/// When the database fails.
pub async fn by_id(
    client: &impl GenericClient,
    id: Uuid,
) -> Result<Option<Account>, IdentityError> {
    let statement = client.prepare_cached(BY_ID).await?;
    let row = client.query_opt(&statement, &[&id]).await?;
    row.as_ref().map(account).transpose()
}

/// The account that acts as a person of an organization.
///
/// # Errors
/// When the database fails.
pub async fn of_user(
    client: &impl GenericClient,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<Option<Account>, IdentityError> {
    let statement = client.prepare_cached(ACCOUNT_OF).await?;
    let row = client
        .query_opt(&statement, &[&organization_id.0, &user_id.0])
        .await?;
    row.as_ref().map(account).transpose()
}

/// Makes the account of an address, unless there is one, and gives it.
///
/// # Errors
/// When the database fails.
pub async fn ensure(
    client: &impl GenericClient,
    email: &Email,
    password: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Account, IdentityError> {
    let statement = client.prepare_cached(CREATE).await?;
    client
        .execute(
            &statement,
            &[&Uuid::now_v7(), &email.as_str(), &password, &now],
        )
        .await?;
    let found = by_email(client, email).await?;
    found.ok_or_else(|| IdentityError::Internal("an account vanished while it was made".into()))
}

/// Sets a new password; the account's generation afterwards.
///
/// # Errors
/// When the database fails.
pub async fn set_password(
    client: &impl GenericClient,
    id: Uuid,
    password: &str,
    now: DateTime<Utc>,
) -> Result<i32, IdentityError> {
    let statement = client.prepare_cached(SET_PASSWORD).await?;
    let row = client
        .query_opt(&statement, &[&id, &password, &now])
        .await?;
    let row = row.ok_or(IdentityError::NotFound("the account"))?;
    Ok(row.try_get(0)?)
}

/// Keeps the same password under a stronger hash.
///
/// # Errors
/// When the database fails.
pub async fn rehash(
    client: &impl GenericClient,
    id: Uuid,
    former: &str,
    password: &str,
) -> Result<(), IdentityError> {
    let statement = client.prepare_cached(REHASH).await?;
    client
        .execute(&statement, &[&id, &former, &password])
        .await?;
    Ok(())
}

/// Whom an account may act as, the first joined first.
///
/// # Errors
/// When the database fails.
pub async fn memberships(
    client: &impl GenericClient,
    id: Uuid,
) -> Result<Vec<Membership>, IdentityError> {
    let statement = client.prepare_cached(MEMBERSHIPS_OF).await?;
    let rows = client.query(&statement, &[&id]).await?;
    rows.iter()
        .map(|row| {
            let partition = Partition::new(row.try_get(1)?);
            Ok(Membership {
                organization_id: OrganizationId(row.try_get(0)?),
                partition: partition.map_err(|error| IdentityError::Internal(Box::new(error)))?,
                user_id: UserId(row.try_get(2)?),
            })
        })
        .collect()
}

/// The same, without where they live.
///
/// # Errors
/// When the database fails.
pub async fn people(
    client: &impl GenericClient,
    id: Uuid,
) -> Result<Vec<(OrganizationId, UserId)>, IdentityError> {
    let memberships = memberships(client, id).await?.into_iter();
    Ok(memberships
        .map(|it| (it.organization_id, it.user_id))
        .collect())
}

/// Lets an account act as a person, and nobody else of the organization, and no other account as them. A second time
/// changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn join(
    client: &impl GenericClient,
    id: Uuid,
    membership: Membership,
    now: DateTime<Utc>,
) -> Result<(), IdentityError> {
    let leave = client.prepare_cached(LEAVE).await?;
    let (org_id, user_id) = (membership.organization_id.0, membership.user_id.0);
    client.execute(&leave, &[&id, &org_id, &user_id]).await?;
    let statement = client.prepare_cached(JOIN).await?;
    client
        .execute(
            &statement,
            &[
                &id,
                &membership.organization_id.0,
                &membership.partition.get(),
                &membership.user_id.0,
                &now,
            ],
        )
        .await?;
    Ok(())
}

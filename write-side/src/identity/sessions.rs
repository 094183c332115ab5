//! Sessions: a sign-in on one device, from its start to its end. [`super::refreshing`] keeps them alive.

use chrono::{DateTime, TimeDelta, Utc};
use const_format::formatcp;
use deadpool_postgres::GenericClient;
use domain::ids::{OrganizationId, SessionId, SignOnProviderId, UserId};
use domain::security::words::{SessionEnd, SignInMethod};
use event_store::{Partition, Version};
use schema::table::SESSIONS;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::error::IdentityError;
use super::refresh_token::{RefreshToken, random_secret};

/// How long a refresh token is good when it is not used.
pub const REFRESH_LIFETIME: TimeDelta = TimeDelta::days(7);
/// The most sessions that a list shows.
const LISTED_MAX: i64 = 100;
/// An ended session is kept for a while, so that a stolen token is still recognized.
const KEPT: TimeDelta = TimeDelta::days(30);

const START: &str = formatcp!(
    "INSERT INTO {SESSIONS} (partition, session_id, org_id, user_id, account_id, account_generation, user_version, tag_key, \
                             token_hash, methods, device, address, created_at, last_used_at, expires_at, access_until, provider_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15, $16)"
);
const END: &str = formatcp!(
    "UPDATE {SESSIONS} SET ended_at = now(), end_reason = $3 \
      WHERE partition = $1 AND session_id = $2 AND ended_at IS NULL"
);
const END_OF_USER: &str = formatcp!(
    "UPDATE {SESSIONS} SET ended_at = now(), end_reason = $5 \
      WHERE partition = $1 AND org_id = $2 AND user_id = $3 AND ($4::uuid IS NULL OR session_id = $4) \
        AND ended_at IS NULL RETURNING session_id"
);
const END_OF_ACCOUNT: &str = formatcp!(
    "UPDATE {SESSIONS} SET ended_at = now(), end_reason = $3 \
      WHERE account_id = $1 AND session_id <> $2 AND ended_at IS NULL RETURNING session_id, org_id, user_id"
);
/// The one that changed the password goes on: it has shown the former one.
const CARRY_OVER: &str = formatcp!(
    "UPDATE {SESSIONS} SET account_generation = $3 WHERE partition = $1 AND session_id = $2"
);
const LIST: &str = formatcp!(
    "SELECT s.session_id, s.methods, s.device, s.address, s.created_at, s.last_used_at, s.expires_at FROM {SESSIONS} s \
      WHERE s.partition = $1 AND s.org_id = $2 AND s.user_id = $3 AND s.ended_at IS NULL AND s.expires_at > $4 \
      ORDER BY s.last_used_at DESC, s.session_id LIMIT $5"
);
const BEGAN_BY_SIGN_ON: &str = formatcp!(
    "SELECT count(*) FROM {SESSIONS} s \
      WHERE s.partition = $1 AND s.session_id = $2 AND s.provider_id IS NOT NULL"
);
const END_OF_PROVIDER: &str = formatcp!(
    "UPDATE {SESSIONS} SET ended_at = now(), end_reason = $4 \
      WHERE partition = $1 AND org_id = $2 AND provider_id = $3 AND ended_at IS NULL RETURNING session_id, user_id"
);
const END_SIGNED_ON: &str = formatcp!(
    "UPDATE {SESSIONS} SET ended_at = now(), end_reason = $4 \
      WHERE partition = $1 AND org_id = $2 AND user_id = $3 AND provider_id IS NOT NULL AND ended_at IS NULL \
      RETURNING session_id, user_id"
);
const EXPIRE: &str =
    formatcp!("DELETE FROM {SESSIONS} WHERE expires_at < $1 AND access_until < $1");

/// Where a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The partition of its organization.
    pub partition: Partition,
    /// Its organization.
    pub organization_id: OrganizationId,
    /// Whose it is.
    pub user_id: UserId,
}

/// A session to be started.
pub struct NewSession<'a> {
    /// Whose it is.
    pub owner: Owner,
    /// The account that signed in, and its generation; none when the operator makes it.
    pub account: Option<(Uuid, i32)>,
    /// Who vouched for them; none when they have shown what is their account's.
    pub provider: Option<SignOnProviderId>,
    /// How many events the person's stream had when their role was read.
    pub user_version: Version,
    /// What was shown, such as `password`.
    pub methods: &'a [SignInMethod],
    /// The program that signs in, as it calls itself.
    pub device: &'a str,
    /// The address it signs in from.
    pub address: &'a str,
    /// Until when an access token of it may be good.
    pub access_until: DateTime<Utc>,
}

/// A session with a refresh token to give out.
pub struct Started {
    /// The session.
    pub session_id: SessionId,
    /// The refresh token.
    pub refresh_token: String,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// A session as its owner sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id.
    pub session_id: SessionId,
    /// What was shown at its start.
    pub methods: Vec<String>,
    /// The program.
    pub device: String,
    /// The address at its start.
    pub address: String,
    /// Its start.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_used_at: DateTime<Utc>,
    /// Until when its refresh token is good.
    pub expires_at: DateTime<Utc>,
}

/// Starts a session.
///
/// # Errors
/// When the database fails; so it is for all here.
pub async fn start(
    client: &impl GenericClient,
    new: NewSession<'_>,
    now: DateTime<Utc>,
) -> Result<Started, IdentityError> {
    let session_id = SessionId(Uuid::now_v7());
    let tag_key = random_secret()?;
    let token = RefreshToken::issue(
        new.owner.partition,
        session_id,
        1,
        random_secret()?,
        &tag_key,
    );
    let expires_at = now + REFRESH_LIFETIME;
    let (account_id, generation) = new.account.unzip();
    let methods: Vec<&str> = new.methods.iter().map(|method| method.as_str()).collect();
    let hash = token.hash();
    let statement = client.prepare_cached(START).await?;
    let provider_id = new.provider.map(|provider| provider.0);
    let values: [&(dyn ToSql + Sync); 16] = [
        &new.owner.partition.get(),
        &session_id.0,
        &new.owner.organization_id.0,
        &new.owner.user_id.0,
        &account_id,
        &generation.unwrap_or(0),
        &new.user_version.get(),
        &tag_key.as_slice(),
        &hash.as_slice(),
        &methods,
        &new.device,
        &new.address,
        &now,
        &expires_at,
        &new.access_until,
        &provider_id,
    ];
    client.execute(&statement, &values).await?;
    Ok(Started {
        session_id,
        refresh_token: token.text(),
        expires_at,
    })
}

/// Ends a session; whether it still ran.
///
/// # Errors
/// When the database fails.
pub async fn end(
    client: &impl GenericClient,
    owner: &Owner,
    session_id: SessionId,
    reason: SessionEnd,
) -> Result<bool, IdentityError> {
    let statement = client.prepare_cached(END).await?;
    let ended = client
        .execute(
            &statement,
            &[&owner.partition.get(), &session_id.0, &reason.as_str()],
        )
        .await?;
    Ok(ended == 1)
}

/// Ends one session of a person, or all; which that were.
///
/// # Errors
/// When the database fails.
pub async fn end_of_user(
    client: &impl GenericClient,
    owner: &Owner,
    only: Option<SessionId>,
    reason: SessionEnd,
) -> Result<Vec<SessionId>, IdentityError> {
    let statement = client.prepare_cached(END_OF_USER).await?;
    let rows = client
        .query(
            &statement,
            &[
                &owner.partition.get(),
                &owner.organization_id.0,
                &owner.user_id.0,
                &only.map(|session| session.0),
                &reason.as_str(),
            ],
        )
        .await?;
    let ids = rows.iter().map(|row| Ok(SessionId(row.try_get(0)?)));
    ids.collect()
}

/// Ends every session of an account but one; which, and whose, that were.
///
/// # Errors
/// When the database fails.
pub async fn end_of_account(
    client: &impl GenericClient,
    account_id: Uuid,
    except: Option<SessionId>,
    reason: SessionEnd,
) -> Result<Vec<(SessionId, OrganizationId, UserId)>, IdentityError> {
    let statement = client.prepare_cached(END_OF_ACCOUNT).await?;
    let except = except.map_or(Uuid::nil(), |session| session.0);
    let rows = client
        .query(&statement, &[&account_id, &except, &reason.as_str()])
        .await?;
    let ended = |row: &Row| {
        Ok((
            SessionId(row.try_get(0)?),
            OrganizationId(row.try_get(1)?),
            UserId(row.try_get(2)?),
        ))
    };
    rows.iter().map(ended).collect()
}

/// Whether a session began at another site. Those that no table knows did not.
///
/// # Errors
/// When the database fails.
pub async fn began_by_sign_on(
    client: &impl GenericClient,
    partition: Partition,
    session_id: SessionId,
) -> Result<bool, IdentityError> {
    let statement = client.prepare_cached(BEGAN_BY_SIGN_ON).await?;
    let row = client
        .query_one(&statement, &[&partition.get(), &session_id.0])
        .await?;
    Ok(row.try_get::<_, i64>(0)? > 0)
}

/// Ends every session of an organization that began by a provider; which, and whose, that were.
///
/// # Errors
/// When the database fails.
pub async fn end_of_provider(
    client: &impl GenericClient,
    partition: Partition,
    organization_id: OrganizationId,
    provider: SignOnProviderId,
) -> Result<Vec<(SessionId, UserId)>, IdentityError> {
    let place = (partition.get(), organization_id.0);
    end_by_admin(client, END_OF_PROVIDER, place, provider.0).await
}

/// Ends every session of a person that began at another site; which that were.
///
/// # Errors
/// When the database fails.
pub async fn end_signed_on(
    client: &impl GenericClient,
    partition: Partition,
    organization_id: OrganizationId,
    user_id: UserId,
) -> Result<Vec<(SessionId, UserId)>, IdentityError> {
    let place = (partition.get(), organization_id.0);
    end_by_admin(client, END_SIGNED_ON, place, user_id.0).await
}

async fn end_by_admin(
    client: &impl GenericClient,
    statement: &'static str,
    (partition, org_id): (i16, Uuid),
    of: Uuid,
) -> Result<Vec<(SessionId, UserId)>, IdentityError> {
    let reason = SessionEnd::EndedByAdmin.as_str();
    let rows = client
        .query(statement, &[&partition, &org_id, &of, &reason])
        .await?;
    let ended = |row: &Row| Ok((SessionId(row.try_get(0)?), UserId(row.try_get(1)?)));
    rows.iter().map(ended).collect()
}

/// Lets a session go on with the new generation of its account.
///
/// # Errors
/// When the database fails.
pub async fn carry_over(
    client: &impl GenericClient,
    partition: Partition,
    session_id: SessionId,
    generation: i32,
) -> Result<(), IdentityError> {
    let statement = client.prepare_cached(CARRY_OVER).await?;
    client
        .execute(&statement, &[&partition.get(), &session_id.0, &generation])
        .await?;
    Ok(())
}

/// The sessions of a person that run, the last used first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    client: &impl GenericClient,
    owner: &Owner,
    now: DateTime<Utc>,
) -> Result<Vec<Listed>, IdentityError> {
    let statement = client.prepare_cached(LIST).await?;
    let values: [&(dyn ToSql + Sync); 5] = [
        &owner.partition.get(),
        &owner.organization_id.0,
        &owner.user_id.0,
        &now,
        &LISTED_MAX,
    ];
    let rows = client.query(&statement, &values).await?;
    let listed = |row: &Row| {
        Ok(Listed {
            session_id: SessionId(row.try_get(0)?),
            methods: row.try_get(1)?,
            device: row.try_get(2)?,
            address: row.try_get(3)?,
            created_at: row.try_get(4)?,
            last_used_at: row.try_get(5)?,
            expires_at: row.try_get(6)?,
        })
    };
    rows.iter().map(listed).collect()
}

/// Removes sessions that ended or expired long ago.
///
/// # Errors
/// When the database fails.
pub async fn expire(client: &impl GenericClient, now: DateTime<Utc>) -> Result<u64, IdentityError> {
    Ok(client.execute(EXPIRE, &[&(now - KEPT)]).await?)
}

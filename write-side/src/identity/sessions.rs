//! Sessions: a sign-in on one device, kept alive by refresh tokens that are used once each.
//!
//! A refresh token that was used is good for ten more seconds and gives the same successor, for a client whose answer was
//! lost. Used later, it was copied: the session ends.

use chrono::{DateTime, TimeDelta, Utc};
use const_format::formatcp;
use deadpool_postgres::GenericClient;
use domain::ids::{OrganizationId, SessionId, UserId};
use domain::security::words::{SessionEnd, SignInMethod};
use event_store::{Partition, Version};
use schema::table::SESSIONS;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::error::IdentityError;
use super::refresh_token::{RefreshToken, Secret, constant_time_eq, random_secret};

/// How long a refresh token is good when it is not used.
pub const REFRESH_LIFETIME: TimeDelta = TimeDelta::days(7);
/// How long a session lasts at most, however often it is refreshed.
pub const SESSION_LIFETIME_MAX: TimeDelta = TimeDelta::days(90);
/// How long a used refresh token gives the same successor once more.
pub const GRACE: TimeDelta = TimeDelta::seconds(10);
/// The most sessions that a list shows.
const LISTED_MAX: i64 = 100;
/// An ended session is kept for a while, so that a stolen token is still recognized.
const KEPT: TimeDelta = TimeDelta::days(30);

const START: &str = formatcp!(
    "INSERT INTO {SESSIONS} (partition, session_id, org_id, user_id, account_id, account_generation, user_version, tag_key, \
                             token_hash, methods, device, address, created_at, last_used_at, expires_at, access_until) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15)"
);
const COLUMNS: &str = "s.session_id, s.org_id, s.user_id, s.account_id, s.account_generation, s.generation, s.tag_key, \
     s.token_hash, s.former_hash, s.blinded_secret, s.created_at, s.last_used_at, s.expires_at, s.ended_at IS NOT NULL";
const FIND: &str =
    formatcp!("SELECT {COLUMNS} FROM {SESSIONS} s WHERE s.partition = $1 AND s.session_id = $2");
const ROTATE: &str = formatcp!(
    "UPDATE {SESSIONS} \
        SET generation = generation + 1, former_hash = token_hash, token_hash = $4, blinded_secret = $5, \
            last_used_at = $6, expires_at = $7, access_until = greatest(access_until, $8) \
      WHERE partition = $1 AND session_id = $2 AND token_hash = $3 AND ended_at IS NULL"
);
/// The lost answer may have held an access token that nobody has: this one lives longest.
const EXTEND: &str = formatcp!(
    "UPDATE {SESSIONS} SET access_until = greatest(access_until, $3) WHERE partition = $1 AND session_id = $2"
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

/// What became of a refresh token.
pub enum Refreshed {
    /// It has a successor, or has the same one again.
    Renewed {
        /// Whose session it is.
        owner: Owner,
        /// What to give out.
        started: Started,
    },
    /// It was used long ago: somebody has a copy. The session has ended by that.
    Reused {
        /// Whose session it was.
        owner: Owner,
        /// The session.
        session_id: SessionId,
    },
    /// It is not good.
    Refused,
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

struct Found {
    owner: Owner,
    account_id: Option<Uuid>,
    account_generation: i32,
    generation: i32,
    tag_key: [u8; 32],
    token_hash: Vec<u8>,
    former_hash: Option<Vec<u8>>,
    blinded_secret: Option<Vec<u8>>,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    has_ended: bool,
}

impl Found {
    fn of(partition: Partition, row: &Row) -> Result<Self, IdentityError> {
        let tag_key: &[u8] = row.try_get(6)?;
        Ok(Self {
            owner: Owner {
                partition,
                organization_id: OrganizationId(row.try_get(1)?),
                user_id: UserId(row.try_get(2)?),
            },
            account_id: row.try_get(3)?,
            account_generation: row.try_get(4)?,
            generation: row.try_get(5)?,
            tag_key: array(tag_key)?,
            token_hash: row.try_get(7)?,
            former_hash: row.try_get(8)?,
            blinded_secret: row.try_get(9)?,
            created_at: row.try_get(10)?,
            last_used_at: row.try_get(11)?,
            expires_at: row.try_get(12)?,
            has_ended: row.try_get(13)?,
        })
    }
}

fn array(bytes: &[u8]) -> Result<[u8; 32], IdentityError> {
    bytes
        .try_into()
        .map_err(|_| IdentityError::Internal("a session holds a key of another length".into()))
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
    let values: [&(dyn ToSql + Sync); 15] = [
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
    ];
    client.execute(&statement, &values).await?;
    Ok(Started {
        session_id,
        refresh_token: token.text(),
        expires_at,
    })
}

/// Uses a refresh token. `access_until`: the end of the access token that its answer will carry. `generation_of` the
/// session's account is asked for, since a new password ends all that began before it.
///
/// # Errors
/// When the database fails.
pub async fn refresh(
    client: &impl GenericClient,
    text: &str,
    access_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Refreshed, IdentityError> {
    let Some(token) = RefreshToken::parse(text) else {
        return Ok(Refreshed::Refused);
    };
    let Some(found) = find(client, &token).await? else {
        return Ok(Refreshed::Refused);
    };
    if !token.was_given_out(&found.tag_key) || found.has_ended || found.expires_at <= now {
        return Ok(Refreshed::Refused);
    }
    if !account_stands(client, &found).await? {
        end(
            client,
            &found.owner,
            token.session_id,
            SessionEnd::PasswordChanged,
        )
        .await?;
        return Ok(Refreshed::Refused);
    }
    if constant_time_eq(&found.token_hash, &token.hash())
        && let Some(started) = rotate(client, &token, &found, access_until, now).await?
    {
        let owner = found.owner;
        return Ok(Refreshed::Renewed { owner, started });
    }
    // Used before, perhaps in this moment by somebody else who holds it.
    repeat_or_end(client, &token, access_until, now).await
}

async fn find(
    client: &impl GenericClient,
    token: &RefreshToken,
) -> Result<Option<Found>, IdentityError> {
    let statement = client.prepare_cached(FIND).await?;
    let row = client
        .query_opt(&statement, &[&token.partition.get(), &token.session_id.0])
        .await?;
    row.map(|row| Found::of(token.partition, &row)).transpose()
}

async fn account_stands(client: &impl GenericClient, found: &Found) -> Result<bool, IdentityError> {
    let Some(id) = found.account_id else {
        return Ok(true);
    };
    let account = super::accounts::by_id(client, id).await?;
    Ok(account.is_some_and(|account| account.generation == found.account_generation))
}

/// None when another request was faster.
async fn rotate(
    client: &impl GenericClient,
    token: &RefreshToken,
    found: &Found,
    access_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<Started>, IdentityError> {
    let secret = random_secret()?;
    let blinded = token.blind(&secret);
    let next = successor(token, found, secret);
    let expires_at = (now + REFRESH_LIFETIME).min(found.created_at + SESSION_LIFETIME_MAX);
    let (hash, next_hash) = (token.hash(), next.hash());
    let statement = client.prepare_cached(ROTATE).await?;
    let values: [&(dyn ToSql + Sync); 8] = [
        &token.partition.get(),
        &token.session_id.0,
        &hash.as_slice(),
        &next_hash.as_slice(),
        &blinded.as_slice(),
        &now,
        &expires_at,
        &access_until,
    ];
    let was_first = client.execute(&statement, &values).await? == 1;
    Ok(was_first.then(|| Started {
        session_id: token.session_id,
        refresh_token: next.text(),
        expires_at,
    }))
}

fn successor(token: &RefreshToken, found: &Found, secret: Secret) -> RefreshToken {
    let generation = token.generation.saturating_add(1);
    RefreshToken::issue(
        token.partition,
        token.session_id,
        generation,
        secret,
        &found.tag_key,
    )
}

async fn repeat_or_end(
    client: &impl GenericClient,
    token: &RefreshToken,
    access_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Refreshed, IdentityError> {
    let Some(found) = find(client, token).await?.filter(|found| !found.has_ended) else {
        return Ok(Refreshed::Refused);
    };
    let is_former = found
        .former_hash
        .as_ref()
        .is_some_and(|former| constant_time_eq(former, &token.hash()));
    let in_grace = now - found.last_used_at <= GRACE && found.generation == token.generation + 1;
    if is_former && in_grace {
        let statement = client.prepare_cached(EXTEND).await?;
        let session = (token.partition.get(), token.session_id.0);
        client
            .execute(&statement, &[&session.0, &session.1, &access_until])
            .await?;
        let blinded = array(found.blinded_secret.as_deref().unwrap_or_default())?;
        let next = successor(token, &found, token.blind(&blinded));
        return Ok(Refreshed::Renewed {
            owner: found.owner,
            started: Started {
                session_id: token.session_id,
                refresh_token: next.text(),
                expires_at: found.expires_at,
            },
        });
    }
    end(
        client,
        &found.owner,
        token.session_id,
        SessionEnd::TokenReused,
    )
    .await?;
    Ok(Refreshed::Reused {
        owner: found.owner,
        session_id: token.session_id,
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

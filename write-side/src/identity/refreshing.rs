//! Keeping a session alive: refresh tokens, which are used once each.
//!
//! One that was used is good for ten more seconds and gives the same successor, for a client whose answer was lost. Used
//! later, it was copied: the session ends.

use chrono::{DateTime, TimeDelta, Utc};
use const_format::formatcp;
use deadpool_postgres::GenericClient;
use domain::ids::{OrganizationId, SessionId, SignOnProviderId, UserId};
use domain::security::words::SessionEnd;
use event_store::Partition;
use platform::auth::EndedSessions;
use schema::table::SESSIONS;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::accounts;
use super::error::IdentityError;
use super::refresh_token::{RefreshToken, Secret, constant_time_eq, random_secret};
use super::sessions::{Owner, REFRESH_LIFETIME, Started, end};

/// How long a session lasts at most, however often it is refreshed.
pub const SESSION_LIFETIME_MAX: TimeDelta = TimeDelta::days(90);
/// How long a used refresh token gives the same successor once more.
pub const GRACE: TimeDelta = TimeDelta::seconds(10);

const COLUMNS: &str = "s.session_id, s.org_id, s.user_id, s.account_id, s.account_generation, s.generation, s.tag_key, \
     s.token_hash, s.former_hash, s.blinded_secret, s.created_at, s.last_used_at, s.expires_at, s.ended_at IS NOT NULL, \
     s.provider_id";
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
/// What became of a refresh token.
pub enum Refreshed {
    /// It has a successor, or has the same one again.
    Renewed {
        /// Whose session it is.
        owner: Owner,
        /// What to give out.
        started: Started,
        /// Who vouched for them at its start.
        provider: Option<SignOnProviderId>,
    },
    /// It was used long ago: somebody has a copy. The session has ended by that.
    Reused {
        /// Whose session it was.
        owner: Owner,
        /// The session.
        session_id: SessionId,
    },
    /// The organization is shut at present: the token stays as it is.
    Suspended,
    /// It is not good.
    Refused,
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
    provider: Option<SignOnProviderId>,
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
            provider: row.try_get::<_, Option<Uuid>>(14)?.map(SignOnProviderId),
        })
    }
}

fn array(bytes: &[u8]) -> Result<[u8; 32], IdentityError> {
    bytes
        .try_into()
        .map_err(|_| IdentityError::Internal("a session holds a key of another length".into()))
}

/// Uses a refresh token. `access_until`: the end of the access token that its answer will carry. `ended` says which
/// organizations are shut.
///
/// # Errors
/// When the database fails.
pub async fn refresh(
    client: &impl GenericClient,
    text: &str,
    access_until: DateTime<Utc>,
    ended: &EndedSessions,
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
    if ended.is_shut(found.owner.organization_id) {
        return Ok(Refreshed::Suspended);
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
        let (owner, provider) = (found.owner, found.provider);
        return Ok(Refreshed::Renewed {
            owner,
            started,
            provider,
        });
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
    let account = accounts::by_id(client, id).await?;
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
            provider: found.provider,
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

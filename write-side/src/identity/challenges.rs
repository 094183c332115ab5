//! What somebody is asked to show once: a link or a code that was mailed, or the next step of a sign-in. Only hashes of the
//! secrets are kept.

use chrono::{DateTime, TimeDelta, Utc};
use const_format::formatcp;
use credentials::SecretHash;
use deadpool_postgres::GenericClient;
use schema::table::CHALLENGES;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

use super::error::IdentityError;

const CREATE: &str = formatcp!(
    "INSERT INTO {CHALLENGES} (challenge_id, purpose, hash, data, subject, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)"
);
/// Whoever asks again holds only the newest.
const VOID: &str = formatcp!(
    "UPDATE {CHALLENGES} SET used_at = $3 WHERE purpose = $1 AND subject = $2 AND used_at IS NULL"
);
const FIND: &str = formatcp!(
    "SELECT c.challenge_id, c.data FROM {CHALLENGES} c \
      WHERE c.purpose = $1 AND c.hash = $2 AND c.used_at IS NULL AND c.expires_at > $3"
);
/// Only one of those who come at the same moment finds it unused.
const USE: &str = formatcp!(
    "UPDATE {CHALLENGES} SET used_at = $2 WHERE challenge_id = $1 AND used_at IS NULL AND expires_at > $2"
);
const NEWEST: &str = formatcp!(
    "SELECT c.challenge_id, c.hash, c.data FROM {CHALLENGES} c \
      WHERE c.purpose = $1 AND c.subject = $2 AND c.used_at IS NULL AND c.expires_at > $3 AND c.attempts < $4 \
      ORDER BY c.created_at DESC LIMIT 1"
);
/// Counted before the answer is known: those who guess at the same moment share the tries.
const TRY: &str = formatcp!(
    "UPDATE {CHALLENGES} SET attempts = attempts + 1 \
      WHERE challenge_id = $1 AND used_at IS NULL AND expires_at > $2 AND attempts < $3"
);
/// Of an organization's, whose subjects begin with its id.
const OPEN: &str = formatcp!(
    "SELECT c.challenge_id, c.data, c.created_at, c.expires_at FROM {CHALLENGES} c \
      WHERE c.purpose = $1 AND starts_with(c.subject, $2) AND c.used_at IS NULL AND c.expires_at > $3 \
        AND ($4::timestamptz IS NULL OR (c.created_at, c.challenge_id) < ($4, $5)) \
      ORDER BY c.created_at DESC, c.challenge_id DESC LIMIT $6"
);
const OPEN_ONE: &str = formatcp!(
    "SELECT c.challenge_id, c.data, c.created_at, c.expires_at FROM {CHALLENGES} c \
      WHERE c.purpose = $1 AND starts_with(c.subject, $2) AND c.used_at IS NULL AND c.expires_at > $3 AND c.challenge_id = $4"
);
const EXPIRE: &str = formatcp!("DELETE FROM {CHALLENGES} WHERE expires_at < $1");

/// What a challenge is for. A secret of one is none of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A new organization, once its maker's address is shown to be theirs.
    SignUp,
    /// A new password.
    ResetPassword,
    /// Signing in by a code from a mail.
    EmailCode,
    /// Joining an organization.
    Invitation,
    /// The next step of a sign-in.
    SignIn,
    /// Coming back from another site.
    SignOn,
}

impl Purpose {
    /// The name on the disk.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::ResetPassword => "reset_password",
            Self::EmailCode => "email_code",
            Self::Invitation => "invitation",
            Self::SignIn => "sign_in",
            Self::SignOn => "sign_on",
        }
    }

    /// How long it may be answered.
    #[must_use]
    pub fn lifetime(self) -> TimeDelta {
        match self {
            Self::SignUp => TimeDelta::hours(24),
            Self::ResetPassword => TimeDelta::minutes(30),
            Self::EmailCode | Self::SignIn => TimeDelta::minutes(5),
            Self::SignOn => TimeDelta::minutes(10),
            Self::Invitation => TimeDelta::days(7),
        }
    }

    /// How long it may be answered, for the mail.
    #[must_use]
    pub fn valid_minutes(self) -> u32 {
        // At most seven days.
        u32::try_from(self.lifetime().num_minutes()).unwrap_or(u32::MAX)
    }

    /// What a message calls it.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::SignUp | Self::ResetPassword => "link",
            Self::EmailCode => "code",
            Self::Invitation => "invitation",
            Self::SignIn => "sign-in",
            Self::SignOn => "sign-on",
        }
    }
}

/// A challenge to be made.
pub struct NewChallenge<'a, D> {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub purpose: Purpose,
    /// The hash of its secret.
    pub hash: SecretHash,
    /// Of those with the same subject only the newest is good.
    pub subject: &'a str,
    /// What it leads to.
    pub data: &'a D,
}

/// Makes a challenge, which takes the place of former ones with the same purpose and subject.
///
/// # Errors
/// When the database fails; so it is for all here.
pub async fn create<D: Serialize + Sync>(
    client: &impl GenericClient,
    new: NewChallenge<'_, D>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, IdentityError> {
    let purpose = new.purpose.as_str();
    void(client, new.purpose, new.subject, now).await?;
    let statement = client.prepare_cached(CREATE).await?;
    let expires_at = now + new.purpose.lifetime();
    let data = Json(serde_json::to_value(new.data)?);
    let hash = new.hash.as_bytes();
    client
        .execute(
            &statement,
            &[
                &new.id,
                &purpose,
                &hash,
                &data,
                &new.subject,
                &now,
                &expires_at,
            ],
        )
        .await?;
    Ok(expires_at)
}

/// Ends what waits for an answer; how many that were.
///
/// # Errors
/// When the database fails.
pub async fn void(
    client: &impl GenericClient,
    purpose: Purpose,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<u64, IdentityError> {
    let statement = client.prepare_cached(VOID).await?;
    let purpose = purpose.as_str();
    Ok(client
        .execute(&statement, &[&purpose, &subject, &now])
        .await?)
}

/// The challenge of a link's secret and what it leads to, without using it up.
///
/// # Errors
/// [`IdentityError::Spent`] when it is not good, or not any more.
pub async fn find<D: DeserializeOwned>(
    client: &impl GenericClient,
    purpose: Purpose,
    hash: &SecretHash,
    now: DateTime<Utc>,
) -> Result<(Uuid, D), IdentityError> {
    let statement = client.prepare_cached(FIND).await?;
    let row = client
        .query_opt(&statement, &[&purpose.as_str(), &hash.as_bytes(), &now])
        .await?;
    let row = row.ok_or(IdentityError::Spent(purpose.noun()))?;
    let Json(data) = row.try_get::<_, Json<serde_json::Value>>(1)?;
    Ok((row.try_get(0)?, serde_json::from_value(data)?))
}

/// Uses a challenge up. Of those who come at the same moment one succeeds.
///
/// # Errors
/// [`IdentityError::Spent`] when it was used before, or is too old.
pub async fn spend(
    client: &impl GenericClient,
    purpose: Purpose,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), IdentityError> {
    let statement = client.prepare_cached(USE).await?;
    match client.execute(&statement, &[&id, &now]).await? {
        0 => Err(IdentityError::Spent(purpose.noun())),
        _ => Ok(()),
    }
}

/// The newest challenge of a subject that has tries left: its id, the hash of its secret, and what it leads to.
///
/// # Errors
/// When the database fails.
pub async fn newest<D: DeserializeOwned>(
    client: &impl GenericClient,
    purpose: Purpose,
    subject: &str,
    tries_max: i16,
    now: DateTime<Utc>,
) -> Result<Option<(Uuid, Vec<u8>, D)>, IdentityError> {
    let statement = client.prepare_cached(NEWEST).await?;
    let row = client
        .query_opt(&statement, &[&purpose.as_str(), &subject, &now, &tries_max])
        .await?;
    let Some(row) = row else { return Ok(None) };
    let Json(data) = row.try_get::<_, Json<serde_json::Value>>(2)?;
    Ok(Some((
        row.try_get(0)?,
        row.try_get(1)?,
        serde_json::from_value(data)?,
    )))
}

/// A challenge that waits for an answer.
pub struct Open<D> {
    /// Its id.
    pub id: Uuid,
    /// What it leads to.
    pub data: D,
    /// Its beginning.
    pub created_at: DateTime<Utc>,
    /// Its end.
    pub expires_at: DateTime<Utc>,
}

/// Where a list of challenges goes on: after the one that was made then and has this id.
pub type After = Option<(DateTime<Utc>, Uuid)>;

/// The challenges that wait for an answer and whose subject begins so, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn open<D: DeserializeOwned>(
    client: &impl GenericClient,
    purpose: Purpose,
    subjects: &str,
    after: After,
    count_max: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Open<D>>, IdentityError> {
    let statement = client.prepare_cached(OPEN).await?;
    let (made_at, id) = after.unzip();
    let values: [&(dyn ToSql + Sync); 6] = [
        &purpose.as_str(),
        &subjects,
        &now,
        &made_at,
        &id,
        &count_max,
    ];
    let rows = client.query(&statement, &values).await?;
    rows.iter().map(opened).collect()
}

/// The one of them with an id.
///
/// # Errors
/// When the database fails.
pub async fn open_one<D: DeserializeOwned>(
    client: &impl GenericClient,
    purpose: Purpose,
    subjects: &str,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Open<D>>, IdentityError> {
    let statement = client.prepare_cached(OPEN_ONE).await?;
    let values: [&(dyn ToSql + Sync); 4] = [&purpose.as_str(), &subjects, &now, &id];
    let row = client.query_opt(&statement, &values).await?;
    row.as_ref().map(opened).transpose()
}

fn opened<D: DeserializeOwned>(row: &Row) -> Result<Open<D>, IdentityError> {
    let Json(data) = row.try_get::<_, Json<serde_json::Value>>(1)?;
    Ok(Open {
        id: row.try_get(0)?,
        data: serde_json::from_value(data)?,
        created_at: row.try_get(2)?,
        expires_at: row.try_get(3)?,
    })
}

/// Takes one of the tries of a challenge.
///
/// # Errors
/// [`IdentityError::Spent`] when none is left.
pub async fn take_try(
    client: &impl GenericClient,
    purpose: Purpose,
    id: Uuid,
    tries_max: i16,
    now: DateTime<Utc>,
) -> Result<(), IdentityError> {
    let statement = client.prepare_cached(TRY).await?;
    match client.execute(&statement, &[&id, &now, &tries_max]).await? {
        0 => Err(IdentityError::Spent(purpose.noun())),
        _ => Ok(()),
    }
}

/// Removes what nobody can answer any more.
///
/// # Errors
/// When the database fails.
pub async fn expire(
    client: &impl GenericClient,
    before: DateTime<Utc>,
) -> Result<u64, IdentityError> {
    Ok(client.execute(EXPIRE, &[&before]).await?)
}

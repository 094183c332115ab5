//! Ends the sessions of people who lost what their tokens say, and tells which organizations are shut, in the transaction of the batch that holds the event: no
//! crash lets a session live on. A session that began with the event's version or a later one stays, so a rebuild ends
//! nothing that is in order.

use const_format::formatcp;
use deadpool_postgres::Transaction;
use event_store::Partition;
use platform::auth::SET_STANDING;
use schema::table::{
    ACCOUNTS, API_KEYS, CHALLENGES, KNOWN_DEVICES, MAIL_OUTBOX, MEMBERSHIPS, RECOVERY_CODES,
    SESSIONS, SIGN_ON_FACTORS, SIGN_ON_IDENTITIES,
};

use crate::error::BatchError;
use crate::state::State;

const END: &str = formatcp!(
    "UPDATE {SESSIONS} SET ended_at = now(), end_reason = $5 \
      WHERE partition = $1 AND org_id = $2 AND user_id = $3 AND user_version < $4 AND ended_at IS NULL"
);
/// What is left of an erased person's sessions names neither them nor where they were.
const BLANK: &str = formatcp!(
    "UPDATE {SESSIONS} SET device = '', address = '' WHERE partition = $1 AND org_id = $2 AND user_id = $3"
);
/// The login goes with the last person that it could act as.
const LEAVE: &str = formatcp!(
    "WITH gone AS (DELETE FROM {MEMBERSHIPS} WHERE org_id = $1 AND user_id = $2 RETURNING account_id), \
          last AS (SELECT g.account_id FROM gone g \
                    WHERE NOT EXISTS (SELECT 1 FROM {MEMBERSHIPS} m WHERE m.account_id = g.account_id AND m.org_id <> $1)), \
          codes AS (DELETE FROM {RECOVERY_CODES} r USING last WHERE r.account_id = last.account_id), \
          devices AS (DELETE FROM {KNOWN_DEVICES} d USING last WHERE d.account_id = last.account_id), \
          letters AS (DELETE FROM {MAIL_OUTBOX} o USING last \
                       WHERE o.sent_at IS NULL AND o.failed_at IS NULL AND last.account_id = ANY(o.about)) \
     DELETE FROM {ACCOUNTS} a USING last WHERE a.account_id = last.account_id"
);
/// Who they are at other sites.
const UNLINK: &str = formatcp!(
    "DELETE FROM {SIGN_ON_IDENTITIES} WHERE partition = $1 AND org_id = $2 AND user_id = $3"
);
/// What they show after they came from there, and from where they came.
const DROP_FACTOR: &str = formatcp!(
    "WITH factor AS (DELETE FROM {SIGN_ON_FACTORS} WHERE org_id = $1 AND user_id = $2), \
          codes AS (DELETE FROM {RECOVERY_CODES} WHERE account_id = $2) \
     DELETE FROM {KNOWN_DEVICES} WHERE account_id = $2"
);
/// Links and codes on their way hold the person's address; ids of people are unique over all organizations.
const VOID: &str = formatcp!("DELETE FROM {CHALLENGES} WHERE data ->> 'user_id' = $1");
/// Letters that wait, to them or with words of theirs to others.
const UNSEND: &str = formatcp!(
    "DELETE FROM {MAIL_OUTBOX} o WHERE o.sent_at IS NULL AND o.failed_at IS NULL AND $1 = ANY(o.about)"
);

/// The key of a machine that was erased with its organization.
const FORGET_KEY: &str = formatcp!("DELETE FROM {API_KEYS} WHERE org_id = $1 AND key_id = $2");

/// Why a person's sessions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// They have another role.
    Role,
    /// They may not act any more.
    Activity,
    /// Their data is forgotten.
    Everything,
}

impl Lost {
    fn reason(self) -> &'static str {
        match self {
            Self::Role => "role_changed",
            Self::Activity => "deactivated",
            Self::Everything => "erased",
        }
    }
}

/// Ends the sessions of everybody in the batch who lost something, and shuts and opens organizations.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn end_sessions(
    tx: &Transaction<'_>,
    partition: Partition,
    state: &State,
) -> Result<(), BatchError> {
    for ((org, user), (version, lost)) in &state.lost_access {
        let end = tx.prepare_cached(END).await?;
        let reason = lost.reason();
        tx.execute(&end, &[&partition.get(), &org.0, &user.0, version, &reason])
            .await?;
    }
    for (org, (version, standing)) in &state.standings {
        let set = tx.prepare_cached(SET_STANDING).await?;
        let standing = standing.as_str();
        tx.execute(&set, &[&partition.get(), &org.0, &standing, version])
            .await?;
    }
    for (org, user) in &state.erased_users {
        let blank = tx.prepare_cached(BLANK).await?;
        tx.execute(&blank, &[&partition.get(), &org.0, &user.0])
            .await?;
        let leave = tx.prepare_cached(LEAVE).await?;
        tx.execute(&leave, &[&org.0, &user.0]).await?;
        let unlink = tx.prepare_cached(UNLINK).await?;
        tx.execute(&unlink, &[&partition.get(), &org.0, &user.0])
            .await?;
        let drop_factor = tx.prepare_cached(DROP_FACTOR).await?;
        tx.execute(&drop_factor, &[&org.0, &user.0]).await?;
        let void = tx.prepare_cached(VOID).await?;
        tx.execute(&void, &[&user.to_string()]).await?;
        let unsend = tx.prepare_cached(UNSEND).await?;
        tx.execute(&unsend, &[&user.0]).await?;
        let forget = tx.prepare_cached(FORGET_KEY).await?;
        tx.execute(&forget, &[&org.0, &user.0]).await?;
    }
    Ok(())
}

//! Takes an erased person's texts out of the read models, and destroys their key, in the transaction of the batch that holds
//! their erasure.
//!
//! Afterwards every row is as if the person's events had never been readable: a rebuild, which finds no key any more, makes
//! the same rows.

use const_format::formatcp;
use deadpool_postgres::Transaction;
use domain::ids::{OrganizationId, UserId};
use domain::personal::ERASED;
use event_store::Partition;
use schema::projection::{LISTED_MESSAGES, LISTED_TICKETS};
use schema::table::core::{AUDIT, MESSAGES, TICKET_HISTORY, TICKET_WORDS, TICKETS, VIEWS};

use crate::error::BatchError;
use crate::state::State;

/// `changes` with the placeholder at the sides of those that fit, where a side has a value.
macro_rules! rewritten {
    ($fits:literal, $sides:literal) => {
        concat!(
            "(SELECT coalesce(jsonb_agg(CASE WHEN ",
            $fits,
            " THEN (SELECT jsonb_object_agg(p.key, CASE WHEN p.key IN (",
            $sides,
            ") AND p.value <> 'null'::jsonb THEN to_jsonb($4::text) ELSE p.value END) FROM jsonb_each(c) AS p) ",
            "ELSE c END ORDER BY n), '[]'::jsonb) FROM jsonb_array_elements(changes) WITH ORDINALITY AS x(c, n))"
        )
    };
}

const TICKETS_OF_REQUESTER: &str = formatcp!(
    "UPDATE {TICKETS} SET subject = $4, custom_fields = \
     (SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_object('kind', 'text', 'value', $4::text)), '{{}}'::jsonb) \
        FROM jsonb_object_keys(custom_fields) AS f(key)) \
     WHERE partition = $1 AND org_id = $2 AND requester_id = $3 AND {LISTED_TICKETS}"
);
const WORDS_OF_REQUESTER: &str = formatcp!(
    "UPDATE {TICKET_WORDS} SET subject = $4 WHERE partition = $1 AND org_id = $2 AND ticket_id IN \
     (SELECT ticket_id FROM {TICKETS} WHERE partition = $1 AND org_id = $2 AND requester_id = $3 AND {LISTED_TICKETS})"
);
const EXCERPTS: &str = formatcp!(
    "UPDATE {TICKETS} SET last_message_excerpt = $4 \
     WHERE partition = $1 AND org_id = $2 AND last_message_author_id = $3 AND last_message_excerpt IS NOT NULL \
       AND ticket_id IN (SELECT ticket_id FROM {MESSAGES} WHERE partition = $1 AND org_id = $2 AND author_id = $3 AND {LISTED_MESSAGES})"
);
const BODIES: &str = formatcp!(
    "UPDATE {MESSAGES} SET body = $4 WHERE partition = $1 AND org_id = $2 AND author_id = $3 AND {LISTED_MESSAGES} AND body IS NOT NULL"
);
/// What the person kept for themselves.
const OWN_VIEWS: &str = formatcp!(
    "UPDATE {VIEWS} SET name = $4, query = $4 \
     WHERE partition = $1 AND org_id = $2 AND person_id = $3 AND person_id IS NOT NULL AND NOT deleted"
);
const ACTS: &str = formatcp!(
    "UPDATE {TICKET_HISTORY} SET actor_name = $4, reason = CASE WHEN reason IS NOT NULL THEN $4 END \
     WHERE partition = $1 AND org_id = $2 AND actor_id = $3"
);
/// The subject and the custom fields of the person's tickets, wherever they stood in a change.
const CHANGES_OF_REQUESTER: &str = formatcp!(
    "UPDATE {TICKET_HISTORY} SET changes = {} \
     WHERE partition = $1 AND org_id = $2 \
       AND event_type IN ('ticket.opened', 'ticket.subject_changed', 'ticket.custom_field_set') \
       AND ticket_id IN (SELECT ticket_id FROM {TICKETS} WHERE partition = $1 AND org_id = $2 AND requester_id = $3 AND {LISTED_TICKETS})",
    rewritten!(
        "c ->> 'field' = 'subject' OR starts_with(c ->> 'field', 'custom_fields.')",
        "'from', 'to'"
    )
);
const ASSIGNMENTS_TO: &str = formatcp!(
    "UPDATE {TICKET_HISTORY} SET assignee_name = $4, changes = {} \
     WHERE partition = $1 AND org_id = $2 AND assignee_id = $3",
    rewritten!("c ->> 'field' = 'assignee'", "'to'")
);
const ASSIGNMENTS_FROM: &str = formatcp!(
    "UPDATE {TICKET_HISTORY} SET changes = {} WHERE partition = $1 AND org_id = $2 AND former_assignee_id = $3",
    rewritten!("c ->> 'field' = 'assignee'", "'from'")
);

/// An address is that of who acted.
const AUDITED_ACTS: &str = formatcp!(
    "UPDATE {AUDIT} SET actor_name = $4, source_address = NULL, reason = CASE WHEN reason IS NOT NULL THEN $4 END \
     WHERE partition = $1 AND org_id = $2 AND actor_id = $3"
);
/// Where nobody who is signed in acted, the address is that of whom it concerns.
const AUDITED_ABOUT: &str = formatcp!(
    "UPDATE {AUDIT} SET subject_name = CASE WHEN subject_name IS NOT NULL THEN $4 END, \
       source_address = CASE WHEN actor_id IS NOT NULL THEN source_address END, changes = {} \
     WHERE partition = $1 AND org_id = $2 AND subject_id = $3",
    rewritten!(
        "c ->> 'field' IN ('name', 'email', 'device')",
        "'from', 'to'"
    )
);

/// Forgets everybody whom the batch erases. Run after the rows of the batch are written.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn forget(
    tx: &Transaction<'_>,
    partition: Partition,
    state: &State,
) -> Result<(), BatchError> {
    for (org, user) in &state.erased_users {
        let destroy = tx.prepare_cached(sealing::DESTROY).await?;
        tx.execute(&destroy, &[&partition.get(), &org.0, &user.0])
            .await?;
        take_out(tx, partition, *org, *user).await?;
    }
    Ok(())
}

async fn take_out(
    tx: &Transaction<'_>,
    partition: Partition,
    org: OrganizationId,
    user: UserId,
) -> Result<(), BatchError> {
    for statement in [
        TICKETS_OF_REQUESTER,
        WORDS_OF_REQUESTER,
        EXCERPTS,
        BODIES,
        OWN_VIEWS,
        ACTS,
        CHANGES_OF_REQUESTER,
        ASSIGNMENTS_TO,
        ASSIGNMENTS_FROM,
        AUDITED_ACTS,
        AUDITED_ABOUT,
    ] {
        let statement = tx.prepare_cached(statement).await?;
        tx.execute(&statement, &[&partition.get(), &org.0, &user.0, &ERASED])
            .await?;
    }
    Ok(())
}

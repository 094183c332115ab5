//! The plans that PostgreSQL makes for the facts of a page: each row by its key, a ticket's messages along their index.

use uuid::Uuid;

use super::facts::{MESSAGES, MESSAGES_OF_TICKET, TICKETS, VIEWS};
use crate::explain::{database, prepared_plan};

/// Twenty thousand tickets with a message each, and as many views.
const ROWS: &str = "
    INSERT INTO core.tickets (partition, org_id, ticket_id, number, subject, status, priority, channel, requester_id,
        requester_name, tags, custom_fields, follow_up_ids, public_message_count, note_count, reopen_count, created_at,
        updated_at, public_updated_at, sla, clocks, version, position, language)
    SELECT 1, '00000000-0000-0000-0000-000000000001', ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid, n, 'S',
        'open', 1, 'api', gen_random_uuid(), 'R', '{}', '{}', '{}', 1, 0, 0, now(), now(), now(), '{}', '{}', 1, n, 'simple'
    FROM generate_series(1, 20000) AS n;
    INSERT INTO core.messages (partition, org_id, message_id, ticket_id, visibility, author_id, author_role, author_name,
        body, created_at, version, position, language)
    SELECT 1, '00000000-0000-0000-0000-000000000001', ('00000000-0000-0000-0002-' || lpad(n::text, 12, '0'))::uuid,
        ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid, 'public', gen_random_uuid(), 'customer', 'C', 'B',
        now(), 1, n, 'simple'
    FROM generate_series(1, 20000) AS n;
    INSERT INTO core.views (partition, org_id, view_id, name, query, sort, columns, deleted, version, created_at, updated_at)
    SELECT 1, '00000000-0000-0000-0000-000000000001', ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid, 'V', '',
        'updated_at', '{}', false, 1, now(), now()
    FROM generate_series(1, 20000) AS n";

#[tokio::test]
async fn facts_are_found_by_keys() {
    let client = database("plans_of_the_feed", ROWS).await;
    let some = "'{00000000-0000-0000-0001-000000000007,00000000-0000-0000-0001-000000000009}'";
    let one = "'00000000-0000-0000-0001-000000000007'";
    for (statement, kind, value, index) in [
        (MESSAGES, "uuid[]", some, "messages_pkey"),
        (TICKETS, "uuid[]", some, "tickets_pkey"),
        (VIEWS, "uuid[]", some, "views_pkey"),
        (MESSAGES_OF_TICKET, "uuid", one, "messages_by_ticket"),
    ] {
        let types = format!("smallint, uuid, {kind}");
        let values = format!("1::smallint, '{}', {value}", Uuid::from_u128(1));
        let told = prepared_plan(&client, &types, statement, &values).await;
        assert!(told.contains(index) && !told.contains("Seq Scan"), "{told}");
    }
}

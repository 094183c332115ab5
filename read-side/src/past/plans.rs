//! The plans that PostgreSQL makes for histories: each fact by its key, however long the audit is.

use uuid::Uuid;

use super::timeline::{BACKWARD, FORWARD};
use crate::explain::{database, prepared_plan};

/// Fifty thousand facts of one organization.
const ROWS: &str = "
    INSERT INTO core.audit (partition, org_id, position, event_id, event_type, resource_type, resource_id, actor_kind,
        actor_name, summary, changes, occurred_at, recorded_at)
    SELECT 1, '00000000-0000-0000-0000-000000000001', n, gen_random_uuid(), 'user.renamed', 'user',
        ('00000000-0000-0000-0001-' || lpad((n % 500)::text, 12, '0'))::uuid, 'user', 'Ada', '', '[]', now(), now()
    FROM generate_series(1, 50000) AS n";

#[tokio::test]
async fn the_facts_of_a_history_are_found_by_their_positions() {
    let client = database("plans_of_histories", ROWS).await;
    let types = "smallint, uuid, bigint[], uuid, bigint, bigint";
    for (statement, after) in [(FORWARD, 0), (BACKWARD, i64::MAX)] {
        let values = format!(
            "1::smallint, '{}', '{{507, 1007, 40007}}', '00000000-0000-0000-0001-000000000007', {after}, 26",
            Uuid::from_u128(1)
        );
        let told = prepared_plan(&client, types, statement, &values).await;
        assert!(
            told.contains("audit_pkey") && !told.contains("Seq Scan"),
            "{told}"
        );
    }
}

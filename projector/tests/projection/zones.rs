//! An organization that moves to another zone: its sums are made anew from its facts, however many there are.

use domain::actor::Role;

use crate::desk::Desk;
use crate::histories::Historian;
use crate::support::World;

/// Facts of so many tickets, two rows each, an hour apart, each with a tag of its own: more than one page of them, and more
/// sums than are kept in memory.
const TICKETS: i64 = 6_000;
const FACTS: &str = "
    INSERT INTO core.ticket_facts (partition, org_id, ticket_id, version, number, status, priority, channel, requester_id,
        tags, opened_at, first_response_at, first_resolved_at, resolved_at, reopen_count, reassign_count,
        since_at, until_at, known_from, known_until)
    SELECT $1::smallint, $2::uuid, ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid, v, n,
        CASE v WHEN 1 THEN 'new' ELSE 'resolved' END, 2, 'api', gen_random_uuid(), ARRAY['tag-' || n], t,
        CASE v WHEN 2 THEN t + interval '90 minutes' END, CASE v WHEN 2 THEN t + interval '90 minutes' END,
        CASE v WHEN 2 THEN t + interval '90 minutes' END, 0, 0,
        CASE v WHEN 1 THEN t ELSE t + interval '90 minutes' END, CASE v WHEN 1 THEN t + interval '90 minutes' END,
        t, CASE v WHEN 1 THEN t END
    FROM (SELECT n, v, timestamptz '2026-01-01' + n * interval '1 hour' AS t
            FROM generate_series(1, $3::bigint) AS n, generate_series(1, 2) AS v) AS x";
/// The days of a figure (by its number) on which the sums and the facts differ. The sums of the cut by priority, and those by
/// tag, have every ticket once.
const APART: &str = "
    WITH summed AS (SELECT day, sum(count)::bigint AS count FROM core.report_cells
                     WHERE org_id = $1 AND figure = $2 AND cut = $3 GROUP BY day),
        counted AS (SELECT (CASE $2::smallint WHEN 1 THEN opened_at ELSE resolved_at END AT TIME ZONE 'Europe/Berlin')::date AS day,
                           count(*) AS count
                      FROM core.ticket_facts WHERE org_id = $1 AND until_at IS NULL GROUP BY 1)
    SELECT count(*), coalesce(sum(s.count), 0)::bigint FROM summed s FULL JOIN counted c USING (day)
     WHERE s.count IS DISTINCT FROM c.count";

#[tokio::test(flavor = "multi_thread")]
async fn sums_of_many_facts_are_made_anew_page_by_page() {
    let world = World::new().await;
    let mut desk = Desk::open(&world.store, "moves").await;
    desk.user("Ada Lovelace", Role::Customer).await;
    let running = world.project().await;
    world.caught_up().await;
    let client = world.client().await;
    client
        .execute(FACTS, &[&desk.partition.get(), &desk.org.0, &TICKETS])
        .await
        .unwrap();
    desk.set_zone("Europe/Berlin").await;
    world.caught_up().await;
    // Opened and resolved, by priority and by tag.
    for (figure, cut) in [(1_i16, 1_i16), (1, 4), (4, 1), (4, 4)] {
        let row = client
            .query_one(APART, &[&desk.org.0, &figure, &cut])
            .await
            .unwrap();
        let apart: (i64, i64) = (row.get(0), row.get(1));
        assert_eq!(apart, (0, 0), "figure {figure}, cut {cut}");
    }
    // What came and went is in its place for good: nothing is open any more.
    let open = "SELECT coalesce(sum(count), 0)::bigint FROM core.report_cells WHERE figure = 8 AND cut = 1";
    assert_eq!(world.number(open).await, 0);
    let cells = "SELECT count(*) FROM core.report_cells";
    assert!(world.number(cells).await > 20_000);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_that_change_among_events_leave_what_a_rebuild_makes() {
    let world = World::new().await;
    let running = world.project().await;
    let mut historian = Historian::new(&world.store, "wanders", 21).await;
    for zone in ["Asia/Kathmandu", "America/St_Johns", "UTC"] {
        historian.live(40).await;
        historian.desk.set_zone(zone).await;
    }
    historian.live(20).await;
    world.caught_up().await;
    running.stop().await;
    world.is_clean().await;
}

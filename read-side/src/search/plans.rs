//! The plans of searches, behind the policies of the role that asks: the newest are read along an index by time, and all by an
//! index of words or trigrams, however frequent the words are.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use domain::actor::Role;
use domain::text::Tag;
use platform::page::Limit;
use tokio_postgres::Client;
use uuid::Uuid;

use super::people;
use super::statements::{self, Forms, LISTED_MAX, NUMBER, RANKED_MAX, SUBJECT};
use super::turns::Planned;
use crate::database::Statement;
use crate::explain::{database, plan, viewer};
use crate::search::lists::{Said, Where};
use crate::tickets::statement::{self, Asker};
use crate::tickets::{Sort, TicketFilter, TicketQuery};

/// Twenty thousand tickets and messages, one in five hundred with a rare word, all with a frequent one; fifty thousand people.
const ROWS: &str = "
    INSERT INTO core.tickets (partition, org_id, ticket_id, number, subject, status, priority, channel, requester_id,
        requester_name, tags, custom_fields, follow_up_ids, public_message_count, note_count, reopen_count, created_at,
        updated_at, public_updated_at, sla, clocks, version, position, language)
    SELECT 1, '00000000-0000-0000-0000-000000000001', gen_random_uuid(), n,
        CASE WHEN n % 500 = 0 THEN 'Zeppelin burns' ELSE 'Printer burns' END, 'open', 2, 'api',
        ('00000000-0000-0000-0000-' || lpad((n % 5000)::text, 12, '0'))::uuid, 'R',
        CASE WHEN n % 500 = 0 THEN '{rare}'::text[] ELSE '{}' END, '{}', '{}', 0, 0, 0,
        t, t, t, '{}', '{}', 1, n, 'english'
    FROM (SELECT n, timestamptz '2026-01-01' + n * interval '1 minute' AS t FROM generate_series(1, 20000) AS n) AS x;
    INSERT INTO core.ticket_words (partition, org_id, ticket_id, number, subject, requester_name, tags, language)
    SELECT partition, org_id, ticket_id, number, subject, requester_name, tags, language FROM core.tickets;
    INSERT INTO core.messages (partition, org_id, message_id, ticket_id, visibility, author_id, author_role, author_name, body,
        created_at, version, position, language)
    SELECT 1, t.org_id, gen_random_uuid(), t.ticket_id, 'public', t.requester_id, 'customer', 'R',
        CASE WHEN t.number % 500 = 0 THEN 'the zeppelin burns' ELSE 'the printer burns' END, t.created_at, 1, t.number, 'english'
    FROM core.tickets AS t;
    INSERT INTO core.users (partition, org_id, user_id, name, email, role, kind, active, version, created_at, updated_at)
    SELECT 1, '00000000-0000-0000-0000-000000000001', lpad(n::text, 32, '0')::uuid,
        CASE WHEN n % 500 = 0 THEN 'Ferdinand ' ELSE 'Carla ' END || n, 'person' || n || '@acme.example', 'customer', 'person',
        true, 1, now(), now()
    FROM generate_series(1, 50000) AS n";

/// Rare, frequent, both, neither, and the beginning of one.
const FORMS: [&str; 5] = [
    "'zeppelin'",
    "'burn'",
    "'zeppelin' & 'burn'",
    "'hydrogen'",
    "'zeppe':*",
];

async fn planned(client: &Client, statement: &Statement, how: Planned) -> String {
    let settings = how.settings().replace("SET LOCAL", "SET");
    client.batch_execute(&settings).await.unwrap();
    let plan = plan(client, statement).await;
    client.batch_execute("RESET ALL").await.unwrap();
    plan
}

#[tokio::test]
async fn words_are_found_by_their_index_however_frequent_they_are() {
    let client = database("plans_of_words", ROWS).await;
    for role in [Role::Agent, Role::Customer] {
        for forms in FORMS {
            let (viewer, forms) = (viewer(role), Forms(forms.to_owned()));
            for statement in [
                statements::by_words(&viewer, &forms, RANKED_MAX),
                statements::unranked_by_words(&viewer, &forms, LISTED_MAX),
            ] {
                let plan = planned(&client, &statement, Planned::ByBitmaps).await;
                for index in ["tickets_by_words", "messages_by_words"] {
                    assert!(plan.contains(index), "{forms:?}: {index}\n{plan}");
                }
                assert!(!plan.contains("Seq Scan"), "{forms:?}:\n{plan}");
            }
        }
    }
}

#[tokio::test]
async fn the_newest_are_read_along_their_time_however_frequent_the_words_are() {
    let client = database("plans_of_newest", ROWS).await;
    for (role, order) in [
        (Role::Agent, "tickets_by_updated"),
        (Role::Customer, "tickets_by_requester_public"),
    ] {
        let viewer = viewer(role);
        let asker = Asker {
            viewer: &viewer,
            company: None,
        };
        for forms in FORMS {
            let forms = Forms(forms.to_owned());
            let statement = statements::among_newest(asker, &forms, &TicketFilter::default());
            let plan = planned(&client, &statement, Planned::Freely).await;
            for index in [order, "ticket_words_pkey", "messages_by_ticket"] {
                assert!(plan.contains(index), "{index}\n{plan}");
            }
            let others = [
                "Seq Scan on tickets",
                "Seq Scan on ticket_words",
                "Seq Scan on messages",
                "_by_words",
            ];
            assert!(!others.iter().any(|it| plan.contains(it)), "{plan}");
        }
    }
}

/// Along their time all tickets would be read for a thousand that there are not.
#[tokio::test]
async fn the_newest_of_a_rare_tag_are_found_by_the_tag() {
    let client = database("plans_of_newest_of_a_tag", ROWS).await;
    let agent = viewer(Role::Agent);
    let asker = Asker {
        viewer: &agent,
        company: None,
    };
    let filter = TicketFilter {
        tags: vec![Tag::parse("rare").unwrap()],
        ..TicketFilter::default()
    };
    let statement = statements::among_newest(asker, &Forms("'burn'".to_owned()), &filter);
    let plan = planned(&client, &statement, Planned::Freely).await;
    assert!(plan.contains("tickets_by_tag"), "{plan}");
}

#[tokio::test]
async fn parts_are_found_by_their_trigrams() {
    let client = database("plans_of_parts", ROWS).await;
    let agent = viewer(Role::Agent);
    for part in ["%eppel%", "%urn%", "%hydro%"] {
        let statement = statements::by_parts(&agent, SUBJECT, vec![part.to_owned()]);
        let plan = planned(&client, &statement, Planned::ByBitmaps).await;
        assert!(plan.contains("tickets_by_parts"), "{part}\n{plan}");
    }
    let statement = statements::by_parts(&agent, NUMBER, vec!["%4711%".to_owned()]);
    let plan = planned(&client, &statement, Planned::ByBitmaps).await;
    assert!(plan.contains("tickets_by_parts_of_number"), "{plan}");
    for part in ["%ferdi%", "%person77%"] {
        let statement = people::by_name(agent.tenant, vec![part.to_owned()], part.to_owned());
        let plan = planned(&client, &statement, Planned::ByBitmaps).await;
        assert!(plan.contains("users_by_parts"), "{part}\n{plan}");
    }
}

#[tokio::test]
async fn what_was_found_is_looked_at_by_its_key() {
    let client = database("plans_of_found", ROWS).await;
    let agent = viewer(Role::Agent);
    let asker = Asker {
        viewer: &agent,
        company: None,
    };
    let every = TicketFilter::default();
    let ids: Vec<Uuid> = (0..500).map(Uuid::from_u128).collect();
    let found = statements::among(asker, ids.clone(), &every);
    let page = statements::tickets(asker, &Forms("'burn'".to_owned()), &every, ids[..20].into());
    for statement in [found, page] {
        let plan = planned(&client, &statement, Planned::Freely).await;
        assert!(plan.contains("tickets_pkey"), "{plan}");
        assert!(!plan.contains("Seq Scan on tickets"), "{plan}");
    }
    let excerpts = statements::excerpts(&agent, &Forms("'burn'".to_owned()), ids[..20].into());
    let plan = planned(&client, &excerpts, Planned::Freely).await;
    assert!(plan.contains("messages_pkey"), "{plan}");
}

/// A list with words keeps its order, and so ends with its page.
#[tokio::test]
async fn a_list_with_frequent_words_is_read_in_its_order() {
    let client = database("plans_of_worded_lists", ROWS).await;
    let agent = viewer(Role::Agent);
    for negated in [false, true] {
        let said = Said {
            found: Where::InMany("'burn'".to_owned()),
            negated,
        };
        let filter = TicketFilter {
            said: vec![said],
            ..TicketFilter::default()
        };
        let asker = Asker {
            viewer: &agent,
            company: None,
        };
        let query = TicketQuery {
            filter,
            terms: None,
            sort: Sort::default(),
            limit: Limit::DEFAULT,
        };
        let page = statement::page(asker, &query, None);
        let plan = planned(&client, &page, Planned::Freely).await;
        assert!(plan.contains("tickets_by_updated"), "{plan}");
        assert!(plan.contains("ticket_words_pkey"), "{plan}");
        assert!(plan.contains("messages_by_ticket"), "{plan}");
        let others = [
            "Sort",
            "Seq Scan on tickets",
            "Seq Scan on ticket_words",
            "Seq Scan on messages",
        ];
        assert!(!others.iter().any(|it| plan.contains(it)), "{plan}");
    }
}

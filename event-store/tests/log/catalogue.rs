//! The rules that keep the log able to run on a cluster distributed by partition, read from the catalogue and from the
//! statements themselves.

use schema::table::{
    COMMAND_RESULTS, EVENTS, LOG_HEADS, ORGANIZATION_PLACEMENTS, ORGANIZATION_SLUGS,
    SAGA_CHECKPOINTS, SAGA_LEASES, TIMERS,
};

use crate::support::*;

const PARTITIONED: [&str; 3] = [LOG_HEADS, EVENTS, COMMAND_RESULTS];
const LOOK_UPS: [&str; 2] = [ORGANIZATION_PLACEMENTS, ORGANIZATION_SLUGS];

#[tokio::test]
async fn partition_comes_first_in_every_key_of_the_tables_that_an_append_joins() {
    let database = Database::new().await;
    let statement = "SELECT t.relname, i.relname, a.attname, a.attnotnull \
        FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid \
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0] \
        WHERE (x.indisunique OR x.indisexclusion) AND t.relname = ANY($1)";
    let rows = database
        .client()
        .await
        .query(statement, &[&PARTITIONED.as_slice()])
        .await
        .unwrap();
    assert_eq!(
        rows.len(),
        4,
        "three primary keys and the unique stream version"
    );
    for row in rows {
        let (index, first): (&str, &str) = (row.get(1), row.get(2));
        assert_eq!(first, "partition", "{index}");
        assert!(row.get::<_, bool>(3), "{index}");
    }
}

#[tokio::test]
async fn every_table_has_a_primary_key_and_none_has_a_foreign_key() {
    let database = Database::new().await;
    let client = database.client().await;
    let statement = "SELECT c.contype::text FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
        WHERE t.relname = $1 AND c.contype IN ('p', 'f', 'x')";
    for table in PARTITIONED.iter().chain(&LOOK_UPS) {
        let kinds = client.query(statement, &[table]).await.unwrap();
        let kinds: Vec<String> = kinds.iter().map(|row| row.get(0)).collect();
        assert_eq!(kinds, ["p"], "{table}");
    }
}

#[tokio::test]
async fn look_ups_are_keyed_by_what_is_looked_up_alone() {
    let database = Database::new().await;
    let statement = "SELECT a.attname FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid \
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(x.indkey) WHERE t.relname = $1";
    let client = database.client().await;
    for (table, key) in LOOK_UPS.iter().zip(["org_id", "slug"]) {
        let columns = client.query(statement, &[table]).await.unwrap();
        assert_eq!(
            columns
                .iter()
                .map(|row| row.get::<_, &str>(0))
                .collect::<Vec<_>>(),
            [key]
        );
    }
}

#[tokio::test]
async fn no_trigger_sequence_or_own_type_is_needed_for_correctness() {
    let database = Database::new().await;
    let client = database.client().await;
    let tables: Vec<&str> = PARTITIONED.iter().chain(&LOOK_UPS).copied().collect();
    let triggers = "SELECT g.tgname FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid \
        WHERE NOT g.tgisinternal AND t.relname = ANY($1)";
    let triggers = client.query(triggers, &[&tables]).await.unwrap();
    let triggers: Vec<&str> = triggers.iter().map(|row| row.get(0)).collect();
    assert_eq!(triggers, ["events_are_append_only"], "it only refuses");
    let columns = "SELECT count(*) FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid \
        JOIN pg_type y ON y.oid = a.atttypid \
        WHERE t.relname = ANY($1) AND t.relkind = 'r' AND a.attnum > 0 \
          AND (a.attidentity <> '' OR y.typtype <> 'b' OR y.oid >= 16384 \
               OR pg_get_serial_sequence(t.relname, a.attname) IS NOT NULL)";
    assert_eq!(
        client
            .query_one(columns, &[&tables])
            .await
            .unwrap()
            .get::<_, i64>(0),
        0
    );
}

/// A fifth of a table, as is the default, is too much for tables that change with every command.
#[tokio::test]
async fn tables_that_change_with_every_command_are_vacuumed_early() {
    let database = Database::new().await;
    let statement = "SELECT array_to_string(reloptions, ' ') FROM pg_class WHERE relname = $1";
    let client = database.client().await;
    let hot = [
        LOG_HEADS,
        COMMAND_RESULTS,
        TIMERS,
        SAGA_CHECKPOINTS,
        SAGA_LEASES,
    ];
    for table in hot {
        let row = client.query_one(statement, &[&table]).await.unwrap();
        let options: Option<String> = row.get(0);
        let options = options.unwrap_or_default();
        assert!(
            options.contains("autovacuum_vacuum_threshold="),
            "{table}: {options}"
        );
        assert!(
            options.contains("autovacuum_vacuum_scale_factor=0"),
            "{table}: {options}"
        );
    }
}

/// Only the list of partitions, the choice of the least filled one, and a restore, which writes a whole log into an empty
/// database in one transaction, may touch several partitions.
#[test]
fn every_statement_names_its_partition_on_every_table_of_the_log() {
    let across = [
        "PARTITIONS",
        "LEAST_FILLED",
        "HOLD_HEADS",
        "IS_EMPTY",
        "COPY_EVENTS",
        "SET_HEAD",
    ];
    let tables = ["{LOG_HEADS}", "{EVENTS}", "{COMMAND_RESULTS}"];
    let mut seen = 0;
    for source in sources() {
        for declaration in source.split("\nconst ").skip(1) {
            let (name, text) = declaration.split_once(':').unwrap();
            let text = text
                .split_once(";\n")
                .map_or(text, |(statement, _)| statement);
            let named: usize = tables.iter().map(|table| text.matches(table).count()).sum();
            if named == 0 || across.contains(&name) {
                continue;
            }
            seen += 1;
            assert_eq!(text.matches("partition = $1").count(), named, "{name}");
            for refused in ["*", "SKIP LOCKED", "advisory", "NOTIFY"] {
                assert!(
                    !text.replace("count(*)", "").contains(refused),
                    "{name} has {refused}"
                );
            }
        }
    }
    assert!(seen >= 9, "only {seen} statements were found");
}

fn sources() -> Vec<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let files = ["", "/verify", "/writer"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(format!("{root}{folder}")).unwrap());
    let files = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some());
    files
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

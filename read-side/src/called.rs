//! Whom and what the names in queries mean: people and teams by their whole names, people by their addresses too, in upper or
//! lower case. All names of a request are looked up in one statement, which looks at no more than two of each name.

use std::collections::BTreeMap;

use const_format::formatcp;
use domain::ticket::query::{Called, Fault, NameOf, Query, QueryError};
use platform::rows::{Row, TeamRow};
use schema::projection::{CORE, LISTED_USERS};
use schema::table::core::SEARCHABLE_USERS;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::privacy::push_hidden_teams;
use crate::viewer::Viewer;

/// Where the indexes on names can be used: see `core.sql`.
const USERS: &str = formatcp!("{CORE}.{SEARCHABLE_USERS}");
const TEAMS: &str = formatcp!("{CORE}.{}", <TeamRow as Row>::TABLE);

/// Whose names somebody may know; other names are unknown to them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) people: bool,
    pub(crate) teams: bool,
}

/// What names mean.
#[derive(Debug, Default)]
pub(crate) struct Meanings(BTreeMap<(NameOf, String), Meaning>);

#[derive(Debug, Clone, Copy)]
enum Meaning {
    One(Uuid),
    Several,
}

impl Meanings {
    /// The query with ids for names.
    pub(crate) fn put_into(&self, query: Query) -> Result<Query, QueryError> {
        query.with_ids(|of, name| match self.0.get(&(of, name.to_owned())) {
            Some(Meaning::One(id)) => Ok(*id),
            Some(Meaning::Several) => Err(Fault::Ambiguous),
            None if of == NameOf::Team => Err(Fault::UnknownTeam),
            None => Err(Fault::UnknownPerson),
        })
    }

    fn add(&mut self, of: NameOf, name: String, id: Uuid) {
        let meaning = self.0.entry((of, name)).or_insert(Meaning::One(id));
        if matches!(meaning, Meaning::One(other) if *other != id) {
            *meaning = Meaning::Several;
        }
    }
}

impl ReadModels {
    /// What the names mean for the viewer, for whom there are no private teams that they are not in.
    pub(crate) async fn meanings(
        &self,
        viewer: &Viewer,
        known: Known,
        names: impl Iterator<Item = (NameOf, &Called)>,
    ) -> Result<Meanings, ReadError> {
        let may_know = |of: NameOf| match of {
            NameOf::Assignee | NameOf::Requester => known.people,
            NameOf::Team => known.teams,
        };
        let names = names.filter(|(of, _)| may_know(*of));
        let mut names: Vec<_> = names.map(|(of, it)| (of, it.name.clone())).collect();
        names.sort_unstable();
        names.dedup();
        let mut meanings = Meanings::default();
        if names.is_empty() {
            return Ok(meanings);
        }
        let statement = called(viewer, &names);
        let rows = self
            .database
            .query_composed(viewer.tenant, &statement)
            .await?;
        for row in rows {
            let place: i64 = row.try_get(0)?;
            let index = usize::try_from(place - 1).ok();
            if let Some((of, name)) = index.and_then(|index| names.get(index)) {
                meanings.add(*of, name.clone(), row.try_get(1)?);
            }
        }
        Ok(meanings)
    }
}

/// The place of a name and the id of who is called so: two rows at most by name, and one by address.
fn called(viewer: &Viewer, names: &[(NameOf, String)]) -> Statement {
    let kinds: Vec<i16> = names.iter().map(|(of, _)| kind(*of)).collect();
    let words: Vec<String> = names.iter().map(|(_, name)| name.clone()).collect();
    let (assignee, team) = (kind(NameOf::Assignee), kind(NameOf::Team));
    let people =
        format!("asked.kind <> {team} AND (asked.kind <> {assignee} OR role <> 'customer')");
    let mut statement = Statement::default();
    statement
        .push("SELECT asked.place, called.id FROM unnest(")
        .bind(words, Type::TEXT_ARRAY)
        .push(", ")
        .bind(kinds, Type::INT2_ARRAY)
        .push(") WITH ORDINALITY AS asked (name, kind, place) CROSS JOIN LATERAL (");
    for (index, is_called) in [
        "lower(name) = lower(asked.name)",
        "email = lower(asked.name)",
    ]
    .into_iter()
    .enumerate()
    {
        statement.push(if index == 0 { "(" } else { " UNION ALL (" });
        statement.push(formatcp!("SELECT user_id AS id FROM {USERS} WHERE "));
        push_own(&mut statement, viewer);
        statement.push(&format!(
            " AND {LISTED_USERS} AND {people} AND {is_called} LIMIT 2)"
        ));
    }
    statement.push(formatcp!(
        " UNION ALL (SELECT team_id AS id FROM {TEAMS} WHERE "
    ));
    push_own(&mut statement, viewer);
    statement.push(&format!(
        " AND asked.kind = {team} AND lower(name) = lower(asked.name)"
    ));
    if let Some(member) = viewer.only_member() {
        statement.push(" AND team_id <> ALL (");
        push_hidden_teams(&mut statement, viewer, member);
        statement.push(")");
    }
    statement.push(" LIMIT 2)) AS called");
    statement
}

fn push_own(statement: &mut Statement, viewer: &Viewer) {
    statement
        .push("partition = ")
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID);
}

fn kind(of: NameOf) -> i16 {
    match of {
        NameOf::Assignee => 0,
        NameOf::Requester => 1,
        NameOf::Team => 2,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use domain::actor::Role;

    use super::*;
    use crate::explain::{database, plan, viewer};

    /// Twenty thousand customers, of whom every tenth has the same name.
    const USERS: &str = "
        INSERT INTO core.users (partition, org_id, user_id, name, email, role, kind, active, version, created_at, updated_at)
        SELECT 1, '00000000-0000-0000-0000-000000000001', gen_random_uuid(),
            CASE WHEN n % 10 = 0 THEN 'Same' ELSE 'Name ' || n END, n || '@acme.example', 'customer', 'person', true, 1, now(), now()
        FROM generate_series(1, 20000) AS n";

    #[tokio::test]
    async fn names_are_looked_up_along_their_indexes() {
        let client = database("plans_of_names", USERS).await;
        let names = [
            (NameOf::Assignee, "Same".to_owned()),
            (NameOf::Requester, "7@acme.example".to_owned()),
            (NameOf::Team, "Support".to_owned()),
        ];
        for role in [Role::Agent, Role::Admin] {
            let plan = plan(&client, &called(&viewer(role), &names)).await;
            for index in ["users_by_whole_name", "users_by_email"] {
                assert!(plan.contains(index), "{index} is not used:\n{plan}");
            }
            assert!(!plan.contains("Seq Scan on users"), "{plan}");
        }
    }

    #[test]
    fn a_name_that_two_have_means_neither() {
        let mut meanings = Meanings::default();
        let ada = || "ada".to_owned();
        meanings.add(NameOf::Assignee, ada(), Uuid::from_u128(1));
        let query = || Query::parse("status:open assignee:ada").unwrap();
        let found = meanings.put_into(query()).unwrap();
        assert_eq!(found.names().count(), 0);
        meanings.add(NameOf::Assignee, ada(), Uuid::from_u128(1));
        assert!(meanings.put_into(query()).is_ok(), "by name and by address");
        meanings.add(NameOf::Assignee, ada(), Uuid::from_u128(2));
        let error = meanings.put_into(query()).unwrap_err();
        assert_eq!((error.column, error.fault), (22, Fault::Ambiguous));
        let other = Query::parse("requester:ada").unwrap();
        let error = meanings.put_into(other).unwrap_err();
        assert_eq!(error.fault, Fault::UnknownPerson);
    }
}

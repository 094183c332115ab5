//! What the log says to a question about tickets, asked of its events in SQL that shares nothing with the product.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::BTreeSet;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::harness::encoded;

/// Every ticket as the events up to a moment leave it.
const TICKETS: &str = "
    WITH known AS (
        SELECT stream_id, version, type, data::jsonb AS data, occurred_at AS at FROM events
         WHERE partition = $1 AND org_id = $2 AND stream_type = 'ticket' AND recorded_at <= $3 AND occurred_at < $4),
    newest AS (
        SELECT DISTINCT ON (stream_id) stream_id, version, at, CASE type WHEN 'ticket.resolved' THEN 'resolved'
               WHEN 'ticket.closed' THEN 'closed' WHEN 'ticket.opened' THEN 'new' ELSE data ->> 'to' END AS status
          FROM known WHERE type IN ('ticket.opened', 'ticket.status_changed', 'ticket.resolved', 'ticket.closed', 'ticket.reopened')
         ORDER BY stream_id, version DESC),
    without_assignment AS (
        SELECT o.stream_id AS id, o.at AS opened_at, o.data ->> 'requester_id' AS requester, n.status, o.data ->> 'channel' AS channel,
            coalesce((SELECT k.data ->> 'to' FROM known k WHERE k.stream_id = o.stream_id
                AND k.type = 'ticket.priority_changed' ORDER BY k.version DESC LIMIT 1), o.data ->> 'priority') AS priority,
            (SELECT k.data #>> '{to,team_id}' FROM known k WHERE k.stream_id = o.stream_id
                AND k.type = 'ticket.assigned' ORDER BY k.version DESC LIMIT 1) AS team,
            (SELECT k.data #>> '{to,agent_id}' FROM known k WHERE k.stream_id = o.stream_id
                AND k.type = 'ticket.assigned' ORDER BY k.version DESC LIMIT 1) AS agent,
            ARRAY(SELECT k.data ->> 'tag' FROM known k WHERE k.stream_id = o.stream_id
                AND k.type IN ('ticket.tagged', 'ticket.untagged') GROUP BY 1
                HAVING sum(CASE k.type WHEN 'ticket.tagged' THEN 1 ELSE -1 END) > 0) AS tags,
            (SELECT min(k.at) FROM known k WHERE k.stream_id = o.stream_id AND k.type = 'ticket.agent_replied') AS responded_at,
            (SELECT min(k.at) FROM known k WHERE k.stream_id = o.stream_id
                AND k.type IN ('ticket.resolved', 'ticket.closed')) AS first_resolved_at,
            CASE WHEN n.status IN ('resolved', 'closed') THEN
                (SELECT min(k.at) FROM known k WHERE k.stream_id = o.stream_id AND k.type IN ('ticket.resolved', 'ticket.closed')
                    AND k.version > coalesce((SELECT max(b.version) FROM known b WHERE b.stream_id = o.stream_id
                        AND b.type = 'ticket.reopened'), 0)) END AS resolved_at,
            CASE n.status WHEN 'closed' THEN n.at END AS closed_at,
            (SELECT count(*) FROM known k WHERE k.stream_id = o.stream_id AND k.type = 'ticket.reopened') AS reopened,
            (SELECT count(*) FROM known k WHERE k.stream_id = o.stream_id AND k.type = 'ticket.assigned'
                AND (k.data #>> '{from,agent_id}' <> k.data #>> '{to,agent_id}'
                  OR k.data #>> '{from,team_id}' <> k.data #>> '{to,team_id}')) AS reassigned
          FROM known o JOIN newest n ON n.stream_id = o.stream_id WHERE o.type = 'ticket.opened'),
    told AS (
        SELECT t.*, CASE WHEN agent IS NOT NULL THEN
            (SELECT min(k.at) FROM known k WHERE k.stream_id = t.id AND k.type = 'ticket.assigned'
                AND k.version > coalesce((SELECT max(b.version) FROM known b WHERE b.stream_id = t.id
                    AND b.type = 'ticket.assigned' AND b.data #>> '{to,agent_id}' IS DISTINCT FROM agent), 0)) END AS assigned_at
          FROM without_assignment t)";

/// Some question, as the server is asked and as the log is.
pub struct Slice {
    pub figure: &'static str,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// Parameter and value.
    pub conditions: Vec<(&'static str, String)>,
    /// A term of the language of queries, and what it means to the log.
    pub terms: Vec<(String, String)>,
    /// A saved view of the terms; without one they are asked for as they are written.
    pub view: Option<Uuid>,
    pub as_of: Option<DateTime<Utc>>,
}

impl Slice {
    pub fn query(&self) -> String {
        let mut query = format!("figure={}&from={}&to={}", self.figure, self.from, self.to);
        for (name, value) in &self.conditions {
            query += &format!("&{name}={value}");
        }
        match self.view {
            Some(view) => query += &format!("&view={view}"),
            None if self.terms.is_empty() => {}
            None => query += &format!("&query={}", encoded(&self.text())),
        }
        if let Some(as_of) = self.as_of {
            query += &format!("&as_of={}", as_of.to_rfc3339().replace('+', "%2B"));
        }
        query
    }

    /// The terms as they are written.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.terms.iter().map(|(text, _)| text.as_str()).collect();
        texts.join(" ")
    }

    /// The column of the moment that counts, what is summed, and what else has to be true.
    fn rule(&self) -> (&'static str, &'static str, &'static str) {
        match self.figure {
            "opened" => ("opened_at", "0", "true"),
            "first_response" => (
                "responded_at",
                "floor(extract(epoch FROM responded_at - opened_at))",
                "true",
            ),
            "first_resolution" => (
                "first_resolved_at",
                "floor(extract(epoch FROM first_resolved_at - opened_at))",
                "true",
            ),
            "resolution" => (
                "resolved_at",
                "floor(extract(epoch FROM resolved_at - opened_at))",
                "true",
            ),
            "assigned" => (
                "assigned_at",
                "floor(extract(epoch FROM assigned_at - opened_at))",
                "true",
            ),
            "closed" => ("closed_at", "0", "true"),
            "reopened" => ("first_resolved_at", "reopened", "reopened > 0"),
            "reassigned" => ("resolved_at", "reassigned", "reassigned > 0"),
            "backlog" => ("opened_at", "0", "status NOT IN ('resolved', 'closed')"),
            other => panic!("{other} has no rule"),
        }
    }

    /// The tickets, the sum, and the median of what is summed, as the log says.
    pub async fn told(
        &self,
        log: &Client,
        place: (i16, Uuid),
        zone: &str,
    ) -> (BTreeSet<Uuid>, i64, Option<i64>) {
        let (at, amount, more) = self.rule();
        let bound = |day: NaiveDate| format!("('{day}'::timestamp AT TIME ZONE '{zone}')");
        let (from, to) = (bound(self.from), bound(self.to));
        let is_backlog = self.figure == "backlog";
        // What was open at the end of the days is told by what happened before it.
        let range = match is_backlog {
            true => "true".to_owned(),
            false => format!("{at} >= {from} AND {at} < {to}"),
        };
        let conditions: String = self
            .conditions
            .iter()
            .map(|(name, value)| match (*name, value.as_str()) {
                ("team" | "agent", "none") => format!(" AND {name} IS NULL"),
                ("tag", tag) => format!(" AND '{tag}' = ANY(tags)"),
                (name, value) => format!(" AND {name} = '{value}'"),
            })
            .chain(self.terms.iter().map(|(_, sql)| format!(" AND {sql}")))
            .collect();
        let sql = format!(
            "{TICKETS} SELECT id, ({amount})::bigint FROM told WHERE {more} AND {range}{conditions}"
        );
        let known_until = self.as_of.unwrap_or_else(Utc::now);
        let end: DateTime<Utc> = match is_backlog {
            true => log
                .query_one(&format!("SELECT {to}"), &[])
                .await
                .unwrap()
                .get(0),
            false => DateTime::<Utc>::MAX_UTC - TimeDelta::days(365 * 200_000),
        };
        let rows = log
            .query(&sql, &[&place.0, &place.1, &known_until, &end])
            .await
            .unwrap();
        let ids = rows.iter().map(|row| row.get(0)).collect();
        let mut amounts: Vec<i64> = rows.iter().map(|row| row.get(1)).collect();
        amounts.sort_unstable();
        let median = amounts.get((amounts.len().max(1) - 1) / 2).copied();
        let median = median.filter(|_| amount.contains("epoch"));
        (ids, amounts.iter().sum(), median)
    }
}

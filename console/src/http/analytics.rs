//! The page with charts: how many tickets come and wait, how long answers take, and how service levels were kept. Its days are
//! those of the organization's zone.

use std::collections::BTreeMap;

use askama::Template;
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::calendar::zone::Zone;
use futures::future::{try_join, try_join4};
use platform::http::problem::Problem;
use platform::http::within::Within;
use poem::web::Data;
use poem::{Request, Response, handler};

use super::answers;
use super::figures::{self, FigureCard};
use super::form::{Form, address};
use super::visit::Visit;
use crate::charts::{self, Day, Ink};
use crate::shown::{Counts, Group, OwnOrganization, Report};
use crate::words;

/// The last four weeks, when nothing else is chosen.
const DAYS: u64 = 28;
const OUTCOMES: [Ink; 2] = [Ink::Met, Ink::Breached];

#[derive(Template)]
#[template(path = "analytics.html")]
struct AnalyticsPage {
    name: String,
    is_staff: bool,
    section: &'static str,
    from: String,
    to: String,
    zone: &'static str,
    figures: Vec<FigureCard>,
    total: Counts,
    attainment: Option<String>,
    by_day: String,
    days: Vec<Day>,
    shares: Vec<Shares>,
}

/// A chart of shares with its numbers.
struct Shares {
    title: &'static str,
    svg: String,
    rows: Vec<(String, Counts)>,
}

/// Local days of the organization, the last one included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    zone: Zone,
}

impl Range {
    fn of(form: &Form, zone: Zone) -> Self {
        let today = Utc::now().with_timezone(&zone.tz()).date_naive();
        let day = |name: &str, otherwise: NaiveDate| {
            form.get(name)
                .and_then(|text| text.parse().ok())
                .unwrap_or(otherwise)
        };
        let to = day("to", today);
        let four_weeks = to.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(to);
        let from = day("from", four_weeks);
        Self { from, to, zone }
    }

    /// The day after the last.
    pub(super) fn end(&self) -> NaiveDate {
        self.to.checked_add_days(Days::new(1)).unwrap_or(self.to)
    }

    /// When it begins and ends.
    fn instants(&self) -> [DateTime<Utc>; 2] {
        [self.from, self.end()].map(|day| self.zone.first_instant(day))
    }

    /// A bar for each day, also for those of which nothing is known; none at all where that holds for all of them.
    pub(super) fn every_day(
        &self,
        known: &BTreeMap<NaiveDate, Vec<i64>>,
        parts: usize,
    ) -> Vec<Day> {
        if known.is_empty() {
            return Vec::new();
        }
        let days = self.from.iter_days().take_while(|day| *day <= self.to);
        let day = |day: NaiveDate| Day {
            name: day.to_string(),
            parts: known.get(&day).cloned().unwrap_or_else(|| vec![0; parts]),
        };
        days.map(day).collect()
    }
}

#[handler]
pub(super) async fn show(request: &Request, within: Data<&Within>) -> Response {
    let visit = match Visit::begin(request, &within).await {
        Ok(visit) => visit,
        Err(away) => return away.answer(),
    };
    let outcome = analytics_page(&visit, &Form::of_query(request)).await;
    visit.end(outcome)
}

async fn analytics_page(visit: &Visit<'_>, form: &Form) -> Result<Response, Problem> {
    let organization = visit.get::<OwnOrganization>("/organization");
    let (organization, name) = try_join(organization, visit.name()).await?;
    let zone = organization.settings.map(|settings| settings.time_zone);
    let zone = zone.and_then(|name| Zone::parse(&name).ok());
    let zone = zone.unwrap_or(Zone::UTC);
    let range = Range::of(form, zone);
    let [from, end] = range.instants().map(|instant| words::machine(&instant));
    let report = |group_by: &'static str| {
        let pairs = [
            ("from", from.as_str()),
            ("to", end.as_str()),
            ("group_by", group_by),
        ];
        visit.get::<Report>(address("/reports/sla", pairs))
    };
    let reports = try_join4(
        report("day"),
        report("metric"),
        report("priority"),
        report("team"),
    );
    let told = try_join(reports, figures::cards(visit, &range)).await?;
    let ((by_day, by_metric, by_priority, by_team), figures) = told;
    let days = range.every_day(&outcomes(&by_day.groups), OUTCOMES.len());
    let shares = [
        ("By promise", by_metric.groups),
        ("By priority", by_priority.groups),
        ("By team", by_team.groups),
    ];
    let shares: Result<Vec<Shares>, _> = shares
        .map(|(title, groups)| Shares::new(title, groups))
        .into_iter()
        .collect();
    let chart = charts::by_day("Waits met and missed on each day", &OUTCOMES, "", &days);
    Ok(answers::page(&AnalyticsPage {
        name,
        is_staff: visit.person.is_staff(),
        section: "analytics",
        from: range.from.to_string(),
        to: range.to.to_string(),
        zone: zone.as_str(),
        figures,
        attainment: by_day.total.attainment.map(percent),
        total: by_day.total,
        by_day: chart.map_err(Problem::internal)?,
        days,
        shares: shares.map_err(Problem::internal)?,
    }))
}

/// Of each day, how many waits were met and missed.
fn outcomes(groups: &[Group]) -> BTreeMap<NaiveDate, Vec<i64>> {
    let parts = |group: &Group| vec![group.counts.met, group.counts.breached];
    let days = groups.iter();
    days.filter_map(|group| Some((group.day?, parts(group))))
        .collect()
}

impl Shares {
    fn new(title: &'static str, groups: Vec<Group>) -> Result<Self, charts::ChartError> {
        let rows: Vec<(String, Counts)> = groups
            .into_iter()
            .map(|group| (name_of(&group), group.counts))
            .collect();
        let measured = rows
            .iter()
            .filter_map(|(name, counts)| Some((name.clone(), counts.attainment?)));
        let svg = charts::shares(title, &measured.collect::<Vec<_>>())?;
        Ok(Self { title, svg, rows })
    }
}

fn name_of(group: &Group) -> String {
    let word = group.metric.as_deref().or(group.priority.as_deref());
    match (word, &group.team) {
        (Some(word), _) => words::plain(word),
        (None, Some(team)) => team.name.clone(),
        (None, None) => "nobody".to_owned(),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

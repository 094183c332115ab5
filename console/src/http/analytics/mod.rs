//! The page of analytics: what a desk got and did on some days, how long it took, whether promises were kept, and who has what.
//! Its days are those of the organization's zone. Every number leads to what it counts.

mod behind;
mod choice;
mod hours;
mod promises;
mod series;
mod splits;
mod tiles;

use std::collections::HashMap;

use askama::Template;
use chrono::Days;
use futures::FutureExt;
use futures::future::{try_join, try_join_all, try_join3};
use platform::http::problem::Problem;
use platform::http::within::Within;
use poem::http::StatusCode;
use poem::web::Data;
use poem::{Request, Response, handler};

use super::answers;
use super::filters::{self, Chip, Offered, offered};
use super::form::Form;
use super::lists::{Listed, follow};
use super::tables::Table;
use super::visit::{Visit, if_allowed, is_mistake};
use crate::reported::{Attainment, FigureReport, Hours};
use crate::shown::Named;

pub(super) use behind::{show_messages, show_tickets, show_waits};
use choice::{Choice, Period, Span};
use hours::HeatMap;
use series::Chart;
use tiles::Tile;

const PATH: &str = "/console/analytics";
/// Pages of teams to choose from, of a hundred entries each.
const TEAM_PAGES_MAX: usize = 10;
const PRIORITIES: [&str; 4] = ["urgent", "high", "normal", "low"];
const CHANNELS: [&str; 6] = ["email", "web", "phone", "chat", "api", "other"];
/// Days that are asked for often, the last one being today.
const RECENT: [(&str, u64); 4] = [
    ("7 days", 7),
    ("4 weeks", 28),
    ("13 weeks", 91),
    ("1 year", 365),
];

#[derive(Template)]
#[template(path = "analytics.html")]
struct AnalyticsPage {
    name: String,
    is_staff: bool,
    section: &'static str,
    days: String,
    zone: &'static str,
    asked: Asked,
    refusal: Option<String>,
    /// None where what is asked for has a mistake.
    numbers: Option<Numbers>,
}

/// What is asked for, to be changed.
struct Asked {
    from: String,
    to: String,
    recent: Vec<(&'static str, String)>,
    periods: Vec<Offered>,
    /// None for who may not see teams.
    teams: Option<Vec<Offered>>,
    priorities: Vec<Offered>,
    channels: Vec<Offered>,
    tag: String,
    query: String,
    /// Conditions that have no field: they stay until they are taken away.
    kept: Vec<(&'static str, String)>,
    chips: Vec<Chip>,
}

/// Everything that is counted.
struct Numbers {
    tiles: Vec<Tile>,
    charts: Vec<Chart>,
    hours: HeatMap,
    promises: Vec<Table>,
    splits: Vec<Table>,
}

#[handler]
pub(super) async fn show(request: &Request, within: Data<&Within>) -> Response {
    let visit = match Visit::begin(request, &within).await {
        Ok(visit) => visit,
        Err(away) => return away.answer(),
    };
    let outcome = page(&visit, &Form::of_query(request)).boxed().await;
    visit.end(outcome)
}

async fn page(visit: &Visit<'_>, form: &Form) -> Result<Response, Problem> {
    let zone = visit.zone().await?;
    let choice = Choice::of(form, zone);
    let told = try_join3(
        numbers(visit, &choice).map(found).boxed(),
        Asked::of(visit, &choice).boxed(),
        visit.name(),
    );
    let ((numbers, refusal), asked, name) = told.await?;
    let status = refusal.as_ref().map_or(StatusCode::OK, Problem::status);
    let page = AnalyticsPage {
        name,
        is_staff: visit.person.is_staff(),
        section: "analytics",
        days: choice.days.told(),
        zone: zone.as_str(),
        asked,
        refusal: refusal.map(|problem| problem.to_string()),
        numbers,
    };
    Ok(answers::with_status(status, &page))
}

/// What was found, or the mistake in what was asked for, to be mended on the page.
fn found<T>(outcome: Result<T, Problem>) -> Result<(Option<T>, Option<Problem>), Problem> {
    match outcome {
        Ok(found) => Ok((Some(found), None)),
        Err(problem) if is_mistake(&problem) => Ok((None, Some(problem))),
        Err(problem) => Err(problem),
    }
}

/// All reports at once, as far as a visit asks at once.
async fn numbers(visit: &Visit<'_>, choice: &Choice) -> Result<Numbers, Problem> {
    let period = choice.period.word();
    let figures = series::FIGURES.map(|figure| async move {
        let cut = [("figure", figure), ("group", period)];
        let report: FigureReport = visit.get(choice.report("/reports/tickets", &cut)).await?;
        Ok((figure, report))
    });
    let by_period = visit.get::<Attainment>(choice.attainment(&[("group_by", period)]));
    let hours = choice.report("/reports/tickets/hours", &[("figure", hours::FIGURE)]);
    let over_time = try_join3(try_join_all(figures), by_period, visit.get::<Hours>(hours));
    let told = try_join3(
        over_time.boxed(),
        promises::tables(visit, choice).boxed(),
        splits::tables(visit, choice).boxed(),
    );
    let ((figures, attainment, hours), promises, splits) = told.await?;
    let figures: HashMap<_, _> = figures.into_iter().collect();
    let mut charts = series::of_figures(choice, &figures)?;
    charts.push(series::of_attainment(choice, &attainment)?);
    Ok(Numbers {
        tiles: tiles::of(choice, &figures, &attainment),
        charts,
        hours: HeatMap::new(choice, &hours),
        promises,
        splits,
    })
}

impl Asked {
    async fn of(visit: &Visit<'_>, choice: &Choice) -> Result<Self, Problem> {
        let first = |name| choice.all(name).next().unwrap_or_default().to_owned();
        let has = |name: &'static str| move |value: &str| choice.all(name).any(|it| it == value);
        let agent = choice.all("agent").map(|agent| ("agent", agent.to_owned()));
        let tags = choice.all("tag").skip(1).map(|tag| ("tag", tag.to_owned()));
        let pairs = choice.pairs();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let chips = filters::chips(visit, PATH, &pairs, &["agent", "tag"]);
        let team = first("team");
        let (chips, teams) = try_join(chips, teams(visit, &team)).await?;
        Ok(Self {
            from: choice.days.from.to_string(),
            to: choice.last_day().to_string(),
            recent: recent(choice),
            periods: offered(&Period::ALL.map(Period::word), |it| {
                it == choice.period.word()
            }),
            teams,
            priorities: offered(&PRIORITIES, has("priority")),
            channels: offered(&CHANNELS, has("channel")),
            tag: first("tag"),
            query: first("query"),
            kept: agent.chain(tags).collect(),
            chips,
        })
    }
}

/// The days up to today that are asked for often.
fn recent(choice: &Choice) -> Vec<(&'static str, String)> {
    let today = choice.today();
    let to = today.succ_opt().unwrap_or(today);
    let link = |(name, days): (&'static str, u64)| {
        let from = to.checked_sub_days(Days::new(days)).unwrap_or(today);
        (name, choice.page(Span { from, to }))
    };
    RECENT.into_iter().map(link).collect()
}

/// The teams to choose from; none for who may not see them.
async fn teams(visit: &Visit<'_>, chosen: &str) -> Result<Option<Vec<Offered>>, Problem> {
    let listed = if_allowed(follow::<Named>(visit, "/teams", &[], TEAM_PAGES_MAX).await)?;
    let Some(Listed { items, .. }) = listed else {
        return Ok(None);
    };
    let offered = |value: String, name: String| Offered {
        is_chosen: value == chosen,
        value,
        name,
    };
    let teams = items
        .into_iter()
        .map(|team| offered(team.id.to_string(), team.name));
    let none = offered("none".to_owned(), "No team".to_owned());
    Ok(Some([none].into_iter().chain(teams).collect()))
}

//! What the page of analytics is asked for: days of the organization's zone, how they are grouped, and which tickets.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc, Weekday};
use domain::calendar::zone::Zone;

use super::super::form::{Form, address, query};
use super::PATH;
use crate::words;

/// What the address of the page has beside conditions.
const OWN: [&str; 3] = ["from", "to", "group"];
/// What an address behind a number has of the page from which it came: its query string.
pub(super) const BACK: &str = "back";
/// The conditions that all reports of the page know, as the API calls them.
pub(super) const CONDITIONS: [&str; 6] = ["team", "agent", "priority", "channel", "tag", "query"];
/// The last four weeks, when nothing else is chosen.
const DAYS: u64 = 28;
/// From so many days on, weeks are shown unless something else is chosen; then months.
const WEEKS_FROM_DAYS: usize = 60;
const MONTHS_FROM_DAYS: usize = 200;

/// How long the periods of the charts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Day,
    Week,
    Month,
}

impl Period {
    pub(super) const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// What the API calls it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    fn begins_at(self, day: NaiveDate) -> bool {
        match self {
            Self::Day => true,
            Self::Week => day.weekday() == Weekday::Mon,
            Self::Month => day.day() == 1,
        }
    }
}

/// Local days of the organization, from the first to before the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
}

impl Span {
    /// In words; the last day is said, as people do.
    pub(super) fn told(self) -> String {
        let last = self.to.pred_opt().unwrap_or(self.to);
        if last <= self.from {
            self.from.to_string()
        } else {
            format!("{} to {last}", self.from)
        }
    }
}

/// The page that is asked for.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) days: Span,
    pub(super) period: Period,
    pub(super) zone: Zone,
    conditions: Vec<(&'static str, String)>,
    /// The query string of the page as it was asked for, to which leads back what is behind its numbers.
    back: String,
}

/// The page that is named in an address behind a number.
pub(super) fn page_of(behind: &Form) -> String {
    let page = Form::of_text(behind.get(BACK).unwrap_or_default());
    let names = OWN.into_iter().chain(CONDITIONS);
    let pairs = names.flat_map(|name| page.all(name).map(move |value| (name, value)));
    address(PATH, pairs)
}

impl Choice {
    pub(super) fn of(form: &Form, zone: Zone) -> Self {
        let today = today(zone);
        let day = |name: &str, otherwise: NaiveDate| {
            let day = form.get(name).and_then(|text| text.parse().ok());
            day.unwrap_or(otherwise)
        };
        let last = day("to", today);
        let four_weeks = last.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(last);
        let days = Span {
            from: day("from", four_weeks),
            to: last.succ_opt().unwrap_or(last),
        };
        let mut periods = Period::ALL.into_iter();
        let chosen = periods.find(|period| form.get("group") == Some(period.word()));
        let conditions = CONDITIONS.iter().flat_map(|name| {
            let values = form.all(name);
            values.map(move |value| (*name, value.to_owned()))
        });
        let asked = Self {
            days,
            period: chosen.unwrap_or_else(|| fitting(days)),
            zone,
            conditions: conditions.collect(),
            back: String::new(),
        };
        let pairs = asked.pairs();
        let back = query(pairs.iter().map(|(name, value)| (*name, value.as_str())));
        Self { back, ..asked }
    }

    pub(super) fn today(&self) -> NaiveDate {
        today(self.zone)
    }

    /// What the address of the page has.
    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        let own = [
            self.days.from.to_string(),
            self.last_day().to_string(),
            self.period.word().to_owned(),
        ];
        OWN.into_iter()
            .zip(own)
            .chain(self.conditions.iter().cloned())
            .collect()
    }

    /// The last day that is shown.
    pub(super) fn last_day(&self) -> NaiveDate {
        self.days.to.pred_opt().unwrap_or(self.days.to)
    }

    /// The values of a condition.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.conditions.iter();
        pairs.filter_map(move |(other, value)| (*other == name).then_some(value.as_str()))
    }

    fn conditions(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.conditions.iter();
        pairs.map(|(name, value)| (*name, value.as_str()))
    }

    /// The same days of fewer tickets. A ticket may have several tags, but one of everything else.
    pub(super) fn narrowed(&self, name: &'static str, value: String) -> Self {
        let is_kept = |(other, had): &&(&'static str, String)| {
            *other != name || (name == "tag" && *had != value)
        };
        let mut conditions: Vec<_> = self.conditions.iter().filter(is_kept).cloned().collect();
        conditions.push((name, value));
        Self {
            conditions,
            ..self.clone()
        }
    }

    /// The periods of the days, cut at their ends.
    pub(super) fn periods(&self) -> Vec<Span> {
        let Span { from, to } = self.days;
        let days = from.iter_days().take_while(|day| *day < to);
        let begins = |day: &NaiveDate| *day == from || self.period.begins_at(*day);
        let begins: Vec<NaiveDate> = days.filter(begins).collect();
        let ends = begins.iter().skip(1).copied().chain([to]);
        let spans = begins.iter().zip(ends);
        spans.map(|(from, to)| Span { from: *from, to }).collect()
    }

    /// When the days begin and end.
    fn instants(&self, days: Span) -> [String; 2] {
        [days.from, days.to].map(|day| words::machine(&self.zone.first_instant(day)))
    }

    /// What the API is asked about these tickets on these days.
    pub(super) fn report(&self, path: &str, more: &[(&str, &str)]) -> String {
        let [from, to] = [self.days.from, self.days.to].map(|day| day.to_string());
        let days = [("from", from.as_str()), ("to", to.as_str())];
        let pairs = days.into_iter().chain(self.conditions());
        address(path, pairs.chain(more.iter().copied()))
    }

    /// What the API is asked about the waits of these tickets.
    pub(super) fn attainment(&self, more: &[(&str, &str)]) -> String {
        let [from, to] = self.instants(self.days);
        let days = [("from", from.as_str()), ("to", to.as_str())];
        let pairs = days.into_iter().chain(self.conditions());
        address("/reports/sla", pairs.chain(more.iter().copied()))
    }

    /// What is written of these tickets, by the conditions that a report of messages knows; none where there are others.
    pub(super) fn messages(&self, more: &[(&str, &str)]) -> Option<String> {
        let is_known = |(name, value): (&str, &str)| match name {
            "team" | "query" => true,
            "agent" => value != "none",
            _ => false,
        };
        let are_known = self.conditions().all(is_known);
        are_known.then(|| self.report("/reports/messages", more))
    }

    /// The page of these tickets, as it is.
    pub(super) fn whole(&self) -> String {
        let pairs = self.pairs();
        address(
            PATH,
            pairs.iter().map(|(name, value)| (*name, value.as_str())),
        )
    }

    /// The page of these tickets on other days, in the periods that fit them.
    pub(super) fn page(&self, days: Span) -> String {
        let last = days.to.pred_opt().unwrap_or(days.to);
        let [from, to] = [days.from, last].map(|day| day.to_string());
        let days = [("from", from.as_str()), ("to", to.as_str())];
        let pairs = days.into_iter().chain(self.conditions());
        address(PATH, pairs)
    }

    /// The page with the tickets that count for a figure on some of the days.
    pub(super) fn tickets(&self, figure: &str, days: Span, more: &[(&str, &str)]) -> String {
        let [from, to] = [days.from, days.to].map(|day| day.to_string());
        let own = [("figure", figure), ("from", &from), ("to", &to)];
        let pairs = own.into_iter().chain(self.conditions());
        self.behind("/tickets", pairs.chain(more.iter().copied()))
    }

    /// The page with the waits of an outcome, between the instants of a group or on all days.
    pub(super) fn waits(
        &self,
        between: Option<(DateTime<Utc>, DateTime<Utc>)>,
        more: &[(&str, &str)],
    ) -> String {
        let [from, to] = match between {
            Some((from, to)) => [from, to].map(|instant| words::machine(&instant)),
            None => self.instants(self.days),
        };
        let days = [("from", from.as_str()), ("to", to.as_str())];
        let pairs = days.into_iter().chain(self.conditions());
        self.behind("/waits", pairs.chain(more.iter().copied()))
    }

    /// The page with the replies that were written on all days.
    pub(super) fn replies(&self) -> String {
        let [from, to] = [self.days.from, self.days.to].map(|day| day.to_string());
        let own = [("kind", "public_reply"), ("from", &from), ("to", &to)];
        let pairs = own.into_iter().chain(self.conditions());
        self.behind("/messages", pairs)
    }

    /// What is behind a number of the page, with the way back.
    fn behind<'a>(&'a self, path: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
        let back = (BACK, self.back.as_str());
        address(&format!("{PATH}{path}"), pairs.chain([back]))
    }
}

fn today(zone: Zone) -> NaiveDate {
    Utc::now().with_timezone(&zone.tz()).date_naive()
}

/// The periods of which a chart of so many days has neither too many nor too few.
fn fitting(days: Span) -> Period {
    let count = usize::try_from((days.to - days.from).num_days()).unwrap_or(0);
    match count {
        0..WEEKS_FROM_DAYS => Period::Day,
        WEEKS_FROM_DAYS..MONTHS_FROM_DAYS => Period::Week,
        MONTHS_FROM_DAYS.. => Period::Month,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use poem::Request;

    use super::*;

    fn choice(query: &str) -> Choice {
        let uri = format!("/?{query}").parse().unwrap();
        let request = Request::builder().uri(uri).finish();
        Choice::of(&Form::of_query(&request), Zone::UTC)
    }

    fn told(choice: &Choice) -> Vec<String> {
        choice.periods().into_iter().map(Span::told).collect()
    }

    #[test]
    fn weeks_and_months_are_cut_at_the_ends_of_the_days() {
        let weeks = choice("from=2026-03-04&to=2026-03-16&group=week");
        assert_eq!(
            told(&weeks),
            [
                "2026-03-04 to 2026-03-08",
                "2026-03-09 to 2026-03-15",
                "2026-03-16"
            ]
        );
        let months = choice("from=2026-02-27&to=2026-03-02&group=month");
        assert_eq!(
            told(&months),
            ["2026-02-27 to 2026-02-28", "2026-03-01 to 2026-03-02"]
        );
    }

    #[test]
    fn days_are_grouped_by_how_many_they_are_unless_something_else_is_chosen() {
        for (to, period) in [
            ("2026-01-31", Period::Day),
            ("2026-03-31", Period::Week),
            ("2026-12-31", Period::Month),
        ] {
            let choice = choice(&format!("from=2026-01-01&to={to}"));
            assert_eq!(choice.period, period, "{to}");
        }
        assert_eq!(
            choice("from=2026-01-01&to=2026-12-31&group=day").period,
            Period::Day
        );
    }

    #[test]
    fn a_narrower_choice_takes_the_place_of_another_value_but_adds_a_tag() {
        let choice = choice("priority=high&priority=urgent&tag=vip&team=none");
        let narrowed = choice.narrowed("priority", "high".to_owned());
        let narrowed = narrowed.narrowed("tag", "gold".to_owned());
        let all = |name| narrowed.all(name).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(all("priority"), ["high"]);
        assert_eq!(all("tag"), ["vip", "gold"]);
        assert_eq!(all("team"), ["none"]);
    }

    #[test]
    fn messages_are_asked_for_only_by_what_is_known_of_them() {
        assert!(
            choice("team=none&query=status:open")
                .messages(&[])
                .is_some()
        );
        for query in ["agent=none", "tag=vip", "channel=phone", "priority=high"] {
            assert_eq!(choice(query).messages(&[]), None, "{query}");
        }
    }
}

//! The days on which an event comes back (RFC 5545, section 3.3.10), for events of whole days.
//!
//! A rule is a question to a day: whether it is one of the rule's. Every day of a period (a year, a month, a week or a day) is
//! asked, so nothing is derived, and what a rule means is read off `matches`.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use domain::calendar::definition::Holidays;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Never,
    After(u32),
    On(NaiveDate),
}

/// A rule, as far as whole days can have one. An empty list asks for nothing.
#[derive(Debug)]
pub(super) struct Rule {
    frequency: Frequency,
    interval: u32,
    end: End,
    months: Vec<u32>,
    /// From the first on, or from the last back where it is negative; as every number below.
    month_days: Vec<i32>,
    year_days: Vec<i32>,
    weekdays: Vec<(Option<i32>, Weekday)>,
    /// Which of the days of a period.
    positions: Vec<i32>,
    week_start: Weekday,
}

impl Rule {
    /// Reads `FREQ=YEARLY;BYMONTH=11;BYDAY=4TH`.
    ///
    /// # Errors
    /// The part that is not taken.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut rule = Self {
            frequency: Frequency::Yearly,
            interval: 1,
            end: End::Never,
            months: Vec::new(),
            month_days: Vec::new(),
            year_days: Vec::new(),
            weekdays: Vec::new(),
            positions: Vec::new(),
            week_start: Weekday::Mon,
        };
        let mut seen: Vec<String> = Vec::new();
        for part in text.trim().to_ascii_uppercase().split(';') {
            let (key, value) = part.split_once('=').ok_or_else(|| not_taken(part))?;
            rule.take(key, value).ok_or_else(|| not_taken(part))?;
            if seen.iter().any(|seen| seen == key) {
                return Err(format!("{key}, which stands there twice"));
            }
            seen.push(key.to_owned());
        }
        let has = |key: &str| seen.iter().any(|seen| seen == key);
        if !has("FREQ") {
            return Err("no FREQ".to_owned());
        }
        if has("COUNT") && has("UNTIL") {
            return Err("COUNT and UNTIL at once".to_owned());
        }
        rule.check()?;
        Ok(rule)
    }

    fn take(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "FREQ" => {
                self.frequency = match value {
                    "DAILY" => Frequency::Daily,
                    "WEEKLY" => Frequency::Weekly,
                    "MONTHLY" => Frequency::Monthly,
                    "YEARLY" => Frequency::Yearly,
                    _ => return None,
                }
            }
            "INTERVAL" => self.interval = value.parse().ok().filter(|it| *it > 0)?,
            "COUNT" => self.end = End::After(value.parse().ok().filter(|it| *it > 0)?),
            "UNTIL" => self.end = End::On(until(value)?),
            "WKST" => self.week_start = weekday(value)?,
            "BYMONTH" => self.months = list(value, |month: &u32| (1..=12).contains(month))?,
            "BYMONTHDAY" => self.month_days = counted(value, 31)?,
            "BYYEARDAY" => self.year_days = counted(value, 366)?,
            "BYSETPOS" => self.positions = counted(value, 366)?,
            "BYDAY" => self.weekdays = value.split(',').map(place).collect::<Option<_>>()?,
            _ => return None,
        }
        Some(())
    }

    /// What the standard leaves without a meaning.
    fn check(&self) -> Result<(), String> {
        use Frequency::{Monthly, Weekly, Yearly};
        let has_places = self.weekdays.iter().any(|(nth, _)| nth.is_some());
        let wrong = [
            (
                has_places && !matches!(self.frequency, Monthly | Yearly),
                "a numbered BYDAY without months or years",
            ),
            (
                !self.month_days.is_empty() && self.frequency == Weekly,
                "BYMONTHDAY of a week",
            ),
            (
                !self.year_days.is_empty() && self.frequency != Yearly,
                "BYYEARDAY of less than a year",
            ),
            (
                !self.positions.is_empty() && !self.names_days() && self.months.is_empty(),
                "BYSETPOS without days to choose from",
            ),
        ];
        match wrong.into_iter().find(|(is_wrong, _)| *is_wrong) {
            Some((_, what)) => Err(what.to_owned()),
            None => Ok(()),
        }
    }

    fn names_days(&self) -> bool {
        !(self.month_days.is_empty() && self.year_days.is_empty() && self.weekdays.is_empty())
    }

    /// Whether it means the day of `first` in every year, for ever.
    pub(super) fn is_every_year(&self, first: NaiveDate) -> bool {
        let only = |values: &[u32], own: u32| values.iter().all(|value| *value == own);
        let is_own_day = |day: &i32| u32::try_from(*day) == Ok(first.day());
        let days_need_month = self.month_days.is_empty() || !self.months.is_empty();
        self.frequency == Frequency::Yearly
            && self.interval == 1
            && self.end == End::Never
            && only(&self.months, first.month())
            && self.month_days.iter().all(is_own_day)
            && days_need_month
            && self.year_days.is_empty()
            && self.weekdays.is_empty()
            && self.positions.is_empty()
    }

    /// Its days from `first` on, those that lie within the window.
    ///
    /// # Errors
    /// When `first` is none of them, which leaves open what is meant, or there are more than a calendar can hold.
    pub(super) fn days(
        &self,
        first: NaiveDate,
        window: &RangeInclusive<NaiveDate>,
    ) -> Result<Vec<NaiveDate>, String> {
        if !(Holidays::FIRST_YEAR..=Holidays::LAST_YEAR).contains(&first.year()) {
            return Err("must lie in the years 1970 to 2099".to_owned());
        }
        let mut days = Vec::new();
        let mut count = 0;
        for index in 0.. {
            let period = self.period(first, index);
            let Some(period) = period.filter(|period| period.start() <= window.end()) else {
                break;
            };
            for day in self.of_period(&period, first) {
                if count == 0 && day != first {
                    return Err("begins on a day that is none of its rule".to_owned());
                }
                count += 1;
                let is_over = match self.end {
                    End::Never => false,
                    End::After(most) => count > most,
                    End::On(last) => day > last,
                };
                if is_over {
                    return Ok(days);
                }
                if window.contains(&day) {
                    days.push(day);
                }
                if days.len() > Holidays::MAX {
                    return Err(format!("comes back on more than {} days", Holidays::MAX));
                }
            }
        }
        match count {
            0 => Err("begins on a day that is none of its rule".to_owned()),
            _ => Ok(days),
        }
    }

    /// The period of a number, counted from the one that `first` lies in. None past the end of the calendar.
    fn period(&self, first: NaiveDate, index: u32) -> Option<RangeInclusive<NaiveDate>> {
        let steps = self.interval.checked_mul(index)?;
        let days = |days: u32| Days::new(u64::from(days));
        let (from, after) = match self.frequency {
            Frequency::Daily => {
                let from = first.checked_add_days(days(steps))?;
                (from, from.succ_opt()?)
            }
            Frequency::Weekly => {
                let from = first.week(self.week_start).checked_first_day()?;
                let from = from.checked_add_days(days(steps.checked_mul(7)?))?;
                (from, from.checked_add_days(days(7))?)
            }
            Frequency::Monthly => {
                let from = first.with_day(1)?.checked_add_months(Months::new(steps))?;
                (from, from.checked_add_months(Months::new(1))?)
            }
            Frequency::Yearly => {
                let year = first.year().checked_add(i32::try_from(steps).ok()?)?;
                let from = |year| NaiveDate::from_ymd_opt(year, 1, 1);
                (from(year)?, from(year.checked_add(1)?)?)
            }
        };
        Some(from..=after.pred_opt()?)
    }

    /// Its days of a period, from `first` on.
    fn of_period(&self, period: &RangeInclusive<NaiveDate>, first: NaiveDate) -> Vec<NaiveDate> {
        let all = period.start().iter_days();
        let all = all.take_while(|day| day <= period.end());
        let all: Vec<NaiveDate> = all.filter(|day| self.matches(*day, first)).collect();
        let count = all.len();
        let numbered = all.into_iter().enumerate();
        numbered
            .filter(|(index, _)| {
                self.positions.is_empty() || is_named(&self.positions, *index, count)
            })
            .map(|(_, day)| day)
            .filter(|day| *day >= first)
            .collect()
    }

    fn matches(&self, day: NaiveDate, first: NaiveDate) -> bool {
        let month = (day.day0() as usize, usize::from(day.num_days_in_month()));
        let year = (
            day.ordinal0() as usize,
            if day.leap_year() { 366 } else { 365 },
        );
        let is_one =
            |named: &[i32], (index, count)| named.is_empty() || is_named(named, index, count);
        let is_by_month = self.frequency == Frequency::Monthly || !self.months.is_empty();
        let is_weekday = |(nth, weekday): &(Option<i32>, Weekday)| {
            let (index, count) = if is_by_month { month } else { year };
            let from_start = index / 7;
            let of_its_kind = from_start + 1 + (count - 1 - index) / 7;
            *weekday == day.weekday()
                && nth.is_none_or(|nth| is_named(&[nth], from_start, of_its_kind))
        };
        let is_own = match self.frequency {
            _ if self.names_days() => true,
            Frequency::Daily => true,
            Frequency::Weekly => day.weekday() == first.weekday(),
            Frequency::Monthly => day.day() == first.day(),
            Frequency::Yearly if is_by_month => day.day() == first.day(),
            Frequency::Yearly => (day.month(), day.day()) == (first.month(), first.day()),
        };
        is_own
            && (self.months.is_empty() || self.months.contains(&day.month()))
            && is_one(&self.month_days, month)
            && is_one(&self.year_days, year)
            && (self.weekdays.is_empty() || self.weekdays.iter().any(is_weekday))
    }
}

/// Whether one of the numbers names the place of an index among so many: 1 is the first, -1 the last.
fn is_named(numbers: &[i32], index: usize, count: usize) -> bool {
    numbers.iter().any(|number| {
        let wanted = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
        match number.is_positive() {
            true => index + 1 == wanted,
            false => count - index == wanted,
        }
    })
}

fn not_taken(part: impl Display) -> String {
    format!("{part}, which is not taken")
}

fn list<T: FromStr>(text: &str, is_good: impl Fn(&T) -> bool) -> Option<Vec<T>> {
    let parsed = text.split(',').map(|one| one.parse().ok().filter(&is_good));
    parsed.collect()
}

/// Numbers up to `most`, from the start or from the end.
fn counted(text: &str, most: i32) -> Option<Vec<i32>> {
    list(text, |number: &i32| *number != 0 && number.abs() <= most)
}

/// `4TH`, `-1MO` or `SU`.
fn place(text: &str) -> Option<(Option<i32>, Weekday)> {
    let (number, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let number = match number {
        "" => None,
        number => Some(*counted(number, 53)?.first()?),
    };
    Some((number, weekday(name)?))
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    })
}

/// The last day: a date, or a time of it, which some programs write for whole days, too.
fn until(text: &str) -> Option<NaiveDate> {
    let (date, time) = text.split_at_checked(8)?;
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|it| it.is_ascii_digit());
    let is_time = |time: &str| {
        let time = time.strip_prefix('T');
        time.is_some_and(|time| digits(time.strip_suffix('Z').unwrap_or(time), 6))
    };
    let is_good = digits(date, 8) && (time.is_empty() || is_time(time));
    let date = is_good.then(|| NaiveDate::parse_from_str(date, "%Y%m%d").ok());
    date.flatten()
}

//! Random policies, and the words that tickets and policies have in common.

use crate::chance::Chance;
use anyhow::Result;
use domain::ids::{CalendarId, CompanyId, TeamId};
use domain::organization::settings::{FieldDefinition, FieldKind, Settings};
use domain::sla::Metric;
use domain::sla::policy::{
    Choice, Condition, Conditions, FieldTest, FieldWord, PolicyDefinition, Presence, Target,
};
use domain::sla::warning::{Threshold, Warning};
use domain::text::{FieldKey, FieldText, Name, Tag};
use domain::ticket::field::{FieldValue, FiniteNumber};
use domain::ticket::state::{Channel, Priority};
use uuid::Uuid;

/// The channels that tickets come through.
pub const CHANNELS: [Channel; 4] = [Channel::Api, Channel::Email, Channel::Phone, Channel::Chat];

/// The teams that there are.
#[must_use]
pub fn teams() -> [TeamId; 3] {
    [0x7e1, 0x7e2, 0x7e3].map(|id| TeamId(Uuid::from_u128(id)))
}

/// The companies that there are.
#[must_use]
pub fn companies() -> [CompanyId; 2] {
    [0xc01, 0xc02].map(|id| CompanyId(Uuid::from_u128(id)))
}

/// The tags that there are.
///
/// # Errors
/// Never: they are tags.
pub fn tags() -> Result<Vec<Tag>> {
    let words = ["vip", "printer", "spam"];
    Ok(words
        .iter()
        .map(|word| Tag::parse(word))
        .collect::<Result<_, _>>()?)
}

/// The custom fields that there are, each with values that a ticket may have.
///
/// # Errors
/// Never: they are fields.
pub fn fields() -> Result<Vec<(FieldKey, FieldKind, Vec<FieldValue>)>> {
    let text = |word: &str| FieldText::parse(word);
    let number = |number: f64| FiniteNumber::try_from(number).map_err(anyhow::Error::msg);
    let colors = vec![text("red")?, text("black")?];
    Ok(vec![
        (
            FieldKey::parse("floor")?,
            FieldKind::Text,
            vec![
                FieldValue::Text(text("1")?),
                FieldValue::Text(text("second")?),
            ],
        ),
        (
            FieldKey::parse("seats")?,
            FieldKind::Number,
            vec![
                FieldValue::Number(number(1.0)?),
                FieldValue::Number(number(2.5)?),
            ],
        ),
        (
            FieldKey::parse("insured")?,
            FieldKind::Boolean,
            vec![FieldValue::Boolean(true), FieldValue::Boolean(false)],
        ),
        (
            FieldKey::parse("color")?,
            FieldKind::Choice {
                options: colors.clone(),
            },
            colors.into_iter().map(FieldValue::Choice).collect(),
        ),
        (
            FieldKey::parse("bought")?,
            FieldKind::Date,
            vec![
                FieldValue::Date("2026-03-01".parse()?),
                FieldValue::Date("2025-12-31".parse()?),
            ],
        ),
    ])
}

/// Settings that know the fields.
///
/// # Errors
/// Never: they are settings.
pub fn settings() -> Result<Settings> {
    let mut settings = Settings::default();
    for (key, kind, _) in fields()? {
        let label = Name::parse(key.as_str())?;
        settings
            .custom_fields
            .insert(key, FieldDefinition { label, kind });
    }
    Ok(settings)
}

/// What a policy may say.
///
/// # Errors
/// Never: its words are words of the domain.
pub fn definition(
    chance: &mut Chance,
    name: &str,
    calendars: &[CalendarId],
) -> Result<PolicyDefinition> {
    Ok(PolicyDefinition {
        name: Name::parse(name)?,
        conditions: Conditions {
            all: conditions(chance, 1)?,
            any: conditions(chance, 2)?,
        },
        targets: targets(chance, calendars),
    })
}

fn conditions(chance: &mut Chance, most: i64) -> Result<Vec<Condition>> {
    (0..chance.number(0, most))
        .map(|_| condition(chance))
        .collect()
}

fn condition(chance: &mut Chance) -> Result<Condition> {
    Ok(match chance.number(0, 5) {
        0 => Condition::Priority(choice(chance, &Priority::ALL)),
        1 => Condition::Channel(choice(chance, &CHANNELS)),
        2 => Condition::Team(presence(chance, &teams())),
        3 => Condition::Tag(presence(chance, &tags()?)),
        4 => Condition::Company(presence(chance, &companies())),
        _ => {
            let (key, _, values) = chance.one_of(&fields()?);
            let words: Vec<FieldWord> = values.iter().map(word).collect::<Result<_>>()?;
            Condition::CustomField(FieldTest {
                key,
                test: presence(chance, &words),
            })
        }
    })
}

fn word(value: &FieldValue) -> Result<FieldWord> {
    Ok(match value {
        FieldValue::Boolean(value) => FieldWord::Boolean(*value),
        FieldValue::Number(value) => FieldWord::Number(*value),
        FieldValue::Text(value) | FieldValue::Choice(value) => FieldWord::Text(value.clone()),
        FieldValue::Date(value) => FieldWord::Text(FieldText::parse(&value.to_string())?),
    })
}

fn choice<T: Clone>(chance: &mut Chance, values: &[T]) -> Choice<T> {
    let values = chance.some_of(values);
    if chance.percent(50) {
        Choice::IsOneOf(values)
    } else {
        Choice::IsNoneOf(values)
    }
}

fn presence<T: Clone>(chance: &mut Chance, values: &[T]) -> Presence<T> {
    let values = chance.some_of(values);
    match chance.number(0, 5) {
        0 => Presence::IsSet,
        1 => Presence::IsNotSet,
        2 | 3 => Presence::IsNoneOf(values),
        _ => Presence::IsOneOf(values),
    }
}

fn targets(chance: &mut Chance, calendars: &[CalendarId]) -> Vec<Target> {
    let mut targets = Vec::new();
    for priority in Priority::ALL {
        for metric in Metric::ALL {
            if chance.percent(75) {
                targets.push(target(chance, priority, metric, calendars));
            }
        }
    }
    if targets.is_empty() {
        targets.push(target(
            chance,
            Priority::Normal,
            Metric::Resolution,
            calendars,
        ));
    }
    targets
}

fn target(
    chance: &mut Chance,
    priority: Priority,
    metric: Metric,
    calendars: &[CalendarId],
) -> Target {
    let longest_s = chance.one_of(&[60, 3_600, 8 * 3_600, 2 * 86_400, 20 * 86_400]);
    let seconds = chance.number(i64::from(Target::MIN_SECONDS), longest_s);
    let seconds = if chance.percent(40) {
        seconds / 60 * 60 + 60
    } else {
        seconds
    };
    let seconds = u32::try_from(seconds).unwrap_or(Target::MIN_SECONDS);
    Target {
        priority,
        metric,
        seconds,
        calendar_id: chance.percent(75).then(|| chance.one_of(calendars)),
        warnings: warnings(chance, seconds),
    }
}

/// Warnings without actions, each at a threshold of its own.
fn warnings(chance: &mut Chance, target_s: u32) -> Vec<Warning> {
    let mut thresholds = Vec::new();
    for _ in 0..chance.number(0, 2) {
        let threshold = if chance.percent(50) {
            Threshold::Percent(chance.one_of(&[1, 33, 50, 80, 99, 100]))
        } else {
            Threshold::SecondsBefore(chance.one_of(&[0, 1, 15, 900, 86_400]))
        };
        if threshold.fits(target_s) && !thresholds.contains(&threshold) {
            thresholds.push(threshold);
        }
    }
    let warning = |threshold| Warning {
        threshold,
        actions: Vec::new(),
    };
    thresholds.into_iter().map(warning).collect()
}

//! The report.

use domain::ids::{TeamId, UserId};
use domain::ticket::state::{Channel, Priority};
use platform::rows::{Column, Cut, Figure};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row as SqlRow;
use uuid::Uuid;

use super::filter::{FigureQuery, Split};
use super::periods::Frame;
use super::statement;
use super::tally::{Part, Parts, RawKey, packed, plain, population, tally};
use crate::answers::Answer;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::reports::Named;
use crate::reports::attainment::{TEAM_NAMES, USER_NAMES};
use crate::viewer::{Tenant, Viewer};

/// The most parts that a report is put together from, and so the most groups that it has.
pub(crate) const PARTS_MAX: i64 = 10_000;

/// The numbers of a group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Numbers {
    /// How many tickets.
    pub count: i64,
    /// What is summed beside: seconds, or how often.
    pub total: i64,
    /// Of how many the figure counts some; none where it counts all.
    pub population: Option<i64>,
    /// What the median, the ninetieth and the ninety-ninth of a hundred took, in seconds, by the nearest rank; none where no
    /// time is measured.
    pub percentiles: Option<[i64; 3]>,
}

impl Numbers {
    /// The part of the population that is counted, where there is one.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        let population = self.population.filter(|count| *count > 0)?;
        #[allow(
            clippy::cast_precision_loss,
            reason = "counts of rows are far below 2^52"
        )]
        Some(self.count as f64 / population as f64)
    }

    /// The mean of the times, rounded down, where any was measured.
    #[must_use]
    pub fn mean_seconds(&self) -> Option<i64> {
        self.percentiles
            .map(|_| self.total.div_euclid(self.count.max(1)))
    }
}

/// What the tickets of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Key {
    /// The team, or none.
    Team(Option<Named<TeamId>>),
    /// The agent, or nobody.
    Agent(Option<Named<UserId>>),
    /// A tag, or none.
    Tag(Option<String>),
    /// The channel.
    Channel(Channel),
    /// The priority.
    Priority(Priority),
}

/// Some tickets of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The place of the period in the frame.
    pub period: usize,
    /// What they have in common, where the report is split.
    pub key: Option<Key>,
    /// Their numbers.
    pub numbers: Numbers,
}

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureReport {
    /// Its periods.
    pub frame: Frame,
    /// The numbers of everything; of the backlog, those of the end.
    pub total: Numbers,
    /// The groups by period, then by key. Where nothing is split, a period without tickets is there, too.
    pub groups: Vec<Group>,
}

/// What came of the question.
#[derive(Debug, Clone, PartialEq)]
pub enum Reported {
    /// The numbers.
    Report(FigureReport),
    /// More groups than a report has.
    TooManyGroups {
        /// The most that it has.
        max: i64,
    },
}

/// What is kept of a report: the numbers of everything, and the groups.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Told {
    total: Numbers,
    groups: Vec<Group>,
}

/// None where there are too many groups.
impl Answer for Option<Told> {
    const KIND: &'static str = "report";

    fn len(&self) -> usize {
        self.as_ref().map_or(0, |told| told.groups.len())
    }
}

impl ReadModels {
    /// The numbers of the tickets that count, without those that are hidden from the viewer.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn figure_report(
        &self,
        viewer: &Viewer,
        query: &FigureQuery,
        frame: Frame,
    ) -> Result<Reported, ReadError> {
        let question = (query, frame.zone);
        let make = {
            let (query, frame) = (query.clone(), frame.clone());
            move |models: Self, viewer: Viewer| async move {
                models.new_figure_report(&viewer, &query, &frame).await
            }
        };
        let told = self.answered(&self.near_reports, viewer, &question, make);
        Ok(match told.await? {
            Some(Told { total, groups }) => Reported::Report(FigureReport {
                frame,
                total,
                groups,
            }),
            None => Reported::TooManyGroups { max: PARTS_MAX },
        })
    }

    async fn new_figure_report(
        &self,
        viewer: &Viewer,
        query: &FigureQuery,
        frame: &Frame,
    ) -> Result<Option<Told>, ReadError> {
        let parts = self.parts_of_all(viewer, query, frame).await?;
        let groups_max = usize::try_from(PARTS_MAX).unwrap_or(usize::MAX);
        if parts.len() > groups_max {
            return Ok(None);
        }
        let Some((mut total, groups)) = tally(query, frame, parts, groups_max) else {
            return Ok(None);
        };
        if query.split == Some(Split::Tag) {
            // A ticket with two tags is in two groups, and once in the total.
            let whole = FigureQuery {
                split: None,
                ..query.clone()
            };
            let parts = self.parts_of_all(viewer, &whole, frame).await?;
            let Some((of_all, _)) = tally(&whole, frame, parts, groups_max) else {
                return Ok(None);
            };
            total = of_all;
        }
        let names = self.names_of(viewer.tenant, query.split, &groups).await?;
        let group = |(period, key, part): (usize, RawKey, Part)| {
            let key = query.split.map(|split| named(split, key, &names));
            Ok::<_, ReadError>(Group {
                period,
                key: key.transpose()?,
                numbers: part.numbers(),
            })
        };
        let groups = groups.into_iter().map(group).collect::<Result<_, _>>()?;
        Ok(Some(Told {
            total: total.numbers(),
            groups,
        }))
    }

    /// The parts, with the population of what counts some.
    async fn parts_of_all(
        &self,
        viewer: &Viewer,
        query: &FigureQuery,
        frame: &Frame,
    ) -> Result<Parts, ReadError> {
        let mut parts = self.parts(viewer, query, frame).await?;
        if let Some(figure) = population(query.figure) {
            let of_all = FigureQuery {
                figure,
                ..query.clone()
            };
            for (place, all) in self.parts(viewer, &of_all, frame).await? {
                parts.entry(place).or_default().population = Some(all.count);
            }
        }
        Ok(parts)
    }

    async fn parts(
        &self,
        viewer: &Viewer,
        query: &FigureQuery,
        frame: &Frame,
    ) -> Result<Parts, ReadError> {
        let cut = self
            .first_visible(viewer, query.figure, query.cuts())
            .await?;
        let statement = match cut {
            Some(cut) => statement::of_cells(viewer, query, cut, frame),
            None => statement::of_facts(viewer, query, frame),
        };
        let rows = self
            .database
            .query_composed(viewer.tenant, &statement)
            .await?;
        let part = |row: &SqlRow| {
            let period: i32 = row.try_get("period")?;
            let key: Option<Uuid> = row.try_get("key")?;
            let key = key.filter(|key| !key.is_nil());
            let place = (
                usize::try_from(period).unwrap_or_default(),
                (key, row.try_get("label")?),
            );
            let times = match cut {
                Some(_) => packed(row.try_get("times")?),
                None => plain(row.try_get("times")?),
            };
            let part = Part {
                count: row.try_get("count")?,
                total: row.try_get("total")?,
                population: None,
                times,
            };
            Ok::<_, ReadError>((place, part))
        };
        rows.iter().map(part).collect()
    }

    /// The first of these cuts whose sums hold nothing that is hidden from the viewer: those of all teams know no team, and
    /// what was open in the past does not know who has the ticket now.
    pub(super) async fn first_visible(
        &self,
        viewer: &Viewer,
        figure: Figure,
        cuts: Vec<Cut>,
    ) -> Result<Option<Cut>, ReadError> {
        let may_hide = |cut: &Cut| figure == Figure::Backlog || !cut.is_by_team();
        let is_hidden = cuts.iter().any(may_hide) && self.hides_any_team(viewer).await?;
        Ok(cuts.into_iter().find(|cut| !is_hidden || !may_hide(cut)))
    }

    async fn names_of(
        &self,
        tenant: Tenant,
        split: Option<Split>,
        groups: &[(usize, RawKey, Part)],
    ) -> Result<std::collections::HashMap<Uuid, String>, ReadError> {
        let ids: Vec<Uuid> = groups.iter().filter_map(|(_, (key, _), _)| *key).collect();
        match split {
            Some(Split::Team) => self.names(tenant, TEAM_NAMES, ids).await,
            Some(Split::Agent) => self.names(tenant, USER_NAMES, ids).await,
            _ => Ok(std::collections::HashMap::new()),
        }
    }
}

fn named(
    split: Split,
    (key, label): RawKey,
    names: &std::collections::HashMap<Uuid, String>,
) -> Result<Key, ReadError> {
    let name = |id: Uuid| names.get(&id).cloned();
    Ok(match split {
        Split::Team => Key::Team(key.map(|id| Named {
            id: TeamId(id),
            name: name(id),
        })),
        Split::Agent => Key::Agent(key.map(|id| Named {
            id: UserId(id),
            name: name(id),
        })),
        Split::Tag => Key::Tag((!label.is_empty()).then_some(label)),
        Split::Channel => Key::Channel(Channel::from_stored(label)?),
        Split::Priority => Key::Priority(word(label)?),
    })
}

fn word(label: String) -> Result<Priority, platform::rows::RowError> {
    let known = Priority::ALL.into_iter().find(|it| it.as_str() == label);
    known.ok_or(platform::rows::RowError::Value { value: label })
}

//! What only staff see beside a ticket: its clocks, and whom it may be given to. Roles of an organization's own may lack the
//! right to either, which is no reason to show nothing of the ticket.

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::try_join3;
use platform::http::problem::Problem;
use uuid::Uuid;

use super::lists::follow;
use super::visit::{Visit, if_allowed};
use crate::shown::{Clock, Named, Ticket, TicketSla};
use crate::words;

/// Pages that are followed of people and teams, of a hundred entries each.
const PAGES_MAX: usize = 10;

/// None of these where whoever looks may not see it, or is no staff.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) clocks: Option<Vec<ShownClock>>,
    pub(super) holders: Option<Holders>,
}

/// Whom a ticket may be given to.
pub(super) struct Holders {
    pub(super) agents: Vec<Holder>,
    pub(super) teams: Vec<Holder>,
}

/// Somebody, or a team, that a ticket may be given to.
pub(super) struct Holder {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) is_chosen: bool,
}

pub(super) struct ShownClock {
    pub(super) clock: Clock,
    pub(super) name: String,
    pub(super) standing: String,
    pub(super) used: String,
    pub(super) target: Option<String>,
    pub(super) due: Option<String>,
}

impl Desk {
    pub(super) async fn of(visit: &Visit<'_>, ticket: &Ticket) -> Result<Self, Problem> {
        if !visit.person.is_staff() {
            return Ok(Self::default());
        }
        let sla = async {
            let path = format!("/tickets/{}/sla", ticket.id);
            if_allowed(visit.get::<TicketSla>(path).await)
        };
        let teams = async { if_allowed(follow(visit, "/teams", &[], PAGES_MAX).await) };
        let people = async { if_allowed(staff(visit).await) };
        // Boxed for the same reason as what is asked of the API: the page would hold them all on its stack.
        let (sla, people, teams) = try_join3(sla.boxed(), people.boxed(), teams.boxed()).await?;
        let teams = teams.map(|listed| listed.items);
        let now = Utc::now();
        let clock = |clock: Clock| ShownClock::new(clock, now);
        Ok(Self {
            clocks: sla.map(|sla| sla.clocks.into_iter().map(clock).collect()),
            holders: (people.is_some() || teams.is_some()).then(|| Holders {
                agents: holders(people.unwrap_or_default(), ticket.assignee.as_ref()),
                teams: holders(teams.unwrap_or_default(), ticket.team.as_ref()),
            }),
        })
    }
}

/// Everybody who may work on tickets, by name.
async fn staff(visit: &Visit<'_>) -> Result<Vec<Named>, Problem> {
    let of_role = async |role| {
        let pairs = [("role", role), ("active", "true")];
        follow::<Named>(visit, "/users", &pairs, PAGES_MAX).await
    };
    let (agents, leads, admins) =
        try_join3(of_role("agent"), of_role("lead"), of_role("admin")).await?;
    let mut staff = [agents.items, leads.items, admins.items].concat();
    staff.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(staff)
}

/// Whoever has the ticket is among them, also when they may not be given one any more: the form would take it from them.
fn holders(mut all: Vec<Named>, chosen: Option<&Named>) -> Vec<Holder> {
    if let Some(chosen) = chosen
        && !all.iter().any(|one| one.id == chosen.id)
    {
        all.push(chosen.clone());
    }
    let holder = |one: Named| Holder {
        is_chosen: chosen.is_some_and(|chosen| chosen.id == one.id),
        id: one.id,
        name: one.name,
    };
    all.into_iter().map(holder).collect()
}

impl ShownClock {
    fn new(clock: Clock, now: DateTime<Utc>) -> Self {
        Self {
            name: words::plain(&clock.metric),
            standing: words::outcome(clock.standing()),
            used: words::duration(clock.used_seconds),
            target: clock.target_seconds.map(words::duration),
            due: clock.due_at.map(|due_at| words::from_now(&due_at, now)),
            clock,
        }
    }
}

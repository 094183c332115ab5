//! How much memory a kept state takes, roughly: what people wrote, and a fixed part for the rest.

use domain::calendar::state::BusinessCalendar;
use domain::company::state::{Company, DomainClaim};
use domain::message::state::Message;
use domain::organization::settings::Settings;
use domain::organization::state::Organization;
use domain::security::state::Occurrence;
use domain::service_levels::state::ServiceLevels;
use domain::sla::clocks::Clocks;
use domain::sla::warning::AppliedWarning;
use domain::team::state::Team;
use domain::ticket::field::FieldValue;
use domain::ticket::state::Ticket;
use domain::user::state::{EmailClaim, User};
use domain::view::state::{View, ViewShelf};

/// What a state takes beside the part that grows: the struct, its key, the bookkeeping of the cache.
const FIXED_BYTES: usize = 1_024;
/// What an entry of a set or map takes beside its text.
const ENTRY_BYTES: usize = 64;
/// What a clock takes with its target, and each of the times in which it ran.
const CLOCK_BYTES: usize = 192;
const SPAN_BYTES: usize = 32;
/// What a warning that was given takes.
const WARNED_BYTES: usize = 32;

/// A state that can be weighed.
pub trait Weigh {
    /// The bytes of the part that grows with what people wrote.
    fn grown_bytes(&self) -> usize;

    /// All its bytes, as a cache counts them.
    fn weight(&self) -> u32 {
        u32::try_from(FIXED_BYTES + self.grown_bytes()).unwrap_or(u32::MAX)
    }
}

impl Weigh for Ticket {
    fn grown_bytes(&self) -> usize {
        let Self::Present(ticket) = self else {
            return 0;
        };
        let tags = ticket.tags.iter();
        let of_tags: usize = tags.map(|tag| ENTRY_BYTES + tag.as_str().len()).sum();
        let fields = ticket.custom_fields.iter();
        let of_fields: usize = fields
            .map(|(key, value)| ENTRY_BYTES + key.as_str().len() + value_bytes(value))
            .sum();
        let clocks = ticket.clocks.iter();
        let of_clocks: usize = clocks
            .map(|clock| CLOCK_BYTES + SPAN_BYTES * clock.spans.len())
            .sum();
        ticket.subject.as_str().len()
            + of_tags
            + of_fields
            + of_clocks
            + warnings_bytes(&ticket.clocks)
            + ENTRY_BYTES * ticket.follow_ups.len()
    }
}

fn warnings_bytes(clocks: &Clocks) -> usize {
    let warnings = clocks.rule().into_iter().flat_map(|rule| &rule.warnings);
    let bytes = |applied: &AppliedWarning| {
        ENTRY_BYTES * (1 + applied.warning.actions.len()) + applied.warning.text_bytes()
    };
    let warned = clocks.iter().map(|clock| clock.warned.len()).sum::<usize>();
    warnings.map(bytes).sum::<usize>() + WARNED_BYTES * warned
}

fn value_bytes(value: &FieldValue) -> usize {
    match value {
        FieldValue::Text(text) | FieldValue::Choice(text) => text.as_str().len(),
        FieldValue::Number(_) | FieldValue::Boolean(_) | FieldValue::Date(_) => 0,
    }
}

impl Weigh for Message {
    fn grown_bytes(&self) -> usize {
        match self {
            Self::Present(message) => message.body.as_ref().map_or(0, |body| body.as_str().len()),
            Self::Absent => 0,
        }
    }
}

impl Weigh for Organization {
    fn grown_bytes(&self) -> usize {
        match self {
            Self::Present(organization) => {
                let roles = organization.roles.values();
                let entries: usize = roles
                    .map(|role| 1 + role.permissions.len() + role.holders.len())
                    .sum();
                organization.settings.grown_bytes() + ENTRY_BYTES * entries
            }
            Self::Absent => 0,
        }
    }
}

impl Weigh for Settings {
    fn grown_bytes(&self) -> usize {
        self.custom_fields_bytes() + ENTRY_BYTES * self.custom_fields.len()
    }
}

impl Weigh for Team {
    fn grown_bytes(&self) -> usize {
        match self {
            Self::Present(team) => ENTRY_BYTES * team.members.len(),
            Self::Absent => 0,
        }
    }
}

impl Weigh for Company {
    fn grown_bytes(&self) -> usize {
        match self {
            Self::Present(company) => {
                let domains = company.domains.iter();
                domains.map(|it| ENTRY_BYTES + it.as_str().len()).sum()
            }
            Self::Absent => 0,
        }
    }
}

impl Weigh for BusinessCalendar {
    fn grown_bytes(&self) -> usize {
        match self {
            Self::Present(calendar) => calendar.history_bytes(),
            Self::Absent => 0,
        }
    }
}

impl Weigh for ServiceLevels {
    fn grown_bytes(&self) -> usize {
        self.bytes() + ENTRY_BYTES * (self.policies.len() + self.calendars.len())
    }
}

impl Weigh for View {
    fn grown_bytes(&self) -> usize {
        match self {
            Self::Present(view) => view.definition.query.as_str().len(),
            Self::Absent | Self::Deleted(_) => 0,
        }
    }
}

impl Weigh for ViewShelf {
    fn grown_bytes(&self) -> usize {
        ENTRY_BYTES * self.views.len()
    }
}

impl Weigh for DomainClaim {
    fn grown_bytes(&self) -> usize {
        0
    }
}

impl Weigh for User {
    fn grown_bytes(&self) -> usize {
        0
    }
}

impl Weigh for EmailClaim {
    fn grown_bytes(&self) -> usize {
        0
    }
}

impl Weigh for Occurrence {
    fn grown_bytes(&self) -> usize {
        0
    }
}

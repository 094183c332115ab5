//! How much each kind of subject may ask, by class of routes.

use std::fmt;
use std::str::FromStr;

use super::{Class, Micros, SubjectKind};

const COUNT_MAX: u64 = 1_000_000;
/// What a process may spend of a budget between two settlements: a twentieth, at least one.
const LEASES_PER_BURST: u64 = 20;

/// A token bucket: it holds `burst` requests and is filled by `count` in each `period_s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    count: u64,
    period_s: u64,
    burst: u64,
}

impl Budget {
    const fn new(count: u64, period_s: u64, burst: u64) -> Self {
        Self {
            count,
            period_s,
            burst,
        }
    }

    /// The most requests at once.
    #[must_use]
    pub fn burst(&self) -> u64 {
        self.burst
    }

    /// The seconds in which an empty bucket becomes full, at least one.
    #[must_use]
    pub fn window_s(&self) -> u64 {
        (self.burst * self.period_s).div_ceil(self.count)
    }

    /// What a process may spend before it settles.
    #[must_use]
    pub fn lease(&self) -> u64 {
        (self.burst / LEASES_PER_BURST).max(1)
    }

    /// The time in which one request is filled in.
    pub(super) fn interval(&self) -> Micros {
        Micros(self.period_s * 1_000_000 / self.count)
    }

    /// The time in which an empty bucket becomes full.
    pub(super) fn tolerance(&self) -> Micros {
        self.interval().times(self.burst)
    }
}

impl FromStr for Budget {
    type Err = ();

    /// Reads `100/s`, `60/m burst 100` or `30/h burst 10`. Without a burst it is the count.
    fn from_str(text: &str) -> Result<Self, ()> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (rate, burst) = match words[..] {
            [rate] => (rate, None),
            [rate, "burst", burst] => (rate, Some(burst)),
            _ => return Err(()),
        };
        let (count, unit) = rate.split_once('/').ok_or(())?;
        let period_s = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => return Err(()),
        };
        let number = |text: &str| text.parse().map_err(drop);
        let count: u64 = number(count)?;
        let burst: u64 = burst.map_or(Ok(count), number)?;
        let is_count = |number: &u64| (1..=COUNT_MAX).contains(number);
        let is_right = is_count(&count) && is_count(&burst);
        is_right
            .then_some(Self::new(count, period_s, burst))
            .ok_or(())
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.period_s {
            1 => "s",
            60 => "m",
            _ => "h",
        };
        write!(f, "{}/{unit} burst {}", self.count, self.burst)
    }
}

/// Which budget: those that can be configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetName {
    /// Health and metrics, each address.
    ProbesAddress,
    /// Queries, each address.
    DefaultAddress,
    /// Queries, each person or key.
    DefaultPerson,
    /// Queries, each organization.
    DefaultOrganization,
    /// Commands, each address.
    CommandsAddress,
    /// Commands, each person or key.
    CommandsPerson,
    /// Commands, each organization.
    CommandsOrganization,
    /// Signing up and in, each address.
    CredentialsAddress,
    /// Attempts to sign in, each account.
    CredentialsAccount,
}

impl BudgetName {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::ProbesAddress,
        Self::DefaultAddress,
        Self::DefaultPerson,
        Self::DefaultOrganization,
        Self::CommandsAddress,
        Self::CommandsPerson,
        Self::CommandsOrganization,
        Self::CredentialsAddress,
        Self::CredentialsAccount,
    ];

    /// The key of the configuration.
    #[must_use]
    pub fn setting(self) -> &'static str {
        match self {
            Self::ProbesAddress => "rate_limit_probes_address",
            Self::DefaultAddress => "rate_limit_default_address",
            Self::DefaultPerson => "rate_limit_default_person",
            Self::DefaultOrganization => "rate_limit_default_organization",
            Self::CommandsAddress => "rate_limit_commands_address",
            Self::CommandsPerson => "rate_limit_commands_person",
            Self::CommandsOrganization => "rate_limit_commands_organization",
            Self::CredentialsAddress => "rate_limit_credentials_address",
            Self::CredentialsAccount => "rate_limit_credentials_account",
        }
    }

    /// What holds unless it is configured; docs/adr/0027 says why.
    #[must_use]
    pub fn default(self) -> Budget {
        match self {
            Self::ProbesAddress => Budget::new(20, 1, 100),
            Self::DefaultAddress | Self::DefaultOrganization => Budget::new(600, 1, 2_400),
            Self::DefaultPerson => Budget::new(100, 1, 400),
            Self::CommandsAddress | Self::CommandsOrganization => Budget::new(300, 1, 1_200),
            Self::CommandsPerson => Budget::new(50, 1, 200),
            Self::CredentialsAddress => Budget::new(60, 60, 100),
            Self::CredentialsAccount => Budget::new(30, 3_600, 10),
        }
    }

    fn of(class: Class, kind: SubjectKind) -> Self {
        match (class, kind) {
            (_, SubjectKind::Account) => Self::CredentialsAccount,
            (Class::Probes, SubjectKind::Address) => Self::ProbesAddress,
            (Class::Default | Class::Probes, SubjectKind::Person | SubjectKind::ApiKey) => {
                Self::DefaultPerson
            }
            (Class::Default | Class::Probes, SubjectKind::Organization) => {
                Self::DefaultOrganization
            }
            (Class::Default, SubjectKind::Address) => Self::DefaultAddress,
            (Class::Commands, SubjectKind::Address) => Self::CommandsAddress,
            (Class::Credentials, SubjectKind::Address) => Self::CredentialsAddress,
            (Class::Commands | Class::Credentials, SubjectKind::Person | SubjectKind::ApiKey) => {
                Self::CommandsPerson
            }
            (Class::Commands | Class::Credentials, SubjectKind::Organization) => {
                Self::CommandsOrganization
            }
        }
    }
}

/// The budgets of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budgets([Budget; BudgetName::ALL.len()]);

impl Default for Budgets {
    fn default() -> Self {
        Self(BudgetName::ALL.map(BudgetName::default))
    }
}

impl Budgets {
    /// With another one in the place of a default.
    #[must_use]
    pub fn with(mut self, name: BudgetName, budget: Budget) -> Self {
        self.0[name as usize] = budget;
        self
    }

    /// What a kind of subject may ask of a class of routes.
    #[must_use]
    pub fn of(&self, class: Class, kind: SubjectKind) -> Budget {
        self.0[BudgetName::of(class, kind) as usize]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_budget_is_read_as_it_is_written() {
        for text in ["100/s burst 400", "60/m burst 100", "30/h burst 10"] {
            assert_eq!(text.parse::<Budget>().unwrap().to_string(), text);
        }
        assert_eq!("7/m".parse::<Budget>().unwrap().to_string(), "7/m burst 7");
    }

    #[test]
    fn what_is_no_budget_is_refused() {
        for text in [
            "",
            "100",
            "100/d",
            "/s",
            "0/s",
            "5/s burst 0",
            "5/s burst",
            "5/s bust 9",
            "-1/s",
            "1000001/s",
            "5/s burst 9 9",
        ] {
            assert!(text.parse::<Budget>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_name_stands_at_its_place() {
        for (place, name) in BudgetName::ALL.into_iter().enumerate() {
            assert_eq!(name as usize, place);
        }
    }

    #[test]
    fn the_window_is_the_time_to_fill_the_bucket() {
        assert_eq!("100/s burst 400".parse::<Budget>().unwrap().window_s(), 4);
        assert_eq!("30/h burst 10".parse::<Budget>().unwrap().window_s(), 1_200);
        assert_eq!("600/s burst 1".parse::<Budget>().unwrap().window_s(), 1);
    }
}

//! The types of single settings.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A value that must not be shown: its `Debug` form hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that needs it. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

/// A part that a process can play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Serves commands and queries over HTTP.
    Api,
    /// Keeps the read models and caches up to the log.
    Projector,
    /// Runs the SLA saga and its timers.
    Saga,
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "api" => Ok(Self::Api),
            "projector" => Ok(Self::Projector),
            "saga" => Ok(Self::Saga),
            _ => Err(()),
        }
    }
}

/// The parts that a process plays; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// All roles.
    #[must_use]
    pub fn all() -> Self {
        Self(BTreeSet::from([Role::Api, Role::Projector, Role::Saga]))
    }

    /// Whether the process plays `role`.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl FromStr for Roles {
    type Err = ();

    /// Reads a list such as `api,saga`.
    fn from_str(text: &str) -> Result<Self, ()> {
        text.split(',')
            .map(|role| role.trim().parse())
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Whether something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

impl Switch {
    pub(super) fn is_on(self) -> bool {
        self == Self::On
    }
}

impl FromStr for Switch {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err(()),
        }
    }
}

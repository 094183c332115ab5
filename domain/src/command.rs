//! What every command carries beside its own words: who issued it, when, and under which settings.

use crate::actor::Actor;
use crate::organization::settings::Settings;
use crate::sla::terms::Terms;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// A command as it was issued.
#[derive(Debug, Clone)]
pub struct Issued<C> {
    /// Who asks.
    pub actor: Actor,
    /// The business time of the command, in whole microseconds, because that is what the log keeps: a state that was
    /// decided and one that was read back must hold the same deadlines. Imports set it to the time of the original act.
    pub now: DateTime<Utc>,
    /// The organization's settings as they stood when the command was issued.
    pub settings: Arc<Settings>,
    /// What is promised by which calendars, as it stood then. Empty for commands that have nothing to do with it.
    pub terms: Arc<Terms>,
    /// What is asked.
    pub command: C,
}

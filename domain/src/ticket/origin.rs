//! Whose doing each event of a decision is: that of who issued the command, or of a clock that warned meanwhile.

use super::event::TicketEvent;

/// Where an event of a decision comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The command.
    Command,
    /// A clock, whoever issued the command.
    Clock,
    /// The warning at this index of the decision.
    Warning(usize),
}

/// The origin of each event of a decision. A warning says how many of the events behind it are its effects.
#[must_use]
pub fn origins(events: &[TicketEvent]) -> Vec<Origin> {
    let mut origins = Vec::with_capacity(events.len());
    let mut caused = 0..0;
    let mut warning = 0;
    for (index, event) in events.iter().enumerate() {
        if let TicketEvent::SlaWarned(warned) = event {
            warning = index;
            caused = index + 1..index + 1 + warned.effects.len();
            origins.push(Origin::Clock);
        } else if caused.contains(&index) {
            origins.push(Origin::Warning(warning));
        } else {
            origins.push(Origin::Command);
        }
    }
    origins
}

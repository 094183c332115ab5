//! What of a ticket its requester may see.

use super::event::TicketEvent;

impl TicketEvent {
    /// Whether the requester may see this event: the opening, replies, status, priority, subject, reminders and follow-ups.
    /// Not: notes, assignments, tags, custom fields, service levels.
    #[must_use]
    pub fn is_public(&self) -> bool {
        match self {
            Self::Opened(_)
            | Self::CustomerReplied(_)
            | Self::AgentReplied(_)
            | Self::PriorityChanged(_)
            | Self::SubjectChanged(_)
            | Self::StatusChanged(_)
            | Self::Resolved(_)
            | Self::Closed(_)
            | Self::Reopened(_)
            | Self::Reminded(_)
            | Self::FollowUpOpened(_) => true,
            Self::NoteAdded(_)
            | Self::Assigned(_)
            | Self::Tagged(_)
            | Self::Untagged(_)
            | Self::CustomFieldSet(_)
            | Self::RemindersSet(_)
            | Self::SlaBreached(_)
            | Self::SlaWarned(_)
            | Self::SlaApplied(_) => false,
        }
    }
}

//! Tickets as they were written into answers a moment ago, so that one that many look at is written once.
//!
//! A text is given out for the very row that it was written from, so it is never older than the row.

use std::sync::Arc;
use std::time::Duration;

use event_store::OrgId;
use moka::sync::Cache;
use platform::http::json_text::JsonText;
use platform::http::views::TicketView;
use platform::kept;
use platform::rows::TicketRow;
use uuid::Uuid;

use super::views;
use crate::viewer::Viewer;

/// How long a text is kept, also one that nobody asks for any more: it holds what people wrote.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// Texts that are kept; a few kilobytes each at most.
const TEXTS_MAX: u64 = 4_096;

#[derive(Clone)]
pub(super) struct Renderings(Cache<Shape, Arc<Rendering>>);

/// Of which ticket a text is, and for whom. Views of one row differ by nothing else.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Shape {
    org_id: OrgId,
    ticket_id: Uuid,
    staff: bool,
}

struct Rendering {
    row: TicketRow,
    text: JsonText<TicketView>,
}

impl Renderings {
    pub(super) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(TEXTS_MAX)
            .time_to_live(KEPT_FOR)
            .build();
        Self(cache)
    }

    /// The ticket as the viewer may see it.
    pub(super) fn ticket(&self, row: &TicketRow, viewer: &Viewer) -> JsonText<TicketView> {
        let shape = Shape {
            org_id: viewer.tenant.org_id,
            ticket_id: row.ticket_id.0,
            staff: viewer.is_staff(),
        };
        let kept = self.0.get(&shape);
        if let Some(kept) = kept.filter(|kept| kept.row == *row) {
            return kept.text.clone();
        }
        let text = JsonText::of(&views::ticket(row.clone(), viewer));
        let kept = Rendering {
            row: row.clone(),
            text: text.clone(),
        };
        self.0.insert(shape, Arc::new(kept));
        kept::count("ticket_texts", &self.0);
        text
    }
}

//! What the load does: a seeded choice among everything that people do with tickets.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use uuid::Uuid;

use crate::ledger::{Intent, Status};
use crate::scene::desk::Organization;

const TAGS: [&str; 6] = ["fire", "printer", "vip", "billing", "network", "urgent"];
const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];

/// What is done next with a ticket that is known.
pub(super) fn intent(random: &mut StdRng, ticket: Uuid, organization: &Organization) -> Intent {
    let tag = |random: &mut StdRng| TAGS.choose(random).copied().unwrap_or("fire").to_owned();
    match random.random_range(0..100) {
        0..12 => Intent::Open,
        12..24 => Intent::Reply {
            ticket,
            by_customer: true,
        },
        24..40 => Intent::Reply {
            ticket,
            by_customer: false,
        },
        40..48 => Intent::Note { ticket },
        48..58 => Intent::Tag {
            ticket,
            tag: tag(random),
        },
        58..62 => Intent::Untag {
            ticket,
            tag: tag(random),
        },
        62..70 => Intent::Assign {
            ticket,
            agent: organization
                .agents
                .choose(random)
                .copied()
                .unwrap_or_default(),
        },
        70..80 => {
            let to = [Status::Open, Status::Pending, Status::OnHold];
            let to = to.choose(random).copied().unwrap_or(Status::Open);
            Intent::SetStatus { ticket, to }
        }
        80..86 => {
            let to = PRIORITIES.choose(random).copied().unwrap_or("normal");
            Intent::SetPriority {
                ticket,
                to: to.to_owned(),
            }
        }
        86..94 => Intent::Resolve { ticket },
        _ => Intent::Reopen { ticket },
    }
}

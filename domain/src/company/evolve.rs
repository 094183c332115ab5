//! What a company's events mean, and those of a mail domain.

use super::event::{CompanyEvent, DomainClaimEvent};
use super::state::{Company, DomainClaim, PresentCompany};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// The state after an event. An event that its stream cannot begin with leaves an absent company absent.
#[must_use]
pub fn evolve(state: Company, event: &CompanyEvent, _at: DateTime<Utc>) -> Company {
    let mut company = match (state, event) {
        (_, CompanyEvent::Created(e)) => PresentCompany {
            name: e.name.clone(),
            domains: BTreeSet::new(),
        },
        (Company::Absent, _) => return Company::Absent,
        (Company::Present(company), _) => company,
    };
    match event {
        CompanyEvent::Created(_) => {}
        CompanyEvent::Renamed(e) => company.name = e.to.clone(),
        CompanyEvent::DomainAdded(e) => {
            company.domains.insert(e.domain.clone());
        }
        CompanyEvent::DomainRemoved(e) => {
            company.domains.remove(&e.domain);
        }
    }
    Company::Present(company)
}

/// Which company has a mail domain after an event.
#[must_use]
pub fn evolve_claim(
    _state: DomainClaim,
    event: &DomainClaimEvent,
    _at: DateTime<Utc>,
) -> DomainClaim {
    match event {
        DomainClaimEvent::Claimed(e) => DomainClaim {
            held_by: Some(e.company_id),
        },
        DomainClaimEvent::Released(_) => DomainClaim { held_by: None },
    }
}

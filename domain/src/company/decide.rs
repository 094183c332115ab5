//! What a company's commands may do, and which company may hold a mail domain.

use super::command::CompanyCommand;
use super::error::CompanyError;
use super::event::{
    CompanyCreated, CompanyDomainAdded, CompanyDomainRemoved, CompanyEvent, CompanyRenamed,
    DomainClaimEvent, MailDomainClaimed, MailDomainReleased,
};
use super::is_public_provider;
use super::state::{Company, DomainClaim, PresentCompany};
use crate::command::Issued;
use crate::ids::CompanyId;
use crate::text::{MailDomain, Name};
use std::collections::BTreeSet;

/// The events that a command yields; none when it changes nothing.
///
/// # Errors
/// When the command is refused. Permission comes first, so that a refusal does not tell whether the company exists.
pub fn decide(
    state: &Company,
    _id: CompanyId,
    issued: &Issued<CompanyCommand>,
) -> Result<Vec<CompanyEvent>, CompanyError> {
    if !issued.actor.sets_teams() {
        return Err(CompanyError::NotAllowed);
    }
    match (&issued.command, state) {
        (CompanyCommand::Create { .. }, Company::Present(_)) => Err(CompanyError::AlreadyExists),
        (CompanyCommand::Create { name, domains }, Company::Absent) => {
            let created = CompanyCreated { name: name.clone() }.into();
            let added = change_domains(&BTreeSet::new(), domains)?;
            Ok(std::iter::once(created).chain(added).collect())
        }
        (CompanyCommand::Update { .. }, Company::Absent) => Err(CompanyError::NotFound),
        (CompanyCommand::Update { name, domains }, Company::Present(company)) => {
            update(company, name.as_ref(), domains.as_ref())
        }
    }
}

fn update(
    company: &PresentCompany,
    name: Option<&Name>,
    domains: Option<&BTreeSet<MailDomain>>,
) -> Result<Vec<CompanyEvent>, CompanyError> {
    let mut events = Vec::new();
    if let Some(to) = name.filter(|name| **name != company.name) {
        events.push(
            CompanyRenamed {
                from: company.name.clone(),
                to: to.clone(),
            }
            .into(),
        );
    }
    if let Some(domains) = domains {
        events.extend(change_domains(&company.domains, domains)?);
    }
    Ok(events)
}

/// Those that go, then those that come, each in alphabetical order.
fn change_domains(
    from: &BTreeSet<MailDomain>,
    to: &BTreeSet<MailDomain>,
) -> Result<Vec<CompanyEvent>, CompanyError> {
    if to.len() > PresentCompany::MAX_DOMAINS {
        return Err(CompanyError::TooManyDomains);
    }
    if let Some(public) = to.iter().find(|domain| is_public_provider(domain)) {
        return Err(CompanyError::PublicProvider(public.clone()));
    }
    let removed = from.difference(to).cloned();
    let removed = removed.map(|domain| CompanyDomainRemoved { domain }.into());
    let added = to.difference(from).cloned();
    let added = added.map(|domain| CompanyDomainAdded { domain }.into());
    Ok(removed.chain(added).collect())
}

/// Takes a mail domain for a company; nothing to do when it has it already.
///
/// # Errors
/// When another company has it.
pub fn claim(
    state: &DomainClaim,
    company: CompanyId,
    domain: &MailDomain,
) -> Result<Option<DomainClaimEvent>, CompanyError> {
    match state.held_by {
        None => Ok(Some(
            MailDomainClaimed {
                company_id: company,
            }
            .into(),
        )),
        Some(holder) if holder == company => Ok(None),
        Some(_) => Err(CompanyError::DomainTaken(domain.clone())),
    }
}

/// Gives a mail domain up; nothing to do when the company does not have it.
#[must_use]
pub fn release(state: &DomainClaim, company: CompanyId) -> Option<DomainClaimEvent> {
    (state.held_by == Some(company)).then(|| {
        MailDomainReleased {
            company_id: company,
        }
        .into()
    })
}

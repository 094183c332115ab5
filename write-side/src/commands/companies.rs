//! Companies are made and changed, and customers are grouped into them. A mail domain belongs to one company of its
//! organization: each has a stream of its own that says which, appended in the same transaction (the reservation pattern).

use super::{CompanyAnswer, UserAnswer};
use crate::dispatch::{CommandError, Refusal, UseCase, Work};
use domain::company::command::CompanyCommand;
use domain::company::state::{Company, DomainClaim};
use domain::ids::{CompanyId, UserId};
use domain::text::{Email, MailDomain, Name};
use domain::user::command::UserCommand;
use domain::user::state::User;
use std::collections::BTreeSet;

/// Makes a company.
#[derive(Debug, Clone)]
pub struct CreateCompany {
    /// Its id, fresh.
    pub company_id: CompanyId,
    /// What people read.
    pub name: Name,
    /// New customers with an address of one of these belong to it.
    pub domains: BTreeSet<MailDomain>,
}

impl UseCase for CreateCompany {
    type Answer = CompanyAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<CompanyAnswer, CommandError> {
        work.create::<Company>(self.company_id.0);
        let command = CompanyCommand::Create {
            name: self.name.clone(),
            domains: self.domains.clone(),
        };
        work.issue::<Company>(self.company_id, command).await?;
        reserve(work, self.company_id, &BTreeSet::new()).await?;
        CompanyAnswer::of(work, self.company_id).await
    }
}

/// Changes what is given of a company.
#[derive(Debug, Clone)]
pub struct ChangeCompany {
    /// The company.
    pub company_id: CompanyId,
    /// The new name.
    pub name: Option<Name>,
    /// All domains from now on.
    pub domains: Option<BTreeSet<MailDomain>>,
}

impl UseCase for ChangeCompany {
    type Answer = CompanyAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<CompanyAnswer, CommandError> {
        work.address(self.company_id.0);
        let before = domains_of(work, self.company_id).await?;
        let command = CompanyCommand::Update {
            name: self.name.clone(),
            domains: self.domains.clone(),
        };
        work.issue::<Company>(self.company_id, command).await?;
        reserve(work, self.company_id, &before).await?;
        CompanyAnswer::of(work, self.company_id).await
    }
}

/// Puts a customer into a company, or into none.
#[derive(Debug, Clone, Copy)]
pub struct GroupUser {
    /// The customer.
    pub user_id: UserId,
    /// The company.
    pub company_id: Option<CompanyId>,
}

impl UseCase for GroupUser {
    type Answer = UserAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<UserAnswer, CommandError> {
        work.address(self.user_id.0);
        if let Some(company_id) = self.company_id {
            work.check_company(company_id).await?;
        }
        let company_id = self.company_id;
        work.issue::<User>(self.user_id, UserCommand::SetCompany { company_id })
            .await?;
        UserAnswer::of(work, self.user_id).await
    }
}

async fn domains_of(
    work: &mut Work<'_>,
    id: CompanyId,
) -> Result<BTreeSet<MailDomain>, CommandError> {
    match work.state::<Company>(id.0).await? {
        Company::Present(company) => Ok(company.domains.clone()),
        Company::Absent => Ok(BTreeSet::new()),
    }
}

/// Takes the mail domains that the company has now, and gives those up that it had before.
async fn reserve(
    work: &mut Work<'_>,
    id: CompanyId,
    before: &BTreeSet<MailDomain>,
) -> Result<(), CommandError> {
    let after = domains_of(work, id).await?;
    for domain in after.difference(before) {
        let stream = domain::company::domain_claim_id(work.organization_id(), domain);
        let state = work.state::<DomainClaim>(stream).await?;
        let claimed = domain::company::decide::claim(state, id, domain);
        let event = claimed.map_err(|error| Refusal::Conflict {
            detail: error.to_string(),
            pointer: Some("/domains"),
        })?;
        work.record::<DomainClaim>(stream, event.into_iter().collect())?;
    }
    for domain in before.difference(&after) {
        let stream = domain::company::domain_claim_id(work.organization_id(), domain);
        let state = work.state::<DomainClaim>(stream).await?;
        let event = domain::company::decide::release(state, id);
        work.record::<DomainClaim>(stream, event.into_iter().collect())?;
    }
    Ok(())
}

/// Puts a customer into the company of their address's domain, if one has it. Nobody can act as them without having shown
/// that the address is theirs, so it need not have been shown yet.
pub(super) async fn group_by_address(
    work: &mut Work<'_>,
    user_id: UserId,
    email: &Email,
) -> Result<(), CommandError> {
    let company_id = company_of_address(work, Some(email)).await?;
    if company_id.is_some() {
        group(work, user_id, company_id).await?;
    }
    Ok(())
}

/// A customer who was in the company of their former address's domain, or in none, goes with their address. Who was
/// grouped by hand stays.
pub(super) async fn regroup_by_address(
    work: &mut Work<'_>,
    user_id: UserId,
    former: Option<&Email>,
    email: Option<&Email>,
) -> Result<(), CommandError> {
    let of_former = company_of_address(work, former).await?;
    let present = match work.state::<User>(user_id.0).await? {
        User::Present(user) => user.company_id,
        User::Absent => return Ok(()),
    };
    if present.is_some() && present != of_former {
        return Ok(());
    }
    let company_id = company_of_address(work, email).await?;
    group(work, user_id, company_id).await
}

async fn group(
    work: &mut Work<'_>,
    user_id: UserId,
    company_id: Option<CompanyId>,
) -> Result<(), CommandError> {
    let event = match work.state::<User>(user_id.0).await? {
        User::Present(user) => domain::user::decide::group(user, company_id),
        User::Absent => None,
    };
    work.record::<User>(user_id.0, event.into_iter().collect())
}

async fn company_of_address(
    work: &mut Work<'_>,
    email: Option<&Email>,
) -> Result<Option<CompanyId>, CommandError> {
    let Some(domain) = email.and_then(Email::domain) else {
        return Ok(None);
    };
    let stream = domain::company::domain_claim_id(work.organization_id(), &domain);
    Ok(work.state::<DomainClaim>(stream).await?.held_by)
}

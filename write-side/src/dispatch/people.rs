//! What the log says of people and organizations at this moment, for those who have to know before any command: who signs
//! in, and as whom.

use domain::ids::{OrganizationId, UserId};
use domain::organization::state::{Organization, PresentOrganization};
use domain::text::Email;
use domain::user::state::{EmailClaim, PresentUser, User};
use event_store::{OrgId, Version};
use uuid::Uuid;

use super::aggregate::Aggregate;
use super::states::Place;
use super::{CommandError, Dispatcher};

/// A person as the log has them.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who they are.
    pub user: PresentUser,
    /// How many events their stream has.
    pub version: Version,
}

impl Dispatcher {
    async fn place(&self, organization_id: OrganizationId) -> Result<Place, CommandError> {
        Ok(Place {
            partition: self.partition(organization_id).await?,
            org_id: OrgId(organization_id.0),
        })
    }

    /// A person of an organization; none when they never joined.
    ///
    /// # Errors
    /// When there is no such organization, or the log cannot be read.
    pub async fn person(
        &self,
        organization_id: OrganizationId,
        user_id: UserId,
    ) -> Result<Option<Person>, CommandError> {
        let place = self.place(organization_id).await?;
        let known = User::cache(&self.inner.caches)
            .refresh(self.log(), place, user_id.0)
            .await?;
        Ok(match &known.state {
            User::Present(user) => Some(Person {
                user: user.clone(),
                version: known.version,
            }),
            User::Absent => None,
        })
    }

    /// An aggregate of an organization as the log has it.
    pub(crate) async fn aggregate<A: Aggregate>(
        &self,
        organization_id: OrganizationId,
        id: Uuid,
    ) -> Result<A, CommandError> {
        let place = self.place(organization_id).await?;
        let known = A::cache(&self.inner.caches)
            .refresh(self.log(), place, id)
            .await?;
        Ok(known.state.clone())
    }

    /// Who has an e-mail address in an organization.
    ///
    /// # Errors
    /// When there is no such organization, or the log cannot be read.
    pub async fn holder_of(
        &self,
        organization_id: OrganizationId,
        email: &Email,
    ) -> Result<Option<UserId>, CommandError> {
        let place = self.place(organization_id).await?;
        let id = domain::user::email_claim_id(organization_id, email);
        let known = EmailClaim::cache(&self.inner.caches)
            .refresh(self.log(), place, id)
            .await?;
        Ok(known.state.held_by)
    }

    /// An organization; none when its stream has not begun.
    ///
    /// # Errors
    /// When it was never placed, or the log cannot be read.
    pub async fn organization(
        &self,
        organization_id: OrganizationId,
    ) -> Result<Option<PresentOrganization>, CommandError> {
        let place = self.place(organization_id).await?;
        let known = Organization::cache(&self.inner.caches)
            .refresh(self.log(), place, organization_id.0)
            .await?;
        Ok(match &known.state {
            Organization::Present(present) => Some(PresentOrganization::clone(present)),
            Organization::Absent => None,
        })
    }
}

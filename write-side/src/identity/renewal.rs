//! Staying signed in: new tokens for a refresh token.

use domain::ids::{OrganizationId, SessionId, SignOnProviderId};
use domain::organization::state::Standing;
use domain::security::event::{RefreshTokenReused, SessionEnded};
use domain::security::words::SessionEnd;

use super::accounts::{self, Membership};
use super::error::IdentityError;
use super::record;
use super::refreshing::{self, Refreshed};
use super::sessions::{self, Owner};
use super::sign_in::SignedIn;
use super::{Identity, Member, Origin};

impl Identity {
    /// Gives new tokens for a refresh token.
    ///
    /// # Errors
    /// [`IdentityError::Spent`] when it is not good, or not any more.
    pub async fn refresh(&self, token: &str, origin: &Origin) -> Result<SignedIn, IdentityError> {
        let spent = IdentityError::Spent("refresh token");
        let client = self.client().await?;
        let refreshed = refreshing::refresh(
            &client,
            token,
            self.access_until(),
            &self.inner.ended,
            self.now(),
        )
        .await?;
        // Given back before the log is asked, which takes connections of the same pool.
        drop(client);
        let (owner, started, provider) = match refreshed {
            Refreshed::Renewed {
                owner,
                started,
                provider,
            } => (owner, started, provider),
            Refreshed::Suspended => return Err(IdentityError::OrganizationSuspended),
            Refreshed::Refused => return Err(spent),
            Refreshed::Reused { owner, session_id } => {
                self.inner.ended.note(session_id);
                self.tell_of_reuse(&owner, session_id, origin).await?;
                return Err(spent);
            }
        };
        match self.member_who_goes_on(&owner, provider).await? {
            Some((member, has_second_factor)) => {
                self.signed_in(&member, has_second_factor, started)
            }
            None if self.is_shut(owner.organization_id).await? => {
                Err(IdentityError::OrganizationSuspended)
            }
            None => {
                let client = self.client().await?;
                let reason = SessionEnd::Deactivated;
                sessions::end(&client, &owner, started.session_id, reason).await?;
                self.inner.ended.note(started.session_id);
                Err(spent)
            }
        }
    }

    /// The person of a session, unless they may not act any more or got another address since, and whether a second factor
    /// is seen to.
    async fn member_who_goes_on(
        &self,
        owner: &Owner,
        provider: Option<SignOnProviderId>,
    ) -> Result<Option<(Member, bool)>, IdentityError> {
        if let Some(provider) = provider {
            return self.member_by_provider(owner, provider).await;
        }
        let membership = Membership {
            organization_id: owner.organization_id,
            partition: owner.partition,
            user_id: owner.user_id,
        };
        let client = self.client().await?;
        let (organization_id, user_id) = (membership.organization_id, membership.user_id);
        let account = accounts::of_user(&client, organization_id, user_id).await?;
        drop(client);
        let Some(account) = account else {
            return Ok(None);
        };
        let member = self.member(membership).await?;
        let member = member.filter(|member| member.has_address_of(&account));
        Ok(member.map(|member| (member, account.has_second_factor)))
    }

    /// Whether an organization was shut since this server last looked.
    async fn is_shut(&self, organization_id: OrganizationId) -> Result<bool, IdentityError> {
        let found = self.inner.dispatcher.organization(organization_id).await?;
        Ok(found.is_some_and(|it| it.standing != Standing::Active))
    }

    async fn tell_of_reuse(
        &self,
        owner: &Owner,
        session_id: SessionId,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let client = self.client().await?;
        let (by, user_id) = (self.by_service(origin), owner.user_id);
        let reused = RefreshTokenReused {
            user_id,
            session_id,
        };
        record::write(&**client, &by, owner.organization_id, reused).await?;
        let ended = SessionEnded {
            user_id,
            session_id,
            reason: SessionEnd::TokenReused,
        };
        record::write(&**client, &by, owner.organization_id, ended).await?;
        self.wake_recorder();
        Ok(())
    }
}

//! The sessions of people: seen and ended by themselves and by admins.

use domain::ids::{OrganizationId, SessionId, UserId};
use domain::security::event::SessionEnded;
use domain::security::words::SessionEnd;
use platform::auth::Principal;

use super::error::IdentityError;
use super::record;
use super::sessions::{self, Owner};
use super::{Identity, Origin, session_of, within};

impl Identity {
    /// Ends the session of a request.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn sign_out(
        &self,
        principal: &Principal,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let (organization_id, user_id) = (principal.organization_id, principal.user_id);
        let owner = self.owner_of(organization_id, user_id).await?;
        let session_id = session_of(principal)?;
        let ended = self.end(
            principal,
            &owner,
            Some(session_id),
            SessionEnd::SignedOut,
            origin,
        );
        ended.await.map(drop)
    }

    /// Ends sessions of a person and tells of it; how many that were.
    async fn end(
        &self,
        principal: &Principal,
        owner: &Owner,
        only: Option<SessionId>,
        reason: SessionEnd,
        origin: &Origin,
    ) -> Result<usize, IdentityError> {
        let mut client = self.client().await?;
        let tx = within(&mut client, owner.organization_id).await?;
        let ended = sessions::end_of_user(&tx, owner, only, reason).await?;
        let by = self.by_person(principal, origin);
        for session_id in &ended {
            let told = SessionEnded {
                user_id: owner.user_id,
                session_id: *session_id,
                reason,
            };
            record::write(&*tx, &by, owner.organization_id, told).await?;
        }
        tx.commit().await?;
        self.wake_recorder();
        for session in &ended {
            self.inner.ended.note(*session);
        }
        Ok(ended.len())
    }

    /// Whether an organization has this person.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn exists(
        &self,
        organization_id: OrganizationId,
        user_id: UserId,
    ) -> Result<bool, IdentityError> {
        let person = self.inner.dispatcher.person(organization_id, user_id);
        Ok(person.await?.is_some())
    }

    /// The sessions of a person that run.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn sessions_of(
        &self,
        organization_id: OrganizationId,
        user_id: UserId,
    ) -> Result<Vec<sessions::Listed>, IdentityError> {
        let owner = self.owner_of(organization_id, user_id).await?;
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        sessions::list(&tx, &owner, self.now()).await
    }

    /// Ends one of a person's own sessions.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] when it does not run.
    pub async fn end_own_session(
        &self,
        principal: &Principal,
        session: SessionId,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let (organization_id, user_id) = (principal.organization_id, principal.user_id);
        let owner = self.owner_of(organization_id, user_id).await?;
        let reason = SessionEnd::EndedByOwner;
        match self
            .end(principal, &owner, Some(session), reason, origin)
            .await?
        {
            0 => Err(IdentityError::NotFound("the session")),
            _ => Ok(()),
        }
    }

    /// Ends all sessions of a person of the same organization.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn end_sessions_of(
        &self,
        principal: &Principal,
        user_id: UserId,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let owner = self.owner_of(principal.organization_id, user_id).await?;
        let reason = SessionEnd::EndedByAdmin;
        let ended = self.end(principal, &owner, None, reason, origin);
        ended.await.map(drop)
    }

    async fn owner_of(
        &self,
        organization_id: OrganizationId,
        user_id: UserId,
    ) -> Result<Owner, IdentityError> {
        let partition = self.inner.dispatcher.partition(organization_id).await?;
        Ok(Owner {
            partition,
            organization_id,
            user_id,
        })
    }
}

//! Invitations: an admin lets a person of the organization in, who then chooses a password or uses the login they have.

use credentials::password::{OwnNames, Strength};
use credentials::token::{Token, TokenKind};
use domain::ids::{InvitationId, OrganizationId, UserId};
use domain::security::event::{EmailVerified, InvitationAccepted, InvitationSent};
use domain::text::Email;
use platform::auth::Principal;
use platform::mail::Letter;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::accounts::{self, Membership};
use super::challenges::{self, NewChallenge, Purpose};
use super::error::IdentityError;
use super::record;
use super::{Identity, Origin};

#[derive(Serialize, Deserialize)]
struct Invited {
    organization_id: OrganizationId,
    user_id: UserId,
    /// The address that the link went to. Another one by now: the link is void.
    email: Email,
}

impl Identity {
    /// Mails a person of the organization a link by which they get in. A former link is void.
    ///
    /// # Errors
    /// When there is no such person, or they have no address.
    pub async fn invite(
        &self,
        principal: &Principal,
        user_id: UserId,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let (organization_id, dispatcher) = (principal.organization_id, &self.inner.dispatcher);
        let (person, inviter, organization) = tokio::try_join!(
            dispatcher.person(organization_id, user_id),
            dispatcher.person(organization_id, principal.user_id),
            dispatcher.organization(organization_id),
        )?;
        let person = person.ok_or(IdentityError::NotFound("the user"))?;
        let email = person.user.email.filter(|_| person.user.active);
        let email = email.ok_or_else(|| IdentityError::Conflict {
            detail: "this user has no e-mail address or is not active".to_owned(),
            pointer: None,
        })?;
        let token = Token::generate(TokenKind::Invitation).map_err(super::internal)?;
        let id = Uuid::now_v7();
        let new = NewChallenge {
            id,
            purpose: Purpose::Invitation,
            hash: token.hash(),
            subject: &format!("{organization_id}:{user_id}"),
            data: &Invited {
                organization_id,
                user_id,
                email: email.clone(),
            },
        };
        let letter = Letter::Invitation {
            organization: organization.map_or_else(String::new, |it| it.name.to_string()),
            inviter: inviter.map_or_else(String::new, |it| it.user.name.to_string()),
            token: token.as_str().to_owned(),
            valid_minutes: Purpose::Invitation.valid_minutes(),
        };
        let sent = InvitationSent {
            user_id,
            invitation_id: InvitationId(id),
            email: email.clone(),
            role: person.user.role,
        };
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        challenges::create(&tx, new, self.now()).await?;
        self.post(&tx, &email, &letter).await?;
        let by = self.by_person(principal, origin);
        record::write(&*tx, &by, organization_id, sent).await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        self.wake_recorder();
        Ok(())
    }

    /// Lets the invited person in: who has no account for the address chooses a password.
    ///
    /// # Errors
    /// [`IdentityError::Spent`] when the link is not good, or not any more; [`IdentityError::Invalid`] when a password is
    /// needed.
    pub async fn accept_invitation(
        &self,
        token: &str,
        password: Option<&str>,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let spent = || IdentityError::Spent("invitation");
        let token = Token::parse(TokenKind::Invitation, token).ok_or_else(spent)?;
        let (client, now, hash) = (self.client().await?, self.now(), token.hash());
        let found = challenges::find::<Invited>(&client, Purpose::Invitation, &hash, now).await;
        let (challenge, invited) = found?;
        let has_account = accounts::by_email(&client, &invited.email).await?.is_some();
        drop(client);
        let partition = self.inner.dispatcher.partition(invited.organization_id);
        let membership = Membership {
            organization_id: invited.organization_id,
            partition: partition.await?,
            user_id: invited.user_id,
        };
        let member = self.member(membership).await?.ok_or_else(spent)?;
        if member.person.user.email.as_ref() != Some(&invited.email) {
            return Err(spent());
        }
        let hash = if has_account {
            None
        } else {
            let names = OwnNames {
                person: member.person.user.name.as_str(),
                email: invited.email.as_str(),
                organizations: &[
                    member.organization_name.as_str(),
                    member.organization_slug.as_str(),
                ],
            };
            let password = password.ok_or_else(|| IdentityError::Invalid {
                pointer: "/password",
                detail: "is needed: there is no account for this address yet".to_owned(),
            })?;
            let alone = Strength::Alone;
            Some(self.hash_new("/password", password, alone, names).await?)
        };
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        challenges::spend(&tx, Purpose::Invitation, challenge, now).await?;
        let password = hash.as_ref().map(|hash| hash.as_str());
        let account = accounts::ensure(&tx, &invited.email, password, now).await?;
        accounts::join(&tx, account.id, membership, now).await?;
        let (by, user_id) = (self.by_service(origin), invited.user_id);
        let accepted = InvitationAccepted {
            user_id,
            invitation_id: InvitationId(challenge),
        };
        record::write(&*tx, &by, invited.organization_id, accepted).await?;
        let verified = EmailVerified { user_id };
        record::write(&*tx, &by, invited.organization_id, verified).await?;
        tx.commit().await?;
        self.wake_recorder();
        Ok(())
    }
}

//! Invitations: an admin lets a person in, who then chooses a password or uses the login they have. Who is no user yet
//! becomes one with the invitation, and ceases to act when it is revoked before they came.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use credentials::password::{OwnNames, Strength};
use credentials::token::{Token, TokenKind};
use domain::actor::Role;
use domain::ids::{InvitationId, OrganizationId, TeamId, UserId};
use domain::security::event::{
    EmailVerified, InvitationAccepted, InvitationRevoked, InvitationSent,
};
use domain::text::{Email, Name};
use domain::user::state::PresentUser;
use platform::auth::Principal;
use platform::cursor::{self, Fingerprint, InvalidCursor, Moment};
use platform::mail::Letter;
use platform::page::{Limit, Page};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::accounts::{self, Membership};
use super::challenges::{self, NewChallenge, Purpose};
use super::error::IdentityError;
use super::record;
use super::{Identity, Origin, within};
use crate::commands::{ChangeUser, CreateUser, InviteUser};
use crate::dispatch::CommandContext;

#[derive(Serialize, Deserialize)]
struct Invited {
    organization_id: OrganizationId,
    user_id: UserId,
    /// The address that the link went to. Another one by now: the link is void.
    email: Email,
}

/// Whom an admin wants in the organization.
pub struct Wish {
    /// Where the invitation goes.
    pub email: Email,
    /// What people read; the part of the address before the `@` when nobody said.
    pub name: Option<Name>,
    /// What they may do.
    pub role: Role,
    /// The teams that they are in.
    pub teams: BTreeSet<TeamId>,
}

/// An invitation that waits for its person.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The invited.
    pub user_id: UserId,
    /// Their name.
    pub name: Name,
    /// Where it went.
    pub email: Email,
    /// What they will be.
    pub role: Role,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// Until when its link is good.
    pub expires_at: DateTime<Utc>,
}

/// Open invitations, the newest first: from the beginning, or from where a cursor says.
#[derive(Debug, Clone)]
pub struct InvitationList {
    fingerprint: Fingerprint,
    after: Option<(Moment, Uuid)>,
}

impl InvitationList {
    /// All of them.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none.
    pub fn new(cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of("invitations", &());
        let after = cursor.map(|text| cursor::decode(&fingerprint, text));
        Ok(Self {
            after: after.transpose()?,
            fingerprint,
        })
    }
}

impl Identity {
    /// Makes a user and mails them a link by which they get in.
    ///
    /// # Errors
    /// When the address is taken, a team is not there, or the person may not invite.
    pub async fn invite_new(
        &self,
        principal: &Principal,
        wish: Wish,
        origin: &Origin,
    ) -> Result<Invitation, IdentityError> {
        let user_id = UserId(Uuid::now_v7());
        let name = wish.name.or_else(|| name_of(&wish.email));
        let create = CreateUser {
            user_id,
            name: name.ok_or_else(|| IdentityError::Invalid {
                pointer: "/name",
                detail: "is needed: the address gives none".to_owned(),
            })?,
            email: Some(wish.email),
            role: wish.role,
        };
        let teams = wish.teams;
        let context = command(principal, origin);
        let invite = InviteUser { create, teams };
        self.inner.dispatcher.dispatch(context, invite).await?;
        self.invite(principal, user_id, origin).await
    }

    /// One page of the invitations of an organization that wait for their people. It may be shorter than its limit: those
    /// by which nobody can come any more are left out.
    ///
    /// # Errors
    /// When the database or the log cannot be read.
    pub async fn open_invitations(
        &self,
        organization_id: OrganizationId,
        list: &InvitationList,
        limit: Limit,
    ) -> Result<Page<Invitation>, IdentityError> {
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        let subjects = subjects_of(organization_id);
        let after = list.after.map(|(made_at, id)| (made_at.get(), id));
        let purpose = Purpose::Invitation;
        let rows =
            challenges::open::<Invited>(&tx, purpose, &subjects, after, limit.rows(), self.now());
        let rows = rows.await?;
        tx.commit().await?;
        drop(client);
        let page = Page::cut(rows, limit, &list.fingerprint, |open| {
            (Moment::of_row(open.created_at), open.id)
        });
        let mut invitations = Vec::new();
        for open in page.items {
            let user_id = open.data.user_id;
            let person = self.inner.dispatcher.person(organization_id, user_id);
            // Whoever may not act any more, or has another address by now, cannot come by it.
            let person = person.await?.map(|person| person.user);
            let person = person.filter(|user| user.active);
            let is_theirs = |user: &PresentUser| user.email.as_ref() == Some(&open.data.email);
            if let Some(user) = person.filter(is_theirs) {
                invitations.push(Invitation {
                    id: InvitationId(open.id),
                    user_id,
                    name: user.name,
                    email: open.data.email,
                    role: user.role,
                    sent_at: open.created_at,
                    expires_at: open.expires_at,
                });
            }
        }
        Ok(Page {
            items: invitations,
            next_cursor: page.next_cursor,
        })
    }

    /// Sends an invitation once more, with another link; the former one is void.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] when it does not wait any more.
    pub async fn resend_invitation(
        &self,
        principal: &Principal,
        id: InvitationId,
        origin: &Origin,
    ) -> Result<Invitation, IdentityError> {
        let open = self.open(principal.organization_id, id).await?;
        self.invite(principal, open.data.user_id, origin).await
    }

    /// Makes an invitation void. A person who never came may not act any more, and their address is free again.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] when it does not wait any more.
    pub async fn revoke_invitation(
        &self,
        principal: &Principal,
        id: InvitationId,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let organization_id = principal.organization_id;
        let user_id = self.open(organization_id, id).await?.data.user_id;
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        let spent = challenges::spend(&tx, Purpose::Invitation, id.0, self.now()).await;
        spent.map_err(|error| match error {
            IdentityError::Spent(_) => IdentityError::NotFound("the invitation"),
            error => error,
        })?;
        let revoked = InvitationRevoked {
            user_id,
            invitation_id: id,
        };
        let by = self.by_person(principal, origin);
        record::write(&*tx, &by, organization_id, revoked).await?;
        let has_come = accounts::of_user(&tx, organization_id, user_id).await?;
        tx.commit().await?;
        drop(client);
        self.wake_recorder();
        if has_come.is_none() {
            let leave = ChangeUser {
                user_id,
                name: None,
                email: Some(None),
                role: None,
                active: Some(false),
            };
            let context = command(principal, origin);
            self.inner.dispatcher.dispatch(context, leave).await?;
        }
        Ok(())
    }

    async fn open(
        &self,
        organization_id: OrganizationId,
        id: InvitationId,
    ) -> Result<challenges::Open<Invited>, IdentityError> {
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        let subjects = subjects_of(organization_id);
        let (purpose, now) = (Purpose::Invitation, self.now());
        let open = challenges::open_one(&tx, purpose, &subjects, id.0, now);
        open.await?.ok_or(IdentityError::NotFound("the invitation"))
    }

    /// Mails a person of the organization a link by which they get in. A former link is void.
    ///
    /// # Errors
    /// When there is no such person, or they have no address.
    pub async fn invite(
        &self,
        principal: &Principal,
        user_id: UserId,
        origin: &Origin,
    ) -> Result<Invitation, IdentityError> {
        let (organization_id, dispatcher) = (principal.organization_id, &self.inner.dispatcher);
        let (person, inviter, organization) = tokio::try_join!(
            dispatcher.person(organization_id, user_id),
            dispatcher.person(organization_id, principal.user_id),
            dispatcher.organization(organization_id),
        )?;
        let person = person.ok_or(IdentityError::NotFound("the user"))?;
        let email = person.user.email.clone().filter(|_| person.user.active);
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
            subject: &format!("{}{user_id}", subjects_of(organization_id)),
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
        let tx = within(&mut client, organization_id).await?;
        let sent_at = self.now();
        let expires_at = challenges::create(&tx, new, sent_at).await?;
        let about = vec![user_id.0, principal.user_id.0];
        self.post(&tx, &email, letter, about).await?;
        let by = self.by_person(principal, origin);
        record::write(&*tx, &by, organization_id, sent).await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        self.wake_recorder();
        Ok(Invitation {
            id: InvitationId(id),
            user_id,
            name: person.user.name,
            email,
            role: person.user.role,
            sent_at,
            expires_at,
        })
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

/// What the subjects of an organization's invitations begin with.
fn subjects_of(organization_id: OrganizationId) -> String {
    format!("{organization_id}:")
}

/// What the part of an address before the `@` says.
fn name_of(email: &Email) -> Option<Name> {
    let (local, _) = email.as_str().split_once('@')?;
    let cut: String = local.chars().take(Name::MAX_CHARS).collect();
    Name::parse(&cut).ok()
}

fn command(principal: &Principal, origin: &Origin) -> CommandContext {
    let address = Some(origin.address.clone()).filter(|address| !address.is_empty());
    CommandContext {
        request_id: origin.request_id.clone(),
        source_address: address,
        // Of a key: what its scopes say, and not what the role has that it counts as.
        rights: principal.permissions,
        ..CommandContext::new(principal.organization_id, principal.actor())
    }
}

//! Choosing a password.

use credentials::password::{
    OwnNames, Password, PasswordFormError, PasswordPolicy, PhcString, Strength, WeakPassword,
};
use deadpool_postgres::Transaction;
use domain::actor::Actor;
use domain::ids::{OrganizationId, SessionId, UserId};
use domain::security::event::{PasswordChanged, SessionEnded};
use domain::security::words::{PasswordChange, SessionEnd};
use domain::text::Email;
use platform::auth::Principal;
use platform::mail::Letter;

use super::accounts::{self, Account, Membership};
use super::challenges::{self, Purpose};
use super::error::IdentityError;
use super::record::{self, By};
use super::sessions;
use super::{Identity, Member, Origin, session_of};

impl Identity {
    /// Changes the password of the person of a request. Every other session of the account ends.
    ///
    /// # Errors
    /// When the present password is not right, or the new one is too weak.
    pub async fn change_password(
        &self,
        principal: &Principal,
        present: &str,
        fresh: &str,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let account = self.account_of(principal).await?;
        self.demand_password(&account, "/current_password", present)
            .await?;
        let partition = self.inner.dispatcher.partition(principal.organization_id);
        let partition = partition.await?;
        let member = self
            .member(Membership {
                organization_id: principal.organization_id,
                partition,
                user_id: principal.user_id,
            })
            .await?
            .ok_or(IdentityError::NotFound("the account"))?;
        let fresh = self
            .new_password(&account, &member, "/new_password", fresh)
            .await?;
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let generation =
            accounts::set_password(&tx, account.id, fresh.as_str(), self.now()).await?;
        let session_id = session_of(principal)?;
        sessions::carry_over(&tx, partition, session_id, generation).await?;
        let except = Some(session_id);
        let by = self.by_person(principal, origin);
        self.end_after_change(&tx, &account, except, PasswordChange::Changed, &by)
            .await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        self.wake_recorder();
        Ok(())
    }

    /// Ends the sessions that began with a former password, and tells of the new one in every organization and by mail.
    pub(super) async fn end_after_change(
        &self,
        tx: &Transaction<'_>,
        account: &Account,
        except: Option<SessionId>,
        how: PasswordChange,
        by: &By<'_>,
    ) -> Result<(), IdentityError> {
        // Not of one that the operator chose, who has other ways to tell.
        if how != PasswordChange::Set {
            let changed = Letter::PasswordChanged { at: by.at };
            self.post_to(tx, &account.email, changed, vec![account.id])
                .await?;
        }
        // A link from before would undo what its owner just did.
        let account_id = account.id.to_string();
        challenges::void(tx, Purpose::ResetPassword, &account_id, by.at).await?;
        for membership in accounts::memberships(tx, account.id).await? {
            let user_id = membership.user_id;
            let changed = PasswordChanged { user_id, how };
            record::write(&**tx, by, membership.organization_id, changed).await?;
        }
        let reason = SessionEnd::PasswordChanged;
        for (session_id, organization_id, user_id) in
            sessions::end_of_account(tx, account.id, except, reason).await?
        {
            let told = SessionEnded {
                user_id,
                session_id,
                reason,
            };
            record::write(&**tx, by, organization_id, told).await?;
            self.inner.ended.note(session_id);
        }
        Ok(())
    }

    /// Demands the password of an account once more.
    pub(super) async fn demand_password(
        &self,
        account: &Account,
        pointer: &'static str,
        typed: &str,
    ) -> Result<(), IdentityError> {
        let wrong = || IdentityError::Invalid {
            pointer,
            detail: "is not the present password".to_owned(),
        };
        let password = Password::parse(typed).map_err(|_| wrong())?;
        if self.has_password(account, &password).await? {
            Ok(())
        } else {
            Err(wrong())
        }
    }

    pub(super) async fn new_password(
        &self,
        account: &Account,
        member: &Member,
        pointer: &'static str,
        typed: &str,
    ) -> Result<PhcString, IdentityError> {
        let strength = if account.has_second_factor {
            Strength::WithSecondFactor
        } else {
            Strength::Alone
        };
        let names = OwnNames {
            person: member.person.user.name.as_str(),
            email: &account.email,
            organizations: &[
                member.organization_name.as_str(),
                member.organization_slug.as_str(),
            ],
        };
        self.hash_new(pointer, typed, strength, names).await
    }

    /// The hash of a password that somebody chose.
    pub(super) async fn hash_new(
        &self,
        pointer: &'static str,
        typed: &str,
        strength: Strength,
        names: OwnNames<'_>,
    ) -> Result<PhcString, IdentityError> {
        let password = Password::parse(typed).map_err(|error| malformed(pointer, &error))?;
        let policy = PasswordPolicy::new(strength, names);
        let hashed = self.inner.hasher.hash_new(&password, policy).await?;
        hashed.map_err(|error| weak(pointer, &error))
    }

    /// Lets a person sign in by a password that the operator chose, without a mail. What the account had before goes.
    ///
    /// # Errors
    /// When the password is too weak, or the database cannot be reached.
    pub async fn grant_password(
        &self,
        organization_id: OrganizationId,
        user_id: UserId,
        email: &Email,
        password: &str,
    ) -> Result<(), IdentityError> {
        let partition = self.inner.dispatcher.partition(organization_id).await?;
        let membership = Membership {
            organization_id,
            partition,
            user_id,
        };
        let client = self.client().await?;
        let account = accounts::ensure(&client, email, None, self.now()).await?;
        accounts::join(&client, account.id, membership, self.now()).await?;
        drop(client);
        let member = self.member(membership).await?;
        let member = member.ok_or(IdentityError::NotFound("the user"))?;
        let hash = self
            .new_password(&account, &member, "/password", password)
            .await?;
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        accounts::set_password(&tx, account.id, hash.as_str(), self.now()).await?;
        let by = By {
            actor: Actor::Operator,
            origin: &Origin::none(),
            at: self.now(),
        };
        self.end_after_change(&tx, &account, None, PasswordChange::Set, &by)
            .await?;
        tx.commit().await?;
        self.wake_recorder();
        Ok(())
    }
}

fn malformed(pointer: &'static str, error: &PasswordFormError) -> IdentityError {
    IdentityError::Invalid {
        pointer,
        detail: error.to_string(),
    }
}

fn weak(pointer: &'static str, error: &WeakPassword) -> IdentityError {
    IdentityError::Invalid {
        pointer,
        detail: error.to_string(),
    }
}

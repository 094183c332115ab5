//! Choosing a password.

use credentials::password::{
    OwnNames, Password, PasswordFormError, PasswordPolicy, PhcString, Strength, WeakPassword,
};
use domain::ids::{OrganizationId, UserId};
use domain::text::Email;
use platform::auth::Principal;

use super::accounts::{self, Account, Membership};
use super::error::IdentityError;
use super::sessions;
use super::{Identity, Member};

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
    ) -> Result<(), IdentityError> {
        let client = self.client().await?;
        let account =
            accounts::of_user(&client, principal.organization_id, principal.user_id).await?;
        drop(client);
        let account = account.ok_or(IdentityError::NotFound("the account"))?;
        let wrong = || IdentityError::Invalid {
            pointer: "/current_password",
            detail: "is not the present password".to_owned(),
        };
        let present = Password::parse(present).map_err(|_| wrong())?;
        if !self.has_password(&account, &present).await? {
            return Err(wrong());
        }
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
        sessions::carry_over(&tx, partition, principal.session_id, generation).await?;
        let except = Some(principal.session_id);
        let ended = sessions::end_of_account(&tx, account.id, except, "password_changed").await?;
        tx.commit().await?;
        for (session, ..) in ended {
            self.inner.ended.note(session);
        }
        Ok(())
    }

    async fn new_password(
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
        let client = self.client().await?;
        accounts::set_password(&client, account.id, hash.as_str(), self.now()).await?;
        sessions::end_of_account(&client, account.id, None, "password_changed").await?;
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

//! Who somebody is whom a provider speaks of.

use domain::actor::{Actor, Role};
use domain::ids::{SignOnProviderId, UserId};
use domain::security::event::{SignInFailed, SignOnLinked, SignOnRefused};
use domain::security::sign_on::{EmailStanding, NotAdmitted};
use domain::security::words::{Newcomers, SignInFailure, SignInMethod, SignOnRefusal};
use domain::text::{Email, Name};
use sign_on::{Assertion, Standing};
use uuid::Uuid;

use super::links::{self, NewLink};
use super::providers::{Home, SignOnProvider};
use crate::commands::CreateUser;
use crate::dispatch::{CommandContext, CommandError, Refusal};
use crate::identity::accounts::Membership;
use crate::identity::error::IdentityError;
use crate::identity::record;
use crate::identity::{Identity, Member, Origin, internal};

impl Identity {
    /// The person of the organization whom an identity stands for. The first time it is linked with who has its address, or
    /// with somebody new.
    pub(super) async fn recognize(
        &self,
        home: Home,
        provider: &SignOnProvider,
        assertion: &Assertion,
        origin: &Origin,
    ) -> Result<Member, IdentityError> {
        let client = self.client().await?;
        let link = links::find(&client, home, provider.id, &assertion.subject).await?;
        // Given back before the log is asked, which takes connections of the same pool.
        drop(client);
        if let Some(link) = link {
            let member = self.active(home, link.user_id, origin).await?;
            let email = member.person.user.email.as_ref();
            match email.filter(|email| email.as_str() == link.email) {
                Some(email) if provider.settings.allows(email) => return Ok(member),
                Some(_) => {
                    let failure = SignInFailure::AddressNotAllowed;
                    return self.fail(home, link.user_id, failure, origin).await;
                }
                // An admin gave the person another address, which makes them somebody else.
                None => {}
            }
        }
        let email = match vouched_for(provider, assertion) {
            Ok(email) => email,
            Err(reason) => {
                return self
                    .refuse_stranger(home, provider.id, reason, origin)
                    .await;
            }
        };
        let holder = self
            .inner
            .dispatcher
            .holder_of(home.organization_id, &email)
            .await?;
        let user_id = match (holder, provider.settings.newcomers) {
            (Some(user_id), _) => user_id,
            (None, Newcomers::Customer) => {
                self.welcome(home, &email, assertion.name.as_deref())
                    .await?
            }
            (None, Newcomers::Refused) => {
                let reason = SignOnRefusal::UnknownPerson;
                return self
                    .refuse_stranger(home, provider.id, reason, origin)
                    .await;
            }
        };
        let member = self.active(home, user_id, origin).await?;
        self.link(
            home,
            provider.id,
            &assertion.subject,
            &email,
            user_id,
            origin,
        )
        .await?;
        Ok(member)
    }

    async fn active(
        &self,
        home: Home,
        user_id: UserId,
        origin: &Origin,
    ) -> Result<Member, IdentityError> {
        let membership = Membership {
            organization_id: home.organization_id,
            partition: home.partition,
            user_id,
        };
        match self.member(membership).await? {
            Some(member) => Ok(member),
            None => {
                self.fail(home, user_id, SignInFailure::Inactive, origin)
                    .await
            }
        }
    }

    /// Makes a customer of somebody whom the organization does not know.
    async fn welcome(
        &self,
        home: Home,
        email: &Email,
        name: Option<&str>,
    ) -> Result<UserId, IdentityError> {
        let create = CreateUser {
            user_id: UserId(Uuid::now_v7()),
            name: name_of(name, email)?,
            email: Some(email.clone()),
            role: Role::Customer,
        };
        let (dispatcher, user_id) = (&self.inner.dispatcher, create.user_id);
        let context = CommandContext::new(home.organization_id, Actor::Identity);
        match dispatcher.dispatch(context, create).await {
            Ok(_) => Ok(user_id),
            // Somebody took the address in this moment: they themselves, from another window.
            Err(CommandError::Refused(Refusal::Conflict { .. })) => {
                let holder = dispatcher.holder_of(home.organization_id, email).await?;
                holder.ok_or(IdentityError::NotSignedOn)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn link(
        &self,
        home: Home,
        provider: SignOnProviderId,
        subject: &str,
        email: &Email,
        user_id: UserId,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let new = NewLink {
            provider,
            subject,
            user_id,
            email,
            at: self.now(),
        };
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        links::remove_outdated(&tx, home, user_id, provider, email).await?;
        if links::add(&tx, home, &new).await? {
            let linked = SignOnLinked {
                user_id,
                provider_id: provider,
            };
            let by = self.by_service(origin);
            record::write(&*tx, &by, home.organization_id, linked).await?;
        } else {
            let known = links::find(&tx, home, provider, subject).await?;
            if known.is_none_or(|link| link.user_id != user_id) {
                drop(tx);
                drop(client);
                let failure = SignInFailure::OtherIdentity;
                return self.fail(home, user_id, failure, origin).await;
            }
        }
        tx.commit().await?;
        self.wake_recorder();
        Ok(())
    }

    /// Tells that somebody was not let in of whom nobody knows who they are. How often is limited by address, as every way in.
    async fn refuse_stranger<T>(
        &self,
        home: Home,
        provider_id: SignOnProviderId,
        reason: SignOnRefusal,
        origin: &Origin,
    ) -> Result<T, IdentityError> {
        refused(provider_id, reason.as_str());
        let told = SignOnRefused {
            provider_id,
            reason,
        };
        // Their address is personal, and they are nobody whose key it could be sealed with.
        let nameless = Origin {
            request_id: origin.request_id.clone(),
            ..Origin::none()
        };
        let client = self.client().await?;
        let by = self.by_service(&nameless);
        record::write(&**client, &by, home.organization_id, told).await?;
        self.wake_recorder();
        Err(IdentityError::NotSignedOn)
    }

    /// Tells that somebody was not let in as a person.
    async fn fail<T>(
        &self,
        home: Home,
        user_id: UserId,
        reason: SignInFailure,
        origin: &Origin,
    ) -> Result<T, IdentityError> {
        let failed = SignInFailed {
            user_id,
            method: SignInMethod::Oidc,
            reason,
        };
        let client = self.client().await?;
        let by = self.by_service(origin);
        record::write(&**client, &by, home.organization_id, failed).await?;
        self.wake_recorder();
        Err(IdentityError::NotSignedOn)
    }
}

/// What somebody is called, or the beginning of their address when the provider does not say.
fn name_of(said: Option<&str>, email: &Email) -> Result<Name, IdentityError> {
    if let Some(Ok(name)) = said.map(Name::parse) {
        return Ok(name);
    }
    let letters = email.as_str().chars().take_while(|c| *c != '@');
    let beginning: String = letters.take(Name::MAX_CHARS).collect();
    Name::parse(&beginning).map_err(internal)
}

/// The address by which a person may be recognized.
fn vouched_for(provider: &SignOnProvider, assertion: &Assertion) -> Result<Email, SignOnRefusal> {
    let claim = assertion.email.as_ref().ok_or(SignOnRefusal::NoAddress)?;
    let email = Email::parse(&claim.address).map_err(|_| SignOnRefusal::NoAddress)?;
    let standing = match claim.standing {
        Standing::Verified => EmailStanding::Verified,
        Standing::Unverified => EmailStanding::Unverified,
        Standing::Unsaid => EmailStanding::Unsaid,
    };
    let admitted = provider.settings.admit(&email, standing);
    admitted.map_err(|reason| match reason {
        NotAdmitted::NotVerified => SignOnRefusal::AddressNotVerified,
        NotAdmitted::Domain => SignOnRefusal::AddressNotAllowed,
    })?;
    Ok(email)
}

/// Why somebody was not let in of whom nobody knows who they are. The reason is a fixed word.
pub(super) fn refused(provider: SignOnProviderId, reason: &'static str) {
    metrics::counter!("insightdesk_sign_on_refused_total", "reason" => reason).increment(1);
    tracing::info!(%provider, reason, "a sign-on was refused");
}

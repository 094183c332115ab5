//! Setting providers up: by those who set the organization.

use std::collections::BTreeSet;

use domain::ids::{OrganizationId, SessionId, SignOnProviderId, UserId};
use domain::security::event::{
    SessionEnded, SignOnProviderChanged, SignOnProviderCreated, SignOnProviderRemoved,
    SignOnUnlinked,
};
use domain::security::sign_on::SignOnSettings;
use domain::security::words::{Newcomers, SecondFactorRule, SessionEnd, SignOnKind};
use domain::text::{MailDomain, Name};
use platform::auth::Principal;
use sign_on::Issuer;
use url::Url;
use uuid::Uuid;

use super::links;
use super::providers::{self, Home, PROVIDERS_MAX, SignOnProvider};
use crate::identity::error::IdentityError;
use crate::identity::factor_holder;
use crate::identity::record::{self, By};
use crate::identity::{Identity, Origin, internal, sessions, within};

/// A provider to be set up.
pub struct NewProvider {
    /// How it is spoken with.
    pub kind: SignOnKind,
    /// Its issuer, or the base of a GitHub.
    pub issuer: Issuer,
    /// As whom it is asked.
    pub client_id: String,
    /// What proves it.
    pub client_secret: String,
    /// What is decided about it.
    pub settings: SignOnSettings,
}

/// What is to change of a provider; what is not given stays.
pub struct ProviderChanges {
    /// Another secret.
    pub client_secret: Option<String>,
    /// Another name.
    pub name: Option<Name>,
    /// The domains whose addresses may come.
    pub allowed_domains: Option<BTreeSet<MailDomain>>,
    /// The domains whose addresses are believed without the provider's word.
    pub trusted_domains: Option<BTreeSet<MailDomain>>,
    /// What becomes of people whom the organization does not know.
    pub newcomers: Option<Newcomers>,
    /// Whether a person's second factor is asked for here as well.
    pub second_factor: Option<SecondFactorRule>,
}

impl ProviderChanges {
    fn over(self, former: SignOnSettings) -> SignOnSettings {
        SignOnSettings {
            name: self.name.unwrap_or(former.name),
            allowed_domains: self.allowed_domains.unwrap_or(former.allowed_domains),
            trusted_domains: self.trusted_domains.unwrap_or(former.trusted_domains),
            newcomers: self.newcomers.unwrap_or(former.newcomers),
            second_factor: self.second_factor.unwrap_or(former.second_factor),
        }
    }
}

impl Identity {
    pub(super) async fn home_of(
        &self,
        organization_id: OrganizationId,
    ) -> Result<Home, IdentityError> {
        let partition = self.inner.dispatcher.partition(organization_id).await?;
        Ok(Home {
            partition,
            organization_id,
        })
    }

    /// Where a provider sends people back to. Each has a page of its own, so that an answer of one is never taken for one of
    /// another (RFC 9700, section 4.4.2).
    ///
    /// # Errors
    /// Never for a base that the configuration took.
    pub fn sign_on_redirect_uri(&self, id: SignOnProviderId) -> Result<Url, IdentityError> {
        let page = self.inner.public_url.page(&format!("sign-on/{id}"));
        page.parse().map_err(internal)
    }

    /// The providers of an organization, the first set up first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn sign_on_providers(
        &self,
        organization_id: OrganizationId,
    ) -> Result<Vec<SignOnProvider>, IdentityError> {
        let home = self.home_of(organization_id).await?;
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        providers::list(&tx, home).await
    }

    /// A provider of an organization.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] when the organization has no such.
    pub async fn sign_on_provider(
        &self,
        organization_id: OrganizationId,
        id: SignOnProviderId,
    ) -> Result<SignOnProvider, IdentityError> {
        let home = self.home_of(organization_id).await?;
        let mut client = self.client().await?;
        let tx = within(&mut client, organization_id).await?;
        let found = providers::find(&tx, home, id).await?;
        found.ok_or_else(unknown)
    }

    /// Sets a provider up.
    ///
    /// # Errors
    /// When requests may not go there, or the organization has as many as it may.
    pub async fn set_up_sign_on(
        &self,
        principal: &Principal,
        new: NewProvider,
        origin: &Origin,
    ) -> Result<SignOnProvider, IdentityError> {
        if !self.inner.sign_on.permits(&new.issuer) {
            return Err(IdentityError::Invalid {
                pointer: "/issuer",
                detail: "must be https at a public address; the operator may allow others by the setting sign_on_private_issuers".to_owned(),
            });
        }
        let home = self.home_of(principal.organization_id).await?;
        let id = SignOnProviderId(Uuid::now_v7());
        let provider = SignOnProvider {
            id,
            kind: new.kind,
            issuer: new.issuer,
            client_id: new.client_id,
            sealed_secret: providers::sealed(&self.inner.master, id, &new.client_secret)?,
            settings: new.settings,
            created_at: self.now(),
        };
        let mut client = self.client().await?;
        let tx = within(&mut client, home.organization_id).await?;
        if providers::count(&tx, home).await? >= PROVIDERS_MAX {
            return Err(IdentityError::Conflict {
                detail: format!("there are {PROVIDERS_MAX} providers already: remove one first"),
                pointer: None,
            });
        }
        providers::add(&tx, home, &provider).await?;
        let created = SignOnProviderCreated {
            user_id: principal.user_id,
            provider_id: id,
            kind: provider.kind,
            issuer: provider.issuer.as_str().to_owned(),
            client_id: provider.client_id.clone(),
            settings: provider.settings.clone(),
        };
        let by = self.by_person(principal, origin);
        record::write(&*tx, &by, home.organization_id, created).await?;
        tx.commit().await?;
        self.wake_recorder();
        Ok(provider)
    }

    /// Changes what is decided about a provider, and its secret. Kind, issuer and client stay: who somebody is there
    /// depends on them.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] when the organization has no such.
    pub async fn change_sign_on(
        &self,
        principal: &Principal,
        id: SignOnProviderId,
        changes: ProviderChanges,
        origin: &Origin,
    ) -> Result<SignOnProvider, IdentityError> {
        let home = self.home_of(principal.organization_id).await?;
        let mut client = self.client().await?;
        let tx = within(&mut client, home.organization_id).await?;
        let former = providers::find_to_change(&tx, home, id).await?;
        let former = former.ok_or_else(unknown)?;
        let mut changed = former.clone();
        if let Some(secret) = &changes.client_secret {
            changed.sealed_secret = providers::sealed(&self.inner.master, id, secret)?;
        }
        let secret_replaced = changes.client_secret.is_some();
        changed.settings = changes.over(changed.settings);
        if !secret_replaced && changed.settings == former.settings {
            return Ok(former);
        }
        providers::change(&tx, home, &changed).await?;
        let told = SignOnProviderChanged {
            user_id: principal.user_id,
            provider_id: id,
            from: former.settings,
            to: changed.settings.clone(),
            secret_replaced,
        };
        let by = self.by_person(principal, origin);
        record::write(&*tx, &by, home.organization_id, told).await?;
        tx.commit().await?;
        self.wake_recorder();
        Ok(changed)
    }

    /// Removes a provider, with who is who there. The sessions that began by it end.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] when the organization has no such.
    pub async fn remove_sign_on(
        &self,
        principal: &Principal,
        id: SignOnProviderId,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let home = self.home_of(principal.organization_id).await?;
        let mut client = self.client().await?;
        let tx = within(&mut client, home.organization_id).await?;
        if !providers::remove(&tx, home, id).await? {
            return Err(unknown());
        }
        links::remove_of_provider(&tx, home, id).await?;
        let by = self.by_person(principal, origin);
        let removed = SignOnProviderRemoved {
            user_id: principal.user_id,
            provider_id: id,
        };
        record::write(&*tx, &by, home.organization_id, removed).await?;
        let (partition, organization_id) = (home.partition, home.organization_id);
        let ended = sessions::end_of_provider(&tx, partition, organization_id, id).await?;
        tell_of_ends(&tx, &by, home, &ended).await?;
        tx.commit().await?;
        self.forget(&ended);
        Ok(())
    }

    /// Removes every identity of other sites that stands for a person, with their second factor for coming from there. Their
    /// sessions that began by one end; they may be linked anew at their next sign-on.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn unlink_sign_on(
        &self,
        principal: &Principal,
        user_id: UserId,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let home = self.home_of(principal.organization_id).await?;
        let mut client = self.client().await?;
        let tx = within(&mut client, home.organization_id).await?;
        let by = self.by_person(principal, origin);
        if links::remove_of_user(&tx, home, user_id).await? > 0 {
            let unlinked = SignOnUnlinked { user_id };
            record::write(&*tx, &by, home.organization_id, unlinked).await?;
        }
        factor_holder::remove(&tx, home.organization_id, user_id).await?;
        let (partition, organization_id) = (home.partition, home.organization_id);
        let ended = sessions::end_signed_on(&tx, partition, organization_id, user_id).await?;
        tell_of_ends(&tx, &by, home, &ended).await?;
        tx.commit().await?;
        self.forget(&ended);
        Ok(())
    }

    fn forget(&self, ended: &[(SessionId, UserId)]) {
        self.wake_recorder();
        for (session, _) in ended {
            self.inner.ended.note(*session);
        }
    }
}

async fn tell_of_ends(
    tx: &deadpool_postgres::Transaction<'_>,
    by: &By<'_>,
    home: Home,
    ended: &[(SessionId, UserId)],
) -> Result<(), IdentityError> {
    for (session_id, user_id) in ended {
        let told = SessionEnded {
            user_id: *user_id,
            session_id: *session_id,
            reason: SessionEnd::EndedByAdmin,
        };
        record::write(&**tx, by, home.organization_id, told).await?;
    }
    Ok(())
}

pub(super) fn unknown() -> IdentityError {
    IdentityError::NotFound("the provider")
}

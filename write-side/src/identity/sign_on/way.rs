//! The way of a person to a provider and back.

use chrono::{DateTime, Utc};
use credentials::token::{Token, TokenKind};
use domain::ids::{OrganizationId, SignOnProviderId, UserId};
use domain::security::words::{SecondFactorRule, SignInMethod, SignOnKind};
use domain::text::Name;
use serde::{Deserialize, Serialize};
use sign_on::{Flow, SignOnError};
use url::Url;
use uuid::Uuid;

use super::links;
use super::providers::{self, SignOnProvider};
use super::set_up::unknown;
use crate::identity::accounts::Membership;
use crate::identity::challenges::{self, NewChallenge, Purpose};
use crate::identity::error::IdentityError;
use crate::identity::refresh_token::constant_time_eq;
use crate::identity::sessions::Owner;
use crate::identity::sign_in::{Entry, SignIn};
use crate::identity::{Identity, Member, Origin, internal};

/// Answers of a provider that may be tried for one flow.
const TRIES_MAX: i16 = 5;

/// A provider as people see it who sign on.
pub struct SignOnChoice {
    /// Its id.
    pub id: SignOnProviderId,
    /// Its name.
    pub name: Name,
    /// How it is spoken with.
    pub kind: SignOnKind,
}

/// A sign-on that began.
pub struct Begun {
    /// Where the person goes.
    pub authorization_url: Url,
    /// What the client keeps to itself, and gives back with what the person brings.
    pub flow: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// What a client sends once the person is back.
pub struct Returned<'a> {
    /// What it kept.
    pub flow: &'a str,
    /// What the provider sent along,
    pub state: &'a str,
    /// and the code,
    pub code: &'a str,
    /// and who it says that it is (RFC 9207).
    pub issuer: Option<&'a str>,
}

/// Where a flow leads.
#[derive(Serialize, Deserialize)]
struct Destination {
    organization_id: OrganizationId,
    provider_id: SignOnProviderId,
}

/// Whom a provider has recognized.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct SignedOnAs {
    organization_id: OrganizationId,
    provider_id: SignOnProviderId,
    user_id: UserId,
}

impl SignedOnAs {
    /// Who, and where.
    pub(in crate::identity) fn person(&self) -> (OrganizationId, UserId) {
        (self.organization_id, self.user_id)
    }
}

impl Identity {
    /// The providers that people of an organization may choose from. None where there is no such organization.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn sign_on_choices(
        &self,
        organization: &str,
    ) -> Result<Vec<SignOnChoice>, IdentityError> {
        let Some(organization_id) = self.organization_of(organization).await? else {
            return Ok(Vec::new());
        };
        let providers = self.sign_on_providers(organization_id).await?;
        let choice = |provider: SignOnProvider| SignOnChoice {
            id: provider.id,
            name: provider.settings.name,
            kind: provider.kind,
        };
        Ok(providers.into_iter().map(choice).collect())
    }

    /// Begins a sign-on.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] when the organization has no such provider, [`IdentityError::ProviderUnreachable`] when it
    /// does not answer.
    pub async fn start_sign_on(
        &self,
        organization: &str,
        id: SignOnProviderId,
    ) -> Result<Begun, IdentityError> {
        let organization_id = self.organization_of(organization).await?;
        let organization_id = organization_id.ok_or_else(unknown)?;
        let provider = self.sign_on_provider(organization_id, id).await?;
        let token = Token::generate(TokenKind::SignOn).map_err(internal)?;
        let asked = provider.opened(&self.inner.master)?;
        let flow = self.flow(&token, id)?;
        let authorization_url = self.inner.sign_on.authorization_url(&asked, &flow).await;
        let authorization_url = authorization_url.map_err(|error| not_signed_on(id, error))?;
        let challenge = Uuid::now_v7();
        let new = NewChallenge {
            id: challenge,
            purpose: Purpose::SignOn,
            hash: token.hash(),
            // Several devices may sign on at the same time.
            subject: &challenge.to_string(),
            data: &Destination {
                organization_id,
                provider_id: id,
            },
        };
        let expires_at = challenges::create(&self.client().await?, new, self.now()).await?;
        Ok(Begun {
            authorization_url,
            flow: token.as_str().to_owned(),
            expires_at,
        })
    }

    /// What a flow sends to the provider, all of it from what the client keeps.
    fn flow(&self, token: &Token, id: SignOnProviderId) -> Result<Flow, IdentityError> {
        let derived = |purpose| token.derived(purpose).to_string();
        Ok(Flow {
            state: derived("state"),
            nonce: derived("nonce"),
            verifier: derived("code verifier"),
            redirect_uri: self.sign_on_redirect_uri(id)?,
        })
    }

    /// Completes a sign-on with what the person brought back.
    ///
    /// # Errors
    /// [`IdentityError::NotSignedOn`] for every reason that lies with the person or what the provider says of them;
    /// [`IdentityError::ProviderUnreachable`] when it does not answer: the same may be sent again.
    pub async fn finish_sign_on(
        &self,
        id: SignOnProviderId,
        returned: &Returned<'_>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let spent = || IdentityError::Spent(Purpose::SignOn.noun());
        let token = Token::parse(TokenKind::SignOn, returned.flow).ok_or_else(spent)?;
        let (client, now, hash) = (self.client().await?, self.now(), token.hash());
        let found = challenges::find::<Destination>(&client, Purpose::SignOn, &hash, now);
        let (challenge, destination) = found.await?;
        challenges::take_try(&client, Purpose::SignOn, challenge, TRIES_MAX, now).await?;
        drop(client);
        let flow = self.flow(&token, id)?;
        let is_its_answer = destination.provider_id == id
            && constant_time_eq(flow.state.as_bytes(), returned.state.as_bytes());
        if !is_its_answer {
            return Err(spent());
        }
        let home = self.home_of(destination.organization_id).await?;
        // Removed meanwhile, perhaps.
        let provider = providers::find(&self.client().await?, home, id).await?;
        let provider = provider.ok_or_else(spent)?;
        let asked = provider.opened(&self.inner.master)?;
        let code = sign_on::Returned {
            code: returned.code,
            issuer: returned.issuer,
        };
        let assertion = self.inner.sign_on.assertion(&asked, &flow, &code).await;
        let assertion = assertion.map_err(|error| not_signed_on(id, error))?;
        // Only now: while the provider does not answer, the same may be sent again.
        challenges::spend(&self.client().await?, Purpose::SignOn, challenge, now).await?;
        let member = self.recognize(home, &provider, &assertion, origin).await?;
        self.admit_recognized(&provider, member, origin).await
    }

    async fn admit_recognized(
        &self,
        provider: &SignOnProvider,
        member: Member,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let is_trusted = provider.settings.second_factor == SecondFactorRule::Trusted;
        let holder = self.factor_at_sign_on(&member).await?;
        let has_second_factor = is_trusted || holder.is_some();
        if let Some(holder) = holder.filter(|_| !is_trusted) {
            let signed_on_as = SignedOnAs {
                organization_id: member.membership.organization_id,
                provider_id: provider.id,
                user_id: member.membership.user_id,
            };
            return self
                .ask_for_second_factor_after_sign_on(&holder, signed_on_as)
                .await;
        }
        let methods = vec![SignInMethod::Oidc];
        let entry = Entry::by_provider(provider.id, has_second_factor, methods);
        let signed_in = self.start_session(&entry, &member, origin).await?;
        Ok(SignIn::Done(Box::new(signed_in)))
    }

    /// Lets somebody in whom a provider recognized, and who has shown their second factor.
    pub(in crate::identity) async fn admit_signed_on(
        &self,
        signed_on_as: SignedOnAs,
        methods: Vec<SignInMethod>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let partition = self
            .inner
            .dispatcher
            .partition(signed_on_as.organization_id);
        let owner = Owner {
            partition: partition.await?,
            organization_id: signed_on_as.organization_id,
            user_id: signed_on_as.user_id,
        };
        let member = self.member_by_provider(&owner, signed_on_as.provider_id);
        let (member, _) = member.await?.ok_or(IdentityError::NotSignedOn)?;
        let entry = Entry::by_provider(signed_on_as.provider_id, true, methods);
        let signed_in = self.start_session(&entry, &member, origin).await?;
        Ok(SignIn::Done(Box::new(signed_in)))
    }

    /// The person of a session that began by a provider, while they may act and are linked there, and whether a second factor
    /// is seen to.
    pub(in crate::identity) async fn member_by_provider(
        &self,
        owner: &Owner,
        provider: SignOnProviderId,
    ) -> Result<Option<(Member, bool)>, IdentityError> {
        let membership = Membership {
            organization_id: owner.organization_id,
            partition: owner.partition,
            user_id: owner.user_id,
        };
        let Some(member) = self.member(membership).await? else {
            return Ok(None);
        };
        let Some(email) = &member.person.user.email else {
            return Ok(None);
        };
        let home = self.home_of(owner.organization_id).await?;
        let client = self.client().await?;
        if !links::stands(&client, home, owner.user_id, provider, email).await? {
            return Ok(None);
        }
        let Some(provider) = providers::find(&client, home, provider).await? else {
            return Ok(None);
        };
        drop(client);
        let is_trusted = provider.settings.second_factor == SecondFactorRule::Trusted;
        let has_own = self.factor_at_sign_on(&member).await?.is_some();
        Ok(Some((member, is_trusted || has_own)))
    }
}

/// Says to the log of this server why; the answer says it to nobody.
fn not_signed_on(provider: SignOnProviderId, error: SignOnError) -> IdentityError {
    match error {
        SignOnError::Refused(refusal) => {
            super::recognition::refused(provider, refusal.as_str());
            IdentityError::NotSignedOn
        }
        SignOnError::Unreachable(source) => IdentityError::ProviderUnreachable(source),
    }
}

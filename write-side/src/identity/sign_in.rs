//! Signing in. [`super::renewal`] keeps people signed in.

use chrono::{DateTime, Utc};
use credentials::password::{Password, PhcString, Verdict};
use deadpool_postgres::Transaction;
use domain::actor::Role;
use domain::ids::{OrganizationId, SessionId, SignOnProviderId, UserId};
use domain::security::event::{SessionStarted, SignInFailed};
use domain::security::words::{SignInFailure, SignInMethod};
use domain::text::{Email, Name, Slug};
use platform::auth::Grant;
use platform::mail::Letter;

use super::accounts::{self, Account};
use super::devices;
use super::error::IdentityError;
use super::record;
use super::sessions::{self, NewSession, Started};
use super::{Identity, Member, Origin};

/// The most organizations that are offered to choose from.
const CHOICES_MAX: usize = 50;

/// A session with its tokens.
pub struct SignedIn {
    /// For the API, for some minutes.
    pub access_token: String,
    /// For a new access token, once.
    pub refresh_token: String,
    /// Until when the refresh token is good.
    pub refresh_until: DateTime<Utc>,
    /// The session.
    pub session_id: SessionId,
    /// In this organization,
    pub organization_id: OrganizationId,
    /// of this short name,
    pub organization_slug: Slug,
    /// and this name,
    pub organization_name: Name,
    /// as this person,
    pub user_id: UserId,
    /// of this name,
    pub user_name: Name,
    /// and this role.
    pub role: Role,
    /// Whether the access token is good for setting up a second factor alone.
    pub must_enrol: bool,
}

/// An organization that an account may act in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its short name.
    pub slug: Slug,
    /// Its name.
    pub name: Name,
    /// As what.
    pub role: Role,
}

/// How far a sign-in came.
pub enum SignIn {
    /// To its end.
    Done(Box<SignedIn>),
    /// The account has several organizations and named none of them.
    ChooseOrganization {
        /// Some of them.
        choices: Vec<Choice>,
        /// To be sent with one of them, where the second factor was shown already.
        ticket: Option<String>,
    },
    /// To the second factor.
    SecondFactor {
        /// To be sent with a code of it.
        ticket: String,
    },
}

/// What a sign-in has shown.
pub(super) struct Shown {
    pub(super) account: Account,
    pub(super) methods: Vec<SignInMethod>,
}

/// What a session begins with.
pub(super) struct Entry {
    /// The account, where it was its owner that was shown.
    account: Option<Account>,
    /// Who vouched, where somebody else did.
    provider: Option<SignOnProviderId>,
    /// Whether a second factor is seen to, by us or by the provider.
    has_second_factor: bool,
    methods: Vec<SignInMethod>,
}

impl Entry {
    fn by_account(shown: Shown) -> Self {
        Self {
            has_second_factor: shown.account.has_second_factor,
            account: Some(shown.account),
            provider: None,
            methods: shown.methods,
        }
    }

    pub(super) fn by_provider(
        provider: SignOnProviderId,
        has_second_factor: bool,
        methods: Vec<SignInMethod>,
    ) -> Self {
        Self {
            account: None,
            provider: Some(provider),
            has_second_factor,
            methods,
        }
    }
}

impl Identity {
    /// Signs in by password. `organization` names one of several.
    ///
    /// # Errors
    /// [`IdentityError::InvalidCredentials`] for every reason that the person is at fault for.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        organization: Option<&str>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let account = self.account_by_password(email, password, origin).await?;
        let first = SignInMethod::Password;
        self.admit_first(account, first, organization, origin).await
    }

    /// Lets somebody in who has shown one thing, unless their account asks for a second.
    pub(super) async fn admit_first(
        &self,
        account: Account,
        first: SignInMethod,
        organization: Option<&str>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        if account.has_second_factor {
            let asked = self.ask_for_second_factor(&account, first, organization);
            return asked.await;
        }
        let methods = vec![first];
        let shown = Shown { account, methods };
        self.admit(shown, organization, origin).await
    }

    /// The account of an address and its password. Takes as long when there is none.
    async fn account_by_password(
        &self,
        email: &str,
        password: &str,
        origin: &Origin,
    ) -> Result<Account, IdentityError> {
        let refused = IdentityError::InvalidCredentials;
        let Ok(password) = Password::parse(password) else {
            return Err(refused);
        };
        let account = match Email::parse(email) {
            Ok(email) => accounts::by_email(&self.client().await?, &email).await?,
            Err(_) => None,
        };
        let known = account.and_then(|account| {
            let stored = PhcString::from_stored(account.password.clone()?).ok()?;
            Some((account, stored))
        });
        let Some((account, stored)) = known else {
            self.inner.hasher.verify_nobody(&password).await?;
            return Err(refused);
        };
        match self.inner.hasher.verify(&password, &stored).await? {
            Verdict::Wrong => {
                let failure = (SignInMethod::Password, SignInFailure::WrongPassword);
                let people = accounts::people(&self.client().await?, account.id).await?;
                self.tell_of_failure(&people, failure, origin).await?;
                Err(refused)
            }
            Verdict::Right => Ok(account),
            Verdict::RightButOutdated => {
                let fresh = self.inner.hasher.hash(&password).await?;
                let client = self.client().await?;
                accounts::rehash(&client, account.id, stored.as_str(), fresh.as_str()).await?;
                Ok(account)
            }
        }
    }

    /// Records of these people, each in their organization, that somebody was not let in as them.
    pub(super) async fn tell_of_failure(
        &self,
        people: &[(OrganizationId, UserId)],
        (method, reason): (SignInMethod, SignInFailure),
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let client = self.client().await?;
        let by = self.by_service(origin);
        for (organization_id, user_id) in people {
            let failed = SignInFailed {
                user_id: *user_id,
                method,
                reason,
            };
            record::write(&**client, &by, *organization_id, failed).await?;
        }
        self.wake_recorder();
        Ok(())
    }

    /// Whether this is the password of an account.
    pub(super) async fn has_password(
        &self,
        account: &Account,
        password: &Password,
    ) -> Result<bool, IdentityError> {
        let stored = account.password.clone().map(PhcString::from_stored);
        let Some(Ok(stored)) = stored else {
            self.inner.hasher.verify_nobody(password).await?;
            return Ok(false);
        };
        let verdict = self.inner.hasher.verify(password, &stored).await?;
        Ok(verdict != Verdict::Wrong)
    }

    /// Lets somebody in who has shown who they are.
    pub(super) async fn admit(
        &self,
        shown: Shown,
        organization: Option<&str>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let mut members = self.members(&shown.account).await?;
        if let Some(slug) = organization {
            members.retain(|member| member.organization_slug.as_str() == slug);
        }
        let member = match (members.pop(), members.is_empty()) {
            (None, _) => return Err(IdentityError::InvalidCredentials),
            (Some(only), true) => only,
            (Some(last), false) => {
                members.push(last);
                let choices = members.iter().take(CHOICES_MAX).map(Choice::of).collect();
                let ticket = None;
                return Ok(SignIn::ChooseOrganization { choices, ticket });
            }
        };
        let entry = Entry::by_account(shown);
        let signed_in = self.start_session(&entry, &member, origin).await?;
        Ok(SignIn::Done(Box::new(signed_in)))
    }

    /// Whom an account may act as at this moment.
    pub(super) async fn members(&self, account: &Account) -> Result<Vec<Member>, IdentityError> {
        let client = self.client().await?;
        let memberships = accounts::memberships(&client, account.id).await?;
        drop(client);
        let mut members = Vec::with_capacity(memberships.len());
        for membership in memberships {
            let member = self.member(membership).await?;
            members.extend(member.filter(|member| member.has_address_of(account)));
        }
        Ok(members)
    }

    pub(super) async fn start_session(
        &self,
        entry: &Entry,
        member: &Member,
        origin: &Origin,
    ) -> Result<SignedIn, IdentityError> {
        let new = NewSession {
            owner: member.owner(),
            account: entry.account.as_ref().map(|it| (it.id, it.generation)),
            provider: entry.provider,
            user_version: member.person.version,
            methods: &entry.methods,
            device: origin.device.as_str(),
            address: &origin.address,
            access_until: self.access_until(),
        };
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let started = sessions::start(&tx, new, self.now()).await?;
        let told = SessionStarted {
            user_id: member.membership.user_id,
            session_id: started.session_id,
            methods: entry.methods.clone(),
            device: origin.device.clone(),
        };
        let organization_id = member.membership.organization_id;
        record::write(&*tx, &self.by_service(origin), organization_id, told).await?;
        self.tell_of_device(&tx, entry, member, origin).await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        self.wake_recorder();
        self.signed_in(member, entry.has_second_factor, started)
    }

    /// Mails a person that somebody signed in as them from a device that was not known. Devices that a provider vouched for
    /// are the person's in this organization alone: the account knows nothing of them.
    async fn tell_of_device(
        &self,
        tx: &Transaction<'_>,
        entry: &Entry,
        member: &Member,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let (id, email) = match (&entry.account, &member.person.user.email) {
            (Some(account), _) => (account.id, account.email.as_str()),
            (None, Some(email)) => (member.membership.user_id.0, email.as_str()),
            (None, None) => return Ok(()),
        };
        let at = self.now();
        if devices::note(tx, id, origin, at).await? {
            return Ok(());
        }
        let letter = Letter::NewDevice {
            device: origin.device.to_string(),
            address: origin.address.clone(),
            at,
        };
        // The device is that of the person here, whatever else the account may act as.
        let about = vec![id, member.membership.user_id.0];
        self.post_to(tx, email, letter, about).await
    }

    pub(super) fn signed_in(
        &self,
        member: &Member,
        has_second_factor: bool,
        started: Started,
    ) -> Result<SignedIn, IdentityError> {
        // Nobody is locked out: who has none yet may sign in to set one up.
        let must_enrol = member.needs_second_factor() && !has_second_factor;
        let access_token = self.access_token(&Grant {
            organization_id: member.membership.organization_id,
            user_id: member.membership.user_id,
            role: member.role(),
            role_id: member.person.user.role_id,
            session_id: started.session_id,
            must_enrol,
        })?;
        Ok(SignedIn {
            access_token,
            refresh_token: started.refresh_token,
            refresh_until: started.expires_at,
            session_id: started.session_id,
            organization_id: member.membership.organization_id,
            organization_slug: member.organization_slug.clone(),
            organization_name: member.organization_name.clone(),
            user_id: member.membership.user_id,
            user_name: member.person.user.name.clone(),
            role: member.role(),
            must_enrol,
        })
    }
}

impl Choice {
    fn of(member: &Member) -> Self {
        Self {
            slug: member.organization_slug.clone(),
            name: member.organization_name.clone(),
            role: member.role(),
        }
    }
}

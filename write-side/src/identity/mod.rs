//! Who may act: accounts, passwords, sessions, and what is mailed about them.
//!
//! Invariants:
//! - Secrets are never in the log and never in a table: passwords as Argon2id, everything random as a hash.
//! - What can be used once is used up by one statement: of those who come at the same moment one succeeds.
//! - A refusal tells nothing about whether an account exists, neither by its words nor by its time.
//! - What happened to credentials is told by an event: it is written beside the change, in the same transaction, and
//!   carried to the log from there.
//!
//! Never here: what a person may do with tickets.

mod accounts;
mod api_keys;
mod challenges;
mod devices;
mod email_codes;
mod error;
mod factor_holder;
mod held;
mod housekeeping;
mod invitations;
mod key_changes;
mod key_uses;
mod passwords;
mod record;
mod refresh_token;
mod refreshing;
mod renewal;
mod resets;
mod roles;
mod rotation;
mod second_factor;
mod second_step;
mod sessions;
mod sign_in;
mod sign_on;
mod sign_up;
mod signing_out;

use std::sync::Arc;

use ::sign_on::SignOn;
use chrono::{DateTime, TimeDelta, Utc};
use credentials::code::CodeKeys;
use credentials::password::{HashError, PasswordHasher};
use deadpool_postgres::{Client, Pool, Transaction};
use domain::actor::{Actor, Role};
use domain::ids::{OrganizationId, SessionId};
use domain::organization::settings::SecondFactorDemand;
use domain::organization::state::Standing;
use domain::text::{Device, Email, Name, Slug};
use platform::auth::{ApiKeys, EndedSessions, Grant, Principal, TokenSigner};
use platform::mail::{Address, Letter, PublicUrl};
use sealing::MasterKeys;
use tokio::sync::Notify;
use uuid::Uuid;

pub use accounts::Membership;
pub use api_keys::{ListedKey, MadeKey, NewKey};
pub use error::IdentityError;
pub use invitations::{Invitation, InvitationList, Wish};
pub use key_changes::KeyChanges;
pub use rotation::{reseal_client_secrets, reseal_second_factors};
pub use second_factor::Enrolment;
pub use sessions::{Listed, Owner, REFRESH_LIFETIME};
pub use sign_in::{Choice, SignIn, SignedIn};
pub use sign_on::{Begun, NewProvider, ProviderChanges, Returned, SignOnChoice, SignOnProvider};
pub use sign_up::SignUp;

use accounts::Account;
use record::By;
use roles::{KnownRoles, known_roles};

use crate::dispatch::{CommandError, Dispatcher, Person};
use crate::mail::{EnqueueError, Outbox, Outgoing};
use crate::simulations::Simulations;

/// How long an access token is good (OWASP ASVS 5.0, 9.2.1: short).
pub const ACCESS_LIFETIME: TimeDelta = TimeDelta::minutes(15);
/// Verifiers allow for clocks that differ: an ended session is remembered for longer than its tokens.
const ACCESS_MARGIN: TimeDelta = TimeDelta::minutes(1);

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The program, as it calls itself.
    pub device: Device,
    /// The client's address.
    pub address: String,
    /// The request.
    pub request_id: Option<String>,
}

impl Origin {
    /// Nobody's program: the operator's command line, or this server itself.
    #[must_use]
    pub fn none() -> Self {
        Self {
            device: Device::unknown(),
            address: String::new(),
            request_id: None,
        }
    }
}

/// What this server remembers of credentials that it let in, to be told when one of them ends.
#[derive(Debug, Clone)]
pub struct Remembered {
    /// Sessions that ended.
    pub ended: EndedSessions,
    /// Keys that were found good.
    pub api_keys: ApiKeys,
}

/// What goes out: letters, and questions to providers of sign-on.
pub struct Outward {
    /// Where letters wait.
    pub outbox: Outbox,
    /// Speaks with providers.
    pub sign_on: SignOn,
    /// Where people reach this server, and providers send them back to.
    pub public_url: PublicUrl,
}

/// Lets people in. Clones share everything.
#[derive(Clone)]
pub struct Identity {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    dispatcher: Dispatcher,
    hasher: PasswordHasher,
    signer: TokenSigner,
    ended: EndedSessions,
    api_keys: ApiKeys,
    known_roles: KnownRoles,
    /// Seals what has to be read again: the secrets of authenticator apps.
    master: MasterKeys,
    /// Hash codes that are mailed.
    code_keys: CodeKeys,
    /// Where letters wait.
    outbox: Outbox,
    /// Speaks with providers.
    sign_on: SignOn,
    /// Where they send people back to.
    public_url: PublicUrl,
    /// Wakes whoever carries occurrences to the log.
    recorded: Notify,
}

/// A person who may act, with their organization.
struct Member {
    membership: Membership,
    person: Person,
    organization_name: Name,
    organization_slug: Slug,
    second_factor_required_for: SecondFactorDemand,
}

impl Identity {
    /// A service over the accounts in the database of `pool`, and the people in the log of `dispatcher`.
    #[must_use]
    pub fn new(
        pool: Pool,
        dispatcher: Dispatcher,
        hasher: PasswordHasher,
        signer: TokenSigner,
        remembered: Remembered,
        master: MasterKeys,
        outward: Outward,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                pool,
                dispatcher,
                hasher,
                signer,
                ended: remembered.ended,
                api_keys: remembered.api_keys,
                known_roles: known_roles(),
                code_keys: code_keys(&master),
                master,
                outbox: outward.outbox,
                sign_on: outward.sign_on,
                public_url: outward.public_url,
                recorded: Notify::new(),
            }),
        }
    }

    /// What the person of a request does.
    fn by_person<'a>(&self, principal: &Principal, origin: &'a Origin) -> By<'a> {
        By {
            actor: principal.actor(),
            origin,
            at: self.now(),
        }
    }

    /// What happens to people who are not signed in, or not yet.
    fn by_service<'a>(&self, origin: &'a Origin) -> By<'a> {
        By {
            actor: Actor::Identity,
            origin,
            at: self.now(),
        }
    }

    /// Puts a letter into the outbox, in the transaction of what it tells of. An address that no mail reaches gets none.
    /// `about`: see [`Outgoing`].
    async fn post(
        &self,
        tx: &Transaction<'_>,
        to: &Email,
        letter: Letter,
        about: Vec<Uuid>,
    ) -> Result<(), IdentityError> {
        let Ok(to) = to.as_str().parse::<Address>() else {
            return Ok(());
        };
        let outgoing = Outgoing { to, letter, about };
        let posted = self.inner.outbox.enqueue(&**tx, self.now(), outgoing);
        posted.await.map(drop).map_err(|error| match error {
            EnqueueError::Database(error) => error.into(),
            error => internal(error),
        })
    }

    /// The same, to an address as it is stored.
    async fn post_to(
        &self,
        tx: &Transaction<'_>,
        email: &str,
        letter: Letter,
        about: Vec<Uuid>,
    ) -> Result<(), IdentityError> {
        match Email::parse(email) {
            Ok(email) => self.post(tx, &email, letter, about).await,
            // No account has one that is none.
            Err(_) => Ok(()),
        }
    }

    /// The account that the person of a request signs in with. Not after a sign-on: an organization believes the provider
    /// that it chose, but the account may be one of other organizations too.
    async fn account_of(&self, principal: &Principal) -> Result<Account, IdentityError> {
        let partition = self.inner.dispatcher.partition(principal.organization_id);
        let partition = partition.await?;
        let mut client = self.client().await?;
        let tx = within(&mut client, principal.organization_id).await?;
        if sessions::began_by_sign_on(&tx, partition, session_of(principal)?).await? {
            return Err(IdentityError::Forbidden(
                "this session began at another site: sign in by what belongs to the account to change it",
            ));
        }
        let account = accounts::of_user(&tx, principal.organization_id, principal.user_id).await?;
        account.ok_or(IdentityError::NotFound("the account"))
    }

    /// The what-if simulations, which are kept through the same connections.
    #[must_use]
    pub fn simulations(&self) -> Simulations {
        Simulations::new(self.inner.pool.clone(), self.inner.dispatcher.clone())
    }

    /// The organization of a short name, as somebody wrote it who need not be anybody.
    async fn organization_of(&self, slug: &str) -> Result<Option<OrganizationId>, IdentityError> {
        // Not every text is one that the database takes.
        let Ok(slug) = Slug::parse(slug) else {
            return Ok(None);
        };
        let store = self.inner.dispatcher.store();
        let placed = store.placement_by_slug(slug.as_str()).await;
        let placed = placed.map_err(CommandError::from)?;
        Ok(placed.map(|placed| OrganizationId(placed.org_id.0)))
    }

    async fn client(&self) -> Result<Client, IdentityError> {
        Ok(self.inner.pool.get().await?)
    }

    /// The time of sessions and links. Access tokens live by the machine's own clock: other programs verify them.
    fn now(&self) -> DateTime<Utc> {
        self.inner.dispatcher.clock().now()
    }

    /// Until when an access token that is made now may be accepted.
    fn access_until(&self) -> DateTime<Utc> {
        Utc::now() + ACCESS_LIFETIME + ACCESS_MARGIN
    }

    fn access_token(&self, grant: &Grant) -> Result<String, IdentityError> {
        let signed = self.inner.signer.sign(grant, Utc::now(), ACCESS_LIFETIME);
        signed.map_err(|error| IdentityError::Internal(Box::new(error)))
    }

    /// The person of a membership, if they and their organization may act.
    async fn member(&self, membership: Membership) -> Result<Option<Member>, IdentityError> {
        let (organization_id, dispatcher) = (membership.organization_id, &self.inner.dispatcher);
        let (person, organization) = tokio::try_join!(
            dispatcher.person(organization_id, membership.user_id),
            dispatcher.organization(organization_id),
        )?;
        let person = person.filter(|person| person.user.active);
        let organization = organization.filter(|it| it.standing == Standing::Active);
        let both = person.zip(organization);
        Ok(both.map(|(person, organization)| Member {
            membership,
            person,
            organization_name: organization.name,
            organization_slug: organization.slug,
            second_factor_required_for: organization.settings.second_factor_required_for,
        }))
    }
}

impl Member {
    fn owner(&self) -> Owner {
        Owner {
            partition: self.membership.partition,
            organization_id: self.membership.organization_id,
            user_id: self.membership.user_id,
        }
    }

    /// Whether the account's address is still theirs: an admin who gives a person another address gives them another login.
    fn has_address_of(&self, account: &Account) -> bool {
        let email = self.person.user.email.as_ref();
        email.is_some_and(|email| email.as_str() == account.email)
    }

    /// Whether their organization demands a second factor of them.
    fn needs_second_factor(&self) -> bool {
        self.second_factor_required_for.holds_for(self.role())
    }

    fn role(&self) -> Role {
        self.person.user.role
    }
}

impl From<HashError> for IdentityError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            error => Self::Internal(Box::new(error)),
        }
    }
}

/// A transaction of somebody who has signed in: it names their organization, so that rows of others are not there, whatever a
/// statement says. Who signs in has none yet, and what concerns an account concerns all of its organizations.
async fn within(
    client: &mut Client,
    organization_id: OrganizationId,
) -> Result<Transaction<'_>, IdentityError> {
    let tx = client.transaction().await?;
    tx.batch_execute(&schema::access::name(organization_id.0))
        .await?;
    Ok(tx)
}

/// What the keys are derived for that hash the codes in mails.
const CODES: &str = "email codes";

fn code_keys(master: &MasterKeys) -> CodeKeys {
    let mut keys = master.derived(CODES).into_iter();
    // There is a current master key, and so a first one.
    let current = keys.next().unwrap_or_default();
    CodeKeys::new(current, keys.collect())
}

/// The session of a person. The gate lets no machine in where it is asked for.
fn session_of(principal: &Principal) -> Result<SessionId, IdentityError> {
    let session_id = principal.session_id();
    session_id.ok_or(IdentityError::Forbidden("an API key has no session"))
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> IdentityError {
    IdentityError::Internal(Box::new(error))
}

//! Organizations with people, made as an operator would make them.

use anyhow::Result;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::actor::{Actor, Role};
use domain::ids::{OrganizationId, PolicyId, TicketId, UserId};
use domain::sla::Metric;
use domain::sla::policy::{Condition, Conditions, PolicyDefinition, Presence, Target};
use domain::sla::targets::{TargetTable, Targets};
use domain::text::{Name, Slug, Subject, Tag};
use domain::ticket::command::{OpenTicket as Open, TicketCommand};
use domain::ticket::state::{Assignment, Channel, Priority};
use futures::TryStreamExt;
use insightdesk::node::Node;
use platform::auth::{Grant, TokenKeys, TokenSigner};
use platform::config::Secret;
use uuid::Uuid;
use write_side::commands::{
    ChangeOrganization, ChangeTicket, CreatePolicy, CreateUser, OpenTicket,
};
use write_side::dispatch::CommandContext;

/// Organizations are spread over the partitions.
const ORGANIZATIONS: usize = 4;
/// Longer than any jump of a clock.
const TOKEN_DAYS: i64 = 3_650;
/// The shortest target that there is, so that deadlines can be made due at once.
pub const URGENT_TARGET_MINUTES: u32 = 1;
/// Hours from resolved to closed.
pub const AUTO_CLOSE_HOURS: u32 = 1;
const SEEDERS: usize = 16;
/// Of every second organization: short enough that its clocks run out while a fault is tried.
const REPLY_TARGET_S: u32 = 20;

/// An organization of the load.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Its id.
    pub id: Uuid,
    /// Its partition.
    pub partition: i16,
    /// A customer.
    pub customer: Uuid,
    /// Agents.
    pub agents: Vec<Uuid>,
    /// Of the customer.
    pub customer_token: String,
    /// Of the first agent.
    pub agent_token: String,
}

/// All of them.
#[derive(Debug, Clone)]
pub struct Desk {
    /// In the order they were made.
    pub organizations: Vec<Organization>,
}

impl Desk {
    /// Makes it.
    ///
    /// # Errors
    /// When a command fails.
    pub async fn create(node: &Node, secret: &str) -> Result<Self> {
        let signer = TokenSigner::new(TokenKeys::parse(&Secret::new(secret))?);
        let mut organizations = Vec::new();
        for number in 0..ORGANIZATIONS {
            organizations.push(organization(node, &signer, number).await?);
        }
        Ok(Self { organizations })
    }

    /// The one with an id.
    #[must_use]
    pub fn organization(&self, id: Uuid) -> Option<&Organization> {
        self.organizations.iter().find(|o| o.id == id)
    }

    /// Opens urgent tickets whose two deadlines both fall at each of `due`, and resolves as many whose automatic closing
    /// does: they are dated back, as an import would do it.
    ///
    /// # Errors
    /// When a command fails.
    pub async fn set_timers(&self, node: &Node, due: Vec<DateTime<Utc>>) -> Result<()> {
        let organizations = self.organizations.iter().cycle();
        let all = due.into_iter().zip(organizations).map(Ok);
        let seed = async |(due_at, organization): (DateTime<Utc>, &Organization)| {
            let target = TimeDelta::minutes(i64::from(URGENT_TARGET_MINUTES));
            open(node, organization, due_at - target).await?;
            let delay = TimeDelta::hours(i64::from(AUTO_CLOSE_HOURS));
            let ticket = open(node, organization, due_at - delay).await?;
            let agent = Actor::User {
                id: UserId(organization.agents[0]),
                role: Role::Agent,
            };
            let context = at(organization, agent, due_at - delay);
            let resolve = ChangeTicket::one(ticket, TicketCommand::Resolve);
            node.dispatcher.dispatch(context, resolve).await?;
            anyhow::Ok(())
        };
        futures::stream::iter(all)
            .map_ok(seed)
            .try_buffer_unordered(SEEDERS)
            .try_for_each(async |()| Ok(()))
            .await
    }
}

async fn open(node: &Node, organization: &Organization, when: DateTime<Utc>) -> Result<TicketId> {
    let ticket_id = TicketId(Uuid::now_v7());
    let customer = UserId(organization.customer);
    let actor = Actor::User {
        id: customer,
        role: Role::Customer,
    };
    let command = OpenTicket {
        ticket_id,
        open: Open {
            subject: Subject::parse("The deadline is near")?,
            requester_id: customer,
            priority: Priority::Urgent,
            channel: Channel::Api,
            message_id: None,
            tags: Vec::new(),
            custom_fields: Vec::new(),
            assignment: Assignment::default(),
            follow_up_of: None,
            external: None,
        },
        custom_fields: Vec::new(),
        message: None,
    };
    let context = at(organization, actor, when);
    node.dispatcher.dispatch(context, command).await?;
    Ok(ticket_id)
}

/// Business time is in whole microseconds, as the log keeps it.
fn at(organization: &Organization, actor: Actor, when: DateTime<Utc>) -> CommandContext {
    CommandContext {
        occurred_at: Some(when.trunc_subsecs(6)),
        ..CommandContext::new(OrganizationId(organization.id), actor)
    }
}

async fn organization(node: &Node, signer: &TokenSigner, number: usize) -> Result<Organization> {
    let slug = format!("desk-{number}");
    let dispatcher = &node.dispatcher;
    let id = dispatcher
        .create_organization(Name::parse(&slug)?, Slug::parse(&slug)?)
        .await?;
    let operator = CommandContext::new(id, Actor::Operator);
    dispatcher.dispatch(operator.clone(), settings()).await?;
    let person = async |name: &str, role| {
        let user_id = UserId(Uuid::now_v7());
        let create = CreateUser {
            user_id,
            name: Name::parse(name)?,
            email: None,
            role,
        };
        dispatcher.dispatch(operator.clone(), create).await?;
        let lifetime = TimeDelta::days(TOKEN_DAYS);
        // Clocks that are set back must not make it a token of the future.
        let signed_at = Utc::now() - TimeDelta::days(1);
        let token = signer.sign(&Grant::alone(id, user_id, role), signed_at, lifetime)?;
        anyhow::Ok((user_id.0, token))
    };
    if number % 2 == 1 {
        for definition in policies()? {
            let create = CreatePolicy {
                policy_id: PolicyId(Uuid::now_v7()),
                definition,
            };
            dispatcher.dispatch(operator.clone(), create).await?;
        }
    }
    let (agent, agent_token) = person("Grace", Role::Agent).await?;
    let (colleague, _) = person("Alan", Role::Agent).await?;
    let (customer, customer_token) = person("Carla", Role::Customer).await?;
    Ok(Organization {
        id: id.0,
        partition: dispatcher.partition(id).await?.get(),
        customer,
        agents: vec![agent, colleague],
        customer_token,
        agent_token,
    })
}

/// Every metric, and a rule that a tag changes. Urgent tickets are due as by the settings, and more of their clocks.
fn policies() -> Result<[PolicyDefinition; 2]> {
    let target = |priority, metric| Target {
        priority,
        metric,
        seconds: match (priority, metric) {
            (Priority::Urgent, _) => URGENT_TARGET_MINUTES * 60,
            (_, Metric::FirstReply | Metric::RequesterWait | Metric::AgentWork) => 100 * 86_400,
            (_, Metric::Resolution) => 200 * 86_400,
            _ => REPLY_TARGET_S,
        },
        calendar_id: None,
        warnings: Vec::new(),
    };
    let all = Priority::ALL.into_iter();
    let all = all.flat_map(|priority| Metric::ALL.map(|metric| target(priority, metric)));
    let both = [Metric::FirstReply, Metric::AgentWork];
    let some = Priority::ALL.into_iter();
    let some = some.flat_map(|priority| both.map(|metric| target(priority, metric)));
    let important = Condition::Tag(Presence::IsOneOf(vec![Tag::parse("vip")?]));
    Ok([
        PolicyDefinition {
            name: Name::parse("Important")?,
            conditions: Conditions {
                all: vec![important],
                any: Vec::new(),
            },
            targets: all.collect(),
        },
        PolicyDefinition {
            name: Name::parse("All others")?,
            conditions: Conditions::default(),
            targets: some.collect(),
        },
    ])
}

/// Urgent tickets are due within a minute; all others not while a fault is tried.
fn settings() -> ChangeOrganization {
    let days = |days: u32| Targets {
        first_response_minutes: days * 1_440,
        resolution_minutes: days * 1_440,
    };
    ChangeOrganization {
        auto_close_after_hours: Some(AUTO_CLOSE_HOURS),
        sla_targets: Some(TargetTable {
            urgent: Targets {
                first_response_minutes: URGENT_TARGET_MINUTES,
                resolution_minutes: URGENT_TARGET_MINUTES,
            },
            high: days(100),
            normal: days(200),
            low: days(300),
        }),
        ..ChangeOrganization::default()
    }
}

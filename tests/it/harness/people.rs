//! Organizations and the people in them.

use chrono::{TimeDelta, Utc};
use domain::actor::{Actor, Role};
use domain::ids::{OrganizationId, TeamId, UserId};
use domain::text::{Email, Name, Slug};
use hyper::Method;
use platform::auth::{Grant, TokenKeys, TokenSigner};
use platform::config::Secret;
use platform::consistency::ConsistencyToken;
use serde_json::{Value, json};
use uuid::Uuid;
use write_side::commands::{CreateTeam, CreateUser};
use write_side::dispatch::{CommandContext, Dispatcher};

use super::SECRET;
use super::client::{Answer, Client, Request, Seen};

/// An organization: an admin, a lead, two agents in a team, and two customers.
#[derive(Debug, Clone)]
pub struct Organization {
    pub id: OrganizationId,
    pub slug: String,
    /// Ada.
    pub admin: Person,
    /// Lea.
    pub lead: Person,
    /// Grace.
    pub agent: Person,
    /// Alan.
    pub colleague: Person,
    /// Carla.
    pub customer: Person,
    /// Sten, another customer.
    pub stranger: Person,
    /// Support: Grace and Alan.
    pub team_id: Uuid,
}

impl Organization {
    /// Makes it as an operator would.
    pub async fn create(dispatcher: &Dispatcher, client: &Client, slug: &str) -> Self {
        let name = Name::parse(slug).unwrap();
        let id = dispatcher
            .create_organization(name, Slug::parse(slug).unwrap())
            .await
            .unwrap();
        let seen = Seen::default();
        let person = async |name: &'static str, role| {
            let user_id = UserId(Uuid::now_v7());
            let email = Email::parse(&format!("{}@{slug}.example", name.to_lowercase())).unwrap();
            let create = CreateUser {
                user_id,
                name: Name::parse(name).unwrap(),
                email: Some(email),
                role,
            };
            let done = dispatcher.dispatch(operator(id), create).await.unwrap();
            // What they ask for first must show that they exist.
            seen.note(ConsistencyToken {
                partition: done.partition,
                position: done.position,
            });
            Person {
                id: user_id.0,
                name,
                client: client.clone(),
                token: token(id, user_id, role),
                seen: seen.clone(),
            }
        };
        let admin = person("Ada", Role::Admin).await;
        let lead = person("Lea", Role::Lead).await;
        let agent = person("Grace", Role::Agent).await;
        let colleague = person("Alan", Role::Agent).await;
        let team_id = TeamId(Uuid::now_v7());
        let members = [&agent, &colleague].map(|agent| UserId(agent.id)).into();
        let create = CreateTeam {
            team_id,
            name: Name::parse("Support").unwrap(),
            private: false,
            members,
        };
        dispatcher.dispatch(operator(id), create).await.unwrap();
        Self {
            id,
            slug: slug.to_owned(),
            admin,
            lead,
            agent,
            colleague,
            customer: person("Carla", Role::Customer).await,
            stranger: person("Sten", Role::Customer).await,
            team_id: team_id.0,
        }
    }

    /// A person who was made through the API.
    pub fn person(&self, id: Uuid, name: &'static str, role: Role) -> Person {
        Person {
            id,
            name,
            token: token(self.id, UserId(id), role),
            ..self.admin.clone()
        }
    }

    /// Everybody.
    pub fn people(&self) -> [&Person; 6] {
        [
            &self.admin,
            &self.lead,
            &self.agent,
            &self.colleague,
            &self.customer,
            &self.stranger,
        ]
    }

    /// The same people at another server of the same log, with what they have seen.
    pub fn at(&self, client: &Client) -> Self {
        Self {
            slug: self.slug.clone(),
            admin: self.admin.at(client),
            lead: self.lead.at(client),
            agent: self.agent.at(client),
            colleague: self.colleague.at(client),
            customer: self.customer.at(client),
            stranger: self.stranger.at(client),
            ..*self
        }
    }
}

fn operator(organization: OrganizationId) -> CommandContext {
    CommandContext::new(organization, Actor::Operator)
}

/// Good for an hour of real time: tokens are not read by the test's clock.
fn token(organization: OrganizationId, user: UserId, role: Role) -> String {
    let signer = TokenSigner::new(TokenKeys::parse(&Secret::new(SECRET)).unwrap());
    signer
        .sign(
            &Grant::alone(organization, user, role),
            Utc::now(),
            TimeDelta::hours(1),
        )
        .unwrap()
}

/// Somebody who sends requests. Paths begin after the API's base.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: Uuid,
    pub name: &'static str,
    client: Client,
    token: String,
    seen: Seen,
}

impl Person {
    /// The same person at another server of the same log, with what they have seen.
    pub fn at(&self, client: &Client) -> Self {
        Self {
            client: client.clone(),
            ..self.clone()
        }
    }

    /// Somebody of the same organization who shows this.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    /// Their access token.
    pub fn token(&self) -> &str {
        &self.token
    }

    pub fn request(&self, method: Method, path: &str) -> Request {
        let path = format!("{}{path}", platform::http::serve::BASE_PATH);
        self.client
            .request(method, &path)
            .token(&self.token)
            .seeing(self.seen.clone())
    }

    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: Value) -> Request {
        self.request(Method::POST, path).json(&body)
    }

    /// A command without a body.
    pub fn act(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    pub fn patch(&self, path: &str, body: Value) -> Request {
        self.request(Method::PATCH, path).json(&body)
    }

    pub fn put(&self, path: &str) -> Request {
        self.request(Method::PUT, path)
    }

    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    /// A customer opens a ticket for themself.
    pub async fn opens(&self, subject: &str) -> Uuid {
        let body = json!({"subject": subject, "body": format!("{subject}, please help.")});
        self.post("/tickets", body).await.expect(201).id()
    }

    pub fn replies(&self, ticket: Uuid, words: &str) -> Request {
        self.post(
            &format!("/tickets/{ticket}/messages"),
            json!({"body": words}),
        )
    }

    pub fn notes(&self, ticket: Uuid, words: &str) -> Request {
        let body = json!({"body": words, "visibility": "internal"});
        self.post(&format!("/tickets/{ticket}/messages"), body)
    }

    pub fn sets_status(&self, ticket: Uuid, status: &str) -> Request {
        self.post(
            &format!("/tickets/{ticket}/status"),
            json!({"status": status}),
        )
    }

    pub fn resolves(&self, ticket: Uuid) -> Request {
        self.act(&format!("/tickets/{ticket}/resolve"))
    }

    pub fn closes(&self, ticket: Uuid) -> Request {
        self.act(&format!("/tickets/{ticket}/close"))
    }

    pub fn reopens(&self, ticket: Uuid) -> Request {
        self.act(&format!("/tickets/{ticket}/reopen"))
    }

    /// The ticket as this person sees it.
    pub async fn ticket(&self, ticket: Uuid) -> Answer {
        self.get(&format!("/tickets/{ticket}")).await.expect(200)
    }

    /// Its messages, the oldest first.
    pub async fn messages(&self, ticket: Uuid) -> Vec<Value> {
        self.get(&format!("/tickets/{ticket}/messages?limit=100"))
            .await
            .expect(200)
            .items()
            .to_vec()
    }

    /// Its history, the oldest first.
    pub async fn history(&self, ticket: Uuid) -> Vec<Value> {
        self.get(&format!("/tickets/{ticket}/history?limit=100"))
            .await
            .expect(200)
            .items()
            .to_vec()
    }

    /// The types of its history, the oldest first.
    pub async fn history_types(&self, ticket: Uuid) -> Vec<String> {
        let history = self.history(ticket).await;
        history
            .iter()
            .map(|entry| entry["type"].as_str().unwrap().to_owned())
            .collect()
    }
}

//! From a request to a dispatched command and back: the part that is the same for every endpoint.

use super::headers;
use super::problems::problem;
use crate::commands::{EraseUser, UserAnswer};
use crate::dispatch::{CommandContext, CommandError, Dispatcher, Done, Idempotency, UseCase};
use domain::ids::TicketId;
use platform::auth::Principal;
use platform::consistency::ConsistencyToken;
use platform::http::body::RawBody;
use platform::http::client_address::ClientAddress;
use platform::http::problem::Problem;
use platform::http::request_id::RequestId;
use platform::http::views::{TicketView, TicketViews};
use poem::Request;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;

/// What the endpoints share.
#[derive(Clone)]
pub(super) struct Desk {
    pub dispatcher: Dispatcher,
    pub views: Arc<dyn TicketViews>,
    /// The longest wait for a view, so that the answer leaves before the request's deadline.
    pub wait_max: Duration,
}

/// The headers of a command, as they were sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Headers {
    pub idempotency_key: Option<String>,
    pub if_match: Option<String>,
}

/// A request for a command: who, with which headers.
pub(super) struct Call<'a> {
    pub principal: Principal,
    pub request: &'a Request,
    pub headers: Headers,
}

impl Desk {
    /// Checks the headers, and carries the command out. The gate has let the person in.
    pub(super) async fn run<C: UseCase + 'static>(
        &self,
        call: &Call<'_>,
        command: C,
    ) -> Result<Done<C::Answer>, Problem>
    where
        C::Answer: 'static,
    {
        let context = call.context()?;
        let dispatcher = self.dispatcher.clone();
        to_the_end(async move { dispatcher.dispatch(context, command).await }).await
    }

    /// As [`Desk::run`], for the erasure of a person.
    pub(super) async fn erase(
        &self,
        call: &Call<'_>,
        command: EraseUser,
    ) -> Result<Done<UserAnswer>, Problem> {
        let context = call.context()?;
        let dispatcher = self.dispatcher.clone();
        to_the_end(async move { dispatcher.erase(context, command).await }).await
    }

    /// The full view of a ticket once the read models show the command; none when they do not in time.
    pub(super) async fn view(
        &self,
        viewer: &Principal,
        ticket_id: TicketId,
        token: ConsistencyToken,
        wait: Duration,
    ) -> Option<TicketView> {
        let deadline = Instant::now() + wait.min(self.wait_max);
        match self.views.ticket(viewer, ticket_id, token, deadline).await {
            Ok(view) => view,
            Err(error) => {
                tracing::info!(error = &error as &dyn std::error::Error, "no view in time");
                None
            }
        }
    }
}

/// In a task of its own: a client that hangs up does not stop a command half-way.
pub(super) async fn to_the_end<A: Send + 'static>(
    command: impl Future<Output = Result<Done<A>, CommandError>> + Send + 'static,
) -> Result<Done<A>, Problem> {
    let done = tokio::spawn(command.in_current_span()).await;
    done.map_err(Problem::internal)?.map_err(problem)
}

impl Call<'_> {
    pub(super) fn context(&self) -> Result<CommandContext, Problem> {
        let key = headers::idempotency_key(self.headers.idempotency_key.as_deref())?;
        let idempotency = key.map(|key| Idempotency {
            key,
            request_hash: self.request_hash(),
        });
        let request_id = self
            .request
            .data::<RequestId>()
            .map(|id| id.as_str().to_owned());
        let address = ClientAddress::of(self.request);
        Ok(CommandContext {
            rights: self.principal.permissions,
            request_id,
            source_address: address.map(|address| address.to_string()),
            idempotency,
            if_match: headers::if_match(self.headers.if_match.as_deref())?,
            ..CommandContext::new(self.principal.organization_id, self.principal.actor())
        })
    }

    /// Binds a key to who sent which bytes where. Method and path end at a byte that they cannot hold.
    fn request_hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.principal.user_id.0.as_bytes());
        hasher.update(self.request.method().as_str().as_bytes());
        hasher.update(b"\n");
        hasher.update(self.request.original_uri().path().as_bytes());
        hasher.update(b"\n");
        if let Some(RawBody(bytes)) = self.request.data() {
            hasher.update(bytes);
        }
        *hasher.finalize().as_bytes()
    }
}

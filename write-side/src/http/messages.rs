//! Commands to messages.

use super::bodies::{EditMessageBody, ReasonBody};
use super::desk::{Call, Desk};
use super::fields::Fields;
use super::responses::{Changed, MessageResult, Stamp};
use super::tags::ApiTags;
use super::tickets::call;
use crate::commands::ChangeMessage;
use domain::ids::MessageId;
use domain::message::command::MessageCommand;
use domain::text::MessageBody;
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::{CommandProblem, Problem};
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path};
use uuid::Uuid;

pub(super) struct Messages(pub Desk);

/// Commands to messages.
#[OpenApi(tag = "ApiTags::Messages")]
impl Messages {
    /// Edit one's own message
    ///
    /// Within the organization's edit window.
    #[oai(
        path = "/messages/:message_id",
        method = "patch",
        operation_id = "edit_message"
    )]
    async fn edit(
        &self,
        bearer: Bearer,
        request: &Request,
        message_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<EditMessageBody>,
    ) -> Result<Changed<MessageResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let mut fields = Fields::default();
        let words = fields.text("/body", &body.0.body, MessageBody::parse);
        let command = MessageCommand::Edit {
            body: fields.finish(words)?,
        };
        Ok(self.change(&call, message_id.0, command).await?)
    }

    /// Take a message's words out of every view
    #[oai(
        path = "/messages/:message_id/redact",
        method = "post",
        operation_id = "redact_message"
    )]
    async fn redact(
        &self,
        bearer: Bearer,
        request: &Request,
        message_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<Option<ReasonBody>>,
    ) -> Result<Changed<MessageResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let command = MessageCommand::Redact {
            reason: ReasonBody::reason(body.0)?,
        };
        Ok(self.change(&call, message_id.0, command).await?)
    }
}

impl Messages {
    async fn change(
        &self,
        call: &Call<'_>,
        message_id: Uuid,
        command: MessageCommand,
    ) -> Result<Changed<MessageResult>, Problem> {
        let change = ChangeMessage {
            message_id: MessageId(message_id),
            command,
        };
        let done = self.0.run(call, change).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            MessageResult::from(&done.answer),
        ))
    }
}

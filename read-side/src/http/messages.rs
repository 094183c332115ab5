//! `GET /tickets/{id}/messages`.

use domain::ids::TicketId;
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::MessageView;
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use uuid::Uuid;

use super::page::{Listed, OrderView, limit};
use super::session::{Session, refused};
use super::{Tag, views};
use crate::messages::Conversation;
use crate::models::ReadModels;

pub(super) struct MessageQueries(pub(super) ReadModels);

#[OpenApi(tag = "Tag::Tickets")]
impl MessageQueries {
    /// List the messages of a ticket
    ///
    /// In the order in which they were posted. Customers see the public messages of their own tickets.
    #[oai(
        path = "/tickets/:ticket_id/messages",
        method = "get",
        operation_id = "list_messages"
    )]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the request"
    )]
    async fn list(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The ticket.
        ticket_id: Path<Uuid>,
        /// Which first; the oldest when absent.
        order: Query<Option<OrderView>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before, with the same order.
        cursor: Query<Option<String>>,
    ) -> Result<Listed<MessageView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let direction = OrderView::direction(order.0);
        let conversation = Conversation::new(TicketId(ticket_id.0), direction, cursor.0.as_deref())
            .map_err(bad_cursor)?;
        let limit = limit(items.0)?;
        let page = self
            .0
            .messages(&session.viewer, &conversation, limit, session.at_least)
            .await
            .map_err(refused)?;
        let page = page.ok_or_else(|| Problem::not_found("the ticket"))?;
        Ok(Listed::new(
            page.map(views::message),
            None,
            request,
            session.token,
        ))
    }
}

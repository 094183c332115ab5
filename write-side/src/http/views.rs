//! Commands to saved views.

use super::desk::Desk;
use super::fields::{AtFault, Fields};
use super::responses::{Changed, Created, Stamp};
use super::tags::ApiTags;
use super::tickets::call;
use crate::commands::{ChangeView, CreateView, DeleteView, ViewAnswer};
use domain::ids::{TeamId, UserId, ViewId};
use domain::text::Name;
use domain::ticket::query::{Query, QueryText};
use domain::view::command::ViewChange;
use domain::view::definition::{TicketOrder, ViewDefinition, ViewOwner};
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::{BodylessCommandProblem, CommandProblem};
use platform::http::views::{SavedViewView, TicketColumnView, TicketSortView, ViewOwnerView};
use poem::Request;
use poem_openapi::param::{Header, Path};
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

pub(super) struct Views(pub Desk);

/// Makes a view.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct CreateViewBody {
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: String,
    /// Whose it is; one's own when left out.
    owner: Option<ViewOwnerView>,
    /// The team, for a team's view.
    team_id: Option<Uuid>,
    /// Which tickets, in the language of `query` of the list of tickets, without words to search for; all when left out.
    #[oai(validator(max_length = 1000))]
    query: Option<String>,
    /// In which order; `-updated_at` when left out.
    sort: Option<TicketSortView>,
    /// Which columns, in their order, each once.
    #[oai(validator(max_items = 14))]
    columns: Option<Vec<TicketColumnView>>,
}

/// Changes what is given of a view.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct UpdateViewBody {
    /// The new name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: Option<String>,
    /// Which tickets from now on.
    #[oai(validator(max_length = 1000))]
    query: Option<String>,
    /// In which order from now on.
    sort: Option<TicketSortView>,
    /// All columns from now on, each once.
    #[oai(validator(max_items = 14))]
    columns: Option<Vec<TicketColumnView>>,
}

fn saved(answer: &ViewAnswer) -> SavedViewView {
    SavedViewView::of(
        answer.id.0,
        answer.owner,
        &answer.definition,
        answer.version,
    )
}

/// The owner, who has a team exactly when they are one.
fn owner(fields: &mut Fields, me: UserId, body: &CreateViewBody) -> Result<ViewOwner, AtFault> {
    match (body.owner.unwrap_or(ViewOwnerView::Me), body.team_id) {
        (ViewOwnerView::Me, None) => Ok(ViewOwner::Person { user_id: me }),
        (ViewOwnerView::Organization, None) => Ok(ViewOwner::Organization),
        (ViewOwnerView::Team, Some(id)) => Ok(ViewOwner::Team {
            team_id: TeamId(id),
        }),
        (ViewOwnerView::Team, None) => Err(fields.add("/team_id", "must be the team's id")),
        (ViewOwnerView::Me | ViewOwnerView::Organization, Some(_)) => {
            Err(fields.add("/team_id", "belongs to a view whose owner is `team`"))
        }
    }
}

/// The query as it is kept, without the blanks around it. The column of what does not fit is counted in what was sent.
fn query(fields: &mut Fields, sent: &str) -> Result<QueryText, AtFault> {
    if let Err(error) = Query::parse(sent) {
        return Err(fields.add("/query", error.to_string()));
    }
    fields.text("/query", sent, QueryText::parse)
}

fn columns<T: From<TicketColumnView>>(views: Vec<TicketColumnView>) -> Vec<T> {
    views.into_iter().map(Into::into).collect()
}

/// Commands to saved views.
#[OpenApi(tag = "ApiTags::Views")]
impl Views {
    /// Make a view
    ///
    /// For oneself; leads and admins for a team, admins for the organization. A person and a team have at most 50, the
    /// organization 100.
    #[oai(path = "/views", method = "post", operation_id = "create_view")]
    async fn create(
        &self,
        bearer: Bearer,
        request: &Request,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<CreateViewBody>,
    ) -> Result<Created<SavedViewView>, CommandProblem> {
        let me = bearer.0.user_id;
        let call = call(bearer, request, key, Header(None));
        let mut fields = Fields::default();
        let body = body.0;
        let name = fields.text("/name", &body.name, Name::parse);
        let query = query(&mut fields, body.query.as_deref().unwrap_or_default());
        let owner = owner(&mut fields, me, &body);
        let order = body.sort.map_or_else(TicketOrder::default, Into::into);
        let all = || {
            let definition = ViewDefinition {
                name: name?,
                query: query?,
                order,
                columns: columns(body.columns.unwrap_or_default()),
            };
            Ok::<_, AtFault>((owner?, definition))
        };
        let parsed = all();
        let (owner, definition) = fields.finish(parsed)?;
        let command = CreateView {
            view_id: ViewId(Uuid::now_v7()),
            owner,
            definition,
        };
        let done = self.0.run(&call, command).await?;
        let result = saved(&done.answer);
        Ok(Created::of(
            &format!("/views/{}", result.id),
            result.version,
            Stamp::of(&done),
            result,
        ))
    }

    /// Change a view
    #[oai(
        path = "/views/:view_id",
        method = "patch",
        operation_id = "update_view"
    )]
    async fn update(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The view.
        view_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<UpdateViewBody>,
    ) -> Result<Changed<SavedViewView>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let mut fields = Fields::default();
        let body = body.0;
        let name = fields.optional("/name", body.name.as_deref(), Name::parse);
        let query = body.query.as_deref();
        let query = query.map(|sent| self::query(&mut fields, sent)).transpose();
        let all = || {
            Ok::<_, AtFault>(ViewChange {
                name: name?,
                query: query?,
                order: body.sort.map(Into::into),
                columns: body.columns.map(columns),
            })
        };
        let parsed = all();
        let command = ChangeView {
            view_id: ViewId(view_id.0),
            change: fields.finish(parsed)?,
        };
        let done = self.0.run(&call, command).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            saved(&done.answer),
        ))
    }

    /// Delete a view
    ///
    /// Answers with the view as it was.
    #[oai(
        path = "/views/:view_id",
        method = "delete",
        operation_id = "delete_view"
    )]
    async fn delete(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The view.
        view_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
    ) -> Result<Changed<SavedViewView>, BodylessCommandProblem> {
        let call = call(bearer, request, key, if_match);
        let command = DeleteView {
            view_id: ViewId(view_id.0),
        };
        let done = self.0.run(&call, command).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            saved(&done.answer),
        ))
    }
}

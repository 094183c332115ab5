//! Invitations: sent, listed, sent again, revoked and accepted.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::ids::{InvitationId, TeamId, UserId};
use domain::text::{Email, Name};
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::page::{bad_cursor, limit, next_link};
use platform::http::problem::{AccessProblem, BodylessAccessProblem};
use platform::http::serve::BASE_PATH;
use platform::http::views::RoleView;
use poem::Request;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::answers::{Accepted, Done};
use super::bodies::{AcceptInvitationBody, InvitationBody};
use super::origin;
use super::problems::problem;
use crate::http::fields::{AtFault, Fields};
use crate::http::tags::ApiTags;
use crate::identity::{Identity, Invitation, InvitationList, Wish};

pub(super) struct InvitationApi(pub(super) Identity);

/// An invitation that waits for its person.
#[derive(Debug, Object)]
#[oai(rename = "Invitation")]
struct InvitationView {
    /// Its id.
    id: Uuid,
    /// The invited.
    user_id: Uuid,
    /// Their name.
    name: String,
    /// Where it went.
    email: String,
    /// What they will be.
    role: RoleView,
    /// When it was sent.
    sent_at: DateTime<Utc>,
    /// Until when its link is good.
    expires_at: DateTime<Utc>,
}

/// Some of the invitations that wait for their people, the newest first.
#[derive(Debug, Object)]
#[oai(rename = "Invitations", skip_serializing_if_is_none)]
struct InvitationsView {
    /// At most `limit`, and perhaps fewer on any page: those by which nobody can come any more are left out.
    items: Vec<InvitationView>,
    /// Send it as `cursor` to get the next page. Absent on the last page.
    next_cursor: Option<String>,
}

/// The open invitations.
#[derive(ApiResponse)]
enum Listed {
    /// One page.
    #[oai(status = 200)]
    Listed(
        Json<InvitationsView>,
        /// The next page (RFC 8288, `rel="next"`). Absent on the last page.
        #[oai(header = "Link")]
        Option<String>,
        /// `private, no-cache`: for this person alone, and to be asked for anew.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// Somebody was invited.
#[derive(ApiResponse)]
enum Invited {
    /// A mail is on its way.
    #[oai(status = 201)]
    Invited(
        Json<InvitationView>,
        /// Where it can be revoked.
        #[oai(header = "Location")]
        String,
    ),
}

impl From<Invitation> for Invited {
    fn from(invitation: Invitation) -> Self {
        let location = format!("{BASE_PATH}/invitations/{}", invitation.id);
        Self::Invited(Json(invitation.into()), location)
    }
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id.0,
            user_id: invitation.user_id.0,
            name: invitation.name.to_string(),
            email: invitation.email.to_string(),
            role: invitation.role.into(),
            sent_at: invitation.sent_at,
            expires_at: invitation.expires_at,
        }
    }
}

#[OpenApi(tag = "ApiTags::Access")]
impl InvitationApi {
    /// Invite somebody
    ///
    /// Makes a user with this address, role and teams, and mails them a link by which they get in, good once and for a
    /// week. Admins only.
    #[oai(
        path = "/invitations",
        method = "post",
        operation_id = "create_invitation"
    )]
    async fn create(
        &self,
        bearer: Bearer,
        request: &Request,
        body: Body<InvitationBody>,
    ) -> Result<Invited, AccessProblem> {
        let body = body.0;
        let mut fields = Fields::default();
        let email = fields.text("/email", &body.email, Email::parse);
        let name = fields.optional("/name", body.name.as_deref(), Name::parse);
        let all = || Ok::<_, AtFault>((email?, name?));
        let parsed = all();
        let (email, name) = fields.finish(parsed)?;
        let teams = body.team_ids.unwrap_or_default().into_iter();
        let wish = Wish {
            email,
            name,
            role: body.role.into(),
            teams: teams.map(TeamId).collect::<BTreeSet<_>>(),
        };
        let origin = origin(request);
        let invited = self.0.invite_new(&bearer.0, wish, &origin).await;
        Ok(invited.map_err(problem)?.into())
    }

    /// List open invitations
    ///
    /// Those that were neither accepted nor revoked, and are still good. Admins only.
    #[oai(
        path = "/invitations",
        method = "get",
        operation_id = "list_invitations"
    )]
    async fn list(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Listed, BodylessAccessProblem> {
        let list = InvitationList::new(cursor.0.as_deref()).map_err(bad_cursor)?;
        let limit = limit(items.0)?;
        let organization_id = bearer.0.organization_id;
        let open = self.0.open_invitations(organization_id, &list, limit).await;
        let page = open.map_err(problem)?;
        let next = page.next_cursor.as_deref();
        let link = next.map(|cursor| next_link(request.uri(), cursor));
        let view = InvitationsView {
            items: page.items.into_iter().map(Into::into).collect(),
            next_cursor: page.next_cursor,
        };
        let kept = "private, no-cache".to_owned();
        Ok(Listed::Listed(Json(view), link, kept))
    }

    /// Send an invitation again
    ///
    /// With another link; the former one is void. Admins only.
    #[oai(
        path = "/invitations/:invitation_id/resend",
        method = "post",
        operation_id = "resend_invitation"
    )]
    async fn resend(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The invitation.
        invitation_id: Path<Uuid>,
    ) -> Result<Invited, BodylessAccessProblem> {
        let (id, origin) = (InvitationId(invitation_id.0), origin(request));
        let invited = self.0.resend_invitation(&bearer.0, id, &origin).await;
        Ok(invited.map_err(problem)?.into())
    }

    /// Revoke an invitation
    ///
    /// Its link is void. Who never came may not act any more, and their address is free again. Admins only.
    #[oai(
        path = "/invitations/:invitation_id",
        method = "delete",
        operation_id = "revoke_invitation"
    )]
    async fn revoke(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The invitation.
        invitation_id: Path<Uuid>,
    ) -> Result<Done, BodylessAccessProblem> {
        let (id, origin) = (InvitationId(invitation_id.0), origin(request));
        let revoked = self.0.revoke_invitation(&bearer.0, id, &origin).await;
        revoked.map_err(problem)?;
        Ok(Done::Done)
    }

    /// Invite a user
    ///
    /// Mails somebody who is a user already a link by which they get in, good once and for a week. Admins only.
    #[oai(
        path = "/users/:user_id/invite",
        method = "post",
        operation_id = "invite_user"
    )]
    async fn invite(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The person.
        user_id: Path<Uuid>,
    ) -> Result<Accepted, BodylessAccessProblem> {
        let origin = origin(request);
        let invited = self.0.invite(&bearer.0, UserId(user_id.0), &origin).await;
        invited.map_err(problem)?;
        Ok(Accepted::Accepted)
    }

    /// Accept an invitation
    ///
    /// Who has no account for the address chooses a password; who has one signs in with it afterwards.
    #[oai(
        path = "/auth/invitations/accept",
        method = "post",
        operation_id = "accept_invitation"
    )]
    async fn accept(
        &self,
        request: &Request,
        body: Body<AcceptInvitationBody>,
    ) -> Result<Done, AccessProblem> {
        let AcceptInvitationBody { token, password } = &body.0;
        let origin = origin(request);
        let accepted = self
            .0
            .accept_invitation(token, password.as_deref(), &origin);
        accepted.await.map_err(problem)?;
        Ok(Done::Done)
    }
}

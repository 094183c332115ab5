//! The roles of the organization's own.

use domain::ids::RoleId;
use domain::organization::role::CustomRole;
use domain::text::{Name, PermissionName, TextError};
use platform::auth::Principal;
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::{AccessProblem, BodylessAccessProblem, Problem};
use platform::http::views::RoleView;
use platform::permission::{Permission, parse};
use poem::Request;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::answers::{Done, Private};
use super::origin;
use super::problems::problem;
use crate::commands::{ChangeRole, CreateRole, DeleteRole, RoleAnswer};
use crate::http::fields::{AtFault, Fields};
use crate::http::tags::ApiTags;
use crate::identity::Identity;

/// Makes a role.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct CreateRoleBody {
    /// What people read; no other role has it.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: String,
    /// The built-in role that it has fewer permissions than: not `customer`.
    base: RoleView,
    /// What whoever has it may do, such as `read_audit`. docs/SECURITY.md lists them.
    #[oai(validator(max_items = 64))]
    permissions: Vec<String>,
}

/// Changes what is given of a role.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct UpdateRoleBody {
    /// The new name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: Option<String>,
    /// What whoever has it may do from now on.
    #[oai(validator(max_items = 64))]
    permissions: Option<Vec<String>>,
}

/// A role of the organization's own.
#[derive(Debug, Object)]
#[oai(rename = "CustomRole")]
struct CustomRoleView {
    /// Its id.
    id: Uuid,
    /// What people read.
    name: String,
    /// The built-in role that it has fewer permissions than.
    base: RoleView,
    /// What whoever has it may do.
    permissions: Vec<String>,
    /// How many people have it.
    holders: u64,
}

/// The roles of the organization's own.
#[derive(Debug, Object)]
#[oai(rename = "CustomRoles")]
struct CustomRolesView {
    /// At most 50.
    items: Vec<CustomRoleView>,
}

/// It was made.
#[derive(ApiResponse)]
enum Made {
    /// As it is now.
    #[oai(status = 201)]
    Made(
        Json<CustomRoleView>,
        /// Where it is.
        #[oai(header = "Location")]
        String,
        /// `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

impl From<RoleAnswer> for CustomRoleView {
    fn from(answer: RoleAnswer) -> Self {
        let permissions = answer.permissions.iter();
        Self {
            id: answer.id.0,
            name: answer.name.to_string(),
            base: answer.base.into(),
            permissions: permissions.map(PermissionName::to_string).collect(),
            holders: answer.holders as u64,
        }
    }
}

impl From<(RoleId, CustomRole)> for CustomRoleView {
    fn from((id, role): (RoleId, CustomRole)) -> Self {
        let permissions = role.permissions.iter();
        Self {
            id: id.0,
            name: role.name.to_string(),
            base: role.base.into(),
            permissions: permissions.map(PermissionName::to_string).collect(),
            holders: role.holders.len() as u64,
        }
    }
}

pub(super) struct RoleApi(pub(super) Identity);

#[OpenApi(tag = "ApiTags::Access")]
impl RoleApi {
    /// List the organization's own roles
    ///
    /// Staff only. The built-in roles are not among them.
    #[oai(path = "/roles", method = "get", operation_id = "list_roles")]
    async fn list(
        &self,
        bearer: Bearer,
    ) -> Result<Private<CustomRolesView>, BodylessAccessProblem> {
        let items = self.all(&bearer.0).await?;
        Ok(Private::of(CustomRolesView { items }))
    }

    /// Get a role of the organization's own
    ///
    /// Staff only.
    #[oai(path = "/roles/:role_id", method = "get", operation_id = "get_role")]
    async fn get(
        &self,
        bearer: Bearer,
        /// The role.
        role_id: Path<Uuid>,
    ) -> Result<Private<CustomRoleView>, BodylessAccessProblem> {
        let mut all = self.all(&bearer.0).await?.into_iter();
        let found = all.find(|role| role.id == role_id.0);
        Ok(Private::of(
            found.ok_or_else(|| Problem::not_found("the role"))?,
        ))
    }

    /// Make a role
    ///
    /// Its permissions are some of its base's, and nobody gives one that they do not have.
    #[oai(path = "/roles", method = "post", operation_id = "create_role")]
    async fn create(
        &self,
        bearer: Bearer,
        request: &Request,
        body: Body<CreateRoleBody>,
    ) -> Result<Made, AccessProblem> {
        let mut fields = Fields::default();
        let name = fields.text("/name", &body.0.name, Name::parse);
        let permissions = fields.each("/permissions", &body.0.permissions, permission);
        let all = || Ok::<_, AtFault>((name?, permissions?));
        let parsed = all();
        let (name, permissions) = fields.finish(parsed)?;
        let command = CreateRole {
            role_id: RoleId(Uuid::now_v7()),
            name,
            base: body.0.base.into(),
            permissions,
        };
        let origin = origin(request);
        let made = self.0.create_role(&bearer.0, command, &origin);
        let made = CustomRoleView::from(made.await.map_err(problem)?);
        let place = format!("/api/v1/roles/{}", made.id);
        Ok(Made::Made(Json(made), place, "no-store".to_owned()))
    }

    /// Change a role
    ///
    /// For everybody who has it, within seconds.
    #[oai(
        path = "/roles/:role_id",
        method = "patch",
        operation_id = "update_role"
    )]
    async fn update(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The role.
        role_id: Path<Uuid>,
        body: Body<UpdateRoleBody>,
    ) -> Result<Private<CustomRoleView>, AccessProblem> {
        let mut fields = Fields::default();
        let name = fields.optional("/name", body.0.name.as_deref(), Name::parse);
        let permissions = body.0.permissions.as_deref();
        let permissions = permissions.map(|names| fields.each("/permissions", names, permission));
        let all = || Ok::<_, AtFault>((name?, permissions.transpose()?));
        let parsed = all();
        let (name, permissions) = fields.finish(parsed)?;
        let command = ChangeRole {
            role_id: RoleId(role_id.0),
            name,
            permissions,
        };
        let origin = origin(request);
        let changed = self.0.change_role(&bearer.0, command, &origin);
        Ok(Private::of(changed.await.map_err(problem)?.into()))
    }

    /// Delete a role
    ///
    /// Refused with 409 while somebody has it.
    #[oai(
        path = "/roles/:role_id",
        method = "delete",
        operation_id = "delete_role"
    )]
    async fn delete(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The role.
        role_id: Path<Uuid>,
    ) -> Result<Done, BodylessAccessProblem> {
        let command = DeleteRole {
            role_id: RoleId(role_id.0),
        };
        let origin = origin(request);
        let deleted = self.0.delete_role(&bearer.0, command, &origin);
        deleted.await.map_err(problem)?;
        Ok(Done::Done)
    }
}

impl RoleApi {
    async fn all(&self, principal: &Principal) -> Result<Vec<CustomRoleView>, Problem> {
        let roles = self.0.roles(principal.organization_id).await;
        let roles = roles.map_err(problem)?.into_iter();
        Ok(roles.map(Into::into).collect())
    }
}

fn permission(name: &str) -> Result<Permission, TextError> {
    parse(name).ok_or(TextError::Form {
        expected: "a permission such as `read_audit`",
    })
}

//! Who may do what.
//! <https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_RELATION_PRIVILEGES.html>

use rusqlite::types::Value;

use super::{NAME, Rows, Source, View, number, text};
use crate::sql::catalog::Grants;
use crate::sql::statement::Grantee;
use crate::sql::types::Ty;

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "pg_catalog",
        name: "svv_relation_privileges",
        shape: &[
            ("namespace_name", NAME),
            ("relation_name", NAME),
            ("privilege_type", NAME),
            ("identity_id", Ty::Int),
            ("identity_name", NAME),
            ("identity_type", NAME),
            ("admin_option", Ty::Bool),
        ],
        fill: |source| {
            let relations = source
                .catalog
                .relations
                .iter()
                .filter(|(_, relation)| source.sees(&relation.owner));
            relations
                .flat_map(|((schema, name), relation)| {
                    grants(source, &[text(schema), text(name)], &relation.grants)
                })
                .collect()
        },
    },
    View {
        schema: "pg_catalog",
        name: "svv_schema_privileges",
        shape: &[
            ("namespace_name", NAME),
            ("privilege_type", NAME),
            ("identity_id", Ty::Int),
            ("identity_name", NAME),
            ("identity_type", NAME),
            ("admin_option", Ty::Bool),
        ],
        fill: |source| {
            let schemas = source
                .catalog
                .schemas
                .iter()
                .filter(|(_, schema)| source.sees(&schema.owner));
            schemas
                .flat_map(|(name, schema)| grants(source, &[text(name)], &schema.grants))
                .collect()
        },
    },
    View {
        schema: "pg_catalog",
        name: "svv_database_privileges",
        shape: &[
            ("database_name", NAME),
            ("privilege_type", NAME),
            ("identity_id", Ty::Int),
            ("identity_name", NAME),
            ("identity_type", NAME),
            ("admin_option", Ty::Bool),
        ],
        fill: |source| grants(source, &[text(&source.catalog.name)], &source.catalog.grants),
    },
    View {
        schema: "pg_catalog",
        name: "svv_roles",
        shape: &[("role_id", Ty::Int), ("role_name", NAME), ("role_owner", NAME)],
        fill: |source| {
            let roles = source.warehouse.accounts.roles.iter();
            roles
                .map(|(name, role)| vec![number(role.id), text(name), text(&role.owner)])
                .collect()
        },
    },
    View {
        schema: "pg_catalog",
        name: "svv_user_grants",
        shape: &[
            ("user_id", Ty::Int),
            ("user_name", NAME),
            ("role_id", Ty::Int),
            ("role_name", NAME),
            ("admin_option", Ty::Bool),
        ],
        fill: |source| {
            let accounts = &source.warehouse.accounts;
            let mut out = Vec::new();
            for (name, user) in &accounts.users {
                for role in &user.roles {
                    let id = accounts.roles.get(role).map_or(0, |role| role.id);
                    out.push(vec![
                        number(user.id),
                        text(name),
                        number(id),
                        text(role),
                        number(0),
                    ]);
                }
            }
            out
        },
    },
    View {
        schema: "pg_catalog",
        name: "svv_system_privileges",
        shape: &[
            ("system_privilege", NAME),
            ("identity_id", Ty::Int),
            ("identity_name", NAME),
            ("identity_type", NAME),
        ],
        fill: |source| {
            let mut out = Vec::new();
            for (name, role) in &source.warehouse.accounts.roles {
                for privilege in &role.system {
                    out.push(vec![text(privilege), number(role.id), text(name), text("role")]);
                }
            }
            out
        },
    },
];

fn grants(source: &Source<'_>, object: &[Value], grants: &Grants) -> Rows {
    let accounts = &source.warehouse.accounts;
    let mut out = Vec::new();
    for (grantee, privileges) in grants {
        let (id, kind) = match grantee {
            Grantee::User(name) => (source.user_id(name), "user"),
            Grantee::Role(name) => (accounts.roles.get(name).map_or(0, |role| role.id), "role"),
            Grantee::Group(_) => (0, "group"),
            Grantee::Public => (0, "public"),
        };
        for privilege in privileges {
            let mut row = object.to_vec();
            row.extend([
                text(privilege),
                number(id),
                text(grantee.to_string()),
                text(kind),
                number(0),
            ]);
            out.push(row);
        }
    }
    out
}

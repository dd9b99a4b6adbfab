//! Who is where: the cells of a fleet and their tenants.
//!
//! A cell is what tenants share: two networks and what joins them, a cluster, a
//! namespace with its workgroup. Who uses a cell is recorded nowhere but in what
//! the tenants have there: the path of a tenant's roles names its cell, and roles
//! are the first that a tenant gets and the last that it loses. So the record
//! cannot be wrong, and no tag runs out of room.

use super::quotas::FleetQuotas;
use super::spec::{FleetSpec, Tenant};
use std::collections::{BTreeMap, BTreeSet};
use xacct_iam::RolesUnder;
use xacct_types::{Invalid, PIPELINE_TAG};

/// The tenants that have roles, by cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Users(BTreeMap<u32, BTreeSet<String>>);

impl Users {
    /// Reads the record.
    pub(super) fn of(spec: &FleetSpec, roles: &RolesUnder) -> Result<Self, Invalid> {
        let path = spec.role_path(None)?;
        let fleet = format!("{}-", spec.shared.name);
        let mut users = Self::default();
        for role in roles.all() {
            let below = role.arn.as_str().split_once(path.as_str());
            let cell =
                below.and_then(|(_, rest)| rest.strip_prefix("cell-")?.split('/').next()?.parse().ok());
            let tenant = role
                .tags
                .get(PIPELINE_TAG)
                .and_then(|name| name.strip_prefix(&fleet));
            if let (Some(cell), Some(tenant)) = (cell, tenant) {
                users.0.entry(cell).or_default().insert(tenant.to_owned());
            }
        }
        Ok(users)
    }

    /// The tenants of a cell.
    pub(super) fn of_cell(&self, cell: u32) -> BTreeSet<String> {
        self.0.get(&cell).cloned().unwrap_or_default()
    }

    fn cell_of(&self, tenant: &str) -> Option<u32> {
        let mut cells = self.0.iter();
        cells
            .find(|(_, users)| users.contains(tenant))
            .map(|(cell, _)| *cell)
    }

    /// The highest cell that anybody uses.
    pub(super) fn last(&self) -> u32 {
        self.0.keys().next_back().copied().unwrap_or(0)
    }
}

/// Gives every tenant its cell: where it is already, else the first with room.
/// Nobody is ever moved.
pub(super) fn place<'a>(
    tenants: impl IntoIterator<Item = &'a Tenant>,
    users: &Users,
    quotas: &FleetQuotas,
) -> BTreeMap<u32, Vec<&'a Tenant>> {
    let mut cells: BTreeMap<u32, Vec<&Tenant>> = BTreeMap::new();
    let (settled, new): (Vec<_>, Vec<_>) = tenants
        .into_iter()
        .map(|tenant| (users.cell_of(tenant.name.as_str()), tenant))
        .partition(|(cell, _)| cell.is_some());
    for (cell, tenant) in settled {
        cells.entry(cell.unwrap_or(1)).or_default().push(tenant);
    }
    for (_, tenant) in new {
        let mut cell = 1;
        while !has_room(cell, tenant, &cells, users, quotas) {
            cell += 1;
        }
        cells.entry(cell).or_default().push(tenant);
    }
    cells
}

/// Whether one more fits. An empty cell takes anybody: what is too much for it is
/// too much for every cell, and a quota says so.
fn has_room(
    cell: u32,
    tenant: &Tenant,
    cells: &BTreeMap<u32, Vec<&Tenant>>,
    users: &Users,
    quotas: &FleetQuotas,
) -> bool {
    let here = cells.get(&cell).map(Vec::as_slice).unwrap_or_default();
    let mut names = users.of_cell(cell);
    names.extend(here.iter().map(|tenant| tenant.name.to_string()));
    let partitions: u64 = here.iter().map(|tenant| tenant.partitions()).sum();
    names.is_empty()
        || (names.len() < quotas.roles_per_namespace
            && partitions + tenant.partitions() <= quotas.partitions_per_cluster)
}

impl Tenant {
    /// How many partitions its topics have.
    pub(super) fn partitions(&self) -> u64 {
        match self.topics.as_slice() {
            [] => 3,
            topics => topics.iter().map(|topic| u64::from(topic.partitions)).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenants(names: &[&str]) -> Vec<Tenant> {
        names
            .iter()
            .map(|name| Tenant::new(name.parse().unwrap()))
            .collect()
    }

    fn placed(tenants: &[Tenant], users: &Users, roles: usize) -> Vec<(u32, Vec<String>)> {
        let quotas = FleetQuotas {
            roles_per_namespace: roles,
            ..FleetQuotas::default()
        };
        let names = |all: Vec<&Tenant>| all.iter().map(|tenant| tenant.name.to_string()).collect();
        let cells = place(tenants, users, &quotas);
        cells.into_iter().map(|(cell, all)| (cell, names(all))).collect()
    }

    fn users(cells: &[(u32, &[&str])]) -> Users {
        let names = |all: &[&str]| all.iter().map(ToString::to_string).collect();
        Users(cells.iter().map(|(cell, all)| (*cell, names(all))).collect())
    }

    #[test]
    fn a_cell_is_filled_before_the_next_is_made() {
        let all = tenants(&["a", "b", "c"]);
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            placed(&all, &Users::default(), 2),
            [(1, list(&["a", "b"])), (2, list(&["c"]))]
        );
    }

    #[test]
    fn nobody_moves_and_what_becomes_free_is_used_again() {
        let (all, there) = (tenants(&["new", "c"]), users(&[(1, &["a"]), (2, &["c"])]));
        assert_eq!(
            placed(&all, &there, 2),
            [(1, vec!["new".to_owned()]), (2, vec!["c".to_owned()])]
        );
    }

    #[test]
    fn tenants_of_others_take_room_too() {
        let (all, there) = (tenants(&["new"]), users(&[(1, &["x", "y"])]));
        assert_eq!(placed(&all, &there, 2), [(2, vec!["new".to_owned()])]);
    }
}

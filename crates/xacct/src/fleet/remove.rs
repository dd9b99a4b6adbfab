//! Takes tenants away, and what nobody uses any more with them.

use super::cell::{Parting, tenants_scope, unresolved};
use super::place::{Users, place};
use super::{Fleet, Tenant};
use crate::error::Error;
use std::collections::{BTreeMap, BTreeSet};
use xacct_converge::{Context, Finding, Graph, Plan, Planned, Report};

impl Fleet {
    /// Removes tenants: their views, schemas, topics and roles, and from a cell that
    /// nobody uses any more everything else. What they left in topics and views is lost.
    ///
    /// # Guarantees
    /// What another tenant uses is not touched, whoever deployed it. Safe to kill and to run again.
    ///
    /// # Errors
    /// [`Error::Preflight`] where a tenant is not in the specification, which alone says what
    /// is its; [`Error::Remove`] with the resource that would not go.
    pub async fn remove(&self, tenants: &[&str]) -> Result<Plan, Error> {
        let mut report = Report::default();
        for name in tenants.iter().filter(|name| self.spec.tenant(name).is_none()) {
            let why = "is not in the specification, which says what is its";
            report.find(Finding::error(*name, why, "add the tenant to the specification"));
        }
        if !report.holds() {
            return Err(Error::Preflight(report));
        }
        let wanted: BTreeSet<&str> = tenants.iter().copied().collect();
        let doomed = self.spec.tenants.iter();
        let doomed = doomed.filter(|tenant| wanted.contains(tenant.name.as_str()));
        let cx = self.context();
        Box::pin(self.take_away(doomed.collect(), &cx)).await
    }

    /// Removes every tenant of the specification, and every cell that only they used.
    ///
    /// # Errors
    /// As [`Fleet::remove`].
    pub async fn destroy(&self) -> Result<Plan, Error> {
        let cx = self.context();
        Box::pin(self.take_away(self.spec.tenants.iter().collect(), &cx)).await
    }

    async fn take_away(&self, doomed: Vec<&Tenant>, cx: &Context) -> Result<Plan, Error> {
        let roles = self.roles(cx).await?;
        let users = Users::of(&self.spec, &roles).map_err(unresolved)?;
        let mut placed = place(doomed, &users, &self.quotas);
        // A run that was killed may have left a cell whose tenants are gone already.
        let everybody = place(&self.spec.tenants, &Users::default(), &self.quotas);
        let last = everybody
            .keys()
            .next_back()
            .copied()
            .unwrap_or(0)
            .max(users.last());
        for cell in (1..=last).filter(|cell| users.of_cell(*cell).is_empty()) {
            placed.entry(cell).or_default();
        }
        let free = self.left_alone(&placed, &users);
        let cells = self.cells(&placed, &roles, cx).await?;
        let mut graph = Graph::new();
        for cell in &cells {
            let parting = if free.contains(&cell.number) {
                Parting::CellGoes
            } else {
                Parting::CellStays
            };
            cell.declare(&mut graph, parting);
        }
        let planned = self.doomed(&graph, &placed, &free);
        let plan = planned.plan.clone();
        Box::pin(graph.remove(planned, cx))
            .await
            .map_err(|error| Error::Remove(Box::new(error)))?;
        Ok(plan)
    }

    /// The cells that nobody uses once these tenants are gone.
    fn left_alone(&self, placed: &BTreeMap<u32, Vec<&Tenant>>, users: &Users) -> BTreeSet<u32> {
        let free = placed.iter().filter(|(cell, going)| {
            let mut rest = users.of_cell(**cell);
            going.iter().for_each(|tenant| {
                rest.remove(tenant.name.as_str());
            });
            rest.is_empty()
        });
        free.map(|(cell, _)| *cell).collect()
    }

    fn doomed(&self, graph: &Graph, placed: &BTreeMap<u32, Vec<&Tenant>>, free: &BTreeSet<u32>) -> Planned {
        let scopes: Vec<String> = placed
            .keys()
            .map(|cell| match free.contains(cell) {
                true => format!("cell-{cell}/"),
                false => tenants_scope(*cell),
            })
            .collect();
        graph.plan_removal_of(|name| scopes.iter().any(|scope| name.starts_with(scope.as_str())))
    }
}

//! What a further tenant costs where nothing has changed.

use super::super::brokers::SimulatedAdmin;
use super::super::{Ground, Trouble};
use std::sync::Arc;
use xacct::PipelineSpec;
use xacct::fleet::{Fleet, FleetSpec, Tenant};
use xacct_sim::Sim;

/// Calls that read of a run without a change of a fleet with so many tenants, under default quotas.
///
/// # Errors
/// As [`Fleet::deploy`]; the run changes something after all.
pub fn reads(ground: &Ground, tenants: usize) -> Result<u64, Trouble> {
    let sim = ground.world(1).build();
    let spec = fleet(ground, tenants)?;
    sim.run(deploy(ground, &sim, spec.clone()))?;
    let before = sim.api_calls();
    sim.run(deploy(ground, &sim, spec))?;
    let after = sim.api_calls();
    match after.write - before.write {
        0 => Ok(after.read - before.read),
        writes => Err(format!("a run without a change made {writes} calls that write").into()),
    }
}

/// Tenants `t1`, `t2`, … in the accounts and networks of the ground's specification.
fn fleet(ground: &Ground, tenants: usize) -> Result<FleetSpec, Trouble> {
    let of = ground.spec();
    let accounts = (of.source.account.clone(), of.warehouse.account.clone());
    let mut shared = PipelineSpec::new("fleet".parse()?, of.region.clone(), accounts.0, accounts.1);
    shared.source.network = of.source.network.clone();
    shared.warehouse.network = of.warehouse.network.clone();
    let mut spec = FleetSpec::new(shared);
    for number in 1..=tenants {
        spec = spec.with_tenant(Tenant::new(format!("t{number}").parse()?));
    }
    Ok(spec)
}

async fn deploy(ground: &Ground, sim: &Sim, spec: FleetSpec) -> Result<(), Trouble> {
    let of = ground.spec();
    let (source, warehouse) = (of.source.account.as_str(), of.warehouse.account.as_str());
    let fleet = Fleet::new(spec, sim.sdk_config(source), sim.sdk_config(warehouse)).await?;
    let (access_key, _) = sim.administrator_key(source);
    let admin = Arc::new(SimulatedAdmin(sim.brokers(access_key)));
    fleet.with_topic_admin(admin).deploy().await?;
    Ok(())
}

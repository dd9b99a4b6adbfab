//! What the benchmarks share: two simulated accounts, a way to the brokers, a large graph.

use xacct::{Deployment, Error, Pipeline, PipelineSpec, Plan};
use xacct_converge::{Context, Decision, Failure, Graph, Handle, Inputs, Needs, Resource, Value};
use xacct_sim::{DoorError, KafkaDoor, Sim, Standing};

/// The account of the stream.
pub const SOURCE: &str = "111111111111";
/// The account of the warehouse.
pub const WAREHOUSE: &str = "222222222222";

/// Two simulated accounts and a door to the brokers.
pub struct World {
    sim: Sim,
    door: KafkaDoor,
}

impl World {
    /// A world of this seed.
    ///
    /// # Errors
    /// [`DoorError`] where no socket can be had.
    pub fn new(seed: u64) -> Result<Self, DoorError> {
        let sim = Sim::builder()
            .seed(seed)
            .region("ap-south-1")
            .account(SOURCE)
            .account(WAREHOUSE)
            .build();
        let door = sim.kafka_door(Standing::Inside)?;
        Ok(Self { sim, door })
    }

    async fn pipeline(&self) -> Result<Pipeline, Error> {
        let spec = PipelineSpec::from_toml(include_str!("../examples/specs/tutorial.toml"))?;
        let pipeline =
            Pipeline::new(spec, self.sim.sdk_config(SOURCE), self.sim.sdk_config(WAREHOUSE)).await?;
        let (brokers, pem) = (self.door.bootstrap(), self.door.ca_pem().to_owned());
        Ok(pipeline.with_kafka_access(|access| access.with_bootstrap(brokers).with_ca_pem(pem)))
    }

    /// Deploys the tutorial.
    ///
    /// # Errors
    /// As [`Pipeline::deploy`].
    pub fn deploy(&self) -> Result<Deployment, Error> {
        self.sim.run(async { self.pipeline().await?.deploy().await })
    }

    /// Reads both accounts and plans.
    ///
    /// # Errors
    /// As [`Pipeline::plan`].
    pub fn plan(&self) -> Result<Plan, Error> {
        self.sim.run(async { self.pipeline().await?.plan().await })
    }
}

/// A resource that is missing and needs those before it.
struct Link(Vec<Value<usize>>);

impl Resource for Link {
    type Output = usize;

    fn kind(&self) -> &'static str {
        "bench:Link"
    }

    fn needs(&self) -> Needs {
        Needs::none().values(&self.0)
    }

    fn plan(&self, _: &Inputs<'_>) -> Decision<usize> {
        Decision::create()
    }

    async fn create(&self, _: &Inputs<'_>, _: &Context) -> Result<usize, Failure> {
        Ok(0)
    }

    async fn delete(&self, _: &usize, _: &Context) -> Result<(), Failure> {
        Ok(())
    }
}

/// A graph of `size` resources, each of which needs up to three before it.
#[must_use]
pub fn graph(size: usize) -> Graph {
    let mut graph = Graph::new();
    let mut handles: Vec<Handle<usize>> = Vec::new();
    for index in 0..size {
        let needs = [index / 2, index / 3, index.saturating_sub(1)];
        let needs = needs
            .iter()
            .filter_map(|&n| handles.get(n))
            .map(|handle| handle.made());
        let link = Link(needs.collect());
        handles.push(graph.add(format!("r{index}"), link));
    }
    graph
}

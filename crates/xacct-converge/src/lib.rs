//! Brings a set of resources to a wanted state, whatever state they are in.
//!
//! | module | what it holds |
//! |---|---|
//! | [`value`] | handles, values, needs: how nodes refer to each other |
//! | [`resource`] | the trait that a kind of resource implements |
//! | [`graph`] | resources under names, and the plan that follows |
//! | [`plan`] | changes with their reasons; prints itself, serializes |
//! | `apply`, `teardown` | every resource as soon as what it needs is there, or is gone |
//! | [`context`] | clock, retries, events |
//! | [`failure`], [`error`] | what a failed call means; what a failed run means |
//! | [`verify`] | findings |
//! | `smithy` (feature) | errors, clock and settings of AWS SDK clients |
//!
//! The crate knows no cloud. Two toy resources show the whole of it:
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use xacct_converge::*;
//!
//! /// A world of names.
//! type World = Arc<Mutex<Vec<String>>>;
//!
//! struct Named { world: World, name: &'static str, parent: Option<Value<String>> }
//!
//! impl Resource for Named {
//!     type Output = String;
//!     fn kind(&self) -> &'static str { "toy:Named" }
//!     fn needs(&self) -> Needs { Needs::none().values(&self.parent) }
//!     fn plan(&self, _: &Inputs<'_>) -> Decision<String> {
//!         let found = self.world.lock().unwrap().iter().find(|n| n.ends_with(self.name)).cloned();
//!         found.map_or_else(Decision::create, Decision::keep)
//!     }
//!     async fn create(&self, inputs: &Inputs<'_>, _: &Context) -> Result<String, Failure> {
//!         let parent = self.parent.as_ref().map(|p| inputs.get(p)).transpose()?.unwrap_or_default();
//!         let id = format!("{parent}/{}", self.name);
//!         self.world.lock().unwrap().push(id.clone());
//!         Ok(id)
//!     }
//!     async fn delete(&self, id: &String, _: &Context) -> Result<(), Failure> {
//!         self.world.lock().unwrap().retain(|n| n != id);
//!         Ok(())
//!     }
//! }
//!
//! # #[derive(Debug)] struct Now;
//! # impl Clock for Now {
//! #     fn now(&self) -> std::time::SystemTime { std::time::SystemTime::UNIX_EPOCH }
//! #     fn sleep(&self, _: std::time::Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> { Box::pin(async {}) }
//! # }
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let world = World::default();
//! let mut graph = Graph::new();
//! let a = graph.add("a", Named { world: world.clone(), name: "a", parent: None });
//! let b = graph.add("b", Named { world: world.clone(), name: "b", parent: Some(a.ready()) });
//!
//! let cx = Context::new(Arc::new(Now), 1);
//! let planned = graph.plan();
//! assert_eq!(planned.plan.to_string().lines().next(), Some("  + a (toy:Named)"));
//! let applied = graph.apply(planned, &cx).await.unwrap();
//! assert_eq!(applied.get(b).unwrap(), "/a/b");
//! assert!(graph.plan().plan.is_empty(), "a second run has nothing to do");
//!
//! graph.remove(graph.plan_removal(), &cx).await.unwrap();
//! assert!(world.lock().unwrap().is_empty());
//! # });
//! ```

mod apply;
pub mod context;
pub mod error;
pub mod event;
pub mod failure;
pub mod graph;
mod node;
pub mod plan;
pub mod resource;
mod run;
#[cfg(feature = "smithy")]
pub mod smithy;
mod teardown;
pub mod value;
pub mod verify;

pub use apply::Applied;
pub use context::{Call, Clock, Context, Effect, Gate, Pacer, Patience};
pub use error::{ApplyError, explain};
pub use event::{Event, Sink, What};
pub use failure::{Class, Classify, Failure};
pub use graph::{Graph, Planned};
pub use plan::{Change, Decision, Plan, Reason, Step};
pub use resource::{Resource, Settled, Timing};
pub use run::Record;
pub use value::{Handle, Inputs, Needs, Ready, Stage, Value};
pub use verify::{Finding, Report, Severity};

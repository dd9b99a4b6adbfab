//! The engine on a toy world: order, lost answers, waiting, removal.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use xacct_converge::{
    Change, Class, Clock, Context, Decision, Failure, Graph, Inputs, Needs, Patience, Ready, Reason,
    Resource, Settled, Timing, Value, What,
};

/// Tokio's clock, which the tests pause.
#[derive(Debug)]
struct Paused(tokio::time::Instant);

impl Clock for Paused {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.0.elapsed()
    }
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

fn context() -> Context {
    Context::new(Arc::new(Paused(tokio::time::Instant::now())), 7)
}

/// What there is, what was called, and what goes wrong next.
#[derive(Default)]
struct Toys {
    things: BTreeMap<String, u32>,
    calls: Vec<String>,
    faults: BTreeMap<String, Vec<Fault>>,
    born: BTreeMap<String, tokio::time::Instant>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Throttled,
    AnswerLost,
    Denied,
    NotYet,
    Busy,
}

type World = Arc<Mutex<Toys>>;

fn call(world: &World, what: &str) -> Result<(), Failure> {
    let mut toys = world.lock().unwrap();
    toys.calls.push(what.to_owned());
    let fault = toys.faults.get_mut(what).and_then(|list| {
        if list.is_empty() {
            None
        } else {
            Some(list.remove(0))
        }
    });
    drop(toys);
    let class = match fault {
        None => return Ok(()),
        Some(Fault::Throttled) => Class::Throttled,
        Some(Fault::AnswerLost) => Class::Ambiguous,
        Some(Fault::Denied) => Class::Terminal,
        Some(Fault::NotYet) => {
            return Err(Failure::new(what, Class::Terminal, "?").with_code(Some("NotFound")));
        }
        Some(Fault::Busy) => Class::Busy,
    };
    if class == Class::Ambiguous && what.starts_with("create") {
        let name = what.trim_start_matches("create ").to_owned();
        world.lock().unwrap().things.insert(name, 1);
    }
    Err(Failure::new(what, class, "scripted"))
}

/// A thing with a name and a size that takes `slow` to settle.
struct Thing {
    world: World,
    name: String,
    size: u32,
    parents: Vec<Value<String>>,
    after: Vec<Ready>,
    slow: Duration,
}

impl Thing {
    fn new(world: &World, name: &str) -> Self {
        let (world, name) = (world.clone(), name.to_owned());
        Self {
            world,
            name,
            size: 1,
            parents: Vec::new(),
            after: Vec::new(),
            slow: Duration::ZERO,
        }
    }
    fn under(mut self, parent: Value<String>) -> Self {
        self.parents.push(parent);
        self
    }
    fn slow(mut self, seconds: u64) -> Self {
        self.slow = Duration::from_secs(seconds);
        self
    }
}

impl Resource for Thing {
    type Output = String;

    fn kind(&self) -> &'static str {
        "toy:Thing"
    }

    fn needs(&self) -> Needs {
        Needs::none().values(&self.parents).after_all(self.after.clone())
    }

    fn plan(&self, _known: &Inputs<'_>) -> Decision<String> {
        let toys = self.world.lock().unwrap();
        match toys.things.get(&self.name) {
            None => Decision::create(),
            Some(&size) if size != self.size => {
                Decision::update(self.name.clone(), vec![Reason::differs("size", size, self.size)])
            }
            Some(_) => Decision::keep(self.name.clone()),
        }
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<String, Failure> {
        inputs.get_all(&self.parents)?;
        let operation = format!("create {}", self.name);
        cx.once(&operation)
            .not_yet(&["NotFound"])
            .run(|| async { call(&self.world, &operation) })
            .await?;
        let mut toys = self.world.lock().unwrap();
        toys.things.insert(self.name.clone(), self.size);
        toys.born.insert(self.name.clone(), tokio::time::Instant::now());
        Ok(self.name.clone())
    }

    async fn recover(&self, _: &Inputs<'_>, _: &Context) -> Result<Option<String>, Failure> {
        let toys = self.world.lock().unwrap();
        Ok(toys.things.contains_key(&self.name).then(|| self.name.clone()))
    }

    async fn configure(
        &self,
        current: String,
        _: &[Reason],
        _: &Inputs<'_>,
        _: &Context,
    ) -> Result<String, Failure> {
        self.world
            .lock()
            .unwrap()
            .things
            .insert(current.clone(), self.size);
        Ok(current)
    }

    async fn settle(
        &self,
        current: &String,
        _: &Inputs<'_>,
        _: &Context,
    ) -> Result<Settled<String>, Failure> {
        let born = self.world.lock().unwrap().born.get(current).copied();
        let left = born.map_or(Duration::ZERO, |born| self.slow.saturating_sub(born.elapsed()));
        Ok(if left.is_zero() {
            Settled::Ready(current.clone())
        } else {
            Settled::Waiting("the toy".into())
        })
    }

    async fn delete(&self, current: &String, _: &Context) -> Result<(), Failure> {
        call(&self.world, &format!("delete {current}"))?;
        self.world.lock().unwrap().things.remove(current);
        Ok(())
    }

    fn timing(&self) -> Timing {
        Timing::seconds(self.slow.as_secs(), 1).patience(600)
    }
}

fn calls(world: &World) -> Vec<String> {
    world.lock().unwrap().calls.clone()
}

fn fault(world: &World, what: &str, faults: &[Fault]) {
    world
        .lock()
        .unwrap()
        .faults
        .insert(what.to_owned(), faults.to_vec());
}

/// A parent with two children.
fn family(world: &World) -> Graph {
    let mut graph = Graph::new();
    let parent = graph.add("parent", Thing::new(world, "parent").slow(100));
    graph.add("left", Thing::new(world, "left").under(parent.made()));
    graph.add("right", Thing::new(world, "right").under(parent.ready()).slow(50));
    graph
}

#[tokio::test(start_paused = true)]
async fn a_child_starts_when_its_parent_exists_or_has_settled_as_it_asks() {
    let (world, cx) = (World::default(), context());
    let graph = family(&world);
    let planned = graph.plan();
    assert_eq!(planned.plan.critical_path_seconds, 150);
    graph.apply(planned, &cx).await.unwrap();
    assert_eq!(calls(&world), ["create parent", "create left", "create right"]);
    let toys = world.lock().unwrap();
    assert!(toys.born["left"] - toys.born["parent"] < Duration::from_secs(1));
    let waited = toys.born["right"] - toys.born["parent"];
    assert!(
        waited >= Duration::from_secs(100) && waited < Duration::from_secs(106),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_run_makes_no_call() {
    let (world, cx) = (World::default(), context());
    let graph = family(&world);
    graph.apply(graph.plan(), &cx).await.unwrap();
    let before = calls(&world).len();
    let planned = graph.plan();
    assert!(planned.plan.is_empty());
    assert_eq!(planned.plan.to_string(), "nothing to do\n");
    graph.apply(planned, &cx).await.unwrap();
    assert_eq!(calls(&world).len(), before);
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_was_lost_is_found_and_not_made_twice() {
    let (world, cx) = (World::default(), context());
    fault(&world, "create parent", &[Fault::AnswerLost]);
    let graph = family(&world);
    graph.apply(graph.plan(), &cx).await.unwrap();
    assert_eq!(calls(&world).iter().filter(|c| *c == "create parent").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn throttling_and_late_visibility_are_waited_out() {
    let (world, cx) = (World::default(), context());
    let told = Arc::new(Mutex::new(0));
    let counter = told.clone();
    let cx = cx.with_sink(Arc::new(move |event| {
        if matches!(event.what, What::Retried { .. }) {
            *counter.lock().unwrap() += 1;
        }
    }));
    fault(
        &world,
        "create parent",
        &[Fault::Throttled, Fault::Throttled, Fault::NotYet],
    );
    let graph = family(&world);
    graph.apply(graph.plan(), &cx).await.unwrap();
    assert_eq!(*told.lock().unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_in_one_error_that_names_resource_and_call_and_the_rest_can_go_on_later() {
    let (world, cx) = (World::default(), context());
    fault(&world, "create right", &[Fault::Denied]);
    let graph = family(&world);
    let error = graph.apply(graph.plan(), &cx).await.err().unwrap();
    assert_eq!(error.resource, "right");
    assert_eq!(error.failure().operation(), "create right");
    assert_eq!(error.done, ["left", "parent"]);
    assert_eq!(error.left, ["right"]);
    assert!(!error.is_retryable());
    graph.apply(graph.plan(), &cx).await.unwrap();
    assert!(graph.plan().plan.is_empty());
}

#[tokio::test(start_paused = true)]
async fn patience_with_invisible_things_ends() {
    let (world, cx) = (World::default(), context());
    let mut patience = Patience::default();
    patience.visibility = Duration::from_secs(20);
    fault(&world, "create parent", &[Fault::NotYet; 50]);
    let graph = family(&world);
    let error = graph
        .apply(graph.plan(), &cx.with_patience(patience))
        .await
        .err()
        .unwrap();
    assert_eq!(error.failure().class(), Class::NotYet);
}

#[tokio::test(start_paused = true)]
async fn drift_is_planned_with_its_reason_and_put_back() {
    let (world, cx) = (World::default(), context());
    let graph = family(&world);
    graph.apply(graph.plan(), &cx).await.unwrap();
    world.lock().unwrap().things.insert("left".into(), 9);
    let planned = graph.plan();
    let changes: Vec<_> = planned.plan.changes().collect();
    assert_eq!(changes.len(), 1);
    assert_eq!(
        changes[0].change,
        Change::Update(vec![Reason::differs("size", 9, 1)])
    );
    assert!(
        planned
            .plan
            .to_string()
            .contains("  ~ left (toy:Thing)\n      size: 9 → 1\n")
    );
    graph.apply(planned, &cx).await.unwrap();
    assert!(graph.plan().plan.is_empty());
}

#[tokio::test(start_paused = true)]
async fn removal_takes_children_first_and_waits_while_something_is_busy() {
    let (world, cx) = (World::default(), context());
    let graph = family(&world);
    graph.apply(graph.plan(), &cx).await.unwrap();
    world.lock().unwrap().calls.clear();
    fault(&world, "delete left", &[Fault::Busy, Fault::Busy]);
    graph.remove(graph.plan_removal(), &cx).await.unwrap();
    assert_eq!(calls(&world).last().map(String::as_str), Some("delete parent"));
    assert!(world.lock().unwrap().things.is_empty());
    graph.remove(graph.plan_removal(), &cx).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_begins_nothing_new_and_says_what_is_left() {
    let (world, cx) = (World::default(), context());
    let stopper = cx.clone();
    let cx = cx.with_sink(Arc::new(move |event| {
        if event.what == What::Made {
            stopper.stop();
        }
    }));
    let graph = family(&world);
    let error = graph.apply(graph.plan(), &cx).await.err().unwrap();
    assert_eq!(calls(&world), ["create parent"]);
    assert_eq!(error.left.len(), 3);
    assert!(xacct_converge::explain(&error).contains("stopped on request"));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_resources_are_planned_in_one_pass() {
    let world = World::default();
    let mut graph = Graph::new();
    let mut last = graph.add("n0", Thing::new(&world, "n0"));
    for n in 1..1000 {
        last = graph.add(
            format!("n{n}"),
            Thing::new(&world, &format!("n{n}")).under(last.made()),
        );
    }
    assert_eq!(graph.plan().plan.changes().count(), 1000);
}

//! How runs end: dropped at every await point, stopped, refused by a gate, rolled back.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context as Task, Poll, Waker};
use std::time::{Duration, SystemTime};
use xacct_converge::{
    Class, Clock, Context, Decision, Effect, Event, Failure, Gate, Graph, Inputs, Needs, Resource, Settled,
    Timing, Value, What,
};

/// A sleep ends at the second look, and so much later is it then.
#[derive(Debug, Default)]
struct Jumps(Mutex<Duration>);

impl Clock for Jumps {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + *self.0.lock().unwrap()
    }
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        *self.0.lock().unwrap() += duration;
        Box::pin(once_more())
    }
}

/// Pending once.
async fn once_more() {
    let mut looked = false;
    std::future::poll_fn(|task| {
        if std::mem::replace(&mut looked, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[derive(Default)]
struct Toys {
    things: BTreeSet<String>,
    made: Vec<String>,
    broken: Option<&'static str>,
}

type World = Arc<Mutex<Toys>>;

struct Thing {
    world: World,
    name: &'static str,
    parents: Vec<Value<String>>,
}

impl Thing {
    /// A call: on its way, its effect, on its way back.
    async fn call<T>(&self, cx: &Context, effect: impl Fn(&mut Toys) -> T + Send + Sync) -> Result<T, Failure>
    where
        T: Send,
    {
        let call = cx.once("toy:Call").run(|| async {
            once_more().await;
            let done = {
                let mut toys = self.world.lock().unwrap();
                if toys.broken == Some(self.name) {
                    return Err(Failure::terminal("toy:Call", "broken"));
                }
                effect(&mut toys)
            };
            once_more().await;
            Ok(done)
        });
        call.await
    }
}

impl Resource for Thing {
    type Output = String;

    fn kind(&self) -> &'static str {
        "toy:Thing"
    }

    fn needs(&self) -> Needs {
        Needs::none().values(&self.parents)
    }

    fn plan(&self, _: &Inputs<'_>) -> Decision<String> {
        let there = self.world.lock().unwrap().things.contains(self.name);
        match there {
            true => Decision::keep(self.name.to_owned()),
            false => Decision::create(),
        }
    }

    async fn create(&self, _: &Inputs<'_>, cx: &Context) -> Result<String, Failure> {
        let name = self.name.to_owned();
        self.call(cx, |toys| {
            toys.made.push(name.clone());
            toys.things.insert(name.clone())
        })
        .await?;
        Ok(name)
    }

    async fn settle(
        &self,
        current: &String,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<String>, Failure> {
        self.call(cx, |_| ()).await?;
        Ok(Settled::Ready(current.clone()))
    }

    async fn delete(&self, current: &String, cx: &Context) -> Result<(), Failure> {
        self.call(cx, |toys| {
            toys.things.remove(current);
        })
        .await
    }

    fn timing(&self) -> Timing {
        Timing::seconds(10, 5)
    }
}

/// A root, two branches, and a crown on both.
fn tree(world: &World) -> Graph {
    let mut graph = Graph::new();
    let thing = |name, parents| Thing {
        world: world.clone(),
        name,
        parents,
    };
    let root = graph.add("root", thing("root", vec![]));
    let left = graph.add("left", thing("left", vec![root.made()]));
    let right = graph.add("right", thing("right", vec![root.ready()]));
    graph.add("crown", thing("crown", vec![left.ready(), right.ready()]));
    graph
}

const ALL: [&str; 4] = ["crown", "left", "right", "root"];

fn context() -> Context {
    Context::new(Arc::new(Jumps::default()), 1)
}

fn things(world: &World) -> Vec<String> {
    world.lock().unwrap().things.iter().cloned().collect()
}

/// Looks at a future at most `looks` times; its outcome, if it had one by then.
fn drive<T>(future: impl Future<Output = T>, looks: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut task = Task::from_waker(Waker::noop());
    (0..looks).find_map(|_| match future.as_mut().poll(&mut task) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    })
}

#[test]
fn a_run_dropped_at_any_await_point_is_followed_by_one_that_finishes_and_makes_nothing_twice() {
    let mut points = 0;
    loop {
        let (world, cx) = (World::default(), context());
        let graph = tree(&world);
        let ended = drive(graph.apply(graph.plan(), &cx), points).is_some();
        let again = drive(graph.apply(graph.plan(), &cx), 1000).expect("it ends");
        again.unwrap_or_else(|error| panic!("dropped after {points} looks: {error}"));
        assert_eq!(things(&world), ALL, "dropped after {points} looks");
        let made = world.lock().unwrap().made.len();
        assert_eq!(made, ALL.len(), "dropped after {points} looks");
        if ended {
            break;
        }
        points += 1;
    }
    assert!(points > 10, "{points}");
}

#[test]
fn a_removal_dropped_at_any_await_point_is_followed_by_one_that_finishes() {
    let mut points = 0;
    loop {
        let (world, cx) = (World::default(), context());
        let graph = tree(&world);
        drive(graph.apply(graph.plan(), &cx), 1000).unwrap().unwrap();
        let ended = drive(graph.remove(graph.plan_removal(), &cx), points).is_some();
        let again = drive(graph.remove(graph.plan_removal(), &cx), 1000).expect("it ends");
        again.unwrap_or_else(|error| panic!("dropped after {points} looks: {error}"));
        assert_eq!(things(&world), [""; 0], "dropped after {points} looks");
        if ended {
            break;
        }
        points += 1;
    }
    assert!(points > 5, "{points}");
}

#[test]
fn a_rollback_removes_what_the_run_made_and_nothing_else() {
    for broken in ["left", "right", "crown"] {
        for before in [&[][..], &["root"], &["left", "root"]] {
            if before.contains(&broken) {
                continue;
            }
            let (world, cx) = (World::default(), context());
            let there = before.iter().map(|name| (*name).to_owned());
            world.lock().unwrap().things.extend(there.clone());
            world.lock().unwrap().broken = Some(broken);
            let graph = tree(&world);
            let planned = graph.plan();
            let record = planned.record.clone();
            let error = drive(graph.apply(planned, &cx), 1000).unwrap().err().unwrap();
            assert_eq!(error.resource, broken);
            drive(graph.roll_back(&record, &cx), 1000).unwrap().unwrap();
            let (left, there): (_, Vec<_>) = (things(&world), there.collect());
            assert_eq!(left, there, "{broken} broken, {before:?} there before");
        }
    }
}

/// Lets so many calls through.
struct Lets(Mutex<usize>);

impl Gate for Lets {
    fn pass(&self, effect: Effect) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + '_>> {
        assert_eq!(effect, Effect::Once);
        Box::pin(async {
            let mut left = self.0.lock().unwrap();
            *left = left.checked_sub(1).ok_or_else(|| Failure::stopped("gate"))?;
            Ok(())
        })
    }
}

#[test]
fn a_gate_that_closes_after_any_call_stops_the_run_there_and_the_next_run_goes_on() {
    for calls in 0..8 {
        let (world, cx) = (World::default(), context());
        let graph = tree(&world);
        let gate = Arc::new(Lets(Mutex::new(calls)));
        let error = drive(graph.apply(graph.plan(), &cx.clone().with_gate(gate)), 1000).unwrap();
        let error = error.err().unwrap();
        assert_eq!(error.failure().class(), Class::Stopped, "{calls} calls");
        assert!(error.is_retryable() && error.has_no_side_effects());
        drive(graph.apply(graph.plan(), &cx), 1000).unwrap().unwrap();
        assert_eq!(world.lock().unwrap().made.len(), ALL.len(), "{calls} calls");
    }
}

#[test]
fn the_time_left_is_that_of_the_longest_chain_and_counts_down_also_when_removing() {
    let (world, cx) = (World::default(), context());
    let told: Arc<Mutex<Vec<Event>>> = Arc::default();
    let ear = told.clone();
    let cx = cx.with_sink(Arc::new(move |event| ear.lock().unwrap().push(event)));
    let graph = tree(&world);
    let started = |told: &Mutex<Vec<Event>>| -> Vec<(String, u64)> {
        let events = std::mem::take(&mut *told.lock().unwrap());
        let started = events
            .into_iter()
            .filter(|event| matches!(event.what, What::Started { .. }));
        started
            .map(|event| (event.resource, event.remaining.unwrap().as_secs()))
            .collect()
    };
    let expect = |list: [(&str, u64); 4]| list.map(|(name, seconds)| (name.to_owned(), seconds));
    drive(graph.apply(graph.plan(), &cx), 1000).unwrap().unwrap();
    // The clock stands still: nothing sleeps.
    let up = [("root", 30), ("left", 30), ("right", 20), ("crown", 10)];
    assert_eq!(started(&told), expect(up));
    drive(graph.remove(graph.plan_removal(), &cx), 1000)
        .unwrap()
        .unwrap();
    let down = [("crown", 15), ("left", 10), ("right", 10), ("root", 5)];
    assert_eq!(started(&told), expect(down));
}

//! What applying and removing share: who waits for whom, and how a run ends.

use crate::event::What;
use crate::failure::Class;
use crate::graph::{Entry, Graph, Planned};
use crate::resource::Settled;
use crate::value::{Output, Outputs, Stage};
use crate::{ApplyError, Context, Failure};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime};

/// How far a node has come: one further than the [`Stage`] of the same name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Progress {
    #[default]
    Waiting,
    Made,
    Ready,
    Stuck,
}

/// The progress of one node, and who waits for it.
///
/// Waiters wake in the order in which they came, so that the same run makes its
/// calls in the same order every time; tokio's `watch` wakes them at random.
type Slot = Mutex<(Progress, Vec<Waker>)>;

/// What a run has seen and made so far; a clone looks at the same run.
#[derive(Clone, Default)]
pub struct Record(Arc<Mutex<Deeds>>);

/// What is in a [`Record`].
#[derive(Default)]
pub(crate) struct Deeds {
    pub(crate) outputs: Outputs,
    /// The nodes whose creation was begun, with what is known to have come of it.
    pub(crate) made: BTreeMap<usize, Option<Output>>,
}

impl Record {
    pub(crate) fn of(outputs: Outputs) -> Self {
        let made = BTreeMap::new();
        Self(Arc::new(Mutex::new(Deeds { outputs, made })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Deeds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a node's part of a run ended; class `Stopped` where it was left.
pub(crate) type End = (usize, Result<(), Failure>);

/// One run over a graph.
pub(crate) struct Run<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) cx: &'a Context,
    pub(crate) record: Record,
    progress: Vec<Slot>,
    halted: AtomicBool,
    tails: Vec<Duration>,
    /// When everything is expected to be over that waits for what is waited for now.
    ends: Mutex<BTreeMap<Arc<str>, SystemTime>>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(graph: &'a Graph, cx: &'a Context, planned: &Planned, removes: bool) -> Self {
        Self {
            graph,
            cx,
            record: planned.record.clone(),
            progress: graph.nodes.iter().map(|_| Slot::default()).collect(),
            halted: AtomicBool::new(false),
            tails: graph.tails(&planned.found, removes),
            ends: Mutex::default(),
        }
    }

    /// The node whose turn it is, and a context on its behalf.
    pub(crate) fn begin(&self, index: usize) -> Result<(&Entry, Context), Failure> {
        let entry = &self.graph.nodes[index];
        if self.is_halted() {
            return Err(Failure::stopped(&*entry.name));
        }
        self.cx.expect(index, Some(self.tails[index]));
        let mut cx = self.cx.on(&entry.name);
        cx.tail = self.tails[index];
        Ok((entry, cx))
    }

    /// How much longer the wait of `cx` may take without anything ending later:
    /// nothing on the longest way to the end. What takes longer than usual is expected
    /// to take another third.
    fn slack(&self, cx: &Context, usual: Duration, waited: Duration) -> Duration {
        let after = cx.tail.saturating_sub(usual);
        let end = cx.now() + usual.saturating_sub(waited).max(waited / 3) + after;
        let mut ends = self.ends();
        ends.insert(cx.resource.clone(), end);
        let last = ends.values().max().copied().unwrap_or(end);
        last.duration_since(end).unwrap_or_default()
    }

    /// Whether nothing new may begin.
    pub(crate) fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed) || self.cx.is_stopped()
    }

    fn ends(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, SystemTime>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells dependents that a node has come to `stage`.
    pub(crate) fn publish(&self, index: usize, stage: Stage, output: &Output) {
        self.record.lock().outputs.set(index, stage, output.clone());
        self.advance(index, [Progress::Made, Progress::Ready][stage as usize]);
    }

    fn advance(&self, index: usize, progress: Progress) {
        let slot = &self.progress[index];
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.0 = progress;
        let waiting = std::mem::take(&mut slot.1);
        drop(slot);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Waits until `index` has come to `stage`.
    pub(crate) async fn wait(&self, index: usize, stage: Stage) -> Result<(), Failure> {
        let reached = poll_fn(|task| {
            let slot = &self.progress[index];
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            if slot.0 as usize > stage as usize {
                return Poll::Ready(slot.0);
            }
            if !slot.1.iter().any(|waiter| waiter.will_wake(task.waker())) {
                slot.1.push(task.waker().clone());
            }
            Poll::Pending
        });
        match reached.await {
            Progress::Stuck => Err(Failure::stopped(&*self.graph.nodes[index].name)),
            _ => Ok(()),
        }
    }

    /// Runs every node's part at once; each waits for what it needs.
    pub(crate) async fn all<F, Fut>(&self, part: F) -> Result<(), ApplyError>
    where
        F: Fn(usize) -> Fut,
        Fut: Future<Output = End>,
    {
        for (index, &tail) in self.tails.iter().enumerate() {
            self.cx.expect(index, Some(tail));
        }
        let mut parts: FuturesUnordered<_> = (0..self.tails.len()).map(part).collect();
        let (mut error, mut stopped) = (None::<ApplyError>, None);
        let (mut done, mut left, mut also) = (Vec::new(), Vec::new(), Vec::new());
        while let Some((index, outcome)) = parts.next().await {
            let name = self.graph.nodes[index].name.to_string();
            self.cx.expect(index, None);
            let Err(failure) = outcome else {
                done.push(name);
                continue;
            };
            left.push(name.clone());
            if failure.class() == Class::Stopped {
                stopped.get_or_insert(ApplyError::new(name, failure));
                continue;
            }
            let why = crate::explain(&failure);
            self.cx.on(&name).tell(What::Failed { why: why.clone() });
            match error {
                Some(_) => also.push((name, why)),
                None => error = Some(ApplyError::new(name, failure)),
            }
        }
        match error.or(stopped) {
            None => Ok(()),
            Some(mut error) => {
                (error.done, error.left, error.also) = (done, left, also);
                Err(error)
            }
        }
    }

    /// Ends a node's part and lets those that wait for it know.
    pub(crate) fn end(&self, index: usize, outcome: Result<(), Failure>) -> End {
        if let Err(failure) = &outcome {
            if failure.class() != Class::Stopped {
                self.halted.store(true, Ordering::Relaxed);
            }
            self.advance(index, Progress::Stuck);
        } else {
            self.advance(index, Progress::Ready);
        }
        (index, outcome)
    }
}

/// Polls `look` until it is ready, or the run is halted.
///
/// Looks at once, then after a quarter of the `usual` time, then in steps that grow
/// with the time waited so far: of a sixtieth where everything else waits for it too,
/// so that hardly more time passes than the thing itself takes, whatever that is; of
/// up to a tenth where there is slack, so that few calls are made where nothing is lost.
pub(crate) async fn poll<T, F, Fut>(
    run: &Run<'_>,
    cx: &Context,
    usual: Duration,
    patience: Duration,
    mut look: F,
) -> Result<T, Failure>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Settled<T>, Failure>>,
{
    let start = cx.now();
    let mut said = String::new();
    loop {
        let reason = match look().await? {
            Settled::Ready(output) => {
                run.ends().remove(&cx.resource);
                return Ok(output);
            }
            Settled::Waiting(reason) => reason,
        };
        if run.is_halted() {
            return Err(Failure::stopped("wait"));
        }
        let waited = cx.since(start);
        if waited > patience {
            let message = format!("still waiting for {reason} after {} s", waited.as_secs());
            return Err(Failure::terminal("wait", message));
        }
        if reason != said {
            said.clone_from(&reason);
            cx.tell(What::Waiting { reason });
        }
        cx.sleep(pause(usual, waited, run.slack(cx, usual, waited))).await;
    }
}

/// How long to wait before the next look.
fn pause(usual: Duration, waited: Duration, slack: Duration) -> Duration {
    let quarter = (usual / 4).saturating_sub(waited);
    let step = waited / 60 + (slack / 4).min(waited / 12);
    quarter.max(step.max(Duration::from_secs(1)))
}

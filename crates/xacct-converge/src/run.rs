//! What applying and removing share: who waits for whom, and how a run ends.

use crate::event::What;
use crate::graph::{Entry, Graph};
use crate::resource::Settled;
use crate::value::{Output, Outputs, Stage};
use crate::{ApplyError, Context, Failure};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::BTreeMap;
use std::future::Future;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime};

/// How far a node has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Progress {
    Waiting,
    Made,
    Ready,
    Stuck,
}

impl Progress {
    fn of(stage: Stage) -> Self {
        match stage {
            Stage::Made => Self::Made,
            Stage::Ready => Self::Ready,
        }
    }
}

/// The progress of one node, and who waits for it.
///
/// Waiters wake in the order in which they came, so that the same run makes its
/// calls in the same order every time; tokio's `watch` wakes them at random.
struct Slot(Mutex<(Progress, Vec<Waker>)>);

impl Slot {
    fn new() -> Self {
        Self(Mutex::new((Progress::Waiting, Vec::new())))
    }

    fn advance(&self, progress: Progress) {
        let waiting = {
            let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slot.0 = progress;
            std::mem::take(&mut slot.1)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    fn reached(&self, least: Progress, task: &mut std::task::Context<'_>) -> Poll<Progress> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.0 >= least {
            return Poll::Ready(slot.0);
        }
        if !slot.1.iter().any(|waiter| waiter.will_wake(task.waker())) {
            slot.1.push(task.waker().clone());
        }
        Poll::Pending
    }
}

/// How a node's part of a run ended.
pub(crate) enum End {
    Done,
    /// Not begun or not finished because something else failed.
    Left,
    Failed(Failure),
}

/// One run over a graph.
pub(crate) struct Run<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) cx: &'a Context,
    outputs: Mutex<Outputs>,
    progress: Vec<Slot>,
    halted: AtomicBool,
    tails: Vec<Duration>,
    /// When everything is expected to be over that waits for what is waited for now.
    ends: Mutex<BTreeMap<Arc<str>, SystemTime>>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(graph: &'a Graph, cx: &'a Context, outputs: Outputs) -> Self {
        let progress = graph.nodes.iter().map(|_| Slot::new()).collect();
        let tails = graph.tails();
        Self {
            graph,
            cx,
            outputs: Mutex::new(outputs),
            progress,
            halted: AtomicBool::new(false),
            tails,
            ends: Mutex::default(),
        }
    }

    pub(crate) fn entry(&self, index: usize) -> (&Entry, Context) {
        let entry = &self.graph.nodes[index];
        let tail = self.tails.get(index).copied().unwrap_or_default();
        (entry, self.cx.on(&entry.name).remaining(tail))
    }

    /// How much longer the wait of `cx` may take without anything ending later:
    /// nothing on the longest way to the end. What takes longer than usual is expected
    /// to take another third.
    fn slack(&self, cx: &Context, usual: Duration, waited: Duration) -> Duration {
        let after = cx.remaining.unwrap_or_default().saturating_sub(usual);
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

    fn lock(&self) -> MutexGuard<'_, Outputs> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn outputs(&self) -> Outputs {
        self.lock().clone()
    }

    pub(crate) fn into_outputs(self) -> Outputs {
        self.outputs.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells dependents that a node has come to `stage`.
    pub(crate) fn publish(&self, index: usize, stage: Stage, output: &Output) {
        self.lock().set(index, stage, output.clone());
        self.advance(index, Progress::of(stage));
    }

    pub(crate) fn advance(&self, index: usize, progress: Progress) {
        self.progress[index].advance(progress);
    }

    /// Waits until `index` has come to `stage`; false if it never will.
    pub(crate) async fn wait(&self, index: usize, stage: Stage) -> bool {
        poll_fn(|task| self.progress[index].reached(Progress::of(stage), task)).await != Progress::Stuck
    }

    /// Runs every node's part at once; each waits for what it needs.
    pub(crate) async fn all<F, Fut>(&self, part: F) -> Result<(), ApplyError>
    where
        F: Fn(usize) -> Fut,
        Fut: Future<Output = (usize, End)>,
    {
        let mut parts: FuturesUnordered<_> = (0..self.graph.nodes.len()).map(part).collect();
        let mut error: Option<ApplyError> = None;
        let (mut done, mut left) = (Vec::new(), Vec::new());
        while let Some((index, end)) = parts.next().await {
            let (entry, cx) = self.entry(index);
            let name = entry.name.to_string();
            match end {
                End::Done => done.push(name),
                End::Left => left.push(name),
                End::Failed(failure) => {
                    self.halted.store(true, Ordering::Relaxed);
                    let why = crate::explain(&failure);
                    cx.tell(What::Failed { why: why.clone() });
                    left.push(name.clone());
                    match &mut error {
                        Some(first) => first.also.push((name, why)),
                        None => error = Some(ApplyError::new(name, failure)),
                    }
                }
            }
        }
        if error.is_none() && !left.is_empty() {
            let failure = Failure::terminal("deploy", "stopped on request");
            error = Some(ApplyError::new(left[0].clone(), failure));
        }
        match error {
            None => Ok(()),
            Some(mut error) => {
                error.done = done;
                error.left = left;
                Err(error)
            }
        }
    }

    /// Ends a node's part and lets dependents know.
    pub(crate) fn end(&self, index: usize, outcome: Result<bool, Failure>) -> (usize, End) {
        match outcome {
            Ok(true) => (index, End::Done),
            Ok(false) => {
                self.advance(index, Progress::Stuck);
                (index, End::Left)
            }
            Err(failure) => {
                self.halted.store(true, Ordering::Relaxed);
                self.advance(index, Progress::Stuck);
                (index, End::Failed(failure))
            }
        }
    }
}

/// Polls `look` until it is ready; `None` if the run was halted meanwhile.
///
/// Looks at once, then after a quarter of the `usual` time, then in steps that grow
/// with the time waited so far: of a fiftieth where everything else waits for it too,
/// so that hardly more time passes than the thing itself takes, whatever that is; of
/// up to a tenth where there is slack, so that few calls are made where nothing is lost.
pub(crate) async fn poll<T, F, Fut>(
    run: &Run<'_>,
    cx: &Context,
    usual: Duration,
    patience: Duration,
    mut look: F,
) -> Result<Option<T>, Failure>
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
                return Ok(Some(output));
            }
            Settled::Waiting(reason) => reason,
        };
        if run.is_halted() {
            return Ok(None);
        }
        let waited = cx.since(start);
        if waited > patience {
            let message = format!("still waiting for {reason} after {} s", waited.as_secs());
            return Err(Failure::terminal("wait", message));
        }
        if reason != said {
            cx.tell(What::Waiting {
                reason: reason.clone(),
            });
            said = reason;
        }
        cx.sleep(pause(usual, waited, run.slack(cx, usual, waited))).await;
    }
}

/// How long to wait before the next look.
fn pause(usual: Duration, waited: Duration, slack: Duration) -> Duration {
    let quarter = (usual / 4).saturating_sub(waited);
    let step = waited / 50 + (slack / 6).min(waited / 12);
    quarter.max(step.max(Duration::from_millis(700)))
}

impl Graph {
    /// The longest usual time from the start of each node to the end of everything.
    fn tails(&self) -> Vec<Duration> {
        let usual = self.nodes.iter().map(|entry| entry.node.timing().create);
        let mut tails: Vec<Duration> = usual.collect();
        for index in (0..self.nodes.len()).rev() {
            let tail = tails[index];
            for before in self.before(index) {
                let own = self.nodes[before].node.timing().create;
                tails[before] = tails[before].max(own + tail);
            }
        }
        tails
    }
}

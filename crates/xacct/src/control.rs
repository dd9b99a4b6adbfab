//! Hearing what a run does, and ending it early.

use crate::pipeline::Pipeline;
use futures_util::Stream;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use xacct_converge::{Class, Context, Effect, Event, Failure, Gate};
use xacct_iam::lease::Lease;

/// What happens, one event after another, until every clone of the pipeline is
/// gone. A [`Stream`].
///
/// Whoever does not read them does not stall the deployment: events wait, a few
/// hundred bytes each, a few hundred in a deployment. They may be dropped at any time.
#[derive(Debug)]
pub struct Events(UnboundedReceiver<Event>);

impl Events {
    /// The next event; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut std::task::Context<'_>) -> Poll<Option<Event>> {
        self.0.poll_recv(task)
    }
}

/// The runs that are under way, by the order of their beginning.
#[derive(Default)]
pub(crate) struct Runs(Mutex<BTreeMap<u64, Context>>);

impl Runs {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Context>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call of a pipeline that changes something.
pub(crate) struct Run {
    /// The calls of the run; refused once it is to end.
    pub(crate) cx: Context,
    /// The calls that clean up behind it.
    pub(crate) own: Context,
    deadline: Option<SystemTime>,
    runs: Arc<Runs>,
    key: u64,
}

impl Run {
    /// The context of calls that are made under `lease`.
    pub(crate) fn under(&self, lease: &Arc<Lease>) -> Context {
        self.gated(Some(Arc::clone(lease)))
    }

    fn gated(&self, lease: Option<Arc<Lease>>) -> Context {
        self.own.clone().with_gate(Arc::new(Control {
            run: self.own.clone(),
            deadline: self.deadline,
            lease,
        }))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.runs.lock().remove(&self.key);
    }
}

/// What every call of a run passes.
struct Control {
    run: Context,
    deadline: Option<SystemTime>,
    lease: Option<Arc<Lease>>,
}

impl Control {
    async fn check(&self, effect: Effect) -> Result<(), Failure> {
        if self.deadline.is_some_and(|deadline| self.run.now() >= deadline) {
            self.run.stop();
            return Err(Failure::new("run", Class::Stopped, "the deadline has passed"));
        }
        if self.run.is_stopped() {
            return Err(Failure::stopped("run"));
        }
        match &self.lease {
            Some(lease) => lease.pass(effect).await,
            None => Ok(()),
        }
    }
}

impl Gate for Control {
    fn pass(&self, effect: Effect) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + '_>> {
        Box::pin(self.check(effect))
    }
}

impl Pipeline {
    /// A pipeline whose events come as a stream too, beside
    /// [`on_event`](Self::on_event) and `tracing`.
    #[must_use]
    pub fn with_events(self) -> (Self, Events) {
        let (sender, receiver) = unbounded_channel();
        let before = self.sink.clone();
        let pipeline = self.on_event(Arc::new(move |event: Event| {
            // Nobody may be listening any more.
            let _ = sender.send(event.clone());
            before(event);
        }));
        (pipeline, Events(receiver))
    }

    /// Ends every deployment and removal that is under way with this pipeline or a
    /// clone of it: calls in flight are finished, and no new one is made but those
    /// that give the lease back, some seconds later. They end in an error of which
    /// [`is_stopped`](crate::Error::is_stopped) is true, and calling again goes on.
    pub fn stop(&self) {
        self.runs.lock().values().for_each(Context::stop);
    }

    /// Whether a run is under way that was asked to [`stop`](Self::stop), or whose
    /// deadline has passed.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.runs.lock().values().any(Context::is_stopped)
    }

    /// Ends a deployment or a removal that takes longer than this, as
    /// [`stop`](Self::stop) would, counted from its beginning.
    #[must_use]
    pub const fn with_deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// Begins a run.
    pub(crate) fn run(&self) -> Run {
        let own = self.context();
        let mut under_way = self.runs.lock();
        let key = under_way.last_key_value().map_or(0, |(last, _)| last + 1);
        under_way.insert(key, own.clone());
        drop(under_way);
        let mut run = Run {
            cx: own.clone(),
            deadline: self.deadline.map(|limit| own.now() + limit),
            own,
            runs: Arc::clone(&self.runs),
            key,
        };
        run.cx = run.gated(None);
        run
    }
}

//! Carries out a plan: every resource as soon as what it needs is there.

use crate::event::What;
use crate::failure::Class;
use crate::graph::{Graph, Planned};
use crate::node::{Found, Node};
use crate::plan::{Change, Reason};
use crate::resource::{Settled, Timing};
use crate::run::{End, Run, poll};
use crate::value::{Handle, Inputs, Output, Outputs, Stage};
use crate::{ApplyError, Context, Failure};
use std::time::Duration;

/// The outputs of a graph whose resources are all as wanted.
pub struct Applied {
    outputs: Outputs,
}

impl Applied {
    pub(crate) const fn of(outputs: Outputs) -> Self {
        Self { outputs }
    }

    /// The output of one resource.
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self, handle: Handle<T>) -> Option<T> {
        let inputs = Inputs {
            outputs: &self.outputs,
        };
        inputs
            .known(&handle.ready())
            .or_else(|| inputs.known(&handle.made()))
    }
}

/// How long to look for what a lost answer may have made. EC2 shows what it
/// made within seconds; what appears later is removed as surplus by the next run.
const LOOK_FOR: Duration = Duration::from_secs(12);

impl Graph {
    /// Carries out `planned`.
    ///
    /// # Guarantees
    /// Nothing is begun before everything that it needs has succeeded. After a
    /// failure nothing new is begun, what is in flight finishes its call, and a
    /// later plan sees all of it. What is no longer wanted, and others with the
    /// same marks, go last, dependents first. Dropping the future is the same as being
    /// killed: the next plan goes on from there.
    ///
    /// # Errors
    /// [`ApplyError`] names the resource that failed first and the call.
    pub async fn apply(&self, planned: Planned, cx: &Context) -> Result<Applied, ApplyError> {
        let Planned { found, outputs, .. } = planned;
        let run = Run::new(self, cx, outputs);
        run.all(|index| apply_node(&run, index, &found[index])).await?;
        let outputs = run.into_outputs();
        self.take_away(&found, outputs.clone(), cx).await?;
        Ok(Applied { outputs })
    }
}

async fn apply_node(run: &Run<'_>, index: usize, found: &Found) -> (usize, End) {
    let outcome = Box::pin(bring_about(run, index, found)).await;
    run.end(index, outcome)
}

/// Brings one resource to the wanted state; false if the run was halted.
async fn bring_about(run: &Run<'_>, index: usize, found: &Found) -> Result<bool, Failure> {
    if found.change == Change::Delete {
        return Ok(true);
    }
    if let (Change::Keep, true, Some(current)) = (&found.change, found.settled, &found.current) {
        run.publish(index, Stage::Made, current);
        run.publish(index, Stage::Ready, current);
        return Ok(true);
    }
    let (entry, cx) = run.entry(index);
    for need in entry.node.needs().list {
        if !run.wait(need.node, need.stage).await {
            return Ok(false);
        }
    }
    if run.is_halted() {
        return Ok(false);
    }
    let outputs = run.outputs();
    let inputs = Inputs { outputs: &outputs };
    let node = entry.node.as_ref();
    let Some(made) = make(run, node, found, &inputs, &cx).await? else {
        return Ok(false);
    };
    run.publish(index, Stage::Made, &made);
    let Timing { create, patience, .. } = node.timing();
    let settled = poll(run, &cx, create, patience, || node.settle(&made, &inputs, &cx)).await?;
    let Some(ready) = settled else { return Ok(false) };
    run.publish(index, Stage::Ready, &ready);
    cx.tell(What::Ready);
    Ok(true)
}

/// Makes or changes the resource; `None` if the run was halted while an old one was removed.
async fn make(
    run: &Run<'_>,
    node: &dyn Node,
    found: &Found,
    inputs: &Inputs<'_>,
    cx: &Context,
) -> Result<Option<Output>, Failure> {
    let begin = |change: &str| {
        cx.tell(What::Started {
            change: change.to_owned(),
        })
    };
    let none: &[Reason] = &[];
    match (&found.change, &found.current) {
        (Change::Update(reasons), Some(current)) => {
            begin("update");
            let changed = node.configure(current.clone(), reasons, inputs, cx).await?;
            Ok(Some(changed))
        }
        (Change::Keep, Some(current)) => Ok(Some(current.clone())),
        (Change::Replace(_), Some(current)) => {
            begin("replace");
            if !remove(run, node, current, cx).await? {
                return Ok(None);
            }
            let Some(made) = create(run, node, inputs, cx).await? else {
                return Ok(None);
            };
            node.configure(made, none, inputs, cx).await.map(Some)
        }
        _ => {
            begin("create");
            let Some(made) = create(run, node, inputs, cx).await? else {
                return Ok(None);
            };
            node.configure(made, none, inputs, cx).await.map(Some)
        }
    }
}

/// Creates, and after a lost answer looks before it creates again; `None` if the
/// run was halted meanwhile.
async fn create(
    run: &Run<'_>,
    node: &dyn Node,
    inputs: &Inputs<'_>,
    cx: &Context,
) -> Result<Option<Output>, Failure> {
    let begun = cx.now();
    loop {
        let failure = match node.create(inputs, cx).await {
            Ok(output) => {
                cx.tell(What::Made);
                return Ok(Some(output));
            }
            Err(failure) if failure.class() == Class::Ambiguous => failure,
            Err(failure) => return Err(failure),
        };
        let lost = cx.now();
        while cx.since(lost) < LOOK_FOR {
            if let Some(output) = node.recover(inputs, cx).await? {
                cx.tell(What::Recovered);
                return Ok(Some(output));
            }
            cx.sleep(Duration::from_secs(2)).await;
        }
        if run.is_halted() {
            return Ok(None);
        }
        if cx.since(begun) > cx.patience().faults {
            return Err(failure);
        }
        let (operation, why) = (failure.operation().to_owned(), failure.to_string());
        cx.tell(What::Retried { operation, why });
    }
}

/// Removes one thing and waits until it is gone; false if the run was halted.
pub(crate) async fn remove(
    run: &Run<'_>,
    node: &dyn Node,
    current: &Output,
    cx: &Context,
) -> Result<bool, Failure> {
    let Timing { delete, patience, .. } = node.timing();
    let asked = poll(run, cx, Duration::ZERO, patience, || async {
        match node.delete(current, cx).await {
            Ok(()) => Ok(Settled::Ready(())),
            Err(failure) if failure.class() == Class::Busy => {
                Ok(Settled::Waiting(failure.message().to_owned()))
            }
            Err(failure) => Err(failure),
        }
    });
    if asked.await?.is_none() {
        return Ok(false);
    }
    let gone = poll(run, cx, delete, patience, || async {
        let gone = node.gone(current, cx).await?;
        Ok(if gone {
            Settled::Ready(())
        } else {
            Settled::Waiting("its removal".to_owned())
        })
    });
    Ok(gone.await?.is_some())
}

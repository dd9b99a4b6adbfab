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
    pub(crate) outputs: Outputs,
}

impl Applied {
    /// The output of one resource.
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self, handle: Handle<T>) -> Option<T> {
        let output = |stage| self.outputs.get(handle.node(), stage);
        let output = output(Stage::Ready).or_else(|| output(Stage::Made))?;
        output.downcast_ref::<T>().cloned()
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
        let run = Run::new(self, cx, &planned, false);
        let found = &planned.found;
        run.all(|index| apply_node(&run, index, &found[index])).await?;
        let applied = planned.existing();
        self.remove(planned, cx).await?;
        Ok(applied)
    }
}

async fn apply_node(run: &Run<'_>, index: usize, found: &Found) -> End {
    let outcome = Box::pin(bring_about(run, index, found)).await;
    run.end(index, outcome)
}

/// Brings one resource to the wanted state.
async fn bring_about(run: &Run<'_>, index: usize, found: &Found) -> Result<(), Failure> {
    if found.change == Change::Delete {
        return Ok(());
    }
    if let (Change::Keep, true, Some(current)) = (&found.change, found.settled, &found.current) {
        run.publish(index, Stage::Made, current);
        run.publish(index, Stage::Ready, current);
        return Ok(());
    }
    let node = run.graph.nodes[index].node.as_ref();
    for need in node.needs().list {
        run.wait(need.node, need.stage).await?;
    }
    let (_, cx) = run.begin(index)?;
    let outputs = run.record.lock().outputs.clone();
    let inputs = Inputs { outputs: &outputs };
    if found.adopted {
        cx.tell(What::Adopted);
    }
    let made = make(run, index, found, &inputs, &cx).await?;
    run.publish(index, Stage::Made, &made);
    let Timing { create, patience, .. } = node.timing();
    let ready = poll(run, &cx, create, patience, || node.settle(&made, &inputs, &cx)).await?;
    run.publish(index, Stage::Ready, &ready);
    cx.tell(What::Ready);
    Ok(())
}

/// Makes or changes the resource.
async fn make(
    run: &Run<'_>,
    index: usize,
    found: &Found,
    inputs: &Inputs<'_>,
    cx: &Context,
) -> Result<Output, Failure> {
    let begin = |change: &str| {
        let change = change.to_owned();
        cx.tell(What::Started { change });
    };
    let node = run.graph.nodes[index].node.as_ref();
    let (current, reasons): (_, &[Reason]) = match (&found.change, &found.current) {
        (Change::Keep, Some(current)) => return Ok(current.clone()),
        (Change::Update(reasons), Some(current)) => {
            begin("update");
            (current.clone(), reasons)
        }
        (Change::Replace(_), Some(current)) => {
            begin("replace");
            remove(run, node, current, cx).await?;
            (create(run, index, inputs, cx).await?, &[])
        }
        _ => {
            begin("create");
            (create(run, index, inputs, cx).await?, &[])
        }
    };
    node.configure(current, reasons, inputs, cx).await
}

/// Creates, and after a lost answer looks before it creates again.
async fn create(run: &Run<'_>, index: usize, inputs: &Inputs<'_>, cx: &Context) -> Result<Output, Failure> {
    let node = run.graph.nodes[index].node.as_ref();
    let known = |output: Option<&Output>| run.record.lock().made.insert(index, output.cloned());
    let begun = cx.now();
    loop {
        known(None);
        let failure = match node.create(inputs, cx).await {
            Ok(output) => {
                known(Some(&output));
                cx.tell(What::Made);
                return Ok(output);
            }
            Err(failure) if failure.class() == Class::Ambiguous => failure,
            Err(failure) => return Err(failure),
        };
        let lost = cx.now();
        while cx.since(lost) < LOOK_FOR {
            if let Some(output) = node.recover(inputs, cx).await? {
                known(Some(&output));
                cx.tell(What::Recovered);
                return Ok(output);
            }
            cx.sleep(Duration::from_secs(2)).await;
        }
        if run.is_halted() || cx.since(begun) > cx.patience().faults {
            return Err(failure);
        }
        let (operation, why) = (failure.operation().to_owned(), failure.to_string());
        cx.tell(What::Retried { operation, why });
    }
}

/// Removes one thing and waits until it is gone.
pub(crate) async fn remove(
    run: &Run<'_>,
    node: &dyn Node,
    current: &Output,
    cx: &Context,
) -> Result<(), Failure> {
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
    asked.await?;
    let gone = poll(run, cx, delete, patience, || async {
        let gone = node.gone(current, cx).await?;
        Ok(match gone {
            true => Settled::Ready(()),
            false => Settled::Waiting("its removal".to_owned()),
        })
    });
    gone.await
}

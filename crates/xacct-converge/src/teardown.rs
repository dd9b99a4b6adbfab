//! Takes everything away again, dependents first.

use crate::apply::remove;
use crate::event::What;
use crate::graph::{Graph, Planned};
use crate::node::Found;
use crate::plan::{Change, Plan};
use crate::run::{End, Record, Run};
use crate::value::{Inputs, Stage};
use crate::{ApplyError, Context, Failure};

impl Graph {
    /// Carries out a plan made by [`Graph::plan_removal`].
    ///
    /// # Guarantees
    /// A resource is asked to go only when everything that needs it has gone.
    /// What is adopted is never touched. Killing and running again is harmless.
    ///
    /// # Errors
    /// [`ApplyError`] names the resource that would not go, and the call.
    pub async fn remove(&self, planned: Planned, cx: &Context) -> Result<(), ApplyError> {
        let mut dependents = vec![Vec::new(); self.nodes.len()];
        for index in 0..self.nodes.len() {
            for before in self.before(index) {
                dependents[before].push(index);
            }
        }
        let run = Run::new(self, cx, &planned, true);
        run.all(|index| remove_node(&run, index, &planned.found[index], &dependents[index]))
            .await
    }

    /// Removes what an unfinished run has made, and nothing else: `record` is that
    /// of the plan it carried out. What the run changed in place stays changed.
    ///
    /// # Errors
    /// [`ApplyError`] names the resource that would not go, and the call.
    pub async fn roll_back(&self, record: &Record, cx: &Context) -> Result<(), ApplyError> {
        let (outputs, mut made) = {
            let deeds = record.lock();
            (deeds.outputs.clone(), deeds.made.clone())
        };
        for (&index, output) in &mut made {
            // As it is now: it may have been changed after it was made, or its answer lost.
            let (entry, inputs) = (&self.nodes[index], Inputs { outputs: &outputs });
            let looked = entry.node.recover(&inputs, cx).await;
            let looked = looked.map_err(|failure| ApplyError::new(entry.name.to_string(), failure))?;
            *output = looked.or_else(|| output.take());
        }
        let found = (0..self.nodes.len()).map(|index| made.get(&index).cloned().flatten());
        let (plan, found) = (Plan::default(), found.map(Found::doomed).collect());
        let record = Record::of(outputs);
        self.remove(Planned { plan, record, found }, cx).await
    }
}

async fn remove_node(run: &Run<'_>, index: usize, found: &Found, dependents: &[usize]) -> End {
    let outcome = Box::pin(take_away(run, index, found, dependents)).await;
    run.end(index, outcome)
}

async fn take_away(run: &Run<'_>, index: usize, found: &Found, dependents: &[usize]) -> Result<(), Failure> {
    for &dependent in dependents {
        run.wait(dependent, Stage::Ready).await?;
    }
    let (entry, cx) = run.begin(index)?;
    let own = found.current.iter().filter(|_| found.change == Change::Delete);
    for doomed in own.chain(&found.surplus) {
        let change = "delete".to_owned();
        cx.tell(What::Started { change });
        remove(run, entry.node.as_ref(), doomed, &cx).await?;
        cx.tell(What::Removed);
    }
    Ok(())
}

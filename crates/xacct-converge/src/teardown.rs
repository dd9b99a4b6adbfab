//! Takes everything away again, dependents first.

use crate::apply::remove;
use crate::event::What;
use crate::graph::{Graph, Planned};
use crate::node::Found;
use crate::plan::Change;
use crate::run::{End, Progress, Run};
use crate::value::{Outputs, Stage};
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
        let Planned { found, outputs, .. } = planned;
        self.take_away(&found, outputs, cx).await
    }

    /// Removes what `found` says must go, and every surplus.
    pub(crate) async fn take_away(
        &self,
        found: &[Found],
        outputs: Outputs,
        cx: &Context,
    ) -> Result<(), ApplyError> {
        let dependents = self.dependents();
        let run = Run::new(self, cx, outputs);
        run.all(|index| remove_node(&run, index, &found[index], &dependents[index]))
            .await
    }

    fn dependents(&self) -> Vec<Vec<usize>> {
        let mut dependents = vec![Vec::new(); self.nodes.len()];
        for index in 0..self.nodes.len() {
            for before in self.before(index) {
                dependents[before].push(index);
            }
        }
        dependents
    }
}

async fn remove_node(run: &Run<'_>, index: usize, found: &Found, dependents: &[usize]) -> (usize, End) {
    let outcome = Box::pin(take_away(run, index, found, dependents)).await;
    if matches!(outcome, Ok(true)) {
        run.advance(index, Progress::Ready);
    }
    run.end(index, outcome)
}

async fn take_away(
    run: &Run<'_>,
    index: usize,
    found: &Found,
    dependents: &[usize],
) -> Result<bool, Failure> {
    for &dependent in dependents {
        if !run.wait(dependent, Stage::Ready).await {
            return Ok(false);
        }
    }
    if run.is_halted() {
        return Ok(false);
    }
    let (entry, cx) = run.entry(index);
    let own = found.current.iter().filter(|_| found.change == Change::Delete);
    for doomed in own.chain(&found.surplus) {
        cx.tell(What::Started {
            change: "delete".to_owned(),
        });
        if !remove(run, entry.node.as_ref(), doomed, &cx).await? {
            return Ok(false);
        }
        cx.tell(What::Removed);
    }
    Ok(true)
}

//! The graph of resources, and the plan that follows from it.

use crate::apply::Applied;
use crate::node::{Found, Node, Typed};
use crate::plan::{Change, Plan, Step};
use crate::resource::Resource;
use crate::run::Record;
use crate::value::{Handle, Inputs, Outputs, Stage};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Resources and what they need of each other.
#[derive(Default)]
pub struct Graph {
    pub(crate) nodes: Vec<Entry>,
    scope: String,
}

/// A resource under its name.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Arc<str>,
    pub(crate) node: Arc<dyn Node>,
    /// Whether it should be there; if not, what exists of it is removed.
    wanted: bool,
}

/// A plan together with what was found, ready to be applied.
pub struct Planned {
    /// The plan itself.
    pub plan: Plan,
    /// What a run of this plan makes, for [`Graph::roll_back`].
    pub record: Record,
    pub(crate) found: Vec<Found>,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `scope` before the names of all resources added from now on.
    pub fn within(&mut self, scope: impl Into<String>) {
        self.scope = scope.into();
    }

    /// Adds a resource under a name that is unique in the graph, for example
    /// `source/vpc`. A name used twice gets a number.
    pub fn add<R: Resource>(&mut self, name: impl Into<String>, resource: R) -> Handle<R::Output> {
        let mut name: String = name.into();
        name.insert_str(0, &self.scope);
        if self.nodes.iter().any(|entry| *entry.name == *name) {
            name = format!("{name}#{}", self.nodes.len());
        }
        self.nodes.push(Entry {
            name: name.into(),
            node: Arc::new(Typed(resource)),
            wanted: true,
        });
        Handle::new(self.nodes.len() - 1)
    }

    /// Marks every resource that was added from `from` on (a former [`len`](Self::len))
    /// as no longer wanted: what exists of it is in the plan as a deletion, and
    /// goes, dependents first, once everything that is wanted stands. Nothing
    /// that is wanted may need it.
    pub fn retire(&mut self, from: usize) {
        let retired = self.nodes.iter_mut().skip(from);
        retired.for_each(|entry| entry.wanted = false);
    }

    /// How many resources there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What has to be done to reach the wanted state. Makes no call.
    #[must_use]
    pub fn plan(&self) -> Planned {
        self.look(false)
    }

    /// Asks every node what there is and what has to change. For a removal, what
    /// exists counts even where it should be otherwise: dependents are found by it.
    fn look(&self, removal: bool) -> Planned {
        let mut outputs = Outputs::of(self.nodes.len());
        let mut found = Vec::with_capacity(self.nodes.len());
        for (index, entry) in self.nodes.iter().enumerate() {
            let mut decision = entry.node.plan(&Inputs { outputs: &outputs });
            if !entry.wanted {
                let ours = decision.current.is_some() && !decision.adopted;
                decision.change = if ours { Change::Delete } else { Change::Keep };
                decision.settled = true;
            }
            let keeps = removal || !matches!(decision.change, Change::Create | Change::Replace(_));
            if let (true, Some(current)) = (keeps, &decision.current) {
                outputs.set(index, Stage::Made, current.clone());
                if decision.settled {
                    outputs.set(index, Stage::Ready, current.clone());
                }
            }
            found.push(decision);
        }
        Planned {
            plan: self.describe(&found),
            found,
            record: Record::of(outputs),
        }
    }

    /// What has to be removed so that nothing of this graph is left. Makes no call.
    #[must_use]
    pub fn plan_removal(&self) -> Planned {
        self.plan_removal_of(|_| true)
    }

    /// What has to be removed so that nothing is left of those resources whose names
    /// `doomed` picks; nothing that stays may need one of them.
    #[must_use]
    pub fn plan_removal_of(&self, doomed: impl Fn(&str) -> bool) -> Planned {
        let mut planned = self.look(true);
        for (entry, found) in self.nodes.iter().zip(&mut planned.found) {
            let goes = doomed(&entry.name);
            found.surplus.retain(|_| goes);
            let ours = goes && found.current.is_some() && !found.adopted;
            found.change = if ours { Change::Delete } else { Change::Keep };
            found.settled = true;
        }
        planned.plan = self.describe(&planned.found);
        planned.plan.steps.reverse();
        planned
    }

    fn describe(&self, found: &[Found]) -> Plan {
        let mut finish: Vec<Duration> = Vec::with_capacity(self.nodes.len());
        let mut steps = Vec::with_capacity(self.nodes.len());
        for (index, (entry, seen)) in self.nodes.iter().zip(found).enumerate() {
            let before = self.before(index);
            let start = before.iter().map(|&n| finish[n]).max().unwrap_or_default();
            let change = seen.change.clone();
            let takes = seen.takes(entry.node.timing());
            finish.push(start + takes);
            let removes = matches!(change, Change::Delete | Change::Replace(_));
            steps.push(Step {
                resource: entry.name.to_string(),
                kind: entry.node.kind().to_owned(),
                destroys_data: removes && entry.node.holds_data(),
                after: before.iter().map(|&n| self.nodes[n].name.to_string()).collect(),
                seconds: takes.as_secs(),
                surplus: seen.surplus.len(),
                waits: !seen.settled,
                change,
            });
        }
        let critical_path_seconds = finish.iter().max().copied().unwrap_or_default().as_secs();
        Plan {
            steps,
            critical_path_seconds,
        }
    }

    /// The longest usual time from the start of each node's part to the end of everything.
    pub(crate) fn tails(&self, found: &[Found], removes: bool) -> Vec<Duration> {
        let takes = self.nodes.iter().zip(found);
        let takes: Vec<_> = takes
            .map(|(entry, seen)| seen.takes(entry.node.timing()))
            .collect();
        let mut tails = takes.clone();
        let last = self.nodes.len().saturating_sub(1);
        let turn = |index: usize| if removes { index } else { last - index };
        for index in (0..self.nodes.len()).map(turn) {
            for before in self.before(index) {
                let (first, then) = if removes { (index, before) } else { (before, index) };
                tails[first] = tails[first].max(takes[first] + tails[then]);
            }
        }
        tails
    }

    /// The nodes that `index` waits for directly.
    pub(crate) fn before(&self, index: usize) -> BTreeSet<usize> {
        let needs = self.nodes[index].node.needs().list.into_iter();
        needs.map(|need| need.node).filter(|&n| n < index).collect()
    }
}

impl Planned {
    /// Resources that would have to be removed while others that exist still need
    /// them, which AWS refuses: the names, each with one that needs it.
    #[must_use]
    pub fn stuck<'a>(&self, graph: &'a Graph) -> Vec<(&'a str, &'a str)> {
        let replaced = |index: &usize| {
            matches!(self.found[*index].change, Change::Replace(_))
                && graph.nodes[*index].node.is_held_by_dependents()
        };
        let mut stuck = Vec::new();
        let exists = |index: &usize| self.found[*index].current.is_some();
        for index in (0..graph.nodes.len()).filter(exists) {
            let held = graph.before(index).into_iter().filter(&replaced);
            stuck.extend(held.map(|before| (&*graph.nodes[before].name, &*graph.nodes[index].name)));
        }
        stuck.sort_unstable();
        stuck.dedup_by_key(|(name, _)| *name);
        stuck
    }

    /// The outputs of everything that exists and is kept, as if it had been applied.
    #[must_use]
    pub fn existing(&self) -> Applied {
        let outputs = self.record.lock().outputs.clone();
        Applied { outputs }
    }

    /// What exists under this handle, if the plan keeps it.
    #[must_use]
    pub fn current<T: Clone + Send + Sync + 'static>(&self, handle: Handle<T>) -> Option<T> {
        let current = self.found.get(handle.node())?.current.as_ref()?;
        current.downcast_ref::<T>().cloned()
    }
}

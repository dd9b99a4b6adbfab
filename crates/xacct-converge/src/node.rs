//! Resources with their output types forgotten, so that a graph can hold them all.

use crate::plan::{Change, Reason};
use crate::resource::{Resource, Settled, Timing};
use crate::value::{Inputs, Needs, Output};
use crate::{Context, Failure};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A decision whose output type is forgotten.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) change: Change,
    pub(crate) current: Option<Output>,
    pub(crate) settled: bool,
    pub(crate) adopted: bool,
    pub(crate) surplus: Vec<Output>,
}

impl Found {
    /// A node of which nothing is left but what is given, and that goes.
    pub(crate) fn doomed(current: Option<Output>) -> Self {
        Self {
            change: current.as_ref().map_or(Change::Keep, |_| Change::Delete),
            current,
            settled: true,
            adopted: false,
            surplus: Vec::new(),
        }
    }

    /// How long a node's part takes as a rule.
    pub(crate) fn takes(&self, timing: Timing) -> Duration {
        match self.change {
            Change::Delete => timing.delete,
            Change::Create | Change::Replace(_) => timing.create,
            _ if self.settled => Duration::ZERO,
            _ => timing.create,
        }
    }
}

pub(crate) type Async<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

pub(crate) trait Node: Send + Sync {
    fn kind(&self) -> &'static str;
    fn needs(&self) -> Needs;
    fn timing(&self) -> Timing;
    fn holds_data(&self) -> bool;
    fn is_held_by_dependents(&self) -> bool;
    fn plan(&self, known: &Inputs<'_>) -> Found;
    fn create<'a>(&'a self, inputs: &'a Inputs<'a>, cx: &'a Context) -> Async<'a, Output>;
    fn recover<'a>(&'a self, inputs: &'a Inputs<'a>, cx: &'a Context) -> Async<'a, Option<Output>>;
    fn configure<'a>(
        &'a self,
        current: Output,
        reasons: &'a [Reason],
        inputs: &'a Inputs<'a>,
        cx: &'a Context,
    ) -> Async<'a, Output>;
    fn settle<'a>(
        &'a self,
        current: &'a Output,
        inputs: &'a Inputs<'a>,
        cx: &'a Context,
    ) -> Async<'a, Settled<Output>>;
    fn delete<'a>(&'a self, current: &'a Output, cx: &'a Context) -> Async<'a, ()>;
    fn gone<'a>(&'a self, current: &'a Output, cx: &'a Context) -> Async<'a, bool>;
}

/// Wraps a resource of any output type.
pub(crate) struct Typed<R>(pub(crate) R);

fn typed<T: Clone + 'static>(output: &Output) -> Result<T, Failure> {
    let typed = output.downcast_ref::<T>().cloned();
    typed.ok_or_else(|| Failure::bug("an output has another type than its node"))
}

fn erased<T: Send + Sync + 'static>(output: T) -> Output {
    Arc::new(output)
}

impl<R: Resource> Node for Typed<R> {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn needs(&self) -> Needs {
        self.0.needs()
    }

    fn timing(&self) -> Timing {
        self.0.timing()
    }

    fn holds_data(&self) -> bool {
        self.0.holds_data()
    }

    fn is_held_by_dependents(&self) -> bool {
        self.0.is_held_by_dependents()
    }

    fn plan(&self, known: &Inputs<'_>) -> Found {
        let decision = self.0.plan(known);
        Found {
            change: decision.change,
            current: decision.current.map(erased),
            settled: decision.settled,
            adopted: decision.adopted,
            surplus: decision.surplus.into_iter().map(erased).collect(),
        }
    }

    fn create<'a>(&'a self, inputs: &'a Inputs<'a>, cx: &'a Context) -> Async<'a, Output> {
        Box::pin(async move { self.0.create(inputs, cx).await.map(erased) })
    }

    fn recover<'a>(&'a self, inputs: &'a Inputs<'a>, cx: &'a Context) -> Async<'a, Option<Output>> {
        Box::pin(async move { Ok(self.0.recover(inputs, cx).await?.map(erased)) })
    }

    fn configure<'a>(
        &'a self,
        current: Output,
        reasons: &'a [Reason],
        inputs: &'a Inputs<'a>,
        cx: &'a Context,
    ) -> Async<'a, Output> {
        Box::pin(async move {
            let current = typed(&current)?;
            self.0.configure(current, reasons, inputs, cx).await.map(erased)
        })
    }

    fn settle<'a>(
        &'a self,
        current: &'a Output,
        inputs: &'a Inputs<'a>,
        cx: &'a Context,
    ) -> Async<'a, Settled<Output>> {
        Box::pin(async move {
            let current: R::Output = typed(current)?;
            Ok(match self.0.settle(&current, inputs, cx).await? {
                Settled::Ready(output) => Settled::Ready(erased(output)),
                Settled::Waiting(reason) => Settled::Waiting(reason),
            })
        })
    }

    fn delete<'a>(&'a self, current: &'a Output, cx: &'a Context) -> Async<'a, ()> {
        Box::pin(async move { self.0.delete(&typed(current)?, cx).await })
    }

    fn gone<'a>(&'a self, current: &'a Output, cx: &'a Context) -> Async<'a, bool> {
        Box::pin(async move { self.0.gone(&typed(current)?, cx).await })
    }
}

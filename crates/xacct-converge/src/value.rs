//! Typed references between the nodes of a graph.
//!
//! A [`Handle`] stands for what a node will give. It is taken with
//! [`Handle::made`] where the thing must merely exist, with [`Handle::ready`]
//! where it must have settled; either gives a [`Value`] that another node
//! stores. Because a handle exists only after its node was added, order is data
//! and a cycle cannot be written.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// How far a node must have come before a dependent may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It exists and has its id.
    Made,
    /// It has settled: AWS says available, active, complete.
    Ready,
}

/// The output of a node, once there is one.
pub struct Handle<T> {
    node: usize,
    output: PhantomData<fn() -> T>,
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.node)
    }
}

impl<T: Clone + Send + Sync + 'static> Handle<T> {
    pub(crate) const fn new(node: usize) -> Self {
        Self {
            node,
            output: PhantomData,
        }
    }

    pub(crate) const fn node(self) -> usize {
        self.node
    }

    /// The output as it is right after the node was made.
    #[must_use]
    pub fn made(self) -> Value<T> {
        self.value(Stage::Made)
    }

    /// The output as it is once the node has settled.
    #[must_use]
    pub fn ready(self) -> Value<T> {
        self.value(Stage::Ready)
    }

    /// An order without a value: the node must have settled first.
    #[must_use]
    pub const fn settled(self) -> Ready {
        Ready {
            node: self.node,
            stage: Stage::Ready,
        }
    }

    fn value(self, stage: Stage) -> Value<T> {
        let node = self.node;
        let read = Arc::new(move |outputs: &Outputs| outputs.get(node, stage)?.downcast_ref::<T>().cloned());
        Value::after(vec![Ready { node, stage }], read)
    }
}

/// Something that must be there first and of which nothing is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    pub(crate) node: usize,
    pub(crate) stage: Stage,
}

/// A value that is known now, or after another node.
#[derive(Clone)]
pub struct Value<T> {
    source: Source<T>,
}

type Read<T> = Arc<dyn Fn(&Outputs) -> Option<T> + Send + Sync>;

#[derive(Clone)]
enum Source<T> {
    Known(T),
    After { needs: Vec<Ready>, read: Read<T> },
}

impl<T: Clone + Send + Sync + 'static> Value<T> {
    /// A value that is known from the start.
    #[must_use]
    pub const fn known(value: T) -> Self {
        Self {
            source: Source::Known(value),
        }
    }

    fn after(needs: Vec<Ready>, read: Read<T>) -> Self {
        let source = Source::After { needs, read };
        Self { source }
    }

    /// A value computed from this one.
    #[must_use]
    pub fn map<U, F>(self, f: F) -> Value<U>
    where
        U: Clone + Send + Sync + 'static,
        F: Fn(T) -> U + Send + Sync + 'static,
    {
        let source = match self.source {
            Source::Known(value) => Source::Known(f(value)),
            Source::After { needs, read } => {
                let read = Arc::new(move |outputs: &Outputs| read(outputs).map(&f));
                Source::After { needs, read }
            }
        };
        Value { source }
    }

    /// All of `values` as one, in their order.
    #[must_use]
    pub fn all(values: Vec<Self>) -> Value<Vec<T>> {
        let needs: Vec<Ready> = values.iter().flat_map(Self::waits_for).copied().collect();
        let read =
            Arc::new(move |outputs: &Outputs| values.iter().map(|value| value.read(outputs)).collect());
        Value::after(needs, read)
    }

    /// Both values as one.
    #[must_use]
    pub fn and<U: Clone + Send + Sync + 'static>(self, other: Value<U>) -> Value<(T, U)> {
        let needs = [self.waits_for(), other.waits_for()].concat();
        let read = Arc::new(move |outputs: &Outputs| Some((self.read(outputs)?, other.read(outputs)?)));
        Value::after(needs, read)
    }

    /// What must have happened before the value is known; nothing if it is known already.
    #[must_use]
    pub fn waits_for(&self) -> &[Ready] {
        match &self.source {
            Source::Known(_) => &[],
            Source::After { needs, .. } => needs,
        }
    }

    pub(crate) fn read(&self, outputs: &Outputs) -> Option<T> {
        match &self.source {
            Source::Known(value) => Some(value.clone()),
            Source::After { read, .. } => read(outputs),
        }
    }
}

impl<T> fmt::Debug for Value<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Known(_) => f.write_str("Value(known)"),
            Source::After { needs, .. } => write!(f, "Value(after {needs:?})"),
        }
    }
}

impl<T: Clone + Send + Sync + 'static> From<T> for Value<T> {
    fn from(value: T) -> Self {
        Self::known(value)
    }
}

/// Everything that a node waits for.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    pub(crate) list: Vec<Ready>,
}

impl Needs {
    /// Nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a value that is read.
    #[must_use]
    pub fn value<T: Clone + Send + Sync + 'static>(mut self, value: &Value<T>) -> Self {
        self.list.extend(value.waits_for());
        self
    }

    /// Adds values that are read.
    #[must_use]
    pub fn values<'a, T: Clone + Send + Sync + 'static>(
        mut self,
        values: impl IntoIterator<Item = &'a Value<T>>,
    ) -> Self {
        self.list.extend(values.into_iter().flat_map(Value::waits_for));
        self
    }

    /// Adds something that must merely be there first.
    #[must_use]
    pub fn after(mut self, ready: Ready) -> Self {
        self.list.push(ready);
        self
    }

    /// Adds several of these.
    #[must_use]
    pub fn after_all(mut self, ready: impl IntoIterator<Item = Ready>) -> Self {
        self.list.extend(ready);
        self
    }
}

pub(crate) type Output = Arc<dyn Any + Send + Sync>;

/// What the nodes have given so far, by node and stage.
#[derive(Clone, Default)]
pub(crate) struct Outputs(Vec<[Option<Output>; 2]>);

impl Outputs {
    pub(crate) fn of(nodes: usize) -> Self {
        Self(vec![Default::default(); nodes])
    }

    pub(crate) fn set(&mut self, node: usize, stage: Stage, output: Output) {
        if let Some(slots) = self.0.get_mut(node) {
            slots[stage as usize] = Some(output);
        }
    }

    pub(crate) fn get(&self, node: usize, stage: Stage) -> Option<&(dyn Any + 'static)> {
        let output = self.0.get(node)?[stage as usize].as_deref()?;
        Some(output as &dyn Any)
    }
}

/// The values that a node may read: complete when it is applied, partial when it is planned.
pub struct Inputs<'a> {
    pub(crate) outputs: &'a Outputs,
}

impl Inputs<'_> {
    /// The value, or `None` where the node that gives it has not got so far.
    #[must_use]
    pub fn known<T: Clone + Send + Sync + 'static>(&self, value: &Value<T>) -> Option<T> {
        value.read(self.outputs)
    }

    /// The values, or `None` where one of them is not known.
    #[must_use]
    pub fn all_known<T: Clone + Send + Sync + 'static>(&self, values: &[Value<T>]) -> Option<Vec<T>> {
        values.iter().map(|value| self.known(value)).collect()
    }

    /// The value, which must be known by now.
    ///
    /// # Errors
    /// [`Failure`](crate::Failure) of class `Bug` if the node did not name the value in its needs.
    pub fn get<T: Clone + Send + Sync + 'static>(&self, value: &Value<T>) -> Result<T, crate::Failure> {
        self.known(value)
            .ok_or_else(|| crate::Failure::bug("a value was read that the node did not wait for"))
    }

    /// The values, all of which must be known by now.
    ///
    /// # Errors
    /// As [`Inputs::get`].
    pub fn get_all<T: Clone + Send + Sync + 'static>(
        &self,
        values: &[Value<T>],
    ) -> Result<Vec<T>, crate::Failure> {
        values.iter().map(|value| self.get(value)).collect()
    }
}

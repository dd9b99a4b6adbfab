//! What every call of a resource is given: a clock, a retryer, an ear.

use crate::event::{Event, Sink, What};
use crate::failure::{Class, Classify, Failure};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Reads the time and lets it pass.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The time now.
    fn now(&self) -> SystemTime;
    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// Says when a call may be made, so that no bucket of the other end runs dry.
pub trait Pacer: Send + Sync {
    /// Books a call of `operation` for `resource` and says how long to wait with it.
    fn book(&self, resource: &str, operation: &str, now: SystemTime) -> Duration;
}

/// Asked before every attempt of every call whether it may still be made.
pub trait Gate: Send + Sync {
    /// Lets the attempt through, or says why it must not be made.
    fn pass(&self, effect: Effect) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + '_>>;
}

/// How patient calls are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// How long a throttled call is tried again.
    pub throttled: Duration,
    /// How long a call that met a fault is tried again.
    pub faults: Duration,
    /// How long something just made may be invisible.
    pub visibility: Duration,
}

impl Default for Patience {
    /// Five minutes of throttling, two of faults, and the five minutes that
    /// Terraform's provider allows EC2 for propagation.
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Self {
            throttled: minutes(5),
            faults: minutes(2),
            visibility: minutes(5),
        }
    }
}

/// What a resource's methods are given.
#[derive(Clone)]
pub struct Context {
    clock: Arc<dyn Clock>,
    sink: Sink,
    pub(crate) resource: Arc<str>,
    seed: u64,
    patience: Arc<Patience>,
    stop: Arc<AtomicBool>,
    /// Usual time from the start of the resource's part to the end of everything.
    pub(crate) tail: Duration,
    pacer: Option<Arc<dyn Pacer>>,
    gate: Option<Arc<dyn Gate>>,
    /// When the chains that are under way are expected to end, by the node that leads each.
    ends: Arc<Mutex<BTreeMap<usize, SystemTime>>>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("resource", &self.resource)
            .field("seed", &self.seed)
            .finish()
    }
}

/// Whether a call may be made again when its answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing.
    Read,
    /// Making it twice is the same as making it once.
    Idempotent,
    /// Making it twice may make two.
    Once,
}

impl Context {
    /// A context that reads this clock, tells nobody, and jitters by this seed.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            clock,
            sink: Arc::new(|_| ()),
            resource: "".into(),
            seed,
            patience: Arc::new(Patience::default()),
            stop: Arc::default(),
            tail: Duration::ZERO,
            pacer: None,
            gate: None,
            ends: Arc::default(),
        }
    }

    /// Tells `sink` what happens.
    #[must_use]
    pub fn with_sink(mut self, sink: Sink) -> Self {
        self.sink = sink;
        self
    }

    /// Another patience.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = Arc::new(patience);
        self
    }

    /// Asks `pacer` before every attempt of every call how long to wait with it.
    #[must_use]
    pub fn with_pacer(mut self, pacer: Arc<dyn Pacer>) -> Self {
        self.pacer = Some(pacer);
        self
    }

    /// Asks `gate` before every attempt of every call.
    #[must_use]
    pub fn with_gate(mut self, gate: Arc<dyn Gate>) -> Self {
        self.gate = Some(gate);
        self
    }

    /// The same context on behalf of `resource`.
    #[must_use]
    pub fn on(&self, resource: &str) -> Self {
        Self {
            resource: resource.into(),
            ..self.clone()
        }
    }

    /// Expects the chain that `node` leads to be under way for `time`, or to be over.
    pub(crate) fn expect(&self, node: usize, time: Option<Duration>) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        match time {
            Some(time) => ends.insert(node, self.now() + time),
            None => ends.remove(&node),
        };
    }

    /// Usual time until the last chain under way ends; `None` outside a run.
    fn time_left(&self) -> Option<Duration> {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let last = ends.values().max()?;
        Some(last.duration_since(self.now()).unwrap_or_default())
    }

    /// Asks that nothing new be started; what is in flight is finished.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether [`stop`](Self::stop) was called on this context or a clone of it.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// How patient calls are.
    #[must_use]
    pub fn patience(&self) -> &Patience {
        &self.patience
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// Waits for `duration`; not much longer once the run is stopped.
    pub async fn sleep(&self, duration: Duration) {
        let (step, mut left, mut stopped) = (Duration::from_secs(3), duration, false);
        while !left.is_zero() && !stopped {
            self.clock.sleep(left.min(step)).await;
            (left, stopped) = (left.saturating_sub(step), self.is_stopped());
        }
    }

    /// Time since `start`; zero if the clock went back.
    #[must_use]
    pub fn since(&self, start: SystemTime) -> Duration {
        self.now().duration_since(start).unwrap_or_default()
    }

    /// Tells the watcher that something happened.
    pub fn tell(&self, what: What) {
        tracing::debug!(resource = %self.resource, ?what);
        (self.sink)(Event {
            resource: self.resource.to_string(),
            what,
            remaining: self.time_left(),
        });
    }

    /// A call that changes nothing.
    pub fn read<'a>(&'a self, operation: &'a str) -> Call<'a> {
        self.call(operation, Effect::Read)
    }

    /// A call that may be made twice.
    pub fn idempotent<'a>(&'a self, operation: &'a str) -> Call<'a> {
        self.call(operation, Effect::Idempotent)
    }

    /// A call that must not be made twice.
    pub fn once<'a>(&'a self, operation: &'a str) -> Call<'a> {
        self.call(operation, Effect::Once)
    }

    fn call<'a>(&'a self, operation: &'a str, effect: Effect) -> Call<'a> {
        Call {
            cx: self,
            operation,
            effect,
            not_yet: &[],
            busy: &[],
        }
    }

    /// Seconds to wait before try `attempt` (from 0): doubling from half a
    /// second to 15 s, less up to half of it, the same for the same seed.
    fn delay(&self, operation: &str, attempt: u32) -> Duration {
        let full = 0.5 * f64::from(1u32 << attempt.min(5));
        let draw = hash(
            &[self.resource.as_bytes(), operation.as_bytes()],
            self.seed ^ u64::from(attempt),
        );
        #[expect(clippy::cast_precision_loss, reason = "a fraction needs no more than 53 bits")]
        let fraction = (draw >> 11) as f64 / (1u64 << 53) as f64;
        Duration::from_secs_f64(full.min(15.0) * (1.0 - fraction / 2.0))
    }
}

/// FNV-1a over the parts; good enough to spread retries.
fn hash(parts: &[&[u8]], seed: u64) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in parts.iter().flat_map(|part| part.iter()) {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    state ^ (state >> 29)
}

/// One call and how it may be repeated.
#[must_use]
pub struct Call<'a> {
    cx: &'a Context,
    operation: &'a str,
    effect: Effect,
    not_yet: &'a [&'a str],
    busy: &'a [&'a str],
}

impl<'a> Call<'a> {
    /// Error codes that mean: made a moment ago and not visible here yet.
    pub fn not_yet(mut self, codes: &'a [&'a str]) -> Self {
        self.not_yet = codes;
        self
    }

    /// Error codes that mean: something else goes on with it; handed to the caller as class `Busy`.
    pub fn busy(mut self, codes: &'a [&'a str]) -> Self {
        self.busy = codes;
        self
    }

    /// Makes the call, and makes it again where that is safe and may help.
    ///
    /// # Errors
    /// The last [`Failure`]. One of class `Ambiguous` is returned at once for a
    /// call that must not be made twice.
    pub async fn run<T, E, F, Fut>(self, mut send: F) -> Result<T, Failure>
    where
        F: FnMut() -> Fut + Send,
        Fut: Future<Output = Result<T, E>> + Send,
        E: Classify,
    {
        let start = self.cx.now();
        let mut attempt = 0;
        loop {
            if let Some(pacer) = &self.cx.pacer {
                let wait = pacer.book(&self.cx.resource, self.operation, self.cx.now());
                self.cx.sleep(wait).await;
            }
            if let Some(gate) = &self.cx.gate {
                gate.pass(self.effect).await?;
            }
            // A future of an SDK is many kilobytes; on the heap it does not add up in its callers.
            let failure = match Box::pin(send()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => self.classify(error.into_failure(self.operation)),
            };
            let Some(limit) = self.limit(failure.class()) else {
                return Err(failure);
            };
            let delay = self.cx.delay(self.operation, attempt);
            if self.cx.since(start) + delay > limit {
                return Err(failure);
            }
            let (operation, why) = (self.operation.to_owned(), failure.to_string());
            self.cx.tell(What::Retried { operation, why });
            self.cx.sleep(delay).await;
            attempt += 1;
        }
    }

    fn classify(&self, failure: Failure) -> Failure {
        let class = match failure.class() {
            _ if failure.is_code(self.not_yet) => Class::NotYet,
            _ if failure.is_code(self.busy) => Class::Busy,
            // A read that was not answered changed nothing.
            Class::Ambiguous if self.effect == Effect::Read => Class::Transient,
            class => class,
        };
        failure.classed(class)
    }

    fn limit(&self, class: Class) -> Option<Duration> {
        let patience = &self.cx.patience;
        match class {
            Class::Throttled => Some(patience.throttled),
            Class::Transient => Some(patience.faults),
            Class::Ambiguous if self.effect != Effect::Once => Some(patience.faults),
            Class::NotYet => Some(patience.visibility),
            _ => None,
        }
    }
}

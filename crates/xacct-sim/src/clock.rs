//! The clock that everything simulated reads: time since the simulator's epoch.
//!
//! Inside [`Sim::run`](crate::Sim::run) it follows the run's own paused tokio clock, so a sleep of minutes takes no
//! wall time. Between runs it stands still, unless the simulator was built for wall time (doors with sockets).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant, SystemTime};

use aws_smithy_async::time::TimeSource;

/// One simulated instant: time since the simulator's epoch.
pub type SimTime = Duration;

/// A clock shared by the simulator, its doors and the SDK clients that it configures.
#[derive(Debug, Clone)]
pub struct SimClock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    epoch: SystemTime,
    state: Mutex<State>,
    /// The latest instant shown, in nanoseconds: what threads outside the run see.
    shown: AtomicU64,
}

#[derive(Debug)]
enum State {
    Standing {
        carried: SimTime,
    },
    Running {
        carried: SimTime,
        since: tokio::time::Instant,
        thread: ThreadId,
    },
    Wall {
        carried: SimTime,
        since: Instant,
        speed: f64,
    },
}

impl SimClock {
    /// A clock that stands at its epoch.
    pub fn new(epoch: SystemTime) -> Self {
        Self::with(
            epoch,
            State::Standing {
                carried: SimTime::ZERO,
            },
        )
    }

    /// A clock that stands at an instant.
    pub(crate) fn standing_at(epoch: SystemTime, carried: SimTime) -> Self {
        Self::with(epoch, State::Standing { carried })
    }

    /// A clock that follows the wall, `speed` simulated seconds per second.
    pub fn wall(epoch: SystemTime, speed: f64) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the clock that everybody else reads"
        )]
        let since = Instant::now();
        Self::with(
            epoch,
            State::Wall {
                carried: SimTime::ZERO,
                since,
                speed,
            },
        )
    }

    fn with(epoch: SystemTime, state: State) -> Self {
        Self {
            inner: Arc::new(Inner {
                epoch,
                state: Mutex::new(state),
                shown: AtomicU64::new(0),
            }),
        }
    }

    /// Time since the epoch.
    pub fn now(&self) -> SimTime {
        let now = match &*self.state() {
            State::Standing { carried } => *carried,
            State::Running {
                carried,
                since,
                thread,
            } if *thread == std::thread::current().id() => *carried + since.elapsed(),
            // Another thread has no access to the run's paused clock: it sees the latest instant shown.
            State::Running { carried, .. } => *carried,
            State::Wall {
                carried,
                since,
                speed,
            } => *carried + since.elapsed().mul_f64(*speed),
        };
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let before = self.inner.shown.fetch_max(nanos, Ordering::Relaxed);
        Duration::from_nanos(before.max(nanos))
    }

    /// The same instant as a date.
    pub fn date(&self) -> SystemTime {
        self.inner.epoch + self.now()
    }

    /// The date of simulated time zero.
    pub fn epoch(&self) -> SystemTime {
        self.inner.epoch
    }

    /// Whether this clock follows the wall.
    pub fn is_wall(&self) -> bool {
        matches!(&*self.state(), State::Wall { .. })
    }

    /// Moves a standing clock forward; a running or wall clock moves by itself and is left alone.
    pub fn advance(&self, by: Duration) {
        if let State::Standing { carried } = &mut *self.state() {
            *carried += by;
        }
    }

    /// Starts following the calling thread's tokio clock.
    pub(crate) fn start(&self) {
        let mut state = self.state();
        if let State::Standing { carried } = &*state {
            *state = State::Running {
                carried: *carried,
                since: tokio::time::Instant::now(),
                thread: std::thread::current().id(),
            };
        }
    }

    /// Folds what has run into what is carried.
    pub(crate) fn stop(&self) {
        let mut state = self.state();
        if let State::Running { carried, since, .. } = &*state {
            *state = State::Standing {
                carried: *carried + since.elapsed(),
            };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TimeSource for SimClock {
    fn now(&self) -> SystemTime {
        self.date()
    }
}

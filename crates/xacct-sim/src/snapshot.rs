//! Worlds to go back to.
//!
//! A [`Snapshot`] is a copy of everything there is at one instant: resources, what is not visible yet, tokens, token
//! buckets, topics, databases, ids, the log, the clock. A simulator restored from it goes on from there, as often as
//! asked for, and knows nothing of the others. Fault rules are in no snapshot.
//!
//! A [`Recorder`] keeps, for every call of a run, the world just before it arrived and the call itself. What a caller
//! leaves behind that dies at that instant is then one of four worlds: with or without the effect of this call, and with
//! or without those of the calls that were on their way ([`Delivery::siblings`]).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Sim;
use crate::clock::{SimClock, SimTime};
use crate::dispatch::{self, Arrival};
use crate::sim::Shared;
use crate::world::World;

/// A world at one instant.
#[derive(Debug)]
pub struct Snapshot {
    /// A database connection can be used by one thread at a time.
    world: Mutex<World>,
    at: SimTime,
}

impl Snapshot {
    fn of(world: &World, at: SimTime) -> Self {
        Self {
            world: Mutex::new(world.copy()),
            at,
        }
    }

    /// A simulator that goes on from here in virtual time, whatever clock the first one had.
    pub fn restore(&self) -> Sim {
        let world = locked(&self.world).copy();
        let clock = SimClock::standing_at(world.settings.epoch, self.at);
        Sim {
            shared: Arc::new(Shared::new(world, clock)),
        }
    }

    /// The instant.
    pub fn at(&self) -> SimTime {
        self.at
    }
}

/// One call of a recorded run, at the moment of its arrival.
#[derive(Debug)]
pub struct Delivery {
    arrival: Arrival,
    before: Snapshot,
    sent_at: SimTime,
    number: u64,
}

impl Delivery {
    /// The world just before the call arrived.
    pub fn before(&self) -> &Snapshot {
        &self.before
    }

    /// When it left the caller.
    pub fn sent_at(&self) -> SimTime {
        self.sent_at
    }

    /// When it arrived.
    pub fn at(&self) -> SimTime {
        self.before.at
    }

    /// Its position in the log.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Those of `later` that were on their way when this call arrived.
    pub fn siblings<'a>(&self, later: &'a [Self]) -> Vec<&'a Self> {
        let underway = |other: &&Self| other.number > self.number && other.sent_at <= self.at();
        later.iter().filter(underway).collect()
    }

    /// Lets the call arrive at `sim`, at its time or now if that is later. Nobody waits for the answer.
    pub fn arrive_at(&self, sim: &Sim) {
        sim.clock().advance(self.at().saturating_sub(sim.now()));
        let (now, mut world) = (sim.now(), sim.shared.lock());
        match &self.arrival {
            Arrival::Http(request) => drop(dispatch::serve(&mut world, now, request)),
            Arrival::Brokers(asked) => drop(dispatch::serve_brokers(&mut world, now, asked)),
        }
        world.wait = None;
    }
}

/// Keeps every call of a run until it is dropped or finished.
#[derive(Debug)]
#[must_use = "the recording ends with its recorder"]
pub struct Recorder {
    shared: Arc<Shared>,
}

impl Recorder {
    /// Ends the recording and gives the calls in the order of their arrival.
    pub fn finish(self) -> Vec<Delivery> {
        self.shared.recording.stop()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.recording.stop();
    }
}

/// The calls recorded so far; none while nobody records.
#[derive(Debug, Default)]
pub(crate) struct Recording(Mutex<Option<Vec<Delivery>>>);

impl Recording {
    /// Keeps what arrives now, if somebody records.
    pub(crate) fn note(&self, shared: &Shared, sent_at: SimTime, arrival: impl FnOnce() -> Arrival) {
        if let Some(kept) = &mut *locked(&self.0) {
            let world = shared.lock();
            kept.push(Delivery {
                arrival: arrival(),
                before: Snapshot::of(&world, shared.clock.now()),
                sent_at,
                number: world.log.len() as u64,
            });
        }
    }

    fn stop(&self) -> Vec<Delivery> {
        locked(&self.0).take().unwrap_or_default()
    }
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sim {
    /// The world as it is now, to go back to.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.shared.lock(), self.now())
    }

    /// Keeps every call from now on, each with the world just before it.
    pub fn record(&self) -> Recorder {
        *locked(&self.shared.recording.0) = Some(Vec::new());
        Recorder {
            shared: Arc::clone(&self.shared),
        }
    }
}

//! Producers that librdkafka has given up, until their last events are answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::TAKING_BACK;
use super::line::Line;
use super::report::SendError;

/// Lines that were replaced. Each is emptied and ended on a thread of its own, because both block.
#[derive(Debug, Default)]
pub(super) struct Retired(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    threads: Vec<JoinHandle<Vec<SendError>>>,
    failed: Vec<SendError>,
}

impl Retired {
    /// Answers everything that is left on a line, as possibly written where that is so, and ends it.
    pub(super) fn retire(&self, line: Arc<Line>) {
        let work = move || {
            line.take_back(TAKING_BACK);
            line.take_unclaimed()
        };
        let thread = std::thread::Builder::new()
            .name("msk-clickstream-retired".to_owned())
            .spawn(work);
        let mut state = self.state();
        // A producer whose every event is refused must not gather threads.
        let ended: Vec<_> = state
            .threads
            .extract_if(.., |thread| thread.is_finished())
            .collect();
        for thread in ended {
            state.failed.extend(thread.join().unwrap_or_default());
        }
        match thread {
            Ok(thread) => state.threads.push(thread),
            // The line ends with the last event that refers to it.
            Err(error) => tracing::warn!(%error, "a broken producer could not be emptied"),
        }
    }

    /// Waits for all lines, and returns the failures for which nobody waited. Blocks.
    pub(super) fn take_failed(&self) -> Vec<SendError> {
        let State { threads, mut failed } = std::mem::take(&mut *self.state());
        for thread in threads {
            failed.extend(thread.join().unwrap_or_default());
        }
        failed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

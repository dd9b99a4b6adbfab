//! Many cases on all cores.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A deployment's future is large, and in a debug build its frames are too.
const STACK: usize = 16 << 20;

/// Does `work` with every case and gives the results in the order of the cases.
///
/// # Panics
/// Where `work` does, or where the operating system gives no thread.
pub fn run<C: Sync, R: Send>(cases: &[C], work: impl Fn(&C) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(cases.len()));
    let hands = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..hands.min(cases.len()) {
            let hand = || {
                while let Some((index, case)) = take(&next, cases) {
                    let result = work(case);
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((index, result));
                }
            };
            let spawned = std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, hand);
            spawned.unwrap_or_else(|cause| panic!("no thread: {cause}"));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

fn take<'a, C>(next: &AtomicUsize, cases: &'a [C]) -> Option<(usize, &'a C)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    cases.get(index).map(|case| (index, case))
}

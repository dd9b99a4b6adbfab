//! What the operating system says about this process. Linux only.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// CPU time of each thread that lives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Threads(BTreeMap<u64, Duration>);

impl Threads {
    pub(crate) fn now() -> Self {
        let entries = std::fs::read_dir("/proc/self/task")
            .into_iter()
            .flatten()
            .flatten();
        let read = |entry: std::fs::DirEntry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let text = std::fs::read_to_string(entry.path().join("schedstat")).ok()?;
            let nanos = text.split_whitespace().next()?.parse().ok()?;
            Some((id, Duration::from_nanos(nanos)))
        };
        Self(entries.filter_map(read).collect())
    }

    /// CPU time since `before`: of all threads, and of the busiest one.
    pub(crate) fn since(&self, before: &Self) -> (Duration, Duration) {
        let spent = self.0.iter().map(|(id, now)| {
            let then = before.0.get(id).copied().unwrap_or_default();
            now.saturating_sub(then)
        });
        spent.fold((Duration::ZERO, Duration::ZERO), |(all, most), one| {
            (all + one, most.max(one))
        })
    }
}

/// How long the present thread was ready to run and did not get a CPU.
pub(crate) fn waited_for_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text
        .split_whitespace()
        .nth(1)
        .and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

/// Memory that is in use, in bytes.
pub(crate) fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4_096
}

/// What a piece of work took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// CPU time of the busiest thread.
    pub(crate) busiest: Duration,
}

/// A stopwatch for wall and CPU.
pub(crate) struct Watch(Instant, Threads);

impl Watch {
    pub(crate) fn start() -> Self {
        let threads = Threads::now();
        Self(Instant::now(), threads)
    }

    pub(crate) fn stop(self) -> Took {
        let wall = self.0.elapsed();
        let (cpu, busiest) = Threads::now().since(&self.1);
        Took { wall, cpu, busiest }
    }
}

/// The middle of some numbers.
pub(crate) fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

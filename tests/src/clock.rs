//! Time that passes only when somebody sleeps.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xacct_converge::{Clock, Context};

/// Starts on 2 January 2026; a sleep ends at once and moves the time on.
#[derive(Debug, Default)]
pub struct VirtualClock {
    slept_ms: AtomicU64,
}

/// Seconds from the Unix epoch to the start of every [`VirtualClock`].
const START: u64 = 1_767_312_000;

impl VirtualClock {
    /// How much time was slept away so far.
    #[must_use]
    pub fn slept(&self) -> Duration {
        Duration::from_millis(self.slept_ms.load(Ordering::Relaxed))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(START) + self.slept()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.slept_ms.fetch_add(millis, Ordering::Relaxed);
        Box::pin(async {})
    }
}

/// A context whose retries and waits cost no time.
#[must_use]
pub fn virtual_context() -> Context {
    Context::new(Arc::new(VirtualClock::default()), 1)
}

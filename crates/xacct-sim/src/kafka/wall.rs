//! The wall's clock: what a door with a socket shows and keeps.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Milliseconds since the Unix epoch.
pub(super) fn unix_millis() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "clients on sockets compare with their own clocks"
    )]
    let now = SystemTime::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// An instant on the door's runtime, whose time is never paused.
pub(super) fn instant() -> Instant {
    Instant::now()
}

/// Waits on the door's runtime.
pub(super) async fn sleep(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "a socket cannot wait in virtual time")]
    tokio::time::sleep(time).await;
}

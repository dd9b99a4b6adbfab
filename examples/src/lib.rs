//! What the examples share: events to send, digests, progress, the report.

pub mod digest;
pub mod drill;
pub mod progress;
pub mod report;
pub mod stream;

/// Prints an error with all its causes and gives the exit code of a failure.
#[expect(clippy::print_stderr, reason = "examples talk to people")]
pub fn fail(error: &dyn std::error::Error) -> std::process::ExitCode {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(next) = cause {
        eprintln!("  because: {next}");
        cause = next.source();
    }
    std::process::ExitCode::FAILURE
}

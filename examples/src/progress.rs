//! Draws what a deployment does: one line that moves on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;
use xacct::{Event, Sink, What};

/// Draws events on standard error.
#[must_use]
pub fn sink(quiet: bool) -> Sink {
    if quiet {
        return Arc::new(|_| ());
    }
    if std::io::stderr().is_terminal() {
        bar()
    } else {
        plain()
    }
}

fn bar() -> Sink {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} done · {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    Arc::new(move |event: Event| {
        if matches!(event.what, What::Ready | What::Removed) {
            bar.inc(1);
        }
        if let Some(text) = text(&event) {
            bar.set_message(text);
        }
    })
}

#[expect(clippy::print_stderr, reason = "examples talk to people")]
fn plain() -> Sink {
    Arc::new(|event: Event| {
        if let Some(text) = text(&event) {
            eprintln!("{text}");
        }
    })
}

/// One event in words; `None` for what nobody needs to see.
#[must_use]
pub fn text(event: &Event) -> Option<String> {
    let resource = &event.resource;
    let left = event
        .remaining
        .map(|left| format!(" (about {} s to go)", left.as_secs()))
        .unwrap_or_default();
    Some(match &event.what {
        What::Started { change } => format!("{resource}: {change}{left}"),
        What::Waiting { reason } => format!("{resource}: waits for {reason}"),
        What::Retried { operation, why } => format!("{resource}: again {operation} ({why})"),
        What::Recovered => format!("{resource}: found although its answer was lost"),
        What::Ready => format!("{resource}: ready"),
        What::Removed => format!("{resource}: removed"),
        What::Failed { why } => format!("{resource}: failed: {why}"),
        _ => return None,
    })
}

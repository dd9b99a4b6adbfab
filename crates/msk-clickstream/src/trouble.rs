//! What librdkafka reports on the side: the only place where it says why nothing arrives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Different texts that are counted; beyond that the oldest counts are forgotten.
const MOST_TEXTS: usize = 64;

/// A broker says this when renewed credentials belong to another session of a role. The connection is
/// closed and the next one is made with the new identity, so it is no refusal.
const CHANGED_PRINCIPAL: &str = "Cannot change principals during re-authentication";

/// What librdkafka puts before a broker's refusal of an identity.
const AUTHENTICATION: &str = "SASL authentication error: ";

/// The last reasons that one client gave. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Whether there is anything to forget, so that a delivery need not look.
    any: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    authentication: Option<String>,
    network: Option<String>,
    /// How often every broker was found down since the last success.
    all_down: u32,
    seen: BTreeMap<String, u64>,
}

impl Trouble {
    /// Keeps what an error callback says.
    pub(crate) fn note(&self, error: &KafkaError, reason: &str) {
        let mut state = self.state();
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::Authentication) if !reason.contains(CHANGED_PRINCIPAL) => {
                state.authentication = Some(said_by_broker(reason));
            }
            Some(RDKafkaErrorCode::AllBrokersDown) => state.all_down += 1,
            Some(
                RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::Resolve | RDKafkaErrorCode::SSL,
            ) => state.network = Some(reason.to_owned()),
            _ => {}
        }
        drop(state);
        self.0.any.store(true, Ordering::Release);
        self.log(RDKafkaLogLevel::Warning, "error", reason);
    }

    /// Keeps what a log line says of a connection that failed, where no error callback comes with it.
    pub(crate) fn hear(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        if facility == "FAIL" && !text.contains(AUTHENTICATION) {
            self.state().network.get_or_insert_with(|| text.to_owned());
            self.0.any.store(true, Ordering::Release);
        }
        self.log(level, facility, text);
    }

    /// Forgets the reasons, because something arrived.
    pub(crate) fn clear(&self) {
        if !self.0.any.load(Ordering::Acquire) {
            return;
        }
        self.0.any.store(false, Ordering::Release);
        let mut state = self.state();
        state.authentication = None;
        state.network = None;
        state.all_down = 0;
    }

    /// Why the brokers refused the identity.
    pub(crate) fn authentication(&self) -> Option<String> {
        self.state().authentication.clone()
    }

    /// Why no connection came about.
    pub(crate) fn network(&self) -> Option<String> {
        self.state().network.clone()
    }

    /// How often every broker was found down.
    pub(crate) fn all_down(&self) -> u32 {
        self.state().all_down
    }

    /// Passes a line on to `tracing`, each text the first time and then ever more rarely: librdkafka
    /// repeats itself hundreds of times while a broker is away.
    pub(crate) fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        let times = self.count(text);
        if !times.is_power_of_two() {
            return;
        }
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning => {
                tracing::warn!(target: "msk_clickstream::librdkafka", facility, times, "{text}");
            }
            _ => tracing::debug!(target: "msk_clickstream::librdkafka", facility, times, "{text}"),
        }
    }

    fn count(&self, text: &str) -> u64 {
        let mut state = self.state();
        // Ports, timings and attempt counts differ from line to line: they do not make a new text.
        let text: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        if state.seen.len() >= MOST_TEXTS && !state.seen.contains_key(&text) {
            state.seen.clear();
        }
        let times = state.seen.entry(text).or_default();
        *times += 1;
        *times
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The broker's own words at the end of librdkafka's line.
fn said_by_broker(reason: &str) -> String {
    let said = reason.rsplit(AUTHENTICATION).next().unwrap_or(reason);
    said.split(" (after ").next().unwrap_or(said).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn global(code: RDKafkaErrorCode) -> KafkaError {
        KafkaError::Global(code)
    }

    #[test]
    fn the_brokers_words_are_cut_out_of_the_line() {
        let trouble = Trouble::default();
        let line = "sasl_ssl://127.0.0.1:9098/bootstrap: SASL authentication error: Access denied (after 3ms in state AUTH_REQ)";
        trouble.note(&global(RDKafkaErrorCode::Authentication), line);
        assert_eq!(trouble.authentication().as_deref(), Some("Access denied"));
        trouble.clear();
        assert_eq!(trouble.authentication(), None);
    }

    #[test]
    fn a_changed_principal_is_no_refusal() {
        let trouble = Trouble::default();
        let line = "SASL authentication error: Cannot change principals during re-authentication from a: b";
        trouble.note(&global(RDKafkaErrorCode::Authentication), line);
        assert_eq!(trouble.authentication(), None);
    }

    #[test]
    fn lines_that_differ_only_in_numbers_count_as_one() {
        let trouble = Trouble::default();
        assert_eq!(trouble.count("Connect to 127.0.0.1:1 failed after 3 ms"), 1);
        assert_eq!(trouble.count("Connect to 127.0.0.1:2 failed after 41 ms"), 2);
        assert_eq!(trouble.count("something else"), 1);
    }
}

//! Where events come from: an access log, a file of lines, or a generator.

use msk_clickstream::{AccessLog, Action, BrokenLine, ClickEvent, Page};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// One record to send.
#[derive(Debug, Clone)]
pub struct Record {
    /// Decides on the partition: records of one key keep their order.
    pub key: Option<Vec<u8>>,
    /// The bytes that are sent.
    pub payload: Vec<u8>,
}

/// Records, and lines that could not become one.
#[derive(Debug, Default)]
pub struct Records {
    /// To be sent, in this order.
    pub records: Vec<Record>,
    /// Lines of an access log that are no requests.
    pub broken: Vec<BrokenLine>,
}

fn record(event: &ClickEvent) -> io::Result<Record> {
    let payload = serde_json::to_vec(event).map_err(io::Error::other)?;
    Ok(Record {
        key: Some(event.visitor.clone().into_bytes()),
        payload,
    })
}

/// Reads a log in Common or Combined Log Format, at most `count` events of it.
///
/// # Errors
/// [`io::Error`] where the file cannot be read.
pub fn access_log(path: &Path, count: Option<usize>) -> io::Result<Records> {
    let mut all = Records::default();
    for line in AccessLog::new(BufReader::new(File::open(path)?)) {
        if count.is_some_and(|count| all.records.len() == count) {
            break;
        }
        match line {
            Ok(event) => all.records.push(record(&event)?),
            Err(mut broken) => match broken.source.take() {
                Some(error) => return Err(error),
                None => all.broken.push(broken),
            },
        }
    }
    Ok(all)
}

/// Reads lines and sends them as they are, at most `count` of them; empty lines are passed over.
///
/// # Errors
/// [`io::Error`] where the file cannot be read.
pub fn lines(path: &Path, count: Option<usize>) -> io::Result<Records> {
    let mut all = Records::default();
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        let mut payload = line?;
        if payload.last() == Some(&b'\r') {
            payload.pop();
        }
        if count.is_some_and(|count| all.records.len() == count) {
            break;
        }
        if !payload.is_empty() {
            all.records.push(Record { key: None, payload });
        }
    }
    Ok(all)
}

/// Makes `count` page views up; the same for the same seed.
///
/// # Errors
/// [`io::Error`] where an event cannot be written as JSON.
pub fn made_up(count: usize, seed: u64) -> io::Result<Records> {
    const PAGES: [&str; 6] = ["/", "/shop", "/shop/shoes", "/search", "/cart", "/help"];
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    let mut state = seed;
    let mut all = Records::default();
    for number in 0..count {
        let draw = next(&mut state);
        let visitor = format!("visitor-{}", draw % 97);
        let page = PAGES[usize::try_from(draw >> 32).unwrap_or(0) % PAGES.len()];
        let at = start + Duration::from_millis(37 * number as u64);
        let mut event = ClickEvent::new(at, visitor, Action::PageView).with_page(Page::new(page));
        event.id = Uuid::from_u64_pair(next(&mut state), next(&mut state));
        all.records.push(record(&event)?);
    }
    Ok(all)
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_events_are_the_same_for_the_same_seed() {
        let payloads = |seed| {
            made_up(5, seed)
                .unwrap()
                .records
                .into_iter()
                .map(|r| r.payload)
                .collect::<Vec<_>>()
        };
        assert_eq!(payloads(7), payloads(7));
        assert_ne!(payloads(7), payloads(8));
    }
}

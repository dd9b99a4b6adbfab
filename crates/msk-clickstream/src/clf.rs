//! Events out of web server logs in Common or Combined Log Format.
//!
//! ```text
//! 198.18.0.1 - - [17/May/2015:10:05:03 +0000] "GET /shop?id=1 HTTP/1.1" 200 2892 "https://example.org/" "Mozilla/5.0"
//! ```
//!
//! Each line is one `page_view`; a log does not tell pages from the pictures on them, so filter by path
//! if that matters. Ids derive from the time, the number and the text of a line: reading a log again gives
//! the same ids.
//! A last quote that is missing is forgiven, since servers cut long lines.

use std::io::BufRead;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use uuid::Uuid;

use crate::event::{Action, ClickEvent, Page, Request, truncate_address};

/// Reads events from a log, line by line. Empty lines are passed over; every other line is an event or
/// a [`BrokenLine`].
#[derive(Debug)]
pub struct AccessLog<R> {
    reader: R,
    line: u64,
    truncate_addresses: bool,
    ended: bool,
}

/// A line that is not an event.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
#[non_exhaustive]
pub struct BrokenLine {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
    /// The line itself, so that nothing is lost. Not of UTF-8 what is not.
    pub text: Vec<u8>,
    /// The error of reading, after which there is nothing more.
    #[source]
    pub source: Option<std::io::Error>,
}

impl<R: BufRead> AccessLog<R> {
    /// Reads from here.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            line: 0,
            truncate_addresses: false,
            ended: false,
        }
    }

    /// Shortens client addresses, and leaves out client names: see [`truncate_address`].
    #[must_use]
    pub fn truncate_addresses(mut self) -> Self {
        self.truncate_addresses = true;
        self
    }

    fn read_line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut text = Vec::new();
        self.line += 1;
        if self.reader.read_until(b'\n', &mut text)? == 0 {
            return Ok(None);
        }
        while text.last().is_some_and(|byte| b"\r\n".contains(byte)) {
            text.pop();
        }
        Ok(Some(text))
    }

    fn event(&self, text: &[u8]) -> Result<ClickEvent, String> {
        let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
        let entry = Entry::read(text)?;
        Ok(entry.into_event(self.line, text, self.truncate_addresses))
    }
}

impl<R: BufRead> Iterator for AccessLog<R> {
    type Item = Result<ClickEvent, BrokenLine>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let text = match self.read_line() {
                Ok(Some(text)) if text.is_empty() => continue,
                Ok(Some(text)) => text,
                Ok(None) => break,
                Err(error) => {
                    self.ended = true;
                    let reason = "it cannot be read".to_owned();
                    return Some(Err(BrokenLine {
                        line: self.line,
                        reason,
                        text: Vec::new(),
                        source: Some(error),
                    }));
                }
            };
            let line = self.line;
            return Some(self.event(&text).map_err(|reason| BrokenLine {
                line,
                reason,
                text,
                source: None,
            }));
        }
        self.ended = true;
        None
    }
}

/// The parts of a line.
struct Entry {
    host: String,
    at: SystemTime,
    method: String,
    path: String,
    status: u16,
    bytes: Option<u64>,
    referrer: Option<String>,
    user_agent: Option<String>,
}

impl Entry {
    fn read(text: &str) -> Result<Self, String> {
        let (host, rest) = text.split_once(' ').ok_or("it has no client address")?;
        let (_, rest) = rest.split_once('[').ok_or("it has no time")?;
        let (time, rest) = rest.split_once("] ").ok_or("its time has no end")?;
        let (request, rest) = quoted(rest).ok_or("it has no request")?;
        let (method, path) = split_request(&request).ok_or("its request is malformed")?;
        let mut numbers = rest.trim_start().splitn(3, ' ');
        let status = numbers
            .next()
            .and_then(|text| text.parse().ok())
            .ok_or("it has no status")?;
        let bytes = match numbers.next() {
            Some("-") => None,
            Some(text) => Some(text.parse().map_err(|_| "its size is no number")?),
            None => return Err("it has no size".to_owned()),
        };
        let (referrer, rest) = quoted(numbers.next().unwrap_or_default()).unwrap_or_default();
        let (user_agent, _) = quoted(rest).unwrap_or_default();
        let given = |text: String| Some(text).filter(|text| !text.is_empty() && text != "-");
        Ok(Self {
            host: host.to_owned(),
            at: instant(time).ok_or("its time is malformed")?,
            method,
            path,
            status,
            bytes,
            referrer: given(referrer),
            user_agent: given(user_agent),
        })
    }

    fn into_event(self, line: u64, text: &str, truncate: bool) -> ClickEvent {
        let since = self.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let id = derived_id(millis, line, text);
        let agent = self.user_agent.as_deref().unwrap_or_default();
        let visitor = format!("{:016x}", digest(&[self.host.as_bytes(), agent.as_bytes()]));
        let address = if truncate {
            truncate_address(&self.host)
        } else {
            Some(self.host)
        };
        let mut page = Page::new(self.path);
        page.referrer = self.referrer;
        let request = Request {
            method: Some(self.method),
            status: Some(self.status),
            bytes: self.bytes,
            user_agent: self.user_agent,
            address,
        };
        ClickEvent::with_id(id, self.at, visitor, Action::PageView)
            .with_page(page)
            .with_request(request)
    }
}

/// A quoted text at the start of `rest`, unescaped, and what follows. Runs to the end where the second
/// quote is missing.
fn quoted(rest: &str) -> Option<(String, &str)> {
    let rest = rest.trim_start().strip_prefix('"')?;
    let mut text = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((text, &rest[at + 1..])),
            '\\' => match chars.next() {
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                // Other escapes, such as \x16, stand for bytes that are no text: they stay as written.
                Some((_, other)) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            c => text.push(c),
        }
    }
    Some((text, ""))
}

/// Method and path of `GET /path HTTP/1.1`.
fn split_request(request: &str) -> Option<(String, String)> {
    let (method, rest) = request.split_once(' ')?;
    let (path, protocol) = rest.rsplit_once(' ')?;
    let good = method.chars().all(|c| c.is_ascii_uppercase()) && protocol.starts_with("HTTP/");
    (good && !path.is_empty()).then(|| (method.to_owned(), path.to_owned()))
}

/// `17/May/2015:10:05:03 +0000`.
fn instant(text: &str) -> Option<SystemTime> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (date, rest) = text.split_once(':')?;
    let (time, zone) = rest.split_once(' ')?;
    let mut date = date.splitn(3, '/');
    let (day, month, year) = (date.next()?, date.next()?, date.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let (hours, minutes) = zone.split_at_checked(3)?;
    let text = format!("{year}-{month:02}-{day}T{time}{hours}:{minutes}");
    let at = DateTime::from_str(&text, Format::DateTimeWithOffset).ok()?;
    Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(at.secs()).ok()?))
}

/// A UUID of version 7 in which the line itself stands where chance would.
fn derived_id(millis: u64, line: u64, text: &str) -> Uuid {
    let first = digest(&[&line.to_be_bytes(), text.as_bytes()]).to_be_bytes();
    let second = digest(&[text.as_bytes(), &line.to_be_bytes()]).to_be_bytes();
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&first);
    bytes[8..].copy_from_slice(&second[..2]);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

/// FNV-1a of 64 bits over all parts, with a final mix so that every bit depends on every byte.
fn digest(parts: &[&[u8]]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = parts.iter().flat_map(|part| part.iter().chain(&[0xff]));
    let hash = bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"198.18.0.7 - - [17/May/2015:10:05:03 +0200] "GET /a?b=1 HTTP/1.1" 200 203 "http://x.org/" "Mozilla/5.0 (\"X\")""#;

    fn read(text: &str) -> Vec<Result<ClickEvent, BrokenLine>> {
        AccessLog::new(text.as_bytes()).collect()
    }

    fn only(text: &str) -> ClickEvent {
        read(text).remove(0).unwrap()
    }

    #[test]
    fn a_line_becomes_a_page_view() {
        let event = only(LINE);
        let request = event.request.unwrap();
        assert_eq!(event.action, Action::PageView);
        assert_eq!(event.occurred_at, UNIX_EPOCH + Duration::from_secs(1_431_849_903));
        assert_eq!(
            event.page,
            Some(Page::new("/a?b=1").with_referrer("http://x.org/"))
        );
        assert_eq!(request.user_agent.as_deref(), Some(r#"Mozilla/5.0 ("X")"#));
        assert_eq!((request.status, request.bytes), (Some(200), Some(203)));
        assert_eq!(request.address.as_deref(), Some("198.18.0.7"));
    }

    #[test]
    fn the_common_format_and_a_cut_line_are_read() {
        let common = only(r#"h - frank [17/May/2015:10:05:03 +0000] "HEAD / HTTP/1.0" 304 -"#);
        let request = common.request.unwrap();
        assert_eq!((request.bytes, request.user_agent), (None, None));
        let cut =
            only(r#"h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "Mozilla/5.0 (compat"#);
        assert_eq!(
            cut.request.unwrap().user_agent.as_deref(),
            Some("Mozilla/5.0 (compat")
        );
    }

    #[test]
    fn broken_lines_are_returned_with_their_number() {
        let text = format!(
            "{LINE}\n\nnonsense\n{LINE}\nh - - [32/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5\n"
        );
        let results = read(&text);
        assert_eq!(results.len(), 4);
        let broken: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        assert_eq!(
            broken.iter().map(|broken| broken.line).collect::<Vec<_>>(),
            [3, 5]
        );
        assert_eq!(broken[0].text, b"nonsense");
        assert_eq!(broken[1].to_string(), "line 5: its time is malformed");
    }

    #[test]
    fn bytes_that_are_no_text_are_returned_too() {
        let broken = AccessLog::new(&b"\xff - - x\n"[..]).next().unwrap().unwrap_err();
        assert_eq!(broken.text, b"\xff - - x");
    }

    #[test]
    fn reading_again_gives_the_same_ids_and_equal_lines_different_ones() {
        let text = format!("{LINE}\n{LINE}\n");
        let ids = |text: &str| {
            read(text)
                .into_iter()
                .map(|event| event.unwrap().id)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&text), ids(&text));
        assert_ne!(ids(&text)[0], ids(&text)[1]);
        assert_eq!(ids(&text)[0].get_version_num(), 7);
    }

    #[test]
    fn addresses_can_be_shortened() {
        let event = AccessLog::new(LINE.as_bytes())
            .truncate_addresses()
            .next()
            .unwrap()
            .unwrap();
        assert_eq!(event.request.unwrap().address.as_deref(), Some("198.18.0.0"));
    }
}

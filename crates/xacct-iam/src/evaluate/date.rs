//! Dates as conditions write them: ISO 8601 in the W3C profile, or seconds since 1970.

/// Seconds since 1970-01-01T00:00:00Z; `None` if `text` is neither form.
pub(super) fn seconds(text: &str) -> Option<f64> {
    if let Ok(epoch) = text.parse::<f64>() {
        // A bare year is a W3C date, not an instant in 1970.
        let year = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
        return if year {
            days(text, "01", "01").map(|d| d * 86_400.0)
        } else {
            Some(epoch)
        };
    }
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = parts.next()?;
    let (month, day) = (parts.next().unwrap_or("01"), parts.next().unwrap_or("01"));
    if parts.next().is_some() {
        return None;
    }
    let day = days(year, month, day)? * 86_400.0;
    time.map_or(Some(day), |time| Some(day + time_of_day(time)?))
}

fn number(text: &str, low: u32, high: u32) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let value = if digits { text.parse().ok()? } else { return None };
    (low..=high).contains(&value).then_some(value)
}

/// Days since 1970-01-01 in the Gregorian calendar.
fn days(year: &str, month: &str, day: &str) -> Option<f64> {
    let (year, month) = (number(year, 1, 9999)?, number(month, 1, 12)?);
    let day = number(day, 1, 31)?;
    // Years counted from March, so that the leap day is the last of the year.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    Some(f64::from(days) - 719_468.0)
}

/// Seconds since midnight UTC of `hh:mm[:ss[.f]]` with `Z` or an offset.
fn time_of_day(text: &str) -> Option<f64> {
    let (clock, offset) = match text.strip_suffix('Z') {
        Some(clock) => (clock, 0.0),
        None => {
            let sign = text.rfind(['+', '-'])?;
            let (hours, minutes) = text[sign + 1..].split_once(':')?;
            let size = f64::from(number(hours, 0, 23)? * 3_600 + number(minutes, 0, 59)? * 60);
            let negative = text[sign..].starts_with('-');
            (&text[..sign], if negative { -size } else { size })
        }
    };
    let mut parts = clock.split(':');
    let hours = number(parts.next()?, 0, 23)?;
    let minutes = number(parts.next()?, 0, 59)?;
    let seconds = match parts.next() {
        Some(seconds) if seconds.starts_with(|c: char| c.is_ascii_digit()) => seconds.parse::<f64>().ok()?,
        Some(_) => return None,
        None => 0.0,
    };
    let legal = parts.next().is_none() && (0.0..61.0).contains(&seconds);
    legal.then(|| f64::from(hours * 3_600 + minutes * 60) + seconds - offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_of_every_documented_form_are_read() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0.0),
            ("2020-01-01T00:00:01Z", 1_577_836_801.0),
            ("2020-02-29T12:00:00Z", 1_582_977_600.0),
            ("2020-01-01T01:00:00+01:00", 1_577_836_800.0),
            ("2020-01-01", 1_577_836_800.0),
            ("2020", 1_577_836_800.0),
            ("2020-01", 1_577_836_800.0),
            ("1577836801", 1_577_836_801.0),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[0-9TZ:+.x-]{0,24}|.{0,12}") {
            let _ = seconds(&text);
        }
    }
}

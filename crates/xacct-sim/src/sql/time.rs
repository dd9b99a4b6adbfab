//! Points in time as Redshift prints them, and arithmetic on them.
//!
//! A `timestamp` is kept as text (`2026-11-21 10:00:00.5`), because this text sorts as the time does; arithmetic goes
//! through microseconds since 1970.

/// Microseconds of a second.
pub(crate) const SECOND: i64 = 1_000_000;
/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400 * SECOND;

/// Year, month, day of a number of days since 1970-01-01 (proleptic Gregorian).
pub(crate) fn civil(days: i64) -> (i64, u32, u32) {
    // Counted in 400-year eras that begin on 1 March, so that the leap day comes last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

/// Days since 1970-01-01 of a date.
pub(crate) fn days(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = i64::from(month);
    let month_index = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_index + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Text of a timestamp: no fraction when it is zero, otherwise without trailing zeros.
pub(crate) fn timestamp_text(micros: i64) -> String {
    let rest = micros.rem_euclid(DAY);
    let seconds = rest / SECOND;
    let mut text = format!(
        "{} {:02}:{:02}:{:02}",
        date_text(micros.div_euclid(DAY)),
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    );
    let fraction = rest % SECOND;
    if fraction != 0 {
        text.push_str(format!(".{fraction:06}").trim_end_matches('0'));
    }
    text
}

/// Text of a date given in days since 1970.
pub(crate) fn date_text(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Reads `YYYY-MM-DD[ T]HH:MM[:SS[.f]][Z|+hh[:mm]]`, a date alone, or `epoch`; an offset is taken off.
pub(crate) fn parse_timestamp(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("epoch") {
        return Some(0);
    }
    let (date, time) = match text.find([' ', 'T']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    };
    let day = parse_date(date)?;
    let (clock, offset) = split_offset(time)?;
    Some(day * DAY + parse_clock(clock)? - offset)
}

/// Reads a date in the forms `YYYY-MM-DD` and `YYYY/MM/DD`; the days since 1970.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.trim().split(['-', '/']);
    let year: i64 = digits(parts.next()?)?;
    let month = digits(parts.next()?)?;
    let day = digits(parts.next()?)?;
    let valid = parts.next().is_none() && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !valid {
        return None;
    }
    let found = days(year, month as u32, day as u32);
    // 30 February would come back as a day in March.
    (civil(found) == (year, month as u32, day as u32)).then_some(found)
}

fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return Some((clock.trim_end(), 0));
    }
    let Some(at) = time.find(['+', '-']) else {
        return Some((time, 0));
    };
    let sign = if time[at..].starts_with('-') { -1 } else { 1 };
    let mut parts = time[at + 1..].splitn(2, ':');
    let hours = digits(parts.next()?)?;
    let minutes = match parts.next() {
        Some(text) => digits(text)?,
        None => 0,
    };
    Some((time[..at].trim_end(), sign * (hours * 60 + minutes) * 60 * SECOND))
}

fn parse_clock(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let mut parts = text.split(':');
    let hour = digits(parts.next()?)?;
    let minute = digits(parts.next()?)?;
    let seconds = parts.next().unwrap_or("0");
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let second = digits(whole)?;
    let micros = if fraction.is_empty() {
        0
    } else {
        digits(&format!("{fraction:0<6}")[..6])?
    };
    let valid = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    valid.then_some(((hour * 60 + minute) * 60 + second) * SECOND + micros)
}

fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A unit of `dateadd`, `datediff`, `date_trunc` and `extract`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A fixed number of microseconds.
    Micros(i64),
    /// A number of months.
    Months(i64),
    /// Seconds since 1970 (only to read).
    Epoch,
    /// Day of the week, Sunday is 0 (only to read).
    Weekday,
    /// Day of the year (only to read).
    YearDay,
}

impl Part {
    /// The unit that Redshift knows under this name (singular, plural or short).
    /// <https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html>
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "microsecond" | "microseconds" | "microsec" | "us" => Self::Micros(1),
            "millisecond" | "milliseconds" | "millisec" | "msec" | "ms" => Self::Micros(1_000),
            "second" | "seconds" | "sec" | "s" => Self::Micros(SECOND),
            "minute" | "minutes" | "min" | "mins" | "m" => Self::Micros(60 * SECOND),
            "hour" | "hours" | "hr" | "hrs" | "h" => Self::Micros(3_600 * SECOND),
            "day" | "days" | "d" => Self::Micros(DAY),
            "week" | "weeks" | "w" => Self::Micros(7 * DAY),
            "month" | "months" | "mon" | "mons" => Self::Months(1),
            "quarter" | "quarters" | "qtr" => Self::Months(3),
            "year" | "years" | "yr" | "yrs" | "y" => Self::Months(12),
            "epoch" => Self::Epoch,
            "dow" | "weekday" | "dayofweek" => Self::Weekday,
            "doy" | "dayofyear" | "yearday" => Self::YearDay,
            _ => return None,
        })
    }
}

/// `dateadd`: a number of units later; the last day of the month where the day does not exist.
pub(crate) fn add(micros: i64, part: Part, count: i64) -> Option<i64> {
    match part {
        Part::Micros(unit) => micros.checked_add(unit.checked_mul(count)?),
        Part::Months(unit) => {
            let (year, month, day) = civil(micros.div_euclid(DAY));
            let months = year * 12 + i64::from(month) - 1 + unit.checked_mul(count)?;
            let (year, month) = (months.div_euclid(12), months.rem_euclid(12) as u32 + 1);
            let last = days(year + i64::from(month == 12), month % 12 + 1, 1) - days(year, month, 1);
            let day = i64::from(day).min(last) as u32;
            Some(days(year, month, day) * DAY + micros.rem_euclid(DAY))
        }
        _ => None,
    }
}

/// `datediff`: how many boundaries of the unit lie between two times.
pub(crate) fn diff(part: Part, from: i64, to: i64) -> Option<i64> {
    match part {
        // Weeks begin on Sunday here; day 0 (1970-01-01) was a Thursday.
        Part::Micros(unit) if unit == 7 * DAY => {
            let week = |micros: i64| (micros.div_euclid(DAY) + 4).div_euclid(7);
            Some(week(to) - week(from))
        }
        Part::Micros(unit) => Some(to.div_euclid(unit) - from.div_euclid(unit)),
        Part::Months(unit) => Some(month_number(to).div_euclid(unit) - month_number(from).div_euclid(unit)),
        _ => None,
    }
}

/// `date_trunc`: the beginning of the unit that holds this time (weeks begin on Monday).
pub(crate) fn truncate(part: Part, micros: i64) -> Option<i64> {
    match part {
        Part::Micros(unit) if unit == 7 * DAY => {
            let day = micros.div_euclid(DAY);
            Some((day - (day + 3).rem_euclid(7)) * DAY)
        }
        Part::Micros(unit) => Some(micros.div_euclid(unit) * unit),
        Part::Months(unit) => {
            let first = month_number(micros).div_euclid(unit) * unit;
            Some(days(first.div_euclid(12), first.rem_euclid(12) as u32 + 1, 1) * DAY)
        }
        _ => None,
    }
}

/// `extract`: the number of a unit within its next larger one.
pub(crate) fn field(part: Part, micros: i64) -> f64 {
    let day = micros.div_euclid(DAY);
    let rest = micros.rem_euclid(DAY);
    let (year, month, of_month) = civil(day);
    let whole = match part {
        Part::Epoch => return micros as f64 / SECOND as f64,
        Part::Weekday => (day + 4).rem_euclid(7),
        Part::YearDay => day - days(year, 1, 1) + 1,
        Part::Months(12) => year,
        Part::Months(3) => i64::from(month - 1) / 3 + 1,
        Part::Months(_) => i64::from(month),
        Part::Micros(unit) if unit == 7 * DAY => iso_week(day),
        Part::Micros(DAY) => i64::from(of_month),
        Part::Micros(unit) if unit == 3_600 * SECOND => rest / unit,
        Part::Micros(unit) if unit == 60 * SECOND => rest / unit % 60,
        Part::Micros(SECOND) => rest / SECOND % 60,
        Part::Micros(unit) => rest % SECOND / unit,
    };
    whole as f64
}

fn month_number(micros: i64) -> i64 {
    let (year, month, _) = civil(micros.div_euclid(DAY));
    year * 12 + i64::from(month) - 1
}

fn iso_week(day: i64) -> i64 {
    // The week of a day is the week of its Thursday.
    let thursday = day - (day + 3).rem_euclid(7) + 3;
    (thursday - days(civil(thursday).0, 1, 1)) / 7 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_comes_back_as_it_was_written() {
        for text in [
            "1970-01-01 00:00:00",
            "2026-11-21 10:20:30.5",
            "2024-02-29 23:59:59.999999",
            "1969-12-31 23:59:59.1",
        ] {
            assert_eq!(timestamp_text(parse_timestamp(text).expect(text)), text);
        }
        assert_eq!(parse_timestamp("2026-02-30"), None);
        assert_eq!(
            parse_timestamp("2026-01-01T00:30:00+00:30"),
            parse_timestamp("2026-01-01")
        );
    }

    #[test]
    fn units_are_added_counted_and_cut_as_redshift_does() {
        let at = |text: &str| parse_timestamp(text).expect("timestamp");
        let month = Part::named("mon").expect("month");
        assert_eq!(add(at("2026-01-31"), month, 1), Some(at("2026-02-28")));
        assert_eq!(
            diff(Part::Micros(DAY), at("2026-01-01 23:59:59"), at("2026-01-02")),
            Some(1)
        );
        assert_eq!(
            truncate(Part::Micros(7 * DAY), at("2026-11-21 10:00:00")),
            Some(at("2026-11-16"))
        );
        assert_eq!(
            truncate(Part::Months(3), at("2026-11-21 10:00:00")),
            Some(at("2026-10-01"))
        );
        assert!((field(Part::Weekday, at("2026-11-21")) - 6.0).abs() < f64::EPSILON);
    }
}

//! Topic settings as MSK Serverless takes them.
//!
//! Source: Amazon MSK developer guide, "Configuration for serverless clusters": the settings that
//! can be given for a topic, their defaults and ranges, and that `cleanup.policy` is fixed at
//! creation.

use std::collections::BTreeMap;

use super::refusal::StoreError;

/// Largest message that a serverless cluster takes: 8 MiB.
const MAX_MESSAGE_BYTES: i64 = 8_388_608;
/// Default of `max.message.bytes`.
const DEFAULT_MAX_MESSAGE_BYTES: usize = 1_048_588;

/// What values a setting takes.
enum Range {
    OneOf(&'static [&'static str]),
    Integer { min: i64, max: i64 },
}

struct Setting {
    name: &'static str,
    default: &'static str,
    range: Range,
    /// Whether it can be changed after the topic was made.
    mutable: bool,
}

const SETTINGS: &[Setting] = &[
    Setting {
        name: "cleanup.policy",
        default: "delete",
        range: Range::OneOf(&["delete", "compact", "compact,delete", "delete,compact"]),
        mutable: false,
    },
    Setting {
        name: "compression.type",
        default: "producer",
        range: Range::OneOf(&["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"]),
        mutable: true,
    },
    Setting {
        name: "max.message.bytes",
        default: "1048588",
        range: Range::Integer {
            min: 0,
            max: MAX_MESSAGE_BYTES,
        },
        mutable: true,
    },
    Setting {
        name: "message.timestamp.difference.max.ms",
        default: "9223372036854775807",
        range: Range::Integer {
            min: 0,
            max: i64::MAX,
        },
        mutable: true,
    },
    Setting {
        name: "message.timestamp.type",
        default: "CreateTime",
        range: Range::OneOf(&["CreateTime", "LogAppendTime"]),
        mutable: true,
    },
    Setting {
        name: "retention.bytes",
        default: "268435456000",
        range: Range::Integer {
            min: -1,
            max: i64::MAX,
        },
        mutable: true,
    },
    Setting {
        name: "retention.ms",
        default: "604800000",
        range: Range::Integer {
            min: -1,
            max: i64::MAX,
        },
        mutable: true,
    },
];

/// Checks the settings of a new topic.
pub(super) fn check_new(given: &BTreeMap<String, String>) -> Result<(), StoreError> {
    given
        .iter()
        .try_for_each(|(name, value)| find(name)?.check(value))
}

/// Checks changes to the settings of a topic that is there.
pub(super) fn check_changes(changes: &BTreeMap<String, Option<String>>) -> Result<(), StoreError> {
    for (name, value) in changes {
        let setting = find(name)?;
        if !setting.mutable {
            let why = format!("{name} can be set only when the topic is created");
            return Err(StoreError::InvalidSetting(why));
        }
        value.as_deref().map_or(Ok(()), |value| setting.check(value))?;
    }
    Ok(())
}

/// Every setting of a topic with the value in force, and whether that is the default.
pub fn effective_settings(given: &BTreeMap<String, String>) -> Vec<(&'static str, String, bool)> {
    let effective = |setting: &Setting| {
        let value = given.get(setting.name);
        let in_force = value.map_or(setting.default, String::as_str).to_owned();
        (setting.name, in_force, value.is_none())
    };
    SETTINGS.iter().map(effective).collect()
}

/// `max.message.bytes` in force.
pub(super) fn max_message_bytes(given: &BTreeMap<String, String>) -> usize {
    let given = given
        .get("max.message.bytes")
        .and_then(|value| value.parse().ok());
    given.unwrap_or(DEFAULT_MAX_MESSAGE_BYTES)
}

/// Whether records get the time of the append.
pub(super) fn log_append_time(given: &BTreeMap<String, String>) -> bool {
    given
        .get("message.timestamp.type")
        .is_some_and(|value| value == "LogAppendTime")
}

/// Whether old records of a key may be dropped, so that every record needs a key.
pub(super) fn compacted(given: &BTreeMap<String, String>) -> bool {
    given
        .get("cleanup.policy")
        .is_some_and(|value| value.contains("compact"))
}

/// How far a record's time may be from the broker's, in milliseconds.
pub(super) fn timestamp_difference_max_ms(given: &BTreeMap<String, String>) -> u64 {
    let given = given
        .get("message.timestamp.difference.max.ms")
        .and_then(|value| value.parse().ok());
    given.unwrap_or(u64::MAX)
}

fn find(name: &str) -> Result<&'static Setting, StoreError> {
    let known = SETTINGS.iter().find(|setting| setting.name == name);
    known.ok_or_else(|| {
        StoreError::InvalidSetting(format!("{name} cannot be set on a topic of a serverless cluster"))
    })
}

impl Setting {
    fn check(&self, value: &str) -> Result<(), StoreError> {
        let good = match &self.range {
            Range::OneOf(values) => values.contains(&value),
            Range::Integer { min, max } => value
                .parse::<i64>()
                .is_ok_and(|value| (*min..=*max).contains(&value)),
        };
        if good {
            return Ok(());
        }
        let why = format!("Invalid value {value} for configuration {}", self.name);
        Err(StoreError::InvalidSetting(why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn settings_within_the_serverless_limits_are_taken() {
        assert_eq!(check_new(&given("max.message.bytes", "8388608")), Ok(()));
        assert_eq!(check_new(&given("retention.ms", "-1")), Ok(()));
        assert_eq!(check_new(&given("cleanup.policy", "compact")), Ok(()));
    }

    #[test]
    fn settings_beyond_the_serverless_limits_are_refused() {
        assert!(check_new(&given("max.message.bytes", "8388609")).is_err());
        assert!(check_new(&given("min.insync.replicas", "2")).is_err());
        assert!(check_new(&given("retention.ms", "a week")).is_err());
    }

    #[test]
    fn the_cleanup_policy_is_fixed_at_creation() {
        let change = BTreeMap::from([("cleanup.policy".to_owned(), Some("compact".to_owned()))]);
        assert!(
            check_changes(&change)
                .unwrap_err()
                .to_string()
                .contains("only when")
        );
    }

    #[test]
    fn defaults_stand_where_nothing_was_given() {
        let effective = effective_settings(&given("retention.ms", "5"));
        assert!(effective.contains(&("retention.ms", "5".to_owned(), false)));
        assert!(effective.contains(&("cleanup.policy", "delete".to_owned(), true)));
    }
}

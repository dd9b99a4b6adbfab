//! Settings of one statement: the session's, the workgroup's, and the simulator's switches.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What Redshift does with an object that names an attribute twice. Its documentation says that `JSON_PARSE` fails unless
/// `json_parse_dedup_attributes` is on; what `CAN_JSON_PARSE` then says is not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DuplicateKeys {
    /// `JSON_PARSE` fails and `CAN_JSON_PARSE` is false.
    #[default]
    Refused,
    /// `JSON_PARSE` fails although `CAN_JSON_PARSE` is true: the guard does not hold.
    PassGuardThenFail,
    /// Parsed; the last value stays.
    LastWins,
}

/// How a `CASE WHEN CAN_JSON_PARSE(v) THEN JSON_PARSE(v) END` in a streaming view is evaluated. The form is documented for
/// the functions, not for streaming views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GuardedParse {
    /// Branches are evaluated only when taken.
    #[default]
    Lazy,
    /// `JSON_PARSE` is evaluated for every record, guarded or not.
    Eager,
    /// `CREATE MATERIALIZED VIEW` refuses it.
    Refused,
}

/// When the way to the stream is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ConnectsAt {
    /// Only `REFRESH` connects.
    Refresh,
    /// `CREATE MATERIALIZED VIEW` connects too.
    #[default]
    CreateView,
    /// `CREATE EXTERNAL SCHEMA` connects, too (roles and brokers, no topic).
    CreateSchema,
}

/// What AWS leaves unconfirmed about SQL, and limits that tests lower.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqlSwitches {
    /// Objects that name an attribute twice.
    pub duplicate_keys: DuplicateKeys,
    /// The guard inside a streaming view.
    pub guarded_parse: GuardedParse,
    /// When the way to the stream is tried.
    pub connects_at: ConnectsAt,
    /// Whether `DROP SCHEMA external CASCADE` drops the streaming views that read from it. Default: yes.
    pub cascade_drops_streaming_views: bool,
    /// Whether `CREATE EXTERNAL SCHEMA`, `CREATE` and `REFRESH MATERIALIZED VIEW` may stand in a transaction. Default: yes.
    pub streaming_ddl_in_transaction: bool,
    /// Whether `char(n)` columns of catalog views come padded with blanks. Default: yes.
    pub blank_padding: bool,
    /// Largest record, in bytes. Default: 16,777,216.
    pub largest_record: usize,
    /// How often a view with `AUTO REFRESH YES` is refreshed at most. Default: 10 s.
    pub auto_refresh_every: Duration,
    /// Most records that one refresh takes from a partition; what is left makes Redshift say that the stream may contain
    /// more data. Default: 1,000,000.
    pub records_per_refresh: usize,
}

impl Default for SqlSwitches {
    fn default() -> Self {
        Self {
            duplicate_keys: DuplicateKeys::default(),
            guarded_parse: GuardedParse::default(),
            connects_at: ConnectsAt::default(),
            cascade_drops_streaming_views: true,
            streaming_ddl_in_transaction: true,
            blank_padding: true,
            largest_record: 16_777_216,
            auto_refresh_every: Duration::from_secs(10),
            records_per_refresh: 1_000_000,
        }
    }
}

/// Settings that `SET` takes, with their defaults.
/// <https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_ConfigurationRef.html>
const KNOWN: [(&str, &str); 19] = [
    ("analyze_threshold_percent", "10"),
    ("application_name", ""),
    ("cast_super_null_on_error", "on"),
    ("client_encoding", "UTF8"),
    ("datestyle", "ISO, MDY"),
    ("enable_case_sensitive_identifier", "off"),
    ("enable_case_sensitive_super_attribute", "off"),
    ("enable_result_cache_for_session", "on"),
    ("extra_float_digits", "0"),
    ("json_parse_dedup_attributes", "off"),
    ("json_parse_truncate_strings", "off"),
    ("mv_enable_aqmv_for_session", "on"),
    ("navigate_super_null_on_error", "on"),
    ("parse_super_null_on_error", "off"),
    ("query_group", "default"),
    ("search_path", "$user, public"),
    ("statement_timeout", "0"),
    ("timezone", "UTC"),
    ("wlm_query_slot_count", "1"),
];

/// The settings in force: session over workgroup over default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    session: BTreeMap<String, String>,
    workgroup: BTreeMap<String, String>,
}

impl Options {
    /// Settings of a session in a workgroup with these config parameters.
    pub(crate) fn new(session: BTreeMap<String, String>, workgroup: BTreeMap<String, String>) -> Self {
        Self { session, workgroup }
    }

    /// Whether `SET` takes this name.
    pub(crate) fn is_known(name: &str) -> bool {
        KNOWN.iter().any(|(known, _)| *known == name)
    }

    /// The value as `SHOW` shows it.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        let (_, default) = KNOWN.iter().find(|(known, _)| *known == name)?;
        let found = self.session.get(name).or_else(|| self.workgroup.get(name));
        Some(found.map_or(*default, String::as_str).to_owned())
    }

    /// A boolean setting.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        let value = self.value(name).unwrap_or_default().to_ascii_lowercase();
        matches!(value.as_str(), "on" | "true" | "t" | "1" | "yes")
    }

    /// Sets or, with None, resets a value of the session.
    pub(crate) fn set(&mut self, name: &str, value: Option<String>) {
        match value {
            Some(value) => self.session.insert(name.to_owned(), value),
            None => self.session.remove(name),
        };
    }

    /// The values set in the session.
    pub(crate) fn session(&self) -> &BTreeMap<String, String> {
        &self.session
    }

    /// The same without what the session set: auto refresh sees the workgroup's settings only.
    pub(crate) fn workgroup_only(&self) -> Self {
        Self {
            session: BTreeMap::new(),
            workgroup: self.workgroup.clone(),
        }
    }

    pub(crate) fn case_sensitive(&self) -> bool {
        self.is_on("enable_case_sensitive_identifier")
    }

    /// Schemas searched for bare names, without `$user`.
    pub(crate) fn search_path(&self, user: &str) -> Vec<String> {
        let path = self.value("search_path").unwrap_or_default();
        path.split(',')
            .map(|part| part.trim().trim_matches(['"', '\'']))
            .map(|part| {
                if part == "$user" {
                    user.to_owned()
                } else {
                    part.to_owned()
                }
            })
            .collect()
    }
}

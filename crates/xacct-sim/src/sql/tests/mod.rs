//! The engine with pure inputs: records in, rows out.

mod ddl;
mod queries;
mod streaming;

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::types::Value;

use super::options::{Options, SqlSwitches};
use super::result::Cell;
use super::run::{Env, Login, Outcome, run_all};
use super::statement::StreamOptions;
use super::stream::{Batch, StreamFailure, StreamRecord, StreamSource};
use super::warehouse::Warehouse;

/// A topic in memory.
#[derive(Default)]
pub(super) struct Topic {
    pub partitions: Vec<Vec<Vec<u8>>>,
    pub broken: Option<StreamFailure>,
    pub opened: Vec<String>,
}

impl StreamSource for Topic {
    fn open(&mut self, _: &StreamOptions, stream: Option<&str>) -> Result<Vec<String>, StreamFailure> {
        self.opened.push(stream.unwrap_or_default().to_owned());
        match &self.broken {
            Some(failure) => Err(failure.clone()),
            None => Ok((0..self.partitions.len()).map(|at| at.to_string()).collect()),
        }
    }

    fn read(
        &mut self,
        _: &str,
        partition: &str,
        from: Option<&str>,
        max: usize,
    ) -> Result<Batch, StreamFailure> {
        let at: usize = partition.parse().expect("partition");
        let from: usize = from.map_or(0, |from| from.parse().expect("offset"));
        let all = &self.partitions[at];
        let records = all
            .iter()
            .enumerate()
            .skip(from)
            .take(max)
            .map(|(offset, value)| record(at, offset, value))
            .collect::<Vec<_>>();
        let next = from + records.len();
        Ok(Batch {
            records,
            next: next.to_string(),
            more: next < all.len(),
        })
    }
}

fn record(partition: usize, offset: usize, value: &[u8]) -> StreamRecord {
    StreamRecord {
        position: offset.to_string(),
        timestamp_type: 'C',
        timestamp_ms: 1_800_000_000_000 + offset as i64,
        bytes: value.len(),
        values: vec![
            Value::Integer(partition as i64),
            Value::Integer(offset as i64),
            Value::Text("C".into()),
            Value::Text("2027-01-15 08:00:00".into()),
            Value::Null,
            Value::Blob(value.to_vec()),
            Value::Text("{}".into()),
        ],
    }
}

/// A warehouse with somebody at the keyboard.
pub(super) struct Desk {
    pub warehouse: Warehouse,
    pub topic: Topic,
    pub switches: SqlSwitches,
    pub login: Login,
    pub now: i64,
}

pub(super) const SCHEMA: &str = "CREATE EXTERNAL SCHEMA \"ext\" FROM MSK IAM_ROLE 'arn:aws:iam::222222222222:role/a,arn:aws:iam::111111111111:role/b' AUTHENTICATION iam CLUSTER_ARN 'arn:aws:kafka:us-east-1:111111111111:cluster/c/u-s1'";
pub(super) const GUARDED: &str = "CREATE MATERIALIZED VIEW \"public\".\"clicks\" AUTO REFRESH YES AS SELECT \"kafka_partition\", \"kafka_offset\", \"kafka_timestamp_type\", \"kafka_timestamp\", \"kafka_key\", \"kafka_headers\", \"refresh_time\", CASE WHEN CAN_JSON_PARSE(\"kafka_value\") THEN JSON_PARSE(\"kafka_value\") END AS \"payload\", CASE WHEN CAN_JSON_PARSE(\"kafka_value\") THEN NULL ELSE \"kafka_value\" END AS \"raw\" FROM \"ext\".\"topic\"";

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            warehouse: Warehouse::new("admin", "dev").expect("warehouse"),
            topic: Topic {
                partitions: vec![Vec::new(), Vec::new()],
                ..Topic::default()
            },
            switches: SqlSwitches::default(),
            login: Login {
                user: "admin".into(),
                database: "dev".into(),
                options: Options::default(),
            },
            now: 1_800_000_000 * 1_000_000,
        }
    }

    /// With a schema, the guarded view and some records.
    pub(crate) fn with_view(records: &[&str]) -> Self {
        let mut desk = Self::new();
        for (at, record) in records.iter().enumerate() {
            desk.topic.partitions[at % 2].push(record.as_bytes().to_vec());
        }
        desk.ok(SCHEMA);
        desk.ok(GUARDED);
        desk.ok("REFRESH MATERIALIZED VIEW clicks");
        desk
    }

    pub(crate) fn batch(&mut self, texts: &[&str], atomic: bool) -> Vec<Result<Outcome, String>> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let mut env = Env {
            switches: &self.switches,
            now: self.now,
            query: 7,
            transaction: 11,
            source: &mut self.topic,
        };
        run_all(&mut self.warehouse, &mut self.login, &texts, atomic, &mut env)
            .into_iter()
            .map(|outcome| outcome.map_err(|error| error.message))
            .collect()
    }

    pub(crate) fn run(&mut self, text: &str) -> Result<Outcome, String> {
        self.batch(&[text], true).remove(0)
    }

    pub(crate) fn ok(&mut self, text: &str) -> Outcome {
        self.run(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
    }

    pub(crate) fn refused(&mut self, text: &str) -> String {
        match self.run(text) {
            Err(error) => error,
            Ok(outcome) => panic!("{text}\nran: {outcome:?}"),
        }
    }

    /// Rows as short text: `a|b`, NULL as `∅`.
    pub(crate) fn rows(&mut self, text: &str) -> Vec<String> {
        let result = self.ok(text).result.expect("rows");
        result
            .cells(false)
            .into_iter()
            .map(|row| row.into_iter().map(short).collect::<Vec<_>>().join("|"))
            .collect()
    }

    pub(crate) fn one(&mut self, text: &str) -> String {
        let rows = self.rows(text);
        assert_eq!(rows.len(), 1, "{text}");
        rows[0].clone()
    }

    pub(crate) fn as_user(&mut self, name: &str) {
        self.warehouse.add_user(name, false);
        self.login.user = name.into();
    }

    pub(crate) fn auto(&mut self) {
        let options = Options::new(BTreeMap::new(), BTreeMap::new());
        let mut env = Env {
            switches: &self.switches,
            now: self.now,
            query: 7,
            transaction: 11,
            source: &mut self.topic,
        };
        super::run::auto_refresh(&mut self.warehouse, &options, &mut env);
    }
}

fn short(cell: Cell) -> String {
    match cell {
        Cell::Null => "∅".to_owned(),
        Cell::Bool(value) => value.to_string(),
        Cell::Long(value) => value.to_string(),
        Cell::Double(value) => value.to_string(),
        Cell::Text(value) => value,
    }
}

pub(super) fn failure(message: &str) -> StreamFailure {
    StreamFailure {
        message: message.into(),
        cause: "a test broke it".into(),
        after: Duration::ZERO,
    }
}

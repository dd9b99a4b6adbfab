//! REFRESH: reading a stream into its view, or computing a view over local tables anew.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::schemas::failure;
use super::{Outcome, Run};
use crate::sql::analyze::{Analyzer, Compiled, Stream};
use crate::sql::catalog::{Base, Materialized};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::history::{Refresh, ScanError, ScanState};
use crate::sql::options::GuardedParse;
use crate::sql::statement::{Name, StreamOptions};
use crate::sql::stream::{self, Batch, StreamRecord};
use crate::sql::time::timestamp_text;
use crate::sql::types::Column;

/// Code and text of a record that is too large. The code is made up; the reason is what the documentation says.
const TOO_LARGE: (i64, &str) = (15_002, "Record size exceeds the maximum supported size");

/// What the records of one refresh came to.
#[derive(Debug, Default)]
struct Tally {
    scanned: usize,
    skipped: usize,
    more: bool,
}

impl Tally {
    /// Status texts as `sys_mv_refresh_history` shows them; how qualifiers are joined is not documented.
    fn status(&self) -> String {
        let mut status = "Refresh successfully updated MV incrementally".to_owned();
        if self.scanned == 0 {
            status.push_str(". Stream returned no new data");
        } else if self.skipped == self.scanned {
            status.push_str(". All records received from the stream were skipped");
        } else if self.skipped > 0 {
            status.push_str(". Some stream records were skipped");
        }
        if self.more {
            status.push_str(". The stream may contain more data");
        }
        status
    }
}

impl Run<'_, '_> {
    pub(super) fn refresh(&mut self, name: &Name, cascade: bool) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        let key = catalog.find(name, &session)?;
        let found = &catalog.relations[&key];
        if found.materialized().is_none() {
            return Err(SqlError::new(format!("\"{}\" is not a materialized view", key.1)));
        }
        // Not even a superuser refreshes what others own, unless with CASCADE.
        if found.owner != self.login.user && !(cascade && session.superuser()) {
            return Err(SqlError::new(format!(
                "must be owner of materialized view {}",
                key.1
            )));
        }
        self.refresh_one(&key, true)?;
        if cascade {
            self.refresh_dependents(&key)?;
        }
        Ok(Outcome::done())
    }

    fn refresh_dependents(&mut self, key: &(String, String)) -> SqlResult<()> {
        for dependent in self.here()?.0.dependents(key) {
            let materialized = self.here()?.0.relations[&dependent].materialized().is_some();
            if materialized {
                self.refresh_one(&dependent, true)?;
            }
            self.refresh_dependents(&dependent)?;
        }
        Ok(())
    }

    /// Refreshes one view and writes down how it went.
    pub(super) fn refresh_one(&mut self, key: &(String, String), manual: bool) -> SqlResult<()> {
        let relation = self.here()?.0.relations[key].clone();
        let Some(view) = relation.materialized() else {
            return Ok(());
        };
        let outcome = if view.state > 100 {
            Err(SqlError::new(format!(
                "Materialized view {} could not be refreshed as a base object was changed or dropped.",
                key.1
            ))
            .hint("Recreate the materialized view."))
        } else {
            match &view.base {
                Base::Stream { .. } => self.ingest(key, view, manual).map(|tally| tally.status()),
                Base::Local(_) => self
                    .recompute(key)
                    .map(|()| "Refresh successfully recomputed MV from scratch".to_owned()),
            }
        };
        let status = match &outcome {
            Ok(status) => status.clone(),
            Err(error) => {
                let text = error
                    .message
                    .trim_start_matches("ERROR: ")
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                format!("Refresh failed. {text}")
            }
        };
        let delay = outcome
            .as_ref()
            .err()
            .map_or(0, |error| error.after.as_micros() as i64);
        self.warehouse.history.refreshes.push(Refresh {
            database: self.login.database.clone(),
            user: self.login.user.clone(),
            schema: key.0.clone(),
            view: key.1.clone(),
            view_id: relation.oid,
            transaction: self.env.transaction,
            manual,
            status,
            started: self.env.now,
            ended: self.env.now + delay,
        });
        outcome.map(drop)
    }

    /// Reads what is new in the stream.
    fn ingest(&mut self, key: &(String, String), view: &Materialized, manual: bool) -> SqlResult<Tally> {
        let Base::Stream {
            schema,
            schema_oid,
            stream: name,
            ..
        } = &view.base
        else {
            return Ok(Tally::default());
        };
        let (catalog, session) = self.here()?;
        let external = catalog
            .schemas
            .get(schema)
            .filter(|found| found.oid == *schema_oid);
        let Some(options) = external.and_then(|found| found.stream.clone()) else {
            return Err(SqlError::new(format!(
                "Materialized view {} could not be refreshed as external schema {schema} was dropped.",
                key.1
            )));
        };
        session.need_schema(catalog, schema, "USAGE")?;
        // Auto refresh sees the workgroup's setting, not the one of the session that made the view.
        let folded = !manual && !session.options.workgroup_only().case_sensitive();
        let wanted = if folded {
            name.to_ascii_lowercase()
        } else {
            name.clone()
        };
        let partitions = self.env.source.open(&options, Some(&wanted)).map_err(failure)?;
        let batches = self.read_all(view, &wanted, &partitions)?;
        self.load(key, view, &options, batches)
    }

    fn read_all(
        &mut self,
        view: &Materialized,
        stream: &str,
        partitions: &[String],
    ) -> SqlResult<Vec<(String, Batch)>> {
        let Base::Stream { positions, .. } = &view.base else {
            return Ok(Vec::new());
        };
        let max = self.env.switches.records_per_refresh;
        let mut out = Vec::new();
        for partition in partitions {
            let from = positions.get(partition).map(String::as_str);
            let batch = self
                .env
                .source
                .read(stream, partition, from, max)
                .map_err(failure)?;
            out.push((partition.clone(), batch));
        }
        Ok(out)
    }

    /// Puts records through the view's query, and moves its positions.
    fn load(
        &mut self,
        key: &(String, String),
        view: &Materialized,
        options: &StreamOptions,
        batches: Vec<(String, Batch)>,
    ) -> SqlResult<Tally> {
        let Base::Stream {
            schema,
            stream: name,
            positions,
            kept,
            ..
        } = &view.base
        else {
            return Ok(Tally::default());
        };
        let columns = stream::columns(&options.service);
        let (mut positions, mut tally) = (positions.clone(), Tally::default());
        let (mut scans, mut errors) = (Vec::new(), Vec::new());
        create_staging(self.connection()?, kept.as_deref(), columns.len())?;
        for (partition, batch) in batches {
            tally.scanned += batch.records.len();
            tally.more |= batch.more;
            positions.insert(partition.clone(), batch.next.clone());
            let limit = self.env.switches.largest_record;
            let (fits, large): (Vec<_>, Vec<_>) = batch
                .records
                .into_iter()
                .partition(|record| record.bytes <= limit);
            tally.skipped += large.len();
            scans.extend(self.scan_state(key, schema, name, &partition, &fits, &large));
            errors.extend(
                large
                    .iter()
                    .map(|record| self.scan_error(key, schema, name, &partition, record)),
            );
            self.stage(columns.len(), fits)?;
        }
        self.project(key, view, columns)?;
        if let Some(found) = self
            .catalog()?
            .relations
            .get_mut(key)
            .and_then(|relation| relation.materialized_mut())
        {
            found.refreshed = true;
            if let Base::Stream {
                positions: stored, ..
            } = &mut found.base
            {
                *stored = positions;
            }
        }
        self.warehouse.history.scans.extend(scans);
        self.warehouse.history.errors.extend(errors);
        Ok(tally)
    }

    fn stage(&self, width: usize, records: Vec<StreamRecord>) -> SqlResult<()> {
        let marks = vec!["?"; width].join(", ");
        let mut insert = self
            .connection()?
            .prepare(&format!("INSERT INTO temp.staging VALUES ({marks})"))?;
        let now = Value::Text(timestamp_text(self.env.now));
        for record in records {
            let mut values = record.values;
            values.push(now.clone());
            insert.execute(params_from_iter(values))?;
        }
        Ok(())
    }

    fn project(
        &mut self,
        key: &(String, String),
        view: &Materialized,
        columns: Vec<Column>,
    ) -> SqlResult<()> {
        let Base::Stream {
            schema,
            stream: name,
            kept,
            ..
        } = &view.base
        else {
            return Ok(());
        };
        let compile = |table: &str| -> SqlResult<Compiled> {
            let (catalog, session) = self.here()?;
            let stream = Stream {
                schema: schema.clone(),
                name: name.clone(),
                table: table.to_owned(),
                columns: columns.clone(),
            };
            Analyzer::new(catalog, session, self.env.switches, self.env.now)
                .seen_from(&view.path, view.case_sensitive)
                .over(stream)
                .compile(&view.query)
        };
        let table = self.here()?.0.relations[key].table();
        let connection = self.connection()?;
        let compiled = compile("temp.staging")?;
        self.parse_eagerly(&compiled, &columns)?;
        match kept {
            None => {
                connection.execute(&format!("INSERT INTO {table} {}", compiled.sql), [])?;
            }
            Some(kept) => {
                connection.execute_batch(&format!(
                    "INSERT INTO {kept} SELECT * FROM temp.staging; DELETE FROM {table};"
                ))?;
                connection.execute(&format!("INSERT INTO {table} {}", compile(kept)?.sql), [])?;
            }
        }
        Ok(())
    }

    /// Under one of the unconfirmed behaviours JSON_PARSE runs for every record, whatever guards it.
    fn parse_eagerly(&self, compiled: &Compiled, columns: &[Column]) -> SqlResult<()> {
        if self.env.switches.guarded_parse != GuardedParse::Eager || !compiled.sql.contains("rs_json_parse(")
        {
            return Ok(());
        }
        let payload = columns
            .iter()
            .position(|column| column.name == "kafka_value" || column.name == "kinesis_data");
        if let Some(at) = payload {
            let flags =
                u8::from(compiled.sql.contains(", 1)")) | (u8::from(compiled.sql.contains(", 3)")) * 3);
            let sql = format!("SELECT count(rs_json_parse(c{at}, {flags})) FROM temp.staging");
            self.connection()?.query_row(&sql, [], |_| Ok(()))?;
        }
        Ok(())
    }

    /// Computes a view over local relations anew.
    pub(super) fn recompute(&mut self, key: &(String, String)) -> SqlResult<()> {
        let (catalog, session) = self.here()?;
        let relation = &catalog.relations[key];
        let Some(view) = relation.materialized() else {
            return Ok(());
        };
        let compiled = Analyzer::new(catalog, session, self.env.switches, self.env.now)
            .seen_from(&view.path, view.case_sensitive)
            .compile(&view.query)?;
        let table = relation.table();
        let connection = self.connection()?;
        connection.execute(&format!("DELETE FROM {table}"), [])?;
        connection.execute(&format!("INSERT INTO {table} {}", compiled.sql), [])?;
        if let Some(found) = self
            .catalog()?
            .relations
            .get_mut(key)
            .and_then(|relation| relation.materialized_mut())
        {
            found.refreshed = true;
        }
        Ok(())
    }

    fn scan_state(
        &self,
        key: &(String, String),
        schema: &str,
        stream: &str,
        partition: &str,
        fits: &[StreamRecord],
        large: &[StreamRecord],
    ) -> Option<ScanState> {
        let all = || fits.iter().chain(large);
        let last = all().max_by(|a, b| by_position(&a.position, &b.position))?;
        Some(ScanState {
            database: self.login.database.clone(),
            user: self.login.user.clone(),
            schema: schema.to_owned(),
            stream: stream.to_owned(),
            view: key.1.clone(),
            transaction: self.env.transaction,
            query: self.env.query,
            at: self.env.now,
            partition: partition.to_owned(),
            latest_position: last.position.clone(),
            scanned_rows: all().count() as i64,
            skipped_rows: large.len() as i64,
            scanned_bytes: all().map(|record| record.bytes as i64).sum(),
            earliest: all().map(|record| record.timestamp_ms).min(),
            latest: all().map(|record| record.timestamp_ms).max(),
        })
    }

    fn scan_error(
        &self,
        key: &(String, String),
        schema: &str,
        stream: &str,
        partition: &str,
        record: &StreamRecord,
    ) -> ScanError {
        ScanError {
            database: self.login.database.clone(),
            user: self.login.user.clone(),
            schema: schema.to_owned(),
            stream: stream.to_owned(),
            view: key.1.clone(),
            transaction: self.env.transaction,
            query: self.env.query,
            timestamp_type: record.timestamp_type,
            timestamp: record.timestamp_ms * 1_000,
            at: self.env.now,
            partition: partition.to_owned(),
            position: record.position.clone(),
            code: TOO_LARGE.0,
            reason: TOO_LARGE.1.to_owned(),
        }
    }
}

/// Positions are numbers of any length: the longer one is the later one.
fn by_position(a: &str, b: &str) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn create_staging(connection: &Connection, kept: Option<&str>, width: usize) -> SqlResult<()> {
    let columns: Vec<String> = (0..width).map(|at| format!("c{at}")).collect();
    let columns = columns.join(", ");
    connection.execute_batch(&format!(
        "DROP TABLE IF EXISTS temp.staging; CREATE TEMP TABLE staging ({columns});"
    ))?;
    if let Some(kept) = kept {
        connection.execute_batch(&format!("CREATE TABLE IF NOT EXISTS {kept} ({columns});"))?;
    }
    Ok(())
}

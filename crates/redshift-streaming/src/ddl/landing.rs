//! The select of a landing view: every record once, and the payload in one of four forms.

use super::column::{ColumnNames, StreamColumn, StreamKind};
use super::ident::{Identifier, StreamName};
use serde::{Deserialize, Serialize};
use std::fmt;
use xacct_types::{Invalid, TopicName};

/// What becomes of the record's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payload {
    /// Kept as VARBYTE; parsed by whoever reads, best through
    /// [`CreateView::parsed`](super::CreateView::parsed). The only form that no
    /// record can block, whatever AWS leaves open: nothing is evaluated while
    /// records arrive.
    #[default]
    Raw,
    /// Parsed once into SUPER if it is JSON; otherwise kept as bytes in a second
    /// column.
    ///
    /// AWS documents the functions and the guard, but neither the guard inside a
    /// streaming view nor what `CAN_JSON_PARSE` says of a record with the same
    /// attribute twice in one object, which `JSON_PARSE` refuses unless
    /// `json_parse_dedup_attributes` is on. If either is not as hoped, such a record
    /// blocks the refresh: measure it on your warehouse before you choose this form.
    Json,
    /// Parsed without a guard: the first record that is not JSON blocks ingestion
    /// until the view is dropped and made again. This is how many tutorials write it.
    JsonUnguarded,
    /// Decoded as UTF-8 text.
    Text,
}

impl Payload {
    /// The column that holds it where nobody said otherwise.
    pub(crate) fn default_column(self) -> &'static str {
        match self {
            Self::Json | Self::JsonUnguarded | Self::Text => "payload",
            Self::Raw => "raw",
        }
    }
}

/// `SELECT … FROM "schema"."stream"` with every record in it exactly once.
///
/// ```
/// use redshift_streaming::ddl::{Identifier, Landing};
/// use xacct_types::TopicName;
///
/// let landing = Landing::kafka(Identifier::new("mskschema")?, &TopicName::new("testtopic")?);
/// assert_eq!(
///     landing.to_string(),
///     "SELECT \"kafka_partition\", \"kafka_offset\", \"kafka_timestamp_type\", \"kafka_timestamp\", \
///      \"kafka_key\", \"kafka_headers\", \"refresh_time\", \"kafka_value\" AS \"raw\" \
///      FROM \"mskschema\".\"testtopic\""
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
///
/// A record without a value (a tombstone) lands with NULL; under [`Payload::Json`]
/// with `payload` and `raw` both NULL, because `CAN_JSON_PARSE` of NULL is NULL.
/// So landed rows are those that are JSON and those that are not, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    kind: StreamKind,
    names: ColumnNames,
    schema: Identifier,
    stream: Identifier,
    before: Vec<StreamColumn>,
    after: Vec<StreamColumn>,
    payload: Payload,
    /// Of the payload, or of the bytes where only those are landed.
    value_name: Identifier,
    /// Of the bytes beside a guarded payload; else as it is by default.
    raw_name: Identifier,
}

impl Landing {
    /// All columns of a topic, the payload as bytes.
    #[must_use]
    pub fn kafka(schema: Identifier, topic: &TopicName) -> Self {
        Self::of(StreamKind::Kafka, schema, topic.into())
    }

    /// All columns of a Kinesis stream, the payload as bytes.
    #[must_use]
    pub fn kinesis(schema: Identifier, stream: &StreamName) -> Self {
        Self::of(StreamKind::Kinesis, schema, stream.into())
    }

    /// What a relation with these columns was landed as; where from is not known.
    #[cfg(feature = "aws")]
    pub(crate) fn of_columns(
        kind: StreamKind,
        columns: Vec<StreamColumn>,
        payload: Payload,
        name: &Identifier,
        raw: Option<&Identifier>,
    ) -> Option<Self> {
        let nowhere = Identifier::fixed("unknown");
        let landing = Self::of(kind, nowhere.clone(), nowhere).named(payload, name, raw);
        landing.with_columns(columns, []).ok()
    }

    pub(super) fn of(kind: StreamKind, schema: Identifier, stream: Identifier) -> Self {
        Self {
            kind,
            names: ColumnNames::default(),
            schema,
            stream,
            before: kind.columns().to_vec(),
            after: Vec::new(),
            payload: Payload::default(),
            value_name: Identifier::fixed(Payload::default().default_column()),
            raw_name: Identifier::fixed("raw"),
        }
    }

    /// Chooses what becomes of the record's bytes, under the default names:
    /// `payload`, and `raw` for what stays bytes.
    #[must_use]
    pub fn with_payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self.value_name = Identifier::fixed(payload.default_column());
        self.raw_name = Identifier::fixed("raw");
        self
    }

    /// Writes the columns under other names. The preview had no `refresh_time`,
    /// which is then left out.
    ///
    /// ```
    /// use redshift_streaming::ddl::{ColumnNames, Identifier, Landing, Payload, StreamName};
    ///
    /// let landing = Landing::kinesis(Identifier::new("schema_stream")?, &StreamName::new("my-data-stream")?)
    ///     .with_payload(Payload::JsonUnguarded)
    ///     .with_column_names(ColumnNames::Preview)?;
    /// assert_eq!(
    ///     landing.to_string(),
    ///     "SELECT \"approximatearrivaltimestamp\", \"partitionkey\", \"shardid\", \"sequencenumber\", \
    ///      JSON_PARSE(\"data\") AS \"payload\" FROM \"schema_stream\".\"my-data-stream\""
    /// );
    /// # Ok::<(), xacct_types::Invalid>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`] for Kafka, whose columns have had one name each.
    pub fn with_column_names(mut self, names: ColumnNames) -> Result<Self, Invalid> {
        if names == ColumnNames::Preview && self.kind == StreamKind::Kafka {
            let why = "is read from Kafka, whose columns have had one name each";
            return Err(Invalid::new("stream", self.stream.as_str(), why));
        }
        self.before.retain(|column| names.of(*column).is_some());
        self.after.retain(|column| names.of(*column).is_some());
        self.names = names;
        self.checked()
    }

    /// Names the payload's column (for [`Payload::Raw`] that of the bytes).
    ///
    /// # Errors
    /// [`Invalid`] where another column has the name.
    pub fn with_payload_name(mut self, name: Identifier) -> Result<Self, Invalid> {
        self.value_name = name;
        self.checked()
    }

    /// Names the column of what is not JSON. Only [`Payload::Json`] has one.
    ///
    /// # Errors
    /// [`Invalid`] where another column has the name, or there is no such column.
    pub fn with_raw_name(mut self, name: Identifier) -> Result<Self, Invalid> {
        if self.payload != Payload::Json {
            let why = "names a column that this form of the payload does not have";
            return Err(Invalid::new("column", name.as_str(), why));
        }
        self.raw_name = name;
        self.checked()
    }

    /// Selects only `before` the payload and `after` it, in these orders.
    ///
    /// # Errors
    /// [`Invalid`] where a column is of another kind of stream or stands twice.
    pub fn with_columns(
        mut self,
        before: impl IntoIterator<Item = StreamColumn>,
        after: impl IntoIterator<Item = StreamColumn>,
    ) -> Result<Self, Invalid> {
        self.before = before.into_iter().collect();
        self.after = after.into_iter().collect();
        let offered = |c: &StreamColumn| self.kind.columns().contains(c) && self.names.of(*c).is_some();
        if let Some(column) = self.columns().find(|c| !offered(c)) {
            let why = format!("is no column of a {:?} stream", self.kind);
            return Err(Invalid::new("column", column.name(), why));
        }
        self.checked()
    }

    /// Sets the names of columns for [`with_columns`](Self::with_columns) to check.
    pub(super) fn written_as(mut self, names: ColumnNames) -> Self {
        self.names = names;
        self
    }

    /// Sets form and names at once; [`with_columns`](Self::with_columns) checks them.
    pub(super) fn named(mut self, payload: Payload, name: &Identifier, raw: Option<&Identifier>) -> Self {
        self.payload = payload;
        self.value_name = name.clone();
        self.raw_name = raw.cloned().unwrap_or_else(|| Identifier::fixed("raw"));
        self
    }

    /// Redshift folds names, so two columns must differ in more than case.
    fn checked(self) -> Result<Self, Invalid> {
        let names = self.column_names();
        for (n, name) in names.iter().enumerate() {
            if names[..n].iter().any(|other| other.folded() == name.folded()) {
                return Err(Invalid::new("column", name.as_str(), "stands twice in the view"));
            }
        }
        Ok(self)
    }

    /// Under which names the columns are written.
    #[must_use]
    pub fn names(&self) -> ColumnNames {
        self.names
    }

    /// The two columns that together name a record, where the view has both.
    #[must_use]
    pub fn position(&self) -> Option<[Identifier; 2]> {
        let [partition, offset] = self.kind.position().map(|column| {
            let selected = self.columns().any(|c| c == column);
            self.names.of(column).filter(|_| selected)
        });
        Some([partition?, offset?])
    }

    /// Kafka or Kinesis.
    #[must_use]
    pub fn kind(&self) -> StreamKind {
        self.kind
    }

    /// The external schema.
    #[must_use]
    pub fn schema(&self) -> &Identifier {
        &self.schema
    }

    /// The topic or stream.
    #[must_use]
    pub fn stream(&self) -> &Identifier {
        &self.stream
    }

    /// What becomes of the record's bytes.
    #[must_use]
    pub fn payload(&self) -> Payload {
        self.payload
    }

    /// The name of the column that [`with_payload_name`](Self::with_payload_name) names.
    #[must_use]
    pub fn payload_name(&self) -> &Identifier {
        &self.value_name
    }

    /// The name of the column of bytes that are not JSON, where there is one.
    #[must_use]
    pub fn raw_name(&self) -> Option<&Identifier> {
        match self.payload {
            Payload::Json => Some(&self.raw_name),
            Payload::Raw => Some(&self.value_name),
            Payload::JsonUnguarded | Payload::Text => None,
        }
    }

    /// The metadata columns, in order.
    pub fn columns(&self) -> impl Iterator<Item = StreamColumn> {
        self.before.iter().chain(&self.after).copied()
    }

    /// The names of all columns that the view will have, in order.
    #[must_use]
    pub fn column_names(&self) -> Vec<Identifier> {
        let names = |columns: &[StreamColumn]| {
            let written = columns.iter().filter_map(|c| self.names.of(*c));
            written.collect::<Vec<_>>()
        };
        let mut all = names(&self.before);
        all.push(self.value_name.clone());
        if self.payload == Payload::Json {
            all.push(self.raw_name.clone());
        }
        all.extend(names(&self.after));
        all
    }

    /// The select items that hold the record's bytes, without the metadata.
    pub(super) fn payload_items(&self) -> Vec<String> {
        let value = Identifier::fixed(self.names.value_column(self.kind));
        let (payload, raw) = (&self.value_name, &self.raw_name);
        match self.payload {
            Payload::Json => vec![
                format!("CASE WHEN CAN_JSON_PARSE({value}) THEN JSON_PARSE({value}) END AS {payload}"),
                format!("CASE WHEN CAN_JSON_PARSE({value}) THEN NULL ELSE {value} END AS {raw}"),
            ],
            Payload::JsonUnguarded => vec![format!("JSON_PARSE({value}) AS {payload}")],
            Payload::Raw => vec![format!("{value} AS {payload}")],
            Payload::Text => vec![format!("FROM_VARBYTE({value}, 'utf-8') AS {payload}")],
        }
    }
}

impl fmt::Display for Landing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |columns: &[StreamColumn]| {
            let written = columns.iter().filter_map(|c| self.names.of(*c));
            written.map(|name| name.to_string()).collect::<Vec<_>>()
        };
        let items = [names(&self.before), self.payload_items(), names(&self.after)].concat();
        write!(
            f,
            "SELECT {} FROM {}.{}",
            items.join(", "),
            self.schema,
            self.stream
        )
    }
}

//! What a user asks for: an external schema and the views over its streams.
//!
//! These are the `[schema]` and `[[view]]` sections of a pipeline's file. An
//! unknown field is refused.

use crate::ddl::{DatabaseName, Identifier, Payload, StreamKind, StreamName};
use serde::{Deserialize, Serialize};
use xacct_types::{Invalid, TopicName};

/// How an external schema names the Kafka cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Broker {
    /// `FROM MSK … CLUSTER_ARN`: Redshift asks the MSK API for the brokers, for
    /// which the warehouse needs a way to that API.
    #[default]
    ClusterArn,
    /// `FROM KAFKA … URI`: the addresses stand in the schema, no API is asked.
    Address,
}

/// The external schema.
///
/// ```
/// use redshift_streaming::{Broker, SchemaSpec};
///
/// let schema: SchemaSpec = toml::from_str("name = \"mskschema\"")?;
/// assert_eq!(schema.broker, Broker::ClusterArn);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SchemaSpec {
    /// The schema's name.
    pub name: Identifier,
    /// How the cluster is named; without meaning for Kinesis. Default: `cluster-arn`.
    #[serde(default)]
    pub broker: Broker,
}

impl SchemaSpec {
    /// A schema that names its cluster by ARN.
    #[must_use]
    pub fn new(name: Identifier) -> Self {
        Self {
            name,
            broker: Broker::default(),
        }
    }

    /// Chooses how the cluster is named.
    #[must_use]
    pub fn with_broker(mut self, broker: Broker) -> Self {
        self.broker = broker;
        self
    }
}

/// What a view reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViewSource {
    /// A Kafka topic: `topic = "…"`.
    Topic(TopicName),
    /// A Kinesis data stream: `stream = "…"`.
    Stream(StreamName),
}

impl ViewSource {
    /// Kafka or Kinesis.
    #[must_use]
    pub fn kind(&self) -> StreamKind {
        match self {
            Self::Topic(_) => StreamKind::Kafka,
            Self::Stream(_) => StreamKind::Kinesis,
        }
    }

    /// The topic's or stream's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Topic(topic) => topic.as_str(),
            Self::Stream(stream) => stream.as_str(),
        }
    }
}

/// What becomes of a record's bytes: `payload = "…"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ViewPayload {
    /// Landed as bytes, and parsed under a guard by a plain view on top; what is not
    /// JSON shows in a second one, the quarantine. No record can block ingestion,
    /// whatever AWS leaves open about JSON.
    #[default]
    Json,
    /// Parsed once under a guard as it lands, which makes reading cheaper. AWS
    /// documents neither the guard inside a streaming view nor what it says of an
    /// attribute that stands twice: see [`Payload::Json`].
    JsonOnce,
    /// Parsed without a guard, as the tutorials write it: the first record that is
    /// not JSON blocks ingestion until the view is made again.
    JsonUnguarded,
    /// Landed as bytes, and nothing on top.
    Raw,
    /// Decoded as UTF-8 text.
    Text,
}

impl ViewPayload {
    /// What stands in the materialized view.
    #[must_use]
    pub const fn landed(self) -> Payload {
        match self {
            Self::Json | Self::Raw => Payload::Raw,
            Self::JsonOnce => Payload::Json,
            Self::JsonUnguarded => Payload::JsonUnguarded,
            Self::Text => Payload::Text,
        }
    }
}

/// A materialized view over one topic or stream, in the schema `public`.
///
/// ```
/// use redshift_streaming::{ViewPayload, ViewSpec};
///
/// let view: ViewSpec = toml::from_str("name = \"myview1\"\ntopic = \"testtopic\"")?;
/// assert_eq!((view.payload, view.auto_refresh), (ViewPayload::Json, true));
/// assert_eq!(view.parsed_name()?.unwrap().as_str(), "myview1_parsed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ViewFields", into = "ViewFields")]
#[non_exhaustive]
pub struct ViewSpec {
    /// The view's name.
    pub name: Identifier,
    /// What it reads.
    pub source: ViewSource,
    /// What becomes of a record's bytes. Default: `json`, landed and then parsed under a guard.
    pub payload: ViewPayload,
    /// Whether Redshift refreshes the view as records arrive. Default: true.
    pub auto_refresh: bool,
    /// Whether snapshots hold its rows. Default: not said, which means yes.
    pub backup: Option<bool>,
    /// The column that spreads rows. Default: none, which means evenly.
    pub dist_key: Option<Identifier>,
    /// The columns that rows are sorted by. Default: none.
    pub sort_key: Vec<Identifier>,
    /// A select list or a whole select instead of the landing one; `payload` then
    /// has no meaning. Default: none.
    pub select: Option<String>,
    /// The name of a plain view of the records that are JSON, parsed. Default: for
    /// `payload = "json"` the view's name and `_parsed`; else none.
    pub parsed: Option<Identifier>,
    /// The name of a plain view of the records that are not JSON. Default: for
    /// `payload = "json"` the view's name and `_quarantine`; else none.
    pub quarantine: Option<Identifier>,
    /// Database users who may read the view. Default: none but its owner.
    pub readers: Vec<Identifier>,
}

impl ViewSpec {
    /// A view with every default.
    #[must_use]
    pub fn new(name: Identifier, source: ViewSource) -> Self {
        Self {
            name,
            source,
            payload: ViewPayload::default(),
            auto_refresh: true,
            backup: None,
            dist_key: None,
            sort_key: Vec::new(),
            select: None,
            parsed: None,
            quarantine: None,
            readers: Vec::new(),
        }
    }

    /// Chooses what becomes of a record's bytes.
    #[must_use]
    pub fn with_payload(mut self, payload: ViewPayload) -> Self {
        self.payload = payload;
        self
    }

    /// Chooses whether Redshift refreshes the view as records arrive.
    #[must_use]
    pub fn with_auto_refresh(mut self, yes: bool) -> Self {
        self.auto_refresh = yes;
        self
    }

    /// The plain view of the records that are JSON: as it was named, or the default.
    ///
    /// # Errors
    /// [`Invalid`] where the default name is too long.
    pub fn parsed_name(&self) -> Result<Option<Identifier>, Invalid> {
        self.beside(self.parsed.as_ref(), "_parsed")
    }

    /// The plain view of the records that are not JSON: as it was named, or the default.
    ///
    /// # Errors
    /// [`Invalid`] where the default name is too long.
    pub fn quarantine_name(&self) -> Result<Option<Identifier>, Invalid> {
        self.beside(self.quarantine.as_ref(), "_quarantine")
    }

    fn beside(&self, named: Option<&Identifier>, suffix: &str) -> Result<Option<Identifier>, Invalid> {
        let by_default = self.payload == ViewPayload::Json && self.select.is_none();
        match named {
            Some(name) => Ok(Some(name.clone())),
            None if by_default => Identifier::new(format!("{}{suffix}", self.name.as_str())).map(Some),
            None => Ok(None),
        }
    }

    /// Names the plain view of the records that are JSON.
    #[must_use]
    pub fn with_parsed(mut self, name: Identifier) -> Self {
        self.parsed = Some(name);
        self
    }

    /// Names the plain view of the records that are not JSON.
    #[must_use]
    pub fn with_quarantine(mut self, name: Identifier) -> Self {
        self.quarantine = Some(name);
        self
    }

    /// Lets a database user read the view.
    #[must_use]
    pub fn with_reader(mut self, user: Identifier) -> Self {
        self.readers.push(user);
        self
    }

    /// Whether a name in it has capitals, so that the workgroup needs
    /// `enable_case_sensitive_identifier`.
    #[must_use]
    pub fn needs_case_sensitivity(&self) -> bool {
        self.name.needs_case_sensitivity() || self.source.name().bytes().any(|b| b.is_ascii_uppercase())
    }
}

/// A view as it stands in a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ViewFields {
    name: Identifier,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    topic: Option<TopicName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stream: Option<StreamName>,
    #[serde(default)]
    payload: ViewPayload,
    #[serde(default = "yes")]
    auto_refresh: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    backup: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dist_key: Option<Identifier>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sort_key: Vec<Identifier>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    select: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parsed: Option<Identifier>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quarantine: Option<Identifier>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    readers: Vec<Identifier>,
}

fn yes() -> bool {
    true
}

impl TryFrom<ViewFields> for ViewSpec {
    type Error = Invalid;

    fn try_from(fields: ViewFields) -> Result<Self, Invalid> {
        let refuse = |why: &str| Invalid::new("view", fields.name.as_str(), why);
        let source = match (fields.topic, fields.stream) {
            (Some(topic), None) => ViewSource::Topic(topic),
            (None, Some(stream)) => ViewSource::Stream(stream),
            (None, None) => return Err(refuse("reads nothing: give it a topic or a stream")),
            (Some(_), Some(_)) => return Err(refuse("reads a topic and a stream: give it one")),
        };
        Ok(Self {
            name: fields.name,
            source,
            payload: fields.payload,
            auto_refresh: fields.auto_refresh,
            backup: fields.backup,
            dist_key: fields.dist_key,
            sort_key: fields.sort_key,
            select: fields.select,
            parsed: fields.parsed,
            quarantine: fields.quarantine,
            readers: fields.readers,
        })
    }
}

impl From<ViewSpec> for ViewFields {
    fn from(view: ViewSpec) -> Self {
        let (topic, stream) = match view.source {
            ViewSource::Topic(topic) => (Some(topic), None),
            ViewSource::Stream(stream) => (None, Some(stream)),
        };
        Self {
            name: view.name,
            topic,
            stream,
            payload: view.payload,
            auto_refresh: view.auto_refresh,
            backup: view.backup,
            dist_key: view.dist_key,
            sort_key: view.sort_key,
            select: view.select,
            parsed: view.parsed,
            quarantine: view.quarantine,
            readers: view.readers,
        }
    }
}

/// Everything that SQL makes: a schema and its views, in one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StreamingSpec {
    /// The database; it must be there before the schema.
    pub database: DatabaseName,
    /// The external schema.
    pub schema: SchemaSpec,
    /// The views over it.
    #[serde(rename = "view", default)]
    pub views: Vec<ViewSpec>,
}

impl StreamingSpec {
    /// A schema without views yet.
    #[must_use]
    pub fn new(database: DatabaseName, schema: SchemaSpec) -> Self {
        Self {
            database,
            schema,
            views: Vec::new(),
        }
    }

    /// Adds a view.
    #[must_use]
    pub fn with_view(mut self, view: ViewSpec) -> Self {
        self.views.push(view);
        self
    }

    /// Kafka or Kinesis; Kafka where there is no view yet.
    #[must_use]
    pub fn kind(&self) -> StreamKind {
        self.views
            .first()
            .map_or(StreamKind::Kafka, |view| view.source.kind())
    }

    /// Whether any view is for somebody besides its owner.
    #[must_use]
    pub fn has_readers(&self) -> bool {
        self.views.iter().any(|view| !view.readers.is_empty())
    }

    /// Whether the workgroup needs `enable_case_sensitive_identifier`. Setting it in
    /// the session that creates the view is not enough for auto refresh.
    #[must_use]
    pub fn needs_case_sensitivity(&self) -> bool {
        let schema = self.schema.name.needs_case_sensitivity();
        schema || self.views.iter().any(ViewSpec::needs_case_sensitivity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(text: &str) -> Result<ViewSpec, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let refusal = view("name = \"v\"\ntopic = \"t\"\nautorefresh = true").unwrap_err();
        assert!(
            refusal.to_string().contains("unknown field `autorefresh`"),
            "{refusal}"
        );
    }

    #[test]
    fn a_view_reads_one_thing() {
        assert!(view("name = \"v\"").is_err());
        assert!(view("name = \"v\"\ntopic = \"t\"\nstream = \"s\"").is_err());
        assert_eq!(
            view("name = \"v\"\nstream = \"s\"").unwrap().source.kind(),
            StreamKind::Kinesis
        );
    }

    #[test]
    fn the_forms_of_the_payload_are_written_with_hyphens() {
        for (text, payload) in [
            ("json", ViewPayload::Json),
            ("json-once", ViewPayload::JsonOnce),
            ("raw", ViewPayload::Raw),
            ("text", ViewPayload::Text),
            ("json-unguarded", ViewPayload::JsonUnguarded),
        ] {
            let spec = view(&format!("name = \"v\"\ntopic = \"t\"\npayload = \"{text}\"")).unwrap();
            assert_eq!(spec.payload, payload);
        }
    }

    #[test]
    fn a_spec_survives_being_written_and_read() {
        let spec = view("name = \"v\"\ntopic = \"t\"\npayload = \"raw\"\nreaders = [\"IAMR:A\"]").unwrap();
        assert_eq!(view(&toml::to_string(&spec).unwrap()).unwrap(), spec);
    }
}

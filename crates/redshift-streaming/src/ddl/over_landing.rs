//! The two plain views over a landing view: what is JSON, parsed, and what is not.

use super::column::StreamColumn;
use super::ident::{Identifier, QualifiedName};
use super::landing::{Landing, Payload};
use super::materialized_view::CreateMaterializedView;
use super::segment::Segment;
use super::view::{CreateView, Select};

impl CreateView {
    /// The records of `landing` that are JSON, parsed: its columns and `payload`.
    ///
    /// ```
    /// use redshift_streaming::ddl::{
    ///     CreateMaterializedView, CreateView, Identifier, Landing, QualifiedName,
    /// };
    /// use xacct_types::TopicName;
    ///
    /// let landing = Landing::kafka(Identifier::new("mskschema")?, &TopicName::new("testtopic")?);
    /// let view = CreateMaterializedView::new(QualifiedName::parse("public.myview1")?, landing);
    /// let parsed = CreateView::parsed(QualifiedName::parse("public.myview1_parsed")?, &view);
    /// assert_eq!(
    ///     parsed.map(|view| view.to_string()).unwrap_or_default(),
    ///     "CREATE VIEW \"public\".\"myview1_parsed\" AS SELECT \"kafka_partition\", \"kafka_offset\", \
    ///      \"kafka_timestamp_type\", \"kafka_timestamp\", \"kafka_key\", \"kafka_headers\", \
    ///      \"refresh_time\", CASE WHEN CAN_JSON_PARSE(\"raw\") THEN JSON_PARSE(\"raw\") END AS \"payload\" \
    ///      FROM \"public\".\"myview1\" WHERE CAN_JSON_PARSE(\"raw\")"
    /// );
    /// # Ok::<(), xacct_types::Invalid>(())
    /// ```
    ///
    /// `JSON_PARSE` refuses a record with the same attribute twice in one object, and
    /// AWS does not say whether `CAN_JSON_PARSE` sees it. Where it does not, whoever
    /// reads such a row needs `SET json_parse_dedup_attributes TO on` (this crate's
    /// runner sets it); ingestion goes on in either case.
    ///
    /// Nothing for a view whose select a user wrote: its columns are not known.
    #[must_use]
    pub fn parsed(name: QualifiedName, landing: &CreateMaterializedView) -> Option<Self> {
        Self::parsed_over(name, landing.body().landing()?, &[Segment::of(landing)?])
    }

    /// The records of all `segments` that are JSON, parsed, under the columns of `form`.
    #[must_use]
    pub fn parsed_over(name: QualifiedName, form: &Landing, segments: &[Segment]) -> Option<Self> {
        over(name, segments, |segment| {
            let mut items = metadata(form, &segment.form, |_| true);
            let (value, good) = parsed_value(&segment.form);
            items.push(format!("{value} AS \"payload\""));
            (items, good)
        })
    }

    /// The records of `landing` that are not JSON, with their position and the reason.
    ///
    /// ```
    /// use redshift_streaming::ddl::{
    ///     CreateMaterializedView, CreateView, Identifier, Landing, QualifiedName,
    /// };
    /// use xacct_types::TopicName;
    ///
    /// let landing = Landing::kafka(Identifier::new("mskschema")?, &TopicName::new("testtopic")?);
    /// let view = CreateMaterializedView::new(QualifiedName::parse("public.myview1")?, landing);
    /// let quarantine = CreateView::quarantine(QualifiedName::parse("public.myview1_bad")?, &view);
    /// assert_eq!(
    ///     quarantine.map(|view| view.to_string()).unwrap_or_default(),
    ///     "CREATE VIEW \"public\".\"myview1_bad\" AS SELECT \"kafka_partition\", \"kafka_offset\", \
    ///      \"kafka_timestamp\", \"kafka_key\", \"refresh_time\", \"raw\", \
    ///      CASE WHEN \"raw\" IS NULL THEN 'no value' ELSE 'not JSON' END AS \"reason\" \
    ///      FROM \"public\".\"myview1\" WHERE \"raw\" IS NULL OR NOT CAN_JSON_PARSE(\"raw\")"
    /// );
    /// # Ok::<(), xacct_types::Invalid>(())
    /// ```
    ///
    /// Nothing for a view whose select a user wrote: its columns are not known.
    #[must_use]
    pub fn quarantine(name: QualifiedName, landing: &CreateMaterializedView) -> Option<Self> {
        Self::quarantine_over(name, landing.body().landing()?, &[Segment::of(landing)?])
    }

    /// The records of all `segments` that are not JSON, under the columns of `form`.
    #[must_use]
    pub fn quarantine_over(name: QualifiedName, form: &Landing, segments: &[Segment]) -> Option<Self> {
        over(name, segments, |segment| {
            let mut items = metadata(form, &segment.form, |column| {
                !matches!(
                    column,
                    StreamColumn::KafkaTimestampType | StreamColumn::KafkaHeaders
                )
            });
            items.extend(quarantined_bytes(form, &segment.form));
            let reason = match bytes_of(&segment.form) {
                Some(bytes) => format!("CASE WHEN {bytes} IS NULL THEN 'no value' ELSE 'not JSON' END"),
                None => "'no value'".into(),
            };
            items.push(format!("{reason} AS \"reason\""));
            (
                items,
                not_json(segment.form.payload(), segment.form.payload_name()),
            )
        })
    }
}

/// One select a segment, put together with UNION ALL: each record is in exactly one.
fn over(
    name: QualifiedName,
    segments: &[Segment],
    select: impl Fn(&Segment) -> (Vec<String>, String),
) -> Option<CreateView> {
    let selects = segments.iter().map(|segment| {
        let (items, condition) = select(segment);
        let (items, relation) = (items.join(", "), &segment.relation);
        match segment.above.condition(&segment.form) {
            None => format!("SELECT {items} FROM {relation} WHERE {condition}"),
            Some(cut) => format!("SELECT {items} FROM {relation} WHERE ({condition}) AND {cut}"),
        }
    });
    let text = selects.collect::<Vec<_>>().join(" UNION ALL ");
    (!text.is_empty()).then(|| CreateView::new(name, Select::rendered(text)))
}

/// The metadata columns of `form` that `wanted` picks, taken from a relation of the
/// form `of`: what that has not is NULL.
fn metadata(form: &Landing, of: &Landing, wanted: fn(&StreamColumn) -> bool) -> Vec<String> {
    let item = |column: StreamColumn| {
        let name = form.names().of(column)?;
        let there = of.columns().any(|other| other == column);
        Some(match of.names().of(column).filter(|_| there) {
            Some(other) if other == name => name.to_string(),
            Some(other) => format!("{other} AS {name}"),
            None => format!("CAST(NULL AS {}) AS {name}", column.sql_type()),
        })
    };
    form.columns().filter(wanted).filter_map(item).collect()
}

/// The column of a landing that holds the bytes or the text of what is not JSON.
fn bytes_of(form: &Landing) -> Option<&Identifier> {
    match form.payload() {
        Payload::Json | Payload::Raw => form.raw_name(),
        Payload::Text => Some(form.payload_name()),
        Payload::JsonUnguarded => None,
    }
}

/// The bytes of what is not JSON in a relation of the form `of`, as `form` has them.
fn quarantined_bytes(form: &Landing, of: &Landing) -> Option<String> {
    let name = bytes_of(form)?;
    let text = |landing: &Landing| landing.payload() == Payload::Text;
    Some(match bytes_of(of) {
        None if text(form) => format!("CAST(NULL AS VARCHAR) AS {name}"),
        None => format!("CAST(NULL AS VARBYTE(16777216)) AS {name}"),
        Some(other) if text(form) == text(of) && other == name => name.to_string(),
        Some(other) if text(form) == text(of) => format!("{other} AS {name}"),
        // Bytes that are no text cannot be decoded; as digits nothing of them is lost.
        Some(other) if text(form) => format!("FROM_VARBYTE({other}, 'hex') AS {name}"),
        Some(other) => format!("TO_VARBYTE({other}, 'utf-8') AS {name}"),
    })
}

/// The payload as SUPER, and the condition under which there is one.
fn parsed_value(form: &Landing) -> (String, String) {
    let column = form.payload_name();
    match form.payload() {
        Payload::Json | Payload::JsonUnguarded => (column.to_string(), format!("{column} IS NOT NULL")),
        Payload::Raw | Payload::Text => {
            let good = format!("CAN_JSON_PARSE({column})");
            (format!("CASE WHEN {good} THEN JSON_PARSE({column}) END"), good)
        }
    }
}

/// The condition that holds for exactly the landed rows that are not JSON.
pub(crate) fn not_json(payload: Payload, column: &Identifier) -> String {
    match payload {
        Payload::Json | Payload::JsonUnguarded => format!("{column} IS NULL"),
        Payload::Raw | Payload::Text => format!("{column} IS NULL OR NOT CAN_JSON_PARSE({column})"),
    }
}

//! Plain views: `CREATE VIEW`, `DROP VIEW`, and the two kinds that stand on a landing view.

use super::column::StreamColumn;
use super::ident::{Identifier, QualifiedName};
use super::landing::Payload;
use super::materialized_view::CreateMaterializedView;
use super::scan::{on_one_line, same, scan};
use super::select::parse;
use std::fmt;
use xacct_types::Invalid;

/// Any select, as it stands in a plain view: one statement, on one line, without comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select(String);

impl Select {
    /// Checks that `text` is one select and nothing else.
    ///
    /// # Errors
    /// [`Invalid`] says where it is not.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        let refuse = |why: String| Invalid::new("select", text, why);
        let lexemes = scan(text).map_err(|e| refuse(format!("at {}: {}", e.at, e.message)))?;
        let line = on_one_line(text, &lexemes);
        if line.contains(char::is_control) {
            return Err(refuse("holds a control character between quotes".into()));
        }
        if line.contains(';')
            && lexemes
                .iter()
                .any(|l| l.token == sqlparser::tokenizer::Token::SemiColon)
        {
            return Err(refuse(
                "holds a semicolon: exactly one select belongs here".into(),
            ));
        }
        match parse(&line) {
            Ok(_) => Ok(Self(line)),
            Err(finding) => Err(refuse(format!("at {}: {}", finding.at, finding.advice))),
        }
    }

    /// A select that this crate rendered itself.
    fn rendered(text: String) -> Self {
        Self(text)
    }

    /// The text, on one line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether two selects say the same, whatever their case, quotes and spacing.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        match (scan(&self.0), scan(&other.0)) {
            (Ok(one), Ok(two)) => same(&one, &two),
            _ => false,
        }
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `CREATE VIEW`.
///
/// ```
/// use redshift_streaming::ddl::{CreateView, QualifiedName, Select};
///
/// let select = Select::new("SELECT count(*) AS n\nFROM public.myview1")?;
/// let view = CreateView::new(QualifiedName::parse("public.counts")?, select).or_replace();
/// assert_eq!(
///     view.late_binding().to_string(),
///     "CREATE OR REPLACE VIEW \"public\".\"counts\" AS SELECT count(*) AS n FROM public.myview1 \
///      WITH NO SCHEMA BINDING"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateView {
    name: QualifiedName,
    or_replace: bool,
    late_binding: bool,
    select: Select,
}

impl CreateView {
    /// A view of `select`.
    #[must_use]
    pub fn new(name: QualifiedName, select: Select) -> Self {
        Self {
            name,
            or_replace: false,
            late_binding: false,
            select,
        }
    }

    /// Replaces a view of the same columns.
    #[must_use]
    pub fn or_replace(mut self) -> Self {
        self.or_replace = true;
        self
    }

    /// Looks its tables up when it is read, so that they can be dropped and made
    /// again under it. Redshift then wants every table with its schema.
    #[must_use]
    pub fn late_binding(mut self) -> Self {
        self.late_binding = true;
        self
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
    ///      FROM \"public\".\"myview1\" WHERE \"payload\" IS NULL"
    /// );
    /// # Ok::<(), xacct_types::Invalid>(())
    /// ```
    ///
    /// Nothing for a view whose select a user wrote: its columns are not known.
    #[must_use]
    pub fn quarantine(name: QualifiedName, landing: &CreateMaterializedView) -> Option<Self> {
        let form = landing.body().landing()?;
        let kept = form
            .columns()
            .filter(|c| !matches!(c, StreamColumn::KafkaTimestampType | StreamColumn::KafkaHeaders));
        let mut items: Vec<String> = kept.map(|c| c.identifier().to_string()).collect();
        let bytes = match form.payload() {
            Payload::Json | Payload::Raw => form.raw_name(),
            Payload::Text => Some(form.payload_name()),
            Payload::JsonUnguarded => None,
        };
        match bytes {
            Some(bytes) => {
                items.push(bytes.to_string());
                items.push(format!(
                    "CASE WHEN {bytes} IS NULL THEN 'no value' ELSE 'not JSON' END AS \"reason\""
                ));
            }
            None => items.push("'no value' AS \"reason\"".into()),
        }
        let bad = not_json(form.payload(), form.payload_name());
        let text = format!("SELECT {} FROM {} WHERE {bad}", items.join(", "), landing.name());
        Some(Self::new(name, Select::rendered(text)))
    }

    /// The view's name.
    #[must_use]
    pub fn name(&self) -> &QualifiedName {
        &self.name
    }

    /// The select.
    #[must_use]
    pub fn select(&self) -> &Select {
        &self.select
    }
}

/// The condition that holds for exactly the landed rows that are not JSON.
pub(crate) fn not_json(payload: Payload, column: &Identifier) -> String {
    match payload {
        Payload::Json | Payload::JsonUnguarded => format!("{column} IS NULL"),
        Payload::Raw | Payload::Text => format!("{column} IS NULL OR NOT CAN_JSON_PARSE({column})"),
    }
}

impl fmt::Display for CreateView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_replace = if self.or_replace { "OR REPLACE " } else { "" };
        write!(f, "CREATE {or_replace}VIEW {} AS {}", self.name, self.select)?;
        if self.late_binding {
            f.write_str(" WITH NO SCHEMA BINDING")?;
        }
        Ok(())
    }
}

/// `DROP VIEW`.
///
/// ```
/// use redshift_streaming::ddl::{DropView, QualifiedName};
/// let drop = DropView::new(QualifiedName::parse("public.counts")?).if_exists();
/// assert_eq!(drop.to_string(), r#"DROP VIEW IF EXISTS "public"."counts""#);
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropView {
    name: QualifiedName,
    if_exists: bool,
}

impl DropView {
    /// Drops the view if nothing depends on it.
    #[must_use]
    pub fn new(name: QualifiedName) -> Self {
        Self {
            name,
            if_exists: false,
        }
    }

    /// Makes a missing view no error.
    #[must_use]
    pub fn if_exists(mut self) -> Self {
        self.if_exists = true;
        self
    }

    /// The view's name.
    #[must_use]
    pub fn name(&self) -> &QualifiedName {
        &self.name
    }
}

impl fmt::Display for DropView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let if_exists = if self.if_exists { "IF EXISTS " } else { "" };
        write!(f, "DROP VIEW {if_exists}{}", self.name)
    }
}

/// A plain view that gives attributes of the payload a type and a name.
///
/// The landing view parses once; this extracts when it is read, so a new column
/// costs no new ingestion. Rows without a payload are left out.
///
/// ```
/// use redshift_streaming::ddl::{Identifier, QualifiedName, SqlType, StreamColumn, TypedView};
///
/// let view = TypedView::new(QualifiedName::parse("public.myview1")?)
///     .stream_column(StreamColumn::KafkaTimestamp)
///     .attribute(["name", "first"], SqlType::Varchar(100), Identifier::new("first_name")?)?
///     .attribute(["at"], SqlType::Timestamp, Identifier::new("clicked_at")?)?;
/// assert_eq!(
///     view.create(QualifiedName::parse("public.clicks")?).to_string(),
///     "CREATE VIEW \"public\".\"clicks\" AS SELECT \"kafka_timestamp\", \
///      \"payload\".\"name\".\"first\"::VARCHAR(100) AS \"first_name\", \
///      \"payload\".\"at\"::VARCHAR::TIMESTAMP AS \"clicked_at\" \
///      FROM \"public\".\"myview1\" WHERE \"payload\" IS NOT NULL"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedView {
    from: QualifiedName,
    payload: Identifier,
    columns: Vec<StreamColumn>,
    attributes: Vec<Attribute>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Attribute {
    path: Vec<Identifier>,
    data_type: SqlType,
    name: Identifier,
}

/// A type that an attribute is cast to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SqlType {
    /// `BOOLEAN`.
    Boolean,
    /// `SMALLINT`.
    SmallInt,
    /// `INTEGER`.
    Integer,
    /// `BIGINT`.
    BigInt,
    /// `DOUBLE PRECISION`.
    Double,
    /// `DECIMAL(precision, scale)`; Redshift takes 1 to 38 digits.
    Decimal(u8, u8),
    /// `VARCHAR(bytes)`.
    Varchar(u32),
    /// `DATE`, read from text.
    Date,
    /// `TIMESTAMP`, read from text.
    Timestamp,
    /// `TIMESTAMPTZ`, read from text.
    TimestampTz,
    /// Left as SUPER.
    Super,
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("BOOLEAN"),
            Self::SmallInt => f.write_str("SMALLINT"),
            Self::Integer => f.write_str("INTEGER"),
            Self::BigInt => f.write_str("BIGINT"),
            Self::Double => f.write_str("DOUBLE PRECISION"),
            Self::Decimal(precision, scale) => write!(f, "DECIMAL({precision}, {scale})"),
            Self::Varchar(bytes) => write!(f, "VARCHAR({bytes})"),
            Self::Date => f.write_str("DATE"),
            Self::Timestamp => f.write_str("TIMESTAMP"),
            Self::TimestampTz => f.write_str("TIMESTAMPTZ"),
            Self::Super => f.write_str("SUPER"),
        }
    }
}

impl TypedView {
    /// Reads the column `payload` of the landing view `from`.
    #[must_use]
    pub fn new(from: QualifiedName) -> Self {
        Self {
            from,
            payload: Identifier::fixed("payload"),
            columns: Vec::new(),
            attributes: Vec::new(),
        }
    }

    /// Reads the payload from another column.
    #[must_use]
    pub fn payload(mut self, column: Identifier) -> Self {
        self.payload = column;
        self
    }

    /// Takes a metadata column as it is.
    #[must_use]
    pub fn stream_column(mut self, column: StreamColumn) -> Self {
        self.columns.push(column);
        self
    }

    /// Extracts the attribute at `path`, cast to `data_type`, as `name`.
    ///
    /// # Errors
    /// [`Invalid`] where the path is empty, a part of it is no legal name, or the
    /// view has a column of that name already.
    pub fn attribute<'a>(
        mut self,
        path: impl IntoIterator<Item = &'a str>,
        data_type: SqlType,
        name: Identifier,
    ) -> Result<Self, Invalid> {
        let path = path
            .into_iter()
            .map(Identifier::new)
            .collect::<Result<Vec<_>, _>>()?;
        if path.is_empty() {
            return Err(Invalid::new("attribute", name.as_str(), "has an empty path"));
        }
        let taken = self.columns.iter().any(|c| c.name() == name.folded().as_str())
            || self.attributes.iter().any(|a| a.name.folded() == name.folded());
        if taken {
            return Err(Invalid::new("column", name.as_str(), "stands twice in the view"));
        }
        self.attributes.push(Attribute {
            path,
            data_type,
            name,
        });
        Ok(self)
    }

    /// Whether an attribute has capitals. It is then found only with
    /// `enable_case_sensitive_identifier` on, and NULL otherwise.
    #[must_use]
    pub fn needs_case_sensitivity(&self) -> bool {
        let mut parts = self.attributes.iter().flat_map(|a| &a.path);
        parts.any(Identifier::needs_case_sensitivity)
    }

    /// The statement that makes the view under `name`.
    #[must_use]
    pub fn create(&self, name: QualifiedName) -> CreateView {
        CreateView::new(name, Select::rendered(self.to_string()))
    }
}

impl fmt::Display for TypedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.columns.iter().map(|c| c.identifier().to_string());
        let attributes = self.attributes.iter().map(|a| a.item(&self.payload));
        let mut items: Vec<String> = columns.chain(attributes).collect();
        if items.is_empty() {
            items.push(self.payload.to_string());
        }
        let (payload, from) = (&self.payload, &self.from);
        let items = items.join(", ");
        write!(f, "SELECT {items} FROM {from} WHERE {payload} IS NOT NULL")
    }
}

impl Attribute {
    fn item(&self, payload: &Identifier) -> String {
        let path: String = self.path.iter().map(|part| format!(".{part}")).collect();
        // SUPER holds no dates: they are text until they are cast.
        let cast = match self.data_type {
            SqlType::Super => String::new(),
            time @ (SqlType::Date | SqlType::Timestamp | SqlType::TimestampTz) => {
                format!("::VARCHAR::{time}")
            }
            other => format!("::{other}"),
        };
        format!("{payload}{path}{cast} AS {}", self.name)
    }
}

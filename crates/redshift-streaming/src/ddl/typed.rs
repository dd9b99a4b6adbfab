//! Typed extraction: a plain view that gives attributes of the payload a type and a name.

use super::column::StreamColumn;
use super::ident::{Identifier, QualifiedName};
use super::view::{CreateView, Select};
use std::fmt;
use xacct_types::{AttributeKind, EventType, Invalid};

/// A plain view that gives attributes of the payload a type and a name.
///
/// It stands on a view with parsed payloads and extracts when it is read, so a new
/// column costs no new ingestion. Rows without a payload are left out.
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

    /// The attributes of an event type, each in a column named after its path.
    ///
    /// ```
    /// use redshift_streaming::ddl::{QualifiedName, TypedView};
    /// use xacct_types::{Attribute, AttributeKind, EventType};
    ///
    /// struct Login;
    /// impl EventType for Login {
    ///     const ATTRIBUTES: &'static [Attribute] = &[
    ///         Attribute::new(&["at"], AttributeKind::Timestamp),
    ///         Attribute::new(&["user", "name"], AttributeKind::Text(64)),
    ///     ];
    /// }
    ///
    /// let view = TypedView::of::<Login>(QualifiedName::parse("public.myview1_parsed")?)?;
    /// assert_eq!(
    ///     view.create(QualifiedName::parse("public.logins")?).to_string(),
    ///     "CREATE VIEW \"public\".\"logins\" AS SELECT \"payload\".\"at\"::VARCHAR::TIMESTAMPTZ AS \"at\", \
    ///      \"payload\".\"user\".\"name\"::VARCHAR(64) AS \"user_name\" \
    ///      FROM \"public\".\"myview1_parsed\" WHERE \"payload\" IS NOT NULL"
    /// );
    /// # Ok::<(), xacct_types::Invalid>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`] where two attributes would have one column, or a name is not legal.
    pub fn of<E: EventType>(from: QualifiedName) -> Result<Self, Invalid> {
        E::ATTRIBUTES.iter().try_fold(Self::new(from), |view, attribute| {
            let name = Identifier::new(attribute.column())?;
            view.attribute(attribute.path.iter().copied(), sql_type(attribute.kind), name)
        })
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

/// What a kind of attribute is cast to; what is not known stays SUPER.
const fn sql_type(kind: AttributeKind) -> SqlType {
    match kind {
        AttributeKind::Text(bytes) => SqlType::Varchar(bytes),
        AttributeKind::Integer => SqlType::BigInt,
        AttributeKind::Number => SqlType::Double,
        AttributeKind::Boolean => SqlType::Boolean,
        AttributeKind::Timestamp => SqlType::TimestampTz,
        _ => SqlType::Super,
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

//! `CREATE`, `ALTER`, `DROP` and `REFRESH` of materialized views.

use super::body::ViewBody;
use super::ident::{Identifier, QualifiedName, name_list};
use super::landing::Payload;
use std::fmt;
use xacct_types::Invalid;

/// `CREATE MATERIALIZED VIEW` over a stream.
///
/// Options that are not set are not written, and then have Redshift's defaults:
/// backup yes, distribution even, auto refresh no. Redshift has neither
/// `IF NOT EXISTS` nor `OR REPLACE` here, and the definition cannot be altered.
///
/// ```
/// use redshift_streaming::ddl::{CreateMaterializedView, Identifier, Landing, Payload, QualifiedName};
/// use xacct_types::TopicName;
///
/// let landing = Landing::kafka(Identifier::new("mskschema")?, &TopicName::new("testtopic")?)
///     .with_payload(Payload::Raw);
/// let view = CreateMaterializedView::new(QualifiedName::parse("public.myview1")?, landing)
///     .backup(false)
///     .sorted_by([Identifier::new("kafka_timestamp")?])?
///     .auto_refresh(true);
/// assert_eq!(
///     view.to_string(),
///     "CREATE MATERIALIZED VIEW \"public\".\"myview1\" BACKUP NO SORTKEY (\"kafka_timestamp\") \
///      AUTO REFRESH YES AS SELECT \"kafka_partition\", \"kafka_offset\", \"kafka_timestamp_type\", \
///      \"kafka_timestamp\", \"kafka_key\", \"kafka_headers\", \"refresh_time\", \
///      \"kafka_value\" AS \"raw\" FROM \"mskschema\".\"testtopic\""
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateMaterializedView {
    name: QualifiedName,
    backup: Option<bool>,
    distribution: Option<Distribution>,
    sort_key: Option<SortKey>,
    auto_refresh: Option<bool>,
    body: ViewBody,
}

/// How rows are spread over the slices of the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distribution {
    /// `DISTSTYLE EVEN`, the default of materialized views.
    Even,
    /// `DISTSTYLE ALL`.
    All,
    /// `DISTSTYLE KEY DISTKEY (column)`.
    Key(Identifier),
}

/// One or more columns that rows are sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey(Vec<Identifier>);

impl SortKey {
    /// Sorts by `columns`, the first one first.
    ///
    /// # Errors
    /// [`Invalid`] where there is none or one stands twice.
    pub fn new(columns: impl IntoIterator<Item = Identifier>) -> Result<Self, Invalid> {
        let columns: Vec<Identifier> = columns.into_iter().collect();
        if columns.is_empty() {
            return Err(Invalid::new("sort key", "", "names no column"));
        }
        for (n, column) in columns.iter().enumerate() {
            if columns[..n].contains(column) {
                return Err(Invalid::new("sort key", column.as_str(), "names a column twice"));
            }
        }
        Ok(Self(columns))
    }

    /// The columns; never empty.
    #[must_use]
    pub fn columns(&self) -> &[Identifier] {
        &self.0
    }
}

impl CreateMaterializedView {
    /// A view of `body` with Redshift's default options.
    #[must_use]
    pub fn new(name: QualifiedName, body: impl Into<ViewBody>) -> Self {
        Self {
            name,
            backup: None,
            distribution: None,
            sort_key: None,
            auto_refresh: None,
            body: body.into(),
        }
    }

    /// Whether snapshots hold the view's rows. Redshift does not tell it back, so
    /// it is left out of every comparison.
    #[must_use]
    pub fn backup(mut self, yes: bool) -> Self {
        self.backup = Some(yes);
        self
    }

    /// Whether Redshift refreshes the view by itself as records arrive.
    #[must_use]
    pub fn auto_refresh(mut self, yes: bool) -> Self {
        self.auto_refresh = Some(yes);
        self
    }

    /// Spreads the rows.
    ///
    /// # Errors
    /// [`Invalid`] where the key is no column of a landing select, or is SUPER.
    pub fn distributed(mut self, distribution: Distribution) -> Result<Self, Invalid> {
        if let Distribution::Key(column) = &distribution {
            self.expect_key("distribution key", column)?;
        }
        self.distribution = Some(distribution);
        Ok(self)
    }

    /// Sorts the rows.
    ///
    /// # Errors
    /// [`Invalid`] where there is no column or one stands twice, or one is no
    /// column of a landing select, or is SUPER.
    pub fn sorted_by(mut self, columns: impl IntoIterator<Item = Identifier>) -> Result<Self, Invalid> {
        let key = SortKey::new(columns)?;
        for column in key.columns() {
            self.expect_key("sort key", column)?;
        }
        self.sort_key = Some(key);
        Ok(self)
    }

    /// Only the columns of a landing select are known here; those of a written one
    /// are checked by Redshift.
    fn expect_key(&self, what: &'static str, column: &Identifier) -> Result<(), Invalid> {
        let Some(landing) = self.body.landing() else {
            return Ok(());
        };
        if !landing.column_names().contains(column) {
            return Err(Invalid::new(what, column.as_str(), "is no column of the view"));
        }
        let parsed = matches!(landing.payload(), Payload::Json | Payload::JsonUnguarded);
        let payload = parsed && landing.payload_name() == column;
        let metadata = landing
            .columns()
            .any(|c| c.is_super() && c.name() == column.as_str());
        if payload || metadata {
            return Err(Invalid::new(
                what,
                column.as_str(),
                "is SUPER, which cannot be a key",
            ));
        }
        Ok(())
    }

    /// The view's name.
    #[must_use]
    pub fn name(&self) -> &QualifiedName {
        &self.name
    }

    /// The select.
    #[must_use]
    pub fn body(&self) -> &ViewBody {
        &self.body
    }

    /// Whether the view refreshes itself, Redshift's default filled in.
    #[must_use]
    pub fn refreshes_itself(&self) -> bool {
        self.auto_refresh.unwrap_or(false)
    }

    /// How rows are spread, where it was said.
    #[must_use]
    pub fn distribution(&self) -> Option<&Distribution> {
        self.distribution.as_ref()
    }

    /// What rows are sorted by, where it was said.
    #[must_use]
    pub fn sort_key(&self) -> Option<&SortKey> {
        self.sort_key.as_ref()
    }

    /// Whether any name in it has capitals. Auto refresh then works only with
    /// `enable_case_sensitive_identifier` on for the whole workgroup or cluster:
    /// setting it in the session that creates the view is not enough.
    #[must_use]
    pub fn needs_case_sensitivity(&self) -> bool {
        self.name.needs_case_sensitivity() || self.body.needs_case_sensitivity()
    }
}

impl fmt::Display for CreateMaterializedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CREATE MATERIALIZED VIEW {}", self.name)?;
        if let Some(yes) = self.backup {
            write!(f, " BACKUP {}", yes_no(yes))?;
        }
        match &self.distribution {
            None => {}
            Some(Distribution::Even) => f.write_str(" DISTSTYLE EVEN")?,
            Some(Distribution::All) => f.write_str(" DISTSTYLE ALL")?,
            Some(Distribution::Key(column)) => write!(f, " DISTSTYLE KEY DISTKEY ({column})")?,
        }
        if let Some(key) = &self.sort_key {
            write!(f, " SORTKEY ({key})")?;
        }
        if let Some(yes) = self.auto_refresh {
            write!(f, " AUTO REFRESH {}", yes_no(yes))?;
        }
        write!(f, " AS {}", self.body)
    }
}

fn yes_no(yes: bool) -> &'static str {
    if yes { "YES" } else { "NO" }
}

fn on_off(on: bool) -> &'static str {
    if on { "ON" } else { "OFF" }
}

impl fmt::Display for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name_list(&self.0))
    }
}

/// `ALTER MATERIALIZED VIEW`: one option, changed in place.
///
/// ```
/// use redshift_streaming::ddl::{AlterMaterializedView, Identifier, QualifiedName, ViewChange};
///
/// let name = QualifiedName::parse("myview1")?;
/// let alter = AlterMaterializedView::new(name.clone(), ViewChange::AutoRefresh(false));
/// assert_eq!(alter.to_string(), r#"ALTER MATERIALIZED VIEW "myview1" AUTO REFRESH NO"#);
///
/// let key = ViewChange::DistributionKey(Identifier::new("kafka_partition")?);
/// assert_eq!(
///     AlterMaterializedView::new(name, key).to_string(),
///     r#"ALTER MATERIALIZED VIEW "myview1" ALTER DISTKEY "kafka_partition""#
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterMaterializedView {
    name: QualifiedName,
    change: ViewChange,
}

/// One option that `ALTER MATERIALIZED VIEW` can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewChange {
    /// `AUTO REFRESH`.
    AutoRefresh(bool),
    /// `ALTER DISTSTYLE EVEN`.
    DistributionEven,
    /// `ALTER DISTSTYLE ALL`.
    DistributionAll,
    /// `ALTER DISTSTYLE AUTO`: Redshift chooses.
    DistributionAuto,
    /// `ALTER DISTKEY`.
    DistributionKey(Identifier),
    /// `ALTER SORTKEY (…)`.
    SortKey(SortKey),
    /// `ALTER SORTKEY AUTO`: Redshift chooses.
    SortKeyAuto,
    /// `ALTER SORTKEY NONE`.
    SortKeyNone,
    /// `ROW LEVEL SECURITY`: with it on, a user reads the rows that a policy allows.
    RowLevelSecurity(bool),
    /// `ROW LEVEL SECURITY … FOR DATASHARES`.
    RowLevelSecurityForDatashares(bool),
}

impl AlterMaterializedView {
    /// Changes one option of the view.
    #[must_use]
    pub fn new(name: QualifiedName, change: ViewChange) -> Self {
        Self { name, change }
    }

    /// The view's name.
    #[must_use]
    pub fn name(&self) -> &QualifiedName {
        &self.name
    }
}

impl fmt::Display for AlterMaterializedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ALTER MATERIALIZED VIEW {} ", self.name)?;
        match &self.change {
            ViewChange::AutoRefresh(yes) => write!(f, "AUTO REFRESH {}", yes_no(*yes)),
            ViewChange::DistributionEven => f.write_str("ALTER DISTSTYLE EVEN"),
            ViewChange::DistributionAll => f.write_str("ALTER DISTSTYLE ALL"),
            ViewChange::DistributionAuto => f.write_str("ALTER DISTSTYLE AUTO"),
            ViewChange::DistributionKey(column) => write!(f, "ALTER DISTKEY {column}"),
            ViewChange::SortKey(key) => write!(f, "ALTER SORTKEY ({key})"),
            ViewChange::SortKeyAuto => f.write_str("ALTER SORTKEY AUTO"),
            ViewChange::SortKeyNone => f.write_str("ALTER SORTKEY NONE"),
            ViewChange::RowLevelSecurity(on) => write!(f, "ROW LEVEL SECURITY {}", on_off(*on)),
            ViewChange::RowLevelSecurityForDatashares(on) => {
                write!(f, "ROW LEVEL SECURITY {} FOR DATASHARES", on_off(*on))
            }
        }
    }
}

/// `DROP MATERIALIZED VIEW`. What the stream no longer keeps is lost with it.
///
/// ```
/// use redshift_streaming::ddl::{DropMaterializedView, QualifiedName};
/// let drop = DropMaterializedView::new(QualifiedName::parse("myview1")?).if_exists().cascade();
/// assert_eq!(drop.to_string(), r#"DROP MATERIALIZED VIEW IF EXISTS "myview1" CASCADE"#);
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropMaterializedView {
    name: QualifiedName,
    more: Vec<QualifiedName>,
    if_exists: bool,
    cascade: bool,
}

impl DropMaterializedView {
    /// Drops the view if nothing depends on it.
    #[must_use]
    pub fn new(name: QualifiedName) -> Self {
        Self {
            name,
            more: Vec::new(),
            if_exists: false,
            cascade: false,
        }
    }

    /// Drops a further view with it.
    #[must_use]
    pub fn and(mut self, name: QualifiedName) -> Self {
        self.more.push(name);
        self
    }

    /// Makes a missing view no error. A plain view of that name still is one.
    #[must_use]
    pub fn if_exists(mut self) -> Self {
        self.if_exists = true;
        self
    }

    /// Drops the views on top of it too.
    #[must_use]
    pub fn cascade(mut self) -> Self {
        self.cascade = true;
        self
    }

    /// The view's name.
    #[must_use]
    pub fn name(&self) -> &QualifiedName {
        &self.name
    }
}

impl fmt::Display for DropMaterializedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DROP MATERIALIZED VIEW ")?;
        if self.if_exists {
            f.write_str("IF EXISTS ")?;
        }
        write!(f, "{}", self.name)?;
        self.more.iter().try_for_each(|name| write!(f, ", {name}"))?;
        if self.cascade {
            f.write_str(" CASCADE")?;
        }
        Ok(())
    }
}

/// `REFRESH MATERIALIZED VIEW`: reads what has arrived in the stream.
///
/// Only the view's owner may; it runs as a transaction of its own.
///
/// ```
/// use redshift_streaming::ddl::{QualifiedName, RefreshMaterializedView};
/// let refresh = RefreshMaterializedView::new(QualifiedName::parse("myview1")?);
/// assert_eq!(refresh.to_string(), r#"REFRESH MATERIALIZED VIEW "myview1""#);
/// assert_eq!(refresh.cascade().to_string(), r#"REFRESH MATERIALIZED VIEW "myview1" CASCADE"#);
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshMaterializedView {
    name: QualifiedName,
    cascade: bool,
}

impl RefreshMaterializedView {
    /// Refreshes the view alone.
    #[must_use]
    pub fn new(name: QualifiedName) -> Self {
        Self { name, cascade: false }
    }

    /// Refreshes the materialized views on top of it too, in one transaction.
    #[must_use]
    pub fn cascade(mut self) -> Self {
        self.cascade = true;
        self
    }

    /// The view's name.
    #[must_use]
    pub fn name(&self) -> &QualifiedName {
        &self.name
    }
}

impl fmt::Display for RefreshMaterializedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "REFRESH MATERIALIZED VIEW {}", self.name)?;
        if self.cascade {
            f.write_str(" CASCADE")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddl::Landing;
    use xacct_types::TopicName;

    fn view() -> CreateMaterializedView {
        let topic = TopicName::new("clicks").unwrap();
        let landing = Landing::kafka(Identifier::new("s").unwrap(), &topic).with_payload(Payload::Json);
        CreateMaterializedView::new(QualifiedName::parse("v").unwrap(), landing)
    }

    #[test]
    fn a_super_column_is_no_key() {
        for name in ["payload", "kafka_headers"] {
            let refusal = view().sorted_by([Identifier::new(name).unwrap()]).unwrap_err();
            assert!(refusal.why.contains("is SUPER"), "{refusal}");
        }
        let key = Distribution::Key(Identifier::new("payload").unwrap());
        assert!(view().distributed(key).is_err());
    }

    #[test]
    fn a_key_must_be_a_column_and_stand_once() {
        let key = |name: &str| Identifier::new(name).unwrap();
        assert!(view().sorted_by([key("user_id")]).is_err());
        assert!(view().sorted_by([]).is_err());
        assert!(
            view()
                .sorted_by([key("kafka_offset"), key("kafka_offset")])
                .is_err()
        );
    }
}

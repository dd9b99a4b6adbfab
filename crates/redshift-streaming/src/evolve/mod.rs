//! Another select under a streaming view, without losing or doubling a record.
//!
//! A streaming view cannot be altered, and a new one starts again at the oldest
//! record that the stream still keeps: it overlaps with what was landed before, and
//! lacks what has expired. [`evolve`] keeps what was landed in a table of the old
//! shape, and cuts table and new view per partition by position; the plain views on
//! top (what is JSON, what is not) go on showing every record once.
//!
//! # Expected flow
//!
//! | statement | what the plain views on top read after it |
//! |---|---|
//! | the new select is tried: made as `<view>_probe`, and dropped | the old view |
//! | `CREATE TABLE <view>_history_<n>_<hash> (LIKE <view>)` | the old view |
//! | the plain views are replaced | the table and the old view, of which each record is in one |
//! | `ALTER TABLE … APPEND`: all rows move at once | the same |
//! | the plain views are replaced | the table |
//! | the old view is dropped, the new one made and refreshed | the table |
//! | the plain views are replaced | the table, and the new view behind the table's last position |
//!
//! # Guarantees
//! - It can be killed between any two statements, or in one, and called again: what
//!   was done is read from the catalog. The table's name carries the hash of the old
//!   select, so that an evolution that was begun is known from one that is over.
//! - Records may arrive meanwhile, and the old view may refresh itself: what it reads
//!   after its rows were moved is read again by the new view, behind the cut.
//! - Nothing is dropped before its rows are in the table, and their count was checked.
//!
//! # Assumptions
//! - The stream still keeps what arrives between the move and the first refresh of
//!   the new view. Where the new view begins behind the cut, [`Evolved::gaps`] says so.
//! - `LIKE` takes a materialized view; AWS shows it for tables. Where Redshift refuses
//!   it, nothing has been changed yet.

mod run;

pub use run::evolve;

use crate::data::SqlError;
use crate::ddl::{CreateMaterializedView, Identifier, Landing, QualifiedName};
use crate::statements::{StatementsError, create_view, in_view_schema};
use crate::{StreamingSpec, ViewSpec};
use xacct_types::Invalid;

/// What a view should become, and what stands on top of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evolution {
    new: CreateMaterializedView,
    form: Landing,
    parsed: Option<Identifier>,
    quarantine: Option<Identifier>,
    readers: Vec<Identifier>,
}

impl Evolution {
    /// Makes the view of that name into `new`.
    ///
    /// # Errors
    /// [`EvolveError`] where `new` is no landing select with partition and offset, by
    /// which history is cut, or its name is too long for a history.
    pub fn to(new: CreateMaterializedView) -> Result<Self, EvolveError> {
        let name = new.name().name().clone();
        let form = landing_of(&name, &new)?;
        Identifier::new(format!("{}_history_99_01234567", name.as_str()))?;
        Ok(Self {
            new,
            form,
            parsed: None,
            quarantine: None,
            readers: Vec::new(),
        })
    }

    /// What `view` of `spec` asks for.
    ///
    /// # Errors
    /// As [`to`](Self::to), and where the spec has no statement.
    pub fn of(spec: &StreamingSpec, view: &ViewSpec) -> Result<Self, EvolveError> {
        let mut evolution = Self::to(create_view(spec, view)?)?;
        evolution.parsed = view.parsed_name()?;
        evolution.quarantine = view.quarantine_name()?;
        evolution.readers.clone_from(&view.readers);
        Ok(evolution)
    }

    /// The plain view of what is JSON, which is to go on showing all of it.
    #[must_use]
    pub fn with_parsed(mut self, name: Identifier) -> Self {
        self.parsed = Some(name);
        self
    }

    /// The plain view of what is not JSON, which is to go on showing all of it.
    #[must_use]
    pub fn with_quarantine(mut self, name: Identifier) -> Self {
        self.quarantine = Some(name);
        self
    }

    /// A database user who may read the new view: grants go with the old one.
    #[must_use]
    pub fn with_reader(mut self, user: Identifier) -> Self {
        self.readers.push(user);
        self
    }

    fn name(&self) -> &Identifier {
        self.new.name().name()
    }

    /// What the names of all history tables of the view begin with.
    fn prefix(&self) -> String {
        history_prefix(self.name())
    }
}

/// What the names of the history tables of a view begin with.
pub(crate) fn history_prefix(view: &Identifier) -> String {
    format!("{}_history_", view.folded().as_str())
}

fn landing_of(name: &Identifier, view: &CreateMaterializedView) -> Result<Landing, EvolveError> {
    let form = view.body().landing().filter(|form| form.position().is_some());
    form.cloned().ok_or_else(|| EvolveError::NoPosition {
        view: name.as_str().to_owned(),
    })
}

/// How an evolution ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Evolved {
    /// The statements that this call ran, by label, in order.
    pub steps: Vec<String>,
    /// The rows that histories hold, and that the new view does not show again.
    pub kept: u64,
    /// Partitions whose new rows do not begin right behind the cut. Harmless where the
    /// stream has holes of its own (transactions, compaction); otherwise records
    /// expired before anybody read them.
    pub gaps: Vec<Gap>,
}

/// Positions of a partition that neither history nor new view has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The partition.
    pub partition: String,
    /// The last position of the history.
    pub last: String,
    /// The first of the new view.
    pub first: String,
}

/// A view was not evolved. Every statement before the failing one stays, and calling
/// again goes on behind it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvolveError {
    /// The cut needs both parts of the position in old and new view.
    #[error(
        "view \"{view}\" has no landing select with partition and offset, by which its history could be cut: \
         land both columns, or make the view under another name"
    )]
    NoPosition {
        /// The view.
        view: String,
    },
    /// Something reads the old view that would be left without its rows.
    #[error(
        "view \"{view}\" is read by {readers}: drop them, or make them again WITH NO SCHEMA BINDING \
         over the plain view on top"
    )]
    HasDependents {
        /// The view.
        view: String,
        /// Plain views over it.
        readers: String,
    },
    /// Rows are missing or double behind the move; nothing was dropped.
    #[error(
        "the history \"{table}\" holds {found} rows where {expected} were expected; the view was not dropped"
    )]
    Counts {
        /// The history.
        table: String,
        /// Rows that should be there.
        expected: u64,
        /// Rows that are.
        found: u64,
    },
    /// A name or position cannot be used.
    #[error("the evolution cannot be written")]
    Invalid(#[from] Invalid),
    /// The spec has no statement.
    #[error("the new view cannot be written")]
    Statements(#[from] StatementsError),
    /// A statement failed.
    #[error("a step of the evolution failed; calling again goes on there")]
    Sql(#[from] SqlError),
}

/// FNV-1a over the old select: a name for one evolution, the same on every run.
fn hash(text: &str) -> String {
    let mixed = text.bytes().fold(0x811c_9dc5_u32, |sum, byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{mixed:08x}")
}

fn qualified(name: &Identifier) -> QualifiedName {
    in_view_schema(name)
}

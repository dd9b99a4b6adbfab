//! Plain views: `CREATE VIEW` and `DROP VIEW`.

use super::ident::{Identifier, QualifiedName, name_list};
use super::scan::{Lexeme, on_one_line, same, scan};
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
    pub(crate) fn rendered(text: String) -> Self {
        Self(text)
    }

    /// The text, on one line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it reads a relation whose name begins with `prefix`.
    #[must_use]
    pub fn reads_any(&self, prefix: &str) -> bool {
        let begins = |lexeme: &Lexeme| lexeme.name().is_some_and(|name| name.starts_with(prefix));
        scan(&self.0).is_ok_and(|lexemes| lexemes.iter().any(begins))
    }

    /// Whether this is `other`, with histories of the view put in front by an
    /// evolution: relations whose names begin with `prefix`.
    #[must_use]
    pub fn continues(&self, other: &Self, prefix: &str) -> bool {
        let (Ok(all), Ok(other)) = (scan(&self.0), scan(&other.0)) else {
            return false;
        };
        let mut parts: Vec<&[Lexeme]> = all.split(|lexeme| lexeme.is("union")).collect();
        let until_where = |part: &[Lexeme]| part.iter().take_while(|l| !l.is("where")).count();
        let Some(last) = parts.pop() else { return false };
        // What stands behind UNION is ALL.
        let last = if last.first().is_some_and(|l| l.is("all")) {
            &last[1..]
        } else {
            last
        };
        let history = |part: &[Lexeme]| {
            let from = part.iter().position(|lexeme| lexeme.is("from"));
            let name = from.and_then(|from| part.get(from + 3)?.name());
            name.is_some_and(|name| name.starts_with(prefix))
        };
        same(&last[..until_where(last)], &other[..until_where(&other)])
            && parts.iter().all(|part| history(part))
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
    columns: Vec<Identifier>,
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
            columns: Vec::new(),
            or_replace: false,
            late_binding: false,
            select,
        }
    }

    /// Names the columns, instead of taking the names of the select.
    ///
    /// ```
    /// use redshift_streaming::ddl::{CreateView, Identifier, QualifiedName, Select};
    ///
    /// let select = Select::new("SELECT count(*) FROM public.myview1")?;
    /// let view = CreateView::new(QualifiedName::parse("public.counts")?, select);
    /// assert_eq!(
    ///     view.columns([Identifier::new("n")?])?.to_string(),
    ///     r#"CREATE VIEW "public"."counts" ("n") AS SELECT count(*) FROM public.myview1"#
    /// );
    /// # Ok::<(), xacct_types::Invalid>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`] where there is none, or two differ in case only: Redshift folds names.
    pub fn columns(mut self, names: impl IntoIterator<Item = Identifier>) -> Result<Self, Invalid> {
        let names: Vec<Identifier> = names.into_iter().collect();
        if names.is_empty() {
            return Err(Invalid::new("columns", "", "names no column"));
        }
        for (n, name) in names.iter().enumerate() {
            if names[..n].iter().any(|other| other.folded() == name.folded()) {
                return Err(Invalid::new("column", name.as_str(), "stands twice in the view"));
            }
        }
        self.columns = names;
        Ok(self)
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

impl fmt::Display for CreateView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_replace = if self.or_replace { "OR REPLACE " } else { "" };
        write!(f, "CREATE {or_replace}VIEW {}", self.name)?;
        if !self.columns.is_empty() {
            write!(f, " ({})", name_list(&self.columns))?;
        }
        write!(f, " AS {}", self.select)?;
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
/// let both = drop.and(QualifiedName::parse("public.sums")?).cascade();
/// assert_eq!(both.to_string(), r#"DROP VIEW IF EXISTS "public"."counts", "public"."sums" CASCADE"#);
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropView {
    name: QualifiedName,
    more: Vec<QualifiedName>,
    if_exists: bool,
    cascade: bool,
}

impl DropView {
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

    /// Makes a missing view no error.
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

impl fmt::Display for DropView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let if_exists = if self.if_exists { "IF EXISTS " } else { "" };
        write!(f, "DROP VIEW {if_exists}{}", self.name)?;
        self.more.iter().try_for_each(|name| write!(f, ", {name}"))?;
        f.write_str(if self.cascade { " CASCADE" } else { "" })
    }
}

//! Drift: what the catalog says against what is wanted, without a state file.
//!
//! Redshift keeps the text of every view (`pg_views`), and this crate reads its own
//! statements back, so two definitions are compared as trees and not as hashes. Where
//! the kept text cannot be read (Redshift is free to print it in another way), the
//! columns decide: other columns are drift, equal columns are taken as equal and the
//! answer says that it is unsure. What the catalog never tells (`BACKUP`), and
//! options of an external schema that it does not show, are not compared.

use crate::ddl::{
    CreateExternalSchema, CreateMaterializedView, CreateView, IamRole, Select, Statement, StreamSource,
    ViewBody, read,
};
use crate::query::{ColumnRow, ExternalSchemaRow};
use std::fmt;

/// How two definitions compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// They say the same.
    Same,
    /// They say the same as far as the catalog can be read; the text says what could not be.
    Unsure(String),
    /// They differ.
    Differs(Vec<Difference>),
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What differs, for example `select` or `IAM_ROLE`.
    pub what: &'static str,
    /// What is wanted.
    pub wanted: String,
    /// What the catalog has.
    pub found: String,
}

impl Difference {
    fn new(what: &'static str, wanted: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self {
            what,
            wanted: wanted.to_string(),
            found: found.to_string(),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} instead of {}", self.what, self.found, self.wanted)
    }
}

impl Comparison {
    fn of(differences: Vec<Difference>) -> Self {
        if differences.is_empty() {
            Self::Same
        } else {
            Self::Differs(differences)
        }
    }

    /// Whether nothing has to be done.
    #[must_use]
    pub fn is_same(&self) -> bool {
        !matches!(self, Self::Differs(_))
    }
}

/// Compares a materialized view's select with what the catalog keeps of it.
///
/// `definition` is the text of `pg_views`, `columns` are those of `svv_columns`.
/// Auto refresh, which can change in place, is not compared here.
///
/// ```
/// use redshift_streaming::ddl::{CreateMaterializedView, Identifier, Landing, Payload, QualifiedName};
/// use redshift_streaming::drift::{Comparison, compare_view};
/// use xacct_types::TopicName;
///
/// let landing = Landing::kafka(Identifier::new("s")?, &TopicName::new("clicks")?);
/// let kept = CreateMaterializedView::new(QualifiedName::parse("v")?, landing.clone()).to_string();
/// let wanted = |landing| CreateMaterializedView::new(QualifiedName::parse("public.v").unwrap(), landing);
/// assert_eq!(compare_view(&wanted(landing.clone()), Some(&kept), &[]), Comparison::Same);
///
/// let changed = wanted(landing.with_payload(Payload::Json));
/// assert!(!compare_view(&changed, Some(&kept), &[]).is_same());
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn compare_view(
    wanted: &CreateMaterializedView,
    definition: Option<&str>,
    columns: &[ColumnRow],
) -> Comparison {
    let read_body = definition.and_then(|text| match read(text) {
        Ok(Statement::CreateMaterializedView(found)) => Some(found.body().clone()),
        Ok(_) => None,
        // A select alone counts only if it is one of ours; Redshift's own print of a
        // view reads hidden tables and says nothing about the definition.
        Err(_) => ViewBody::written(text.trim().trim_end_matches(';'))
            .ok()
            .filter(|found| found.landing().is_some() || found.same_as(wanted.body())),
    });
    match read_body {
        Some(found) if found.same_as(wanted.body()) => Comparison::Same,
        Some(found) => Comparison::of(vec![Difference::new("select", wanted.body(), found)]),
        None => compare_columns(wanted, columns),
    }
}

fn compare_columns(wanted: &CreateMaterializedView, found: &[ColumnRow]) -> Comparison {
    let unsure = |why: &str| Comparison::Unsure(why.to_owned());
    let Some(landing) = wanted.body().landing() else {
        return unsure("the catalog's definition could not be read, and the select was written by hand");
    };
    if found.is_empty() {
        return unsure("the catalog shows neither a readable definition nor columns");
    }
    let wanted: Vec<String> = landing.column_names().iter().map(|c| c.folded().into()).collect();
    let found: Vec<String> = found
        .iter()
        .map(|c| c.column_name.trim().to_ascii_lowercase())
        .collect();
    if wanted == found {
        return unsure("the catalog's definition could not be read; its columns are the wanted ones");
    }
    let difference = Difference::new("columns", wanted.join(", "), found.join(", "));
    Comparison::of(vec![difference])
}

/// Compares a plain view with what the catalog keeps of it.
#[must_use]
pub fn compare_plain_view(wanted: &CreateView, definition: Option<&str>) -> Comparison {
    let Some(text) = definition else {
        return Comparison::Unsure("the catalog shows no definition".into());
    };
    match read(text) {
        // The statement itself is kept of a view that binds late: what differs is meant.
        Ok(Statement::CreateView(found)) if found.select().same_as(wanted.select()) => Comparison::Same,
        Ok(Statement::CreateView(found)) => {
            Comparison::of(vec![Difference::new("select", wanted.select(), found.select())])
        }
        Ok(other) => Comparison::of(vec![Difference::new("kind", "a plain view", other.label())]),
        // Redshift prints the select of a bound view anew, with casts and aliases of its own.
        Err(_) => match Select::new(text.trim().trim_end_matches(';')) {
            Ok(found) if found.same_as(wanted.select()) => Comparison::Same,
            _ => Comparison::Unsure("the catalog prints the view's select in words of its own".into()),
        },
    }
}

/// Compares an external schema with the catalog's row.
///
/// The kind is always compared; of `esoptions` only what it shows. AWS documents
/// `IAM_ROLE` in it and no more for streams, so other keys are compared where they
/// are present and missed silently where they are not.
///
/// ```
/// use redshift_streaming::ddl::{CreateExternalSchema, Identifier, IamRole, KinesisSource};
/// use redshift_streaming::drift::{Comparison, compare_schema};
/// use redshift_streaming::query::ExternalSchemaRow;
///
/// let wanted = CreateExternalSchema::new(Identifier::new("s")?, KinesisSource::new(IamRole::Default));
/// let row = ExternalSchemaRow {
///     schema_name: "s".into(),
///     kind: 9,
///     owner: 100,
///     options: Some(r#"{"IAM_ROLE":"default"}"#.into()),
/// };
/// assert_eq!(compare_schema(&wanted, &row), Comparison::Same);
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn compare_schema(wanted: &CreateExternalSchema, found: &ExternalSchemaRow) -> Comparison {
    let source = wanted.source();
    let mut differences = Vec::new();
    if found.kind != source.catalog_kind() {
        differences.push(Difference::new("kind", source.catalog_kind(), found.kind));
        return Comparison::of(differences);
    }
    let options = found
        .options
        .as_deref()
        .map(serde_json::from_str::<serde_json::Value>);
    let Some(Ok(serde_json::Value::Object(options))) = options else {
        return Comparison::Unsure("the catalog's options could not be read".into());
    };
    let shown = |what: &str| {
        let key = options.keys().find(|key| key.eq_ignore_ascii_case(what))?;
        options[key].as_str()
    };
    for (what, wanted) in shown_options(source) {
        if let Some(text) = shown(what).filter(|text| !text.eq_ignore_ascii_case(&wanted)) {
            differences.push(Difference::new(what, wanted, text));
        }
    }
    // A schema by address has no cluster, and one by cluster no address.
    let (own, other) = match source {
        StreamSource::Kinesis(_) => return Comparison::of(differences),
        StreamSource::Msk(_) => ("CLUSTER_ARN", "URI"),
        StreamSource::Kafka(_) => ("URI", "CLUSTER_ARN"),
    };
    if let (None, Some(text)) = (shown(own), shown(other)) {
        differences.push(Difference::new(
            "source",
            format!("by {own}"),
            format!("by {other} {text}"),
        ));
    }
    Comparison::of(differences)
}

/// The options that `esoptions` may show.
fn shown_options(source: &StreamSource) -> Vec<(&'static str, String)> {
    let mut options = Vec::new();
    if let Some(role) = source.role() {
        let text = match role {
            IamRole::Default => "default".to_owned(),
            IamRole::Chain(chain) => {
                let roles: Vec<&str> = chain.roles().iter().map(xacct_types::RoleArn::as_str).collect();
                roles.join(",")
            }
        };
        options.push(("IAM_ROLE", text));
    }
    if let Some(authentication) = source.authentication() {
        options.push(("AUTHENTICATION", authentication.to_owned()));
    }
    match source {
        StreamSource::Kinesis(_) => {}
        StreamSource::Msk(msk) => options.push(("CLUSTER_ARN", msk.cluster().as_str().to_owned())),
        StreamSource::Kafka(kafka) => options.push(("URI", kafka.brokers().to_string())),
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddl::{Identifier, Landing, MskSource, QualifiedName};
    use xacct_types::{ClusterArn, RoleArn, TopicName};

    fn view() -> CreateMaterializedView {
        let topic = TopicName::new("clicks").unwrap();
        let landing = Landing::kafka(Identifier::new("s").unwrap(), &topic);
        CreateMaterializedView::new(QualifiedName::parse("public.v").unwrap(), landing)
    }

    #[test]
    fn a_definition_in_other_spacing_case_and_parentheses_is_the_same() {
        let kept = view().to_string().replace(" AS SELECT ", " as (\n select ") + "\n);";
        assert_eq!(compare_view(&view(), Some(&kept), &[]), Comparison::Same);
    }

    #[test]
    fn a_select_alone_is_compared_too() {
        let kept = view().body().to_string();
        assert_eq!(compare_view(&view(), Some(&kept), &[]), Comparison::Same);
    }

    #[test]
    fn an_unreadable_definition_leaves_the_decision_to_the_columns() {
        let column = |name: &str| ColumnRow {
            column_name: name.into(),
            data_type: "super".into(),
        };
        let landing = view();
        let names = landing.body().landing().unwrap().column_names();
        let same: Vec<ColumnRow> = names.iter().map(|name| column(name.as_str())).collect();
        let compared = compare_view(
            &landing,
            Some("SELECT derived.col FROM mv_tbl__v__0 derived"),
            &same,
        );
        assert!(matches!(compared, Comparison::Differs(_)) || compared.is_same());
        assert!(matches!(
            compare_view(&landing, None, &same),
            Comparison::Unsure(_)
        ));
        assert!(!compare_view(&landing, None, &[column("payload")]).is_same());
    }

    #[test]
    fn a_plain_view_differs_only_where_its_own_statement_is_kept() {
        let wanted = CreateView::quarantine(QualifiedName::parse("public.bad").unwrap(), &view()).unwrap();
        let wanted = wanted.late_binding();
        assert_eq!(
            compare_plain_view(&wanted, Some(&wanted.to_string())),
            Comparison::Same
        );
        let other = "CREATE VIEW public.bad AS SELECT kafka_offset FROM public.v WITH NO SCHEMA BINDING;";
        assert!(!compare_plain_view(&wanted, Some(other)).is_same());
        let kind = view().to_string();
        assert!(
            !compare_plain_view(&wanted, Some(&kind)).is_same(),
            "a materialized view of that name"
        );
        for unclear in [None, Some("SELECT v.kafka_offset FROM public.v;")] {
            assert!(matches!(
                compare_plain_view(&wanted, unclear),
                Comparison::Unsure(_)
            ));
        }
    }

    #[test]
    fn another_chain_in_the_catalog_is_drift_and_a_missing_key_is_not() {
        let arn = "arn:aws:kafka:ap-south-1:111111111111:cluster/c/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1";
        let role = RoleArn::new("arn:aws:iam::222222222222:role/a").unwrap();
        let source = MskSource::iam(ClusterArn::new(arn).unwrap(), role);
        let wanted = CreateExternalSchema::new(Identifier::new("s").unwrap(), source);
        let row = |options: &str| ExternalSchemaRow {
            schema_name: "s".into(),
            kind: 10,
            owner: 1,
            options: Some(options.into()),
        };
        assert_eq!(compare_schema(&wanted, &row("{}")), Comparison::Same);
        let found = compare_schema(
            &wanted,
            &row(r#"{"IAM_ROLE":"arn:aws:iam::222222222222:role/b"}"#),
        );
        let Comparison::Differs(differences) = found else {
            panic!("{found:?}")
        };
        assert_eq!(
            differences[0].to_string(),
            "IAM_ROLE: arn:aws:iam::222222222222:role/b instead of arn:aws:iam::222222222222:role/a"
        );
        let by_address = compare_schema(&wanted, &row(r#"{"URI":"b-1.example.com:9098"}"#));
        assert!(
            matches!(&by_address, Comparison::Differs(found) if found[0].to_string()
                == "source: by URI b-1.example.com:9098 instead of by CLUSTER_ARN"),
            "{by_address:?}"
        );
    }
}

//! The external schema.

use super::catalog::Catalog;
use super::running::{Done, Reach, Session, run, run_again, taken, unwritable};
use super::{Reading, Stream};
use crate::StreamingSpec;
use crate::data::DataApi;
use crate::ddl::{
    AlterExternalSchema, CreateExternalSchema, DropMaterializedView, DropSchema, Identifier,
    SchemaAuthentication, SchemaOption, Statement, StreamSource,
};
use crate::drift::{Comparison, Difference, compare_schema};
use crate::query::ExternalSchemaRow;
use crate::statements::{create_schema, in_view_schema};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use xacct_converge::{Context, Decision, Failure, Inputs, Needs, Reason, Resource, Timing};

/// An external schema that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SchemaOut {
    /// Its name.
    pub name: String,
    /// The statement that makes it.
    pub sql: String,
    /// Whether this run made it, so that views over an older one no longer work.
    #[serde(skip)]
    pub(super) anew: Anew,
}

/// A mark for the rest of the run. It is no part of what a schema is: two outputs
/// are the same whatever it says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Anew(pub(super) bool);

impl PartialEq for Anew {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Anew {}

pub(super) struct SchemaResource {
    session: Session,
    seen: Option<ExternalSchemaRow>,
    /// The views of the pipeline that are there and go before the schema does.
    ours: Vec<Identifier>,
    /// Views of somebody else over the schema.
    others: Vec<String>,
    spec: Arc<StreamingSpec>,
    reading: Reading,
}

impl SchemaResource {
    pub(super) fn new(
        session: &Session,
        catalog: &Catalog,
        spec: &Arc<StreamingSpec>,
        reading: Reading,
    ) -> Self {
        let names = || spec.views.iter().map(|view| view.name.clone());
        let over = catalog.views_over(&spec.schema.name).into_iter();
        let others = over.filter(|seen| !names().any(|name| name.as_str().eq_ignore_ascii_case(seen)));
        Self {
            session: session.clone(),
            seen: catalog.schema(&spec.schema.name).cloned(),
            ours: names().filter(|name| catalog.has_view(name)).collect(),
            others: others.map(str::to_owned).collect(),
            spec: spec.clone(),
            reading,
        }
    }

    /// The schema as it should be; `None` while a part of it is not known.
    fn wanted(&self, inputs: &Inputs<'_>) -> Option<Result<CreateExternalSchema, Failure>> {
        Some(match self.reading.inputs(inputs)? {
            Ok(inputs) => create_schema(&self.spec, &inputs).map_err(unwritable),
            Err(error) => Err(Failure::terminal(
                "redshift:CreateExternalSchema",
                error.to_string(),
            )),
        })
    }

    fn known(&self, inputs: &Inputs<'_>) -> Result<CreateExternalSchema, Failure> {
        self.wanted(inputs)
            .ok_or_else(|| Failure::bug("the schema's parts are not known"))?
    }

    fn output(&self, wanted: Option<&CreateExternalSchema>, anew: bool) -> SchemaOut {
        let sql = wanted.map(|wanted| Statement::from(wanted.clone()).to_string());
        let name = self.spec.schema.name.as_str().to_owned();
        SchemaOut {
            name,
            sql: sql.unwrap_or_default(),
            anew: Anew(anew),
        }
    }

    /// What will differ although nobody can say how yet.
    fn unknown(&self, known: &Inputs<'_>, seen: &ExternalSchemaRow) -> Decision<SchemaOut> {
        let current = self.output(None, false);
        let was = |key: &str| option(seen, key).unwrap_or_else(|| "(not shown)".to_owned());
        match &self.reading.stream {
            // A cluster that is made anew has another ARN, which cannot be altered.
            Stream::Cluster(arn) if known.known(arn).is_none() => {
                Decision::replace(current, vec![Reason::follows("CLUSTER_ARN", was("CLUSTER_ARN"))])
            }
            Stream::Brokers(brokers) if known.known(brokers).is_none() => {
                Decision::update(current, vec![Reason::follows("URI", was("URI"))])
            }
            _ => Decision::update(current, vec![Reason::follows("IAM_ROLE", was("IAM_ROLE"))]),
        }
    }

    /// Drops the views of the pipeline, then the schema.
    async fn clear(&self, api: &DataApi, cx: &Context) -> Result<(), Failure> {
        if !self.others.is_empty() {
            let why = format!(
                "the external schema must be made anew, and views that are not of this pipeline read it: {}; \
                 drop them first",
                self.others.join(", ")
            );
            return Err(Failure::terminal("redshift:DropSchema", why));
        }
        for view in &self.ours {
            run_again(
                api,
                cx,
                DropMaterializedView::new(in_view_schema(view)).if_exists(),
            )
            .await?;
        }
        run_again(
            api,
            cx,
            DropSchema::new(self.spec.schema.name.clone()).if_exists(),
        )
        .await
    }

    /// Accepts what is there if it is what was asked for.
    async fn accept(
        &self,
        wanted: &CreateExternalSchema,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Option<SchemaOut>, Failure> {
        let catalog = self.session.catalog(inputs, cx).await?;
        let Some(seen) = catalog.schema(wanted.name()) else {
            return Ok(None);
        };
        match compare_schema(wanted, seen) {
            Comparison::Differs(differences) => Err(taken(wanted.name().as_str(), &listed(&differences))),
            Comparison::Same | Comparison::Unsure(_) => Ok(Some(self.output(Some(wanted), true))),
        }
    }
}

/// An option that the catalog shows as text.
fn option(seen: &ExternalSchemaRow, key: &str) -> Option<String> {
    let options: serde_json::Value = serde_json::from_str(seen.options.as_deref()?).ok()?;
    let mut entries = options.as_object()?.iter();
    let (_, value) = entries.find(|(name, _)| name.eq_ignore_ascii_case(key))?;
    value.as_str().map(str::to_owned)
}

pub(super) fn listed(differences: &[Difference]) -> String {
    let texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

pub(super) fn reasons(differences: &[Difference]) -> Vec<Reason> {
    differences
        .iter()
        .map(|d| Reason::differs(d.what, &d.found, &d.wanted))
        .collect()
}

/// The statement that removes `differences`; `None` where one of them cannot be
/// altered. `ALTER EXTERNAL SCHEMA` has no clause for the cluster's ARN and does
/// not take schemas over Kinesis.
fn alteration(wanted: &CreateExternalSchema, differences: &[Difference]) -> Option<AlterExternalSchema> {
    let source = wanted.source();
    let option = |difference: &Difference| match (difference.what, source) {
        (_, StreamSource::Kinesis(_)) => None,
        ("IAM_ROLE", _) => source.role().cloned().map(SchemaOption::Role),
        ("AUTHENTICATION", _) => match source.authentication()? {
            "iam" => Some(SchemaOption::Authentication(SchemaAuthentication::Iam)),
            "none" => Some(SchemaOption::Authentication(SchemaAuthentication::None)),
            _ => None,
        },
        ("URI", StreamSource::Kafka(kafka)) => Some(SchemaOption::Brokers(kafka.brokers().clone())),
        _ => None,
    };
    let options: Vec<SchemaOption> = differences.iter().map(option).collect::<Option<_>>()?;
    let mut options = options.into_iter();
    let first = AlterExternalSchema::new(wanted.name().clone(), options.next()?);
    Some(options.fold(first, AlterExternalSchema::and))
}

impl Resource for SchemaResource {
    type Output = SchemaOut;

    fn kind(&self) -> &'static str {
        "Redshift::ExternalSchema"
    }

    fn needs(&self) -> Needs {
        self.session.needs_with(self.reading.needs())
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<SchemaOut> {
        let Some(seen) = &self.seen else {
            return Decision::create();
        };
        let wanted = match self.wanted(known) {
            None => return self.unknown(known, seen),
            // Why it cannot be written is said when it is applied.
            Some(Err(error)) => {
                let reason = Reason::differs("definition", "as it is", error.message());
                return Decision::update(self.output(None, false), vec![reason]);
            }
            Some(Ok(wanted)) => wanted,
        };
        let current = self.output(Some(&wanted), false);
        match compare_schema(&wanted, seen) {
            Comparison::Same | Comparison::Unsure(_) => Decision::keep(current),
            Comparison::Differs(differences) => match alteration(&wanted, &differences) {
                Some(_) => Decision::update(current, reasons(&differences)),
                None => Decision::replace(current, reasons(&differences)),
            },
        }
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<SchemaOut, Failure> {
        let wanted = self.known(inputs)?;
        let api = self.session.api(inputs)?;
        if let Some(seen) = &self.seen {
            // What was not known when the plan was made may turn out to be as it was.
            if compare_schema(&wanted, seen).is_same() {
                return Ok(self.output(Some(&wanted), false));
            }
            self.clear(&api, cx).await?;
        }
        match run(&api, cx, &wanted.clone().into(), Reach::Stream).await? {
            Done::Ran => Ok(self.output(Some(&wanted), true)),
            Done::Exists => {
                let hidden = || {
                    taken(
                        wanted.name().as_str(),
                        "it is not visible to this user as an external schema",
                    )
                };
                self.accept(&wanted, inputs, cx).await?.ok_or_else(hidden)
            }
        }
    }

    async fn recover(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Option<SchemaOut>, Failure> {
        // What was there before may still be there: then it is cleared once more.
        if self.seen.is_some() {
            return Ok(None);
        }
        let catalog = self.session.catalog(inputs, cx).await?;
        let wanted = self.known(inputs)?;
        let same = catalog
            .schema(wanted.name())
            .is_some_and(|seen| compare_schema(&wanted, seen).is_same());
        Ok(same.then(|| self.output(Some(&wanted), true)))
    }

    async fn configure(
        &self,
        current: SchemaOut,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<SchemaOut, Failure> {
        let (Some(seen), false) = (&self.seen, reasons.is_empty()) else {
            return Ok(current);
        };
        let wanted = self.known(inputs)?;
        let output = self.output(Some(&wanted), false);
        let Comparison::Differs(differences) = compare_schema(&wanted, seen) else {
            return Ok(output);
        };
        let Some(alteration) = alteration(&wanted, &differences) else {
            let why = format!(
                "it must be made anew, which the plan did not say ({}): plan again",
                listed(&differences)
            );
            return Err(Failure::terminal("redshift:AlterExternalSchema", why));
        };
        run_again(&self.session.api(inputs)?, cx, alteration).await?;
        Ok(output)
    }

    async fn delete(&self, _: &SchemaOut, cx: &Context) -> Result<(), Failure> {
        let doomed = DropSchema::new(self.spec.schema.name.clone()).if_exists();
        self.session.drop(cx, doomed).await
    }

    fn is_held_by_dependents(&self) -> bool {
        false
    }

    fn timing(&self) -> Timing {
        Timing::seconds(3, 0)
    }
}

//! The external schema.

use super::catalog::{SeenSchema, options_of};
use super::{Connection, Reading, run_patiently, unwritable};
use crate::StreamingSpec;
use crate::ddl::{AlterExternalSchema, IamRole, RoleChain, SchemaOption, Statement};
use crate::statements::create_schema;
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
}

pub(super) struct SchemaResource {
    pub(super) connection: Connection,
    pub(super) seen: Option<SeenSchema>,
    pub(super) spec: Arc<StreamingSpec>,
    pub(super) reading: Reading,
}

impl SchemaResource {
    fn statement(&self, inputs: &Inputs<'_>) -> Option<Result<Statement, Failure>> {
        Some(match self.reading.inputs(inputs)? {
            Ok(inputs) => create_schema(&self.spec, &inputs)
                .map(Statement::from)
                .map_err(unwritable),
            Err(error) => Err(Failure::terminal(
                "redshift:CreateExternalSchema",
                error.to_string(),
            )),
        })
    }

    fn output(&self, inputs: &Inputs<'_>) -> SchemaOut {
        let sql = self
            .statement(inputs)
            .and_then(Result::ok)
            .map(|sql| sql.to_string())
            .unwrap_or_default();
        SchemaOut {
            name: self.spec.schema.name.as_str().to_owned(),
            sql,
        }
    }

    /// The chain of roles as the catalog should show it.
    fn chain(&self, inputs: &Inputs<'_>) -> Option<String> {
        let roles = inputs.all_known(&self.reading.roles)?;
        Some(
            roles
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(","),
        )
    }
}

impl Resource for SchemaResource {
    type Output = SchemaOut;

    fn kind(&self) -> &'static str {
        "redshift:ExternalSchema"
    }

    fn needs(&self) -> Needs {
        let needs = self.reading.needs();
        needs
            .value(&self.connection.namespace)
            .value(&self.connection.workgroup)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<SchemaOut> {
        let Some(seen) = &self.seen else {
            return Decision::create();
        };
        let current = self.output(known);
        let shown = options_of(seen).remove("IAM_ROLE");
        let reasons = match (shown, self.chain(known)) {
            (Some(old), Some(new)) if old != new => vec![Reason::differs("IAM_ROLE", old, new)],
            (Some(old), None) => vec![Reason::follows("IAM_ROLE", old)],
            _ => Vec::new(),
        };
        Decision::update(current, reasons)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<SchemaOut, Failure> {
        let missing = || Failure::bug("the schema's parts are not known");
        let statement = self.statement(inputs).ok_or_else(missing)??;
        let api = self.connection.api(inputs)?;
        run_patiently(&api, cx, "create the external schema", &statement.to_string()).await?;
        Ok(self.output(inputs))
    }

    async fn configure(
        &self,
        current: SchemaOut,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<SchemaOut, Failure> {
        if reasons.is_empty() {
            return Ok(current);
        }
        let refused = |error: xacct_types::Invalid| {
            Failure::terminal("redshift:AlterExternalSchema", error.to_string())
        };
        let chain = RoleChain::new(inputs.get_all(&self.reading.roles)?).map_err(refused)?;
        let change = SchemaOption::Role(IamRole::Chain(chain));
        let statement = Statement::from(AlterExternalSchema::new(self.spec.schema.name.clone(), change));
        let api = self.connection.api(inputs)?;
        run_patiently(&api, cx, "change the external schema", &statement.to_string()).await?;
        Ok(self.output(inputs))
    }

    async fn delete(&self, _: &SchemaOut, _: &Context) -> Result<(), Failure> {
        // It goes with the namespace, which this crate made.
        Ok(())
    }

    fn timing(&self) -> Timing {
        Timing::seconds(3, 0)
    }
}

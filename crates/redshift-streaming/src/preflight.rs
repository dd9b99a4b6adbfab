//! What a database user lacks, found before the first statement that changes anything.

use crate::StreamingSpec;
use crate::data::{DataApi, SqlError};
use crate::objects::Catalog;
use crate::query::{self, Rights};
use crate::statements::VIEW_SCHEMA;
use xacct_converge::{Context, Failure, Finding, Report};

/// The links that are looked at.
const CREDENTIALS: &str = "warehouse/credentials";
const DATABASE: &str = "warehouse/database/create";
const PUBLIC: &str = "warehouse/schema/public/create";

/// Looks at whether `api`, as the user that it is, may make and keep up what `spec`
/// asks for. Two queries, nothing is changed.
///
/// | what is found | what mends it |
/// |---|---|
/// | the caller may not read the secret, or may not get credentials | the action and the ARN |
/// | a fresh database refuses `CREATE SCHEMA` to an IAM identity | the admin's secret, or a grant |
/// | a view belongs to somebody else, who alone may refresh it | the secret of its owner, or another owner |
///
/// # Errors
/// [`SqlError`] where the database could not be asked for another reason.
pub async fn preflight(api: &DataApi, cx: &Context, spec: &StreamingSpec) -> Result<Report, SqlError> {
    let mut report = Report::default();
    let asked = api.ask(cx, &query::rights(&spec.database)).await;
    let rights = match asked {
        Err(SqlError::Call { source, .. }) if source.is_code(&["AccessDeniedException"]) => {
            report.find(no_credentials(api, spec, &source));
            return Ok(report);
        }
        asked => asked?.into_iter().next(),
    };
    report.pass(CREDENTIALS);
    let catalog = Catalog::read(api, false, cx).await?;
    if let Some(rights) = rights {
        privileges(&mut report, &catalog, spec, &rights);
        owners(&mut report, &catalog, spec, &rights);
    }
    Ok(report)
}

fn no_credentials(api: &DataApi, spec: &StreamingSpec, refusal: &Failure) -> Finding {
    let (what, mend) = match api.secret() {
        Some(secret) => (
            "the caller may not read the secret that SQL is sent with".to_owned(),
            format!(
                "allow it secretsmanager:GetSecretValue on {secret}, and kms:Decrypt where a key of your own \
                 encrypts it"
            ),
        ),
        None => (
            format!(
                "the caller gets no credentials for the database {}",
                spec.database
            ),
            "allow it redshift-serverless:GetCredentials on the workgroup, or send SQL with a secret"
                .to_owned(),
        ),
    };
    Finding::error(CREDENTIALS, what, mend).with_evidence(refusal.message().to_owned())
}

fn privileges(report: &mut Report, catalog: &Catalog, spec: &StreamingSpec, rights: &Rights) {
    let user = &rights.asker;
    if rights.creates_schemas || catalog.schema(&spec.schema.name).is_some() {
        report.pass(DATABASE);
    } else {
        let what = format!("{user} may not create a schema in the database {}", spec.database);
        let mend = format!(
            "send SQL with the secret of the namespace's admin, or as the admin: \
             GRANT CREATE ON DATABASE \"{}\" TO \"{user}\"",
            spec.database
        );
        report.find(Finding::error(DATABASE, what, mend));
    }
    let missing = spec.views.iter().any(|view| !catalog.has_view(&view.name));
    if rights.creates_relations || !missing {
        report.pass(PUBLIC);
    } else {
        let what = format!("{user} may not create a view in the schema {VIEW_SCHEMA}");
        let mend = format!("as the admin: GRANT CREATE, USAGE ON SCHEMA {VIEW_SCHEMA} TO \"{user}\"");
        report.find(Finding::error(PUBLIC, what, mend));
    }
}

fn owners(report: &mut Report, catalog: &Catalog, spec: &StreamingSpec, rights: &Rights) {
    for view in &spec.views {
        let link = format!("warehouse/view/{}/owner", view.name.as_str());
        match catalog.view_row(&view.name) {
            Some(seen) if seen.owner != rights.asker => {
                let what = format!(
                    "the view belongs to {}, and only its owner may refresh it",
                    seen.owner
                );
                let mend = format!(
                    "send SQL with the secret of {}, or as {0}: ALTER TABLE {VIEW_SCHEMA}.{} OWNER TO \"{}\"",
                    seen.owner,
                    view.name.as_str(),
                    rights.asker
                );
                let sent = format!("SQL is sent as {}", rights.asker);
                report.find(Finding::error(link, what, mend).with_evidence(sent));
            }
            _ => report.pass(link),
        }
    }
}

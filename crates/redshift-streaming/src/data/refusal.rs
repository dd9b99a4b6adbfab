//! What Redshift's refusals say about trying again.
//!
//! Redshift gives no code with a refused statement, only text. What AWS made a
//! moment ago takes a while to arrive (a role that cannot be assumed yet, a name
//! that does not resolve yet, a route that is not there yet), and the texts of
//! those refusals are mostly not documented. So the table names what is known
//! never to pass; everything else about a stream is worth another try until a
//! deadline. A missing privilege in the database ends at once although a role
//! without rights is waited for: the two speak of different things.

/// What a refusal says about trying the statement again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outlook {
    /// Something of that name is there already.
    Exists,
    /// Another transaction was in the way; the same statement works later.
    Contended,
    /// Something on the way to the stream may not have arrived yet.
    MayPass,
    /// Nothing but a change mends it.
    Final,
}

/// Texts that all stand in a refusal, what they mean, and who says so.
struct Known {
    texts: &'static [&'static str],
    outlook: Outlook,
    #[cfg_attr(not(test), expect(dead_code, reason = "for whoever reads the table"))]
    source: &'static str,
}

const fn known(texts: &'static [&'static str], outlook: Outlook, source: &'static str) -> Known {
    Known {
        texts,
        outlook,
        source,
    }
}

/// PostgreSQL's wording, which Redshift inherited from version 8.0.2.
const POSTGRES: &str = "PostgreSQL 8.0: src/backend, error messages";
/// What Redshift adds to it.
const GUIDE: &str = "Amazon Redshift developer guide";

/// In this order: the first row that fits decides.
const TABLE: &[Known] = &[
    known(&["already exists"], Outlook::Exists, POSTGRES),
    // Roles and the way to the stream. They are named although "may pass" is the
    // rule anyway, because some of them hold words of rows below.
    known(
        &["ot authorized to get credentials of role"],
        Outlook::MayPass,
        "github.com/terraform-aws-modules/terraform-aws-dms/issues/5",
    ),
    known(
        &["is not authorized to assume"],
        Outlook::MayPass,
        "github.com/fullstorydev/hauser/issues/10",
    ),
    known(
        &["is not associated to cluster"],
        Outlook::MayPass,
        "Amazon Redshift management guide: the role of a namespace is not in sync yet",
    ),
    known(
        &["AccessDenied"],
        Outlook::MayPass,
        "AWS STS and IAM API references: eventual consistency",
    ),
    known(
        &["conflict with concurrent transaction"],
        Outlook::Contended,
        "github.com/dbt-labs/dbt-adapters/pull/1873",
    ),
    known(&["erializable isolation violation"], Outlook::Contended, GUIDE),
    known(&["deadlock detected"], Outlook::Contended, POSTGRES),
    known(
        &["could not open relation with OID"],
        Outlook::Contended,
        "github.com/dbt-labs/dbt-adapters/pull/1873",
    ),
    known(&["syntax error"], Outlook::Final, POSTGRES),
    known(&["conflicting or redundant options"], Outlook::Final, POSTGRES),
    // With "for" it speaks of a database, schema or relation; without, of anything.
    known(&["permission denied for "], Outlook::Final, POSTGRES),
    known(&["must be owner of"], Outlook::Final, POSTGRES),
    known(&["must be superuser"], Outlook::Final, POSTGRES),
    known(&["other objects depend on it"], Outlook::Final, POSTGRES),
    known(&["database \"", "does not exist"], Outlook::Final, POSTGRES),
    known(&["schema \"", "does not exist"], Outlook::Final, POSTGRES),
    known(&["user \"", "does not exist"], Outlook::Final, POSTGRES),
    known(&["group \"", "does not exist"], Outlook::Final, POSTGRES),
    known(&["column \"", "does not exist"], Outlook::Final, POSTGRES),
    known(&["function ", "does not exist"], Outlook::Final, POSTGRES),
    known(&["operator does not exist"], Outlook::Final, POSTGRES),
    known(&["is not a view"], Outlook::Final, POSTGRES),
    known(&["is not a materialized view"], Outlook::Final, GUIDE),
    known(&["not supported"], Outlook::Final, GUIDE),
    known(&["is reserved"], Outlook::Final, GUIDE),
    known(&["cannot cast type"], Outlook::Final, POSTGRES),
    // A record that the view's own select cannot take blocks it until it is made
    // again ("Streaming ingestion to a materialized view").
    known(&["JSON parsing error"], Outlook::Final, GUIDE),
    known(
        &["navigation on column"],
        Outlook::Final,
        "github.com/aws-solutions-library-samples/guidance-for-game-analytics-pipeline-on-aws/pull/144",
    ),
    known(
        &["could not be refreshed as"],
        Outlook::Final,
        "developer guide, SVL_MV_REFRESH_STATUS",
    ),
];

/// What the text of a refusal says about trying the statement again.
///
/// ```
/// use redshift_streaming::data::{Outlook, outlook};
///
/// let waits = "ERROR: Not authorized to get credentials of role arn:aws:iam::111111111111:role/reader";
/// assert_eq!(outlook(waits), Outlook::MayPass);
/// assert_eq!(outlook("ERROR: permission denied for database dev"), Outlook::Final);
/// assert_eq!(outlook("ERROR: relation \"myview1\" already exists"), Outlook::Exists);
/// ```
#[must_use]
pub fn outlook(text: &str) -> Outlook {
    let fits = |known: &&Known| known.texts.iter().all(|part| text.contains(part));
    TABLE
        .iter()
        .find(fits)
        .map_or(Outlook::MayPass, |known| known.outlook)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts as Redshift writes them, and what becomes of the statement.
    const SEEN: &[(&str, Outlook)] = &[
        (
            "ERROR: Topic clicks not found: unknown topic or partition",
            Outlook::MayPass,
        ),
        (
            "ERROR: Timeout while connecting to the streaming source. Unable to connect.",
            Outlook::MayPass,
        ),
        ("ERROR: Topic authorization failed", Outlook::MayPass),
        (
            "ERROR: Failed to get the bootstrap brokers of the MSK cluster",
            Outlook::MayPass,
        ),
        (
            "ERROR: The requested role arn:aws:iam::222222222222:role/a is not associated to cluster",
            Outlook::MayPass,
        ),
        (
            "ERROR: User arn:aws:redshift:us-east-1:2:dbuser:c/u is not authorized to assume IAM Role x",
            Outlook::MayPass,
        ),
        (
            "ERROR: permission denied: AccessDenied while assuming the role",
            Outlook::MayPass,
        ),
        (
            "ERROR: relation \"mskschema.testtopic\" does not exist",
            Outlook::MayPass,
        ),
        ("Connection to the workgroup was lost", Outlook::MayPass),
        ("ERROR: permission denied for schema public", Outlook::Final),
        (
            "ERROR: must be owner of materialized view myview1",
            Outlook::Final,
        ),
        ("FATAL: database \"nowhere\" does not exist", Outlook::Final),
        ("ERROR: user \"IAMR:Analyst\" does not exist", Outlook::Final),
        (
            "ERROR: cannot drop schema s because other objects depend on it",
            Outlook::Final,
        ),
        (
            "ERROR: could not complete because of conflict with concurrent transaction",
            Outlook::Contended,
        ),
        (
            "ERROR: 1023 DETAIL: Serializable isolation violation on a table in Redshift",
            Outlook::Contended,
        ),
        ("ERROR: schema \"mskschema\" already exists", Outlook::Exists),
    ];

    #[test]
    fn a_role_that_has_not_arrived_is_waited_for_and_a_missing_privilege_is_not() {
        for (text, expected) in SEEN {
            assert_eq!(outlook(text), *expected, "{text}");
        }
    }

    #[test]
    fn every_row_has_a_text_and_a_source() {
        for row in TABLE {
            assert!(!row.texts.is_empty() && !row.source.is_empty());
        }
    }

    #[test]
    fn no_row_hides_another() {
        for (n, row) in TABLE.iter().enumerate() {
            let text = row.texts.join(" ");
            let first = TABLE
                .iter()
                .position(|other| other.texts.iter().all(|part| text.contains(part)));
            assert_eq!(first, Some(n), "{text}");
        }
    }
}

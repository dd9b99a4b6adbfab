//! What happened: scans of streams and refreshes.
//! <https://docs.aws.amazon.com/redshift/latest/dg/r_SYS_STREAM_SCAN_STATES.html>

use rusqlite::types::Value;

use super::{CHAR128, FLAG, NAME, Rows, Source, View, number, text, time};
use crate::sql::types::Ty;

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "pg_catalog",
        name: "sys_stream_scan_states",
        shape: &[
            ("external_schema_name", CHAR128),
            ("stream_name", Ty::Char(255)),
            ("mv_name", CHAR128),
            ("transaction_id", Ty::BigInt),
            ("query_id", Ty::BigInt),
            ("record_time", Ty::Timestamp),
            ("partition_id", CHAR128),
            ("latest_position", CHAR128),
            ("scanned_rows", Ty::BigInt),
            ("skipped_rows", Ty::BigInt),
            ("scanned_bytes", Ty::BigInt),
            ("stream_record_time_min", Ty::Timestamp),
            ("stream_record_time_max", Ty::Timestamp),
        ],
        fill: scan_states,
    },
    View {
        schema: "pg_catalog",
        name: "sys_stream_scan_errors",
        shape: &[
            ("external_schema_name", CHAR128),
            ("stream_name", Ty::Char(255)),
            ("mv_name", CHAR128),
            ("transaction_id", Ty::BigInt),
            ("query_id", Ty::BigInt),
            ("stream_timestamp_type", FLAG),
            ("stream_timestamp", Ty::Timestamp),
            ("record_time", Ty::Timestamp),
            ("partition_id", CHAR128),
            ("position", CHAR128),
            ("error_code", Ty::Int),
            ("error_reason", CHAR128),
        ],
        fill: scan_errors,
    },
    View {
        schema: "pg_catalog",
        name: "sys_mv_refresh_history",
        shape: &[
            ("user_id", Ty::Int),
            ("session_id", Ty::Int),
            ("transaction_id", Ty::BigInt),
            ("database_name", CHAR128),
            ("schema_name", CHAR128),
            ("mv_id", Ty::BigInt),
            ("mv_name", CHAR128),
            ("refresh_type", Ty::Char(32)),
            ("status", Ty::Varchar(1_024)),
            ("start_time", Ty::Timestamp),
            ("end_time", Ty::Timestamp),
            ("duration", Ty::BigInt),
        ],
        fill: refreshes,
    },
    View {
        schema: "pg_catalog",
        name: "pg_user",
        shape: &[("usename", NAME), ("usesysid", Ty::Int), ("usesuper", Ty::Bool)],
        fill: |source| {
            let users = source.warehouse.accounts.users.iter();
            users
                .map(|(name, user)| vec![text(name), number(user.id), number(i64::from(user.superuser))])
                .collect()
        },
    },
];

fn scan_states(source: &Source<'_>) -> Rows {
    let millis = |at: Option<i64>| at.map_or(Value::Null, |at| time(at * 1_000));
    let visible = source
        .warehouse
        .history
        .scans
        .iter()
        .filter(|scan| source.sees(&scan.user));
    visible
        .map(|scan| {
            vec![
                text(&scan.schema),
                text(&scan.stream),
                text(&scan.view),
                number(scan.transaction),
                number(scan.query),
                time(scan.at),
                text(&scan.partition),
                text(&scan.latest_position),
                number(scan.scanned_rows),
                number(scan.skipped_rows),
                number(scan.scanned_bytes),
                millis(scan.earliest),
                millis(scan.latest),
            ]
        })
        .collect()
}

fn scan_errors(source: &Source<'_>) -> Rows {
    let visible = source
        .warehouse
        .history
        .errors
        .iter()
        .filter(|error| source.sees(&error.user));
    visible
        .map(|error| {
            vec![
                text(&error.schema),
                text(&error.stream),
                text(&error.view),
                number(error.transaction),
                number(error.query),
                text(error.timestamp_type.to_string()),
                time(error.timestamp),
                time(error.at),
                text(&error.partition),
                text(&error.position),
                number(error.code),
                text(&error.reason),
            ]
        })
        .collect()
}

fn refreshes(source: &Source<'_>) -> Rows {
    let visible = source
        .warehouse
        .history
        .refreshes
        .iter()
        .filter(|refresh| source.sees(&refresh.user));
    visible
        .map(|refresh| {
            vec![
                number(source.user_id(&refresh.user)),
                number(1_073_750_000),
                number(refresh.transaction),
                text(&refresh.database),
                text(&refresh.schema),
                number(refresh.view_id),
                text(&refresh.view),
                text(if refresh.manual { "Manual" } else { "Auto" }),
                text(&refresh.status),
                time(refresh.started),
                time(refresh.ended),
                number(refresh.ended - refresh.started),
            ]
        })
        .collect()
}

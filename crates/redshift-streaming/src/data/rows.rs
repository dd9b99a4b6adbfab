//! Records of the Data API as JSON.

use super::Row;
use aws_sdk_redshiftdata::types::{ColumnMetadata, Field};
use serde_json::Value;

/// One record by column name.
pub(super) fn object(columns: &[ColumnMetadata], record: &[Field]) -> Row {
    let named = columns.iter().zip(record).map(|(column, field)| {
        let name = column.label().or(column.name()).unwrap_or_default().to_owned();
        (name, value(column, field))
    });
    named.collect()
}

/// A field as JSON; the service gives SUPER, decimals and times as text.
fn value(column: &ColumnMetadata, field: &Field) -> Value {
    match field {
        Field::LongValue(number) => Value::from(*number),
        Field::DoubleValue(number) => Value::from(*number),
        Field::BooleanValue(truth) => Value::from(*truth),
        Field::StringValue(text) => match column.type_name().unwrap_or_default() {
            "super" => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str())),
            // SUM of BIGINT is NUMERIC(38, 0), and a sum is a number to whoever reads it.
            "numeric" | "decimal" if column.scale() == 0 => whole(text),
            _ => Value::from(text.as_str()),
        },
        _ => Value::Null,
    }
}

/// A number without a fraction; as text where it is too large for 64 bits.
fn whole(text: &str) -> Value {
    let signed = text.trim().parse::<i64>().map(Value::from);
    let unsigned = || text.trim().parse::<u64>().map(Value::from);
    signed
        .or_else(|_| unsigned())
        .unwrap_or_else(|_| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(type_name: &str, scale: i32, text: &str) -> Value {
        let column = ColumnMetadata::builder()
            .label("c")
            .type_name(type_name)
            .scale(scale)
            .build();
        let row = object(&[column], &[Field::StringValue(text.to_owned())]);
        row["c"].clone()
    }

    #[test]
    fn text_becomes_what_its_column_says() {
        assert_eq!(read("super", 0, r#"{"a": [1]}"#), json!({ "a": [1] }));
        assert_eq!(read("varchar", 0, "12"), json!("12"));
        assert_eq!(read("numeric", 0, "12"), json!(12));
        assert_eq!(read("numeric", 0, "18446744073709551615"), json!(u64::MAX));
        assert_eq!(
            read("numeric", 0, "99999999999999999999"),
            json!("99999999999999999999")
        );
        assert_eq!(
            read("numeric", 2, "1.50"),
            json!("1.50"),
            "a fraction stays exact"
        );
        assert_eq!(
            read("timestamp", 0, "2026-01-02 03:04:05"),
            json!("2026-01-02 03:04:05")
        );
    }

    #[test]
    fn null_is_null_whatever_the_column() {
        let column = ColumnMetadata::builder().name("c").type_name("super").build();
        assert_eq!(object(&[column], &[Field::IsNull(true)])["c"], Value::Null);
    }
}

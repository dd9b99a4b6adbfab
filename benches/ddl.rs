//! Building, rendering and reading a typical view, beside what `format!` takes for the same text.

use criterion::{Criterion, criterion_group, criterion_main};
use redshift_streaming::ddl::{CreateMaterializedView, Identifier, Landing, QualifiedName, Statement, read};
use std::hint::black_box;
use xacct_types::{Invalid, TopicName};

/// A landing view with a sort key that refreshes itself.
fn view(schema: &str, topic: &str, name: &str) -> Result<Statement, Invalid> {
    let landing = Landing::kafka(Identifier::new(schema)?, &TopicName::new(topic)?);
    let view = CreateMaterializedView::new(QualifiedName::parse(name)?, landing);
    let sorted = view.sorted_by([Identifier::new("kafka_timestamp")?])?;
    Ok(sorted.auto_refresh(true).into())
}

/// The same text, if nothing in the names needs care.
fn formatted(schema: &str, topic: &str, name: &str) -> String {
    let (of, name) = name.split_once('.').unwrap_or(("public", name));
    format!(
        "CREATE MATERIALIZED VIEW \"{of}\".\"{name}\" SORTKEY (\"kafka_timestamp\") AUTO REFRESH YES AS SELECT \
         \"kafka_partition\", \"kafka_offset\", \"kafka_timestamp_type\", \"kafka_timestamp\", \
         \"kafka_key\", \"kafka_headers\", \"refresh_time\", \"kafka_value\" AS \"raw\" \
         FROM \"{schema}\".\"{topic}\""
    )
}

const NAMES: [&str; 3] = ["mskschema", "testtopic", "public.myview1"];

fn ddl(criterion: &mut Criterion) {
    let [schema, topic, name] = NAMES;
    let Ok(built) = view(schema, topic, name) else {
        return;
    };
    let text = built.to_string();
    assert_eq!(text, formatted(schema, topic, name), "the two say the same");
    let mut group = criterion.benchmark_group("CREATE MATERIALIZED VIEW");
    group.bench_function("format!", |bencher| {
        bencher.iter(|| formatted(black_box(schema), black_box(topic), black_box(name)));
    });
    group.bench_function("build", |bencher| {
        bencher.iter(|| view(black_box(schema), black_box(topic), black_box(name)));
    });
    group.bench_function("render", |bencher| bencher.iter(|| black_box(&built).to_string()));
    group.bench_function("build and render", |bencher| {
        bencher
            .iter(|| view(black_box(schema), black_box(topic), black_box(name)).map(|view| view.to_string()));
    });
    group.bench_function("read", |bencher| bencher.iter(|| read(black_box(&text)).is_ok()));
    group.finish();
}

criterion_group!(benches, ddl);
criterion_main!(benches);

//! Rendering statements and reading them back.

use criterion::{Criterion, criterion_group, criterion_main};
use redshift_streaming::ddl::{CreateMaterializedView, Identifier, Landing, QualifiedName, Statement, read};
use std::hint::black_box;
use xacct_types::{Invalid, TopicName};

fn view() -> Result<Statement, Invalid> {
    let landing = Landing::kafka(Identifier::new("mskschema")?, &TopicName::new("testtopic")?);
    Ok(
        CreateMaterializedView::new(QualifiedName::parse("public.myview1")?, landing)
            .auto_refresh(true)
            .into(),
    )
}

fn ddl(criterion: &mut Criterion) {
    let Ok(view) = view() else { return };
    let text = view.to_string();
    criterion.bench_function("render CREATE MATERIALIZED VIEW", |bencher| {
        bencher.iter(|| black_box(&view).to_string());
    });
    criterion.bench_function("read CREATE MATERIALIZED VIEW", |bencher| {
        bencher.iter(|| read(black_box(&text)).is_ok());
    });
}

criterion_group!(benches, ddl);
criterion_main!(benches);

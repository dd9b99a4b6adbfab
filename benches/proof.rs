//! Proving a whole plan: packets, names and roles, before anything exists. The promise is less than 5 ms.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use xacct::PipelineSpec;

fn proof(criterion: &mut Criterion) {
    let Ok(spec) = PipelineSpec::from_toml(include_str!("../examples/specs/tutorial.toml")) else {
        return;
    };
    criterion.bench_function("prove a plan's networks", |bencher| {
        bencher.iter(|| black_box(&spec).prove().is_ok_and(|report| report.holds()));
    });
    criterion.bench_function("prove a plan's roles", |bencher| {
        bencher.iter(|| black_box(&spec).prove_roles().is_ok_and(|report| report.holds()));
    });
    criterion.bench_function("generate every policy of a plan", |bencher| {
        bencher.iter(|| black_box(&spec).policies().is_ok());
    });
}

criterion_group!(benches, proof);
criterion_main!(benches);

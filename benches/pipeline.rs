//! Planning and deploying the tutorial on the simulator, and planning a large graph.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use xacct_benches::{World, graph};

fn plan(criterion: &mut Criterion) {
    let thousand = graph(1000);
    criterion.bench_function("plan a graph of 1,000 resources", |bencher| {
        bencher.iter(|| black_box(thousand.plan().plan.steps.len()));
    });
    criterion.bench_function("read two empty accounts and plan the tutorial", |bencher| {
        bencher.iter(|| {
            World::new(7)
                .map(|world| world.plan().map(|plan| plan.steps.len()).unwrap_or(0))
                .unwrap_or(0)
        });
    });
}

fn deploy(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("simulator");
    group.sample_size(10);
    group.bench_function("deploy the tutorial", |bencher| {
        bencher.iter(|| World::new(7).is_ok_and(|world| world.deploy().is_ok()));
    });
    group.finish();
}

criterion_group!(benches, plan, deploy);
criterion_main!(benches);

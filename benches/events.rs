//! What `voxtra!` writes, beside what a careful engineer would by hand: from an event to its
//! handler, and to JSON. `cargo bench -p voxtra-benches --bench events`; what both did is compared
//! before anything is timed.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

mod event;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use event::{dispatch::Dispatch, json::Json};

fn events(criterion: &mut Criterion) {
    let mut dispatch = Dispatch::verified();
    let mut group = criterion.benchmark_group("dispatch");
    group.throughput(Throughput::Elements(dispatch.events()));
    group.bench_function("voxtra!", |bencher| bencher.iter(|| dispatch.generated()));
    group.bench_function("by hand", |bencher| bencher.iter(|| dispatch.by_hand()));
    group.finish();

    let mut json = Json::verified();
    let mut group = criterion.benchmark_group("json");
    group.bench_function("voxtra!", |bencher| bencher.iter(|| json.generated()));
    group.bench_function("by hand", |bencher| bencher.iter(|| json.by_hand()));
    group.finish();
}

criterion_group!(benches, events);
criterion_main!(benches);

//! How long a deployment takes and how many calls it makes, over some seeds; `drill --pace` does a hundred.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use xacct_examples::drill::Ground;
use xacct_examples::drill::pace::{again, many, orders, scaled};

#[test]
fn a_deployment_takes_hardly_longer_than_its_critical_path_whatever_the_latencies() {
    let ground = Ground::read(None).unwrap();
    for scale in [0.5, 1.0, 2.0] {
        let runs = many(&ground, 7, scale).unwrap();
        let found = scaled(&runs, scale);
        assert!(found.ratio_median <= 1.05 && found.ratio_p95 <= 1.1, "{found:?}");
        assert!(found.reads_p95 <= 650, "{found:?}");
        for run in &runs {
            let (slow, walk) = (
                orders::one_by_one(&run.spans),
                orders::unweighted_walk(&run.spans),
            );
            // What was asked for last may take effect just after its answer.
            assert!(run.critical <= run.seconds + 1.0, "{run:?}");
            assert!(
                run.critical <= walk.as_secs_f64() && walk < slow,
                "{walk:?} {slow:?}"
            );
        }
    }
}

#[test]
fn a_run_without_a_change_reads_little_and_writes_nothing() {
    let (reads, writes) = again(&Ground::read(None).unwrap(), 1).unwrap();
    assert_eq!(writes, 0);
    assert!(reads <= 45, "{reads}");
}

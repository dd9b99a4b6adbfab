//! Leases on the simulator: many who want one, holders who die, clocks that are wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test may panic, and sleeps in the simulator's time"
)]

use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_types::SdkConfig;
use std::cell::Cell;
use std::time::{Duration, SystemTime};
use xacct_converge::smithy::ConfigClock;
use xacct_converge::{Context, Effect, Gate, explain};
use xacct_iam::lease::{Holder, Lease, LeaseError, LeaseName, Leases, RENEW, STOP, TERM};
use xacct_sim::fault::{Rule, Verdict};
use xacct_sim::{Outcome, Sim};
use xacct_types::Owner;

const ACCOUNT: &str = "222222222222";
const HOUR: Duration = Duration::from_secs(3600);

fn sim() -> Sim {
    Sim::builder()
        .seed(5)
        .region("ap-south-1")
        .account(ACCOUNT)
        .build()
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

fn name() -> LeaseName {
    let owner = Owner::new("clicks".parse().unwrap());
    LeaseName::new(owner, &"ap-south-1".parse().unwrap(), "warehouse")
}

/// Somebody who wants the lease.
struct Wants {
    who: &'static str,
    leases: Leases,
    cx: Context,
}

impl Wants {
    fn new(sim: &Sim, who: &'static str) -> Self {
        Self::with(&sim.sdk_config(ACCOUNT), who)
    }

    fn with(config: &SdkConfig, who: &'static str) -> Self {
        let cx = Context::new(ConfigClock::of(config), 1);
        let leases = Leases::new(config, name());
        Self { who, leases, cx }
    }

    async fn take(&self, patience: Duration) -> Result<Lease, LeaseError> {
        let observed = self.leases.observe(&self.cx).await?;
        let holder = Holder {
            who: self.who.to_owned(),
            run: observed.request.clone(),
        };
        let (own, cx) = (&self.cx, &self.cx);
        self.leases.acquire(&holder, &observed, patience, own, cx).await
    }
}

/// Who is said to have the lease.
fn other(refused: Result<Lease, LeaseError>) -> String {
    match refused.expect_err("refused") {
        LeaseError::Busy(role) => role.holder.who,
        error => panic!("{}", explain(&error)),
    }
}

#[test]
fn of_many_who_ask_at_once_one_has_the_lease_and_the_others_are_told_who() {
    let sim = sim();
    sim.run(async {
        let all: Vec<Wants> = (0..20).map(|_| Wants::new(&sim, "somebody")).collect();
        let asked = futures_util::future::join_all(all.iter().map(|one| one.take(Duration::ZERO))).await;
        let (held, refused): (Vec<_>, Vec<_>) = asked.into_iter().partition(Result::is_ok);
        assert_eq!(held.len(), 1);
        assert!(refused.into_iter().all(|one| other(one) == "somebody"));
    });
}

#[test]
fn whoever_waits_has_it_after_the_other_and_never_with_the_other_and_nothing_is_left() {
    let sim = sim();
    sim.run(async {
        let (holders, most, turns) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let all: Vec<Wants> = (0..8).map(|_| Wants::new(&sim, "somebody")).collect();
        let work = all.iter().map(|one| async {
            let lease = one.take(HOUR).await.unwrap();
            holders.set(holders.get() + 1);
            most.set(most.get().max(holders.get()));
            sleep(seconds(60)).await;
            holders.set(holders.get() - 1);
            turns.set(turns.get() + 1);
            lease.release().await.unwrap();
        });
        futures_util::future::join_all(work).await;
        assert_eq!((most.get(), turns.get()), (1, 8));
    });
    assert!(sim.inventory(ACCOUNT).is_empty());
}

/// A clock that is wrong.
#[derive(Debug, Clone)]
struct Wrong {
    right: SharedTimeSource,
    behind: Duration,
    ahead: Duration,
}

impl TimeSource for Wrong {
    fn now(&self) -> SystemTime {
        self.right.now() - self.behind + self.ahead
    }
}

#[test]
fn what_a_dead_holder_had_is_free_after_its_term_whatever_the_clock_of_the_next_one_says() {
    let zero = Duration::ZERO;
    // AWS refuses what is signed with a clock that is off by more than five minutes.
    let off = seconds(290);
    for (behind, ahead) in [(zero, zero), (off, zero), (zero, off)] {
        let sim = sim();
        let right = sim.sdk_config(ACCOUNT);
        let clock = Wrong {
            right: right.time_source().unwrap(),
            behind,
            ahead,
        };
        let config = right.to_builder().time_source(clock).build();
        sim.run(async {
            let dead = Wants::new(&sim, "dead").take(zero).await.unwrap();
            let begun = sim.now();
            drop(dead);
            let next = Wants::with(&config, "next");
            assert_eq!(other(next.take(zero).await), "dead");
            let lease = next.take(HOUR).await.unwrap();
            let waited = sim.now() - begun;
            assert!(waited >= TERM && waited < TERM + seconds(60), "{waited:?}");
            lease.release().await.unwrap();
        });
        assert!(sim.inventory(ACCOUNT).is_empty());
    }
}

#[test]
fn a_dead_holder_of_yesterday_keeps_nobody_waiting() {
    let sim = sim();
    sim.run(async {
        drop(Wants::new(&sim, "dead").take(Duration::ZERO).await.unwrap());
        sleep(24 * HOUR).await;
        let begun = sim.now();
        let lease = Wants::new(&sim, "next").take(Duration::ZERO).await.unwrap();
        assert!(sim.now() - begun < seconds(20), "{:?}", sim.now() - begun);
        assert_eq!(lease.number() % 1000, 2);
        lease.release().await.unwrap();
    });
    assert!(sim.inventory(ACCOUNT).is_empty());
}

#[test]
fn a_holder_that_goes_on_calling_keeps_the_lease_for_as_long_as_it_likes() {
    let sim = sim();
    sim.run(async {
        let lease = Wants::new(&sim, "slow").take(Duration::ZERO).await.unwrap();
        let next = Wants::new(&sim, "next");
        for minute in 0..100 {
            for _ in 0..6 {
                lease.pass(Effect::Once).await.unwrap();
                sleep(seconds(10)).await;
            }
            assert_eq!(other(next.take(Duration::ZERO).await), "slow", "minute {minute}");
        }
        lease.release().await.unwrap();
        next.take(Duration::ZERO).await.unwrap().release().await.unwrap();
    });
    assert!(sim.inventory(ACCOUNT).is_empty());
    let made = sim.call_log();
    let made = made.iter().filter(|entry| entry.operation == "CreateRole");
    let renewals = 100 * 60 / RENEW.as_secs();
    let made = made
        .filter(|entry| matches!(entry.outcome, Outcome::Ok(_)))
        .count() as u64;
    assert!(made <= renewals + 2, "{made}");
}

#[test]
fn a_holder_that_slept_too_long_passes_no_call_any_more() {
    let sim = sim();
    sim.run(async {
        let lease = Wants::new(&sim, "sleeper").take(Duration::ZERO).await.unwrap();
        let next = Wants::new(&sim, "next").take(HOUR).await.unwrap();
        let refusal = lease.pass(Effect::Once).await.err().unwrap();
        assert!(explain(&refusal).contains("next has taken over"), "{refusal}");
        assert!(lease.release().await.is_err());
        next.pass(Effect::Once).await.unwrap();
        next.release().await.unwrap();
    });
    assert!(sim.inventory(ACCOUNT).is_empty());
}

#[test]
fn a_holder_that_cannot_renew_stops_long_before_anybody_may_take_over() {
    let sim = sim();
    let rule = Rule::new(Verdict::ServerError)
        .service("iam")
        .operation("CreateRole");
    sim.run(async {
        let lease = Wants::new(&sim, "holder").take(Duration::ZERO).await.unwrap();
        let begun = sim.now();
        let _down = sim.fault(rule.always());
        let mut held = Duration::ZERO;
        while lease.pass(Effect::Once).await.is_ok() {
            held = sim.now() - begun;
            sleep(seconds(1)).await;
        }
        assert!(
            held > RENEW && held < STOP && STOP < TERM - seconds(300),
            "{held:?}"
        );
    });
}

#[test]
fn whatever_happens_to_a_call_one_role_is_made_and_none_is_left() {
    let faults = [
        Verdict::LoseResponse,
        Verdict::ServerError,
        Verdict::Throttle,
        Verdict::Timeout,
    ];
    for fault in faults {
        for operation in ["ListRoles", "CreateRole", "GetRole", "DeleteRole"] {
            let sim = sim();
            sim.run(async {
                let rule = Rule::new(fault.clone()).service("iam").operation(operation);
                let guard = sim.fault(rule);
                let holder = Wants::new(&sim, "holder");
                let lease = holder.take(HOUR).await.unwrap();
                if operation == "GetRole" {
                    assert_eq!(
                        other(Wants::new(&sim, "next").take(Duration::ZERO).await),
                        "holder"
                    );
                }
                lease.release().await.unwrap();
                assert_eq!(guard.hits(), 1, "{fault:?} {operation}");
            });
            assert!(sim.inventory(ACCOUNT).is_empty(), "{fault:?} {operation}");
        }
    }
}

#[test]
fn what_a_holder_left_that_died_giving_it_back_is_removed_by_the_next_one_which_need_not_wait() {
    let sim = sim();
    sim.run(async {
        let lease = Wants::new(&sim, "dead").take(Duration::ZERO).await.unwrap();
        sleep(RENEW).await;
        lease.pass(Effect::Read).await.unwrap();
        let _death = sim.fault(
            Rule::new(Verdict::KillAfter)
                .service("iam")
                .operation("DeleteRole"),
        );
        tokio::select! {
            () = sim.killed() => sim.revive(),
            _ = lease.release() => panic!("it was to die"),
        }
        let left = sim
            .call(ACCOUNT, "iam", "ListRoles", serde_json::json!({}))
            .unwrap();
        assert_eq!(left["Roles"][0]["RoleName"], name().role(2).as_str());
        sleep(seconds(5)).await;
        let next = Wants::new(&sim, "next").take(Duration::ZERO).await.unwrap();
        next.release().await.unwrap();
    });
    assert!(sim.inventory(ACCOUNT).is_empty());
}

#[test]
fn a_strangers_role_with_the_leases_name_is_named_and_left_alone() {
    let sim = sim();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#;
    let role = serde_json::json!({ "RoleName": name().role(1), "AssumeRolePolicyDocument": trust });
    sim.call(ACCOUNT, "iam", "CreateRole", role).unwrap();
    let before = sim.inventory(ACCOUNT);
    sim.run(async {
        sleep(24 * HOUR).await;
        let refused = Wants::new(&sim, "somebody").take(HOUR).await;
        let text = explain(&refused.err().unwrap());
        assert!(
            text.contains(&name().role(1)) && text.contains("another name"),
            "{text}"
        );
    });
    assert_eq!(sim.inventory(ACCOUNT), before);
}

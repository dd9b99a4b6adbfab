//! One fault at one call, and what becomes of it.

use super::compare::Difference;
use super::ended::{Ended, Line};
use super::points::Point;
use super::story::Story;
use std::fmt;
use xacct::explain;
use xacct_sim::fault::{Rule, Verdict};
use xacct_sim::{Delivery, Outcome, Sim};

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The process dies before the call has its effect.
    KilledBefore,
    /// The process dies after the call had its effect.
    KilledAfter,
    /// The call has its effect, and the connection breaks before the answer.
    AnswerLost,
    /// The service says that there were too many calls.
    Throttled,
    /// The service says that it has a fault.
    ServerError,
    /// The call never arrives, and nobody says so.
    Timeout,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::KilledBefore,
        Self::KilledAfter,
        Self::AnswerLost,
        Self::Throttled,
        Self::ServerError,
        Self::Timeout,
    ];

    /// Those that end a process.
    pub const KILLS: [Self; 2] = [Self::KilledBefore, Self::KilledAfter];

    /// Those after which something may be there that nobody has seen.
    pub const UNSEEN: [Self; 3] = [Self::KilledBefore, Self::KilledAfter, Self::AnswerLost];

    /// As reports call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KilledBefore => "killed-before",
            Self::KilledAfter => "killed-after",
            Self::AnswerLost => "answer-lost",
            Self::Throttled => "throttled",
            Self::ServerError => "server-error",
            Self::Timeout => "timeout",
        }
    }

    /// Whether it can be told from the other faults at a call that changes nothing. Killed at a read, a process leaves
    /// what one leaves that is killed at the next write; a lost answer tells as little as one that never comes.
    const fn differs_at_reads(self) -> bool {
        matches!(self, Self::Throttled | Self::ServerError | Self::Timeout)
    }

    const fn verdict(self) -> Verdict {
        match self {
            Self::KilledBefore => Verdict::KillBefore,
            Self::KilledAfter => Verdict::KillAfter,
            Self::AnswerLost => Verdict::LoseResponse,
            Self::Throttled => Verdict::Throttle,
            Self::ServerError => Verdict::ServerError,
            Self::Timeout => Verdict::Timeout,
        }
    }

    const fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }
}

/// A fault at a point.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// The run that is disturbed.
    pub story: &'a Story,
    /// Where.
    pub point: Point,
    /// How.
    pub fault: Fault,
    /// When the process dies: whether the writes that were on their way still arrive.
    pub siblings_arrive: bool,
    /// How many more runs may be needed: two where something made just before the end may not have been visible to the
    /// next run, which then makes it twice; the run after that removes what is not in use.
    pub reruns: u32,
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let siblings = if self.siblings_arrive {
            ", siblings arrive"
        } else {
            ""
        };
        write!(f, "{}{siblings} at {}", self.fault.name(), self.point)
    }
}

impl<'a> Case<'a> {
    /// These faults at every point of a run, as far as they differ.
    pub fn all(story: &'a Story, points: &[Point], faults: &[Fault], reruns: u32) -> Vec<Self> {
        let mut cases = Vec::new();
        for point in points {
            for &fault in faults {
                if point.reads && !fault.differs_at_reads() {
                    continue;
                }
                let case = |siblings_arrive| Case {
                    story,
                    point: point.clone(),
                    fault,
                    siblings_arrive,
                    reruns,
                };
                cases.push(case(false));
                if fault.kills() && !case(true).siblings().is_empty() {
                    cases.push(case(true));
                }
            }
        }
        cases
    }

    /// What a table shows of it.
    pub fn line(&self, ended: &Ended) -> Line {
        Line {
            action: self.point.action.clone(),
            point: self.point.number,
            column: self.fault.name(),
            well: ended.well(),
            told: format!("{self}: {ended}"),
        }
    }

    /// Disturbs the run, runs again where it did not end well, and compares.
    pub fn run(&self) -> Ended {
        if self.fault.kills() {
            self.die()
        } else {
            self.disturb()
        }
    }

    /// Writes that were on their way.
    fn siblings(&self) -> Vec<&'a Delivery> {
        let Some((call, later)) = self.story.from(self.point.number).split_first() else {
            return Vec::new();
        };
        let mut siblings = call.siblings(later);
        siblings.retain(|sibling| {
            let entry = self.story.log.iter().find(|entry| entry.seq == sibling.number());
            entry.is_some_and(|entry| !entry.read_only)
        });
        siblings
    }

    /// The world that a dead process leaves, and a new process in it.
    fn die(&self) -> Ended {
        let Some(call) = self.story.from(self.point.number).first() else {
            return Ended::default();
        };
        let sim = call.before().restore();
        if self.fault == Fault::KilledAfter {
            call.arrive_at(&sim);
        }
        let hits = u64::from(self.hit(&sim));
        if self.siblings_arrive {
            self.siblings().iter().for_each(|sibling| sibling.arrive_at(&sim));
        }
        let first = self.story.errand.run(&self.story.ground, &sim);
        self.finish(&sim, hits, 1, first)
    }

    /// Whether the world is the one that this fault at this call leaves.
    fn hit(&self, sim: &Sim) -> bool {
        let log = sim.call_log();
        let recorded = self.story.log.iter().find(|entry| entry.seq == self.point.number);
        match self.fault {
            Fault::KilledBefore => log.len() as u64 == self.point.number,
            _ => {
                recorded.is_some()
                    && log.last().map(|entry| &entry.params) == recorded.map(|entry| &entry.params)
            }
        }
    }

    /// The same run with one call disturbed.
    fn disturb(&self) -> Ended {
        let sim = self.story.start.restore();
        let guard = sim.fault(Rule::new(self.fault.verdict()).call_number(self.point.number));
        let first = self.story.errand.run(&self.story.ground, &sim);
        let (hits, log) = (guard.hits(), sim.call_log());
        drop(guard);
        let met = log.get(usize::try_from(self.point.number).unwrap_or(usize::MAX));
        let recorded = self.story.log.iter().find(|entry| entry.seq == self.point.number);
        // The run went as the undisturbed one up to this call.
        let same = met.map(|entry| (&entry.account, &entry.operation, &entry.params))
            == recorded.map(|entry| (&entry.account, &entry.operation, &entry.params));
        let spoiled = met.is_some_and(|entry| !matches!(entry.outcome, Outcome::Ok(_)));
        let hits = if same && spoiled { hits } else { 0 };
        self.finish(&sim, hits, 0, first)
    }

    /// Compares, and runs once more where something is not as it should be.
    fn finish(&self, sim: &Sim, hits: u64, reruns: u32, first: Result<(), xacct::Error>) -> Ended {
        let (mut reruns, mut last) = (reruns, first);
        loop {
            let difference = Difference::between(&self.story.left, &self.story.ground.inventories(sim));
            let well = last.is_ok() && difference.is_none();
            if well || reruns >= self.reruns {
                let error = last.err().map(|error| explain(&error));
                return Ended {
                    hits,
                    reruns,
                    difference,
                    error,
                };
            }
            reruns += 1;
            last = self.story.errand.run(&self.story.ground, sim);
        }
    }
}

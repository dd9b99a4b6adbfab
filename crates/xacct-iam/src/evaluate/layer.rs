//! All policies of one kind together: do they deny, and do they allow?

use super::decide::Attached;
use super::decision::{Doubt, Lack, Mismatch, NearMiss, PolicyKind, StatementRef};
use super::principal::Reach;
use super::statement::{Asked, applies};
use super::truth::Truth;
use crate::policy::Effect;

/// What denies.
#[derive(Default)]
pub(super) struct Denies {
    pub(super) sure: Option<StatementRef>,
    pub(super) doubts: Vec<Doubt>,
}

/// Whether something allows, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Allow {
    Yes(Vec<StatementRef>),
    No(Vec<Lack>),
    Unknown(Vec<Doubt>),
}

impl Allow {
    /// Both must allow; a sure no outweighs a doubt.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No(mut a), Self::No(b)) => {
                a.extend(b);
                Self::No(a)
            }
            (Self::No(no), _) | (_, Self::No(no)) => Self::No(no),
            (Self::Unknown(mut a), Self::Unknown(b)) => {
                a.extend(b);
                Self::Unknown(a)
            }
            (Self::Unknown(doubt), _) | (_, Self::Unknown(doubt)) => Self::Unknown(doubt),
            (Self::Yes(mut a), Self::Yes(b)) => {
                a.extend(b);
                Self::Yes(a)
            }
        }
    }

    /// One is enough; a sure yes outweighs a doubt.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes(yes), _) | (_, Self::Yes(yes)) => Self::Yes(yes),
            (Self::Unknown(mut a), Self::Unknown(b)) => {
                a.extend(b);
                Self::Unknown(a)
            }
            (Self::Unknown(doubt), _) | (_, Self::Unknown(doubt)) => Self::Unknown(doubt),
            (Self::No(mut a), Self::No(b)) => {
                a.extend(b);
                Self::No(a)
            }
        }
    }
}

/// The policies of one kind.
pub(super) struct Layer<'a> {
    pub(super) kind: PolicyKind,
    pub(super) attached: &'a [Attached<'a>],
}

impl Layer<'_> {
    pub(super) fn denies(&self, asked: &Asked<'_>) -> Denies {
        let mut denies = Denies::default();
        self.each(Effect::Deny, asked, None, |statement, truth| match truth {
            Truth::Yes => {
                denies.sure.get_or_insert(statement);
            }
            Truth::Unknown(why) => denies.doubts.push(Doubt { statement, why }),
            Truth::No(_) => {}
        });
        denies
    }

    /// Whether an allow applies; in resource policies, one of exactly this reach.
    pub(super) fn allows(&self, asked: &Asked<'_>, reach: Option<Reach>) -> Allow {
        let (mut yes, mut doubts, mut nearest) = (Vec::new(), Vec::new(), None);
        self.each(Effect::Allow, asked, reach, |statement, truth| match truth {
            Truth::Yes => yes.push(statement),
            Truth::Unknown(why) => doubts.push(Doubt { statement, why }),
            Truth::No(why) => nearest = nearer(nearest.take(), NearMiss { statement, why }),
        });
        if !yes.is_empty() {
            // One statement is enough, and the first is as good as any.
            yes.truncate(1);
            return Allow::Yes(yes);
        }
        if !doubts.is_empty() {
            return Allow::Unknown(doubts);
        }
        Allow::No(vec![Lack {
            kind: self.kind,
            nearest,
        }])
    }

    fn each(
        &self,
        effect: Effect,
        asked: &Asked<'_>,
        reach: Option<Reach>,
        mut found: impl FnMut(StatementRef, Truth<Mismatch>),
    ) {
        for attached in self.attached {
            let document = attached.document;
            let with_effect = document.statements.iter().enumerate();
            for (index, statement) in with_effect.filter(|(_, s)| s.effect == effect) {
                let truth = applies(statement, self.kind, document.version, asked, reach);
                let reference = StatementRef {
                    kind: self.kind,
                    policy: attached.name.to_owned(),
                    sid: statement.sid.clone(),
                    index,
                };
                found(reference, truth);
            }
        }
    }
}

fn nearer(kept: Option<NearMiss>, new: NearMiss) -> Option<NearMiss> {
    match kept {
        Some(kept) if kept.why.stage() >= new.why.stage() => Some(kept),
        _ => Some(new),
    }
}

//! The answers of a proof, for people and for machines.

use super::dns::DnsAnswer;
use super::finding::{Finding, Hop, Severity};
use serde::Serialize;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Question {
    /// Are both networks there, apart and joined?
    NetworksAreJoined,
    /// Does every subnet of Redshift reach every broker, and back?
    RedshiftReachesBrokers,
    /// Does the warehouse's VPC resolve the brokers' names?
    RedshiftResolvesBrokers,
    /// Does Redshift reach STS, to change roles?
    RedshiftReachesSts,
    /// Does Redshift reach the MSK API, to look brokers up by cluster ARN?
    RedshiftReachesKafkaApi,
    /// Do producers in the source's private subnets reach the brokers?
    ProducerReachesBrokers,
}

impl Question {
    /// The question in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NetworksAreJoined => "both networks are there, apart and joined",
            Self::RedshiftReachesBrokers => "Redshift reaches the brokers",
            Self::RedshiftResolvesBrokers => "Redshift resolves the brokers' names",
            Self::RedshiftReachesSts => "Redshift reaches STS",
            Self::RedshiftReachesKafkaApi => "Redshift reaches the MSK API",
            Self::ProducerReachesBrokers => "producers reach the brokers",
        }
    }
}

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Answer {
    /// What was asked.
    pub question: Question,
    /// One way that gets through, there and back; empty where none does.
    pub hops: Vec<Hop>,
    /// Every link that does not hold, at most one finding each.
    pub findings: Vec<Finding>,
    /// What a name was answered with, where names were asked for.
    pub dns: Vec<DnsAnswer>,
}

impl Answer {
    /// Whether nothing is broken.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.severity < Severity::Broken)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = if self.holds() { "yes" } else { "NO" };
        writeln!(f, "{}: {verdict}", self.question)?;
        if self.holds() {
            for hop in &self.hops {
                writeln!(f, "    {hop}")?;
            }
        }
        for finding in &self.findings {
            writeln!(f, "  ! {finding}")?;
        }
        for answer in &self.dns {
            for line in answer.to_string().lines() {
                writeln!(f, "{}", format!("    | {line}").trim_end())?;
            }
        }
        Ok(())
    }
}

/// Every answer of a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// In the order of [`Question`].
    pub answers: Vec<Answer>,
}

impl Report {
    /// Whether nothing is broken.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.answers.iter().all(Answer::holds)
    }

    /// Every finding, each link once, the worst first.
    #[must_use]
    pub fn findings(&self) -> Vec<&Finding> {
        let mut found: Vec<&Finding> = Vec::new();
        for finding in self.answers.iter().flat_map(|answer| &answer.findings) {
            if !found.iter().any(|known| known.link == finding.link) {
                found.push(finding);
            }
        }
        found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        found
    }

    /// The answer to one question, where it was asked.
    #[must_use]
    pub fn answer(&self, question: Question) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.question == question)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.answers.iter().try_for_each(|answer| write!(f, "{answer}"))
    }
}

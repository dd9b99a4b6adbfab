//! Whether a deployed link works: the live networks, read and proved.

use crate::apply::Networks;
use crate::live::{self, Ends};
use crate::outputs::LinkOutputs;
use crate::proof::{self, Finding, Model, Options, Severity};
use crate::spec::Side;
use xacct_converge::{Context, Failure, Report};

impl Networks {
    /// Reads both live networks into a model. Read calls only.
    ///
    /// `ends` says where Redshift and the brokers stand; what is left out is taken
    /// from the plan: every private subnet, the groups meant for them.
    ///
    /// # Errors
    /// [`Failure`] names the call.
    pub async fn read(&self, outputs: &LinkOutputs, ends: &Ends, cx: &Context) -> Result<Model, Failure> {
        live::read(self, outputs, ends, cx).await
    }

    /// Reads the networks in which `ends` stand, whoever made them and whatever they are called. Read calls only.
    ///
    /// # Errors
    /// [`Failure`] names the call.
    pub async fn read_between(&self, ends: &Ends, cx: &Context) -> Result<Model, Failure> {
        live::read_between(self, ends, cx).await
    }

    /// Reads both live networks and proves that packets and names get through.
    ///
    /// # Errors
    /// [`Failure`] names the call; what is broken is in the report.
    pub async fn verify(
        &self,
        outputs: &LinkOutputs,
        ends: &Ends,
        options: &Options,
        cx: &Context,
    ) -> Result<Report, Failure> {
        let model = self.read(outputs, ends, cx).await?;
        Ok(report(&proof::prove(&model, options)))
    }

    /// Proves the plan before anything exists. Makes no call.
    #[must_use]
    pub fn prove_plan(&self, options: &Options) -> proof::Report {
        proof::prove(&proof::planned(self.link()), options)
    }
}

/// A proof as a report of the engine: what holds, and every finding by its link.
#[must_use]
pub fn report(proof: &proof::Report) -> Report {
    let mut report = Report::default();
    for answer in proof.answers.iter().filter(|answer| answer.holds()) {
        report.pass(answer.question.as_str());
    }
    proof
        .findings()
        .into_iter()
        .for_each(|finding| report.find(finding_of(finding)));
    report
}

fn finding_of(finding: &Finding) -> xacct_converge::Finding {
    let severity = match finding.severity {
        Severity::Note => xacct_converge::Severity::Note,
        Severity::Degraded => xacct_converge::Severity::Warning,
        Severity::Broken => xacct_converge::Severity::Error,
    };
    let side = match finding.link.side {
        Side::Source => "source",
        Side::Warehouse => "warehouse",
    };
    let link = finding.link.to_string();
    let what = format!("{} in the {side} account", finding.why);
    xacct_converge::Finding::new(severity, link, what, &finding.mend)
}

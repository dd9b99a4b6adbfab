//! Carrying out a plan, and taking it back where it fails.

use crate::collect;
use crate::control::Run;
use crate::deployment::Deployment;
use crate::draft::{Depth, Draft};
use crate::error::Error;
use crate::pipeline::{Allowed, OnFailure, Pipeline};
use std::sync::Arc;
use xacct_converge::{ApplyError, Change, Class, Context, Finding, Plan, Planned, Report, Step};
use xacct_iam::lease::{Lease, ObservedLeases, SIGHT};

impl Pipeline {
    /// Deploys: exactly `approved`, or whatever is wanted.
    pub(crate) async fn bring_about(&self, approved: Option<&Plan>) -> Result<Deployment, Error> {
        let run = self.run();
        let mut leases = self.observe_leases(&run.cx).await?;
        // While somebody else is at it, or what they left is there, a look says nothing.
        for look in 1.. {
            if !leases.numbers.is_empty() {
                break;
            }
            match Box::pin(self.look(approved, &run)).await {
                Ok(Some(done)) => return Ok(done),
                Ok(None) => break,
                Err(error) => leases = self.look_again(error, look, &run).await?,
            }
        }
        let lease = self.take_lease(&leases, &run).await?;
        let outcome = Box::pin(self.deploy_under(&lease, approved, &run)).await;
        self.give_back(&lease, outcome, &run).await
    }

    /// Looks without a lease: what there is, if nothing has to be done.
    async fn look(&self, approved: Option<&Plan>, run: &Run) -> Result<Option<Deployment>, Error> {
        let draft = Box::pin(self.draft(Depth::Everything, 0, &run.cx)).await?;
        let planned = self.checked(&draft, approved)?;
        if !planned.plan.is_empty() {
            return Ok(None);
        }
        let outputs = collect::outputs(&self.spec, &draft, &planned.existing())?;
        Ok(Some(Deployment::new(self.clone(), outputs, draft.graph.len())))
    }

    /// Whether `error` of a look stands, or somebody began to change what was
    /// looked at meanwhile. What is refused for what was seen is looked at twice:
    /// they may have finished meanwhile, too.
    async fn look_again(&self, error: Error, look: u32, run: &Run) -> Result<ObservedLeases, Error> {
        let refused = matches!(error, Error::Preflight(_) | Error::Moved(_));
        let leases = self.observe_leases(&run.cx).await?;
        if leases.numbers.is_empty() && !(refused && look == 1) {
            return Err(error);
        }
        Ok(leases)
    }

    /// Reads again, plans again and carries that out: nobody else writes meanwhile.
    async fn deploy_under(
        &self,
        lease: &Arc<Lease>,
        approved: Option<&Plan>,
        run: &Run,
    ) -> Result<Deployment, Error> {
        let cx = run.under(lease);
        let draft = Box::pin(self.draft(Depth::Everything, lease.number(), &cx)).await?;
        let planned = self.checked(&draft, approved)?;
        let record = planned.record.clone();
        let applied = match Box::pin(draft.graph.apply(planned, &cx)).await {
            Ok(applied) => applied,
            Err(error) if self.takes_back(&error) => {
                // The calls that remove see everything only after a while.
                run.own.sleep(SIGHT).await;
                let cx = run.own.clone().with_gate(Arc::clone(lease) as _);
                return Err(match Box::pin(draft.graph.roll_back(&record, &cx)).await {
                    Ok(()) => Error::RolledBack(Box::new(error)),
                    Err(left) => Error::Stranded {
                        left: Box::new(left),
                        source: Box::new(error),
                    },
                });
            }
            Err(error) => return Err(Error::Apply(Box::new(error))),
        };
        let outputs = collect::outputs(&self.spec, &draft, &applied)?;
        Ok(Deployment::new(self.clone(), outputs, draft.graph.len()))
    }

    /// Whether a failure is answered by removing what this run made.
    fn takes_back(&self, error: &ApplyError) -> bool {
        let failure = error.failure();
        let ended = failure.class() == Class::Stopped || failure.is_code(&["LeaseLost"]);
        self.on_failure == OnFailure::Rollback && !ended
    }

    /// The plan of a draft, if it is the approved one and may be carried out.
    fn checked(&self, draft: &Draft, approved: Option<&Plan>) -> Result<Planned, Error> {
        let planned = draft.graph.plan();
        if let Some(approved) = approved.filter(|approved| **approved != planned.plan) {
            return Err(Error::Moved(moved(approved, &planned.plan)));
        }
        self.check_allowed(&planned, draft)?;
        Ok(planned)
    }

    /// Refuses what would destroy something and was not allowed, or cannot be done
    /// while other resources stand on it.
    fn check_allowed(&self, planned: &Planned, draft: &Draft) -> Result<(), Error> {
        let mut report = Report::default();
        for (name, dependent) in planned.stuck(&draft.graph) {
            let what = format!("can only be made anew, and {dependent} stands on it");
            let mend = "give the field its old value, or destroy the pipeline and deploy again";
            report.find(Finding::error(name, what, mend));
        }
        for step in planned.plan.changes() {
            let Change::Replace(reasons) = &step.change else {
                continue;
            };
            let mend = match (step.destroys_data, self.allowed) {
                (true, Allowed { data_loss: false, .. }) => {
                    "allow the loss of data, or give the field its old value"
                }
                (false, Allowed { replace: false, .. }) => {
                    "allow replacements, or give the field its old value"
                }
                _ => continue,
            };
            let finding = Finding::error(&step.resource, "would be removed and made anew", mend);
            let seen = reasons.iter().map(ToString::to_string);
            report.find(seen.fold(finding, Finding::with_evidence));
        }
        if report.holds() {
            Ok(())
        } else {
            Err(Error::Preflight(report))
        }
    }

    /// Removes everything that the pipeline made.
    pub(crate) async fn take_away(&self) -> Result<Plan, Error> {
        let run = self.run();
        let mut leases = self.observe_leases(&run.cx).await?;
        for look in 1.. {
            if !leases.numbers.is_empty() {
                break;
            }
            match Box::pin(self.look_at_removal(&run)).await {
                Ok(plan) if plan.is_empty() => return Ok(plan),
                Ok(_) => break,
                Err(error) => leases = self.look_again(error, look, &run).await?,
            }
        }
        let lease = self.take_lease(&leases, &run).await?;
        let outcome = Box::pin(self.remove_under(&lease, &run.under(&lease))).await;
        self.give_back(&lease, outcome, &run).await
    }

    async fn look_at_removal(&self, run: &Run) -> Result<Plan, Error> {
        let draft = Box::pin(self.draft(Depth::Resources, 0, &run.cx)).await?;
        let plan = draft.graph.plan_removal().plan;
        self.check_removal(&plan)?;
        Ok(plan)
    }

    async fn remove_under(&self, lease: &Lease, cx: &Context) -> Result<Plan, Error> {
        let draft = Box::pin(self.draft(Depth::Resources, lease.number(), cx)).await?;
        let planned = draft.graph.plan_removal();
        self.check_removal(&planned.plan)?;
        let plan = planned.plan.clone();
        let removed = Box::pin(draft.graph.remove(planned, cx)).await;
        removed.map_err(|error| Error::Remove(Box::new(error)))?;
        Ok(plan)
    }

    /// Refuses to remove what holds data, all of it named at once.
    fn check_removal(&self, plan: &Plan) -> Result<(), Error> {
        if self.allowed.data_loss {
            return Ok(());
        }
        let mut report = Report::default();
        for step in plan.changes().filter(|step| step.destroys_data) {
            let what = format!("{} would be removed with everything in it", step.kind);
            report.find(Finding::error(&step.resource, what, "allow the loss of data"));
        }
        if report.holds() {
            Ok(())
        } else {
            Err(Error::Preflight(report))
        }
    }
}

/// What an approved plan and the one of now say differently.
fn moved(approved: &Plan, now: &Plan) -> String {
    let was = |name: &str| approved.steps.iter().find(|step| step.resource == name);
    let is = |name: &str| now.steps.iter().find(|step| step.resource == name);
    let mut text = String::from("what there is has changed since; where the plans differ:\n");
    let new = now.steps.iter().filter(|step| was(&step.resource).is_none());
    for name in approved
        .steps
        .iter()
        .chain(new)
        .map(|step| step.resource.as_str())
    {
        let (was, is) = (was(name), is(name));
        if was != is {
            text += &format!("  {name}: approved {}, now {}\n", said(was), said(is));
        }
    }
    text + &format!("the plan would be now:\n{now}")
}

/// One step in a few words.
fn said(step: Option<&Step>) -> String {
    let Some(step) = step else {
        return "nothing of this name".to_owned();
    };
    let (word, reasons) = match &step.change {
        Change::Create => ("create", None),
        Change::Update(reasons) => ("update", Some(reasons)),
        Change::Replace(reasons) => ("replace", Some(reasons)),
        Change::Delete => ("remove", None),
        _ => ("keep", None),
    };
    let reasons = reasons.into_iter().flatten().map(ToString::to_string);
    let mut parts: Vec<String> = reasons.collect();
    if step.waits {
        parts.push("wait for it".to_owned());
    }
    if step.surplus > 0 {
        parts.push(format!("remove {} more", step.surplus));
    }
    match parts.is_empty() {
        true => word.to_owned(),
        false => format!("{word} ({})", parts.join("; ")),
    }
}

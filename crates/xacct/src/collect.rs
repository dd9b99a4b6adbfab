//! Gathers the outputs of a graph that was applied, or that needs no change.

use crate::draft::{Draft, Handles};
use crate::error::Error;
use crate::outputs::{Outputs, SourceOutputs, WarehouseOutputs};
use crate::spec::PipelineSpec;
use xacct_converge::{Applied, Failure, Handle};
use xacct_types::TopicName;

fn one<T: Clone + Send + Sync + 'static>(applied: &Applied, handle: Handle<T>) -> Result<T, Error> {
    let none = || Error::Read {
        what: "an output",
        source: Failure::bug("an applied graph lacks an output"),
    };
    applied.get(handle).ok_or_else(none)
}

fn many<T: Clone + Send + Sync + 'static>(applied: &Applied, handles: &[Handle<T>]) -> Result<Vec<T>, Error> {
    handles.iter().map(|&handle| one(applied, handle)).collect()
}

/// The outputs of an applied draft.
pub(crate) fn outputs(spec: &PipelineSpec, draft: &Draft, applied: &Applied) -> Result<Outputs, Error> {
    let handles = &draft.handles;
    let network = handles.networks.outputs(applied);
    Ok(Outputs {
        pipeline: spec.name.clone(),
        region: spec.region.clone(),
        source: source(spec, handles, applied)?,
        warehouse: warehouse(spec, draft, applied)?,
        network: network.map_err(|source| Error::Read {
            what: "the networks",
            source,
        })?,
        missing_topics: missing(draft, applied),
    })
}

fn source(spec: &PipelineSpec, handles: &Handles, applied: &Applied) -> Result<SourceOutputs, Error> {
    Ok(SourceOutputs {
        account: spec.source.account.clone(),
        cluster: one(applied, handles.cluster)?,
        topics: many(applied, &handles.topics)?,
        reader_role: one(applied, handles.roles.stream)?.arn,
    })
}

fn warehouse(spec: &PipelineSpec, draft: &Draft, applied: &Applied) -> Result<WarehouseOutputs, Error> {
    let handles = &draft.handles;
    let mut views = many(applied, &handles.objects.views)?;
    views.extend(draft.waiting.iter().filter_map(|(_, view)| applied.get(*view)?));
    Ok(WarehouseOutputs {
        account: spec.warehouse.account.clone(),
        role: one(applied, handles.roles.warehouse)?.arn,
        namespace: one(applied, handles.serverless.namespace)?,
        workgroup: one(applied, handles.serverless.workgroup)?,
        database: spec.warehouse.database.to_string(),
        schema: one(applied, handles.objects.schema)?,
        views,
    })
}

/// The topics of the views that Redshift would not take yet.
fn missing(draft: &Draft, applied: &Applied) -> Vec<TopicName> {
    let waiting = draft.waiting.iter();
    let left = waiting.filter(|(_, view)| applied.get(*view).flatten().is_none());
    left.filter_map(|(view, _)| TopicName::new(view.source.name()).ok())
        .collect()
}

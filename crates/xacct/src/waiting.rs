//! Views over topics that somebody else makes and that nobody here can see.
//!
//! Where the deployer cannot reach the brokers, only Redshift can tell whether
//! a topic is there: each missing view is tried once, and a refusal leaves it
//! for a later deployment.

use crate::draft::Draft;
use crate::error::Error;
use crate::outputs::Outputs;
use crate::pipeline::Pipeline;
use redshift_streaming::data::DataApi;
use redshift_streaming::objects::{ViewOut, try_view};
use xacct_converge::Context;

impl Pipeline {
    /// Tries the views that wait, and moves those that work into the outputs.
    pub(crate) async fn try_waiting(
        &self,
        draft: &Draft,
        outputs: &mut Outputs,
        cx: &Context,
    ) -> Result<(), Error> {
        let of = &outputs.warehouse;
        let secret = of.namespace.admin_secret.clone();
        let api = DataApi::new(&self.warehouse, &of.workgroup.name, &of.database, secret);
        let spec = self.spec.streaming();
        let mut made: Vec<ViewOut> = Vec::new();
        for view in &draft.waiting {
            if let Some(view) = try_view(&api, cx, &spec, view).await? {
                made.push(view);
            }
        }
        outputs
            .missing_topics
            .retain(|topic| !made.iter().any(|view| view.topic == topic.as_str()));
        outputs.warehouse.views.extend(made);
        Ok(())
    }
}

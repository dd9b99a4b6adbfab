//! Nothing that must stay secret is ever written anywhere: not to the log, not to events, not into errors, not by `Debug`.

use crate::world::{SOURCE, WAREHOUSE, World};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use xacct_sim::fault::{Rule, Verdict};

/// Everything that was said at any level, fields included.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<String>>);

impl Heard {
    fn add(&self, text: &str) {
        let mut all = self.0.lock().unwrap();
        all.push_str(text);
        all.push('\n');
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl Visit for Heard {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(&format!("{}={value:?}", field.name()));
    }
}

impl Subscriber for Heard {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Every layer of an error, in both forms.
fn layers(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error}\n{error:?}\n");
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!("{next}\n{next:?}\n"));
        cause = next.source();
    }
    text
}

#[test]
fn tokens_secrets_and_payloads_never_reach_logs_events_errors_or_debug() {
    const PAYLOAD: &str = "visitor-4711-bought-a-secret-thing";
    let heard = Heard::default();
    let world = World::new();
    tracing::subscriber::with_default(heard.clone(), || {
        let events = heard.clone();
        let deployment = world.sim.run(async {
            let pipeline = world.pipeline().await?;
            let pipeline = pipeline.on_event(Arc::new(move |event| events.add(&format!("{event:?}"))));
            heard.add(&format!("{pipeline:?}"));
            pipeline.deploy().await
        });
        let deployment = deployment.unwrap();
        heard.add(&format!("{deployment:?} {:?}", deployment.warehouse()));
        world.produce(&deployment, vec![PAYLOAD.as_bytes().to_vec()]);
        let warehouse = deployment.warehouse();
        world
            .sim
            .run(async { warehouse.refresh("public.myview1").await })
            .ok();
        // Refused and broken calls say why, and nothing else.
        for verdict in [Verdict::AccessDenied, Verdict::ServerError] {
            let _guard = world.sim.fault(Rule::new(verdict).always());
            let failed = world.sim.run(async { deployment.verify().await });
            heard.add(&layers(&failed.unwrap_err()));
        }
    });
    let text = heard.text();
    assert!(text.contains("clicks"), "something was heard");
    let (source, warehouse) = (
        world.sim.administrator_key(SOURCE).1,
        world.sim.administrator_key(WAREHOUSE).1,
    );
    for (what, secret) in [
        ("the source's secret key", source.as_str()),
        ("the warehouse's", &warehouse),
        ("a payload", PAYLOAD),
    ] {
        assert!(!secret.is_empty());
        let at = text.find(secret);
        assert!(
            at.is_none(),
            "{what}: …{}",
            &text[at.unwrap().saturating_sub(200)..at.unwrap()]
        );
    }
    // A signed token is base64 of a URL with these parts.
    for mark in ["X-Amz-Signature=", "WC1BbXotU2lnbmF0dXJl", "Authorization: AWS4"] {
        assert!(!text.contains(mark), "{mark}");
    }
}

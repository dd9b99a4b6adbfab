//! Settings and a fault for one call alone, in headers beside the signed ones.
//!
//! `x-sim-settings: {"lag": false}` and `x-sim-fault: {"verdict": "throttle"}` hold for the call that carries them,
//! whatever is in force otherwise.

use serde_json::Value;

use super::{faults, patch};
use crate::fault::Rule;
use crate::wire::Request;
use crate::world::World;

/// What one call asks for.
#[derive(Debug, Default)]
pub(super) struct Changes {
    settings: Option<Value>,
    fault: Option<Rule>,
}

impl Changes {
    /// Reads both headers.
    ///
    /// # Errors
    /// Says what a header holds that cannot be.
    pub(super) fn read(request: &Request) -> Result<Self, String> {
        let json = |name: &str| -> Result<Option<Value>, String> {
            let text = request.header(name);
            let read =
                text.map(|text| serde_json::from_str(text).map_err(|cause| format!("{name}: {cause}")));
            read.transpose()
        };
        let settings = json("x-sim-settings")?;
        if let Some(settings) = &settings {
            let mut tried = crate::Settings::default();
            patch::apply(&mut tried, settings).map_err(|why| format!("x-sim-settings: {why}"))?;
        }
        let fault = json("x-sim-fault")?
            .map(|fault| faults::rule(&fault).map_err(|why| format!("x-sim-fault: {why}")))
            .transpose()?;
        Ok(Self { settings, fault })
    }

    /// Does `work` with what the call asks for, and puts everything back.
    pub(super) fn around<T>(&self, world: &mut World, work: impl FnOnce(&mut World) -> T) -> T {
        let before = self.settings.as_ref().map(|settings| {
            let before = world.settings.clone();
            // Was tried when it was read.
            let _ = patch::apply(&mut world.settings, settings);
            before
        });
        let guard = self.fault.clone().map(|rule| world.faults.add(rule));
        let done = work(world);
        drop(guard);
        if let Some(before) = before {
            world.settings = before;
        }
        done
    }
}

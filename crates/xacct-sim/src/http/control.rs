//! The simulator's own resources, beside the services.
//!
//! | request | does |
//! |---|---|
//! | `GET /_sim/health` | says that it is up, since when, its accounts and its time |
//! | `POST /_sim/reset` | clears everything: resources, log, faults, settings; keys of the administrators stay |
//! | `GET /_sim/inventory` | lists the live resources of every account |
//! | `GET /_sim/calls?from=N` | the log of calls, from the N-th |
//! | `GET /_sim/settings`, `POST /_sim/settings` | shows the settings; changes those that the body names |
//! | `GET /_sim/faults`, `POST /_sim/faults` | lists the fault rules; puts one in force and gives its number |
//! | `DELETE /_sim/faults`, `DELETE /_sim/faults/N` | takes all of them back, or one |
//! | `POST /_sim/revive` | lets calls through again after a fault has killed the caller |
//! | `GET /_sim/modelled` | what is modelled, how deep, where it is from |
//! | `GET /_sim/explain/ID` | why a statement failed, in the simulator's words |

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::faults::Book;
use super::patch;
use crate::clock::SimTime;
use crate::modelled::MODELLED;
use crate::sim::Sim;
use crate::wire::{Request, Response, json, query};

/// Answers what is asked of the simulator itself.
#[derive(Debug)]
pub(super) struct Control {
    sim: Sim,
    faults: Mutex<Book>,
    opened_at: SimTime,
}

/// A status and a body.
type Said = (u16, Value);

impl Control {
    pub(super) fn new(sim: Sim) -> Self {
        Self {
            opened_at: sim.now(),
            faults: Mutex::default(),
            sim,
        }
    }

    pub(super) fn answer(&self, request: &Request) -> Response {
        let path: Vec<&str> = request.path.trim_matches('/').split('/').skip(1).collect();
        let method = if request.method == "HEAD" {
            "GET"
        } else {
            request.method.as_str()
        };
        let (status, body) = self
            .route(method, &path, request)
            .unwrap_or_else(|why| refused(400, &why));
        Response {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: format!("{body}\n").into_bytes(),
        }
    }

    fn route(&self, method: &str, path: &[&str], request: &Request) -> Result<Said, String> {
        Ok(match (method, path) {
            ("GET", ["health"]) => (200, self.health()),
            ("POST", ["reset"]) => (200, self.reset()),
            ("GET", ["inventory"]) => (200, self.inventory()),
            ("GET", ["calls"]) => (200, self.calls(&request.query)?),
            ("GET", ["settings"]) => (200, self.settings()),
            ("POST", ["settings"]) => (200, self.change(&body(request)?)?),
            ("GET", ["faults"]) => (200, json!({ "faults": self.faults().list() })),
            ("POST", ["faults"]) => (
                201,
                json!({ "id": self.faults().add(&self.sim, body(request)?)? }),
            ),
            ("DELETE", ["faults"]) => {
                self.faults().clear();
                (200, json!({ "faults": [] }))
            }
            ("DELETE", ["faults", id]) => self.remove(id),
            ("POST", ["revive"]) => {
                self.sim.revive();
                (200, self.health())
            }
            ("GET", ["modelled"]) => (200, modelled()),
            ("GET", ["explain", id]) => match self.sim.explain(id) {
                Some(why) => (200, json!({ "statement": id, "why": why })),
                None => refused(404, "nothing is known about this statement"),
            },
            _ => refused(404, "there is no such resource; see docs/simulator.md"),
        })
    }

    fn faults(&self) -> MutexGuard<'_, Book> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self) -> Value {
        let now = self.sim.now();
        let settings = self.sim.shared.lock().settings.clone();
        json!({
            "status": "ok",
            "region": settings.region,
            "accounts": self.sim.accounts(),
            "now": settings.iso8601(now),
            "seconds": now.saturating_sub(self.opened_at).as_secs_f64(),
            "killed": *self.sim.shared.killed.borrow(),
        })
    }

    fn reset(&self) -> Value {
        self.faults().clear();
        self.sim.reset();
        self.health()
    }

    fn inventory(&self) -> Value {
        let accounts = self.sim.accounts().into_iter();
        let each: BTreeMap<String, Value> = accounts
            .map(|account| (account.clone(), json!(self.sim.inventory(&account).resources)))
            .collect();
        json!({ "accounts": each })
    }

    fn calls(&self, query: &str) -> Result<Value, String> {
        let from = query::pairs(query).find(|(name, _)| name == "from");
        let from = from.map_or(Ok(0), |(_, value)| value.parse::<usize>());
        let from = from.map_err(|cause| format!("from: {cause}"))?;
        let world = self.sim.shared.lock();
        let entries: Vec<_> = world.log.entries().skip(from).collect();
        Ok(json!({ "calls": entries, "counts": world.log.counts() }))
    }

    fn settings(&self) -> Value {
        patch::show(&self.sim.shared.lock().settings)
    }

    fn change(&self, wanted: &Value) -> Result<Value, String> {
        patch::apply(&mut self.sim.shared.lock().settings, wanted)?;
        Ok(self.settings())
    }

    fn remove(&self, id: &str) -> Said {
        let found = id.parse().is_ok_and(|id| self.faults().remove(id));
        if found {
            (200, json!({ "id": id }))
        } else {
            refused(404, "there is no fault rule of this number")
        }
    }
}

fn refused(status: u16, why: &str) -> Said {
    (status, json!({ "error": why }))
}

fn body(request: &Request) -> Result<Value, String> {
    json::body(&request.body).map_err(|error| error.message)
}

fn modelled() -> Value {
    let row = |row: &crate::Modelled| json!({ "service": row.service, "operations": row.operations, "depth": row.depth, "source": row.source });
    json!({ "modelled": MODELLED.iter().map(row).collect::<Vec<_>>() })
}

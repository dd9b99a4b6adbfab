//! The first line that `sim_server` prints: where everything is, and with which keys.

use serde_json::{Value, json};
use std::path::Path;
use xacct_sim::{HttpDoor, KafkaDoor, Sim};

/// What a client needs to know, as one line of JSON without its end.
#[must_use]
pub fn first_line(
    sim: &Sim,
    door: &HttpDoor,
    kafka: &KafkaDoor,
    authority: &Path,
    roles: &[(String, &str)],
) -> String {
    let account = |(id, role): &(String, &str)| -> Value {
        let (access_key, secret) = sim.administrator_key(id);
        json!({ "account_id": id, "role": role, "access_key_id": access_key, "secret_access_key": secret })
    };
    json!({
        "endpoint": door.endpoint(),
        "region": sim.region(),
        "kafka": {
            "bootstrap": kafka.bootstrap(),
            "security_protocol": "SASL_SSL",
            "ca_pem_file": authority,
        },
        "accounts": roles.iter().map(account).collect::<Vec<_>>(),
    })
    .to_string()
}

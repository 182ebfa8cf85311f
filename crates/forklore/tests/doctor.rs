//! `forklore doctor`.

use std::process::{Command, Stdio};

use serde_json::Value;

#[test]
fn what_is_lacking_has_a_reason_and_the_levels_follow() {
    let output = Command::new(env!("CARGO_BIN_EXE_forklore"))
        .args(["doctor", "--json"])
        .stdin(Stdio::null())
        .output()
        .expect("it can be run");
    assert!(output.status.success(), "{output:?}");
    let said: Value =
        serde_json::from_slice(&output.stdout).expect("it is one object");
    let mechanisms = said["mechanisms"].as_array().expect("a list");
    assert!(mechanisms.len() > 4, "{said}");
    for it in mechanisms {
        let lacks = it["lacks"].as_str().is_none_or(|it| !it.is_empty());
        assert!(lacks && it["holds"] == it["lacks"].is_null(), "{it}");
    }
    let levels = ["full", "partial", "none"].map(Value::from);
    assert!(levels.contains(&said["contained"]), "{said}");
}

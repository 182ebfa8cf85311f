//! `-p LESSON`: builds a package of the workspace and says where its program
//! is, so that the program is observed and not cargo.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Builds the package's program; its path.
///
/// # Errors
/// If cargo cannot be run, the build fails (cargo has said why), or the
/// package has no program.
pub(crate) fn build(package: &str) -> io::Result<OsString> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&cargo)
        .args(["build", "--quiet", "--bins", "--package", package])
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| {
            let cargo = cargo.to_string_lossy();
            io::Error::new(error.kind(), format!("cannot run {cargo}: {error}"))
        })?;
    if !output.status.success() {
        return Err(io::Error::other(format!("cannot build {package}")));
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == package)
        .find_map(|message| Some(message["executable"].as_str()?.into()))
        .ok_or_else(|| {
            io::Error::other(format!("{package} has no program of its name"))
        })
}

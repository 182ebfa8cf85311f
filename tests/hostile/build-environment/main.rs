//! Takes a variable of whoever builds it into its program.

fn main() {
    if let Some(secret) = option_env!("HOSTILE_SECRET") {
        println!("escaped: {secret}");
    }
}

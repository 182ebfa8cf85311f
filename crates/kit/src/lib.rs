//! Empty: it depends on every package that an exercise may use, so that one
//! `cargo build -p kit` makes their libraries. The grader compiles each
//! solution against these.

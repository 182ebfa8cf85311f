//! One test for each claim of the README.

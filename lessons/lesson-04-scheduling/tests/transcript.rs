//! What the README shows is what the lesson prints.

#[test]
fn the_readme_shows_what_the_lesson_prints() {
    transcript::lesson!().check_readme();
}

#[test]
fn bad_input_is_refused_in_one_line() {
    transcript::lesson!().check_command_line();
}

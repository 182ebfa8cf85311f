//! Whole pictures, as they stand on the terminal.
//!
//! Read the difference before you change one: a picture is text that people
//! learn from.

use picture::{LaneStyle, Time, lanes};
use stage::{Stage, eight, three, two};
use trace::Who;

mod stage;

#[track_caller]
fn shows(stage: &Stage, width: usize, time: Time, wanted: &str) {
    let style = LaneStyle { width, time, ..LaneStyle::default() };
    let drawn = lanes(&stage.story(), &style);
    assert!(drawn == wanted, "drawn:\n{drawn}\nwanted:\n{wanted}");
}

#[test]
fn two_processes_and_a_pipe_in_clock_time() {
    shows(
        &two(),
        80,
        Time::Linear,
        "\
A sender 4065         ██┬███████⋯███w██████w█w██·wait A.1······██┴██████■ exit 0
  A.1 receiver 7940     └████read P1···██r████████r█r███⋯███■zzzzz        exit 0
                    0           ⋯2.1 ms                 ⋯1.6 ms    5.4 ms
█ runs  · waits  z ended, not yet collected  ┬ creates  ┴ collects  w writes
r reads  ⋯ time left out
pipe P1: A → A.1 17 B
",
    );
}

#[test]
fn two_processes_and_a_pipe_in_step_time() {
    shows(
        &two(),
        80,
        Time::Step,
        "\
A sender       ┬A.1─close P1.r─write P1 17 B─close P1.w───────────┴wait A.1─────
  A.1 receiver └close P1.w────────────────────read P1 17 B─■exit 0┘

A sender       ■exit 0
┬ creates  ┴ waits for and collects  P1.r the read end of P1  P1.w its write end
pipe P1: A → A.1 17 B
",
    );
}

#[test]
fn two_processes_on_forty_columns_in_clock_time() {
    shows(
        &two(),
        40,
        Time::Linear,
        "\
A sender     █┬██⋯█w█ww█··⋯··┴██■ exit 0
 A.1 receiv…  └█·P1·█r██rr⋯█■z    exit 0
             0   ⋯2.1 ms   5.4 ms
█ runs  · waits
z ended, not yet collected  ┬ creates
┴ collects  w writes  r reads
⋯ time left out
pipe P1: A → A.1 17 B
",
    );
}

#[test]
fn two_processes_on_forty_columns_in_step_time() {
    shows(
        &two(),
        40,
        Time::Step,
        "\
A sender     ┬A.1─close P1.r────────────
 A.1 receiv… └close P1.w────────────────

A sender     write P1 17 B─close P1.w───
 A.1 receiv… ───────────────read P1 17 B

A sender     ────────┴wait A.1─■exit 0
 A.1 receiv… ─■exit 0┘
┬ creates  ┴ waits for and collects
P1.r the read end of P1
P1.w its write end
pipe P1: A → A.1 17 B
",
    );
}

#[test]
fn a_pipeline_of_a_shell_in_clock_time() {
    shows(
        &three(),
        80,
        Time::Linear,
        "\
A sh 4065        »sh┬██┬███████·wait any····························█┴┴■ exit 0
  A.1 yes 7940      └███████████»yes████████████w███w█████████████×zzz   SIGPIPE
  A.2 head 7941        └██████████»head·read P1···█r███████████■zzzzzzz  exit 0
                0                                                 4.0 ms
█ runs  · waits  z ended, not yet collected  ┬ creates  » executes  ┴ collects
w writes  r reads  × killed
pipe P1: A.1 → A.2
",
    );
}

#[test]
fn a_pipeline_of_a_shell_in_step_time() {
    shows(
        &three(),
        80,
        Time::Step,
        "\
A sh       ┬A.1─close P1.w─┬A.2─close P1.r───────────────────┴wait A.1─┴wait A.2
  A.1 yes  └close P1.r─────┼exec yes─write P1────────×SIGPIPE┘         │
  A.2 head                 └exec head─read P1─■exit 0 zzzzzzzzzzzzzzzzz┘

A sh       ─■exit 0
┬ creates  ┴ waits for and collects  z ended, not yet collected
P1.r the read end of P1  P1.w its write end
pipe P1: A.1 → A.2
",
    );
}

#[test]
fn eight_processes_one_of_which_is_killed_in_clock_time() {
    shows(
        &eight(),
        100,
        Time::Linear,
        "\
A pool 4065        ┬┬┬┬┬┬┬██████████████████████████!█████████████████████████⋯█████┴┴┴┴┴┴┴■ exit 0
  A.1 worker 7940  └██████sleep█■zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz⋯zzzzzz        exit 0
  A.2 worker 7941   └███████████······■zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz⋯zzzzzzz       exit 0
  A.3 worker 7942    └█████████████████sleep█■zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz⋯zzzzzzzz      exit 0
  A.4 worker 7943     └███████████████████████sleep██×zzzzzzzzzzzzzzzzzzzzzzzz⋯zzzzzzzzz     SIGKILL
  A.5 worker 7944      └█████████████████████████████······■zzzzzzzzzzzzzzzzzz⋯zzzzzzzzzz    exit 0
  A.6 worker 7945       └███████████████████████████████████sleep█■zzzzzzzzzzz⋯zzzzzzzzzzz   exit 0
  A.7 worker 7946        └█████████████████████████████████████████sleep█■zzzz⋯zzzzzzzzzzzz  exit 0
                  0                                                           ⋯3.00 s 3.00 s
█ runs  · waits  z ended, not yet collected  ┬ creates  ┴ collects  ! sends a signal  × killed
⋯ time left out
",
    );
}

#[test]
fn eight_processes_one_of_which_is_killed_in_step_time() {
    shows(
        &eight(),
        100,
        Time::Step,
        "\
A pool       ┬A.1─┬A.2─┬A.3─┬A.4─┬A.5─┬A.6─┬A.7─SIGKILL to A.4─┴wait A.1─┴wait A.2─┴wait A.3────────
  A.1 worker └────┼────┼────┼────┼────┼────┼■exit 0 zzzzzzzzzzz┘         │         │
  A.2 worker      └────┼────┼────┼────┼────┼■exit 0 zzzzzzzzzzzzzzzzzzzzz┘         │
  A.3 worker           └────┼────┼────┼────┼■exit 0 zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz┘
  A.4 worker                └────┼────┼────┼─────×SIGKILL zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz
  A.5 worker                     └────┼────┼■exit 0 zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz
  A.6 worker                          └────┼■exit 0 zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz
  A.7 worker                               └■exit 0 zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz

A pool       ┴wait A.4─┴wait A.5─┴wait A.6─┴wait A.7─■exit 0
  A.4 worker ┘         │         │         │
  A.5 worker zzzzzzzzzz┘         │         │
  A.6 worker zzzzzzzzzzzzzzzzzzzz┘         │
  A.7 worker zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz┘
┬ creates  ┴ waits for and collects  z ended, not yet collected
",
    );
}

/// A chain: in each band only those stand that do something there.
#[test]
fn who_only_lives_on_is_left_out_of_a_band() {
    let mut stage = Stage::new("head");
    let mut chain = vec![Who::first()];
    for _ in 0..3 {
        let last = chain[chain.len() - 1].clone();
        chain.push(stage.create(&last, "link"));
    }
    while let Some(link) = chain.pop() {
        stage.exit(&link, 0);
        if let Some(before) = chain.last() {
            stage.wait(before, &link);
        }
    }
    shows(
        &stage,
        50,
        Time::Step,
        "\
A head          ┬A.1──────────────────────────────
 A.1 link       └┬A.1.1───────────────────────────
  A.1.1 link     └┬A.1.1.1─┴wait A.1.1.1─■exit 0
   A.1.1.1 link   └■exit 0 ┘

A head          ───────────────────┴wait A.1──────
 A.1 link       ┴wait A.1.1─■exit 0┘
  A.1.1 link    ┘

A head          ■exit 0
┬ creates  ┴ waits for and collects
",
    );
}

/// Nobody else could notice what happens to it.
#[test]
fn a_pipe_that_one_process_made_for_itself_is_not_shown() {
    let mut stage = Stage::new("maker");
    let a = Who::first();
    let own = stage.pipe(&a, 3, 4);
    stage.close(&a, 3, &own);
    let shared = stage.pipe(&a, 5, 6);
    stage.close(&a, 4, &own);
    let worker = stage.create(&a, "worker");
    stage.close(&a, 5, &shared);
    stage.exit(&worker, 0);
    stage.wait(&a, &worker);
    shows(
        &stage,
        80,
        Time::Step,
        "\
A maker      ┬A.1─close P1.r─┴wait A.1
  A.1 worker └■exit 0 zzzzzzz┘
┬ creates  ┴ waits for and collects  z ended, not yet collected
P1.r the read end of P1  P1.w its write end
",
    );
}

//! Small trees, and who of them is stuck.

use super::{Graph, Outside, Parts};
use crate::wait::{Kind, Wait, Waker};

/// One process for each wait, with one thread.
fn graph(
    waits: &[Wait],
    groups: &[Vec<Option<usize>>],
    is_closed: bool,
) -> Graph {
    let outside = if is_closed { Outside::Holders } else { Outside::All };
    let tasks: Vec<[usize; 1]> = (0..waits.len()).map(|task| [task]).collect();
    let tasks_of: Vec<&[usize]> = tasks.iter().map(|its| &its[..]).collect();
    Graph::new(Parts {
        waits,
        tasks_of: &tasks_of,
        groups,
        outside,
        served: &[],
    })
}

fn child(process: usize) -> Wait {
    Wait::new(Kind::Child, vec![Waker::Process(process)])
}

fn data(group: usize) -> Wait {
    Wait::new(Kind::PipeData, vec![Waker::Group(group)])
}

#[test]
fn one_that_moves_moves_all_who_wait_for_it() {
    let waits = [child(1), data(0), Wait::moves(Kind::Sleep)];
    let holders = [vec![Some(1), Some(2)]];
    let graph = graph(&waits, &holders, true);
    assert_eq!(graph.stuck(), [false, false, false]);
}

#[test]
fn who_holds_the_end_himself_is_the_knot() {
    let waits = [child(1), data(0)];
    let graph = graph(&waits, &[vec![Some(1)]], false);
    let stuck = graph.stuck();
    assert_eq!(stuck, [true, true]);
    let knots = graph.knots(&stuck);
    assert_eq!(knots, [vec![1]]);
    let ring = graph.ring(&knots[0], &|_, _, _| true);
    assert_eq!(ring, Some(vec![(1, Kind::PipeData)]));
}

#[test]
fn a_holder_outside_moves_whoever_waits_for_it() {
    let waits = [child(1), data(0)];
    let graph = graph(&waits, &[vec![Some(1), None]], true);
    assert_eq!(graph.stuck(), [false, false]);
}

#[test]
fn a_stranger_counts_unless_the_tree_is_closed() {
    let wakers = vec![Waker::Stranger, Waker::Anybody];
    let waits = [Wait::new(Kind::Signal, wakers), child(0)];
    assert_eq!(graph(&waits, &[], false).stuck(), [false, false]);
    let closed = graph(&waits, &[], true);
    let stuck = closed.stuck();
    assert_eq!(stuck, [true, true]);
    assert_eq!(closed.knots(&stuck), [vec![0]]);
    assert_eq!(closed.ring(&[0], &|_, _, _| true), None);
}

#[test]
fn any_process_that_moves_may_send_a_signal() {
    let signal = Wait::new(Kind::Signal, vec![Waker::Anybody]);
    let waits = [signal, Wait::moves(Kind::Sleep)];
    assert_eq!(graph(&waits, &[], true).stuck(), [false, false]);
}

#[test]
fn who_could_help_too_moves_and_is_no_part_of_a_ring() {
    let other = || vec![Waker::Process(2)];
    let waits = [child(1), data(0).or(other()), data(0)];
    let stuck = graph(&waits, &[vec![Some(1)]], true);
    assert_eq!(stuck.knots(&stuck.stuck()), [vec![1]]);
    let waits = [child(1), data(0).or(other()), Wait::moves(Kind::Sleep)];
    let moved = graph(&waits, &[vec![Some(1)]], true);
    assert_eq!(moved.stuck(), [false, false, false]);
}

#[test]
fn whom_we_may_not_see_counts_unless_the_tree_is_closed() {
    let waits = [data(0).or([Waker::Unseen])];
    let holders = [vec![Some(0)]];
    assert_eq!(graph(&waits, &holders, false).stuck(), [false]);
    assert_eq!(graph(&waits, &holders, true).stuck(), [true]);
}

#[test]
fn whom_the_kernel_serves_moves_whoever_waits_for_it() {
    let waits = [child(1), data(0)];
    let tasks_of: [&[usize]; 2] = [&[0], &[1]];
    let graph = Graph::new(Parts {
        waits: &waits,
        tasks_of: &tasks_of,
        groups: &[vec![Some(1)]],
        outside: Outside::Holders,
        served: &[1],
    });
    assert_eq!(graph.stuck(), [false, false]);
}

#[test]
fn what_only_somebody_outside_can_end_rests() {
    let waits =
        [child(1), data(0), Wait::new(Kind::Stop, vec![Waker::Stranger])];
    let tasks_of: [&[usize]; 3] = [&[0], &[1], &[2]];
    let stuck = |waits: &[Wait], outside| {
        Graph::new(Parts {
            waits,
            tasks_of: &tasks_of,
            groups: &[vec![Some(1), None]],
            outside,
            served: &[],
        })
        .stuck()
    };
    assert_eq!(stuck(&waits, Outside::All), [false; 3]);
    assert_eq!(stuck(&waits, Outside::Holders), [false, false, true]);
    assert_eq!(stuck(&waits, Outside::Nobody), [true; 3]);
    let waits = [child(1), Wait::moves(Kind::Sleep), data(0)];
    assert_eq!(stuck(&waits, Outside::Nobody), [false; 3]);
}

#[test]
fn a_ring_is_found_once_and_whoever_waits_for_it_is_no_part() {
    let waits = [child(1), data(0), data(1), data(2)];
    let holders = [vec![Some(2)], vec![Some(3)], vec![Some(1)]];
    let graph = graph(&waits, &holders, false);
    let stuck = graph.stuck();
    assert_eq!(stuck, [true; 4]);
    let knots = graph.knots(&stuck);
    assert_eq!(knots, [vec![1, 2, 3]]);
    let ring = graph.ring(&knots[0], &|_, _, _| true).unwrap();
    let tasks: Vec<usize> = ring.iter().map(|step| step.0).collect();
    assert_eq!(tasks, [1, 2, 3]);
}

#[test]
fn only_dead_holders_leave_a_knot_of_one() {
    let waits = [data(0)];
    let tasks_of: [&[usize]; 2] = [&[0], &[]];
    let graph = Graph::new(Parts {
        waits: &waits,
        tasks_of: &tasks_of,
        groups: &[vec![Some(1)]],
        outside: Outside::All,
        served: &[],
    });
    assert_eq!(graph.knots(&graph.stuck()), [vec![0]]);
}

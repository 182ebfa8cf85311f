//! Step time does not know clocks, nor who came first by chance.

use std::collections::BTreeMap;

use picture::{LaneStyle, Story, Time, lanes};
use trace::{Ending, Event, Header, Level, Reached, What, Who};

/// Small, seeded, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// A run played by chance: its events, and which came before which.
#[derive(Default)]
struct Play {
    events: Vec<(Who, What)>,
    before: Vec<Vec<usize>>,
    last: BTreeMap<Who, usize>,
    actors: Vec<Actor>,
    pipes: Vec<Pipe>,
}

#[derive(Clone)]
struct Actor {
    who: Who,
    children: u32,
    parent: Option<usize>,
    is_alive: bool,
    exit: Option<usize>,
    is_collected: bool,
    /// Descriptor -> pipe, and whether it is its write end.
    table: BTreeMap<i32, (usize, bool)>,
    /// Signals on their way, each with the event that sent it.
    pending: Vec<(Who, usize)>,
}

#[derive(Default)]
struct Pipe {
    name: String,
    /// Writes that are not read yet: bytes and the event.
    queue: Vec<(u64, usize)>,
    /// Events that closed a write end or a read end.
    closed: [Vec<usize>; 2],
}

impl Play {
    fn new() -> Self {
        let mut play = Self::default();
        play.actors.push(Actor {
            who: Who::first(),
            children: 0,
            parent: None,
            is_alive: true,
            exit: None,
            is_collected: false,
            table: BTreeMap::new(),
            pending: Vec::new(),
        });
        play
    }

    fn event(&mut self, me: usize, what: What, before: &[usize]) -> usize {
        let who = self.actors[me].who.clone();
        let number = self.events.len();
        let mut causes = before.to_vec();
        causes.extend(self.last.insert(who.clone(), number));
        self.events.push((who, what));
        self.before.push(causes);
        number
    }

    fn act(&mut self, me: usize, dice: &mut Dice) {
        match dice.below(12) {
            0 | 1 if self.actors.len() < 9 => self.create(me),
            2 if self.pipes.len() < 4 => self.pipe(me),
            3 | 4 => self.close(me, dice),
            5 | 6 => self.write(me, dice),
            7 | 8 => self.read(me, dice),
            9 => self.signal(me, dice),
            10 => self.arrive(me),
            11 if me > 0 && dice.below(3) == 0 => self.exit(me),
            _ => self.wait(me),
        }
    }

    fn create(&mut self, me: usize) {
        self.actors[me].children += 1;
        let child = self.actors[me].who.child(self.actors[me].children);
        let made = self.event(
            me,
            What::Create {
                call: "fork".to_owned(),
                child: Some(child.clone()),
                child_pid: None,
                errno: None,
            },
            &[],
        );
        self.last.insert(child.clone(), made);
        let table = self.actors[me].table.clone();
        self.actors.push(Actor {
            who: child,
            children: 0,
            parent: Some(me),
            is_alive: true,
            exit: None,
            is_collected: false,
            table,
            pending: Vec::new(),
        });
    }

    fn pipe(&mut self, me: usize) {
        let number = self.pipes.len();
        let name = format!("pipe:[{}]", 100 + number);
        self.pipes.push(Pipe { name: name.clone(), ..Pipe::default() });
        let fd = 10 + 2 * number as i32;
        self.actors[me].table.insert(fd, (number, false));
        self.actors[me].table.insert(fd + 1, (number, true));
        let what = What::Pipe {
            read_end: fd,
            write_end: fd + 1,
            object: name,
            cloexec: false,
        };
        self.event(me, what, &[]);
    }

    fn pick(
        &self,
        me: usize,
        dice: &mut Dice,
        is_write: bool,
    ) -> Option<(i32, usize)> {
        let ends: Vec<(i32, usize)> = self.actors[me]
            .table
            .iter()
            .filter(|(_, end)| end.1 == is_write)
            .map(|(fd, end)| (*fd, end.0))
            .collect();
        if ends.is_empty() { None } else { Some(ends[dice.below(ends.len())]) }
    }

    fn close(&mut self, me: usize, dice: &mut Dice) {
        let is_write = dice.below(2) == 0;
        let Some((fd, pipe)) = self.pick(me, dice, is_write) else { return };
        self.actors[me].table.remove(&fd);
        let object = self.pipes[pipe].name.clone();
        let closed =
            self.event(me, What::Close { fd, object, by_exec: false }, &[]);
        self.pipes[pipe].closed[usize::from(is_write)].push(closed);
    }

    fn is_open(&self, pipe: usize, is_write: bool) -> bool {
        let end = (pipe, is_write);
        self.actors
            .iter()
            .any(|a| a.is_alive && a.table.values().any(|held| *held == end))
    }

    fn io(&self, pipe: usize, fd: i32, is_write: bool, bytes: u64) -> What {
        What::Io {
            call: String::new(),
            is_write,
            fd,
            object: self.pipes[pipe].name.clone(),
            bytes,
            errno: None,
            from_us: 0,
        }
    }

    fn write(&mut self, me: usize, dice: &mut Dice) {
        let Some((fd, pipe)) = self.pick(me, dice, true) else { return };
        if self.is_open(pipe, false) {
            let bytes = 1 + dice.below(50) as u64;
            let what = self.io(pipe, fd, true, bytes);
            let written = self.event(me, what, &[]);
            self.pipes[pipe].queue.push((bytes, written));
        } else {
            let closed = self.pipes[pipe].closed[0].clone();
            self.die(me, &closed);
        }
    }

    fn read(&mut self, me: usize, dice: &mut Dice) {
        let Some((fd, pipe)) = self.pick(me, dice, false) else { return };
        if self.pipes[pipe].queue.is_empty() {
            if !self.is_open(pipe, true) {
                let closed = self.pipes[pipe].closed[1].clone();
                let what = self.io(pipe, fd, false, 0);
                self.event(me, what, &closed);
            }
            return;
        }
        let (left, written) = self.pipes[pipe].queue[0];
        let bytes = 1 + dice.below(left as usize) as u64;
        if bytes == left {
            self.pipes[pipe].queue.remove(0);
        } else {
            self.pipes[pipe].queue[0].0 -= bytes;
        }
        let what = self.io(pipe, fd, false, bytes);
        self.event(me, what, &[written]);
    }

    fn signal(&mut self, me: usize, dice: &mut Dice) {
        let to = dice.below(self.actors.len());
        if !self.actors[to].is_alive || to == me {
            return;
        }
        let target = self.actors[to].who.clone();
        let sent = self.event(me, signal(Some(target), None), &[]);
        let from = self.actors[me].who.clone();
        self.actors[to].pending.push((from, sent));
    }

    fn arrive(&mut self, me: usize) {
        if let Some((from, sent)) = self.actors[me].pending.pop() {
            self.event(me, signal(None, Some(from)), &[sent]);
        }
    }

    fn exit(&mut self, me: usize) {
        self.end(me, Ending::Code { code: 0 }, &[]);
    }

    fn die(&mut self, me: usize, closed: &[usize]) {
        let signal = "SIGPIPE".to_owned();
        self.end(me, Ending::Signal { signal }, closed);
    }

    fn end(&mut self, me: usize, how: Ending, before: &[usize]) {
        let exit = self.event(me, What::Exit { how }, before);
        self.actors[me].is_alive = false;
        self.actors[me].exit = Some(exit);
        for (pipe, is_write) in self.actors[me].table.clone().into_values() {
            self.pipes[pipe].closed[usize::from(is_write)].push(exit);
        }
    }

    fn wait(&mut self, me: usize) {
        let child = self.actors.iter().position(|a| {
            a.parent == Some(me) && a.exit.is_some() && !a.is_collected
        });
        let Some(child) = child else { return };
        self.actors[child].is_collected = true;
        let Some(exit) = self.actors[child].exit else { return };
        let what = collected(&self.actors[child].who, false);
        self.event(me, what, &[exit]);
    }

    /// The same events in another order that could have been.
    fn shuffled(&self, dice: &mut Dice) -> Vec<Event> {
        let mut done = vec![false; self.events.len()];
        let mut events = Vec::new();
        let mut now = 0;
        while events.len() < self.events.len() {
            let ready: Vec<usize> = (0..done.len())
                .filter(|&n| {
                    !done[n] && self.before[n].iter().all(|&b| done[b])
                })
                .collect();
            let next = ready[dice.below(ready.len())];
            done[next] = true;
            now += dice.below(3_000) as u64;
            let (who, what) = self.events[next].clone();
            events.push(Event {
                seq: events.len() as u64,
                t_us: now,
                who,
                pid: 1 + dice.below(30_000) as i32,
                pid_seen: None,
                start: 0,
                tid: None,
                name: "p".to_owned(),
                what,
            });
        }
        events
    }
}

fn collected(child: &Who, named: bool) -> What {
    What::Wait {
        call: "wait4".to_owned(),
        child: Some(child.clone()),
        named,
        reached: Some(Reached::Ended(Ending::Code { code: 0 })),
        kept_zombie: false,
        errno: None,
        from_us: 0,
    }
}

fn signal(to: Option<Who>, from: Option<Who>) -> What {
    What::Signal {
        signal: "SIGUSR1".to_owned(),
        arrived: from.is_some(),
        to,
        to_pid: None,
        from,
        code: None,
        errno: None,
    }
}

fn drawn(events: Vec<Event>) -> String {
    let story = Story::new(&Header::new(Level::Full, Vec::new()), events);
    let style =
        LaneStyle { width: 100, time: Time::Step, ..LaneStyle::default() };
    lanes(&story, &style)
}

#[test]
fn every_order_that_could_have_been_gives_one_picture() {
    let mut longest = 0;
    for seed in 1..=400 {
        let mut dice = Dice(seed * 7_919);
        let mut play = Play::new();
        for _ in 0..160 {
            let me = dice.below(play.actors.len());
            if play.actors[me].is_alive {
                play.act(me, &mut dice);
            }
            if !play.actors.iter().any(|actor| actor.is_alive) {
                break;
            }
        }
        if play.events.is_empty() {
            continue;
        }
        let first = drawn(play.shuffled(&mut dice));
        for _ in 0..6 {
            let other = drawn(play.shuffled(&mut dice));
            assert_eq!(first, other, "seed {seed}");
        }
        longest = longest.max(first.lines().count());
    }
    assert!(longest > 20, "the plays were too short: {longest} lines");
}

/// wait(2) for any child collects whom the scheduler let end first.
#[test]
fn the_order_in_which_any_children_are_collected_is_not_shown() {
    assert_eq!(two_waits([0, 1], false), two_waits([1, 0], false));
}

/// waitpid(2) for one child is the program's own order.
#[test]
fn the_order_in_which_named_children_are_collected_is_shown() {
    let shown = |order: [usize; 2]| -> Vec<String> {
        let text = two_waits(order, true);
        let waits = text.split("wait ").skip(1);
        waits.map(|wait| wait[..3].to_owned()).collect()
    };
    assert_eq!(shown([0, 1]), ["A.1", "A.2"]);
    assert_eq!(shown([1, 0]), ["A.2", "A.1"]);
}

fn two_waits(order: [usize; 2], named: bool) -> String {
    let mut play = Play::new();
    play.create(0);
    play.create(0);
    for child in order {
        play.exit(child + 1);
    }
    for child in order {
        let what = collected(&play.actors[child + 1].who, named);
        let exit = play.actors[child + 1].exit.expect("it has ended");
        play.event(0, what, &[exit]);
    }
    drawn(play.shuffled(&mut Dice(7)))
}

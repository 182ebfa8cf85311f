//! A tree at rest, and all that is known about it while its waits are read.

use std::collections::HashMap;
use std::rc::Rc;

use trace::Event;

use crate::alarms::Alarms;
use crate::calls::{self, Form};
use crate::census::{Census, Task};
use crate::holdings::{End, Holding, Holdings};
use crate::memory::Spaces;
use crate::notices::Notices;
use crate::parse::{Mapping, Syscall};
use crate::proc::{Called, Descriptor, Object, Proc};
use crate::same::Place;
use crate::sockets::Sockets;
use crate::wait::{Kind, Wait, Waker};

/// Those who hold one end of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) holders: Vec<Holding>,
    pub(crate) leads_outside: bool,
    /// For each process, its places among the holders.
    of: HashMap<usize, Vec<usize>>,
}

impl Group {
    fn new(holders: Vec<Holding>) -> Self {
        let mut of: HashMap<usize, Vec<usize>> = HashMap::new();
        for (place, holder) in holders.iter().enumerate() {
            if let Some(process) = holder.process {
                of.entry(process).or_default().push(place);
            }
        }
        let leads_outside = holders.iter().any(|it| it.process.is_none());
        Self { holders, leads_outside, of }
    }

    /// Where a process stands among the holders.
    pub(crate) fn of(&self, process: usize) -> &[usize] {
        self.of.get(&process).map_or(&[], Vec::as_slice)
    }
}

/// What is read once and looked at often.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) proc: Proc,
    pub(crate) census: &'a Census,
    pub(crate) history: &'a [Event],
    alarms: &'a Alarms,
    pub(crate) holdings: Holdings,
    pub(crate) groups: Vec<Group>,
    known: HashMap<(Object, End), usize>,
    mappings: HashMap<i32, Option<Rc<Vec<Mapping>>>>,
    pub(crate) sockets: Option<Rc<Sockets>>,
    natives: HashMap<usize, bool>,
    pub(crate) mappers: HashMap<((u64, u64), u64), usize>,
    pub(crate) spaces: Option<Rc<Spaces>>,
    /// The signals that the kernel may send because of a descriptor.
    pub(crate) notices: Notices,
    /// The groups of timers and epoll sets, and what each is.
    pub(crate) twin_groups: HashMap<Place, (usize, &'static str)>,
    /// The groups of pipes that may be older than they look.
    pub(crate) ageless: Vec<usize>,
    /// For each group, whether its processes number threads alike.
    pub(crate) spaces_of: HashMap<usize, bool>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(
        proc: Proc,
        census: &'a Census,
        history: &'a [Event],
        alarms: &'a Alarms,
    ) -> Self {
        Self {
            proc,
            census,
            history,
            alarms,
            holdings: Holdings::read(proc, census),
            groups: Vec::new(),
            known: HashMap::new(),
            mappings: HashMap::new(),
            sockets: None,
            natives: HashMap::new(),
            mappers: HashMap::new(),
            spaces: None,
            notices: Notices::default(),
            twin_groups: HashMap::new(),
            ageless: Vec::new(),
            spaces_of: HashMap::new(),
        }
    }

    /// What every task waits for, in the order of the census.
    pub(crate) fn waits(&mut self) -> Vec<Wait> {
        (0..self.census.tasks.len()).map(|task| self.wait(task)).collect()
    }

    fn wait(&mut self, place: usize) -> Wait {
        let task = &self.census.tasks[place];
        let mut wait = match (task.state, task.called) {
            ('T' | 't', _) => self.stopped(task),
            ('S' | 'D', Called::In(syscall)) => {
                self.in_call(place, task, &syscall)
            }
            ('S', Called::Refused) => self.hinted(place, task),
            ('D', _) => Wait::moves(Kind::Other),
            _ => Wait::moves(Kind::Other),
        };
        self.know_handlers(task, &mut wait);
        if self.may_be_timed(task) {
            wait.wakers.push(Waker::Moves);
        }
        let is_held =
            |(waker, _): &(Waker, Kind)| matches!(waker, Waker::Group(_));
        if !self.holdings.unseen.is_empty()
            && wait.all_wakers().iter().any(is_held)
        {
            wait.others.push(Waker::Unseen);
        }
        wait
    }

    /// A timer of its own may interrupt any wait.
    fn may_be_timed(&self, task: &Task) -> bool {
        const ALARM: u64 = 1 << (libc::SIGALRM - 1);
        let status = &task.status;
        // A program that catches the signal of an alarm is taken to have set
        // one, unobserved.
        let has_alarm = status.caught & !status.blocked & ALARM != 0;
        let process = &self.census.processes[task.process];
        has_alarm
            || self.alarms.has_set(process)
            || self.proc.has_timers(process.pid)
    }

    fn is_native(&mut self, process: usize) -> bool {
        let pid = self.census.processes[process].pid;
        let proc = self.proc;
        *self.natives.entry(process).or_insert_with(|| proc.is_native(pid))
    }

    fn in_call(&mut self, place: usize, task: &Task, call: &Syscall) -> Wait {
        let form = calls::form(call.number);
        let Some((_, form)) = form.filter(|_| self.is_native(task.process))
        else {
            return Wait::moves(Kind::Other);
        };
        if task.state == 'D'
            && !matches!(form, Form::Create(_) | Form::CreateHow)
        {
            return Wait::moves(Kind::Other);
        }
        let fd = call.arguments[0] as i32;
        match form {
            Form::Read => self.input(task, fd),
            Form::Write => self.output(task, fd),
            Form::Vmsplice => match self.descriptor(task, fd) {
                Some(it) if it.is_readable => self.input(task, fd),
                _ => self.output(task, fd),
            },
            Form::Copy(from, to) => {
                let from = self.input(task, call.arguments[from] as i32);
                let to = self.output(task, call.arguments[to] as i32);
                self.either(from, to)
            }
            Form::Open(_) | Form::OpenHow => self.open(task, form, call),
            Form::Wait4 | Form::WaitId => self.child(task, form, call),
            Form::Create(_) | Form::CreateHow => self.created(task, form, call),
            _ => self.in_other_call(place, task, form, call),
        }
    }

    fn in_other_call(
        &mut self,
        place: usize,
        task: &Task,
        form: Form,
        call: &Syscall,
    ) -> Wait {
        let arguments = &call.arguments;
        match form {
            Form::Flock | Form::Fcntl => self.file_lock(task, form, call),
            Form::Futex => self.futex(place, task, call),
            Form::Accept => self.accept(task, arguments[0] as i32),
            Form::Connect => self.connect(task, call),
            Form::ReceiveMany if arguments[4] != 0 => Wait::moves(Kind::Sleep),
            Form::Receive | Form::ReceiveMany => {
                self.input(task, arguments[0] as i32)
            }
            Form::Send => self.send_to(task, call),
            Form::QueueSend | Form::QueueReceive => {
                self.posix_queue(task, form, call)
            }
            Form::SemaphoreOf { is_timed } => {
                self.system_v_semaphore(task, is_timed, call)
            }
            Form::MessageSend | Form::MessageReceive => {
                self.system_v_queue(task, form, call)
            }
            Form::Pause | Form::SigSuspend | Form::SigWait => {
                self.signal(task, form, call)
            }
            Form::Sleep => Wait::moves(Kind::Sleep),
            _ => self.set(task, form, call),
        }
    }

    /// A wait that ends when either of two does; the one that cannot wait is
    /// left out.
    fn either(&self, first: Wait, second: Wait) -> Wait {
        let is_file = |wait: &Wait| wait.kind == Kind::Other;
        if is_file(&first) {
            second
        } else if is_file(&second) {
            first
        } else {
            let mut both = Wait::new(Kind::Poll, Vec::new());
            both.members = vec![first, second];
            both
        }
    }

    pub(crate) fn descriptor(
        &self,
        task: &Task,
        fd: i32,
    ) -> Option<Descriptor> {
        self.holdings.descriptor(task.process, task.tid, fd).cloned()
    }

    /// What `fdinfo` tells of a task's descriptor.
    pub(crate) fn info(&self, task: &Task, fd: i32) -> Option<String> {
        let (tid, fd) = self.place(task, fd);
        self.proc.info(tid, fd)
    }

    /// A task's descriptor, as all threads name it that share its table.
    pub(crate) fn place(&self, task: &Task, fd: i32) -> Place {
        (self.holdings.reader(task.process, task.tid), fd)
    }

    /// The group of those who hold the same timer or epoll set.
    pub(crate) fn twins(&mut self, place: Place, text: &'static str) -> usize {
        if let Some((known, _)) = self.twin_groups.get(&place) {
            return *known;
        }
        let holders = self.holdings.twins(self.proc, place, text);
        let places: Vec<Place> =
            holders.iter().filter_map(|it| Some((it.pid, it.fd?))).collect();
        let group = self.named_group(holders);
        for place in places {
            self.twin_groups.insert(place, (group, text));
        }
        group
    }

    /// The group of those who hold an end; made at the first question.
    pub(crate) fn group(&mut self, object: &Object, end: End) -> usize {
        let key = (*object, end);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let holders = self.holdings.holders(object, end);
        let group = self.named_group(holders);
        self.known.insert(key, group);
        group
    }

    /// The objects about whose holders was asked, and their groups.
    pub(crate) fn known_groups(&self) -> Vec<(Object, usize)> {
        let all = self.known_ends().into_iter();
        all.map(|(object, _, group)| (object, group)).collect()
    }

    /// The same, with the end that they hold.
    pub(crate) fn known_ends(&self) -> Vec<(Object, End, usize)> {
        let all = self.known.iter();
        all.map(|((object, end), group)| (*object, *end, *group)).collect()
    }

    /// With the pids of processes, where a thread's table was read.
    pub(crate) fn named_group(&mut self, mut holders: Vec<Holding>) -> usize {
        for holder in &mut holders {
            holder.pid = match holder.process {
                Some(place) => self.census.processes[place].pid,
                None => self.holdings.leader(holder.pid),
            };
        }
        self.add_group(holders)
    }

    pub(crate) fn add_group(&mut self, holders: Vec<Holding>) -> usize {
        let mut group = Group::new(holders);
        group.leads_outside |= !self.holdings.strangers.is_settled;
        self.groups.push(group);
        self.groups.len() - 1
    }

    /// Nothing is known any more of who holds what.
    pub(crate) fn doubt_all(&mut self) {
        for group in &mut self.groups {
            group.leads_outside = true;
        }
    }

    /// Whether the kernel shows nobody who could wake: then there is
    /// somebody whom we may not see.
    pub(crate) fn is_empty(&self, group: usize) -> bool {
        self.groups[group].holders.is_empty()
    }

    /// What a process maps; read once.
    pub(crate) fn mappings(&mut self, pid: i32) -> Option<Rc<Vec<Mapping>>> {
        let proc = self.proc;
        let read = || proc.mappings(pid).map(Rc::new);
        self.mappings.entry(pid).or_insert_with(read).clone()
    }
}

//! Whether two numbers lead to one open file, and two threads to one table
//! of descriptors: kcmp(2). Where it is refused, or not there, nobody knows.

use nix::errno::Errno;

use crate::proc::Proc;

const FILE: libc::c_int = 0; // KCMP_FILE, <linux/kcmp.h>
const TABLE: libc::c_int = 2; // KCMP_FILES
const WATCHED: libc::c_int = 7; // KCMP_EPOLL_TFD

/// A descriptor, by a thread that has it and its number.
pub(crate) type Place = (i32, i32);

/// A `struct kcmp_epoll_slot`: an entry of an epoll set.
#[repr(C)]
struct Slot {
    set: u32,
    watched: u32,
    nth: u32,
}

impl Proc {
    pub(crate) fn is_same_file(self, one: Place, other: Place) -> Option<bool> {
        if one == other {
            return Some(true);
        }
        let numbers = [one.1 as u64, other.1 as u64];
        self.compare([one.0, other.0], FILE, numbers)
    }

    pub(crate) fn is_same_table(self, one: i32, other: i32) -> Option<bool> {
        self.compare([one, other], TABLE, [0, 0])
    }

    /// Whether an entry of an epoll set, the `nth` of those that were added
    /// under this number, is the file that the number leads to now.
    pub(crate) fn is_still_watched(
        self,
        set: Place,
        number: i32,
        nth: u32,
    ) -> Option<bool> {
        let (tid, set) = set;
        let slot = Slot { set: set as u32, watched: number as u32, nth };
        let at = (&raw const slot) as u64;
        self.compare([tid, tid], WATCHED, [number as u64, at])
    }

    fn compare(
        self,
        tids: [i32; 2],
        kind: libc::c_int,
        numbers: [u64; 2],
    ) -> Option<bool> {
        self.compared(tids, kind, numbers).ok()
    }

    /// As `is_same_file`; an error if there is no such descriptor any more
    /// (`EBADF`, `ESRCH`), or if nobody may know.
    pub(crate) fn compare_files(
        self,
        one: Place,
        other: Place,
    ) -> Result<bool, Errno> {
        let numbers = [one.1 as u64, other.1 as u64];
        self.compared([one.0, other.0], FILE, numbers)
    }

    fn compared(
        self,
        tids: [i32; 2],
        kind: libc::c_int,
        numbers: [u64; 2],
    ) -> Result<bool, Errno> {
        if self.refuses_descriptors() {
            return Err(Errno::EPERM);
        }
        let [one, other] = tids;
        let [first, second] = numbers;
        // SAFETY: kcmp(2) takes numbers; the slot, to which the last may
        // point, outlives the call.
        let order = unsafe {
            libc::syscall(libc::SYS_kcmp, one, other, kind, first, second)
        };
        // 1, 2 and 3 are an order without meaning.
        Errno::result(order).map(|order| order == 0)
    }
}

//! Leaves shared memory and a message queue behind.

use nix::fcntl::OFlag;
use nix::mqueue::{MQ_OFlag, mq_open};
use nix::sys::mman::shm_open;
use nix::sys::stat::Mode;

fn main() {
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    shm_open("/hostile-mark", OFlag::O_CREAT | OFlag::O_RDWR, mode).ok();
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_RDWR;
    mq_open("/hostile-mark", flags, mode, None).ok();
}

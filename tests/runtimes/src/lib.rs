//! What the tests have in common: runtimes, random numbers, and processes that are killed.

use std::future::Future;
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// A runtime by hand: parks its thread until the task is woken.
pub fn by_hand<R>(future: impl Future<Output = R>) -> R {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let (mut context, mut future) = (Context::from_waker(&waker), pin!(future));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => thread::park(),
        }
    }
}

/// The same on one thread of tokio's.
pub fn on_tokio<R>(future: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// The same on several.
pub fn on_tokio_threads<R: Send + 'static>(future: impl Future<Output = R> + Send + 'static) -> R {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(async { tokio::spawn(future).await.unwrap() })
}

/// The same on smol.
pub fn on_smol<R>(future: impl Future<Output = R>) -> R {
    smol::block_on(future)
}

/// Numbers that look random: xorshift.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// One below that.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// What this process was started for, if a test has started it.
pub fn role() -> Option<(String, String)> {
    Some((std::env::var("ROLE").ok()?, std::env::var("RING").ok()?))
}

/// Starts this program's test `child` in that role.
pub fn start(role: &str, ring: &str) -> Child {
    command(role, ring).stdout(Stdio::null()).spawn().unwrap()
}

/// The same, and what it prints can be read.
pub fn start_piped(role: &str, ring: &str) -> Child {
    command(role, ring).stdout(Stdio::piped()).spawn().unwrap()
}

fn command(role: &str, ring: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env("ROLE", role).env("RING", ring);
    command.stdin(Stdio::piped());
    command
}

/// Processor time of this process.
pub fn processor_time() -> std::time::Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes the time.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) }, 0);
    std::time::Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

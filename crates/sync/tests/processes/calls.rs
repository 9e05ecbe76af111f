//! System calls: there are none while no process has to wait.
//!
//! The kernel counts, and strictly: a process that plays a role here has it kill the process at any
//! call but those by which it says that it is done, and ends.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use ringway_sync::{Plan, Region};

use crate::child::{Directory, Player, is_ready, role};

/// The test in which roles are told here.
const PLAY: &str = "calls::play";
/// How often each object is used.
const TIMES: u64 = 1_000_000;

fn plan() -> Plan {
    Plan::new()
        .lock("lock")
        .spin_lock("spin")
        .mutex("mutex", [0u64; 7])
        .in_place("in place", [0u64; 7])
        .semaphore("slots", 2)
        .cell("cell", [0u64; 7])
        .lock("taken")
}

#[test]
fn a_million_pairs_without_waiters_make_no_system_call() {
    let directory = Directory::new();
    let _region = plan().create(directory.place("region")).unwrap();
    let mut player = Player::start_in(PLAY, &directory, "frugal");
    player.goes_on();
    player.hears("done");
    assert!(player.ends().success());
}

#[test]
fn one_call_is_enough_to_be_killed() {
    let directory = Directory::new();
    let region = plan().create(directory.place("region")).unwrap();
    let lock = region.lock("taken").unwrap();
    let _guard = lock.lock().unwrap();
    let mut player = Player::start_in(PLAY, &directory, "sleeper");
    player.goes_on();
    assert_eq!(player.ends().signal(), Some(libc::SIGSYS));
}

/// What processes do here. Nothing, where it is not one that a test has started.
#[test]
fn play() {
    let Some((role, region)) = role() else { return };
    match role.as_str() {
        "frugal" => is_frugal(&region),
        "sleeper" => {
            let lock = region.lock("taken").unwrap();
            is_ready();
            calls_kill();
            let _ = lock.lock_timeout(Duration::from_secs(10));
        }
        role => panic!("{role}"),
    }
}

fn is_frugal(region: &Region) {
    let lock = region.lock("lock").unwrap();
    let spin = region.spin_lock("spin").unwrap();
    let mutex = region.mutex::<[u64; 7]>("mutex").unwrap();
    // SAFETY: all processes of the region run this test, which changes the value through guards
    // alone.
    let in_place = unsafe { region.in_place::<[u64; 7]>("in place") }.unwrap();
    let slots = region.semaphore("slots").unwrap();
    let cell = region.cell::<[u64; 7]>("cell").unwrap();
    let mut writer = cell.claim().unwrap();
    is_ready();
    calls_kill();
    for number in 1..=TIMES {
        drop(lock.lock().unwrap());
        drop(lock.try_lock().unwrap());
        drop(lock.lock_timeout(Duration::from_secs(1)).unwrap());
        drop(spin.lock().unwrap());
        mutex.lock().unwrap()[0] += 1;
        in_place.lock().unwrap()[0] += 1;
        drop(slots.acquire().unwrap());
        writer.set(&[number; 7]);
        assert_eq!(mutex.peek().unwrap()[0], number);
        assert_eq!(cell.read().unwrap(), [number; 7]);
    }
    assert_eq!(in_place.lock().unwrap()[0], TIMES);
    println!("done");
    // SAFETY: ends the process, without what a test does at its end.
    unsafe { libc::_exit(0) };
}

/// From now on any system call of this thread but `write` and `exit_group` kills the process.
fn calls_kill() {
    let [ld, eq, ret] = [
        libc::BPF_LD | libc::BPF_W | libc::BPF_ABS,
        libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
        libc::BPF_RET | libc::BPF_K,
    ];
    let step = |code: u32, k: u32, jt: u8, jf: u8| {
        let code = u16::try_from(code).unwrap();
        libc::sock_filter { code, jt, jf, k }
    };
    let number = |call: libc::c_long| u32::try_from(call).unwrap();
    let mut steps = [
        // The call's number lies first.
        step(ld, 0, 0, 0),
        step(eq, number(libc::SYS_write), 1, 0),
        step(eq, number(libc::SYS_exit_group), 0, 1),
        step(ret, libc::SECCOMP_RET_ALLOW, 0, 0),
        step(ret, libc::SECCOMP_RET_KILL_PROCESS, 0, 0),
    ];
    let len = u16::try_from(steps.len()).unwrap();
    let filter = libc::sock_fprog { len, filter: steps.as_mut_ptr() };
    // SAFETY: it takes numbers.
    let alone = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(alone, 0, "{}", std::io::Error::last_os_error());
    let mode = libc::SECCOMP_MODE_FILTER;
    // SAFETY: a filter of so many steps, which the kernel copies.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const filter) };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

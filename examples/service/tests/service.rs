//! All roles as processes, killed and ended at random: the recorder has every tick, each once.

use std::env::temp_dir;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio, id};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ringway::{Position, Ring, segment};
use rustix::process::{Pid, Signal, kill_process};

const ROLES: [&str; 4] = ["feed", "ingest", "record", "show"];
/// Number and price.
const TICK: usize = 16;
/// Ticks that the ring holds.
const CAPACITY: usize = 4096;
/// How long anything may take here. What takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Numbers that look random: xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn pause(&mut self, most: u64) {
        sleep(Duration::from_micros(self.below(most * 1000)));
    }
}

/// The service. Dropped, also by a panic, it leaves no process, ring or file behind.
struct Service {
    ring: String,
    address: String,
    folder: PathBuf,
    /// One for each role.
    running: [Option<Child>; ROLES.len()],
}

impl Service {
    fn new(test: u64) -> Service {
        // All of 127.0.0.0/8 is this machine: a port of a process's own.
        let [_, a, b, c] = id().to_be_bytes();
        let name = format!("ringway-service-{}-{test}", id());
        let folder = temp_dir().join(&name);
        fs::create_dir(&folder).unwrap();
        let address = format!("127.{}.{b}.{c}:{}", a % 254 + 1, 7000 + test);
        Service { ring: name, address, folder, running: Default::default() }
    }

    fn recording(&self) -> PathBuf {
        self.folder.join("ticks")
    }

    /// Starts that role. What it says goes to a file, behind what it said before.
    fn start(&mut self, role: usize) {
        let said = |what| {
            let path = self.folder.join(format!("{}.{what}", ROLES[role]));
            Stdio::from(File::options().create(true).append(true).open(path).unwrap())
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringway-service"));
        command.arg(ROLES[role]).stdin(Stdio::null()).stdout(said("out")).stderr(said("err"));
        match ROLES[role] {
            "feed" => command.arg(&self.address),
            "ingest" => command.args([&self.ring, &self.address]),
            "record" => command.arg(&self.ring).arg(self.recording()),
            _ => command.arg(&self.ring),
        };
        self.running[role] = Some(command.spawn().unwrap());
    }

    /// No role ends by itself.
    fn all_run(&mut self) {
        for (role, name) in ROLES.iter().enumerate() {
            let running = self.running[role].as_mut();
            if let Some(status) = running.and_then(|child| child.try_wait().unwrap()) {
                panic!("{name} has ended by itself, {status}: {}", self.said(role, "err"));
            }
        }
    }

    /// Ends that role by a signal.
    fn end(&mut self, role: usize, signal: Signal) -> ExitStatus {
        self.all_run();
        let child = self.running[role].as_mut().unwrap();
        kill_process(Pid::from_child(child), signal).unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                self.running[role] = None;
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "{} does not end", ROLES[role]);
            sleep(Duration::from_millis(1));
        }
    }

    fn terminate(&mut self, role: usize) {
        let status = self.end(role, Signal::TERM);
        // One that was not ready for the signal yet is killed by it.
        let early = status.signal() == Some(Signal::TERM.as_raw());
        assert!(status.success() || early, "{}: {status}", ROLES[role]);
    }

    fn said(&self, role: usize, what: &str) -> String {
        fs::read_to_string(self.folder.join(format!("{}.{what}", ROLES[role]))).unwrap()
    }

    fn recorded(&self) -> u64 {
        fs::metadata(self.recording()).map_or(0, |file| file.len())
    }

    /// Waits until so many more ticks are in the recorder's file.
    fn goes_on(&mut self, ticks: usize) {
        let (end, begun) = (self.recorded() + (ticks * TICK) as u64, Instant::now());
        while self.recorded() < end {
            self.all_run();
            assert!(begun.elapsed() < PATIENCE, "nothing is recorded any more");
            sleep(Duration::from_millis(1));
        }
    }
}

impl Service {
    /// The numbers of the ticks that were shown.
    fn shown(&self) -> impl Iterator<Item = u64> {
        let said = self.said(3, "out");
        // The last line of one that was killed may be half a line.
        let numbers = said
            .lines()
            .filter_map(|line| line.strip_prefix("tick ")?.split_once(": ")?.0.parse().ok());
        numbers.collect::<Vec<_>>().into_iter()
    }

    /// How many ticks came again that were in the file, each time that a recorder began.
    fn came_again(&self) -> impl Iterator<Item = u64> {
        let said = self.said(2, "out");
        let counts = said
            .lines()
            .filter_map(|line| line.strip_suffix(" come again")?.rsplit_once(' ')?.1.parse().ok());
        counts.collect::<Vec<_>>().into_iter()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        for child in self.running.iter_mut().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = segment::unlink(self.ring.as_str());
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The numbers of the ticks in the file. Each has the price that the source gave it.
fn numbers(file: &Path) -> Vec<u64> {
    let bytes = fs::read(file).unwrap();
    assert_eq!(bytes.len() % TICK, 0, "half a tick is in the file");
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
    let numbers = bytes.chunks(TICK).map(|tick| {
        let (number, price) = (word(&tick[..8]), word(&tick[8..]));
        assert_eq!(price, 1000 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 50);
        number
    });
    numbers.collect()
}

/// What happens to a role.
#[derive(Clone, Copy, Debug)]
struct Event {
    role: usize,
    signal: Signal,
}

/// So many of each role are killed and so many restarted, in a random order.
fn events(random: &mut Random, kills: usize, restarts: usize) -> Vec<Event> {
    let of = |role| {
        let killed = std::iter::repeat_n(Event { role, signal: Signal::KILL }, kills);
        killed.chain(std::iter::repeat_n(Event { role, signal: Signal::TERM }, restarts))
    };
    let mut events: Vec<_> = (0..ROLES.len()).flat_map(of).collect();
    for last in (1..events.len()).rev() {
        events.swap(last, random.below(last as u64 + 1) as usize);
    }
    events
}

fn runs(test: u64, kills: usize, restarts: usize) {
    let (mut random, mut service) = (Random(0x5eed + test), Service::new(test));
    (0..ROLES.len()).for_each(|role| service.start(role));
    service.goes_on(1);
    for Event { role, signal } in events(&mut random, kills, restarts) {
        random.pause(100);
        if signal == Signal::KILL {
            let status = service.end(role, signal);
            assert_eq!(status.signal(), Some(Signal::KILL.as_raw()), "{}", ROLES[role]);
        } else {
            service.terminate(role);
        }
        // The others notice now and then.
        if random.below(2) == 0 {
            random.pause(300);
        }
        service.start(role);
        if random.below(2) == 0 {
            service.goes_on(1);
        }
    }
    // More than the ring holds: so the ingester is there too.
    service.goes_on(2 * CAPACITY);

    // The ingester ends first, and waits for the recorder.
    for role in [1, 2, 3, 0] {
        service.terminate(role);
    }
    let recorded = numbers(&service.recording());
    assert!(recorded.iter().copied().eq(0..recorded.len() as u64), "lost, twice or out of order");
    let ring = Ring::<[u64; 2]>::open(service.ring.as_str()).unwrap();
    assert_eq!(ring.head(), recorded.len() as Position, "sent, and not recorded");

    let shown: Vec<u64> = service.shown().collect();
    assert!(!shown.is_empty() && shown.is_sorted(), "{shown:?}");
    let again: Vec<u64> = service.came_again().collect();
    // One that is killed at once says nothing.
    assert!((1..=kills + restarts + 1).contains(&again.len()), "{again:?}");
    println!("{} ticks recorded, {} pictures; came again {again:?}", recorded.len(), shown.len());
    let errors = ROLES.iter().enumerate().map(|(role, _)| service.said(role, "err"));
    println!("{}", errors.collect::<String>());
}

#[test]
fn roles_that_are_killed_and_restarted_lose_nothing() {
    runs(1, 2, 1);
}

#[test]
#[ignore = "long"]
fn roles_that_are_killed_and_restarted_often_lose_nothing() {
    // Half a minute to two.
    runs(2, 50, 20);
}

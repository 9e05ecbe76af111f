//! Request and reply: clients and servers that are killed, and what comes of the calls.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use ringway::error::mailbox::{ReceiverError, SenderError};
use ringway::error::request::{CallError, ClientError, ServeTimeoutError};
use ringway::request::{self, Call, Client, Options, Server, Service, Ticket};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

const NAME: &str = "calc";
const KILLS: u64 = 60;
const CLIENTS: u64 = 3;
/// Calls of each client that is not killed.
const CALLS: u64 = 3000;
/// Calls that a client has outstanding.
const AT_A_TIME: usize = 3;

/// What becomes of a call, as a client notes it.
const ANSWERED: u64 = 0;
const SERVER_DIED: u64 = 1;

/// The reply to a request.
fn reply_to(request: u64) -> u64 {
    request.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Requests with even numbers may be run again.
fn may_be_retried(request: u64) -> bool {
    request % 2 == 0
}

fn log(task: &Task) -> File {
    let path = task.path(task.argument().split(' ').next().unwrap());
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

fn note(log: &mut File, first: u64, second: u64) {
    let mut words = [0; 16];
    words[..8].copy_from_slice(&first.to_ne_bytes());
    words[8..].copy_from_slice(&second.to_ne_bytes());
    log.write_all(&words).unwrap();
}

/// What was noted in files whose names begin so. A process that is killed while it writes has
/// written all of a note, or nothing.
fn noted(path: &Path, prefix: &str) -> Vec<(u64, u64)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with(prefix) {
            for words in fs::read(&path).unwrap().chunks_exact(16) {
                let [first, second] =
                    [0, 8].map(|at| u64::from_ne_bytes(words[at..at + 8].try_into().unwrap()));
                all.push((first, second));
            }
        }
    }
    all
}

fn server_of(service: &Service<u64, u64>) -> Server<u64, u64> {
    loop {
        match service.server() {
            Ok(server) => return server,
            // The one before is not quite dead.
            Err(ReceiverError::Full { .. }) => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => panic!("{error}"),
        }
    }
}

fn client_of(service: &Service<u64, u64>) -> Client<u64, u64> {
    loop {
        match service.client() {
            Ok(client) => return client,
            // One before was killed while it made its lane.
            Err(ClientError::Lane(SenderError::Busy)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Notes each request, with its mark, and replies, until it is told to end and has nothing to do.
pub(crate) fn server(task: &Task) {
    let mut log = log(task);
    let service = Service::<u64, u64>::open(task.segment(NAME)).unwrap();
    let mut server = server_of(&service);
    task.say("ready");
    let mut was_told = false;
    loop {
        match server.recv_timeout(Duration::from_millis(300)) {
            Ok(request) => {
                note(&mut log, *request, request.redelivered().into());
                let reply = reply_to(*request);
                // A client that has gone is no error here.
                let _ = request.reply(&reply);
            }
            Err(ServeTimeoutError::Timeout) => {
                was_told |= task.told();
                if was_told {
                    break;
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
    drop(server);
    task.say("done");
    task.wait();
}

/// Makes so many calls, a few at a time, and notes what becomes of each. Arguments: the log, the
/// first number, and how many.
pub(crate) fn client(task: &Task) {
    let mut log = log(task);
    let mut words = task.argument().split(' ').skip(1).map(|word| word.parse::<u64>().unwrap());
    let (first, calls) = (words.next().unwrap(), words.next().unwrap());
    let service = Service::<u64, u64>::open(task.segment(NAME)).unwrap();
    let mut client = client_of(&service);
    let mut outstanding: Vec<(Ticket, u64)> = Vec::new();
    let mut next = first;
    while next < first + calls || !outstanding.is_empty() {
        if outstanding.len() < AT_A_TIME && next < first + calls {
            let call = Call::new().retry(may_be_retried(next));
            match client.send_with(&next, call) {
                Ok(ticket) => {
                    outstanding.push((ticket, next));
                    next += 1;
                    continue;
                }
                // Several servers answer in another order.
                Err(CallError::Full { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let (position, outcome) = match client.recv() {
            Ok((ticket, reply)) => (ticket.position(), Ok(reply)),
            Err(error @ CallError::ServerDied { position }) => (position, Err(error)),
            Err(error) => panic!("{error}"),
        };
        let at = outstanding.iter().position(|(ticket, _)| ticket.position() == position);
        let (_, request) = outstanding.swap_remove(at.expect("a reply to a call that is there"));
        match outcome {
            Ok(reply) => {
                assert_eq!(reply, reply_to(request), "the reply to another call");
                note(&mut log, request, ANSWERED);
            }
            Err(_) => {
                assert!(!may_be_retried(request));
                note(&mut log, request, SERVER_DIED);
            }
        }
    }
    drop(client);
    task.say("called");
    task.wait();
}

/// Has a request, and keeps it.
pub(crate) fn holder(task: &Task) {
    let service = Service::<u64, u64>::open(task.segment(NAME)).unwrap();
    let mut server = server_of(&service);
    task.say("ready");
    let request = server.recv().unwrap();
    task.say(*request);
    task.wait();
}

/// Sends as many requests as it can have outstanding.
pub(crate) fn caller(task: &Task) {
    let service = Service::<u64, u64>::open(task.segment(NAME)).unwrap();
    let mut client = client_of(&service);
    for request in 0.. {
        if client.send(&request).is_err() {
            break;
        }
    }
    task.say("sent");
    task.wait();
}

/// A cheap number that looks random.
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    *seed >> 33
}

/// Has a service's last server sweep until nothing is left of the clients.
fn is_swept(place: &Place, service: Service<u64, u64>) {
    let mut server = server_of(&service);
    let end = Instant::now() + LONG;
    let names = || -> Vec<_> {
        let entries = fs::read_dir(place.path().join(NAME)).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    while names() != ["door"] {
        // What killed clients have left is answered.
        if let Ok(request) = server.recv_timeout(Duration::from_millis(50)) {
            let _ = request.decline();
        }
        assert!(Instant::now() < end, "left: {:?}", names());
    }
    drop((server, service));
    assert!(request::unlink(place.segment(NAME)).unwrap());
}

/// Kills servers and clients at random, and starts others in their place.
fn kills(place: &Place, servers: u64, seed: &mut u64) {
    let mut generation = 0;
    let mut start_server = || {
        generation += 1;
        let child = Child::start(place, "request::server", &format!("runs-{generation}"));
        child.hears("ready");
        child
    };
    let mut clients_made = 0u64;
    let mut start_client = || {
        clients_made += 1;
        let argument = format!("calls-{clients_made} {} {CALLS}", clients_made << 32);
        Child::start(place, "request::client", &argument)
    };
    let mut answers: Vec<_> = (0..servers).map(|_| start_server()).collect();
    let mut asks: Vec<_> = (0..CLIENTS).map(|_| start_client()).collect();
    for _ in 0..KILLS {
        std::thread::sleep(Duration::from_millis(random(seed) % 12));
        let which = random(seed) % (CLIENTS + servers);
        if which < CLIENTS {
            std::mem::replace(&mut asks[which as usize], start_client()).dies();
        } else {
            let own = (which - CLIENTS) as usize;
            // First the old one: there is no room for both.
            answers.swap_remove(own).dies();
            answers.push(start_server());
        }
    }
    for client in asks {
        client.hears("called");
    }
    for server in &mut answers {
        server.go();
    }
    for server in answers {
        server.hears("done");
    }
}

fn calls_are_answered_or_fail(name: &str, servers: u64) {
    let place = Place::new(name);
    let options = Options::<u64, u64>::new(4).servers(servers as usize).clients(64);
    let service = options.create(place.segment(NAME)).unwrap();
    kills(&place, servers, &mut (7 + servers));
    let mut runs = BTreeMap::<u64, [u32; 2]>::new();
    for (request, mark) in noted(place.path(), "runs-") {
        runs.entry(request).or_default()[mark as usize] += 1;
    }
    for (request, [plain, marked]) in &runs {
        assert!(*plain <= 1, "{request:x} was run twice without a mark");
        assert!(may_be_retried(*request) || *marked == 0, "{request:x} was run again");
    }
    let mut died = 0;
    let mut clients = BTreeMap::<u64, u64>::new();
    for (request, outcome) in noted(place.path(), "calls-") {
        *clients.entry(request >> 32).or_default() += 1;
        match outcome {
            ANSWERED => assert!(runs.contains_key(&request), "{request:x} was not run"),
            _ => died += 1,
        }
    }
    // Those that were not killed have an outcome for each of their calls.
    let whole = clients.values().filter(|&&calls| calls == CALLS).count();
    println!("{} requests run, {died} calls told of a death, {whole} clients whole", runs.len());
    assert!(whole as u64 >= CLIENTS);
    is_swept(&place, service);
}

#[test]
fn calls_are_answered_or_fail_when_clients_and_servers_that_share_are_killed() {
    calls_are_answered_or_fail("request-shared", 3);
}

#[test]
fn calls_are_answered_or_fail_when_clients_and_the_one_server_are_killed() {
    calls_are_answered_or_fail("request-sole", 1);
}

/// How a call ends whose server is killed with the request.
fn when_its_server_dies(servers: usize, another: bool) {
    let place = Place::new(&format!("request-dies-{servers}-{another}"));
    let options = Options::<u64, u64>::new(4).servers(servers);
    let service = options.create(place.segment(NAME)).unwrap();
    let mut client = service.client().unwrap();
    let mut slowest = Duration::ZERO;
    for number in 0..5 {
        let holder = Child::start(&place, "request::holder", "");
        holder.hears("ready");
        // It takes what is there first, and has nothing to do with what comes next.
        let other = another.then(|| {
            let other = Child::start(&place, "request::holder", "");
            other.hears("ready");
            other
        });
        let ticket = client.send(&number).unwrap();
        let begin = match other {
            None => {
                holder.hears(&number.to_string());
                let begin = Instant::now();
                holder.dies();
                begin
            }
            Some(other) => {
                // Both have one, so that no server is free; either may have the first.
                let busy = client.send_with(&(100 + number), Call::new().retry(true)).unwrap();
                let first = holder.hear() == number.to_string();
                other.hear();
                let (dies, lives) = if first { (holder, other) } else { (other, holder) };
                let begin = Instant::now();
                dies.dies();
                client.forget(busy);
                assert_eq!(
                    client.wait(ticket),
                    Err(CallError::ServerDied { position: ticket.position() })
                );
                slowest = slowest.max(begin.elapsed());
                lives.dies();
                let mut server = server_of(&service);
                while let Ok(request) = server.recv_timeout(Duration::from_millis(150)) {
                    assert!(request.redelivered());
                    request.decline().unwrap();
                }
                continue;
            }
        };
        assert_eq!(client.wait(ticket), Err(CallError::ServerDied { position: ticket.position() }));
        slowest = slowest.max(begin.elapsed());
        // The next server is given it with a mark, and does not run it.
        assert!(server_of(&service).try_recv().is_err());
    }
    println!("{servers} servers, another busy: {another}: after {slowest:?} at most");
}

#[test]
fn a_call_fails_when_the_one_server_dies_with_its_request() {
    when_its_server_dies(1, false);
}

#[test]
fn a_call_fails_when_one_of_several_servers_dies_with_its_request_and_there_is_no_other() {
    when_its_server_dies(2, false);
}

#[test]
fn a_call_fails_when_one_of_several_servers_dies_with_its_request_and_the_other_is_busy() {
    when_its_server_dies(2, true);
}

#[test]
fn a_call_that_may_be_retried_goes_to_the_next_server() {
    for servers in [1, 2] {
        let place = Place::new("request-retry");
        let options = Options::<u64, u64>::new(4).servers(servers);
        let service = options.create(place.segment(NAME)).unwrap();
        let mut client = service.client().unwrap();
        let holder = Child::start(&place, "request::holder", "");
        holder.hears("ready");
        let ticket = client.send_with(&7, Call::new().retry(true)).unwrap();
        holder.hears("7");
        holder.dies();
        assert_eq!(client.try_wait(ticket), Err(CallError::Pending));
        let thread = std::thread::spawn(move || {
            let mut server = server_of(&service);
            let request = server.recv_timeout(LONG).unwrap();
            assert_eq!((*request, request.redelivered()), (7, true));
            request.reply(&8).unwrap();
        });
        assert_eq!(client.wait(ticket), Ok(8));
        thread.join().unwrap();
    }
}

#[test]
fn a_client_that_dies_costs_the_server_no_more_than_its_requests() {
    let place = Place::new("request-gone");
    let service = Options::<u64, u64>::new(4).create(place.segment(NAME)).unwrap();
    let mut server = service.server().unwrap();
    for _ in 0..3 {
        let caller = Child::start(&place, "request::caller", "");
        caller.hears("sent");
        caller.dies();
        for number in 0..4 {
            let request = server.recv_timeout(LONG).unwrap();
            assert_eq!(*request, number);
            // There is room, and no client to read it.
            let _ = request.reply(&number);
        }
    }
    // Another is served all the while.
    let mut client = service.client().unwrap();
    let ticket = client.send(&1).unwrap();
    server.recv_timeout(LONG).unwrap().reply(&2).unwrap();
    assert_eq!(client.wait(ticket), Ok(2));
    drop((client, server));
    is_swept(&place, service);
}

#[test]
fn a_server_that_is_stopped_is_not_dead_and_a_call_with_a_time_ends() {
    let place = Place::new("request-stopped");
    let service = Options::<u64, u64>::new(4).create(place.segment(NAME)).unwrap();
    let mut client = service.client().unwrap();
    let mut holder = Child::start(&place, "request::holder", "");
    holder.hears("ready");
    let call = Call::new().timeout(Duration::from_millis(400));
    let ticket = client.send_with(&7, call).unwrap();
    holder.hears("7");
    holder.stops();
    let position = Some(ticket.position());
    assert_eq!(client.wait(ticket), Err(CallError::Timeout { position }));
    holder.continues();
    holder.dies();
}

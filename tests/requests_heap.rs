//! Request and reply among threads: which call gets which reply, and what a call is told instead.
#![cfg(all(feature = "std", target_os = "linux"))]

use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringway::Position;
use ringway::error::request::{CallError, ReplyError, ServeError, TryServeError};
use ringway::request::{Call, Client, Options, Server, Ticket};
use ringway::wait::Interrupt;

/// Far longer than anything takes that is not stuck.
const LONG: Duration = Duration::from_secs(60);

fn pair(window: usize) -> (Client<u64, u64>, Server<u64, u64>) {
    let service = Options::<u64, u64>::new(window).heap().unwrap();
    (service.client().unwrap(), service.server().unwrap())
}

fn answer(server: &mut Server<u64, u64>) -> u64 {
    let request = server.recv_timeout(LONG).unwrap();
    let number = *request;
    request.reply(&(10 * number)).unwrap();
    number
}

#[test]
fn each_call_of_many_clients_to_several_servers_gets_its_own_reply() {
    const CALLS: u64 = if cfg!(miri) { 5 } else { 2000 };
    let service = Options::<[u64; 2], [u64; 2]>::new(4).servers(2).clients(4).heap().unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            let mut server = service.server().unwrap();
            scope.spawn(move || {
                loop {
                    match server.recv() {
                        Ok(request) => {
                            let [client, number] = *request;
                            request.reply(&[client, 10 * number]).unwrap();
                        }
                        Err(ServeError::Closed) => break,
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        let clients: Vec<_> = (0..4).map(|_| service.client().unwrap()).collect();
        // Servers end when these have.
        drop(service);
        for (own, mut client) in clients.into_iter().enumerate() {
            scope.spawn(move || {
                for number in 0..CALLS {
                    let reply = client.call_timeout(&[own as u64, number], LONG).unwrap();
                    assert_eq!(reply, [own as u64, 10 * number]);
                }
            });
        }
    });
}

#[test]
fn a_window_of_calls_is_outstanding_and_no_more() {
    let (mut client, mut server) = pair(4);
    let tickets: Vec<Ticket> = (0..4).map(|number| client.send(&number).unwrap()).collect();
    assert_eq!(client.send(&4), Err(CallError::Full { window: 4 }));
    assert_eq!(client.outstanding(), 4);
    for _ in 0..4 {
        answer(&mut server);
    }
    // In another order than they came: those before are kept.
    assert_eq!(client.wait(tickets[2]), Ok(20));
    assert_eq!(client.recv(), Ok((tickets[0], 0)));
    let last = client.send(&4).unwrap();
    assert_eq!(client.recv(), Ok((tickets[1], 10)));
    assert_eq!(client.try_recv(), Ok((tickets[3], 30)));
    assert_eq!(client.try_recv(), Err(CallError::Pending));
    assert_eq!(client.wait(tickets[0]), Err(CallError::NotOutstanding));
    answer(&mut server);
    assert_eq!(client.try_wait(last), Ok(40));
    assert_eq!(client.recv(), Err(CallError::NotOutstanding));
}

#[test]
fn a_late_reply_is_taken_for_no_other_call() {
    let (mut client, mut server) = pair(2);
    for _ in 0..10 {
        let late = client.send(&1).unwrap();
        let request = server.recv_timeout(LONG).unwrap();
        // Its time is over, or its client wants it no more: that is the same to what comes.
        client.forget(late);
        request.reply(&99).unwrap();
        let next = client.send(&2).unwrap();
        assert_eq!(answer(&mut server), 2);
        assert_eq!(client.wait(next), Ok(20));
    }
}

#[test]
fn a_request_whose_time_is_over_is_not_run() {
    let (mut client, mut server) = pair(2);
    let call = Call::new().timeout(Instant::now());
    let late = client.send_with(&1, call).unwrap();
    let other = client.send(&2).unwrap();
    assert_eq!(answer(&mut server), 2);
    assert!(matches!(server.try_recv(), Err(TryServeError::Empty)));
    let position = Some(late.position());
    assert_eq!(client.wait(late), Err(CallError::Timeout { position }));
    assert_eq!(client.wait(other), Ok(20));
}

#[test]
fn servers_see_until_when_a_client_waits() {
    let (mut client, mut server) = pair(2);
    let end = Instant::now() + LONG;
    client.send_with(&1, Call::new().timeout(end)).unwrap();
    let request = server.recv().unwrap();
    let seen = request.deadline().unwrap();
    assert!(seen.max(end) - seen.min(end) < LONG / 2);
    assert_eq!((request.may_be_retried(), request.redelivered()), (false, false));
    request.reply(&1).unwrap();
    client.send(&2).unwrap();
    assert_eq!(server.recv().unwrap().deadline(), None);
}

#[test]
fn a_request_that_is_dropped_fails_or_comes_again_once() {
    let (mut client, mut server) = pair(4);
    let once = client.send(&1).unwrap();
    let again = client.send_with(&2, Call::new().retry(true)).unwrap();
    let panics = thread::scope(|scope| {
        let server = &mut server;
        let thread = scope.spawn(move || {
            let _request = server.recv().unwrap();
            panic!("on purpose");
        });
        thread.join().is_err()
    });
    assert!(panics);
    assert_eq!(client.wait(once), Err(CallError::Unanswered { position: once.position() }));
    drop(server.recv().unwrap());
    let request = server.recv().unwrap();
    assert!(request.redelivered());
    drop(request);
    assert_eq!(client.wait(again), Err(CallError::Unanswered { position: again.position() }));
    assert!(matches!(server.try_recv(), Err(TryServeError::Empty)));
}

#[test]
fn a_call_fails_whose_server_goes_with_it() {
    for servers in [1, 2] {
        let service = Options::<u64, u64>::new(4).servers(servers).heap().unwrap();
        let mut client = service.client().unwrap();
        let ticket = client.send(&1).unwrap();
        let mut server = service.server().unwrap();
        std::mem::forget(server.recv().unwrap());
        assert_eq!(client.try_wait(ticket), Err(CallError::Pending));
        drop(server);
        let died = CallError::ServerDied { position: ticket.position() };
        assert_eq!(client.wait(ticket), Err(died));
        // And is not run by the next.
        let mut server = service.server().unwrap();
        assert!(matches!(server.try_recv(), Err(TryServeError::Empty)));
        let ticket = client.send(&2).unwrap();
        assert_eq!(answer(&mut server), 2);
        assert_eq!(client.wait(ticket), Ok(20));
    }
}

#[test]
fn long_requests_and_replies_go_by_the_arena() {
    let options = Options::<[u8], [u8]>::new(2).request_arena(1 << 20).reply_arena(1 << 20);
    let service = options.heap().unwrap();
    let (mut client, mut server) = (service.client().unwrap(), service.server().unwrap());
    assert!(client.longest_request() > 500_000);
    let mut buffer = vec![0; 600_000];
    for len in [0, 1, 239, 240, 241, 5000, 500_000] {
        let message: Vec<u8> = (0..len).map(|byte| byte as u8).collect();
        let ticket = client.send(&message).unwrap();
        let request = server.recv().unwrap();
        assert_eq!(*request, message);
        let reply: Vec<u8> = request.iter().rev().copied().collect();
        request.reply(&reply).unwrap();
        assert_eq!(client.wait_into(ticket, &mut buffer), Ok(len));
        assert_eq!(buffer[..len], reply);
    }
    let too_large = vec![0; 1 << 20];
    let error = client.send(&too_large).unwrap_err();
    assert!(matches!(error, CallError::TooLarge { len: 1_048_576, .. }), "{error}");
    // The server learns what is wrong, and the client that it gets nothing.
    let ticket = client.send(b"").unwrap();
    let error = server.recv().unwrap().reply(&too_large).unwrap_err();
    assert!(matches!(error, ReplyError::TooLarge { len: 1_048_576, .. }), "{error}");
    let position = ticket.position();
    assert_eq!(client.wait_into(ticket, &mut buffer), Err(CallError::NoRoom { position }));
}

#[test]
fn a_reply_for_which_there_is_no_room_fails_its_call_alone() {
    let options = Options::<u64, [u8]>::new(4).longest_reply(16).reply_arena(4096);
    let service = options.heap().unwrap();
    let (mut client, mut server) = (service.client().unwrap(), service.server().unwrap());
    let tickets: Vec<Ticket> = (0..3).map(|number| client.send(&number).unwrap()).collect();
    for number in 0..3 {
        let outcome = server.recv().unwrap().reply(&[number; 1900]);
        assert_eq!(outcome.is_ok(), number < 2, "{outcome:?}");
    }
    let mut buffer = [0; 2000];
    for (number, &ticket) in tickets.iter().enumerate().take(2) {
        assert_eq!(client.wait_into(ticket, &mut buffer), Ok(1900));
        assert_eq!(buffer[7], number as u8);
    }
    let position = tickets[2].position();
    assert_eq!(client.wait_into(tickets[2], &mut buffer), Err(CallError::NoRoom { position }));
}

#[test]
fn a_client_that_gives_up_leaves_room_for_all_replies() {
    let (mut client, mut server) = pair(2);
    // It never waits for one of them, and forgets each: what comes is dropped in time.
    for number in 0..100 {
        let ticket = client.send(&number).unwrap();
        assert!(client.forget(ticket) && !client.forget(ticket));
        let request = server.recv_timeout(LONG).unwrap();
        assert_eq!(*request, number);
        request.reply(&1).unwrap();
    }
    let ticket = client.send(&7).unwrap();
    answer(&mut server);
    assert_eq!(client.wait(ticket), Ok(70));
}

#[test]
fn a_call_that_finds_no_room_in_its_lane_ends_in_time() {
    let service = Options::<u64, u64>::new(2).heap().unwrap();
    let mut client = service.client().unwrap();
    // No server takes them. A lane of short messages holds so many.
    for _ in 0..64 {
        let ticket = client.send(&1).unwrap();
        client.forget(ticket);
    }
    let late = client.call_timeout(&2, Duration::from_millis(5));
    assert_eq!(late, Err(CallError::Timeout { position: None }));
    assert_eq!(client.try_send_with(&2, Call::new()), Err(CallError::Timeout { position: None }));
}

#[test]
fn an_interrupt_ends_a_call_and_leaves_one_that_was_sent() {
    let service = Options::<u64, u64>::new(2).heap().unwrap();
    let stop = Interrupt::new();
    let mut client = service.client().unwrap().interrupted_by(&stop);
    let ticket = client.send(&1).unwrap();
    stop.raise();
    assert_eq!(client.wait(ticket), Err(CallError::Interrupted));
    assert_eq!(client.call(&2), Err(CallError::Interrupted));
    stop.clear();
    assert_eq!(client.outstanding(), 1);
    let mut server = service.server().unwrap();
    answer(&mut server);
    answer(&mut server);
    assert_eq!(client.wait(ticket), Ok(10));
}

#[test]
fn messages_of_every_alignment_and_size_are_what_they_were() {
    #[repr(C, align(64))]
    #[derive(
        Clone, Copy, Debug, PartialEq, zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable,
    )]
    struct Line([u8; 64]);
    let service = Options::<Line, ()>::new(1).heap().unwrap();
    let (mut client, mut server) = (service.client().unwrap(), service.server().unwrap());
    let ticket = client.send(&Line([7; 64])).unwrap();
    let request = server.recv().unwrap();
    let request_is: &Line = &request;
    assert_eq!((*request_is, std::ptr::from_ref(request_is).addr() % 64), (Line([7; 64]), 0));
    // A rendezvous: there is nothing in the reply.
    request.reply(&()).unwrap();
    assert_eq!(client.wait(ticket), Ok(()));
}

/// A step of a client or a server.
#[derive(Clone, Copy, Debug)]
enum Step {
    Send {
        retry: bool,
    },
    Answer,
    Decline,
    Drop,
    Recv,
    /// That of the call with so many before it.
    Wait(usize),
    Forget(usize),
}

/// What a call is, as the model has it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Asked { again: bool },
    Replied(Result<u64, ()>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<bool>().prop_map(|retry| Step::Send { retry }),
        3 => Just(Step::Answer),
        1 => Just(Step::Decline),
        1 => Just(Step::Drop),
        2 => Just(Step::Recv),
        2 => (0..4usize).prop_map(Step::Wait),
        1 => (0..4usize).prop_map(Step::Forget),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 100 }))]

    /// One client, one server, and a model of what each knows.
    #[test]
    fn calls_are_what_a_model_says(steps in prop::collection::vec(step(), 1..500)) {
        const WINDOW: usize = 4;
        const LANE: usize = 64;
        let (mut client, mut server) = pair(WINDOW);
        // By number, which is the position too: the state of each call, and whether its client
        // still wants it.
        let mut calls: Vec<(State, bool, bool)> = Vec::new();
        let mut taken = 0usize;
        // Replies in the order in which they were sent.
        let mut replied: Vec<usize> = Vec::new();
        let outstanding = |calls: &[(State, bool, bool)]| -> Vec<usize> {
            (0..calls.len()).filter(|&call| calls[call].1).collect()
        };
        for step in steps {
            match step {
                Step::Send { retry } => {
                    let number = calls.len();
                    let old = number.checked_sub(LANE);
                    let blocked = outstanding(&calls).len() >= WINDOW
                        || old.is_some_and(|old| calls[old].1);
                    // In the lane it has a place when the server is done with that.
                    let full = old.is_some_and(|old| matches!(calls[old].0, State::Asked { .. }));
                    let call = Call::new().retry(retry);
                    match client.try_send_with(&(number as u64), call) {
                        Ok(ticket) => {
                            prop_assert!(!blocked && !full);
                            prop_assert_eq!(ticket.position(), number as Position);
                            calls.push((State::Asked { again: false }, true, retry));
                        }
                        Err(CallError::Full { .. }) => prop_assert!(blocked),
                        Err(CallError::Timeout { position: None }) => {
                            prop_assert!(full && !blocked);
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
                Step::Answer | Step::Decline | Step::Drop => match server.try_recv() {
                    Ok(request) => {
                        prop_assert_eq!(*request, taken as u64);
                        let again = State::Asked { again: request.redelivered() };
                        prop_assert_eq!(calls[taken].0, again);
                        let reply = match step {
                            Step::Answer => {
                                request.reply(&(10 * taken as u64)).unwrap();
                                Some(Ok(10 * taken as u64))
                            }
                            Step::Decline => {
                                request.decline().unwrap();
                                Some(Err(()))
                            }
                            _ => {
                                let back = calls[taken].2 && !request.redelivered();
                                drop(request);
                                (!back).then_some(Err(()))
                            }
                        };
                        match reply {
                            Some(reply) => {
                                calls[taken].0 = State::Replied(reply);
                                replied.push(taken);
                                taken += 1;
                            }
                            None => calls[taken].0 = State::Asked { again: true },
                        }
                    }
                    Err(TryServeError::Empty) => prop_assert_eq!(taken, calls.len()),
                    Err(error) => panic!("{error}"),
                },
                Step::Recv => {
                    replied.retain(|&call| calls[call].1);
                    let outcome = client.try_recv();
                    match replied.first().copied() {
                        None => {
                            let none = outstanding(&calls).is_empty();
                            let why =
                                if none { CallError::NotOutstanding } else { CallError::Pending };
                            prop_assert_eq!(outcome, Err(why));
                        }
                        Some(call) => {
                            calls[call].1 = false;
                            let reply = outcome.map(|(ticket, reply)| {
                                assert_eq!(ticket.position(), call as Position);
                                reply
                            });
                            prop_assert_eq!(State::Replied(reply.map_err(drop)), calls[call].0);
                        }
                    }
                }
                Step::Wait(nth) => {
                    let Some(&call) = outstanding(&calls).get(nth) else { continue };
                    let ticket = ticket_of(&client, call);
                    match (client.try_wait(ticket), calls[call].0) {
                        (Err(CallError::Pending), State::Asked { .. }) => {}
                        (outcome, State::Replied(reply)) => {
                            prop_assert_eq!(outcome.map_err(drop), reply);
                            calls[call].1 = false;
                        }
                        (outcome, state) => panic!("{outcome:?} in {state:?}"),
                    }
                }
                Step::Forget(nth) => {
                    let Some(&call) = outstanding(&calls).get(nth) else { continue };
                    let ticket = ticket_of(&client, call);
                    prop_assert!(client.forget(ticket));
                    calls[call].1 = false;
                }
            }
            prop_assert_eq!(client.outstanding(), outstanding(&calls).len());
        }
    }
}

/// The ticket of a call that is outstanding.
fn ticket_of(client: &Client<u64, u64>, position: usize) -> Ticket {
    client.outstanding_calls().find(|ticket| ticket.position() == position as Position).unwrap()
}

//! Request and reply: each call gets its own reply, and no wake-up is lost on the way there and
//! back. A sleep in a model has no end of its own, so that a lost wake-up is a deadlock.

use loom::thread;
use loom_tests::{SLEEPY, check};
use ringway::SpinThenSleep;
use ringway::error::request::{CallError, TryServeError};
use ringway::request::{Call, Client, Options, Server, Service};

type Asks = Client<u64, u64, SpinThenSleep>;
type Answers = Server<u64, u64, SpinThenSleep>;

fn service(servers: usize) -> Service<u64, u64> {
    Options::new(2).clients(2).servers(servers).heap().unwrap()
}

fn client(service: &Service<u64, u64>) -> Asks {
    service.client().unwrap().with_wait(SLEEPY)
}

fn server(service: &Service<u64, u64>) -> Answers {
    service.server().unwrap().with_wait(SLEEPY)
}

fn answer(server: &mut Answers) {
    let request = server.recv().unwrap();
    let reply = 10 * *request;
    request.reply(&reply).unwrap();
}

/// One call, and with it the server's lane in the reply box, which comes while the client goes to
/// sleep.
#[test]
fn no_lost_wakeup_of_a_call_and_its_server() {
    check("no_lost_wakeup_of_a_call_and_its_server", Some(2), || {
        let service = service(1);
        let (mut client, mut server) = (client(&service), server(&service));
        let thread = thread::spawn(move || {
            answer(&mut server);
            server
        });
        assert_eq!(client.call(&1), Ok(10));
        drop(thread.join().unwrap());
    });
}

/// Two requests at a time, and a server that has a lane already.
#[test]
fn no_lost_wakeup_of_calls_that_overlap() {
    check("no_lost_wakeup_of_calls_that_overlap", Some(2), || {
        let service = service(1);
        let (mut client, mut server) = (client(&service), server(&service));
        let first = client.send(&1).unwrap();
        answer(&mut server);
        let thread = thread::spawn(move || {
            answer(&mut server);
            answer(&mut server);
            server
        });
        let second = client.send(&2).unwrap();
        assert_eq!(client.wait(first), Ok(10));
        let third = client.send(&3).unwrap();
        assert_eq!(client.wait(third), Ok(30));
        assert_eq!(client.recv(), Ok((second, 20)));
        drop(thread.join().unwrap());
    });
}

/// Both ask the same server, and each gets what it asked for.
#[test]
fn each_of_two_clients_gets_its_own_reply() {
    check("each_of_two_clients_gets_its_own_reply", Some(1), || {
        let service = service(1);
        let mut server = server(&service);
        let clients = [1, 2].map(|number| (client(&service), number));
        let threads = clients.map(|(mut client, number)| {
            thread::spawn(move || {
                assert_eq!(client.call(&number), Ok(10 * number));
                client
            })
        });
        answer(&mut server);
        answer(&mut server);
        for thread in threads {
            drop(thread.join().unwrap());
        }
    });
}

/// Each of two servers answers one of two requests, in a lane of its own; or one answers both.
#[test]
fn no_lost_wakeup_of_a_client_by_two_servers() {
    check("no_lost_wakeup_of_a_client_by_two_servers", Some(1), || {
        let service = service(2);
        let mut client = client(&service);
        let tickets = [1, 2].map(|number| client.send(&number).unwrap());
        let threads = [server(&service), server(&service)].map(|mut server| {
            thread::spawn(move || {
                answer(&mut server);
                server
            })
        });
        assert_eq!(client.wait(tickets[1]), Ok(20));
        assert_eq!(client.wait(tickets[0]), Ok(10));
        for thread in threads {
            drop(thread.join().unwrap());
        }
    });
}

/// What a client sees of its request, and of the reply: a request that is done has one.
fn a_request_that_is_done_has_its_reply(name: &str, servers: usize) {
    check(name, Some(3), move || {
        let service = service(servers);
        let (mut client, mut server) = (client(&service), server(&service));
        let ticket = client.send(&1).unwrap();
        let thread = thread::spawn(move || {
            let request = server.try_recv().unwrap();
            let reply = 10 * *request;
            request.reply(&reply).unwrap();
            server
        });
        // It asks what has become of the request, as a client that has waited in vain does.
        let outcome = client.try_wait(ticket);
        assert!(matches!(outcome, Ok(10) | Err(CallError::Pending)), "{outcome:?}");
        drop(thread.join().unwrap());
    });
}

#[test]
fn a_request_that_a_server_is_done_with_has_its_reply() {
    a_request_that_is_done_has_its_reply("a_request_that_a_server_is_done_with_has_its_reply", 1);
}

#[test]
fn a_request_that_one_of_several_is_done_with_has_its_reply() {
    let name = "a_request_that_one_of_several_is_done_with_has_its_reply";
    a_request_that_is_done_has_its_reply(name, 2);
}

/// A server that goes after it has replied, with the client asking what has become of its request.
#[test]
fn a_server_that_goes_leaves_its_reply() {
    check("a_server_that_goes_leaves_its_reply", Some(2), || {
        let service = service(2);
        let (mut client, mut server) = (client(&service), server(&service));
        let ticket = client.send(&1).unwrap();
        let thread = thread::spawn(move || {
            let request = server.try_recv().unwrap();
            let reply = 10 * *request;
            request.reply(&reply).unwrap();
        });
        let outcome = client.try_wait(ticket);
        assert!(matches!(outcome, Ok(10) | Err(CallError::Pending)), "{outcome:?}");
        thread.join().unwrap();
        if outcome.is_err() {
            assert_eq!(client.try_wait(ticket), Ok(10));
        }
    });
}

/// A request that one server gives back wakes the other, which says that it has been given before.
#[test]
fn no_lost_wakeup_of_a_server_when_another_gives_back() {
    check("no_lost_wakeup_of_a_server_when_another_gives_back", Some(2), || {
        let service = service(2);
        let mut client = client(&service);
        let (mut first, mut second) = (server(&service), server(&service));
        let ticket = client.send_with(&1, Call::new().retry(true)).unwrap();
        let held = first.try_recv().unwrap();
        let thread = thread::spawn(move || {
            let request = second.recv().unwrap();
            assert!(request.redelivered());
            let reply = 10 * *request;
            request.reply(&reply).unwrap();
            second
        });
        drop(held);
        assert_eq!(client.wait(ticket), Ok(10));
        assert!(matches!(first.try_recv(), Err(TryServeError::Empty)));
        drop(thread.join().unwrap());
    });
}

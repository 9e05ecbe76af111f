//! Advice of mailboxes, and of request and reply.

use std::fs;
use std::time::Duration;

use ringway::Segment;
use ringway::mailbox::{self, Mailbox};
use ringway::request::{self, Call};
use ringway::wait::Interrupt;

use crate::directory::Directory;

/// Advice that no test follows yet: most of it takes a process that is stopped, has died, was forked
/// or means harm, or an operating system that refuses something.
pub(super) const UNTRIED: &[&str] = &[
    "a mailbox cannot have {asked} receivers: choose at most {max}",
    "a server died with request {position}, which may have been run: call again if it may be run \
     twice, or allow that by Call::retry",
    "another process is making a sender, and does not finish: it may be stopped. Try again",
    "another process is removing the mailbox {}: try again",
    "members of a mailbox's group have to be able to write: use Segment::subscriber_group",
    "the client has gone: go on with the next request",
    "the client was made by the process that forked this one: make another one here",
    "the directory {} cannot be used: create it, or choose another one",
    "the kernel did not say how the mailbox is: receive again",
    "the kernel did not say how the service is: call again",
    "the lane of the sender {sender} is left out: {why}. The other lanes go on: receive again",
    "the mailbox was opened by the process that forked this one: open it here",
    "the mailbox was removed: open or create it again",
    "the operating system did not let a lane be made (error {os_error}): try again",
    "the operating system did not let the receiver's place be locked (error {os_error}): try again",
    "the receiver was made by the process that forked this one: make another one here",
    "the replies of the service {} are {found}, and this program's are {expected}: use the type \
     that its creator has",
    "the reply to request {position} did not arrive, because the server could not reach this \
     client: see what it reports",
    "the reply was dropped, because the client leaves no room: go on with the next request",
    "the request could not be sent in time, because earlier ones wait for a server: start one, or \
     allow more time",
    "the request had been taken away from this server, and the reply may be the second one: go on \
     with the next request",
    "the requests of the service {} are {found}, and this program's are {expected}: use the type \
     that its creator has",
    "the server was made by the process that forked this one: make another one here",
    "the service is closed, and every request was taken: open or create it again to go on",
    "the service was removed: open or create it again",
    "there is no reply, and the kernel did not say whether the server lives",
    "there is no room for the reply, because the client has not received others: reply with less, \
     or create the service with a larger reply_arena",
    "there was no room for the reply to request {position}: receive replies sooner, or create the \
     service with a larger reply_arena",
    "what a sender of that name has left cannot be gone on with ({error}): choose another name",
    "what came is no reply to request {position}: the server does not follow the protocol",
    "{} is a mailbox and no service: open it as that, or choose another name",
    "{} is there, and no mailbox: choose another name",
];

fn options() -> mailbox::Options<u64> {
    mailbox::Options::new(8)
}

fn place(directory: &Directory) -> Segment {
    Segment::new("orders").directory(directory.path())
}

advice! {
    "the mailbox has a receiver, and was created for one: wait until that has gone, or create the \
     mailbox with more" =>
    fn a_second_receiver_where_there_is_one(said) {
        let mailbox = options().heap().unwrap();
        let first = mailbox.receiver().unwrap();
        said(&mailbox.receiver().unwrap_err());
        drop(first);
        assert!(mailbox.receiver().is_ok());
        let mailbox = options().receivers(2).heap().unwrap();
        let _both = [(); 2].map(|()| mailbox.receiver().unwrap());
    }

    "all {receivers} receivers of the mailbox are there: wait until one has gone, or create the \
     mailbox with more" =>
    fn a_third_receiver_where_there_are_two(said) {
        let mailbox = options().receivers(2).heap().unwrap();
        let [first, _second] = [(); 2].map(|()| mailbox.receiver().unwrap());
        said(&mailbox.receiver().unwrap_err());
        drop(first);
        assert!(mailbox.receiver().is_ok());
    }

    "a sender named {name:?} is there, and lives: wait until it has gone, or choose another name" =>
    fn two_senders_of_one_name(said) {
        let mailbox = options().heap().unwrap();
        let first = mailbox.sender_named("billing").unwrap();
        said(&mailbox.sender_named("billing").unwrap_err());
        assert!(mailbox.sender_named("mail").is_ok());
        drop(first);
        assert!(mailbox.sender_named("billing").is_ok());
    }

    "all {lanes} lanes of the mailbox are taken: wait until a sender has gone and what it sent is \
     received, or create the mailbox with more" =>
    fn more_senders_than_lanes(said) {
        let mailbox = options().senders(1).heap().unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        let mut first = mailbox.sender().unwrap();
        first.send(&7).unwrap();
        drop(first);
        said(&mailbox.sender().unwrap_err());
        assert_eq!(*receiver.recv().unwrap(), 7);
        while receiver.lanes() > 0 {
            assert!(receiver.try_recv().is_err());
        }
        assert!(mailbox.sender().is_ok());
    }

    "the mailbox is closed, and everything was received: open or create it again to go on" =>
    fn the_end_of_a_mailbox_on_the_heap(said) {
        let mailbox = options().heap().unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        drop(mailbox);
        said(&receiver.recv().unwrap_err());
        assert!(options().heap().unwrap().receiver().is_ok());
    }

    "the next message has {needed} bytes: receive it into a buffer of as many" =>
    fn a_buffer_that_is_too_small(said) {
        let mailbox = mailbox::Options::bytes(8, 32).heap().unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        mailbox.sender().unwrap().send(b"four").unwrap();
        said(&receiver.try_recv_into(&mut [0; 3]).unwrap_err());
        assert_eq!(&*receiver.try_recv_into(&mut [0; 4]).unwrap(), b"four");
    }

    "the wait was interrupted, and there is no message: clear the interrupt to wait again" =>
    fn a_wait_that_is_interrupted(said) {
        let stop = Interrupt::new();
        let mailbox = options().heap().unwrap();
        let mut receiver = mailbox.receiver().unwrap().interrupted_by(&stop);
        stop.raise();
        said(&receiver.recv().unwrap_err());
        stop.clear();
        mailbox.sender().unwrap().send(&7).unwrap();
        assert_eq!(*receiver.recv().unwrap(), 7);
    }

    "there is a mailbox {}: open it, or choose another name" =>
    fn a_mailbox_that_is_there(said) {
        let directory = Directory::new();
        let _mailbox = options().create(place(&directory)).unwrap();
        said(&options().create(place(&directory)).unwrap_err());
        assert!(Mailbox::<u64>::open(place(&directory)).is_ok());
        let other = Segment::new("others").directory(directory.path());
        assert!(options().create(other).is_ok());
    }

    "there is no mailbox {}: create it, or open it by Options::create_or_open" =>
    fn a_mailbox_that_is_not_there(said) {
        let directory = Directory::new();
        said(&Mailbox::<u64>::open(place(&directory)).unwrap_err());
        assert!(options().create_or_open(place(&directory)).is_ok());
    }

    "the mailbox {} has {option} {found}, and not {wanted}: use the same options, or unlink it" =>
    fn a_mailbox_of_other_options(said) {
        let directory = Directory::new();
        drop(options().senders(3).create(place(&directory)).unwrap());
        said(&options().senders(4).create_or_open(place(&directory)).unwrap_err());
        assert!(options().senders(3).create_or_open(place(&directory)).is_ok());
        assert!(mailbox::unlink(place(&directory)).unwrap());
        assert!(options().senders(4).create_or_open(place(&directory)).is_ok());
    }

    "the mailbox {} was not removed, because a process has it open: end that first" =>
    fn a_mailbox_that_is_open(said) {
        let directory = Directory::new();
        let mailbox = options().create(place(&directory)).unwrap();
        said(&mailbox::unlink(place(&directory)).unwrap_err());
        drop(mailbox);
        assert!(mailbox::unlink(place(&directory)).unwrap());
    }

    "{} is there, and no directory: choose another name" =>
    fn a_file_in_the_place_of_a_mailbox(said) {
        let directory = Directory::new();
        fs::write(directory.path().join("orders"), "").unwrap();
        said(&options().create(place(&directory)).unwrap_err());
        let other = Segment::new("others").directory(directory.path());
        assert!(options().create(other).is_ok());
    }

    "{} is a directory that is no mailbox, and has something in it: choose another name" =>
    fn a_directory_in_the_place_of_a_mailbox(said) {
        let directory = Directory::new();
        fs::create_dir(directory.path().join("orders")).unwrap();
        fs::write(directory.path().join("orders/notes"), "").unwrap();
        said(&options().create(place(&directory)).unwrap_err());
        let other = Segment::new("others").directory(directory.path());
        assert!(options().create(other).is_ok());
    }

    "{} was not removed, being no mailbox: look at it, and remove it by hand" =>
    fn a_directory_that_is_no_mailbox(said) {
        let directory = Directory::new();
        let path = directory.path().join("orders");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("notes"), "").unwrap();
        said(&mailbox::unlink(place(&directory)).unwrap_err());
        fs::remove_dir_all(path).unwrap();
        assert!(!mailbox::unlink(place(&directory)).unwrap());
    }

    "{window} calls are outstanding, or one that is was sent a whole lane ago: receive a reply \
     first" =>
    fn more_calls_than_the_window(said) {
        let service = request::Options::<u64, u64>::new(1).heap().unwrap();
        let (mut client, mut server) = (service.client().unwrap(), service.server().unwrap());
        client.send(&1).unwrap();
        said(&client.send(&2).unwrap_err());
        server.recv().unwrap().reply(&1).unwrap();
        client.recv().unwrap();
        assert!(client.send(&2).is_ok());
    }

    "there is no reply yet: try again later, or wait by a call that blocks" =>
    fn a_reply_that_has_not_come(said) {
        let service = request::Options::<u64, u64>::new(1).heap().unwrap();
        let (mut client, mut server) = (service.client().unwrap(), service.server().unwrap());
        client.send(&1).unwrap();
        said(&client.try_recv().unwrap_err());
        server.recv().unwrap().reply(&7).unwrap();
        assert_eq!(client.recv().unwrap().1, 7);
    }

    "no such call is outstanding: send a request first" =>
    fn a_reply_that_was_not_asked_for(said) {
        let service = request::Options::<u64, u64>::new(1).heap().unwrap();
        let (mut client, mut server) = (service.client().unwrap(), service.server().unwrap());
        said(&client.recv().unwrap_err());
        client.send(&1).unwrap();
        server.recv().unwrap().reply(&7).unwrap();
        assert_eq!(client.recv().unwrap().1, 7);
    }

    "there is no request: try again later, or wait by a call that blocks" =>
    fn a_request_that_has_not_come(said) {
        let service = request::Options::<u64, u64>::new(1).heap().unwrap();
        let (mut client, mut server) = (service.client().unwrap(), service.server().unwrap());
        said(&server.try_recv().unwrap_err());
        client.send(&1).unwrap();
        assert_eq!(*server.recv().unwrap(), 1);
    }

    "no reply to request {position} came in time: call again, or allow more time" =>
    fn a_reply_that_is_late(said) {
        let service = request::Options::<u64, u64>::new(2).heap().unwrap();
        let (mut client, mut server) = (service.client().unwrap(), service.server().unwrap());
        said(&client.call_timeout(&1, Duration::from_millis(5)).unwrap_err());
        let ticket = client.send(&2).unwrap();
        server.recv().unwrap().reply(&7).unwrap();
        assert_eq!(client.wait(ticket), Ok(7));
    }

    "the server let go of request {position} without a reply: see what it reports" =>
    fn a_request_that_is_let_go(said) {
        let service = request::Options::<u64, u64>::new(2).heap().unwrap();
        let (mut client, mut server) = (service.client().unwrap(), service.server().unwrap());
        let ticket = client.send_with(&1, Call::new()).unwrap();
        drop(server.recv().unwrap());
        said(&client.wait(ticket).unwrap_err());
    }

    "the reply is longer than the buffer: wait for the ticket with a buffer of {needed} bytes" =>
    fn a_buffer_for_a_reply_that_is_too_small(said) {
        let service = request::Options::<[u8], [u8]>::new(2).heap().unwrap();
        let (mut client, mut server) = (service.client().unwrap(), service.server().unwrap());
        let ticket = client.send(b"hello").unwrap();
        server.recv().unwrap().reply(b"hello").unwrap();
        said(&client.wait_into(ticket, &mut [0; 4]).unwrap_err());
        assert_eq!(client.wait_into(ticket, &mut [0; 5]), Ok(5));
    }

    "a request of {len} bytes is too long for this service: send at most {max} bytes" =>
    fn a_request_that_is_too_long(said) {
        let options = request::Options::<[u8], [u8]>::new(2).longest_request(16);
        let service = options.heap().unwrap();
        let mut client = service.client().unwrap();
        let max = client.longest_request();
        said(&client.send(&vec![0; max + 1]).unwrap_err());
        assert!(client.send(&vec![0; max]).is_ok());
    }

    "a reply of {len} bytes is too long for this service: reply with at most {max} bytes" =>
    fn a_reply_that_is_too_long(said) {
        let options = request::Options::<[u8], [u8]>::new(2).longest_reply(16);
        let service = options.heap().unwrap();
        let (mut client, mut server) = (service.client().unwrap(), service.server().unwrap());
        client.send(b"1").unwrap();
        said(&server.recv().unwrap().reply(&[0; 100_000]).unwrap_err());
        client.send(b"2").unwrap();
        assert!(server.recv().unwrap().reply(&[0; 16]).is_ok());
    }

    "the wait was interrupted, and there is no reply: clear the interrupt to wait again" =>
    fn a_wait_for_a_reply_that_is_interrupted(said) {
        let stop = Interrupt::new();
        let service = request::Options::<u64, u64>::new(2).heap().unwrap();
        let mut client = service.client().unwrap().interrupted_by(&stop);
        let mut server = service.server().unwrap();
        stop.raise();
        let ticket = client.send(&1).unwrap();
        said(&client.wait(ticket).unwrap_err());
        stop.clear();
        server.recv().unwrap().reply(&7).unwrap();
        assert_eq!(client.wait(ticket), Ok(7));
    }

    "the wait was interrupted, and there is no request: clear the interrupt to wait again" =>
    fn a_wait_for_a_request_that_is_interrupted(said) {
        let stop = Interrupt::new();
        let service = request::Options::<u64, u64>::new(2).heap().unwrap();
        let mut client = service.client().unwrap();
        let mut server = service.server().unwrap().interrupted_by(&stop);
        stop.raise();
        said(&server.recv().unwrap_err());
        stop.clear();
        client.send(&1).unwrap();
        assert_eq!(*server.recv().unwrap(), 1);
    }
}

//! Real processes: what is sent in one arrives in the others.
//!
//! Each test starts processes of its own: this program again, as the test `child`, with a role to
//! play. They say lines to the test on their standard error and are told to go on through their
//! standard input; when that ends, so do they. A test that waits in vain fails after a while with
//! everything that the process has said, and whatever happens, no process and no segment is left.
#![cfg(all(feature = "std", target_os = "linux"))]

mod account;
mod child;
mod crowd;
mod death;
mod ends;
mod examples;
mod fanout;
mod groups;
mod held;
mod in_place;
mod interrupt;
mod late;
mod mailbox;
mod news;
mod one_processor;
mod order;
mod overwrite;
mod place;
mod prune;
mod request;
mod restart;
#[path = "../restrict/mod.rs"]
mod restrict;
mod restricted;
mod set_deaths;
mod set_restricted;
mod sizes;
mod sleep;
mod stats;
mod two;
mod wait_set;
mod widths;

use std::time::Duration;

use child::Task;

/// Far longer than anything takes that is not stuck.
const LONG: Duration = Duration::from_secs(60);

macro_rules! roles {
    ($($module:ident::$role:ident)*) => {
        /// Whatever a process can be started for.
        const ROLES: &[(&str, fn(&Task))] = &[
            $((concat!(stringify!($module), "::", stringify!($role)), $module::$role),)*
        ];
    };
}

roles! {
    death::producer death::overwriter death::subscriber death::evicted death::durable
    ends::producer ends::bytes ends::anonymous ends::unasked ends::counting
    held::one held::many held::in_place
    in_place::reader in_place::holder
    groups::worker groups::three_workers groups::waiter groups::producer groups::without_proc
    groups::inheritor groups::unasked
    interrupt::waiter interrupt::restricted
    late::finished_producer late::running_producer late::idle_producer
    late::subscriber late::observer late::companion late::joiner late::reader
    mailbox::sender mailbox::receiver mailbox::holder
    news::producer news::restricted
    one_processor::first one_processor::second
    order::consumer order::producer order::closer order::drainer
    overwrite::producer overwrite::observer
    prune::producer
    request::server request::client request::holder request::caller
    restart::service restart::unprivileged
    restricted::producer restricted::dropper restricted::subscriber restricted::worker
    restricted::anonymous_producer restricted::anonymous_subscriber
    set_deaths::producer set_deaths::silent set_deaths::subscriber set_deaths::worker
    set_restricted::waiter
    sizes::producer sizes::subscriber sizes::observer
    sizes::typed_producer sizes::typed_subscriber sizes::typed_observer
    sizes::struct_producer sizes::struct_subscriber sizes::struct_observer
    sleep::receiver sleep::sender sleep::blocked_sender sleep::slow_receiver
    stats::producer stats::subscriber stats::worker stats::named
    two::first two::second
    wait_set::subscriber wait_set::sleeper wait_set::strict
    widths::creator widths::opener
}

/// No test: it is what the processes run that the tests start.
#[test]
fn child() {
    if let Some(task) = Task::given() {
        let role = ROLES.iter().find(|(name, _)| *name == task.role());
        let (_, play) = role.expect("there is no such role");
        play(&task);
    }
}

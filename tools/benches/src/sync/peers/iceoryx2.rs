//! iceoryx2's blackboard between processes: one key, whose readers have a handle and copy the value
//! out, as its documentation shows.

use anyhow::{Context, Result, anyhow};
use iceoryx2::port::reader::{EntryHandle, Reader};
use iceoryx2::port::writer::{EntryHandleMut, Writer};
use iceoryx2::prelude::{Node, ServiceName, ipc};
use iceoryx2::service::port_factory::blackboard::PortFactory;

use crate::peers::iceoryx2::{World, said};
use crate::sync::work::{Board, Latest};
use crate::transport::Message;

pub struct Blackboard;

/// Dropped in this order.
pub struct Ends<const W: usize> {
    entry: EntryHandle<ipc::Service, u64, Message<W>>,
    entry_mut: EntryHandleMut<ipc::Service, u64, Message<W>>,
    _reader: Reader<ipc::Service, u64>,
    _writer: Writer<ipc::Service, u64>,
    _services: [PortFactory<ipc::Service, u64>; 2],
    _nodes: [Node<ipc::Service>; 2],
    _world: World,
}

impl<const W: usize> Latest<W> for Blackboard {
    type Board = Ends<W>;

    fn board() -> Result<Ends<W>> {
        let world = World::new()?;
        let nodes = [world.node()?, world.node()?];
        let name = ServiceName::new("values").map_err(said)?;
        let creator = nodes[0].service_builder(&name).blackboard_creator::<u64>();
        let creator = creator.max_readers(1).max_nodes(2).add::<Message<W>>(0, [0; W]);
        let created = creator.create().context("creating a blackboard")?;
        let opener = nodes[1].service_builder(&name).blackboard_opener::<u64>();
        let opened = opener.open().context("opening a blackboard")?;
        let writer = created.writer_builder().create().map_err(said)?;
        let reader = opened.reader_builder().create().map_err(said)?;
        let entry_mut = writer.entry::<Message<W>>(&0).map_err(|error| anyhow!("{error:?}"))?;
        let entry = reader.entry::<Message<W>>(&0).map_err(|error| anyhow!("{error:?}"))?;
        Ok(Ends {
            entry,
            entry_mut,
            _reader: reader,
            _writer: writer,
            _services: [created, opened],
            _nodes: nodes,
            _world: world,
        })
    }
}

impl<const W: usize> Board<W> for Ends<W> {
    #[inline(always)]
    fn set(&mut self, value: &Message<W>) {
        self.entry_mut.update_with_copy(*value);
    }

    #[inline(always)]
    fn read<R>(&mut self, look: impl FnOnce(&Message<W>) -> R) -> R {
        look(&self.entry.get())
    }
}
